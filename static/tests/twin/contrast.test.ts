import { describe, expect, it } from 'vitest';
import type { LayerApart, Pair, TwinComparison } from '../../src/lib/protocol';
import {
  barOf,
  contrastOf,
  disagreement,
  farthest,
  gridOf,
  indexAt,
  linesOf,
  placeOf,
  rangeOf,
  rowsOf,
} from '../../src/twin/contrast';

const pair = (mine: (number | null)[], twin: (number | null)[], shape = [mine.length]): Pair => ({
  name: 'weights',
  shape,
  mine,
  twin,
});

describe('the table of distances', () => {
  const layer: LayerApart = {
    layer: 'hidden1',
    shape: [2],
    parameters: [
      {
        parameter: 'weights',
        shape: [2, 3],
        apart: { size: 5, norm: 0.5, relative: 0.1, largest: -0.4, index: [1, 2] },
      },
      { parameter: 'bias', shape: [2], apart: { size: 0, norm: 2, relative: null, largest: 2, index: [0] } },
    ],
    activation: { size: null, norm: null, relative: null, largest: null, index: [0] },
  };

  it('has a line for every parameter and one for the outputs', () => {
    const [weights, bias, output] = rowsOf(layer);
    expect(weights).toMatchObject({ parameter: 'weights', norm: 0.5, relative: 0.1, largest: -0.4, place: '2, 3' });
    expect(bias).toMatchObject({ parameter: 'bias', relative: Infinity, share: 1, place: '1' });
    expect(output?.parameter).toBe('output');
    expect(output?.norm).toBeNaN();
    expect(output?.share).toBe(0);
  });

  it('has no line for outputs that are not compared', () => {
    expect(rowsOf({ ...layer, activation: null }).map((row) => row.parameter)).toEqual(['weights', 'bias']);
  });

  it('has bars that tell small differences apart', () => {
    expect(barOf(0)).toBe(0);
    expect(barOf(1)).toBe(1);
    expect(barOf(40)).toBe(1);
    const lengths = [1e-5, 2e-3, 1e-2, 0.1, 0.5, 1].map(barOf);
    expect([...lengths].sort((a, b) => a - b)).toEqual(lengths);
    expect(lengths[0]).toBeGreaterThan(0);
    expect(barOf(0.0316)).toBeCloseTo(0.5, 2);
  });
});

describe('the numbers of both', () => {
  it('are subtracted, and share one scale', () => {
    const contrast = contrastOf(pair([1, -2, 0.5], [1.5, 1, 0.5]));
    expect([...contrast.gap]).toEqual([0.5, 3, 0]);
    expect(contrast.scale).toBe(3);
  });

  it('stay unknown where one is not finite', () => {
    const contrast = contrastOf(pair([1, null], [null, 2]));
    expect([...contrast.gap]).toEqual([NaN, NaN]);
    expect(contrast.scale).toBe(2);
    expect(rangeOf(contrast.gap)).toEqual({ low: NaN, high: NaN });
    expect(rangeOf(contrast.twin)).toEqual({ low: 2, high: 2 });
  });

  it('are listed by their difference, the unknown ones first', () => {
    const contrast = contrastOf(pair([0, 0, 0, null, 0], [1, -3, 1, 0, 0]));
    expect(farthest(contrast, 4)).toEqual([3, 1, 0, 2]);
  });

  it('have a place that counts from one', () => {
    expect(indexAt([2, 3, 4], 23)).toEqual([1, 2, 3]);
    expect(indexAt([5], 4)).toEqual([4]);
    expect(placeOf(indexAt([2, 3], 4))).toBe('2, 2');
  });

  it('lie in a grid with the first axis down', () => {
    expect(gridOf([8, 4])).toEqual({ rows: 8, columns: 4 });
    expect(gridOf([8])).toEqual({ rows: 1, columns: 8 });
    expect(gridOf([2, 3, 4])).toEqual({ rows: 2, columns: 12 });
  });

  it('disagree on a share of the plane', () => {
    expect(disagreement(pair([0, 1, 1, 0], [0, 0, 1, 1]))).toBe(0.5);
    expect(disagreement(pair([], []))).toBe(0);
  });
});

describe('the table of losses', () => {
  const comparison: TwinComparison = {
    layers: [],
    unlike: [],
    part: 'validation',
    samples: 10,
    differing: 2,
    mine: { batch_loss: 0.5, loss: 0.4, accuracy: 0.75 },
    twin: { batch_loss: null, loss: 0.3, accuracy: 1 },
    mine_prediction: null,
    twin_prediction: null,
  };

  it('has the difference of both, and the accuracy for classes only', () => {
    const [batch, loss, accuracy] = linesOf(comparison);
    expect(batch?.gap).toBeNaN();
    expect(loss?.key).toBe('twin.loss.validation');
    expect(loss?.gap).toBeCloseTo(-0.1);
    expect(accuracy).toMatchObject({ key: 'twin.accuracy.validation', gap: 0.25, isShare: true });
    const none = { batch_loss: 1, loss: 1, accuracy: null };
    expect(linesOf({ ...comparison, part: 'training', mine: none, twin: none }).map((line) => line.key)).toEqual([
      'twin.batch_loss',
      'twin.loss.training',
    ]);
  });
});
