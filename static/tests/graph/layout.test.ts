// @vitest-environment node
import { describe, expect, it } from 'vitest';
import type { Graph } from '../../src/lib/experiment';
import { columns, depths, layOut, neighbourOf } from '../../src/graph/layout';
import { edgeId } from '../../src/graph/model';
import { connect, disconnect, moveLayer, renameLayer } from '../../src/graph/operations';
import { branches, chain, edge, kinds, node } from './kinds';

const sizes = new Map(chain().nodes.map((each) => [each.name, { width: 100, height: 200 }]));

describe('columns', () => {
  it('follows the longest way from the input', () => {
    const graph = connect(branches(), edge('input', 'sum'), kinds);
    expect(columns(graph)).toEqual([['input'], ['left', 'right'], ['sum'], ['output']]);
  });

  it('does not depend on the order or the names in the document', () => {
    const graph = chain();
    const shuffled: Graph = { nodes: [...graph.nodes].reverse(), edges: [...graph.edges].reverse() };
    expect(columns(shuffled)).toEqual(columns(graph));
    expect(columns(renameLayer(graph, 'hidden1', 'zebra')).map((column) => column.length)).toEqual([1, 1, 1, 1]);
  });

  it('orders a column so that edges do not cross', () => {
    const graph: Graph = {
      nodes: [...branches().nodes, node('upper', 'dense', 2), node('lower', 'dense', 2), node('join', 'add')],
      edges: [edge('input', 'left'), edge('input', 'right'), edge('right', 'lower'), edge('left', 'upper')],
    };
    expect(columns(graph)[2]).toEqual(['upper', 'lower', 'sum'].filter((name) => columns(graph)[2]?.includes(name)));
  });

  it('puts a layer that nothing feeds right before the one it feeds', () => {
    const graph = chain();
    const loose: Graph = {
      nodes: [...graph.nodes, node('loose', 'dense', 2)],
      edges: [...graph.edges, edge('loose', 'output')],
    };
    expect(depths(loose).get('loose')).toBe(2);
  });

  it('leaves layers where they are when an edge is cut', () => {
    for (const cut of chain().edges) {
      expect(columns(disconnect(chain(), edgeId(cut)))).toEqual(columns(chain()));
    }
  });

  it('still places every layer when there is a cycle', () => {
    const graph = chain();
    const knot: Graph = { ...graph, edges: [...graph.edges, edge('hidden2', 'hidden1')] };
    expect(columns(knot).flat().sort()).toEqual(graph.nodes.map((each) => each.name).sort());
  });
});

describe('positions', () => {
  it('go from left to right without overlap, spreading with the room there is', () => {
    const tight = layOut(chain(), sizes, { available: 300 });
    const wide = layOut(chain(), sizes, { available: 900 });
    const xs = (positions: typeof tight): number[] => chain().nodes.map((each) => positions.get(each.name)?.x ?? NaN);
    for (const [at, x] of xs(tight).entries()) if (at > 0) expect(x).toBeGreaterThan((xs(tight)[at - 1] ?? 0) + 100);
    expect(xs(wide).at(-1)).toBeGreaterThan(xs(tight).at(-1) ?? 0);
    expect((xs(wide).at(-1) ?? 0) + 100).toBeLessThanOrEqual(900);
  });

  it('stack the layers of a column', () => {
    const positions = layOut(branches(), new Map(), { available: 800 });
    expect(positions.get('left')?.x).toBe(positions.get('right')?.x);
    expect(positions.get('right')?.y).toBeGreaterThan((positions.get('left')?.y ?? 0) + 90);
  });

  it('leave a layer where a person has put it', () => {
    const graph = moveLayer(chain(), 'hidden1', { x: 5, y: 500 });
    const positions = layOut(graph, sizes, { available: 800 });
    expect(positions.get('hidden1')).toEqual({ x: 5, y: 500 });
    expect(positions.get('hidden2')).toEqual(layOut(chain(), sizes, { available: 800 }).get('hidden2'));
  });

  it('do not move other layers when one grows', () => {
    const grown = new Map(sizes).set('hidden1', { width: 100, height: 400 });
    expect(layOut(chain(), grown, { available: 800 })).toEqual(layOut(chain(), sizes, { available: 800 }));
  });
});

describe('arrow keys', () => {
  it('walk from layer to layer and stop at the rim', () => {
    const graph = branches();
    expect(neighbourOf(graph, 'input', 'right')).toBe('left');
    expect(neighbourOf(graph, 'left', 'down')).toBe('right');
    expect(neighbourOf(graph, 'right', 'right')).toBe('sum');
    expect(neighbourOf(graph, 'right', 'left')).toBe('input');
    expect(neighbourOf(graph, 'input', 'left')).toBeNull();
    expect(neighbourOf(graph, 'output', 'right')).toBeNull();
    expect(neighbourOf(graph, 'left', 'up')).toBeNull();
  });
});
