/** Shapes and sizes as short words. */

import { number } from '../lib/i18n.svelte';

const THOUSAND = 1000;

/** A shape as people write it, such as `28×28`; a dash while it isn't known. */
export function shapeText(shape: readonly number[]): string {
  // Grouping digits is slow, and rare: most axes are small.
  const text = (axis: number): string => (axis < THOUSAND ? String(axis) : number(axis, 7));
  return shape.length === 0 ? '–' : shape.map(text).join('×');
}

/** A count in little room: `72`, `1.1k`, `101k`, `2.4M`. */
export function shortCount(count: number): string {
  if (count < THOUSAND) return String(count);
  const [size, unit] = count < THOUSAND ** 2 ? [THOUSAND, 'k'] : [THOUSAND ** 2, 'M'];
  return `${number(count / size, count / size < 10 ? 2 : 3)}${unit}`;
}
