/** The texts of this room: they are loaded with it, since most visits don't come here. */

import { fill, i18n, type Parameters } from '../lib/i18n.svelte';
import { workEn } from '../locales/work.en';
import { workZh } from '../locales/work.zh';

export type WorkKey = keyof typeof workEn;

const TEXTS: Record<'en' | 'zh', Record<WorkKey, string>> = { en: workEn, zh: workZh };

/** The text of `key` in the present language. Reactive where it is read. */
export function say(key: WorkKey, parameters: Parameters = {}): string {
  return fill(TEXTS[i18n.language][key], parameters, i18n.language);
}
