/** Times and sizes in words of the present language. */

import { i18n } from '../lib/i18n.svelte';

/** Seconds in a unit, the largest first. */
const UNITS: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 31_557_600],
  ['month', 2_629_800],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
];

/** How long ago `then` was, in whole units: “5 minutes ago”; both are seconds since 1970. */
export function ago(then: number, now: number = Date.now() / 1000): string {
  const format = new Intl.RelativeTimeFormat(i18n.language, { numeric: 'auto' });
  // The clocks of server and browser may differ.
  const passed = Math.max(0, now - then);
  const [unit, seconds] = UNITS.find(([, length]) => passed >= length) ?? ['second', Infinity];
  return format.format(-Math.floor(passed / seconds) || 0, unit);
}

/** A size such as “1.2 MB”: at least in kilobytes, of a thousand bytes. */
export function sizeOf(bytes: number): string {
  const isLarge = bytes >= 1e6;
  const options: Intl.NumberFormatOptions = {
    style: 'unit',
    unit: isLarge ? 'megabyte' : 'kilobyte',
    maximumFractionDigits: isLarge ? 1 : 0,
  };
  return new Intl.NumberFormat(i18n.language, options).format(isLarge ? bytes / 1e6 : Math.ceil(bytes / 1e3));
}
