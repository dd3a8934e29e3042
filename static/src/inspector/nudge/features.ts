/** What of a sample can be nudged: its features with their ranges, or the pixels of its picture. */

import { valueAt, type TensorView } from '../../lib/frame';
import { words } from '../../lib/i18n.svelte';
import type { Layout } from '../../lib/protocol';
import type { SampleSet } from '../../lib/samples.svelte';
import { moveBrush } from '../../views/brush';

export interface Feature {
  index: number;
  name: string;
  low: number;
  high: number;
}

/** Sliders that are shown at once; of more features those that are looked for. */
export const MOST_SLIDERS = 32;
/** How far one touch moves a pixel, as a share of the range. */
export const PIXEL_STEP = 0.25;

type Sets = readonly (SampleSet | null)[];
type Range = readonly [low: number, high: number];

/** The features of a sample; where the data have no domain, a feature's range is what they hold. */
export function featuresOf(layout: Layout, sets: Sets): Feature[] {
  return Array.from({ length: layout.raw_shape[0] ?? 0 }, (_, index) => {
    const [low = NaN, high = NaN] = layout.domain?.[index] ?? spanOf(sets, index);
    return { index, name: words(layout.raw_features[index]) || `x${index + 1}`, ...widened(low, high) };
  });
}

/** Smallest and largest value of column `feature` of `(count, features)`. */
function spanOf(sets: Sets, feature: number): Range {
  let [low, high] = [Infinity, -Infinity];
  for (const set of sets) {
    const width = set?.inputs.shape[1] ?? 1;
    for (let sample = 0; sample < (set?.count ?? 0); sample++) {
      const value = valueAt((set as SampleSet).inputs, sample * width + feature);
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  return [low, high];
}

/** A range that a slider can have: where all values are the same, or none is known, there is room beside them. */
function widened(low: number, high: number): { low: number; high: number } {
  if (!Number.isFinite(low) || !Number.isFinite(high)) return { low: -1, high: 1 };
  return low < high ? { low, high } : { low: low - 1, high: low + 1 };
}

/** The range of all pixels of the pictures. */
export function pixelRange(sets: Sets): { low: number; high: number } {
  const ranges = sets.flatMap((set) => (set === null ? [] : [rangeOf(set.inputs)]));
  return widened(Math.min(...ranges.map(([low]) => low)), Math.max(...ranges.map(([, high]) => high)));
}

function rangeOf({ dtype, data, low, high }: TensorView): Range {
  if (dtype === 'uint8') return [low, high];
  return (data as Float32Array).reduce<Range>(([least, most], value) => [Math.min(least, value), Math.max(most, value)], [
    Infinity,
    -Infinity,
  ]);
}

/** Features whose sliders are shown: those that were moved first, then those whose names hold `query`. */
export function listed(
  features: readonly Feature[],
  query: string,
  isMoved: (feature: number) => boolean,
): { shown: Feature[]; rest: number } {
  if (features.length <= MOST_SLIDERS) return { shown: [...features], rest: 0 };
  const wanted = query.trim().toLocaleLowerCase();
  const moved = features.filter(({ index }) => isMoved(index));
  const found = features.filter(({ index, name }) => !isMoved(index) && name.toLocaleLowerCase().includes(wanted));
  const room = Math.max(0, MOST_SLIDERS - moved.length);
  return { shown: [...moved, ...found.slice(0, room)], rest: Math.max(0, found.length - room) };
}

export interface Cell {
  column: number;
  row: number;
}

/** The cells on the way from one to another, without the first: a fast pointer leaves none out. */
export function wayTo(from: Cell, to: Cell): Cell[] {
  const count = Math.max(Math.abs(to.column - from.column), Math.abs(to.row - from.row));
  return Array.from({ length: count }, (_, step) => ({
    column: from.column + Math.round(((step + 1) * (to.column - from.column)) / count),
    row: from.row + Math.round(((step + 1) * (to.row - from.row)) / count),
  }));
}

/** The cell that an arrow key leads to, within the picture; null for every other key. */
export function cellBeside(from: Cell, key: string, size: { width: number; height: number }): Cell | null {
  const next = moveBrush({ x: from.column, y: from.row }, key, 1, Math.max(size.width, size.height) - 1);
  if (next === null) return null;
  return { column: Math.min(next.x, size.width - 1), row: Math.min(next.y, size.height - 1) };
}

/** A pixel one touch higher (`direction` 1) or lower (−1), within the range of the pictures. */
export function touched(value: number, direction: 1 | -1, { low, high }: { low: number; high: number }): number {
  return Math.min(high, Math.max(low, value + direction * PIXEL_STEP * (high - low)));
}
