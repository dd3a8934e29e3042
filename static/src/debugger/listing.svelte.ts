/** The program of one training step, and where in it the session stands. */

import type { Instruction, Listing } from '../lib/protocol';
import { session } from '../lib/session.svelte';

class Program {
  #listing = $state.raw<Listing | null>(null);

  /** Rows of the present network's program; empty while the server hasn't told. */
  rows = $derived<readonly Instruction[]>(
    this.#listing !== null && this.#listing.revision === session.layout?.revision ? this.#listing.instructions : [],
  );
  /** True while the session may stand between two instructions: it doesn't train at full speed. */
  isSlow = $derived(!session.isRunning || (session.status?.motion ?? null) !== null);
  /** Rows of the step in progress that are done; 0 between two steps. */
  done = $derived(this.isSlow ? (session.status?.row ?? 0) : 0);
  /** Place in the batch of the sample that is looked at while going from one to the next. */
  sample = $derived(this.isSlow ? (session.status?.sample ?? null) : null);
  /** True inside a step, or while slow motion goes from stop to stop in steps. */
  isInside = $derived(this.done > 0 || [null, 'batch'].includes(session.status?.motion ?? null) === false);
  /** The instruction just done, while the session stands inside a step. */
  last = $derived<Instruction | null>(this.rows[this.done - 1] ?? null);

  take(listing: Listing): void {
    this.#listing = listing;
  }
}

export const program = new Program();

session.listen((message) => {
  if (message.type === 'listing') program.take(message);
});
