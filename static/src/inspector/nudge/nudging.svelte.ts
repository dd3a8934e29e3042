/**
 * The sample that is nudged: as it was, as it is now, and what the network makes of both.
 *
 * Both predictions come from one answer of the engine, computed with the same parameters. So they are right while
 * the network learns, too: then the question is asked again and again.
 */

import { untrack } from 'svelte';
import { i18n, type Language } from '../../lib/i18n.svelte';
import { Newest } from '../../lib/newest';
import { notices } from '../../lib/notices.svelte';
import type { InputComparison, Inspected } from '../../lib/protocol';
import type { Part } from '../../lib/samples.svelte';
import { session } from '../../lib/session.svelte';
import { Refusal } from '../../lib/stream';
import { inspectedSample, valuesOf } from '../../views/inspecting';
import { verdictOf } from './changes';

type Numbers = readonly number[];

export interface Origin {
  values: Numbers;
  /** How the server is asked to show it; null for one made by hand. */
  which: { part: Part; sample: number } | null;
  /** Of the data that it was taken from. */
  version: number;
}

/** Quiet after the last move, before a screen reader is told: it can't be told everything. */
const SETTLED = 600;

const isEqual = (left: Numbers, right: Numbers): boolean =>
  left.length === right.length && left.every((value, place) => value === right[place]);

export class Nudging {
  /** The untouched sample; null while its numbers aren't known. */
  origin = $state.raw<Origin | null>(null);
  values = $state.raw<Numbers>([]);
  isMoved = $derived(this.origin !== null && !isEqual(this.values, this.origin.values));
  #answer = $state.raw<{ comparison: InputComparison; revision: number | null } | null>(null);
  /** What changes; null while that isn't known of the present network. */
  comparison = $derived(this.#answer?.revision === session.layout?.revision ? (this.#answer?.comparison ?? null) : null);

  /** The verdict in the present language; empty while there is none. */
  verdict = $derived.by(() => {
    const layout = session.layout;
    if (this.comparison === null || layout === null) return '';
    return verdictOf(this.comparison, layout, this.isMoved, i18n.language);
  });

  /** What this class has sent last: anything else was drawn elsewhere in the page. */
  #sent: Numbers | null = null;
  #sending = new Newest<Numbers>((values) => this.#send(values));
  #asking = new Newest<null>(() => this.#compare(this.values));
  #settled: ReturnType<typeof setTimeout> | undefined;

  /** Take over the sample that is looked at. For an effect: it runs again when that changes. */
  follow(): void {
    const inspected = session.inspected;
    const found = inspectedSample();
    untrack(() => {
      this.#take(inspected, found === null ? null : valuesOf(found));
      this.refresh();
    });
  }

  isMovedAt(place: number): boolean {
    return this.values[place] !== this.origin?.values[place];
  }

  /** Give some numbers of the sample other values. */
  move(changes: ReadonlyMap<number, number>): void {
    this.#push(this.values.map((value, place) => changes.get(place) ?? value));
  }

  /** The untouched sample again. */
  back(): void {
    if (this.origin !== null) this.#push(this.origin.values);
  }

  /** Ask again: the network may have changed. What is being sent asks by itself. */
  refresh(): void {
    if (this.origin === null || this.#sending.isBusy || !session.canEdit) return;
    void this.#asking.push(null);
  }

  #take(inspected: Inspected | null, values: Numbers | null): void {
    if (inspected === null) {
      this.origin = null;
    } else if (inspected.part !== 'drawn') {
      const which = inspected.sample === null ? null : { part: inspected.part, sample: inspected.sample };
      this.#begin(values, which);
    } else if (session.drawn !== this.#sent || this.origin?.version !== session.dataVersion) {
      // Drawn elsewhere, or the data that the sample came from are gone.
      this.#begin(session.drawn, null);
    }
  }

  #begin(values: Numbers | null, which: Origin['which']): void {
    const version = session.dataVersion;
    const before = this.origin;
    const isKnown = before?.version === version && JSON.stringify(before.which) === JSON.stringify(which);
    if (isKnown && values !== null && isEqual(values, before.values)) {
      // While something is being sent, this is the answer to an earlier move.
      if (!this.#sending.isBusy) this.values = values;
      return;
    }
    this.origin = values === null ? null : { values, which, version };
    this.values = values ?? [];
    this.#answer = null;
  }

  #push(values: Numbers): void {
    if (this.origin === null || !session.canEdit) return;
    this.values = values;
    clearTimeout(this.#settled);
    void this.#sending.push(values).then(() => {
      clearTimeout(this.#settled);
      if (!this.#sending.isBusy) this.#settled = setTimeout(() => this.#speak(), SETTLED);
    });
  }

  /** Show `values` in the whole page, and compare them with the untouched ones. */
  async #send(values: Numbers): Promise<void> {
    const origin = this.origin;
    if (origin === null) return;
    if (origin.which !== null && isEqual(values, origin.values)) {
      await Promise.all([session.inspect(origin.which), this.#compare(values)]);
      return;
    }
    const sent = [...values];
    this.#sent = sent;
    await Promise.all([session.inspect({ values: sent }), this.#compare(values)]);
  }

  async #compare(values: Numbers): Promise<void> {
    const origin = this.origin;
    const revision = session.layout?.revision ?? null;
    if (origin === null || values.length !== origin.values.length) return;
    try {
      const asked = { original: [...origin.values], changed: [...values] };
      const { comparison } = await session.ask({ type: 'compare_inputs', ...asked });
      if (comparison !== null && this.origin === origin) this.#answer = { comparison, revision };
    } catch (error) {
      // Why the sample was refused is said by `inspect`, which was asked the same.
      if (!(error instanceof Refusal)) throw error;
      if (this.origin === origin) this.#answer = null;
    }
  }

  #speak(): void {
    const { comparison } = this;
    const layout = session.layout;
    if (comparison === null || layout === null) return;
    const tell = (language: Language): string => verdictOf(comparison, layout, this.isMoved, language);
    notices.speak({ en: tell('en'), zh: tell('zh') });
  }
}

export const nudging = new Nudging();
