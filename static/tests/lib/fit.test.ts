import { describe, expect, it } from 'vitest';
import type { Experiment } from '../../src/lib/experiment';
import { fitToTask } from '../../src/lib/fit';
import { planeExperiment } from './layouts';

const layer = (experiment: Experiment, name: string) =>
  experiment.graph.nodes.find((node) => node.name === name)?.layer;
const path = (experiment: Experiment): string[] => {
  const names = ['input'];
  for (let edge; (edge = experiment.graph.edges.find((one) => one.source === names.at(-1))); ) names.push(edge.target);
  return names;
};

describe('fitting an experiment to other data', () => {
  it('gives three classes three outputs and the loss for them', () => {
    const draft = planeExperiment();
    fitToTask(draft, { problem: 'classification', shape: [4], classes: 3 });
    expect(layer(draft, 'answer')).toMatchObject({ units: 3, activation: { kind: 'linear' } });
    expect(draft.loss.kind).toBe('categorical_cross_entropy');
    expect(draft.data.preprocessing).toEqual([{ kind: 'standardize' }]);
  });

  it('flattens images, and takes the flattening out again', () => {
    const draft = planeExperiment();
    fitToTask(draft, { problem: 'classification', shape: [28, 28], classes: 10 });
    expect(path(draft)).toEqual(['input', 'flatten', 'hidden', 'answer', 'output']);
    fitToTask(draft, { problem: 'classification', shape: [2], classes: 2 });
    expect(path(draft)).toEqual(['input', 'hidden', 'answer', 'output']);
    expect(draft.graph.nodes.map((node) => node.name)).not.toContain('flatten');
    expect(draft.loss.kind).toBe('binary_cross_entropy');
    expect(layer(draft, 'answer')).toMatchObject({ units: 1 });
  });

  it('predicts one value for regression', () => {
    const draft = planeExperiment();
    fitToTask(draft, { problem: 'regression', shape: [1], classes: 2 });
    expect(draft.loss.kind).toBe('mean_squared_error');
    expect(layer(draft, 'answer')).toMatchObject({ units: 1 });
  });

  it('drops features of the plane where there is no plane, and keeps them where there is one', () => {
    const draft = planeExperiment();
    draft.data.preprocessing = [{ kind: 'features', features: ['x1', 'x1_x2'] }];
    fitToTask(draft, { problem: 'classification', shape: [2], classes: 2 });
    expect(draft.data.preprocessing).toHaveLength(1);
    fitToTask(draft, { problem: 'regression', shape: [1], classes: 2 });
    expect(draft.data.preprocessing).toEqual([]);
  });

  it('leaves hidden layers and a fitting loss as they are', () => {
    const draft = planeExperiment();
    draft.loss = { kind: 'binary_cross_entropy' };
    fitToTask(draft, { problem: 'classification', shape: [2], classes: 2 });
    expect(draft).toEqual(planeExperiment());
  });
});
