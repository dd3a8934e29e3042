import { describe, expect, it } from 'vitest';
import {
  classColour,
  indexOf,
  largest,
  linkColour,
  linkWidth,
  lut,
  paintMap,
  type ColourMode,
  type Scale,
} from '../../src/lib/colour';
import type { TensorView } from '../../src/lib/frame';

const LIGHT: ColourMode = { dark: false, colourBlind: false };
const MODES: ColourMode[] = [true, false].flatMap((dark) => [true, false].map((colourBlind) => ({ dark, colourBlind })));
const SIGNED: Scale[] = ['activation', 'weight', 'gradient', 'probability'];

const channels = (pixel: number): [number, number, number] => [pixel & 255, (pixel >> 8) & 255, (pixel >> 16) & 255];
const luminance = (pixel: number): number => {
  const [red, green, blue] = channels(pixel);
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
};
const tensor = (data: Float32Array | Uint8Array, shape: number[]): TensorView => ({
  key: 0,
  shape,
  dtype: data instanceof Float32Array ? 'float32' : 'uint8',
  data,
  low: -1,
  high: 1,
});

describe('scales', () => {
  it.each(MODES)('are cool below zero and warm above it, in every kind of number: %o', (mode) => {
    for (const scale of SIGNED) {
      const [redLow, , blueLow] = channels(lut(scale, mode)[0] as number);
      const [redHigh, , blueHigh] = channels(lut(scale, mode)[255] as number);
      expect(blueLow).toBeGreaterThan(redLow);
      expect(redHigh).toBeGreaterThan(blueHigh);
    }
  });

  it('are opaque and have 256 steps', () => {
    const table = lut('activation', LIGHT);
    expect(table).toHaveLength(256);
    for (const pixel of table) expect(pixel >>> 24).toBe(255);
  });

  it('have a zero that is the paper: light on light, dark on dark', () => {
    expect(luminance(lut('activation', LIGHT)[128] as number)).toBeGreaterThan(230);
    expect(luminance(lut('activation', { dark: true, colourBlind: false })[128] as number)).toBeLessThan(60);
  });

  it('differ between kinds of numbers', () => {
    const zeros = new Set(SIGNED.map((scale) => `${lut(scale, LIGHT)[128]}/${lut(scale, LIGHT)[255]}`));
    expect(zeros.size).toBeGreaterThanOrEqual(3);
  });

  it('can be told apart by lightness alone in the colour-blind palette', () => {
    const table = lut('activation', { dark: false, colourBlind: true });
    expect(Math.abs(luminance(table[0] as number) - luminance(table[255] as number))).toBeGreaterThan(80);
  });
});

describe('classes', () => {
  it('have ten different colours in each palette', () => {
    for (const mode of MODES) {
      const colours = Array.from({ length: 10 }, (_, index) => classColour(index, mode).join());
      expect(new Set(colours).size).toBe(10);
    }
  });
});

describe('places in a table', () => {
  it('run from one end to the other and stop there', () => {
    expect([-5, -1, 0, 1, 5].map((value) => indexOf(value, 1))).toEqual([0, 0, 128, 255, 255]);
  });

  it('are the middle when nothing is known', () => {
    expect(indexOf(3, 0)).toBe(128);
    expect(indexOf(NaN, 1)).toBe(128);
  });
});

describe('painting', () => {
  it('takes bytes as places, and the right unit', () => {
    const table = lut('activation', LIGHT);
    const pixels = new Uint32Array(2);
    paintMap(pixels, tensor(Uint8Array.of(1, 2, 0, 255), [2, 1, 2]), 1, table);
    expect([...pixels]).toEqual([table[0], table[255]]);
  });

  it('spreads real numbers over their largest magnitude', () => {
    const table = lut('activation', LIGHT);
    const pixels = new Uint32Array(3);
    paintMap(pixels, tensor(Float32Array.of(-4, 0, 2), [1, 3]), 0, table);
    expect([...pixels]).toEqual([table[0], table[128], table[191]]);
  });

  it('ignores infinity and NaN when it looks for the largest', () => {
    expect(largest([1, -3, Infinity, NaN])).toBe(3);
    expect(largest([])).toBe(0);
  });
});

describe('links', () => {
  it('are thicker for larger weights of either sign, never gone', () => {
    expect(linkWidth(0.5, 1)).toBeGreaterThan(linkWidth(0.1, 1));
    expect(linkWidth(-0.5, 1)).toBe(linkWidth(0.5, 1));
    expect(linkWidth(0, 1)).toBeGreaterThan(0);
    expect(linkWidth(NaN, 1)).toBeGreaterThan(0);
    expect(linkWidth(9, 1)).toBe(linkWidth(1, 1));
  });

  it('have the colour of their sign', () => {
    expect(linkColour(1, 1, LIGHT)).not.toBe(linkColour(-1, 1, LIGHT));
  });
});
