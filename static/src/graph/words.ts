/** Texts in both languages at once, for what outlives a change of language: labels of undo. */

import { fill, type Parameters } from '../lib/i18n.svelte';
import type { Words } from '../lib/protocol';
import { graphEn } from '../locales/graph.en';
import { graphZh } from '../locales/graph.zh';

export type GraphKey = keyof typeof graphEn;

/** The text of `key` in both languages. */
export function both(key: GraphKey, parameters: Parameters = {}): Words {
  return { en: fill(graphEn[key], parameters, 'en'), zh: fill(graphZh[key], parameters, 'zh') };
}
