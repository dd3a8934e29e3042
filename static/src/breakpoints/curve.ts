/** The curve of one watched number: where its line runs in a box of 100 by 100, and between which values. */

import type { Reading } from './series';

export interface WatchCurve {
  /** Of an SVG path; what has no number leaves a gap. */
  path: string;
  low: number;
  high: number;
  first: number;
  last: number;
}

const SIZE = 100;

/** The curve of watch number `place`; null while it has no number. */
export function curveOf(readings: readonly Reading[], place: number): WatchCurve | null {
  const first = readings[0]?.step ?? 0;
  const last = readings.at(-1)?.step ?? 0;
  let low = Infinity;
  let high = -Infinity;
  for (const { values } of readings) {
    const value = values[place] ?? null;
    if (value === null) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low > high) return null;
  let path = '';
  let isDrawing = false;
  for (const { step, values } of readings) {
    const value = values[place] ?? null;
    if (value !== null) {
      const [x, y] = [acrossOf(step, first, last), low === high ? SIZE / 2 : SIZE * (1 - (value - low) / (high - low))];
      // A lone reading is a dot: round ends show a line without length.
      path += isDrawing ? `L${round(x)} ${round(y)}` : `M${round(x)} ${round(y)}h0`;
    }
    isDrawing = value !== null;
  }
  return { path, low, high, first, last };
}

/** How far right a step stands, of 100. */
export function acrossOf(step: number, first: number, last: number): number {
  return first === last ? SIZE / 2 : (SIZE * (step - first)) / (last - first);
}

const round = (value: number): number => Math.round(value * 100) / 100;

/** The newest reading that isn't later than `step`: in the past, that of where one stands. */
export function presentOf(readings: readonly Reading[], step: number): Reading | null {
  for (let place = readings.length - 1; place >= 0; place -= 1) {
    const reading = readings[place];
    if (reading !== undefined && reading.step <= step) return reading;
  }
  return null;
}
