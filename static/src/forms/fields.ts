/** Which control suits a field. */

import type { CatalogField } from '../lib/catalog';
import type { FieldValue, Member } from '../lib/experiment';
import type { Layout } from '../lib/protocol';

/** Beyond this many whole numbers a slider is no use, and the number is typed. */
const MOST_INTEGERS_OF_A_LINEAR_SLIDER = 100;
/** An exclusive lower bound is stood in for by this share of the upper one. */
const NEARLY_NOTHING = 1e-7;

/** True when `value` is a member of a family, with a kind. */
export function isMember(value: FieldValue | undefined): value is Member {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && typeof value['kind'] === 'string';
}

/** True when the field has both bounds and a person would rather slide than type. */
export function usesSlider(field: CatalogField): boolean {
  if (field.type !== 'number' && field.type !== 'integer') return false;
  if (field.minimum === null || field.maximum === null) return false;
  if (field.type === 'number' || field.scale === 'logarithmic') return true;
  return field.maximum - field.minimum <= MOST_INTEGERS_OF_A_LINEAR_SLIDER;
}

/** Bounds that a slider may reach. */
export function boundsOf(field: CatalogField): { minimum: number; maximum: number } {
  const maximum = field.maximum ?? 1;
  const minimum = field.minimum ?? 0;
  return { minimum: field.exclusive ? Math.max(minimum, maximum * NEARLY_NOTHING) : minimum, maximum };
}

/** Layers that `member` can name: those with parameters where it names one of these, too. */
export function layersOf(layout: Layout | null, member: Member): string[] {
  const layers = layout?.layers ?? [];
  return layers.filter(({ parameters }) => parameters > 0 || !('parameter' in member)).map(({ name }) => name);
}

/** The parameters of a layer, with their shapes. */
export function parametersOf(layout: Layout | null, layer: FieldValue | undefined): { name: string; shape: number[] }[] {
  const own = layout?.tensors.filter((tensor) => tensor.layer === layer) ?? [];
  return own
    .filter(({ quantity }) => quantity === 'weights' || quantity === 'bias')
    .map(({ quantity, shape }) => ({ name: quantity, shape }));
}
