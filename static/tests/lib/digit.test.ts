import { describe, expect, it } from 'vitest';
import { centreDigit, type Ink } from '../../src/lib/digit';

const SIZE = 28;

/** A filled rectangle on a pad of 224 × 224. */
function rectangle(left: number, top: number, width: number, height: number): Ink {
  const data = new Float32Array(224 * 224);
  for (let y = top; y < top + height; y++) for (let x = left; x < left + width; x++) data[y * 224 + x] = 1;
  return { width: 224, height: 224, data };
}

function measure(field: Float32Array) {
  let mass = 0;
  let x = 0;
  let y = 0;
  const columns = new Set<number>();
  const rows = new Set<number>();
  for (const [place, value] of field.entries()) {
    mass += value;
    x += value * ((place % SIZE) + 0.5);
    y += value * (Math.floor(place / SIZE) + 0.5);
    if (value > 0.01) {
      columns.add(place % SIZE);
      rows.add(Math.floor(place / SIZE));
    }
  }
  return { mass, x: x / mass, y: y / mass, width: columns.size, height: rows.size };
}

describe('a drawn digit', () => {
  it('is scaled so that its longer side is 20 of 28, whatever its size', () => {
    expect(measure(centreDigit(rectangle(10, 10, 20, 60), SIZE))).toMatchObject({ height: 20 });
    expect(measure(centreDigit(rectangle(5, 90, 200, 50), SIZE))).toMatchObject({ width: 20, height: 5 });
  });

  it('keeps its proportions', () => {
    const { width, height } = measure(centreDigit(rectangle(60, 20, 40, 160), SIZE));
    expect([width, height]).toEqual([5, 20]);
  });

  it.each([
    [0, 0],
    [150, 3],
    [90, 120],
  ])('is centred by its mass, drawn anywhere (%i, %i)', (left, top) => {
    const { x, y } = measure(centreDigit(rectangle(left, top, 30, 90), SIZE));
    expect(Math.abs(x - 14)).toBeLessThanOrEqual(0.5);
    expect(Math.abs(y - 14)).toBeLessThanOrEqual(0.5);
  });

  it('is centred by mass, not by its frame', () => {
    // A 7-like shape: a heavy bar on top of a thin leg.
    const ink = rectangle(20, 20, 120, 50);
    for (let y = 70; y < 170; y++) for (let x = 124; x < 140; x++) ink.data[y * 224 + x] = 1;
    const { y } = measure(centreDigit(ink, SIZE));
    expect(Math.abs(y - 14)).toBeLessThanOrEqual(0.5);
  });

  it('has soft edges', () => {
    const ink = rectangle(50, 50, 33, 97);
    const values = new Set([...centreDigit({ ...ink }, SIZE)].map((value) => Math.round(value * 100)));
    const slanted = rectangle(50, 50, 1, 1);
    for (let y = 0; y < 150; y++) for (let x = 0; x < 18; x++) slanted.data[(y + 30) * 224 + 40 + x + (y >> 1)] = 1;
    const soft = [...centreDigit(slanted, SIZE)].filter((value) => value > 0.05 && value < 0.95);
    expect(values.has(100)).toBe(true);
    expect(soft.length).toBeGreaterThan(10);
  });

  it('stays within 0 and 1, and is empty for an empty pad', () => {
    for (const value of centreDigit(rectangle(0, 0, 224, 224), SIZE)) {
      expect(value).toBeGreaterThanOrEqual(0);
      expect(value).toBeLessThanOrEqual(1.0001);
    }
    expect(centreDigit({ width: 224, height: 224, data: new Float32Array(224 * 224) }, SIZE).every((value) => value === 0)).toBe(true);
  });
});
