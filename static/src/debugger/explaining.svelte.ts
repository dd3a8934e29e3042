/** The explanation that is open: of which number, and the way that led there. */

import { Newest } from '../lib/newest';
import type { Explain, Explanation, Problem, Quantity, Words } from '../lib/protocol';
import { session } from '../lib/session.svelte';
import { Refusal } from '../lib/stream';

/** A number that was asked for; `title` is known once it was answered. */
export interface Asked {
  quantity: Quantity;
  of: NonNullable<Explain['of']>;
  title: Words | null;
}

class Explaining {
  /** From the number that was asked for first to the one that is shown; empty while nothing is open. */
  trail = $state.raw<readonly Asked[]>([]);
  answer = $state.raw<Explanation | null>(null);
  problem = $state.raw<Problem | null>(null);
  isOpen = $derived(this.trail.length > 0);

  #questions = new Newest<Asked>((asked) => this.#ask(asked));

  /** Explain a number; the way begins with it. */
  open(quantity: Quantity, of: Asked['of'] = 'batch'): void {
    this.#show([{ quantity, of, title: null }]);
  }

  /** Explain a number that the present one is made of. */
  follow(quantity: Quantity): void {
    const of = this.trail.at(-1)?.of ?? 'batch';
    this.#show([...this.trail, { quantity, of, title: null }]);
  }

  /** Return to a number that was explained on the way. */
  back(place: number): void {
    this.#show(this.trail.slice(0, place + 1));
  }

  close(): void {
    this.trail = [];
    this.answer = null;
    this.problem = null;
  }

  /** Ask again: the session has moved. */
  refresh(): void {
    const asked = this.trail.at(-1);
    if (asked !== undefined && session.canEdit) void this.#questions.push(asked);
  }

  #show(trail: readonly Asked[]): void {
    this.trail = trail;
    this.refresh();
  }

  async #ask(asked: Asked): Promise<void> {
    const { quantity, of } = asked;
    let answer: Explanation | null = null;
    let problem: Problem | null = null;
    try {
      answer = (await session.ask({ type: 'explain', quantity, of })).explanation;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      problem = error.problem;
    }
    // Meanwhile another number may have been asked for, or the explanation closed.
    if (this.trail.at(-1)?.quantity !== quantity) return;
    this.answer = answer;
    this.problem = problem;
    if (answer === null) return;
    const title = answer.title;
    this.trail = this.trail.map((one) => (one.quantity === quantity ? { ...one, title } : one));
  }
}

export const explaining = new Explaining();

session.listen((message) => {
  if (message.type === 'status') explaining.refresh();
});
