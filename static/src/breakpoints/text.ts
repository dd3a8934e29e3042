/** The texts of this room: they are loaded with it, since most visits don't come here. */

import { fill, i18n, type Language, type Parameters } from '../lib/i18n.svelte';
import type { Words } from '../lib/protocol';
import { breakpointsEn } from '../locales/breakpoints.en';
import { breakpointsZh } from '../locales/breakpoints.zh';

export type BreakpointsKey = keyof typeof breakpointsEn;

const TEXTS: Record<Language, Record<BreakpointsKey, string>> = { en: breakpointsEn, zh: breakpointsZh };

/** The text of `key` in the present language. Reactive where it is read. */
export function say(key: BreakpointsKey, parameters: Parameters = {}): string {
  return fill(TEXTS[i18n.language][key], parameters, i18n.language);
}

/** The text of `key` in both languages. */
export function both(key: BreakpointsKey, parameters: Parameters = {}): Words {
  return { en: fill(TEXTS.en[key], parameters, 'en'), zh: fill(TEXTS.zh[key], parameters, 'zh') };
}

export function isKey(key: string): key is BreakpointsKey {
  return Object.hasOwn(breakpointsEn, key);
}
