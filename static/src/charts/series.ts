/** From the points of the curves to the columns that a chart draws. */

import { decimals, number } from '../lib/i18n.svelte';
import type { Curve, Metric, Point } from '../lib/curves';

export type Column = (number | null)[];

/** What is drawn of a branch beside the present one: finer than a pixel would only cost time. */
const MOST_OVERLAID = 256;

const drawable = (value: number | null, logarithmic: boolean): number | null =>
  value === null || (logarithmic && value <= 0) ? null : value;

/** Steps and one column a metric; on a logarithmic scale what isn't positive leaves a gap. */
export function columnsOf(points: readonly Point[], metrics: readonly Metric[], logarithmic: boolean): [number[], ...Column[]] {
  const steps = points.map((point) => point.step);
  const columns = metrics.map((metric) => points.map((point) => drawable(point[metric], logarithmic)));
  return [steps, ...columns];
}

/** Points of another branch as a chart needs them: one metric, not more than can be told apart. */
export type Overlay = readonly (readonly [step: number, value: number | null])[];

/** One metric of `curve`, thinned out; its ends stay. */
export function overlayOf({ points }: Curve, metric: Metric, logarithmic: boolean): Overlay {
  const stride = Math.max(1, Math.ceil(points.length / MOST_OVERLAID));
  return points
    .filter((_, index) => index % stride === 0 || index === points.length - 1)
    .map((point) => [point.step, drawable(point[metric], logarithmic)] as const);
}

/** Overlays in front of the columns of the present branch, over the steps of all of them. */
export function withOverlays(
  [steps, ...columns]: [number[], ...Column[]],
  overlays: readonly Overlay[],
): [number[], ...Column[]] {
  if (overlays.length === 0) return [steps, ...columns];
  const all = [...new Set([...steps, ...overlays.flatMap((overlay) => overlay.map(([step]) => step))])];
  all.sort((left, right) => left - right);
  const places = new Map(all.map((step, place) => [step, place]));
  const spread = (pairs: Iterable<readonly [number, number | null]>): Column => {
    const column = new Array<number | null>(all.length).fill(null);
    for (const [step, value] of pairs) column[places.get(step) as number] = value;
    return column;
  };
  const own = columns.map((column) => spread(steps.map((step, index) => [step, column[index] ?? null] as const)));
  return [all, ...overlays.map(spread), ...own];
}

/** A number that fits beside an axis, however large a loss has become. */
export function shortNumber(value: number): string {
  return Math.abs(value) >= 1e4 ? value.toExponential(0).replace('e+', 'e') : number(value, 3);
}

/** A loss for reading: its decimals stand still, and a huge one stays short. */
export function lossText(value: number): string {
  return Math.abs(value) < 1000 ? decimals(value, 3) : shortNumber(value);
}

/** Steps in few characters: 950, 12k, 3.4M. */
export function shortCount(value: number): string {
  if (value >= 1e6) return `${Number((value / 1e6).toPrecision(3))}M`;
  if (value >= 1e4) return `${Number((value / 1e3).toPrecision(3))}k`;
  return String(value);
}
