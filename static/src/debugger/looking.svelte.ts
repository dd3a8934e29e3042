/** The numbers of one instruction, asked for anew wherever the session comes to stand. */

import { Newest } from '../lib/newest';
import type { OperandValues, Problem } from '../lib/protocol';
import { session } from '../lib/session.svelte';
import { Refusal } from '../lib/stream';
import { history } from '../timeline/history.svelte';
import { program } from './listing.svelte';
import { rowsUntil } from './rows';

class Looking {
  /** The row that a person chose, and where the session was to stand then. */
  #chosen = $state.raw<{ row: number; done: number; step: number } | null>(null);
  operands = $state.raw<readonly OperandValues[]>([]);
  problem = $state.raw<Problem | null>(null);

  /** The row whose numbers are shown: the one just done, or the first. */
  row = $derived.by(() => {
    const chosen = this.#chosen;
    if (chosen !== null && chosen.done === program.done && chosen.step === session.status?.step) return chosen.row;
    return Math.max(0, program.lastRow);
  });

  #looks = new Newest<number>(async (row) => {
    try {
      const reply = await session.ask({ type: 'look', row });
      this.operands = reply.operands ?? [];
      this.problem = null;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.operands = [];
      this.problem = error.problem;
    }
  });

  /** Go to where `row` has just been done, and show its numbers. */
  choose(row: number): void {
    const done = rowsUntil(row, program.rows.length);
    const step = session.live.step;
    this.#chosen = { row, done, step };
    if (done !== program.done || session.isRunning) void history.visit(step, done);
  }

  ask(row: number): void {
    void this.#looks.push(row);
  }
}

export const looking = new Looking();
