/** Points on the plane that a person adds, moves and deletes. */

import type { FieldValue, Member } from '../../lib/experiment';
import type { PlotPoint } from '../../views/plane';

/** `[x₁, x₂, class]` as the experiment holds it. */
export type Point = [number, number, number];

export const POINTS_KIND = 'points';
export const MOST_POINTS = 2000;
export const MOST_CLASSES = 10;

const DECIMALS = 3;
const rounded = (value: number): number => Number(value.toFixed(DECIMALS));

/** The points of a source drawn by hand, or null for any other source. */
export function handPoints(source: Member): Point[] | null {
  if (source.kind !== POINTS_KIND || !Array.isArray(source['points'])) return null;
  return source['points'].flatMap((row: FieldValue): Point[] => {
    if (!Array.isArray(row)) return [];
    const [x, y, label] = row.map(Number);
    return x === undefined || y === undefined || label === undefined ? [] : [[x, y, label]];
  });
}

/** The samples of a generated set as points to go on from. */
export function pointsFromSamples(samples: readonly PlotPoint[]): Point[] {
  return samples.slice(0, MOST_POINTS).map(({ x, y, target }) => [rounded(x), rounded(y), target]);
}

/** The same points as a plot draws them. */
export function toPlot(points: readonly Point[]): PlotPoint[] {
  return points.map(([x, y, target], number) => ({ x, y, target, part: 'training', number }));
}

/** The source that holds `points`. */
export function sourceOf(points: readonly Point[]): Member {
  return { kind: POINTS_KIND, points: points.map((point) => [...point]) };
}

/** `points` with one more. */
export const added = (points: readonly Point[], x: number, y: number, label: number): Point[] => [
  ...points,
  [rounded(x), rounded(y), label],
];

/** `points` with number `index` somewhere else. */
export const moved = (points: readonly Point[], index: number, x: number, y: number): Point[] =>
  points.map((point, place) => (place === index ? [rounded(x), rounded(y), point[2]] : point));

/** `points` without number `index`. */
export const removed = (points: readonly Point[], index: number): Point[] =>
  points.filter((_, place) => place !== index);

/** How many classes `points` use; at least two, or there is nothing to tell apart. */
export const usedClasses = (points: readonly Point[]): number =>
  points.reduce((most, [, , label]) => Math.max(most, label + 1), 2);
