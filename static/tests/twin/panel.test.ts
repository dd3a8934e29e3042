import { cleanup, render, screen, within } from '@testing-library/svelte';
import { tick } from 'svelte';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fill, i18n } from '../../src/lib/i18n.svelte';
import type { LayerApart, TwinInfo } from '../../src/lib/protocol';
import { session } from '../../src/lib/session.svelte';
import { twinEn } from '../../src/locales/twin.en';
import { twinZh } from '../../src/locales/twin.zh';
import { present } from '../../src/twin/present.svelte';
import TwinPanel from '../../src/twin/TwinPanel.svelte';
import { openSession } from '../graph/page';
import { branchOf, statusOf, timelineOf } from '../lib/runs';
import { type FakeSocket, welcome } from '../lib/sockets';

const layerOf = (layer: string, norm: number): LayerApart => ({
  layer,
  shape: [2],
  parameters: [
    { parameter: 'weights', shape: [2, 2], apart: { size: 2, norm, relative: norm / 2, largest: -norm, index: [1, 0] } },
  ],
  activation: null,
});

const infoOf = (changes: Partial<TwinInfo> = {}): TwinInfo => ({
  difference: { en: 'Learning rate 0.1 → 0.3', zh: '学习率 0.1 → 0.3' },
  branch: null,
  from_step: 0,
  stand: 'together',
  step: 40,
  row: 0,
  target: 40,
  first_step: 40,
  comparison: {
    layers: [layerOf('hidden', 0.5), layerOf('answer', 0.25)],
    unlike: [{ layer: 'between', reason: { en: 'only the twin has this layer', zh: '只有孪生网络有这一层' } }],
    part: 'validation',
    samples: 100,
    differing: 7,
    mine: { batch_loss: 0.5, loss: 0.4, accuracy: 0.75 },
    twin: { batch_loss: 0.3, loss: 0.2, accuracy: 0.875 },
    mine_prediction: [0.25, 0.75],
    twin_prediction: [0.5, 0.5],
  },
  ...changes,
});

let socket: FakeSocket;

async function tell(info: TwinInfo | null): Promise<void> {
  socket.receive({ type: 'twin', twin: info });
  await tick();
}

const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

beforeEach(async () => {
  socket = await openSession();
  socket.receive(timelineOf(1, branchOf(1)));
  socket.receive(statusOf({ step: 40 }));
  socket.sent.length = 0;
});

afterEach(async () => {
  await tell(null);
  cleanup();
  session.stop();
  i18n.setLanguage('en');
});

describe('the panel of the twin', () => {
  it('says what it is and how to begin one, and begins no twin that would be the same run', () => {
    render(TwinPanel);
    expect(screen.getByText(/A second run with the same seeds/)).toBeDefined();
    expect((screen.getByRole('button', { name: 'Begin the twin' }) as HTMLButtonElement).disabled).toBe(true);
  });

  it('offers other branches where there are some', async () => {
    render(TwinPanel);
    const options = (): string[] => screen.getAllByRole('option').map((option) => option.textContent ?? '');
    expect(options()).not.toContain('As on another branch');
    socket.receive(timelineOf(1, branchOf(1), branchOf(2, { parent: 1, fork: 10 })));
    await tick();
    expect(options()).toContain('As on another branch');
  });

  it('shows how far both are apart, layer by layer', async () => {
    render(TwinPanel);
    await tell(infoOf());
    expect(screen.getByRole('heading', { name: 'Learning rate 0.1 → 0.3' })).toBeDefined();
    expect(screen.getByText('Both stand at step 40.')).toBeDefined();
    const table = screen.getByRole('table', { name: 'How far apart, layer by layer' });
    const rows = within(table).getAllByRole('row').slice(1).map((row) => row.textContent?.replace(/\s+/g, ' ').trim());
    expect(rows[0]).toContain('hidden');
    expect(rows[0]).toContain('weights0.525.00%');
    expect(rows[0]).toContain('−0.5 at 2, 1');
    expect(rows[1]).toContain('weights0.2512.50%');
    expect(screen.getByText(/only the twin has this layer/)).toBeDefined();
  });

  it('shows losses and predictions of both', async () => {
    render(TwinPanel);
    await tell(infoOf());
    const cells = (name: string): (string | null)[] =>
      within(screen.getByRole('row', { name: new RegExp(`^${name}`) })).getAllByRole('cell').map((cell) => cell.textContent);
    expect(cells('Validation loss')).toEqual(['0.4', '0.2', '−0.2']);
    expect(cells('Validation accuracy')).toEqual(['75.0%', '87.5%', '12.5%']);
    expect(cells('Blue')).toEqual(['25.0%', '50.0%', '25.0%']);
    expect(screen.getByText('7 of 100 validation samples are judged differently.')).toBeDefined();
  });

  it('asks for the numbers of the selected layer whenever there is news', async () => {
    render(TwinPanel);
    await tell(infoOf());
    const asked = (): unknown[] => socket.of('compare_layer').map(({ layer }) => layer);
    expect(asked()).toEqual(['hidden']);
    const answer = {
      layer: 'hidden',
      step: 40,
      row: 0,
      parameters: [{ name: 'weights', shape: [2, 2], mine: [1, 2, 3, 4], twin: [1, 2, 2.5, 4] }],
      activation: null,
      plane: null,
    };
    socket.receive({ type: 'reply', request: socket.of('compare_layer')[0]?.['request'], problem: null, twin_layer: answer });
    await settle();
    const pictures = screen.getAllByRole('img', { name: /^weights of hidden/ });
    expect(pictures.map((picture) => picture.getAttribute('aria-label'))).toEqual([
      'weights of hidden, this run: 2 × 2 numbers from 1 to 4',
      'weights of hidden, twin: 2 × 2 numbers from 1 to 4',
      'weights of hidden, twin − this run: 2 × 2 numbers from −0.5 to 0',
    ]);
    session.selection = { layer: 'answer' };
    await settle();
    expect(asked()).toEqual(['hidden', 'answer']);
  });

  it('says why there is nothing to compare', async () => {
    render(TwinPanel);
    await tell(infoOf({ stand: 'catching_up', step: 12, target: 4000, comparison: null }));
    expect(screen.getByText('The twin is catching up: step 12 of 4,000.')).toBeDefined();
    expect(screen.getByRole('progressbar').getAttribute('value')).toBe('12');
    await tell(infoOf({ stand: 'before', from_step: 60, first_step: 60, comparison: null }));
    expect(screen.getByText(/The twin begins at step 60/)).toBeDefined();
    await tell(infoOf({ stand: 'before', first_step: 90, comparison: null }));
    expect(screen.getByText(/its oldest moment is step 90/)).toBeDefined();
    await tell(infoOf({ stand: 'diverged', step: 31, comparison: null }));
    expect(screen.getByText(/got no farther than step 31/)).toBeDefined();
  });

  it('ends the twin', async () => {
    render(TwinPanel);
    await tell(infoOf());
    screen.getByRole('button', { name: 'End the twin' }).click();
    expect(socket.of('end_twin')).toHaveLength(1);
    await tell(null);
    expect(screen.getByRole('button', { name: 'Begin the twin' })).toBeDefined();
  });

  it('lets those who only watch see the distances', async () => {
    socket.receive(welcome({ session: 'other', can_edit: false, token: null }));
    await tell(infoOf());
    render(TwinPanel);
    expect(screen.getByText('Both stand at step 40.')).toBeDefined();
    expect(screen.queryByRole('button', { name: 'End the twin' })).toBeNull();
    expect(socket.of('compare_layer')).toEqual([]);
  });

  it('forgets with a new connection what is not repeated', () => {
    present.take({ type: 'twin', twin: infoOf() });
    socket.receive(welcome({ session: 'another' }));
    expect(present.info).toBeNull();
  });
});

describe('the texts of the twin', () => {
  const places = (text: string): string[] => [...new Set([...text.matchAll(/\{(\w+)\}/g)].map((found) => found[1] ?? ''))].sort();
  const keys = Object.keys(twinEn) as (keyof typeof twinEn)[];

  it.each(keys)('fill the same places in “%s”, in both languages', (key) => {
    expect(places(twinZh[key])).toEqual(places(twinEn[key]));
    expect(twinZh[key].replace(/\{\w+\}/g, '')).not.toMatch(/[A-Za-z]{3,}/);
    expect(twinEn[key]).not.toMatch(/[\u4e00-\u9fff]/);
    expect(fill(twinEn[key], {}, 'en').trim()).not.toBe('');
  });
});
