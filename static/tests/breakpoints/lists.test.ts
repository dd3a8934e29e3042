import { cleanup, fireEvent, render, screen, within } from '@testing-library/svelte';
import { tick } from 'svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import BreakpointPanel from '../../src/breakpoints/BreakpointPanel.svelte';
import { standing } from '../../src/breakpoints/standing.svelte';
import Stopped from '../../src/breakpoints/Stopped.svelte';
import WatchButton from '../../src/breakpoints/WatchButton.svelte';
import type { Member } from '../../src/lib/experiment';
import { i18n } from '../../src/lib/i18n.svelte';
import { notices } from '../../src/lib/notices.svelte';
import { panels } from '../../src/lib/panels.svelte';
import type { Problem } from '../../src/lib/protocol';
import { session } from '../../src/lib/session.svelte';
import { planeExperiment, planeLayout } from '../lib/layouts';
import { statusOf } from '../lib/runs';
import { FakeSocket, welcome } from '../lib/sockets';
import { breakpointsOf, CATALOG, GONE, valuesOf, watchesOf } from './notes';

const AT_50: Member = { kind: 'at_step', step: 50 };
const RISE: Member = { kind: 'loss_rises', factor: 2, steps: 50 };
const NORM: Member = { kind: 'parameter_norm', layer: 'hidden', parameter: 'weights' };
const UNIT: Member = { kind: 'unit_activation', layer: 'hidden', unit: 1 };

let socket: FakeSocket;
let address = 0;

function begin(changes: object = {}): void {
  address += 1;
  session.start({ preset: 'spiral', experiment: null, pace: 20, address: `?stop${address}` }, 'ws://test', (url) => new FakeSocket(url));
  session.catalog = CATALOG;
  session.selection = null;
  socket = FakeSocket.last;
  socket.open();
  socket.receive(welcome({ session: `stop${address}`, ...changes }));
  socket.receive({ type: 'experiment', revision: 1, experiment: planeExperiment() });
  socket.receive(planeLayout());
  socket.receive(statusOf({ step: 40 }));
  socket.sent.length = 0;
}

/** jsdom measures nothing. */
class Unmeasured {
  observe(): void {}
  unobserve(): void {}
  disconnect(): void {}
}

beforeEach(() => {
  vi.stubGlobal('ResizeObserver', Unmeasured);
  i18n.setLanguage('en');
  notices.list = [];
  begin();
});
afterEach(() => {
  cleanup();
  session.stop();
  vi.unstubAllGlobals();
});

const region = (name: string) => within(screen.getByRole('region', { name }));
const settled = async (): Promise<void> => {
  await new Promise((resolve) => setTimeout(resolve));
  await tick();
};

/** The list that was sent last. */
const sent = (type: 'set_breakpoints' | 'set_watches'): unknown =>
  socket.of(type).at(-1)?.[type === 'set_breakpoints' ? 'breakpoints' : 'watches'];

async function reply(type: string, problem: Problem | null = null): Promise<void> {
  socket.receive({ type: 'reply', request: socket.of(type).at(-1)?.['request'], problem });
  await settled();
}

/** Open the form of “Add …”, as a browser does with its popover. */
async function open(name: string): Promise<void> {
  const panel = document.querySelector(`[popover][aria-label="${name}"]`);
  panel?.dispatchEvent(Object.assign(new Event('toggle'), { newState: 'open' }));
  await tick();
  await tick();
}

async function choose(name: string, value: string): Promise<void> {
  await fireEvent.change(screen.getByRole('combobox', { name, hidden: true }), { target: { value } });
}

async function type(name: string, value: string): Promise<void> {
  const field = screen.getByRole('textbox', { name, hidden: true });
  await fireEvent.input(field, { target: { value } });
  await fireEvent.blur(field);
  await fireEvent.change(field);
}

const press = (name: string): Promise<unknown> => fireEvent.click(screen.getByRole('button', { name, hidden: true }));

describe('what the server tells', () => {
  it('is kept from the start, and forgotten with a new connection', () => {
    socket.receive(breakpointsOf(AT_50));
    socket.receive(watchesOf(NORM));
    socket.receive(valuesOf([0, 10], [[1], [2]], true));
    expect([standing.breakpoints.length, standing.watches.length, standing.readings.length]).toEqual([1, 1, 2]);
    socket.receive(watchesOf(NORM, UNIT));
    expect(standing.readings).toEqual([]);
    socket.receive(welcome());
    expect([standing.breakpoints.length, standing.watches.length]).toEqual([0, 0]);
  });
});

describe('the breakpoints', () => {
  it('say what they are for while there are none', () => {
    render(BreakpointPanel);
    expect(region('Breakpoints').getByText(/stops at the very step/)).toBeTruthy();
    expect(region('Watches').getByText(/keep an eye on/)).toBeTruthy();
  });

  it('are listed in few words, with what keeps them out', async () => {
    socket.receive(breakpointsOf(RISE, [{ kind: 'gradient_leaves_band', layer: 'teapot', low: 0, high: 1 }, GONE]));
    render(BreakpointPanel);
    const rows = region('Breakpoints').getAllByRole('listitem').map((row) => row.textContent.replace(/\s+/g, ' ').trim());
    expect(rows[0]).toBe('Loss rises · 2× · 50 steps');
    expect(rows[1]).toBe('Gradient leaves a band · teapot · 0 … 1 This can’t be watched in a layer “teapot”.');
    i18n.setLanguage('zh');
    await tick();
    expect(region('断点').getByText('无法在层“teapot”中观察它。')).toBeTruthy();
  });

  it('are added with the form of the catalog, to those that are there', async () => {
    socket.receive(breakpointsOf(RISE));
    render(BreakpointPanel);
    await open('Add a breakpoint');
    await choose('Stops when', 'at_step');
    await type('Step', '300');
    await press('Add');
    expect(sent('set_breakpoints')).toEqual([RISE, { kind: 'at_step', step: 300 }]);
  });

  it('are not added with a number that is none', async () => {
    render(BreakpointPanel);
    await open('Add a breakpoint');
    await type('Step', 'soon');
    await press('Add');
    expect(socket.of('set_breakpoints')).toEqual([]);
    expect(screen.getByRole('textbox', { name: 'Step', hidden: true }).getAttribute('aria-invalid')).toBe('true');
  });

  it('that are refused say why at the form, and nothing that was filled in is lost', async () => {
    render(BreakpointPanel);
    await open('Add a breakpoint');
    await choose('Stops when', 'gradient_leaves_band');
    await choose('Layer', 'input');
    await press('Add');
    await reply('set_breakpoints', GONE);
    const alert = screen.getByRole('alert', { hidden: true }).textContent;
    for (const part of [GONE.message.en, GONE.hint.en, 'Possible: hidden, answer']) expect(alert).toContain(part);
    expect(screen.getByRole<HTMLSelectElement>('combobox', { name: 'Layer', hidden: true }).value).toBe('input');
    expect(notices.list).toEqual([]);
    await choose('Layer', 'hidden');
    await press('Add');
    expect(sent('set_breakpoints')).toEqual([{ kind: 'gradient_leaves_band', layer: 'hidden', low: 0, high: 100 }]);
  });

  it('are in the list once', async () => {
    socket.receive(breakpointsOf({ step: 1000, kind: 'at_step' }));
    render(BreakpointPanel);
    await open('Add a breakpoint');
    await press('Add');
    await settled();
    expect(screen.getByRole('alert', { hidden: true }).textContent).toContain('in the list already');
    expect(socket.of('set_breakpoints')).toEqual([]);
  });

  it('are removed one after the other, each from what the one before it left', async () => {
    socket.receive(breakpointsOf(RISE, AT_50));
    render(BreakpointPanel);
    await press('Remove the breakpoint “Loss rises · 2× · 50 steps”');
    await press('Remove the breakpoint “At a step · 50”');
    await settled();
    expect(socket.of('set_breakpoints')).toHaveLength(1);
    expect(sent('set_breakpoints')).toEqual([AT_50]);
    socket.receive(breakpointsOf(AT_50));
    await reply('set_breakpoints');
    expect(sent('set_breakpoints')).toEqual([]);
    expect(socket.of('set_breakpoints')).toHaveLength(2);
  });

  it('say when there can be no more', () => {
    socket.receive(breakpointsOf(...Array.from({ length: 20 }, (_, at) => ({ kind: 'at_step', step: at + 1 }))));
    render(BreakpointPanel);
    expect(region('Breakpoints').getByText(/There can be 20 breakpoints at most/)).toBeTruthy();
    expect(region('Breakpoints').getByRole<HTMLButtonElement>('button', { name: 'Add a breakpoint' }).disabled).toBe(true);
  });

  it('have no controls for those who only watch', () => {
    begin({ can_edit: false, token: null });
    socket.receive(breakpointsOf(RISE));
    socket.receive(watchesOf(NORM));
    render(BreakpointPanel);
    expect(screen.getAllByRole('listitem')).toHaveLength(2);
    expect(screen.queryByRole('button')).toBeNull();
  });
});

describe('the watches', () => {
  it('show their number and their curve as of where one stands', async () => {
    socket.receive(watchesOf(NORM, [UNIT, GONE]));
    socket.receive(valuesOf([0, 40, 80], [[1, null], [2.34567, null], [3, null]], true));
    render(BreakpointPanel);
    const [first, second] = region('Watches').getAllByRole('listitem');
    expect(first?.textContent).toContain('2.35');
    expect(within(first as HTMLElement).getByRole('img').getAttribute('aria-label')).toBe(
      'hidden parameter_norm: 2.35 at present; between 1 and 3 from step 0 to step 80',
    );
    expect(second?.textContent).toContain(GONE.message.en);
    expect(within(second as HTMLElement).queryByRole('img')).toBeNull();
    socket.receive(statusOf({ step: 80 }));
    await tick();
    expect(first?.textContent).toContain('80');
    expect(within(first as HTMLElement).getByRole('img').getAttribute('aria-label')).toContain(': 3 at present');
  });

  it('are added about what is selected', async () => {
    session.selection = { layer: 'hidden', unit: 1 };
    render(BreakpointPanel);
    await open('Add a watch');
    await choose('Number', 'unit_activation');
    expect(screen.getByRole<HTMLSelectElement>('combobox', { name: 'Layer', hidden: true }).value).toBe('hidden');
    await press('Add');
    expect(sent('set_watches')).toEqual([{ kind: 'unit_activation', layer: 'hidden', unit: 1 }]);
  });

  it('are chosen among the parameters of the layer, in words', async () => {
    render(BreakpointPanel);
    await open('Add a watch');
    const options = within(screen.getByRole('combobox', { name: 'Parameter', hidden: true })).getAllByRole('option', { hidden: true });
    expect(options.map((option) => option.textContent)).toEqual(['Weights']);
  });

  it('begin and end at the inspector', async () => {
    render(WatchButton, { of: 'unit', watch: UNIT });
    await press('Watch its mean activation');
    expect(sent('set_watches')).toEqual([UNIT]);
    socket.receive(watchesOf(UNIT));
    await reply('set_watches');
    expect(screen.getByRole('button').getAttribute('aria-pressed')).toBe('true');
    await press('Watch its mean activation');
    await settled();
    expect(sent('set_watches')).toEqual([]);
  });

  it('say at the inspector when there can be no more', async () => {
    socket.receive(watchesOf(...Array.from({ length: 12 }, (_, unit) => ({ ...UNIT, unit: unit + 5 }))));
    render(WatchButton, { of: 'unit', watch: UNIT });
    await press('Watch its mean activation');
    await settled();
    expect(socket.of('set_watches')).toEqual([]);
    expect(notices.list.at(-1)?.message.en).toBe('There can be 12 watches at most.');
    expect(notices.list.at(-1)?.message.zh).toBe('最多可以观察 12 个数值。');
  });
});

describe('the reason of a stop', () => {
  it('is said in both languages, and leads to the breakpoints', async () => {
    panels.show('inspector');
    socket.receive(statusOf({ step: 50, stopped: { en: 'Step 50 is finished.', zh: '第 50 步已完成。' } }));
    const { container } = render(Stopped);
    expect(container.textContent).toContain('Stopped. Step 50 is finished.');
    await press('Breakpoints');
    expect(panels.bottom).toBe('breakpoints');
    expect(screen.queryByRole('button')).toBeNull();
    i18n.setLanguage('zh');
    await tick();
    expect(container.textContent).toContain('已停止。 第 50 步已完成。');
  });
});
