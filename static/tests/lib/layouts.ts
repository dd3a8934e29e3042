/** Layouts and experiments as a server would send them. */

import type { Experiment } from '../../src/lib/experiment';
import type { Layout, TensorLayout } from '../../src/lib/protocol';

const map = (layer: string): TensorLayout => ({ layer, quantity: 'map', shape: [1, 4, 4], dtype: 'uint8' });

/** Two inputs, two hidden units, one output, on the plane. */
export function planeLayout(changes: Partial<Layout> = {}): Layout {
  return {
    type: 'layout',
    revision: 1,
    layers: [
      { name: 'input', kind: 'input', shape: [2], inputs: [], parameters: 0, map_scale: null },
      { name: 'hidden', kind: 'dense', shape: [2], inputs: ['input'], parameters: 6, map_scale: 1 },
      { name: 'answer', kind: 'dense', shape: [1], inputs: ['hidden'], parameters: 3, map_scale: null },
      { name: 'output', kind: 'output', shape: [1], inputs: ['answer'], parameters: 0, map_scale: null },
    ],
    tensors: [
      map('input'),
      map('hidden'),
      map('output'),
      { layer: 'hidden', quantity: 'weights', shape: [2, 2], dtype: 'float32' },
      { layer: 'output', quantity: 'activation', shape: [1], dtype: 'float32' },
      { layer: 'output', quantity: 'prediction', shape: [4, 1], dtype: 'float32' },
    ],
    problem: 'classification',
    classes: [
      { en: 'Blue', zh: '蓝' },
      { en: 'Orange', zh: '橙' },
    ],
    features: [
      { en: 'x₁', zh: 'x₁' },
      { en: 'x₂', zh: 'x₂' },
    ],
    raw_features: [
      { en: 'x₁', zh: 'x₁' },
      { en: 'x₂', zh: 'x₂' },
    ],
    raw_shape: [2],
    domain: [
      [-6, 6],
      [-6, 6],
    ],
    resolution: 4,
    training_samples: 100,
    validation_samples: 100,
    gallery: [],
    steps_per_epoch: 10,
    ...changes,
  };
}

/** The experiment behind `planeLayout`. */
export function planeExperiment(): Experiment {
  return {
    version: 1,
    title: 'Spiral',
    data: { source: { kind: 'spiral', samples: 200, noise: 0.1 }, preprocessing: [], validation_share: 0.5 },
    graph: {
      nodes: [
        { name: 'input', layer: { kind: 'input' }, position: null, frozen: false, clamps: [] },
        { name: 'hidden', layer: { kind: 'dense', units: 2, activation: { kind: 'tanh' } }, position: null, frozen: false, clamps: [] },
        { name: 'answer', layer: { kind: 'dense', units: 1, activation: { kind: 'linear' } }, position: null, frozen: false, clamps: [] },
        { name: 'output', layer: { kind: 'output' }, position: null, frozen: false, clamps: [] },
      ],
      edges: [
        { source: 'input', target: 'hidden', source_port: 'output', target_port: 'input' },
        { source: 'hidden', target: 'answer', source_port: 'output', target_port: 'input' },
        { source: 'answer', target: 'output', source_port: 'output', target_port: 'input' },
      ],
    },
    loss: { kind: 'binary_cross_entropy' },
    optimizer: { kind: 'sgd', learning_rate: 0.03 },
    regularization: { l1: 0, l2: 0 },
    batch_size: 10,
    seeds: { data: 1, weights: 1, batches: 1 },
    task: { kind: 'supervised' },
  };
}
