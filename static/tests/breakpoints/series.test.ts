import { describe, expect, it } from 'vitest';
import { acrossOf, curveOf, presentOf } from '../../src/breakpoints/curve';
import { MOST_READINGS, withValues, type Reading } from '../../src/breakpoints/series';
import { valuesOf } from './notes';

const readingsOf = (...pairs: [number, number | null][]): Reading[] => pairs.map(([step, value]) => ({ step, values: [value] }));
const stepsOf = (readings: readonly Reading[]): number[] => readings.map(({ step }) => step);

describe('watched values', () => {
  it('stand in order of their steps, whenever they come', () => {
    const before = readingsOf([10, 1], [30, 3]);
    expect(withValues(before, valuesOf([20, 40], [[2], [4]]))).toEqual(readingsOf([10, 1], [20, 2], [30, 3], [40, 4]));
    expect(withValues(before, valuesOf([0], [[9]]))).toEqual(readingsOf([0, 9], [10, 1], [30, 3]));
    expect(stepsOf(before)).toEqual([10, 30]);
  });

  it('replace what was read at the same step', () => {
    const before = readingsOf([10, 1], [20, 2], [30, 3]);
    expect(withValues(before, valuesOf([20], [[7]]))).toEqual(readingsOf([10, 1], [20, 7], [30, 3]));
    expect(withValues(before, valuesOf([30], [[null]]))).toEqual(readingsOf([10, 1], [20, 2], [30, null]));
  });

  it('begin anew when all before is void', () => {
    expect(withValues(readingsOf([10, 1]), valuesOf([5], [[2]], true))).toEqual(readingsOf([5, 2]));
  });

  it('are thinned where they are old, and keep both ends', () => {
    const steps = Array.from({ length: MOST_READINGS }, (_, step) => step);
    const full = withValues([], valuesOf(steps, steps.map((step) => [step])));
    expect(full).toHaveLength(MOST_READINGS);
    const thinned = withValues(full, valuesOf([MOST_READINGS], [[1]]));
    expect(thinned.length).toBeLessThan(MOST_READINGS);
    expect(thinned.length).toBeGreaterThan(MOST_READINGS / 2);
    expect(stepsOf(thinned).slice(0, 3)).toEqual([0, 2, 4]);
    expect(stepsOf(thinned).slice(-3)).toEqual([MOST_READINGS - 2, MOST_READINGS - 1, MOST_READINGS]);
  });

  it('have as the present one that of where one stands', () => {
    const readings = readingsOf([10, 1], [20, 2], [30, 3]);
    expect(presentOf(readings, 31)?.step).toBe(30);
    expect(presentOf(readings, 20)?.step).toBe(20);
    expect(presentOf(readings, 9)).toBeNull();
  });
});

describe('the curve', () => {
  it('runs from the lowest at the bottom to the highest at the top', () => {
    expect(curveOf(readingsOf([0, -1], [50, 3], [200, 1]), 0)).toEqual({
      path: 'M0 100h0L25 0L100 50',
      low: -1,
      high: 3,
      first: 0,
      last: 200,
    });
  });

  it('has a gap where there is no number', () => {
    expect(curveOf(readingsOf([0, 0], [1, null], [2, 2], [4, 1]), 0)?.path).toBe('M0 100h0M50 0h0L100 50');
  });

  it('is in the middle while the number stands still, and isn’t there without one', () => {
    expect(curveOf(readingsOf([0, 5], [10, 5]), 0)?.path).toBe('M0 50h0L100 50');
    expect(curveOf(readingsOf([7, 5]), 0)?.path).toBe('M50 50h0');
    expect(curveOf(readingsOf([0, null]), 0)).toBeNull();
    expect(curveOf([], 0)).toBeNull();
    expect(curveOf(readingsOf([0, 1]), 3)).toBeNull();
  });

  it('has a place for every step', () => {
    expect([acrossOf(0, 0, 40), acrossOf(10, 0, 40), acrossOf(40, 0, 40), acrossOf(7, 7, 7)]).toEqual([0, 25, 100, 50]);
  });
});
