/** The texts of this room: they are loaded with it, since most visits don't come here. */

import { fill, i18n, type Parameters } from '../lib/i18n.svelte';
import { twinEn } from '../locales/twin.en';
import { twinZh } from '../locales/twin.zh';

export type TwinKey = keyof typeof twinEn;

const TEXTS: Record<'en' | 'zh', Record<TwinKey, string>> = { en: twinEn, zh: twinZh };

/** The text of `key` in the present language. Reactive where it is read. */
export function say(key: TwinKey, parameters: Parameters = {}): string {
  return fill(TEXTS[i18n.language][key], parameters, i18n.language);
}
