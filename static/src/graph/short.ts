/** Numbers short enough for a place on a layer. */

import { number } from '../lib/i18n.svelte';

const STEPS = [
  [1e12, 'T'],
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'k'],
] as const;

/** A count in three digits and a letter: 1 234 567 is 1.23M. */
export function shortCount(count: number): string {
  const step = STEPS.find(([size]) => Math.abs(count) >= size);
  return step === undefined ? number(count, 3) : `${number(count / step[0], 3)}${step[1]}`;
}

/** Bytes in steps of 1024. */
export function shortBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const step = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, bytes)) / 10)));
  return `${number(bytes / 1024 ** step, 3)} ${units[step]}`;
}

/** Seconds as µs, ms or s. */
export function shortTime(seconds: number): string {
  if (seconds >= 1) return `${number(seconds, 3)} s`;
  return seconds >= 1e-3 ? `${number(seconds * 1e3, 3)} ms` : `${number(seconds * 1e6, 3)} µs`;
}
