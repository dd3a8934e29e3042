import { describe, expect, it } from 'vitest';
import type { TensorView } from '../../src/lib/frame';
import { lut } from '../../src/lib/colour';
import { moveBrush } from '../../src/views/brush';
import { confuse } from '../../src/views/confusion';
import { nearest, pointsOf, share, ticks, unshare, type Domain } from '../../src/views/plane';
import { paintClasses, paintSingle, predictionsAt } from '../../src/views/surface';
import * as edits from '../../src/panels/data/points';

const MODE = { dark: false, colourBlind: false };
const DOMAIN: Domain = { x: [-6, 6], y: [-6, 6] };
const bytes = (data: number[], shape: number[], low = 0, high = 1): TensorView => ({
  key: 0,
  shape,
  dtype: 'uint8',
  data: Uint8Array.from(data),
  low,
  high,
});
const floats = (data: number[], shape: number[]): TensorView => ({
  key: 0,
  shape,
  dtype: 'float32',
  data: Float32Array.from(data),
  low: 0,
  high: 0,
});

describe('axes', () => {
  it('have round numbers that stay inside', () => {
    expect(ticks(-6, 6)).toEqual([-6, -3, 0, 3, 6]);
    expect(ticks(0, 1)).toEqual([0, 0.25, 0.5, 0.75, 1]);
    for (const [low, high] of [[-1.7, 2.3], [0.001, 0.0052], [-900, 12000]] as const) {
      const found = ticks(low, high);
      expect(found.length).toBeGreaterThanOrEqual(2);
      expect(Math.min(...found)).toBeGreaterThanOrEqual(low);
      expect(Math.max(...found)).toBeLessThanOrEqual(high);
    }
  });

  it('go there and back', () => {
    expect(unshare(share(2.5, [-6, 6]), [-6, 6])).toBeCloseTo(2.5);
  });
});

describe('points of a plot', () => {
  const set = (part: 'training' | 'validation') => ({
    part,
    inputs: floats([1, 2, 3, 4], [2, 2]),
    targets: floats([0, 1], [2]),
    numbers: floats([7, 9], [2]),
    count: 2,
  });

  it('come from both parts, with the number by which they are inspected', () => {
    expect(pointsOf(set('training'), null, set('validation')).map(({ x, y, target, part, number }) => [x, y, target, part, number])).toEqual([
      [1, 2, 0, 'training', 7],
      [3, 4, 1, 'training', 9],
      [1, 2, 0, 'validation', 7],
      [3, 4, 1, 'validation', 9],
    ]);
  });

  it('are found under the pointer, the nearest first, and not from afar', () => {
    const points = pointsOf(set('training'));
    expect(nearest(points, share(3.05, DOMAIN.x), share(4, DOMAIN.y), DOMAIN)).toBe(1);
    expect(nearest(points, 0, 0, DOMAIN)).toBe(-1);
  });
});

describe('a decision surface', () => {
  it('has the middle colour at one half, whatever range the bytes stand for', () => {
    const table = lut('probability', MODE);
    const pixels = new Uint32Array(3);
    paintSingle(pixels, bytes([0, 128, 255], [1, 1, 3], 0, 1), table, 0, 1);
    expect([...pixels]).toEqual([table[0], table[128], table[255]]);
    paintSingle(pixels, bytes([128, 191, 255], [1, 1, 3], -1, 1), table, 0, 1);
    expect(pixels[0]).toBe(table[1]);
    expect(pixels[2]).toBe(table[255]);
  });

  it('shows the winner of several classes, paler where it is unsure', () => {
    const pixels = new Uint32Array(3);
    paintClasses(pixels, bytes([255, 0, 130, 0, 255, 125], [2, 1, 3]), MODE);
    const [sure, other, unsure] = pixels;
    expect(new Set([sure, other, unsure]).size).toBe(3);
    const redness = (pixel: number | undefined) => (pixel ?? 0) & 255;
    expect(redness(unsure)).toBeGreaterThan(redness(sure));
  });

  it('reads one prediction a unit', () => {
    expect(predictionsAt(bytes([0, 255, 51, 204], [2, 1, 2]), 1)).toEqual([1, 0.8]);
  });
});

describe('the confusion table', () => {
  it('counts what is taken for what, and leaves out what is unknown', () => {
    expect(confuse([0, 0, 1, -1, 1], [0, 1, 1, 0, 1], 2)).toEqual([
      [1, 1],
      [0, 2],
    ]);
  });
});

describe('the keyboard on a plane', () => {
  it('moves by arrows and stays inside', () => {
    expect(moveBrush({ x: 0, y: 0 }, 'ArrowRight', 7, 224)).toEqual({ x: 7, y: 0 });
    expect(moveBrush({ x: 0, y: 0 }, 'ArrowUp', 7, 224)).toEqual({ x: 0, y: 0 });
    expect(moveBrush({ x: 0, y: 0 }, 'x', 7, 224)).toBeNull();
  });
});

describe('points by hand', () => {
  const points: edits.Point[] = [
    [1, 2, 0],
    [-1, 0, 1],
  ];

  it('are added, moved and removed without touching the others', () => {
    expect(edits.added(points, 0.12345, 3, 2)).toEqual([...points, [0.123, 3, 2]]);
    expect(edits.moved(points, 0, 5, 5)).toEqual([
      [5, 5, 0],
      [-1, 0, 1],
    ]);
    expect(edits.removed(points, 0)).toEqual([[-1, 0, 1]]);
    expect(points).toHaveLength(2);
  });

  it('go into the experiment and come back', () => {
    expect(edits.handPoints(edits.sourceOf(points))).toEqual(points);
    expect(edits.handPoints({ kind: 'spiral', samples: 10 })).toBeNull();
  });

  it('begin with the samples of the set they replace', () => {
    const samples = [{ x: 0.1234567, y: -2, target: 1, part: 'training' as const, number: 0 }];
    expect(edits.pointsFromSamples(samples)).toEqual([[0.123, -2, 1]]);
  });

  it('know how many classes they need', () => {
    expect(edits.usedClasses([])).toBe(2);
    expect(edits.usedClasses([[0, 0, 4]])).toBe(5);
  });
});
