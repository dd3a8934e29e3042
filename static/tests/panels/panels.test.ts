import { render, screen, within } from '@testing-library/svelte';
import { tick } from 'svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import ConnectionState from '../../src/bar/ConnectionState.svelte';
import Transport from '../../src/bar/Transport.svelte';
import type { CatalogEntry } from '../../src/lib/catalog';
import { i18n } from '../../src/lib/i18n.svelte';
import { session } from '../../src/lib/session.svelte';
import Banners from '../../src/panels/Banners.svelte';
import TrainingPanel from '../../src/panels/TrainingPanel.svelte';
import DigitGallery from '../../src/views/DigitGallery.svelte';
import { hub } from '../../src/lib/hub';
import { samples } from '../../src/lib/samples.svelte';
import { encode } from '../lib/frames';
import { planeExperiment, planeLayout } from '../lib/layouts';
import { FakeSocket, welcome } from '../lib/sockets';

const rate = {
  name: 'learning_rate',
  type: 'number',
  default: 0.03,
  minimum: 0,
  maximum: 100,
  exclusive: true,
  values: [],
  title: { en: 'Learning rate', zh: '学习率' },
  help: null,
  unit: null,
  scale: 'logarithmic' as const,
  choices: null,
};
const optimizer = (kind: string, title: string): CatalogEntry => ({
  kind,
  title: { en: title, zh: title },
  help: { en: '', zh: '' },
  formula: '',
  fields: [rate],
});

let socket: FakeSocket;
let address = 0;

beforeEach(async () => {
  i18n.setLanguage('en');
  address += 1;
  session.start({ preset: 'spiral', experiment: null, pace: 20, address: `?${address}` }, 'ws://test', (url) => new FakeSocket(url));
  socket = FakeSocket.last;
  socket.open();
  socket.receive(welcome({ session: `panel${address}` }));
  socket.receive({ type: 'experiment', revision: 1, experiment: planeExperiment() });
  socket.receive(planeLayout());
  session.catalog = {
    activation: [],
    initializer: [],
    layer: [],
    loss: [{ ...optimizer('binary_cross_entropy', 'Binary cross-entropy'), fields: [] }],
    optimizer: [optimizer('adam', 'Adam'), optimizer('sgd', 'SGD')],
    preprocessing: [],
    source: [],
    task: [],
    condition: [],
    watch: [],
  };
  socket.sent.length = 0;
  await tick();
});

afterEach(async () => {
  // The page has one session; what is under way ends here, so that the next test begins at rest.
  for (const { request } of socket.of('edit')) socket.receive({ type: 'reply', request, problem: null });
  await vi.waitFor(() => expect(session.problem).toBeNull());
  session.stop();
});

const status = (name: string, changes: object = {}): object => ({
  type: 'status',
  status: name,
  steps_per_second: 20,
  step: 3,
  epoch: 0.1,
  row: 0,
  sample: null,
  branch: 1,
  motion: null,
  divergence: null,
  ...changes,
});
const lastEdit = () => socket.of('edit').at(-1)?.['experiment'] as ReturnType<typeof planeExperiment> | undefined;

describe('the training panel', () => {
  it('changes the learning rate of the running experiment', () => {
    render(TrainingPanel);
    const slider = screen.getByRole<HTMLInputElement>('slider', { name: /Learning rate/ });
    slider.value = '200';
    slider.dispatchEvent(new Event('input', { bubbles: true }));
    expect(lastEdit()?.optimizer).toEqual({ kind: 'sgd', learning_rate: 100 });
  });

  it('keeps the learning rate when the optimizer changes', () => {
    render(TrainingPanel);
    const select = screen.getByRole<HTMLSelectElement>('combobox', { name: /Optimizer/ });
    select.value = 'adam';
    select.dispatchEvent(new Event('change', { bubbles: true }));
    expect(lastEdit()?.optimizer).toEqual({ kind: 'adam', learning_rate: 0.03 });
  });

  it('offers batches no larger than the training part', () => {
    render(TrainingPanel);
    const slider = screen.getByRole<HTMLInputElement>('slider', { name: /Batch size/ });
    slider.value = '200';
    slider.dispatchEvent(new Event('input', { bubbles: true }));
    expect(lastEdit()?.batch_size).toBe(100);
  });

  it('says at the control why a change was refused', async () => {
    render(TrainingPanel);
    session.edit((draft) => (draft.batch_size = 0), { en: 'x', zh: 'x' });
    const problem = {
      code: 'invalid',
      where: 'experiment.batch_size',
      message: { en: 'The number is too small.', zh: '数值太小。' },
      hint: { en: 'Change it.', zh: '请修改。' },
      value: '0',
      allowed: '≥ 1',
    };
    socket.receive({ type: 'reply', request: socket.of('edit')[0]?.['request'], problem });
    await vi.waitFor(() => expect(screen.getByText(/The number is too small/)).toBeTruthy());
    expect(screen.getByText(/Allowed: ≥ 1/)).toBeTruthy();
    session.undo();
  });
});

describe('the buttons for training', () => {
  it('play, pause, step, and reset', async () => {
    render(Transport);
    screen.getByRole('button', { name: 'Train' }).click();
    expect(socket.of('play')).toMatchObject([{ steps_per_second: 20 }]);
    socket.receive(status('running'));
    await tick();
    screen.getByRole('button', { name: 'Pause' }).click();
    expect(socket.of('pause')).toHaveLength(1);
    screen.getByRole('button', { name: /One step/ }).click();
    expect(socket.of('step')).toMatchObject([{ level: 'batch', count: 1 }]);
    screen.getByRole('button', { name: /Reset/ }).click();
    expect(socket.of('reset')).toHaveLength(1);
  });

  it('rest while there is no connection', async () => {
    render(Transport);
    socket.drop();
    await tick();
    for (const button of within(screen.getByRole('group', { name: 'Training' })).getAllByRole('button')) {
      expect((button as HTMLButtonElement).disabled).toBe(true);
    }
  });
});

describe('the state of the connection', () => {
  it('is told in words, and offers to try again', async () => {
    render(ConnectionState);
    expect(screen.getByRole('status').textContent).toBe('Connected');
    socket.drop();
    await tick();
    expect(screen.getByRole('status').textContent).toMatch(/reconnecting/);
    const before = FakeSocket.opened.length;
    screen.getByRole('button', { name: 'Now' }).click();
    expect(FakeSocket.opened).toHaveLength(before + 1);
  });
});

describe('divergence', () => {
  it('is explained, and offers to go back', async () => {
    render(Banners);
    const divergence = {
      step: 90,
      row: 4,
      operation: 'product',
      layer: 'hidden',
      message: { en: 'NaN in layer “hidden”.', zh: '“hidden”层出现 NaN。' },
      healthy_step: 80,
    };
    socket.receive(status('diverged', { divergence }));
    await tick();
    expect(screen.getByRole('alert').textContent).toMatch(/NaN in layer “hidden”/);
    screen.getByRole('button', { name: 'Go back to step 80' }).click();
    expect(socket.of('go_back')).toHaveLength(1);
    i18n.setLanguage('zh');
    await tick();
    expect(screen.getByRole('alert').textContent).toMatch(/“hidden”层出现 NaN/);
  });
});

describe('the gallery of digits', () => {
  it('says what each image is taken for, and marks the wrong ones', async () => {
    const classes = ['zero', 'one', 'two'].map((name) => ({ en: name, zh: name }));
    const layout = planeLayout({
      revision: 7,
      raw_shape: [2, 2],
      domain: null,
      classes,
      gallery: [10, 11],
      layers: [{ name: 'output', kind: 'output', shape: [3], inputs: [], parameters: 0, map_scale: null }],
      tensors: [{ layer: 'output', quantity: 'prediction', shape: [2, 3], dtype: 'float32' }],
    });
    const tensor = (data: number[], shape: number[]) => ({
      key: 0,
      shape,
      dtype: 'float32' as const,
      data: Float32Array.from(data),
      low: 0,
      high: 1,
    });
    socket.receive(layout);
    samples.validation = {
      part: 'validation',
      inputs: tensor([0, 1, 0, 1, 1, 0, 1, 0], [2, 2, 2]),
      targets: tensor([1, 2], [2]),
      numbers: tensor([10, 11], [2]),
      count: 2,
    };
    render(DigitGallery, { layout });
    await tick();
    hub.receive(encode({ revision: 7 }, [{ key: 0, shape: [2, 3], data: Float32Array.of(0.1, 0.8, 0.1, 0.6, 0.2, 0.2) }]));
    await vi.waitFor(() => expect(screen.getByRole('button', { name: 'one, recognised as one, 80% sure' })).toBeTruthy());
    const wrong = screen.getByRole('button', { name: 'two, mistaken for zero, 60% sure' });
    expect(wrong.textContent).toMatch(/✗/);
    expect(screen.getByText('1 of 2 right')).toBeTruthy();
    wrong.click();
    expect(socket.of('inspect')).toMatchObject([{ part: 'validation', sample: 11 }]);
  });
});
