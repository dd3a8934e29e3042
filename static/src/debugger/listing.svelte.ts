/** The program of one training step, and where in it the session stands. */

import type { Instruction, Listing, Status } from '../lib/protocol';
import { session } from '../lib/session.svelte';

class Program {
  #listing = $state.raw<Listing | null>(null);
  /** True when the last thing that happened was the last instruction of a step. */
  #hasFinished = $state(false);
  #before: Status | null = null;

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
  /** True inside a step, and where one has just been gone through. */
  isInside = $derived(this.isSlow && (this.done > 0 || this.#hasFinished));
  /** Row of the instruction just done, while one goes through a step; −1 otherwise. */
  lastRow = $derived(this.done > 0 ? this.done - 1 : this.isInside ? this.rows.length - 1 : -1);
  last = $derived<Instruction | null>(this.rows[this.lastRow] ?? null);

  take(listing: Listing): void {
    this.#listing = listing;
  }

  follow(status: Status): void {
    const before = this.#before;
    this.#before = status;
    const goesOn = before !== null && before.branch === status.branch && before.step + 1 === status.step;
    if (status.row > 0) this.#hasFinished = false;
    else if (goesOn) this.#hasFinished = before.row > 0;
    else if (before?.step !== status.step) this.#hasFinished = false;
  }

  /** What the layer does in the instruction just done; null for nothing. An update is of all that learn. */
  actOf(layer: string, learns: boolean): Instruction['phase'] | null {
    const last = this.last;
    if (last === null) return null;
    const isMeant = last.layer === layer || (last.phase === 'update' && last.layer === '' && learns);
    return isMeant ? last.phase : null;
  }
}

export const program = new Program();

session.listen((message) => {
  if (message.type === 'listing') program.take(message);
  if (message.type === 'status') program.follow(message);
});
