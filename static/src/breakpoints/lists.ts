/** Changing what the session stops at and what it watches; the server is told the whole list each time. */

import { isSame } from '../lib/catalog';
import type { Experiment, Member } from '../lib/experiment';
import type { Problem, Words } from '../lib/protocol';
import { session } from '../lib/session.svelte';
import { Refusal } from '../lib/stream';
import { standing } from './standing.svelte';
import { both } from './text';

export type Family = 'condition' | 'watch';

/** How many a session can have. */
export const MOST: Readonly<Record<Family, number>> = { condition: 20, watch: 12 };

/** The protocol has one type for every document. */
const asMember = (document: Experiment): Member => document as unknown as Member;

/** The documents in force, in their order. */
export function documentsOf(family: Family): Member[] {
  return family === 'condition'
    ? standing.breakpoints.map((note) => asMember(note.condition))
    : standing.watches.map((note) => asMember(note.watch));
}

const sorted = (member: Member): unknown => Object.entries(member).sort(([left], [right]) => (left < right ? -1 : 1));
/** Whether two documents mean the same, in whatever order their fields stand. */
export const isEqual = (left: Member, right: Member): boolean => isSame(sorted(left), sorted(right));

export const has = (family: Family, member: Member): boolean =>
  documentsOf(family).some((document) => isEqual(document, member));

export const isFull = (family: Family): boolean => documentsOf(family).length >= MOST[family];

/** Each change is made to the list that the one before it has left. */
let before: Promise<unknown> = Promise.resolve();

function change(family: Family, next: (documents: Member[]) => Member[] | Problem): Promise<Problem | null> {
  const changed = before.then(async () => {
    const documents = next(documentsOf(family));
    if (!Array.isArray(documents)) return documents;
    try {
      const list = documents as unknown as Experiment[];
      if (family === 'condition') await session.ask({ type: 'set_breakpoints', breakpoints: list });
      else await session.ask({ type: 'set_watches', watches: list });
      return null;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return error.problem;
    }
  });
  before = changed.catch(() => undefined);
  return changed;
}

/** A refusal that needs no server. */
const problemOf = (message: Words, hint: Words): Problem => ({
  code: 'not_sent',
  where: '',
  message,
  hint,
  value: null,
  allowed: null,
});

/** Add one at the end; resolves with the reason if it can't be. */
export function add(family: Family, member: Member): Promise<Problem | null> {
  const words = family === 'condition' ? 'breakpoints' : 'watches';
  return change(family, (documents) => {
    if (documents.some((document) => isEqual(document, member))) {
      return problemOf(both(`${words}.known`), both('list.known.hint'));
    }
    if (documents.length >= MOST[family]) {
      return problemOf(both(`${words}.full`, { most: MOST[family] }), both('list.full.hint'));
    }
    return [...documents, member];
  });
}

export function remove(family: Family, member: Member): Promise<Problem | null> {
  return change(family, (documents) => documents.filter((document) => !isEqual(document, member)));
}
