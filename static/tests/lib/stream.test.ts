import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Problem, ServerMessage } from '../../src/lib/protocol';
import { CONNECTION_LOST, Refusal, Stream, waitBefore, type Connection } from '../../src/lib/stream';
import { FakeSocket, welcome } from './sockets';

const PROBLEM: Problem = {
  code: 'busy',
  where: 'server',
  message: { en: 'Full', zh: '已满' },
  hint: { en: 'Later', zh: '稍后' },
  value: null,
  allowed: null,
};

let states: Connection[];
let messages: ServerMessage[];
let frames: ArrayBuffer[];
let stream: Stream;

beforeEach(() => {
  vi.useFakeTimers();
  FakeSocket.opened = [];
  states = [];
  messages = [];
  frames = [];
  stream = new Stream({
    url: 'ws://test/api/stream',
    hello: () => ({ preset: 'spiral' }),
    onState: (state) => states.push(state),
    onMessage: (message) => messages.push(message),
    onFrame: (buffer) => frames.push(buffer),
    openSocket: (url) => new FakeSocket(url),
  });
  stream.connect();
});

afterEach(() => vi.useRealTimers());

function openIt(): FakeSocket {
  FakeSocket.last.open();
  FakeSocket.last.receive(welcome());
  return FakeSocket.last;
}

describe('connecting', () => {
  it('says hello first, and is open once welcomed', () => {
    const socket = openIt();
    expect(socket.sent).toEqual([{ type: 'hello', protocol: 1, preset: 'spiral' }]);
    expect(states.map(({ name }) => name)).toEqual(['connecting', 'open']);
    expect(messages[0]?.type).toBe('welcome');
  });

  it('hands frames on as they are', () => {
    const buffer = new ArrayBuffer(4);
    openIt().receive(buffer);
    expect(frames).toEqual([buffer]);
  });

  it('stays refused at a fatal problem, until asked to try again', () => {
    FakeSocket.last.open();
    FakeSocket.last.receive({ type: 'problem', problem: PROBLEM, fatal: true });
    expect(stream.connection).toEqual({ name: 'refused', problem: PROBLEM });
    vi.advanceTimersByTime(60_000);
    expect(FakeSocket.opened).toHaveLength(1);
    stream.connect();
    openIt();
    expect(stream.connection.name).toBe('open');
  });

  it('only tells of a problem that is not fatal', () => {
    openIt().receive({ type: 'problem', problem: PROBLEM, fatal: false });
    expect(stream.connection.name).toBe('open');
    expect(messages.at(-1)?.type).toBe('problem');
  });
});

describe('a lost connection', () => {
  it('is tried again after longer and longer waits, from the start once it was open', () => {
    expect([1, 2, 3, 4, 5, 6, 7].map(waitBefore)).toEqual([0.5, 1, 2, 4, 8, 10, 10]);
    openIt().drop();
    expect(stream.connection).toEqual({ name: 'reconnecting', attempt: 1, seconds: 0.5 });
    vi.advanceTimersByTime(500);
    FakeSocket.last.drop();
    expect(stream.connection).toEqual({ name: 'reconnecting', attempt: 2, seconds: 1 });
    vi.advanceTimersByTime(1000);
    openIt().drop();
    expect(stream.connection).toEqual({ name: 'reconnecting', attempt: 1, seconds: 0.5 });
  });

  it('can be tried again at once', () => {
    openIt().drop();
    stream.connect();
    expect(FakeSocket.opened).toHaveLength(2);
    vi.advanceTimersByTime(10_000);
    expect(FakeSocket.opened).toHaveLength(2);
  });

  it('is not tried again once closed for good', () => {
    openIt();
    stream.close();
    vi.advanceTimersByTime(60_000);
    expect(FakeSocket.opened).toHaveLength(1);
    expect(FakeSocket.last.closed).toBe(true);
    expect(stream.connection.name).toBe('closed');
  });
});

describe('commands', () => {
  it('resolve with the answer when carried out', async () => {
    const socket = openIt();
    const done = stream.command({ type: 'pause' });
    const [{ request } = { request: -1 }] = socket.of('pause');
    socket.receive({ type: 'reply', request, problem: null });
    await expect(done).resolves.toMatchObject({ request, problem: null });
  });

  it('reject with the reason when refused, each its own', async () => {
    const socket = openIt();
    const first = stream.command({ type: 'reset' });
    const second = stream.command({ type: 'pause' });
    const [pause] = socket.of('pause');
    const [reset] = socket.of('reset');
    socket.receive({ type: 'reply', request: pause?.['request'], problem: null });
    socket.receive({ type: 'reply', request: reset?.['request'], problem: PROBLEM });
    await second;
    await expect(first).rejects.toMatchObject({ problem: PROBLEM });
  });

  it('reject when the connection is lost meanwhile', async () => {
    const socket = openIt();
    const waiting = stream.command({ type: 'pause' });
    socket.drop();
    await expect(waiting).rejects.toMatchObject({ problem: CONNECTION_LOST });
  });

  it('are refused, and nothing is sent, once the server has said goodbye', async () => {
    const socket = openIt();
    socket.part();
    stream.tell({ type: 'acknowledge', sequence: 1 });
    const waiting = stream.command({ type: 'pause' });
    await expect(waiting).rejects.toMatchObject({ problem: CONNECTION_LOST });
    expect(socket.sent.map(({ type }) => type)).toEqual(['hello']);
  });

  it('are refused without a connection', async () => {
    await expect(stream.command({ type: 'pause' })).rejects.toBeInstanceOf(Refusal);
  });
});
