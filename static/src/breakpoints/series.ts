/** What the watched numbers were, by step. */

import type { WatchValues } from '../lib/protocol';

/** What all watches read at one step; `null` where there is no number. */
export interface Reading {
  step: number;
  values: readonly (number | null)[];
}

export const MOST_READINGS = 600;

/** `readings` with what a message tells: in order of steps, the newest of each step. */
export function withValues(readings: readonly Reading[], told: Omit<WatchValues, 'type'>): readonly Reading[] {
  const after = told.restart ? [] : [...readings];
  for (const [at, step] of told.step.entries()) {
    let place = after.length;
    while (place > 0 && (after[place - 1]?.step ?? 0) >= step) place -= 1;
    const replaced = after[place]?.step === step ? 1 : 0;
    after.splice(place, replaced, { step, values: told.values[at] ?? [] });
  }
  return after.length > MOST_READINGS ? thinned(after) : after;
}

/** Every second one of the older half is dropped; the first one stays. */
function thinned(readings: readonly Reading[]): Reading[] {
  return readings.filter((_, place) => place % 2 === 0 || place >= readings.length / 2);
}
