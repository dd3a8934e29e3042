/** From the points of the curves to the columns that a chart draws. */

import { decimals, number } from '../lib/i18n.svelte';
import type { Metric, Point } from '../lib/curves';

export type Column = (number | null)[];

/** Steps and one column a metric; on a logarithmic scale what isn't positive leaves a gap. */
export function columnsOf(points: readonly Point[], metrics: readonly Metric[], logarithmic: boolean): [number[], ...Column[]] {
  const steps = points.map((point) => point.step);
  const columns = metrics.map((metric) =>
    points.map((point) => {
      const value = point[metric];
      return value === null || (logarithmic && value <= 0) ? null : value;
    }),
  );
  return [steps, ...columns];
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
