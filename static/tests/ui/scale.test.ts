import { describe, expect, it } from 'vitest';
import { SLIDER_STEPS, toPosition, toValue, type Range } from '../../src/ui/scale';

const RATE: Range = { minimum: 1e-6, maximum: 10, scale: 'logarithmic', integer: false };
const UNITS: Range = { minimum: 1, maximum: 4096, scale: 'logarithmic', integer: true };
const PENALTY: Range = { minimum: 0, maximum: 1, scale: 'logarithmic', integer: false };
const SHARE: Range = { minimum: 0, maximum: 0.9, scale: 'linear', integer: false };

describe('a slider', () => {
  it.each([RATE, UNITS, PENALTY, SHARE])('reaches both ends of %o', (range) => {
    expect(toValue(0, range)).toBe(range.minimum);
    expect(toValue(SLIDER_STEPS, range)).toBe(range.maximum);
  });

  it.each([RATE, UNITS, PENALTY, SHARE])('never goes down as it goes right: %o', (range) => {
    const values = Array.from({ length: SLIDER_STEPS + 1 }, (_, position) => toValue(position, range));
    expect(values).toEqual([...values].sort((left, right) => left - right));
  });

  it.each([
    [0.03, RATE],
    [32, UNITS],
    [0, PENALTY],
    [0.001, PENALTY],
    [0.5, SHARE],
  ])('shows %d where it would be chosen', (value, range) => {
    const chosen = toValue(toPosition(value, range), range);
    expect(chosen).toBeCloseTo(value, value >= 1 ? -1 : 3);
  });

  it('chooses numbers that a person would type', () => {
    for (let position = 0; position <= SLIDER_STEPS; position++) {
      expect(String(toValue(position, RATE)).replace(/[^1-9]/g, '').length).toBeLessThanOrEqual(3);
      expect(Number.isInteger(toValue(position, UNITS))).toBe(true);
    }
  });

  it('keeps a place for nothing at all on a logarithmic scale', () => {
    expect(toValue(0, PENALTY)).toBe(0);
    expect(toValue(1, PENALTY)).toBeGreaterThan(0);
    expect(toPosition(1e-12, PENALTY)).toBe(1);
  });
});
