import { describe, expect, it } from 'vitest';
import { groupRows, quantityOf, rowsUntil, shapesText } from '../../src/debugger/rows';
import { texNumber, texOf } from '../../src/debugger/tex';
import { listingOf } from '../lib/runs';

const PARAMETERS = new Set(['hidden.weights', 'hidden.bias']);
const meant = (block: string, shape: number[], row: number, column: number) =>
  quantityOf({ block, shape }, { row, column }, PARAMETERS, 'input');
const none = { parameter: '', sample: null };

describe('the program of a step', () => {
  it('is grouped by phase, in its order', () => {
    expect(groupRows(listingOf().instructions).map(({ phase, first, rows }) => [phase, first, rows.length])).toEqual([
      ['data', 0, 1],
      ['forward', 1, 1],
      ['loss', 2, 1],
      ['backward', 3, 1],
      ['update', 4, 1],
    ]);
  });

  it('has shapes that can be read', () => {
    const [data, forward] = listingOf().instructions;
    expect([data, forward].map((row) => (row === undefined ? '' : shapesText(row)))).toEqual(['2 × 10', '2 × 2 → 2 × 10']);
  });

  it('is walked until a row has just been done, but not over the end of the step', () => {
    expect([0, 3, 4].map((row) => rowsUntil(row, 5))).toEqual([1, 4, 4]);
  });
});

describe('a number of an operand', () => {
  it('is the output, sum or gradient of a unit for a sample', () => {
    expect(meant('hidden.output', [8, 10], 2, 4)).toEqual({ ...none, kind: 'output', layer: 'hidden', index: [2], sample: 4 });
    expect(meant('hidden.sums', [8, 10], 2, 4)).toMatchObject({ kind: 'sum', index: [2], sample: 4 });
    expect(meant('hidden.grad_output', [8, 10], 2, 4)).toMatchObject({ kind: 'output_gradient', layer: 'hidden' });
    expect(meant('hidden.grad_sums', [8, 10], 2, 4)).toMatchObject({ kind: 'sum_gradient', layer: 'hidden' });
  });

  it('lies the other way round in transposed blocks', () => {
    expect(meant('hidden.output.transposed', [10, 8], 4, 2)).toMatchObject({ kind: 'output', index: [2], sample: 4 });
    expect(meant('inputs_by_sample', [10, 4], 7, 1)).toMatchObject({ kind: 'output', layer: 'input', index: [1], sample: 7 });
  });

  it('has as many places as its unit has axes', () => {
    expect(meant('conv.output', [3, 4, 4, 10], 21, 5)).toMatchObject({ index: [1, 1, 1], sample: 5 });
  });

  it('is a weight, a bias or its gradient', () => {
    const weight = { kind: 'parameter', layer: 'hidden', parameter: 'weights', index: [1, 0], sample: null };
    expect(meant('hidden.weights', [2, 2], 1, 0)).toEqual(weight);
    expect(meant('gradient:hidden.weights', [2, 2], 1, 0)).toEqual({ ...weight, kind: 'parameter_gradient' });
    const bias = { ...weight, parameter: 'bias', index: [3] };
    expect(meant('hidden.bias', [8], 0, 3)).toEqual(bias);
    expect(meant('hidden.bias', [8], 3, 0)).toEqual(bias);
  });

  it('is the mean loss, or that of a sample', () => {
    expect(meant('report', [1], 0, 0)).toMatchObject({ kind: 'loss', sample: null });
    expect(meant('output.losses', [10], 0, 6)).toMatchObject({ kind: 'loss', sample: 6 });
  });

  it('is nothing that could be explained elsewhere', () => {
    expect(meant('order', [250], 0, 3)).toBeNull();
    expect(meant('targets', [1, 10], 0, 3)).toBeNull();
  });
});

describe('arithmetic as TeX', () => {
  const line = { symbol: 'z', formula: 'w x', filled: '2 \\cdot 3', value: 6, links: [] };

  it('stands under its equals sign, without saying anything twice', () => {
    expect(texOf(line)).toBe('\\begin{aligned} z &= w x \\\\  &= 2 \\cdot 3 \\\\  &= 6 \\end{aligned}');
    expect(texOf({ ...line, formula: '', filled: '6' })).toBe('\\begin{aligned} z &= 6 \\end{aligned}');
  });

  it('has numbers of five digits, small ones as powers of ten', () => {
    expect([0.123456, -2, 0, 0.0000123456, null, NaN].map(texNumber)).toEqual([
      '0.12346',
      '-2',
      '0',
      '1.235 \\times 10^{-5}',
      '\\text{?}',
      '\\text{?}',
    ]);
  });
});
