/** Numbers of two runs side by side: rows of tables, differences, pictures. No DOM. */

import type { LayerApart, Pair, TwinComparison } from '../lib/protocol';

/** One line of the table of distances. */
export interface Row {
  layer: string;
  /** `weights`, `bias`, or `output` for what the layer gives. */
  parameter: string;
  norm: number;
  relative: number;
  largest: number;
  /** Where the largest difference stands, as the formula counts: from 1. */
  place: string;
  /** Length of the bar, 0 to 1. */
  share: number;
}

/** A difference of 100 % or more fills a bar; a thousandth of that still shows. */
const FULL = 1;
const LEAST = 1e-3;

const orNaN = (value: number | null): number => value ?? NaN;

/** The length of a bar for a relative difference: logarithmic, so that small ones can be told apart. */
export function barOf(relative: number): number {
  if (Number.isNaN(relative)) return 0;
  if (relative >= FULL) return 1;
  if (relative <= LEAST) return relative > 0 ? 0.02 : 0;
  return Math.max(0.02, 1 - Math.log10(relative / FULL) / Math.log10(LEAST / FULL));
}

/** An index such as [2, 0] for people: “3, 1”. */
export function placeOf(index: readonly number[]): string {
  return index.map((one) => one + 1).join(', ');
}

/** The lines of one layer: its parameters, then its outputs. */
export function rowsOf(layer: LayerApart): Row[] {
  const parts = layer.parameters.map(({ parameter, apart }) => ({ parameter, apart }));
  if (layer.activation !== null) parts.push({ parameter: 'output', apart: layer.activation });
  return parts.map(({ parameter, apart }) => {
    // Far away from nothing: all of it is difference.
    const relative = apart.relative ?? (apart.norm !== null && apart.size === 0 ? Infinity : NaN);
    return {
      layer: layer.layer,
      parameter,
      norm: orNaN(apart.norm),
      relative,
      largest: orNaN(apart.largest),
      place: placeOf(apart.index),
      share: barOf(relative),
    };
  });
}

/** Rows and columns in which an array is shown: the first axis down, all others across. */
export function gridOf(shape: readonly number[]): { rows: number; columns: number } {
  const all = shape.reduce((product, size) => product * size, 1);
  const rows = shape.length > 1 ? (shape[0] ?? 1) : 1;
  return { rows, columns: all / Math.max(1, rows) };
}

/** The same numbers of both runs, with what is between them; NaN where one isn't finite. */
export interface Contrast {
  name: string;
  shape: readonly number[];
  mine: Float64Array;
  twin: Float64Array;
  gap: Float64Array;
  /** The largest magnitude of all three: their common scale. */
  scale: number;
}

export function contrastOf(pair: Pair): Contrast {
  const mine = Float64Array.from(pair.mine, orNaN);
  const twin = Float64Array.from(pair.twin, orNaN);
  const gap = mine.map((value, place) => (twin[place] ?? NaN) - value);
  let scale = 0;
  for (const values of [mine, twin, gap]) {
    for (const value of values) if (Math.abs(value) > scale) scale = Math.abs(value);
  }
  return { name: pair.name, shape: pair.shape, mine, twin, gap, scale };
}

/** The lowest and the highest finite number; NaN where there is none. */
export function rangeOf(values: ArrayLike<number>): { low: number; high: number } {
  let low = Infinity;
  let high = -Infinity;
  for (let place = 0; place < values.length; place++) {
    const value = values[place] ?? NaN;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? { low, high } : { low: NaN, high: NaN };
}

/** Places of the largest differences, the largest first; those that aren't numbers come before all. */
export function farthest({ gap }: Contrast, most: number): number[] {
  const size = (place: number): number => {
    const value = Math.abs(gap[place] ?? NaN);
    return Number.isNaN(value) ? Infinity : value;
  };
  return [...gap.keys()]
    .sort((left, right) => (size(left) === size(right) ? left - right : size(right) - size(left)))
    .slice(0, most);
}

/** The index within `shape` of the number at `place`. */
export function indexAt(shape: readonly number[], place: number): number[] {
  const index: number[] = [];
  let rest = place;
  for (const size of [...shape].reverse()) {
    index.unshift(rest % size);
    rest = Math.floor(rest / size);
  }
  return index;
}

/** The share of two equally long lists in which they differ. */
export function disagreement({ mine, twin }: Pair): number {
  const differing = mine.filter((value, place) => value !== twin[place]).length;
  return mine.length === 0 ? 0 : differing / mine.length;
}

/** Lines of the table of losses: a name, both numbers, the difference. */
export interface Line {
  key: 'twin.batch_loss' | `twin.${'loss' | 'accuracy'}.${'training' | 'validation'}`;
  mine: number;
  twin: number;
  gap: number;
  isShare: boolean;
}

export function linesOf({ part, mine, twin }: TwinComparison): Line[] {
  const line = (key: Line['key'], one: number | null, other: number | null, isShare = false): Line => ({
    key,
    mine: orNaN(one),
    twin: orNaN(other),
    gap: orNaN(other) - orNaN(one),
    isShare,
  });
  const lines = [
    line('twin.batch_loss', mine.batch_loss, twin.batch_loss),
    line(`twin.loss.${part}`, mine.loss, twin.loss),
  ];
  if (mine.accuracy !== null || twin.accuracy !== null) {
    lines.push(line(`twin.accuracy.${part}`, mine.accuracy, twin.accuracy, true));
  }
  return lines;
}
