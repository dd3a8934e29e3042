/**
 * Making an experiment fit other data: as many outputs as the answer has, a loss for its problem, and the
 * preprocessing that its samples can go through. Hidden layers stay as they are.
 */

import type { Edge, Experiment, Graph, Member } from './experiment';

/** What there is to learn. */
export interface Task {
  problem: 'classification' | 'regression';
  /** Shape of one raw sample. */
  shape: readonly number[];
  /** Number of classes; ignored for regression. */
  classes: number;
}

const FLATTEN = 'flatten';
const PLANE_AXES = 2;

const kindOf = (graph: Graph, name: string): string | undefined =>
  graph.nodes.find((node) => node.name === name)?.layer.kind;

const namesOf = (graph: Graph, kind: string): string[] =>
  graph.nodes.filter((node) => node.layer.kind === kind).map((node) => node.name);

/** Change `draft` so that it can learn `task`. */
export function fitToTask(draft: Experiment, task: Task): void {
  fitPreprocessing(draft, task);
  fitInputs(draft.graph, task.shape.length > 1);
  fitOutputs(draft, task);
}

function fitPreprocessing(draft: Experiment, { shape }: Task): void {
  const isPlane = shape.length === 1 && shape[0] === PLANE_AXES;
  const isTable = shape.length === 1 && (shape[0] ?? 0) > PLANE_AXES;
  const steps = draft.data.preprocessing.filter((step) => step.kind !== 'features' || isPlane);
  // The columns of a table are in units of their own; without scaling the largest would drown the rest.
  const isScaled = steps.some((step) => step.kind === 'standardize' || step.kind === 'minmax');
  draft.data.preprocessing = isTable && !isScaled ? [...steps, { kind: 'standardize' }] : steps;
}

/** Images are flattened before dense layers; anything else needs no flattening. */
function fitInputs(graph: Graph, isImage: boolean): void {
  for (const input of namesOf(graph, 'input')) {
    const edges = graph.edges.filter((edge) => edge.source === input);
    for (const edge of edges) {
      const kind = kindOf(graph, edge.target);
      if (isImage && kind === 'dense') insertFlatten(graph, edge);
      if (!isImage && kind === FLATTEN) bypass(graph, edge.target);
    }
  }
}

function freeName(graph: Graph, base: string): string {
  const names = new Set(graph.nodes.map((node) => node.name));
  if (!names.has(base)) return base;
  let number = 2;
  while (names.has(`${base}${number}`)) number += 1;
  return `${base}${number}`;
}

function insertFlatten(graph: Graph, edge: Edge): void {
  const name = freeName(graph, FLATTEN);
  graph.nodes.push({ name, layer: { kind: FLATTEN }, position: null, frozen: false, clamps: [] });
  graph.edges.push({ source: name, target: edge.target, source_port: 'output', target_port: edge.target_port });
  edge.target = name;
  edge.target_port = 'input';
}

/** Take a layer with one input out, and join what was before and after it. */
function bypass(graph: Graph, name: string): void {
  const source = graph.edges.find((edge) => edge.target === name);
  if (source === undefined) return;
  for (const edge of graph.edges) {
    if (edge.source === name) Object.assign(edge, { source: source.source, source_port: source.source_port });
  }
  graph.edges = graph.edges.filter((edge) => edge !== source);
  graph.nodes = graph.nodes.filter((node) => node.name !== name);
}

function lossFor(task: Task): string {
  if (task.problem === 'regression') return 'mean_squared_error';
  return task.classes === 2 ? 'binary_cross_entropy' : 'categorical_cross_entropy';
}

function fitOutputs(draft: Experiment, task: Task): void {
  const isSingle = task.problem === 'regression' || task.classes === 2;
  for (const output of namesOf(draft.graph, 'output')) {
    for (const edge of draft.graph.edges.filter((one) => one.target === output)) {
      const node = draft.graph.nodes.find((one) => one.name === edge.source);
      if (node?.layer.kind === 'dense') node.layer = answerLayer(node.layer, isSingle ? 1 : task.classes);
    }
  }
  const loss = lossFor(task);
  if (draft.loss.kind !== loss) draft.loss = { kind: loss };
}

/** Losses take raw outputs: the last layer has no activation of its own. */
function answerLayer(layer: Member, units: number): Member {
  return { ...layer, units, activation: { kind: 'linear' } };
}
