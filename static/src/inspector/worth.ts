/** The worth of units as a list with bars. */

import type { UnitWorth } from '../lib/protocol';

/** Takes the place of infinity: the difference of two infinities is no number. */
const LARGEST = Number.MAX_VALUE;

export interface Ranked {
  unit: number;
  /** How much higher the loss is without it; `null` where it isn't finite then. */
  change: number | null;
  /** Length of its bar, as a share of the longest one; negative where the network does better without it. */
  share: number;
}

/** Units of `layer`, the most important one first; a loss beyond all numbers is the worst. */
export function rankingOf(worths: readonly UnitWorth[], layer: string): Ranked[] {
  const own = worths.filter((worth) => worth.layer === layer);
  const longest = Math.max(0, ...own.map(({ change }) => Math.abs(change ?? 0)));
  return own
    .map(({ unit, change }) => ({ unit, change, share: change === null ? 1 : longest === 0 ? 0 : change / longest }))
    .sort((left, right) => (right.change ?? LARGEST) - (left.change ?? LARGEST) || left.unit - right.unit);
}

/** A change of the loss with its sign. */
export function changeText(change: number | null, format: (size: number) => string): string {
  if (change === null) return '∞';
  return change > 0 ? `+${format(change)}` : format(change);
}
