// @vitest-environment node
import { describe, expect, it } from 'vitest';
import type { Graph } from '../../src/lib/experiment';
import {
  edgeId,
  findNode,
  freshName,
  incoming,
  isEnd,
  isName,
  newNode,
  outgoing,
  portsOf,
  sortLayers,
} from '../../src/graph/model';
import {
  addLayer,
  arrangeLayers,
  connect,
  connectionProblem,
  disconnect,
  duplicateLayer,
  insertAfter,
  insertBefore,
  insertLayer,
  moveLayer,
  nameProblem,
  removeLayer,
  renameLayer,
  setField,
  setUnits,
} from '../../src/graph/operations';
import { branches, chain, edge, entryFor, frozen, kinds, node } from './kinds';

const pairs = (graph: Graph): string[] => graph.edges.map((each) => `${each.source}>${each.target}`);

describe('inserting', () => {
  it('puts a layer into an edge, keeping its neighbours', () => {
    const graph = frozen(chain());
    const next = insertLayer(graph, edgeId(edge('hidden1', 'hidden2')), newNode(graph, entryFor('dropout')), kinds);
    expect(pairs(next)).toEqual(['input>hidden1', 'hidden1>dropout1', 'dropout1>hidden2', 'hidden2>output']);
    expect(next.nodes.map((each) => each.name)).toEqual(['input', 'hidden1', 'dropout1', 'hidden2', 'output']);
  });

  it('keeps the order of a variadic port', () => {
    const next = insertLayer(frozen(branches()), edgeId(edge('left', 'sum')), node('between', 'dropout'), kinds);
    expect(incoming(next, 'sum').map((each) => each.source)).toEqual(['between', 'right']);
  });

  it('gives every successor to a layer put behind another', () => {
    const next = insertAfter(frozen(branches()), 'input', node('shared', 'dense', 3), kinds);
    expect(outgoing(next, 'input').map((each) => each.target)).toEqual(['shared']);
    expect(outgoing(next, 'shared').map((each) => each.target)).toEqual(['left', 'right']);
  });

  it('puts a layer before another', () => {
    const next = insertBefore(frozen(chain()), 'output', node('extra', 'dense', 2), kinds);
    expect(pairs(next)).toEqual(['input>hidden1', 'hidden1>hidden2', 'hidden2>extra', 'extra>output']);
  });

  it('refuses what has no free name, no such edge, or no port to go through', () => {
    const graph = frozen(chain());
    const id = edgeId(edge('hidden1', 'hidden2'));
    expect(insertLayer(graph, id, node('hidden1', 'dropout'), kinds)).toBe(graph);
    expect(insertLayer(graph, 'nothing', node('new1', 'dropout'), kinds)).toBe(graph);
    expect(insertLayer(graph, id, node('again', 'input'), kinds)).toBe(graph);
    expect(insertAfter(graph, 'output', node('after', 'dense'), kinds)).toBe(graph);
    expect(addLayer(graph, node('1st', 'dense'))).toBe(graph);
  });

  it('takes the defaults of the catalog', () => {
    expect(newNode(chain(), entryFor('dense'))).toEqual({
      name: 'dense1',
      layer: { kind: 'dense', units: 8 },
      position: null,
      frozen: false,
      clamps: [],
    });
  });
});

describe('removing', () => {
  it('reconnects the neighbours in a chain', () => {
    expect(pairs(removeLayer(frozen(chain()), 'hidden1', kinds))).toEqual(['input>hidden2', 'hidden2>output']);
  });

  it('undoes an insertion exactly', () => {
    const graph = frozen(chain());
    const inserted = insertLayer(graph, edgeId(edge('input', 'hidden1')), node('more', 'dense', 3), kinds);
    expect(removeLayer(inserted, 'more', kinds)).toEqual(graph);
  });

  it('hands all its inputs to a variadic port, and one to an ordinary port', () => {
    const graph = frozen(branches());
    const twice = insertAfter(graph, 'sum', node('second', 'add'), kinds);
    expect(pairs(removeLayer(twice, 'sum', kinds))).toContain('right>second');
    expect(incoming(removeLayer(graph, 'sum', kinds), 'output').map((each) => each.source)).toEqual(['left']);
  });

  it('never removes an end of the network', () => {
    const graph = frozen(chain());
    expect(removeLayer(graph, 'input', kinds)).toBe(graph);
    expect(removeLayer(graph, 'output', kinds)).toBe(graph);
    expect(removeLayer(graph, 'nobody', kinds)).toBe(graph);
  });

  it('removes a single edge', () => {
    const graph = frozen(chain());
    expect(pairs(disconnect(graph, edgeId(edge('hidden1', 'hidden2'))))).toEqual(['input>hidden1', 'hidden2>output']);
    expect(disconnect(graph, 'nothing')).toBe(graph);
  });
});

describe('connecting', () => {
  it('says why it refuses', () => {
    const graph = frozen(chain());
    expect(connectionProblem(graph, edge('hidden1', 'hidden1'), kinds)).toBe('itself');
    expect(connectionProblem(graph, edge('hidden2', 'hidden1'), kinds)).toBe('cycle');
    expect(connectionProblem(graph, edge('input', 'hidden1'), kinds)).toBe('duplicate');
    expect(connectionProblem(graph, edge('input', 'nobody'), kinds)).toBe('missing');
    expect(connectionProblem(graph, { ...edge('input', 'hidden2'), target_port: 'query' }, kinds)).toBe('port');
    expect(connect(graph, edge('hidden2', 'hidden1'), kinds)).toBe(graph);
  });

  it('replaces the edge of a port that takes one, in its place', () => {
    const next = connect(frozen(chain()), edge('input', 'hidden2'), kinds);
    expect(pairs(next)).toEqual(['input>hidden1', 'input>hidden2', 'hidden2>output']);
  });

  it('adds to a variadic port', () => {
    const next = connect(frozen(branches()), edge('input', 'sum'), kinds);
    expect(incoming(next, 'sum').map((each) => each.source)).toEqual(['left', 'right', 'input']);
  });
});

describe('fields, names and places', () => {
  it('keeps units within what the kind allows', () => {
    const units = (wanted: number): unknown =>
      findNode(setUnits(frozen(chain()), 'hidden1', wanted, kinds), 'hidden1')?.layer.units;
    expect([units(9), units(0), units(1e6), units(2.4)]).toEqual([9, 1, 64, 2]);
    expect(units(NaN)).toBe(8);
  });

  it('leaves a layer without units alone', () => {
    const graph = frozen(branches());
    expect(setUnits(graph, 'sum', 3, kinds)).toBe(graph);
  });

  it('renames a layer with its edges', () => {
    const next = renameLayer(frozen(chain()), 'hidden1', 'first');
    expect(pairs(next)).toEqual(['input>first', 'first>hidden2', 'hidden2>output']);
    expect(renameLayer(next, 'first', 'hidden1')).toEqual(chain());
  });

  it('says why a name is refused', () => {
    expect(nameProblem(chain(), 'hidden1', '1st')).toBe('pattern');
    expect(nameProblem(chain(), 'hidden1', 'hidden2')).toBe('taken');
    expect(nameProblem(chain(), 'hidden1', 'hidden1')).toBeNull();
  });

  it('copies a layer behind itself with a name of its own', () => {
    const next = duplicateLayer(frozen(chain()), 'hidden1', kinds);
    expect(pairs(next)).toContain('hidden1>hidden3');
    expect(pairs(next)).toContain('hidden3>hidden2');
    expect(findNode(next, 'hidden3')?.layer).toEqual(findNode(next, 'hidden1')?.layer);
  });

  it('remembers and forgets places', () => {
    const graph = frozen(chain());
    const moved = moveLayer(graph, 'hidden1', { x: 10.4, y: -3.6 });
    expect(findNode(moved, 'hidden1')?.position).toEqual({ x: 10, y: -4 });
    expect(arrangeLayers(frozen(moved))).toEqual(graph);
    expect(arrangeLayers(graph)).toBe(graph);
  });

  it('finds free names', () => {
    expect(freshName(chain(), 'hidden1')).toBe('hidden3');
    expect(freshName(chain(), 'dense')).toBe('dense1');
  });
});

/** Numbers in [0, 1) that are the same at every run (mulberry32). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

function randomChange(graph: Graph, next: () => number): Graph {
  const pick = <Item>(items: readonly Item[]): Item | undefined => items[Math.floor(next() * items.length)];
  const name = pick(graph.nodes)?.name ?? 'input';
  const other = pick(graph.nodes)?.name ?? 'output';
  const id = edgeId(pick(graph.edges) ?? edge('input', 'output'));
  const fresh = newNode(graph, entryFor(pick(['dense', 'dropout', 'add']) ?? 'dense'));
  const changes: (() => Graph)[] = [
    () => insertLayer(graph, id, fresh, kinds),
    () => insertAfter(graph, name, fresh, kinds),
    () => insertBefore(graph, name, fresh, kinds),
    () => addLayer(graph, fresh),
    () => removeLayer(graph, name, kinds),
    () => connect(graph, edge(name, other), kinds),
    () => disconnect(graph, id),
    () => setUnits(graph, name, Math.floor(next() * 80), kinds),
    () => setField(graph, name, 'rate', next()),
    () => renameLayer(graph, name, pick(['alpha', 'beta', '9', 'hidden1']) ?? 'alpha'),
    () => duplicateLayer(graph, name, kinds),
    () => moveLayer(graph, name, { x: next() * 100, y: next() * 100 }),
    () => arrangeLayers(graph),
  ];
  return (pick(changes) ?? changes[0])?.() ?? graph;
}

function expectSound(graph: Graph): void {
  const names = graph.nodes.map((each) => each.name);
  expect(new Set(names).size).toBe(names.length);
  expect(names.filter((name) => !isName(name))).toEqual([]);
  expect(graph.nodes.filter((each) => isEnd(kinds, each.layer.kind))).toHaveLength(2);
  expect(new Set(graph.edges.map(edgeId)).size).toBe(graph.edges.length);
  const place = new Map(sortLayers(graph).map((name, at) => [name, at]));
  for (const each of graph.edges) {
    const source = findNode(graph, each.source);
    const target = findNode(graph, each.target);
    expect(portsOf(kinds, source?.layer.kind ?? '').outputs).toContain(each.source_port);
    expect(portsOf(kinds, target?.layer.kind ?? '').inputs).toContain(each.target_port);
    // Every edge leads forward in the sorted order: there is no cycle.
    expect(place.get(each.source)).toBeLessThan(place.get(each.target) ?? -1);
    if (!portsOf(kinds, target?.layer.kind ?? '').variadic) expect(incoming(graph, each.target)).toHaveLength(1);
  }
}

describe('any sequence of changes', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])('keeps the graph sound and undo exact (sequence %i)', (seed) => {
    const next = random(seed);
    const before: { graph: Graph; text: string }[] = [];
    let graph = frozen(seed % 2 === 0 ? chain() : branches());
    for (let change = 0; change < 120; change += 1) {
      before.push({ graph, text: JSON.stringify(graph) });
      graph = frozen(randomChange(graph, next));
      expectSound(graph);
    }
    expect(before.some((entry) => entry.graph.nodes.length > 5)).toBe(true);
    for (const entry of before.reverse()) expect(JSON.stringify(entry.graph)).toBe(entry.text);
  });
});
