/** A small catalog of layer kinds, with the shapes of ports that the real one has. */

import type { Edge, Graph, Node } from '../../src/lib/experiment';
import type { CatalogField, LayerEntry, Ports } from '../../src/lib/rest';
import { kindsOf } from '../../src/graph/model';

function field(name: string, value: CatalogField['default'], bounds: [number, number] | null): CatalogField {
  return {
    name,
    type: 'integer',
    default: value,
    minimum: bounds?.[0] ?? null,
    maximum: bounds?.[1] ?? null,
    exclusive: false,
    values: [],
    title: null,
    help: null,
    unit: null,
    scale: 'linear',
    choices: null,
  };
}

function entry(kind: string, ports: Partial<Ports> = {}, fields: CatalogField[] = []): LayerEntry {
  const text = { en: kind, zh: kind };
  return {
    kind,
    title: text,
    help: text,
    formula: '',
    fields,
    ports: { inputs: ['input'], variadic: false, outputs: ['output'], ...ports },
  };
}

export const kinds = kindsOf([
  entry('input', { inputs: [] }),
  entry('dense', {}, [field('units', 8, [1, 64])]),
  entry('dropout'),
  entry('add', { variadic: true }),
  entry('output', { outputs: [] }),
]);

export function entryFor(kind: string): LayerEntry {
  const found = kinds.get(kind);
  if (found === undefined) throw new Error(`no kind ${kind}`);
  return found;
}

export function node(name: string, kind: string, units?: number): Node {
  return { name, layer: units === undefined ? { kind } : { kind, units }, position: null, frozen: false, clamps: [] };
}

export function edge(source: string, target: string): Edge {
  return { source, target, source_port: 'output', target_port: 'input' };
}

/** input → hidden1 → hidden2 → output. */
export function chain(): Graph {
  return {
    nodes: [node('input', 'input'), node('hidden1', 'dense', 8), node('hidden2', 'dense', 4), node('output', 'output')],
    edges: [edge('input', 'hidden1'), edge('hidden1', 'hidden2'), edge('hidden2', 'output')],
  };
}

/** input → left → sum, input → right → sum, sum → output. */
export function branches(): Graph {
  return {
    nodes: [
      node('input', 'input'),
      node('left', 'dense', 4),
      node('right', 'dense', 4),
      node('sum', 'add'),
      node('output', 'output'),
    ],
    edges: [
      edge('input', 'left'),
      edge('input', 'right'),
      edge('left', 'sum'),
      edge('right', 'sum'),
      edge('sum', 'output'),
    ],
  };
}

/** Freeze a document so that an operation that changed its argument would throw. */
export function frozen<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null) {
    Object.values(value).forEach(frozen);
    Object.freeze(value);
  }
  return value;
}
