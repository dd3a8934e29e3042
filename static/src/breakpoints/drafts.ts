/** What the form for a new breakpoint or watch holds at first, and what fits the network of it. */

import { defaultsOf, type CatalogEntry } from '../lib/catalog';
import type { Member } from '../lib/experiment';
import type { Layout } from '../lib/protocol';
import type { Selection } from '../lib/selection';
import { layersOf, parametersOf } from '../forms/fields';

/** A new member about what is selected, where that fits; `values` are what was filled in before. */
export function draftOf(
  entry: CatalogEntry,
  layout: Layout | null,
  selection: Selection | null,
  values = defaultsOf(entry),
): Member {
  const draft = fitted(values, entry, layout, selection);
  if (selection?.unit !== undefined && selection.layer === draft['layer'] && 'unit' in draft) draft['unit'] = selection.unit;
  return draft;
}

/** `member` with a layer, a parameter and an index that the network has. */
export function fitted(member: Member, entry: CatalogEntry, layout: Layout | null, selection: Selection | null): Member {
  const next = { ...member };
  const field = entry.fields.find(({ type }) => type === 'layer');
  if (field === undefined) return next;
  const layers = layersOf(layout, next);
  const chosen = String(next[field.name]);
  if (!layers.includes(chosen) && !(chosen in (field.choices ?? {}))) {
    const learning = layout?.layers.find(({ parameters }) => parameters > 0)?.name;
    const selected = selection !== null && layers.includes(selection.layer) ? selection.layer : undefined;
    next[field.name] = selected ?? learning ?? layers[0] ?? '';
  }
  if (!('parameter' in next)) return next;
  const parameters = parametersOf(layout, next[field.name]);
  if (!parameters.some(({ name }) => name === next['parameter'])) next['parameter'] = parameters[0]?.name ?? 'weights';
  const shape = parameters.find(({ name }) => name === next['parameter'])?.shape;
  const index = next['index'];
  if (Array.isArray(index) && shape !== undefined) next['index'] = shape.map((_, axis) => index[axis] ?? 0);
  return next;
}
