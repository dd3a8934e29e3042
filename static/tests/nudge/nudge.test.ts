import { cleanup, fireEvent, render, screen, within } from '@testing-library/svelte';
import { tick } from 'svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { changesOf, points, shareOf, signed, verdictOf } from '../../src/inspector/nudge/changes';
import { cellBeside, featuresOf, listed, pixelRange, touched, wayTo, type Feature } from '../../src/inspector/nudge/features';
import Nudge from '../../src/inspector/nudge/Nudge.svelte';
import { nudging } from '../../src/inspector/nudge/nudging.svelte';
import { i18n, number } from '../../src/lib/i18n.svelte';
import { notices } from '../../src/lib/notices.svelte';
import type { InputComparison, Inspected, LayerShift, Layout } from '../../src/lib/protocol';
import { samples, type SampleSet } from '../../src/lib/samples.svelte';
import { session } from '../../src/lib/session.svelte';
import { drawnPlace, inspectedValues } from '../../src/views/inspecting';
import { openSession } from '../graph/page';
import { planeLayout } from '../lib/layouts';
import { statusOf } from '../lib/runs';
import type { FakeSocket } from '../lib/sockets';

const floats = (data: number[], shape: number[]) => ({
  key: 0,
  shape,
  dtype: 'float32' as const,
  data: Float32Array.from(data),
  low: 0,
  high: 0,
});

const setOf = (inputs: number[], shape: number[]): SampleSet => ({
  part: 'validation',
  inputs: floats(inputs, shape),
  targets: floats(Array.from({ length: shape[0] ?? 0 }, () => 1), [shape[0] ?? 0]),
  numbers: floats(Array.from({ length: shape[0] ?? 0 }, (_, index) => index), [shape[0] ?? 0]),
  count: shape[0] ?? 0,
});

const shift = (changes: Partial<LayerShift> = {}): LayerShift => ({
  layer: 'hidden',
  distance: 0.5,
  length: 2,
  unit: 1,
  before: 0.25,
  after: 0.75,
  ...changes,
});

const comparison = (before: (number | null)[], after: (number | null)[]): InputComparison => ({
  step: 7,
  before,
  after,
  layers: [shift()],
});

describe('features', () => {
  it('range over the domain of the data, or over what the data hold', () => {
    expect(featuresOf(planeLayout(), []).map(({ name, low, high }) => [name, low, high])).toEqual([
      ['x₁', -6, 6],
      ['x₂', -6, 6],
    ]);
    const layout = planeLayout({ domain: null, raw_shape: [3], raw_features: [] });
    const sets = [setOf([1, 5, 2, 3, 5, 0], [2, 3]), null, setOf([9, 5, 1], [1, 3])];
    expect(featuresOf(layout, sets).map(({ name, low, high }) => [name, low, high])).toEqual([
      ['x1', 1, 9],
      ['x2', 4, 6],
      ['x3', 0, 2],
    ]);
    expect(featuresOf(layout, [null])[0]).toMatchObject({ low: -1, high: 1 });
  });

  it('are all listed when they are few; of many those that are moved or looked for', () => {
    const many = (count: number): Feature[] =>
      Array.from({ length: count }, (_, index) => ({ index, name: `Gene ${index}`, low: 0, high: 1 }));
    expect(listed(many(32), 'nothing', () => false)).toMatchObject({ rest: 0, shown: { length: 32 } });
    const found = listed(many(100), '', (feature) => feature === 90);
    expect([found.shown.length, found.shown[0]?.index, found.rest]).toEqual([32, 90, 68]);
    expect(listed(many(100), 'gene 9', (feature) => feature === 3).shown.map(({ index }) => index)).toEqual([
      3, 9, 90, 91, 92, 93, 94, 95, 96, 97, 98, 99,
    ]);
    expect(listed(many(100), 'protein', () => false)).toEqual({ shown: [], rest: 0 });
  });
});

describe('pixels', () => {
  it('move by steps of the range of all pictures and stay within it', () => {
    const bytes = { ...setOf([], [0]), inputs: { ...floats([], [1]), dtype: 'uint8' as const, low: -1, high: 1 } };
    expect(pixelRange([bytes, null])).toEqual({ low: -1, high: 1 });
    expect(pixelRange([setOf([0.25, -2, 6, 1], [1, 2, 2])])).toEqual({ low: -2, high: 6 });
    const range = { low: 0, high: 2 };
    expect([touched(0, 1, range), touched(1.75, 1, range), touched(0.25, -1, range)]).toEqual([0.5, 2, 0]);
  });

  it('are reached by arrows, and a fast pointer leaves none out', () => {
    const size = { width: 5, height: 3 };
    expect(cellBeside({ column: 4, row: 2 }, 'ArrowRight', size)).toEqual({ column: 4, row: 2 });
    expect(cellBeside({ column: 4, row: 2 }, 'ArrowDown', size)).toEqual({ column: 4, row: 2 });
    expect(cellBeside({ column: 4, row: 2 }, 'ArrowUp', size)).toEqual({ column: 4, row: 1 });
    expect(cellBeside({ column: 0, row: 0 }, 'x', size)).toBeNull();
    expect(wayTo({ column: 0, row: 0 }, { column: 3, row: 1 })).toEqual([
      { column: 1, row: 0 },
      { column: 2, row: 1 },
      { column: 3, row: 1 },
    ]);
    expect(wayTo({ column: 2, row: 2 }, { column: 2, row: 2 })).toEqual([]);
  });
});

describe('changes', () => {
  const classes = ['A', 'B', 'C'].map((name) => ({ en: name, zh: `${name}类` }));
  const classification = { problem: 'classification' as const, classes };

  beforeEach(() => i18n.setLanguage('en'));

  it('have a sign, unless they round to nothing', () => {
    expect([0.125, -0.125, 0.00001, -0.00001, 0].map(points)).toEqual(['+12.50', '−12.50', '0.00', '0.00', '0.00']);
    expect(signed(-2.5, (size) => number(size, 3))).toBe('−2.5');
    expect([shareOf(shift()), shareOf(shift({ length: 0 })), shareOf(shift({ distance: null }))]).toEqual([0.25, null, null]);
  });

  it('are listed in order; of many those that are largest', () => {
    expect(changesOf(comparison([0.5, null], [0.75, 0.5])).rows).toEqual([
      { place: 0, before: 0.5, after: 0.75, difference: 0.25 },
      { place: 1, before: NaN, after: 0.5, difference: NaN },
    ]);
    const before = Array.from({ length: 30 }, () => 0);
    const found = changesOf(comparison(before, before.map((_, place) => (place < 6 ? 0 : place))));
    expect([found.rows.map(({ place }) => place)[0], found.rows.length, found.rest]).toEqual([6, 24, 6]);
  });

  it('are told in a sentence', () => {
    const tell = (before: number[], after: number[], moved = true): string =>
      verdictOf(comparison(before, after), classification, moved, 'en');
    expect(tell([0.7, 0.2, 0.1], [0.7, 0.2, 0.1], false)).toBe('The network says A (70.0%).');
    expect(tell([0.7, 0.2, 0.1], [0.6, 0.3, 0.1])).toBe('Still A: 70.0% before, 60.0% now.');
    expect(tell([0.7, 0.2, 0.1], [0.1, 0.1, 0.8])).toBe('Now C (80.0%) instead of A (70.0%).');
    expect(verdictOf(comparison([0.7, 0.3], [0.1, 0.9]), classification, true, 'zh')).toBe(
      '现在认为是B类（90.0%），原来是A类（70.0%）。',
    );
    const regression = { problem: 'regression' as const, classes: [] };
    expect(verdictOf(comparison([1.5], [1.25]), regression, true, 'en')).toBe('1.5 before, 1.25 now: −0.25.');
    expect(verdictOf(comparison([null], [1]), regression, true, 'en')).toMatch('no longer finite');
  });
});

describe('nudging', () => {
  let socket: FakeSocket;
  const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));
  const inspected = (changes: Partial<Inspected>): Inspected => ({
    type: 'inspected',
    part: 'validation',
    sample: 1,
    target: 1,
    ...changes,
  });
  const slider = (name: string): HTMLElement => screen.getByRole('slider', { name: new RegExp(`^${name}`) });
  const field = (name: string): HTMLInputElement => screen.getByRole<HTMLInputElement>('textbox', { name });
  const back = (): HTMLButtonElement => screen.getByRole<HTMLButtonElement>('button', { name: 'Back to the sample' });

  beforeEach(async () => {
    socket = await openSession();
    socket.receive(statusOf());
    samples.training = null;
    samples.validation = setOf([1, 2, 3, -4], [2, 2]);
    session.drawn = null;
    socket.receive(inspected({}));
    await tick();
  });

  afterEach(() => {
    vi.useRealTimers();
    cleanup();
    session.stop();
    nudging.origin = null;
    samples.validation = null;
  });

  /** Answer every question that waits. */
  async function answer(before: number[] = [0.25, 0.75], after: number[] = before): Promise<void> {
    const answered = new Set<unknown>();
    for (let round = 0; round < 4; round++) {
      await settle();
      for (const message of socket.sent) {
        const { request, type } = message;
        if (request === undefined || answered.has(request)) continue;
        answered.add(request);
        const found = type === 'compare_inputs' ? comparison(before, after) : null;
        socket.receive({ type: 'reply', request, problem: null, comparison: found });
      }
    }
    await settle();
  }

  async function open(): Promise<void> {
    render(Nudge);
    await answer();
  }

  it('begins with the sample that is looked at, compared with itself', async () => {
    await open();
    expect([field('x₁').value, field('x₂').value]).toEqual(['3', '-4']);
    expect(socket.of('compare_inputs').at(-1)).toMatchObject({ original: [3, -4], changed: [3, -4] });
    expect(socket.of('inspect')).toEqual([]);
    expect(screen.getByText('The network says Orange (75.0%).')).toBeDefined();
    expect(back().disabled).toBe(true);
  });

  it('shows the changed sample in the whole page, and what it changes', async () => {
    await open();
    // Position 150 of 200 on −6 … 6.
    await fireEvent.input(slider('x₂'), { target: { value: '150' } });
    await answer([0.25, 0.75], [0.625, 0.375]);
    expect(socket.of('inspect').at(-1)).toMatchObject({ values: [3, 3] });
    expect(socket.of('compare_inputs').at(-1)).toMatchObject({ original: [3, -4], changed: [3, 3] });
    socket.receive(inspected({ part: 'drawn', sample: null, target: null }));
    await answer([0.25, 0.75], [0.625, 0.375]);
    expect(field('x₂').value).toBe('3');
    expect(screen.getByText('was −4')).toBeDefined();
    const table = screen.getByRole('table', { name: 'The prediction before and now' });
    const rows = within(table).getAllByRole('row').slice(1);
    expect(rows.map((row) => within(row).getAllByRole('cell').map((cell) => cell.textContent))).toEqual([
      ['25.00%', '62.50%', '+37.50'],
      ['75.00%', '37.50%', '−37.50'],
    ]);
    expect(screen.getByText('Now Blue (62.5%) instead of Orange (75.0%).')).toBeDefined();
    const layers = screen.getByRole('table', { name: 'How far each layer moved' });
    expect(within(layers).getByRole('row', { name: /hidden/ }).textContent).toMatch(/0\.5\s*25%\s*Unit 2\s*0\.25 → 0\.75/);
    expect([inspectedValues(), drawnPlace()]).toEqual([[3, 3], { x: 3, y: 3 }]);
  });

  it('goes back to the sample itself, not to a copy of its numbers', async () => {
    await open();
    await fireEvent.input(slider('x₁'), { target: { value: '0' } });
    await answer();
    socket.receive(inspected({ part: 'drawn', sample: null, target: null }));
    await answer();
    await fireEvent.click(back());
    await answer();
    expect(socket.of('inspect').at(-1)).toMatchObject({ part: 'validation', sample: 1 });
    expect(socket.of('inspect').at(-1)?.['values']).toBeUndefined();
    socket.receive(inspected({}));
    await answer();
    expect([field('x₁').value, back().disabled]).toEqual(['3', true]);
  });

  it('sends one move at a time, and then the newest only', async () => {
    await open();
    for (const value of ['10', '20', '30']) await fireEvent.input(slider('x₁'), { target: { value } });
    expect(socket.of('inspect')).toHaveLength(1);
    // The answer to the first doesn't take the slider back.
    socket.receive(inspected({ part: 'drawn', sample: null, target: null }));
    await tick();
    expect(field('x₁').value).toBe('-4.2');
    await answer();
    expect(socket.of('inspect').map(({ values }) => values)).toEqual([
      [-5.4, -4],
      [-4.2, -4],
    ]);
  });

  it('begins anew with another sample, and with one drawn elsewhere in the page', async () => {
    await open();
    await fireEvent.input(slider('x₁'), { target: { value: '0' } });
    await answer();
    socket.receive(inspected({ sample: 0 }));
    await answer();
    expect([field('x₁').value, back().disabled]).toEqual(['1', true]);
    void session.inspect({ values: [0.5, 0.25] });
    socket.receive(inspected({ part: 'drawn', sample: null, target: null }));
    await answer();
    expect([field('x₁').value, screen.getByText(/the sample made by hand/) !== null]).toEqual(['0.5', true]);
    await fireEvent.input(slider('x₁'), { target: { value: '200' } });
    await answer();
    await fireEvent.click(back());
    await answer();
    expect(socket.of('inspect').at(-1)).toMatchObject({ values: [0.5, 0.25] });
  });

  it('says so where the numbers of a sample are not known', async () => {
    await open();
    socket.receive(inspected({ sample: 99 }));
    await answer();
    expect(screen.getByText(/not known here/)).toBeDefined();
    expect(screen.queryByRole('slider')).toBeNull();
  });

  it('tells a screen reader what changed once it is quiet', async () => {
    await open();
    notices.spoken = null;
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'], shouldAdvanceTime: true });
    await fireEvent.input(slider('x₁'), { target: { value: '0' } });
    await answer([0.25, 0.75], [0.75, 0.25]);
    expect(notices.spoken).toBeNull();
    vi.advanceTimersByTime(700);
    expect(notices.spoken).toEqual({
      en: 'Now Blue (75.0%) instead of Orange (75.0%).',
      zh: '现在认为是蓝（75.0%），原来是橙（75.0%）。',
    });
  });

  it('raises and lowers pixels by keyboard', async () => {
    const picture: Partial<Layout> = { revision: 2, raw_shape: [2, 2], raw_features: [], domain: null };
    samples.validation = setOf([0, 1, 0.5, 0.25, 0, 0, 0, 0], [2, 2, 2]);
    socket.receive(planeLayout(picture));
    socket.receive(inspected({ sample: 0 }));
    await open();
    const pad = screen.getByRole('application', { name: 'Pixels of the sample' });
    pad.focus();
    await fireEvent.keyDown(pad, { key: '+' });
    await answer();
    expect(socket.of('inspect').at(-1)).toMatchObject({ values: [0.25, 1, 0.5, 0.25] });
    await fireEvent.keyDown(pad, { key: 'ArrowDown' });
    await fireEvent.keyDown(pad, { key: '-' });
    await answer();
    expect(socket.of('inspect').at(-1)).toMatchObject({ values: [0.25, 1, 0.25, 0.25] });
    expect(screen.getByText('row 2, column 1: 0.25, was 0.5')).toBeDefined();
    await fireEvent.click(screen.getByRole('button', { name: 'Lower' }));
    await fireEvent.keyDown(pad, { key: 'Enter' });
    await answer();
    expect(socket.of('inspect').at(-1)).toMatchObject({ values: [0.25, 1, 0, 0.25] });
  });
});
