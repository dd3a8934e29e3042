/** What a twin is to be, before it begins. */

import { copy, isSame } from '../lib/catalog';
import type { Experiment, Member } from '../lib/experiment';
import type { Order } from '../lib/stream';

export const DIFFERENCES = ['optimizer', 'loss', 'batch_size', 'weights', 'branch'] as const;
export type Difference = (typeof DIFFERENCES)[number];

/** What was chosen for each difference; what wasn't touched is as in the run. */
export interface Draft {
  optimizer: Member | null;
  loss: Member | null;
  batch_size: number | null;
  weights: number | null;
  branch: number | null;
}

export const EMPTY: Draft = { optimizer: null, loss: null, batch_size: null, weights: null, branch: null };

/** `running` with the one difference. */
export function documentOf(running: Experiment, difference: Difference, draft: Draft): Experiment {
  const document = copy(running);
  if (difference === 'optimizer' && draft.optimizer !== null) document.optimizer = copy(draft.optimizer);
  if (difference === 'loss' && draft.loss !== null) document.loss = copy(draft.loss);
  if (difference === 'batch_size' && draft.batch_size !== null) document.batch_size = draft.batch_size;
  if (difference === 'weights' && draft.weights !== null) document.seeds.weights = draft.weights;
  return document;
}

type StartTwin = Extract<Order, { type: 'start_twin' }>;

/** Where the run stands: a twin may begin there. */
export interface Here {
  step: number;
  branch: number;
}

/**
 * The command that begins the twin; `null` while it would be the same run.
 *
 * @param here where it is to begin; `null` for the start.
 */
export function orderOf(running: Experiment, difference: Difference, draft: Draft, here: Here | null): StartTwin | null {
  if (difference === 'branch') {
    return draft.branch === null ? null : { type: 'start_twin', branch: draft.branch };
  }
  const experiment = documentOf(running, difference, draft);
  if (isSame(experiment, running)) return null;
  if (here === null || here.step === 0 || difference === 'weights') return { type: 'start_twin', experiment };
  return { type: 'start_twin', experiment, from_step: here.step, branch: here.branch };
}
