/** The texts of this room: they are loaded with it, since most visits don't come here. */

import { fill, i18n, type Language, type Parameters } from '../../lib/i18n.svelte';
import { nudgeEn } from '../../locales/nudge.en';
import { nudgeZh } from '../../locales/nudge.zh';

export type NudgeKey = keyof typeof nudgeEn;

const TEXTS: Record<Language, Record<NudgeKey, string>> = { en: nudgeEn, zh: nudgeZh };

/** The text of `key` in the present language, or in `language`. Reactive where it is read. */
export function say(key: NudgeKey, parameters: Parameters = {}, language: Language = i18n.language): string {
  return fill(TEXTS[language][key], parameters, language);
}
