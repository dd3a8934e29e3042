// @vitest-environment node
import { beforeEach, describe, expect, it } from 'vitest';
import { bundleOf, isInView, onRibbon, ribbonStrength, waistOf, type Bundle, type BundleEnd } from '../../src/graph/bundles';
import { faceOf } from '../../src/graph/faces';
import { LinkPainter, weightScale, type BundleData, type Emphasis } from '../../src/graph/links';
import type { TensorView } from '../../src/lib/frame';

function end(name: string, units: number, change: Partial<BundleEnd> = {}): BundleEnd {
  const facts = { kind: 'dense', units, shape: [units], mapAxes: 2, labelWidth: 0, rawShape: [] } as const;
  return { name, face: faceOf(facts), hasWeights: false, hasBias: false, ...change };
}

function between(source: BundleEnd, target: BundleEnd): Bundle | null {
  const at = (x: number, { face }: BundleEnd): { x: number; y: number; width: number; height: number } => ({
    x,
    y: 0,
    width: face.width,
    height: face.height,
  });
  return bundleOf(source, at(0, source), target, at(300, target));
}

function weights(values: number[], inputs: number): TensorView {
  const shape = [values.length / inputs, inputs];
  return { key: 0, shape, dtype: 'float32', data: Float32Array.from(values), low: 0, high: 0 };
}

interface Stroke {
  colour: string;
  width: number;
  alpha: number;
  curves: [number, number][];
}

/** A canvas that only remembers what was stroked and filled. */
class Recorder {
  strokeStyle = '';
  fillStyle = '';
  lineWidth = 0;
  lineCap = '';
  globalAlpha = 1;
  strokes: Stroke[] = [];
  fills = 0;
  #curves: [number, number][] = [];
  #from = 0;

  beginPath = (): void => void (this.#curves = []);
  moveTo = (_x: number, y: number): void => void (this.#from = y);
  bezierCurveTo = (...points: number[]): void => void this.#curves.push([this.#from, points[5] ?? NaN]);
  lineTo = (): void => undefined;
  fill = (): void => void (this.fills += 1);
  stroke = (): void => {
    const { strokeStyle: colour, lineWidth: width, globalAlpha: alpha } = this;
    this.strokes.push({ colour, width, alpha, curves: this.#curves });
  };
}

const mode = { dark: false, colourBlind: false };
let recorder: Recorder;

function paint(bundle: Bundle | null, data: Partial<BundleData>, emphasis: Emphasis | null = null): Stroke[] {
  if (bundle === null) throw new Error('no bundle');
  const all = { weights: undefined, link: undefined, ...data };
  const options = { mode, neutral: 'grey', halo: 'white', emphasis };
  new LinkPainter().paint(recorder as unknown as CanvasRenderingContext2D, [bundle], () => all, options);
  return recorder.strokes;
}

beforeEach(() => {
  recorder = new Recorder();
});

describe('the kind of a bundle', () => {
  it('follows the number of weights and whether units have lines of their own', () => {
    expect(between(end('a', 7), end('b', 8, { hasWeights: true }))?.type).toBe('links');
    expect(between(end('a', 24), end('b', 24, { hasWeights: true }))?.type).toBe('links');
    expect(between(end('a', 8), end('b', 40, { hasWeights: true }))?.type).toBe('ribbon');
    expect(between(end('a', 64), end('b', 8, { hasWeights: true }))?.type).toBe('ribbon');
    expect(between(end('a', 8), end('b', 8))?.type).toBe('wires');
    expect(between(end('a', 8), end('b', 9))).toBeNull();
  });

  it('is none when the target stands on the left', () => {
    const [source, target] = [end('a', 4), end('b', 4)];
    const box = { x: 0, y: 0, width: 92, height: 200 };
    expect(bundleOf(source, { ...box, x: 300 }, target, box)).toBeNull();
  });
});

describe('links', () => {
  const bundle = between(end('a', 2), end('b', 3, { hasWeights: true }));

  it('runs from every unit to every unit', () => {
    const curves = paint(bundle, { weights: weights([1, 2, 3, -1, -2, -3], 2) }).flatMap((stroke) => stroke.curves);
    expect(curves).toHaveLength(6);
    expect(new Set(curves.map(String)).size).toBe(6);
  });

  it('tells signs by colour and magnitude by width', () => {
    const strokes = paint(bundle, { weights: weights([3, 0.1, 0.1, 0.1, 0.1, -3], 2) });
    const at = (from: number, to: number): Stroke | undefined =>
      strokes.find((stroke) => stroke.curves.some(([y1, y2]) => y1 === from && y2 === to));
    const y = (unit: number): number => (bundle?.from.first ?? 0) + unit * (bundle?.from.step ?? 0);
    const [strong, weak, negative] = [at(y(0), y(0)), at(y(1), y(0)), at(y(1), y(2))];
    expect(strong?.width).toBeGreaterThan(2 * (weak?.width ?? Infinity));
    expect(negative?.width).toBeCloseTo(strong?.width ?? NaN, 5);
    expect(negative?.colour).not.toBe(strong?.colour);
  });

  it('draws strong links over weak ones', () => {
    const widths = paint(bundle, { weights: weights([3, 0.2, 1, -0.5, 2, -2.5], 2) }).map((stroke) => stroke.width);
    expect(widths).toEqual([...widths].sort((left, right) => left - right));
  });

  it('fades what does not belong to the unit picked out', () => {
    const data = { weights: weights([1, 1, 1, 1, 1, 1], 2) };
    const clear = paint(bundle, data, { layer: 'b', unit: 2 }).filter((stroke) => stroke.alpha > 0.4);
    expect(clear.flatMap((stroke) => stroke.curves)).toHaveLength(2);
    recorder = new Recorder();
    const leaving = paint(bundle, data, { layer: 'a', unit: 0 }).filter((stroke) => stroke.alpha > 0.4);
    expect(leaving.flatMap((stroke) => stroke.curves)).toHaveLength(3);
  });

  it('draws one link that is picked out on top, with a halo', () => {
    const emphasis = { layer: 'b', link: { output: 1, input: 0 } };
    const strokes = paint(bundle, { weights: weights([1, 2, 3, 1, 2, 3], 2) }, emphasis);
    expect(strokes.at(-2)?.colour).toBe('white');
    expect(strokes.at(-1)?.curves).toHaveLength(1);
  });

  it('draws as many as both the draft and the engine have', () => {
    const curves = (values: number[]): [number, number][] =>
      paint(bundle, { weights: weights(values, 2) }).flatMap((stroke) => stroke.curves);
    expect(curves([1, 2, 3, 4, 5, 6, 7, 8])).toHaveLength(6);
    recorder = new Recorder();
    expect(curves([1, 2])).toHaveLength(2);
    recorder = new Recorder();
    expect(paint(bundle, {})).toEqual([]);
  });

  it('survives numbers that are none', () => {
    const strokes = paint(bundle, { weights: weights([NaN, Infinity, -Infinity, 1, 1, 1], 2) });
    expect(strokes.flatMap((stroke) => stroke.curves)).toHaveLength(6);
    expect(strokes.every((stroke) => Number.isFinite(stroke.width))).toBe(true);
  });

  it('shares one scale, which a fresh network never fills', () => {
    expect(weightScale([])).toBeGreaterThan(1);
    expect(weightScale([{ weights: weights([0.1, -9], 2), link: undefined }])).toBe(9);
  });
});

describe('ribbons and wires', () => {
  const ribbon = between(end('a', 64), end('b', 10, { hasWeights: true, hasBias: true }));

  it('are the thicker, the larger the weights', () => {
    expect(ribbonStrength(0.2, 64)).toBeGreaterThan(ribbonStrength(0.1, 64));
    expect(ribbonStrength(NaN, 64)).toBe(0);
    expect(waistOf(1)).toBeGreaterThan(waistOf(0));
  });

  it('compare between layers of different widths', () => {
    expect(ribbonStrength(0.1, 100)).toBeCloseTo(ribbonStrength(0.05, 400), 10);
  });

  it('are one shape', () => {
    expect(paint(ribbon, {})).toEqual([]);
    expect(recorder.fills).toBe(1);
  });

  it('leave the squares of biases free', () => {
    const bare = between(end('a', 64), end('b', 10, { hasWeights: true }));
    expect(ribbon?.to.x).toBeLessThan(bare?.to.x ?? 0);
  });

  it('are left out where they cannot be seen', () => {
    if (ribbon === null) throw new Error('no ribbon');
    const all = { x: 0, y: 0, zoom: 1, width: 800, height: 600 };
    expect(isInView(ribbon, all)).toBe(true);
    expect(isInView(ribbon, { ...all, x: -900 })).toBe(false);
    expect(isInView(ribbon, { ...all, y: 700 })).toBe(false);
    expect(isInView(ribbon, { ...all, x: -900, zoom: 4 })).toBe(true);
  });

  it('are hit where they are drawn', () => {
    if (ribbon === null) throw new Error('no ribbon');
    const { from, to, leaves, arrives } = ribbon;
    const middle = (leaves.top + leaves.bottom + arrives.top + arrives.bottom) / 4;
    const half = (from.x + to.x) / 2;
    expect(onRibbon(ribbon, { x: half, y: middle }, 10)).toBe(true);
    expect(onRibbon(ribbon, { x: half, y: middle + 9 }, 10)).toBe(false);
    expect(onRibbon(ribbon, { x: from.x + 1, y: leaves.top + 3 }, 10)).toBe(true);
    expect(onRibbon(ribbon, { x: from.x - 5, y: middle }, 10)).toBe(false);
  });

  it('connect unit by unit where nothing is summed', () => {
    expect(paint(between(end('a', 3), end('b', 3)), {})[0]?.curves).toHaveLength(3);
  });
});
