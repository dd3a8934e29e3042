/** Messages about a run as a server would send them. */

import type { BranchInfo, Instruction, Listing, Operand, Status, TimelineMessage } from '../../src/lib/protocol';

export const statusOf = (changes: Partial<Status> = {}): Status => ({
  type: 'status',
  status: 'paused',
  steps_per_second: 20,
  step: 3,
  epoch: 0.1,
  row: 0,
  sample: null,
  branch: 1,
  motion: null,
  divergence: null,
  stopped: null,
  ...changes,
});

export const branchOf = (number: number, changes: Partial<BranchInfo> = {}): BranchInfo => ({
  number,
  parent: null,
  fork: 0,
  start: 0,
  end: 1000,
  cause: { en: `cause ${number}`, zh: `原因 ${number}` },
  changes: [],
  ...changes,
});

export const timelineOf = (current: number, ...branches: BranchInfo[]): TimelineMessage => ({
  type: 'timeline',
  current,
  branches,
  moments: 1,
  bytes: 1,
  budget: 1,
});

const operand = (block: string, shape: number[]): Operand => ({ name: block, block, shape });

export const instructionOf = (
  layer: string,
  phase: Instruction['phase'],
  reads: Operand[],
  fills: Operand[],
): Instruction => ({
  operation: 'matrix_product',
  formula: 'C = A B',
  layer,
  phase,
  title: { en: `${layer} ${phase}`, zh: `${layer} ${phase}` },
  inputs: reads,
  outputs: fills,
});

/** Five instructions of the plane's network, one a phase. */
export const listingOf = (changes: Partial<Listing> = {}): Listing => ({
  type: 'listing',
  revision: 1,
  instructions: [
    instructionOf('input', 'data', [], [operand('input.output', [2, 10])]),
    instructionOf('hidden', 'forward', [operand('hidden.weights', [2, 2])], [operand('hidden.sums', [2, 10])]),
    instructionOf('output', 'loss', [operand('answer.output', [1, 10])], [operand('report', [1])]),
    instructionOf('hidden', 'backward', [operand('hidden.grad_sums', [2, 10])], [operand('gradient:hidden.weights', [2, 2])]),
    instructionOf('', 'update', [operand('gradient:hidden.weights', [2, 2])], [operand('hidden.weights', [2, 2])]),
  ],
  ...changes,
});
