/** The numbers of one layer of both runs, asked for anew whenever both have moved. */

import { Newest } from '../lib/newest';
import type { Problem, TwinLayer } from '../lib/protocol';
import { session } from '../lib/session.svelte';
import { Refusal } from '../lib/stream';

class Comparing {
  /** The newest answer; it may be of another layer than the one that is waited for. */
  answer = $state.raw<TwinLayer | null>(null);
  problem = $state.raw<Problem | null>(null);

  #questions = new Newest<string>((layer) => this.#ask(layer));

  ask(layer: string): void {
    if (session.canEdit) void this.#questions.push(layer);
  }

  async #ask(layer: string): Promise<void> {
    try {
      this.answer = (await session.ask({ type: 'compare_layer', layer })).twin_layer;
      this.problem = null;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      // Both have moved apart since: the next news of the twin brings the next question.
      if (error.problem.code === 'twin_elsewhere' || error.problem.code === 'no_twin') return;
      this.answer = null;
      this.problem = error.problem;
    }
  }
}

export const comparing = new Comparing();
