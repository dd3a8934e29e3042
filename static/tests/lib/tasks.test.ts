import { describe, expect, it } from 'vitest';
import { concerns, layerOfProblem } from '../../src/lib/problem';
import { decide, outputUnits, resultKind } from '../../src/lib/tasks';
import { planeExperiment, planeLayout } from './layouts';

const withOutputs = (units: number, changes = {}) => {
  const layout = planeLayout(changes);
  const layers = layout.layers.map((layer) => (layer.kind === 'output' ? { ...layer, shape: [units] } : layer));
  return { ...layout, layers };
};

describe('the view of a result', () => {
  it.each([
    ['decision', withOutputs(1)],
    ['classes', withOutputs(3)],
    ['surface', withOutputs(1, { problem: 'regression' })],
    ['curve', withOutputs(1, { problem: 'regression', raw_shape: [1], domain: [[-1, 1]] })],
    ['images', withOutputs(10, { raw_shape: [28, 28], domain: null })],
    ['images', withOutputs(10, { raw_shape: [1, 28, 28], domain: null })],
    ['table', withOutputs(3, { raw_shape: [4], domain: null })],
  ] as const)('is “%s” by problem and shape alone', (kind, layout) => {
    expect(resultKind(layout)).toBe(kind);
  });

  it('knows how many numbers are predicted', () => {
    expect(outputUnits(withOutputs(10))).toBe(10);
  });
});

describe('a decision', () => {
  it('is by the half for one output, and by the largest for several', () => {
    expect(decide([0.25])).toEqual({ class: 0, probability: 0.75 });
    expect(decide([0.5])).toEqual({ class: 1, probability: 0.5 });
    expect(decide([0.125, 0.75, 0.125])).toEqual({ class: 1, probability: 0.75 });
  });
});

describe('the place of a problem', () => {
  const at = (where: string) => ({
    code: 'x',
    where,
    message: { en: '', zh: '' },
    hint: { en: '', zh: '' },
    value: null,
    allowed: null,
  });

  it.each([
    ['hidden', 'hidden'],
    ['graph.nodes.hidden.units', 'hidden'],
    ['experiment.graph.nodes.2.layer.dense.units', 'answer'],
    ['graph.nodes.99', null],
    ['data.source.noise', null],
    ['somewhere', null],
  ])('“%s” is layer %s', (where, layer) => {
    expect(layerOfProblem(at(where), planeExperiment())).toBe(layer);
  });

  it('is told to the controls concerned', () => {
    expect(concerns(at('experiment.optimizer.sgd.learning_rate'), 'optimizer')).toBe(true);
    expect(concerns(at('data.preprocessing.features'), 'data')).toBe(true);
    expect(concerns(at('database'), 'data')).toBe(false);
    expect(concerns(null, 'data')).toBe(false);
  });
});
