/** Finding things in the server's catalog. */

import type { FieldValue, Member } from './experiment';
import type { Catalog, CatalogEntry } from './rest';

export type { CatalogEntry, CatalogField, LayerEntry, SourceEntry } from './rest';

/** The entries of a family; empty while the catalog isn't here yet, or for a family it doesn't know. */
export function familyOf(catalog: Catalog | null, family: string): CatalogEntry[] {
  const families: Record<string, CatalogEntry[]> = { ...catalog };
  return families[family] ?? [];
}

/** The entry of `kind`, or `undefined` when this server doesn't know it. */
export function entryOf(catalog: Catalog | null, family: string, kind: string): CatalogEntry | undefined {
  return familyOf(catalog, family).find((entry) => entry.kind === kind);
}

/** A new member of a family: every field at its default. */
export function defaultsOf(entry: CatalogEntry): Member {
  const fields = entry.fields.map((field): [string, FieldValue] => [field.name, copy(field.default)]);
  return { kind: entry.kind, ...Object.fromEntries(fields) };
}

/** A deep copy of plain data, also of data behind Svelte's proxies. */
export function copy<Value>(value: Value): Value {
  return JSON.parse(JSON.stringify(value)) as Value;
}

/** Whether two documents say the same, in the same order. */
export function isSame(left: unknown, right: unknown): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}
