/** A breakpoint in few words, such as “Loss rises · 2× · 50 steps”. */

import type { CatalogEntry, CatalogField } from '../lib/catalog';
import type { FieldValue, Member } from '../lib/experiment';
import { number, percent, words, type Parameters } from '../lib/i18n.svelte';
import { isKey, say } from './text';

const BETWEEN = ' · ';
const SIGNIFICANT = 6;

function textOf(field: CatalogField, value: FieldValue): string {
  if (typeof value === 'number') {
    return field.name === 'accuracy' ? percent(value, 2).replace(/\.?0+%$/, '%') : number(value, SIGNIFICANT);
  }
  return words(field.choices?.[String(value)]) || String(value);
}

/** A field that nobody wrote words for: its own title and unit do. */
const plain = (field: CatalogField, value: FieldValue): string =>
  [words(field.title), textOf(field, value), words(field.unit)].filter(Boolean).join(' ');

/** Title and fields of `member`; of a kind that this page doesn't know, its name. */
export function shortWords(entry: CatalogEntry | undefined, member: Member): { title: string; rest: string } {
  if (entry === undefined) return { title: member.kind, rest: '' };
  const valueOf = (field: CatalogField): FieldValue => member[field.name] ?? field.default;
  const key = `short.${member.kind}`;
  if (!isKey(key)) {
    return { title: words(entry.title), rest: entry.fields.map((field) => plain(field, valueOf(field))).join(BETWEEN) };
  }
  const parameters: Parameters = {};
  for (const field of entry.fields) {
    const value = valueOf(field);
    parameters[field.name] = textOf(field, value);
    if (typeof value === 'number') parameters[`${field.name}_count`] = value;
  }
  return { title: words(entry.title), rest: say(key, parameters) };
}

/** Both in one line. */
export function oneLine({ title, rest }: { title: string; rest: string }): string {
  return rest === '' ? title : title + BETWEEN + rest;
}
