import { describe, expect, it } from 'vitest';
import { edgesFor, nodesFor, type NodeFacts } from '../../src/graph/flow';
import { faceOf } from '../../src/graph/faces';
import { activationScale, MapColumn, paintBars, paintBiases, paintCells, paintCurve } from '../../src/graph/painters';
import { placeOf } from '../../src/graph/readings';
import { shapeText, shortCount } from '../../src/graph/shapes';
import type { LayerPicture } from '../../src/graph/scene.svelte';
import type { TensorView } from '../../src/lib/frame';
import { edge } from './kinds';

const table = Uint32Array.from({ length: 256 }, (_, index) => index);

function tensor(data: Uint8Array | Float32Array, shape: number[]): TensorView {
  return { key: 0, shape, data, dtype: data instanceof Uint8Array ? 'uint8' : 'float32', low: -1, high: 1 };
}

describe('a response curve', () => {
  const rows = 21;
  const cells = 4;
  // Two units: the second rises from −1 over 0 to +1.
  const curve = tensor(Uint8Array.of(128, 128, 128, 128, 0, 96, 160, 255), [2, cells]);
  const pixels = new Uint32Array(rows * cells);
  paintCurve(pixels, curve, 1, table, rows);
  const column = (cell: number): number[] => Array.from({ length: rows }, (_, row) => pixels[row * cells + cell] ?? -1);

  it('has its highest values at the top', () => {
    expect(column(3)[0]).toBe(255);
    expect(column(0)[rows - 1]).toBe(0);
  });

  it('fills the area between the curve and zero, in the colour of its sign', () => {
    const filled = (cell: number): number => column(cell).filter((pixel) => pixel !== 128).length;
    expect(filled(0)).toBeGreaterThan(filled(1));
    expect(filled(3)).toBeGreaterThan(filled(2));
    expect(column(3).slice(rows / 2 + 2).every((pixel) => pixel === 128)).toBe(true);
    expect(column(0).slice(0, rows / 2 - 2).every((pixel) => pixel === 128)).toBe(true);
  });
});

describe('a column of response maps', () => {
  const facts = { kind: 'dense', units: 3, shape: [3], mapAxes: 2, labelWidth: 0, rawShape: [] } as const;
  const face = faceOf(facts);
  type Drawn = { from: number[]; to: number[] };

  function drawn(units: number): Drawn[] {
    const calls: Drawn[] = [];
    const context = {
      drawImage(_image: unknown, ...numbers: number[]): void {
        calls.push({ from: numbers.slice(0, 4), to: numbers.slice(4) });
      },
    };
    const map = tensor(new Uint8Array(units * 6), [units, 2, 3]);
    new MapColumn().paint(context as unknown as CanvasRenderingContext2D, map, face, table);
    return calls;
  }

  it('shows each unit its own map, at its own place', () => {
    const { unitWidth, unitHeight, gap } = face;
    const expected = [0, 1, 2].map((unit) => ({
      from: [0, unit * 2, 3, 2],
      to: [0, unit * (unitHeight + gap), unitWidth, unitHeight],
    }));
    expect(drawn(3)).toEqual(expected);
  });

  it('leaves units empty that the engine does not have yet, and those away that the draft no longer has', () => {
    expect(drawn(2)).toHaveLength(2);
    expect(drawn(4)).toHaveLength(3);
  });
});

describe('cells and biases', () => {
  const facts = { kind: 'dense', units: 2, shape: [2], mapAxes: 0, labelWidth: 0, rawShape: [] } as const;
  const face = faceOf(facts);
  const colours = Array.from({ length: 256 }, (_, index) => String(index));

  function painted(paint: (context: CanvasRenderingContext2D) => void): { colour: string; x: number; y: number }[] {
    const found: { colour: string; x: number; y: number }[] = [];
    const context = {
      fillStyle: '',
      fillRect(x: number, y: number): void {
        found.push({ colour: this.fillStyle, x, y });
      },
    };
    paint(context as unknown as CanvasRenderingContext2D);
    return found;
  }

  it('are coloured by their numbers, a unit below the other', () => {
    const numbers = tensor(Float32Array.of(-2, 2), [2]);
    const step = face.unitHeight + face.gap;
    expect(painted((context) => paintCells(context, numbers, face, colours, 2))).toEqual([
      { colour: '0', x: 0, y: 0 },
      { colour: '255', x: 0, y: step },
    ]);
    const [first, second] = painted((context) => paintBiases(context, numbers, face, colours));
    expect([first?.colour, second?.colour]).toEqual(['0', '255']);
    expect(first?.x).toBeLessThan(0);
    expect((second?.y ?? 0) - (first?.y ?? 0)).toBe(step);
  });

  it('do not glare with small biases', () => {
    const [small] = painted((context) => paintBiases(context, tensor(Float32Array.of(0.1, 0), [2]), face, colours));
    expect(Number(small?.colour)).toBeLessThan(150);
  });
});

describe('activations', () => {
  it('have the scale of their function, or of the largest in view', () => {
    expect(activationScale(tensor(Float32Array.of(0.2, -0.4), [2]), 1)).toBe(1);
    expect(activationScale(tensor(Float32Array.of(5, -7), [2]), null)).toBe(7);
    expect(activationScale(tensor(Float32Array.of(0.001, 0), [2]), null)).toBe(1);
  });

  it('are bars as long as the probability, with the best one marked', () => {
    const facts = { kind: 'output', units: 3, shape: [3], mapAxes: 0, labelWidth: 30, rawShape: [] } as const;
    const face = faceOf(facts);
    const drawn: { colour: string; width: number }[] = [];
    const context = {
      fillStyle: '',
      clearRect: (): void => undefined,
      fillRect(_x: number, _y: number, width: number): void {
        drawn.push({ colour: this.fillStyle, width });
      },
    };
    const colours = { bar: 'bar', best: 'best', track: 'track' };
    const shares = tensor(Float32Array.of(0.25, 0.75, 0), [3]);
    paintBars(context as unknown as CanvasRenderingContext2D, shares, face, colours);
    const bars = drawn.filter(({ colour }) => colour !== 'track');
    expect(bars.map(({ colour }) => colour)).toEqual(['bar', 'best', 'bar']);
    expect(bars[1]?.width).toBeCloseTo(0.75 * face.unitWidth, 5);
    expect(bars[0]?.width).toBeCloseTo(0.25 * face.unitWidth, 5);
  });
});

describe('words for numbers', () => {
  it('write shapes and counts', () => {
    expect(shapeText([28, 28])).toBe('28×28');
    expect(shapeText([])).toBe('–');
    expect([72, 1100, 50_240, 100_480, 2_400_000].map(shortCount)).toEqual(['72', '1.1k', '50.2k', '100k', '2.4M']);
  });

  it('say where on the plane a point of a map lies', () => {
    const domain = [
      [-6, 6],
      [0, 10],
    ];
    expect(placeOf(domain, 0, 0)).toEqual([-6, 10]);
    expect(placeOf(domain, 1, 1)).toEqual([6, 0]);
    expect(placeOf([[-1, 1]], 0.5, 0)).toEqual([0]);
  });
});

const words = { role: 'connection', label: () => 'From a to b' };

describe('nodes of the editor', () => {
  function facts(name: string, units: number, x = 0): NodeFacts {
    const face = faceOf({ kind: 'dense', units, shape: [units], mapAxes: 2, labelWidth: 0, rawShape: [] });
    const picture = { name, face } as LayerPicture;
    return { picture, position: { x, y: 0 }, label: name, role: 'layer', focusable: false, draggable: true, raised: false };
  }

  it('stay the same objects while nothing about them changes', () => {
    const first = nodesFor([], [facts('a', 4), facts('b', 4, 200)]);
    const second = nodesFor(first, [facts('a', 5), facts('b', 4, 200)]);
    expect(second[0]).not.toBe(first[0]);
    expect(second[0]?.height).toBeGreaterThan(first[0]?.height ?? Infinity);
    expect(second[1]).toBe(first[1]);
  });

  it('stay under the pointer that drags them', () => {
    const [node] = nodesFor([], [facts('a', 4)]);
    if (node === undefined) throw new Error('no node');
    const dragged = { ...node, dragging: true, position: { x: 50, y: 60 } };
    expect(nodesFor([dragged], [facts('a', 5)])[0]?.position).toEqual({ x: 50, y: 60 });
  });

  it('leave the editor in peace when nothing changed', () => {
    const nodes = nodesFor([], [facts('a', 4), facts('b', 4)]);
    expect(nodesFor(nodes, [facts('a', 4), facts('b', 4)])).toBe(nodes);
    const pictures = [{ id: 'x', edge: edge('a', 'b') }];
    const lines = edgesFor([], pictures, words);
    expect(edgesFor(lines, pictures, words)).toBe(lines);
    expect(edgesFor(lines, [], words)).toEqual([]);
    expect(edgesFor(lines, pictures, { ...words, label: () => '从 a 到 b' })[0]?.ariaLabel).toBe('从 a 到 b');
  });

  it('forget layers that are gone', () => {
    const first = nodesFor([], [facts('a', 4), facts('b', 4)]);
    expect(nodesFor(first, [facts('b', 4)]).map((node) => node.id)).toEqual(['b']);
  });

  it('are connected at their named ports', () => {
    const [line] = edgesFor([], [{ id: 'x', edge: { ...edge('a', 'b'), target_port: 'key' } }], words);
    expect(line).toMatchObject({ source: 'a', sourceHandle: 'output', target: 'b', targetHandle: 'key' });
  });
});
