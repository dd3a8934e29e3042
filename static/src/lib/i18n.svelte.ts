/**
 * English and Simplified Chinese with typed keys: a missing key or a missing translation is a type error.
 *
 * A text may hold `{name}` (a value) and `{name|one|other}` (a word that follows a count).
 */

import { en } from '../locales/en';
import { zh } from '../locales/zh';
import { readCookie, writeCookie } from './preferences.svelte';
import type { Words } from './protocol';

export type Language = 'en' | 'zh';
export type Key = keyof typeof en;
export type Parameters = Record<string, string | number>;

const TEXTS: Record<Language, Record<Key, string>> = { en, zh };
const LOCALES: Record<Language, string> = { en: 'en', zh: 'zh-CN' };
const COOKIE = 'neurarium_language';

function firstLanguage(): Language {
  const chosen = readCookie(COOKIE) ?? document.documentElement.lang;
  if (chosen !== '') return chosen.startsWith('zh') ? 'zh' : 'en';
  return navigator.language.startsWith('zh') ? 'zh' : 'en';
}

const formats = new Map<string, Intl.NumberFormat>();

/** A format for numbers; making one takes longer than using it a hundred times. */
function formatFor(language: Language, key: string, options: Intl.NumberFormatOptions = {}): Intl.NumberFormat {
  const name = `${language} ${key}`;
  const format = formats.get(name) ?? new Intl.NumberFormat(LOCALES[language], options);
  formats.set(name, format);
  return format;
}

/** `text` with its placeholders filled in; counts are formatted for `language`. */
export function fill(text: string, parameters: Parameters, language: Language): string {
  return text.replace(/\{(\w+)(?:\|([^|}]*)\|([^}]*))?\}/g, (whole, name: string, one, other) => {
    const value = parameters[name];
    if (value === undefined) return whole;
    if (one !== undefined) return value === 1 ? one : other;
    return typeof value === 'number' ? formatFor(language, '').format(value) : value;
  });
}

class Translation {
  language = $state<Language>(firstLanguage());

  constructor() {
    document.documentElement.lang = LOCALES[this.language];
  }

  setLanguage(language: Language): void {
    this.language = language;
    document.documentElement.lang = LOCALES[language];
    writeCookie(COOKIE, language);
  }
}

export const i18n = new Translation();

/** The text of `key` in the present language. Reactive where it is read. */
export function t(key: Key, parameters: Parameters = {}): string {
  return fill(TEXTS[i18n.language][key], parameters, i18n.language);
}

/** A text of the server in the present language; empty for none. */
export function words(text: Words | null | undefined): string {
  return text?.[i18n.language] ?? '';
}

/** A number for people: `significant` digits, grouped, with a proper minus sign. */
export function number(value: number, significant = 4): string {
  if (!Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e9)) return value.toExponential(Math.min(significant, 3) - 1);
  const options = { maximumSignificantDigits: significant };
  const text = formatFor(i18n.language, `significant ${significant}`, options).format(value);
  return text.replace('-', '−');
}

/** A number with a fixed count of decimals, so that a live read-out doesn't jitter. */
export function decimals(value: number, count: number): string {
  if (!Number.isFinite(value)) return '–';
  const options = { minimumFractionDigits: count, maximumFractionDigits: count };
  return formatFor(i18n.language, `decimals ${count}`, options).format(value).replace('-', '−');
}

/** A share such as 0.934 as “93.4%”. */
export function percent(share: number, count = 1): string {
  return Number.isFinite(share) ? `${decimals(share * 100, count)}%` : '–';
}
