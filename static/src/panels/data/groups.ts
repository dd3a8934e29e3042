/** Data sets in groups that a newcomer can tell apart: by what is predicted and from what. */

import type { SourceEntry } from '../../lib/catalog';
import { POINTS_KIND } from './points';

export type Group = 'plane' | 'real' | 'values';
export const GROUPS: readonly Group[] = ['plane', 'real', 'values'];

const PLANE_AXES = 2;

/** The group of a source: classes on the plane, tables and images, or values of a line or plane. */
export function groupOf(source: SourceEntry): Group {
  const shape = Array.isArray(source['shape']) ? source['shape'] : [];
  const isPlane = source.kind === POINTS_KIND || (shape.length === 1 && Number(shape[0]) <= PLANE_AXES);
  if (!isPlane) return 'real';
  return source.problem === 'regression' ? 'values' : 'plane';
}
