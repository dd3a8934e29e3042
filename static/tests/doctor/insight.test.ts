import { cleanup, fireEvent, render, screen } from '@testing-library/svelte';
import { tick } from 'svelte';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { insights } from '../../src/doctor/insight.svelte';
import LayerSigns from '../../src/graph/LayerSigns.svelte';
import CanvasControls from '../../src/graph/CanvasControls.svelte';
import LayerCost from '../../src/graph/LayerCost.svelte';
import { shortBytes, shortCount, shortTime } from '../../src/graph/short';
import GradientCheckView from '../../src/inspector/GradientCheck.svelte';
import { changeText, rankingOf } from '../../src/inspector/worth';
import UnitWorthView from '../../src/inspector/UnitWorth.svelte';
import { notices } from '../../src/lib/notices.svelte';
import type { GradientCheck, LayerWork, Reply, StepCost, UnitWorth } from '../../src/lib/protocol';
import { session } from '../../src/lib/session.svelte';
import { openSession } from '../graph/page';
import { planeLayout } from '../lib/layouts';
import { statusOf } from '../lib/runs';
import type { FakeSocket } from '../lib/sockets';

let socket: FakeSocket;
const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

beforeEach(async () => {
  socket = await openSession();
  socket.receive(statusOf());
});

afterEach(() => {
  cleanup();
  insights.showsCost = false;
  session.stop();
});

/** Answer the newest question of a kind. */
async function answer(type: string, reply: Partial<Reply>): Promise<void> {
  socket.receive({ type: 'reply', request: socket.of(type).at(-1)?.['request'], problem: null, ...reply });
  await settle();
}

/** The network changes. */
async function change(revision: number): Promise<void> {
  socket.receive(planeLayout({ revision }));
  await settle();
}

describe('the comparison of gradients', () => {
  const check = (layer: string, parameter: string, changes: Partial<GradientCheck> = {}): GradientCheck => ({
    layer,
    parameter,
    checked: 40,
    skipped: 2,
    worst_error: 1.5e-8,
    worst_index: [0, 1],
    analytic: 0.25,
    numeric: 0.2500001,
    ok: true,
    ...changes,
  });

  it('shows the worst element of each parameter, until the network changes', async () => {
    render(GradientCheckView, { layer: 'hidden' });
    await fireEvent.click(screen.getByRole('button', { name: 'Verify gradients' }));
    expect(screen.getByRole<HTMLButtonElement>('button', { name: 'Comparing…' }).disabled).toBe(true);
    await answer('check_gradients', { gradients: [check('hidden', 'weights'), check('answer', 'weights')] });
    expect(screen.getAllByRole('definition').map((cell) => cell.textContent)).toEqual([
      '40',
      '2',
      '1, 2',
      '0.25',
      '0.25',
      '1.5e-8',
    ]);
    await change(2);
    expect(screen.queryAllByRole('definition')).toEqual([]);
  });

  it('marks a layer as wrong when one of its gradients is', async () => {
    render(LayerSigns, { layer: 'hidden' });
    void insights.gradients.ask();
    const wrong = check('hidden', 'bias', { ok: false, worst_error: null });
    await answer('check_gradients', { gradients: [check('hidden', 'weights'), wrong, check('answer', 'weights')] });
    expect(screen.getByText('gradients wrong')).toBeDefined();
    expect(insights.verified.get('answer')).toBe(true);
    expect(notices.spoken?.en).toBe('Gradients of 1 layer are wrong.');
    await change(2);
    expect(screen.queryByText('gradients wrong')).toBeNull();
  });

  it('is of the network that was asked about, not of the one that came meanwhile', async () => {
    void insights.gradients.ask();
    await change(2);
    await answer('check_gradients', { gradients: [check('hidden', 'weights')] });
    expect(insights.gradients.answer).toBeNull();
  });

  it('asks once at a time, and once more for what was asked meanwhile', async () => {
    void insights.gradients.ask();
    void insights.gradients.ask();
    void insights.gradients.ask();
    expect(socket.of('check_gradients')).toHaveLength(1);
    await answer('check_gradients', { gradients: [] });
    expect(socket.of('check_gradients')).toHaveLength(2);
    await answer('check_gradients', { gradients: [] });
    expect([socket.of('check_gradients').length, insights.gradients.isAsking]).toEqual([2, false]);
  });

  it('shows why it was refused', async () => {
    render(GradientCheckView, { layer: 'hidden' });
    await fireEvent.click(screen.getByRole('button', { name: 'Verify gradients' }));
    const text = { en: 'It has diverged.', zh: '已发散。' };
    const problem = { code: 'x', where: '', message: text, hint: text, value: null, allowed: null };
    await answer('check_gradients', { problem });
    await tick();
    expect(notices.list.at(-1)?.message).toEqual(text);
    expect(screen.getByRole('button', { name: 'Verify gradients' })).toBeDefined();
  });
});

describe('the cost of layers', () => {
  const work = (layer: string, changes: Partial<LayerWork> = {}): LayerWork => ({
    layer,
    parameters: 1234,
    activations: 2,
    memory_bytes: 2048,
    forward_multiply_adds: 1e6,
    backward_multiply_adds: 2e6,
    forward_seconds: 1e-5,
    backward_seconds: 4e-5,
    ...changes,
  });
  const cost = (...layers: LayerWork[]): StepCost => ({
    batch: 10,
    layers,
    data_seconds: 0,
    loss_seconds: 0,
    update_seconds: 5e-5,
    seconds: 1e-4,
  });
  const props = { viewport: { x: 0, y: 0, zoom: 1 }, fitted: true, width: 100, height: 100 };
  const toggle = (): HTMLElement => screen.getByRole('button', { name: 'Cost of each layer' });

  it('is measured when it is asked for, and again for another network', async () => {
    render(CanvasControls, props);
    render(LayerCost, { layer: 'hidden' });
    await settle();
    expect(socket.of('measure_cost')).toEqual([]);
    await fireEvent.click(toggle());
    expect(toggle().getAttribute('aria-pressed')).toBe('true');
    await answer('measure_cost', { cost: cost(work('hidden'), work('answer')) });
    const shown = (): (string | null)[] => screen.getAllByRole('definition').map((cell) => cell.textContent);
    expect(shown()).toEqual(['1.23k', '3M', '2 KiB', '10 µs', '40 µs']);
    expect(screen.getByText('50% of the time')).toBeDefined();
    await change(2);
    expect(screen.queryByText(/of the time/)).toBeNull();
    expect(socket.of('measure_cost')).toHaveLength(2);
    await answer('measure_cost', { cost: cost(work('hidden', { parameters: 7 })) });
    expect(shown()[0]).toBe('7');
    await fireEvent.click(toggle());
    await change(3);
    expect(socket.of('measure_cost')).toHaveLength(2);
  });

  it('is written in few letters', () => {
    expect([0, 999, 1000, 12345, 2.5e9].map(shortCount)).toEqual(['0', '999', '1k', '12.3k', '2.5G']);
    expect([0, 1023, 1024, 3 * 2 ** 20].map(shortBytes)).toEqual(['0 B', '1,020 B', '1 KiB', '3 MiB']);
    expect([0, 2e-6, 0.0123, 2].map(shortTime)).toEqual(['0 µs', '2 µs', '12.3 ms', '2 s']);
  });
});

describe('the worth of units', () => {
  const worth = (layer: string, unit: number, change: number | null): UnitWorth => ({ layer, unit, loss: change, change });

  it('lists the units of one layer, the most important one first, with bars by the longest', () => {
    const ranking = rankingOf([worth('hidden', 0, -0.1), worth('other', 0, 9), worth('hidden', 2, 0.4), worth('hidden', 1, null)], 'hidden');
    expect(ranking.map(({ unit, share }) => [unit, share])).toEqual([
      [1, 1],
      [2, 1],
      [0, -0.25],
    ]);
    expect(rankingOf([worth('hidden', 1, 0), worth('hidden', 0, 0)], 'hidden').map(({ unit, share }) => [unit, share])).toEqual([
      [0, 0],
      [1, 0],
    ]);
    expect([null, 0.5, -0.5, 0].map((change) => changeText(change, String))).toEqual(['∞', '+0.5', '-0.5', '0']);
  });

  it('selects the unit that is clicked, and says where there is nothing to rank', async () => {
    render(UnitWorthView, { layer: 'hidden' });
    await fireEvent.click(screen.getByRole('button', { name: 'Rank units' }));
    await answer('rank_units', { units: [worth('hidden', 1, 0.25), worth('hidden', 0, 0.125)] });
    expect(screen.getAllByRole('listitem').map((item) => item.textContent?.trim())).toHaveLength(2);
    await fireEvent.click(screen.getByRole('button', { name: '2: loss +0.25' }));
    expect(session.selection).toEqual({ layer: 'hidden', unit: 1 });
    await fireEvent.click(screen.getByRole('button', { name: 'Rank units' }));
    await answer('rank_units', { units: [] });
    expect(screen.getByText(/No unit of this layer was measured/)).toBeDefined();
  });
});
