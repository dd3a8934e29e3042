/** The history of the run as a tree of branches, where the session stands in it, and ways to go elsewhere. */

import { Newest } from '../lib/newest';
import type { BranchInfo, TimelineMessage, Visit } from '../lib/protocol';
import { session } from '../lib/session.svelte';
import { lanesOf, marksOf, pathOf } from './lanes';

type Target = Omit<Visit, 'type' | 'request'>;

class RunHistory {
  #message = $state.raw<TimelineMessage | null>(null);
  /** The step that is being gone to, while the server isn't there yet. */
  #target = $state<number | null>(null);
  #visits = new Newest<Target>((target) => session.order({ type: 'visit', ...target }));

  branches = $derived<readonly BranchInfo[]>(this.#message?.branches ?? []);
  /** Number of the branch on which the session stands. */
  present = $derived(session.status?.branch ?? this.#message?.current ?? 1);
  lanes = $derived(lanesOf(this.branches));
  path = $derived(pathOf(this.branches, this.present));
  marks = $derived(marksOf(this.path));
  /** Where the session stands, or is about to. */
  step = $derived(this.#target ?? session.live.step);
  /** The farthest step of the present branch; grows while it trains. */
  end = $derived(Math.max(this.path.at(-1)?.to ?? 0, session.live.step));
  /** The step at the right end of every track. */
  scale = $derived(Math.max(1, this.end, ...this.branches.map((branch) => branch.end)));
  /** True when the session rests before the end of the present branch. */
  isPast = $derived(!session.isRunning && this.step < this.end);

  take(message: TimelineMessage): void {
    this.#message = message;
  }

  /** Go to a moment; while one is under way, only the newest waits. */
  async visit(step: number, row = 0, branch: number | null = null): Promise<void> {
    if (!session.canEdit) return;
    this.#target = branch === null || branch === this.present ? step : null;
    await this.#visits.push({ step, row, branch });
    if (!this.#visits.isBusy) this.#target = null;
  }

  /** Begin a branch where the session stands. */
  fork(): void {
    void session.order({ type: 'fork' });
  }

  remove(branch: number): void {
    void session.order({ type: 'remove_branch', branch });
  }
}

export const history = new RunHistory();

session.listen((message) => {
  if (message.type === 'timeline') history.take(message);
});
