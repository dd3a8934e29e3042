/** Which layers the palette offers, and how one is carried by drag and drop. */

import type { LayerEntry } from '../lib/rest';
import { isEnd, type Kinds } from './model';

/** The type of a layer being dragged from the palette. */
export const DRAG_TYPE = 'application/x-neurarium-layer';

/** Kinds that can stand between others, as the catalog lists them. */
export function insertable(kinds: Kinds): LayerEntry[] {
  return [...kinds.values()].filter((entry) => !isEnd(kinds, entry.kind));
}
