/** The visitor's runs as the dialog shows them, and what can be done with them. */

import { addressOf } from '../lib/opening';
import type { Problem } from '../lib/protocol';
import type { OpenedWork, WorkItem } from '../lib/rest';
import { forgetSession, rememberSession } from '../lib/resume';
import { session } from '../lib/session.svelte';
import { Refusal } from '../lib/stream';
import * as requests from './requests';
import type { WorkKey } from './text';

/** The one used last first. */
export const newestFirst = (items: readonly WorkItem[]): WorkItem[] =>
  [...items].sort((left, right) => right.used - left.used);

export class WorkList {
  /** `null` until the server has answered. */
  items = $state.raw<readonly WorkItem[] | null>(null);
  /** Why the last wish was refused. */
  problem = $state.raw<Problem | null>(null);
  /** What has just been done. */
  said = $state.raw<WorkKey | null>(null);
  isImporting = $state(false);
  /** The open session is the visitor's own; a list without it is one of nobody. */
  isStranger = $derived(this.items?.length === 0 && session.canEdit);

  /** @param reload shows what this tab remembers then. */
  constructor(private readonly reload: () => void = () => location.reload()) {}

  load(): Promise<unknown> {
    return this.#attempt(async () => this.#show(await requests.fetchWork()));
  }

  /** Call a run something else; an empty title calls it after its experiment. */
  async rename(item: WorkItem, title: string): Promise<void> {
    if (title.trim() === item.title) return;
    const renamed = await this.#attempt(() => requests.renameWork(item.session, { title: title.trim() }), 'work.said.renamed');
    if (renamed !== null) this.#show(this.#without(item.session).concat(renamed));
  }

  async copy(item: WorkItem): Promise<void> {
    const copied = await this.#attempt(() => requests.copyWork(item.session), 'work.said.copied');
    if (copied !== null) this.#show(this.#without().concat(copied.work));
  }

  /** A run from a file; returns its session, or null if it can't be used. */
  async bring(file: Blob): Promise<string | null> {
    if (this.isImporting) return null;
    this.isImporting = true;
    const brought = await this.#attempt(() => requests.importRun(file), 'work.said.imported');
    this.isImporting = false;
    if (brought === null) return null;
    this.#show(this.#without().concat(brought.work));
    return brought.session;
  }

  /** Show another run in this tab. */
  async open(item: WorkItem): Promise<void> {
    const opened = await this.#attempt(() => requests.openWork(item.session));
    if (opened !== null) this.#goTo(opened);
  }

  /** Remove a run for good. In place of the open one comes the one used before it, or a new one. */
  async remove(item: WorkItem): Promise<void> {
    const isHere = item.session === session.id;
    // A page that still listened would be told that its network is gone.
    if (isHere) session.stop();
    const isGone = await this.#attempt(() => requests.deleteWork(item.session).then(() => true), 'work.said.deleted');
    if (isGone === null) {
      if (isHere) session.reconnect();
      return;
    }
    this.#show(this.#without(item.session));
    if (!isHere) return;
    const next = this.items?.[0];
    this.#goTo(next === undefined ? null : await this.#attempt(() => requests.openWork(next.session)));
  }

  /**
   * Everything in the page belongs to one session, so the other one gets a page of its own. The address
   * no longer says what is open.
   */
  #goTo(opened: OpenedWork | null): void {
    session.stop();
    window.history.replaceState(null, '', location.pathname);
    if (opened === null) forgetSession();
    else rememberSession(opened.session, opened.token, addressOf(location));
    this.reload();
  }

  #without(session: string | null = null): WorkItem[] {
    return (this.items ?? []).filter((item) => item.session !== session);
  }

  #show(items: readonly WorkItem[]): void {
    this.items = newestFirst(items);
  }

  /** What the server answers; null where it refuses, which `problem` explains. */
  async #attempt<Answer>(wish: () => Promise<Answer>, done: WorkKey | null = null): Promise<Answer | null> {
    this.problem = null;
    this.said = null;
    try {
      const answer = await wish();
      this.said = done;
      return answer;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.problem = error.problem;
      return null;
    }
  }
}
