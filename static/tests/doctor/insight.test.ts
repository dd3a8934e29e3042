import { cleanup, fireEvent, render, screen } from '@testing-library/svelte';
import { tick } from 'svelte';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { insights } from '../../src/doctor/insight.svelte';
import LayerSigns from '../../src/graph/LayerSigns.svelte';
import GradientCheckView from '../../src/inspector/GradientCheck.svelte';
import { notices } from '../../src/lib/notices.svelte';
import type { GradientCheck, Reply } from '../../src/lib/protocol';
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
