import { describe, expect, it } from 'vitest';
import type { Experiment } from '../../src/lib/experiment';
import { documentOf, EMPTY, orderOf } from '../../src/twin/draft';

const RUNNING: Experiment = {
  version: 1,
  title: 'Spiral',
  data: { source: { kind: 'spiral' }, preprocessing: [], validation_share: 0.5 },
  graph: { nodes: [], edges: [] },
  loss: { kind: 'binary_cross_entropy' },
  optimizer: { kind: 'sgd', learning_rate: 0.1 },
  regularization: { l1: 0, l2: 0 },
  batch_size: 10,
  seeds: { data: 1, weights: 1, batches: 1 },
  task: { kind: 'supervised' },
};
const FASTER = { kind: 'sgd', learning_rate: 0.3 };
const HERE = { step: 70, branch: 3 };

describe('the draft of a twin', () => {
  it('differs in the one thing that was chosen', () => {
    const draft = { ...EMPTY, optimizer: FASTER, batch_size: 20, weights: 9 };
    expect(documentOf(RUNNING, 'optimizer', draft)).toEqual({ ...RUNNING, optimizer: FASTER });
    expect(documentOf(RUNNING, 'batch_size', draft)).toEqual({ ...RUNNING, batch_size: 20 });
    expect(documentOf(RUNNING, 'weights', draft).seeds).toEqual({ data: 1, weights: 9, batches: 1 });
    expect(documentOf(RUNNING, 'loss', draft)).toEqual(RUNNING);
    expect(RUNNING.batch_size).toBe(10);
  });

  it('is no order while it is the same run', () => {
    expect(orderOf(RUNNING, 'optimizer', EMPTY, null)).toBeNull();
    expect(orderOf(RUNNING, 'optimizer', { ...EMPTY, optimizer: { ...FASTER, learning_rate: 0.1 } }, null)).toBeNull();
    expect(orderOf(RUNNING, 'branch', EMPTY, null)).toBeNull();
  });

  it('begins at the start, or where the run stands', () => {
    const draft = { ...EMPTY, optimizer: FASTER };
    const experiment = { ...RUNNING, optimizer: FASTER };
    expect(orderOf(RUNNING, 'optimizer', draft, null)).toEqual({ type: 'start_twin', experiment });
    expect(orderOf(RUNNING, 'optimizer', draft, HERE)).toEqual({
      type: 'start_twin',
      experiment,
      from_step: 70,
      branch: 3,
    });
    expect(orderOf(RUNNING, 'optimizer', draft, { step: 0, branch: 1 })).toEqual({ type: 'start_twin', experiment });
  });

  it('begins at the start with other initial weights, and as it did on another branch', () => {
    const weights = orderOf(RUNNING, 'weights', { ...EMPTY, weights: 5 }, HERE);
    expect(weights).not.toHaveProperty('from_step');
    expect(orderOf(RUNNING, 'branch', { ...EMPTY, branch: 2 }, HERE)).toEqual({ type: 'start_twin', branch: 2 });
  });
});
