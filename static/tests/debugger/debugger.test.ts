import { render, screen, within } from '@testing-library/svelte';
import { tick } from 'svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import Explanation from '../../src/debugger/Explanation.svelte';
import { explaining } from '../../src/debugger/explaining.svelte';
import InstructionPanel from '../../src/debugger/InstructionPanel.svelte';
import { program } from '../../src/debugger/listing.svelte';
import { i18n } from '../../src/lib/i18n.svelte';
import type { Explanation as Answer, OperandValues, Problem, Quantity } from '../../src/lib/protocol';
import { session } from '../../src/lib/session.svelte';
import { planeExperiment, planeLayout } from '../lib/layouts';
import { listingOf, statusOf } from '../lib/runs';
import { FakeSocket, welcome } from '../lib/sockets';

let socket: FakeSocket;
let address = 0;

function begin(changes: object = {}): void {
  address += 1;
  session.start({ preset: 'spiral', experiment: null, pace: 20, address: `?debug${address}` }, 'ws://test', (url) => new FakeSocket(url));
  socket = FakeSocket.last;
  socket.open();
  socket.receive(welcome({ session: `debug${address}`, ...changes }));
  socket.receive({ type: 'experiment', revision: 1, experiment: planeExperiment() });
  socket.receive(planeLayout());
  socket.receive(listingOf());
  socket.receive(statusOf());
  socket.sent.length = 0;
}

beforeEach(() => i18n.setLanguage('en'));
afterEach(() => {
  explaining.close();
  session.stop();
});

const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

async function reply(type: string, content: object): Promise<void> {
  const request = socket.of(type).at(-1)?.['request'];
  socket.receive({ type: 'reply', request, problem: null, explanation: null, operands: null, ...content });
  await settled();
  await tick();
}

const SUMS: OperandValues = {
  name: 'outputs',
  block: 'hidden.sums',
  shape: [2, 10],
  writes: true,
  rows: 2,
  columns: 3,
  values: [1, -2, 3, 4, null, 6],
};

describe('where one stands in a step', () => {
  it('follows the status, and marks the last instruction when a step was gone through', () => {
    begin();
    expect([program.lastRow, program.isInside]).toEqual([-1, false]);
    socket.receive(statusOf({ row: 4 }));
    expect([program.lastRow, program.last?.phase]).toEqual([3, 'backward']);
    socket.receive(statusOf({ step: 4, row: 0 }));
    expect(program.last?.phase).toBe('update');
    expect([program.actOf('hidden', true), program.actOf('input', false)]).toEqual(['update', null]);
    socket.receive(statusOf({ step: 9, row: 0 }));
    expect(program.last).toBeNull();
  });

  it('is nowhere inside while training runs at full speed', () => {
    begin();
    socket.receive(statusOf({ status: 'running', row: 2 }));
    expect(program.last).toBeNull();
    socket.receive(statusOf({ status: 'running', row: 2, motion: 'instruction' }));
    expect(program.actOf('hidden', true)).toBe('forward');
  });

  it('belongs to the network of its listing', () => {
    begin();
    socket.receive(listingOf({ revision: 7 }));
    expect(program.rows).toEqual([]);
  });
});

describe('the instructions', () => {
  it('are grouped, marked, and asked for their numbers', async () => {
    begin();
    socket.receive(statusOf({ row: 2 }));
    render(InstructionPanel);
    await tick();
    expect(screen.getAllByRole('group').map((group) => group.getAttribute('aria-label'))).toEqual(
      expect.arrayContaining(['Data', 'Forward', 'Loss', 'Backward', 'Update']),
    );
    expect(screen.getByRole('button', { current: 'step' }).textContent).toContain('just done');
    expect(within(screen.getByRole('group', { name: 'Loss' })).getByText('next')).toBeDefined();
    expect(socket.of('look')).toMatchObject([{ row: 1 }]);
    await reply('look', { operands: [SUMS] });
    expect(screen.getByRole('table', { name: 'outputs, hidden.sums' }).textContent).toContain('−2');
    expect(screen.getByText('The first 2 × 3 of 20 numbers')).toBeDefined();
  });

  it('lead to where one of them has just been done', async () => {
    begin();
    socket.receive(statusOf({ row: 2 }));
    render(InstructionPanel);
    await tick();
    await reply('look', { operands: [] });
    screen.getByRole('button', { name: /hidden backward/ }).click();
    expect(socket.of('visit')).toMatchObject([{ step: 3, row: 4 }]);
    socket.receive(statusOf({ row: 4 }));
    await reply('visit', {});
    expect(socket.of('look').at(-1)).toMatchObject({ row: 3 });
  });

  it('are asked again when the session moves, one question at a time', async () => {
    begin();
    render(InstructionPanel);
    await tick();
    for (const row of [1, 2, 3]) {
      socket.receive(statusOf({ row }));
      await tick();
    }
    expect(socket.of('look').map(({ row }) => row)).toEqual([0]);
    await reply('look', { operands: [] });
    expect(socket.of('look').map(({ row }) => row)).toEqual([0, 2]);
  });

  it('have no buttons for those who only watch', async () => {
    begin({ can_edit: false, token: null });
    render(InstructionPanel);
    await tick();
    expect(screen.queryByRole('button')).toBeNull();
    expect(socket.of('look')).toEqual([]);
  });

  it('have numbers that can be explained, one stop of the Tab key for all of them', async () => {
    begin();
    render(InstructionPanel);
    await tick();
    await reply('look', { operands: [SUMS] });
    const cells = within(screen.getByRole('table')).getAllByRole('button');
    expect(cells.map((cell) => cell.tabIndex)).toEqual([0, -1, -1, -1, -1, -1]);
    cells[0]?.focus();
    cells[0]?.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowDown', bubbles: true }));
    expect(document.activeElement).toBe(cells[3]);
    cells[3]?.click();
    expect(socket.of('explain')).toMatchObject([{ of: 'batch', quantity: { kind: 'sum', layer: 'hidden', index: [1], sample: 0 } }]);
    await reply('explain', {});
  });
});

const quantity = (index: number): Quantity => ({ kind: 'output', layer: 'hidden', parameter: '', index: [index], sample: null });
const answerOf = (index: number): Answer => ({
  quantity: quantity(index),
  title: { en: `Output ${index}`, zh: `输出 ${index}` },
  value: 0.5,
  lines: [{ symbol: 'a', formula: '\\tanh z', filled: '\\tanh 1', value: 0.5, links: [] }],
  terms: [
    { label: { en: 'part one', zh: '一' }, filled: '1 \\cdot 2', value: 2, links: [quantity(index + 1)] },
    { label: { en: 'part two', zh: '二' }, filled: '-1', value: -1, links: [] },
  ],
  text: { en: 'It is the tangent of its sum.', zh: '它是加权和的双曲正切。' },
  row: 1,
});

describe('an explanation', () => {
  it('says how a number came about, in formulas and in words', async () => {
    begin();
    explaining.open(quantity(0), 'inspected');
    render(Explanation);
    expect(socket.of('explain')).toMatchObject([{ of: 'inspected', quantity: quantity(0) }]);
    await reply('explain', { explanation: answerOf(0) });
    expect(screen.getByRole('heading', { name: 'Output 0' })).toBeDefined();
    expect(screen.getByText('It is the tangent of its sum.')).toBeDefined();
    await vi.waitFor(() => expect(document.querySelector('[aria-hidden=true] .katex')).not.toBeNull());
    expect(screen.getAllByRole('row').map((row) => row.textContent)).toEqual([
      expect.stringContaining('Part'),
      expect.stringContaining('part one'),
      expect.stringContaining('part two'),
    ]);
  });

  it('leads on to the numbers it is made of, and back', async () => {
    begin();
    explaining.open(quantity(0), 'inspected');
    render(Explanation);
    await reply('explain', { explanation: answerOf(0) });
    screen.getByRole('button', { name: 'output 2 of hidden' }).click();
    await tick();
    expect(socket.of('explain').at(-1)).toMatchObject({ of: 'inspected', quantity: quantity(1) });
    await reply('explain', { explanation: answerOf(1) });
    expect(screen.getByRole('heading', { name: 'Output 1' })).toBeDefined();
    within(screen.getByRole('navigation')).getByRole('button', { name: 'Output 0' }).click();
    await reply('explain', { explanation: answerOf(0) });
    expect(screen.queryByRole('navigation')).toBeNull();
  });

  it('is asked again when the session has moved, and says why where that is refused', async () => {
    begin();
    explaining.open(quantity(0));
    render(Explanation);
    await reply('explain', { explanation: answerOf(0) });
    socket.receive(statusOf({ row: 1 }));
    expect(socket.of('explain')).toHaveLength(2);
    const problem: Problem = {
      code: 'running',
      where: 'session',
      message: { en: 'Training runs.', zh: '训练正在进行。' },
      hint: { en: 'Pause it.', zh: '请暂停。' },
      value: null,
      allowed: null,
    };
    await reply('explain', { problem });
    expect(screen.getByText('Training runs.')).toBeDefined();
    expect(screen.queryByRole('table')).toBeNull();
  });

  it('closes, and forgets an answer that comes afterwards', async () => {
    begin();
    explaining.open(quantity(0));
    explaining.close();
    await reply('explain', { explanation: answerOf(0) });
    expect([explaining.isOpen, explaining.answer]).toEqual([false, null]);
  });
});
