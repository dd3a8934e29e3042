import { beforeEach, describe, expect, it, vi } from 'vitest';
import { hub } from '../../src/lib/hub';
import type { Problem } from '../../src/lib/protocol';
import type { Opening } from '../../src/lib/opening';
import { Session } from '../../src/lib/session.svelte';
import { encode } from './frames';
import { planeExperiment, planeLayout } from './layouts';
import { FakeSocket, welcome } from './sockets';

const LABEL = { en: 'Change', zh: '修改' };
const TOO_MANY: Problem = {
  code: 'invalid',
  where: 'graph.nodes.hidden.units',
  message: { en: 'Too many', zh: '太多' },
  hint: { en: 'Fewer', zh: '减少' },
  value: '9',
  allowed: '8',
};

let session: Session;
let address = 0;

function opening(changes: Partial<Opening> = {}): Opening {
  address += 1;
  return { preset: 'spiral', experiment: null, pace: 400, address: `?test=${address}`, ...changes };
}

function begin(how: Opening = opening()): FakeSocket {
  session.start(how, 'ws://test', (url) => new FakeSocket(url));
  return greet(FakeSocket.last);
}

function greet(socket: FakeSocket, changes: object = {}): FakeSocket {
  socket.open();
  socket.receive(welcome({ session: `s${address}`, ...changes }));
  socket.receive({ type: 'experiment', revision: 1, experiment: planeExperiment() });
  socket.receive(planeLayout());
  return socket;
}

async function answer(socket: FakeSocket, type: string, problem: Problem | null = null): Promise<void> {
  const message = socket.of(type).at(-1);
  socket.receive({ type: 'reply', request: message?.['request'], problem });
  await new Promise((resolve) => setTimeout(resolve));
}

const unitsOf = (experiment: unknown): unknown =>
  (experiment as ReturnType<typeof planeExperiment>).graph.nodes[1]?.layer['units'];

const setUnits = (units: number): void =>
  session.edit((draft) => {
    const node = draft.graph.nodes[1];
    if (node !== undefined) node.layer['units'] = units;
  }, LABEL);

beforeEach(() => {
  FakeSocket.opened = [];
  session = new Session();
});

describe('opening', () => {
  it('starts training a new session at once, at the pace of its preset', () => {
    const socket = begin();
    expect(socket.of('hello')[0]).toMatchObject({ preset: 'spiral' });
    expect(socket.of('play')).toEqual([{ type: 'play', request: 1, steps_per_second: 400 }]);
    expect(session.layout?.layers).toHaveLength(4);
    expect(hub.layout?.revision).toBe(1);
  });

  it('opens a shared experiment instead of a preset', () => {
    const experiment = planeExperiment();
    const socket = begin(opening({ preset: null, experiment }));
    expect(socket.of('hello')[0]).toMatchObject({ experiment });
  });

  it('resumes its session after the connection was lost, without starting anything', () => {
    begin();
    FakeSocket.last.receive({
      type: 'history',
      branch: 1,
      run: 5,
      restart: true,
      step: [10],
      epoch: [1],
      training_loss: [0.5],
      training_accuracy: [0.5],
      validation_loss: [0.6],
      validation_accuracy: [0.4],
    });
    FakeSocket.last.drop();
    expect(session.connection.name).toBe('reconnecting');
    expect(session.layout).not.toBeNull();
    session.reconnect();
    const again = greet(FakeSocket.last, { token: null });
    expect(again.of('hello')[0]).toMatchObject({ session: `s${address}`, token: 'secret', history_after: 10, history_run: 5 });
    expect(again.of('play')).toEqual([]);
    expect(session.canEdit).toBe(true);
  });

  it('trains again when its session was gone and a new one came in its place', () => {
    begin();
    FakeSocket.last.drop();
    session.reconnect();
    const again = greet(FakeSocket.last, { session: 'other' });
    expect(again.of('hello')[0]).toMatchObject({ experiment: planeExperiment() });
    expect(again.of('play')).toHaveLength(1);
  });
});

describe('a new network', () => {
  it('appears together with its first picture, or soon without one', async () => {
    const socket = begin();
    const remove = hub.add(
      () => undefined,
      () => [{ layer: 'hidden', quantity: 'map' }],
    );
    await vi.waitFor(() => expect(socket.of('subscribe')).toHaveLength(1));
    socket.receive(encode({ revision: 1, sequence: 1 }));
    await vi.waitFor(() => expect(hub.isFlowing).toBe(true));
    socket.receive(planeLayout({ revision: 2 }));
    socket.receive(encode({ revision: 1, sequence: 2 }));
    expect(session.layout?.revision).toBe(1);
    socket.receive(encode({ revision: 2, sequence: 3 }));
    expect(session.layout?.revision).toBe(2);
    await vi.waitFor(() => expect(hub.isFlowing).toBe(true));
    socket.receive(planeLayout({ revision: 3 }));
    expect(session.layout?.revision).toBe(2);
    await vi.waitFor(() => expect(session.layout?.revision).toBe(3));
    remove();
  });
});

describe('editing', () => {
  it('shows the draft at once and takes over what the server made of it', async () => {
    const socket = begin();
    setUnits(5);
    expect(unitsOf(session.experiment)).toBe(5);
    expect(unitsOf(session.running)).toBe(2);
    const accepted = structuredClone(session.experiment);
    socket.receive({ type: 'experiment', revision: 2, experiment: accepted });
    await answer(socket, 'edit');
    expect(unitsOf(session.running)).toBe(5);
    expect(session.problem).toBeNull();
  });

  it('keeps a refused draft, says at which layer it is wrong, and lets it be undone', async () => {
    const socket = begin();
    setUnits(9);
    await answer(socket, 'edit', TOO_MANY);
    expect(session.problem?.code).toBe('invalid');
    expect(session.problemLayer).toBe('hidden');
    expect(unitsOf(session.experiment)).toBe(9);
    expect(unitsOf(session.running)).toBe(2);
    session.undo();
    await answer(socket, 'edit');
    expect(session.problem).toBeNull();
    expect(unitsOf(session.experiment)).toBe(2);
  });

  it('sends one edit at a time, and then only the newest', async () => {
    const socket = begin();
    for (const units of [3, 4, 5, 6]) setUnits(units);
    expect(socket.of('edit').map((edit) => unitsOf(edit['experiment']))).toEqual([3]);
    await answer(socket, 'edit');
    expect(socket.of('edit').map((edit) => unitsOf(edit['experiment']))).toEqual([3, 6]);
  });

  it('is not overruled by an older answer while a newer draft is under way', async () => {
    const socket = begin();
    setUnits(3);
    setUnits(4);
    socket.receive({ type: 'experiment', revision: 2, experiment: planeExperiment() });
    expect(unitsOf(session.experiment)).toBe(4);
    await answer(socket, 'edit');
    expect(unitsOf(session.experiment)).toBe(4);
  });

  it('keeps a draft over a lost connection and sends it when it is back', async () => {
    begin();
    setUnits(7);
    FakeSocket.last.drop();
    await new Promise((resolve) => setTimeout(resolve));
    session.reconnect();
    const again = greet(FakeSocket.last, { token: null });
    await new Promise((resolve) => setTimeout(resolve));
    expect(unitsOf(session.experiment)).toBe(7);
    expect(again.of('edit').map((edit) => unitsOf(edit['experiment']))).toEqual([7]);
  });

  it('undoes and redoes', async () => {
    const socket = begin();
    setUnits(3);
    await answer(socket, 'edit');
    expect(session.undoLabel).toEqual(LABEL);
    session.undo();
    expect(unitsOf(session.experiment)).toBe(2);
    expect([session.canUndo, session.canRedo]).toEqual([false, true]);
    session.redo();
    expect(unitsOf(session.experiment)).toBe(3);
  });

  it('does nothing for those who only watch', () => {
    session.start(opening(), 'ws://test', (url) => new FakeSocket(url));
    const socket = greet(FakeSocket.last, { can_edit: false, token: null });
    setUnits(3);
    expect(unitsOf(session.experiment)).toBe(2);
    expect(socket.of('edit')).toEqual([]);
    expect(socket.of('play')).toEqual([]);
  });
});

describe('training', () => {
  it('changes the pace at once while it runs, and only remembers it otherwise', () => {
    const socket = begin();
    socket.sent.length = 0;
    session.speed(5);
    expect(socket.of('play')).toEqual([]);
    socket.receive({ type: 'status', status: 'running', steps_per_second: 5, step: 0, epoch: 0, row: 0, branch: 1, divergence: null });
    session.speed(null);
    expect(socket.of('play')).toMatchObject([{ steps_per_second: null }]);
  });

  it('brings old seeds back by undoing a reseed', async () => {
    const socket = begin();
    const done = session.reseed(['weights'], LABEL);
    const renewed = planeExperiment();
    renewed.seeds.weights = 77;
    socket.receive({ type: 'experiment', revision: 2, experiment: renewed });
    await answer(socket, 'reseed');
    await done;
    expect(session.experiment?.seeds.weights).toBe(77);
    session.undo();
    expect(session.experiment?.seeds.weights).toBe(1);
  });

  it('reports a refused command to the caller', async () => {
    const socket = begin();
    const done = session.setParameter('hidden.weights', [0, 0], 1e9);
    await answer(socket, 'set_parameter', TOO_MANY);
    expect(await done).toEqual(TOO_MANY);
  });

  it('notices when the data change, but not for other edits', () => {
    const socket = begin();
    const before = session.dataVersion;
    const other = planeExperiment();
    other.batch_size = 99;
    socket.receive({ type: 'experiment', revision: 2, experiment: other });
    expect(session.dataVersion).toBe(before);
    other.seeds.data = 2;
    socket.receive({ type: 'experiment', revision: 3, experiment: other });
    expect(session.dataVersion).toBe(before + 1);
  });
});
