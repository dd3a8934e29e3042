import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { recallSession, rememberSession } from '../../src/lib/resume';
import { session } from '../../src/lib/session.svelte';
import { CONNECTION_LOST } from '../../src/lib/stream';
import { WorkList } from '../../src/work/list.svelte';
import { FakeSocket, welcome } from '../lib/sockets';
import { FakeServer, itemOf, problemOf } from './server';

const old = itemOf('old', { used: 10 });
const middle = itemOf('middle', { used: 20 });
const newest = itemOf('newest', { used: 30 });

let server: FakeServer;
let list: WorkList;
const reload = vi.fn();

function connect(id: string): void {
  session.start({ preset: 'spiral', experiment: null, pace: 20, address: '?preset=xor' }, 'ws://test', (url) => new FakeSocket(url));
  FakeSocket.last.open();
  FakeSocket.last.receive(welcome({ session: id }));
}

beforeEach(async () => {
  reload.mockReset();
  server = new FakeServer([newest, middle, old]);
  vi.stubGlobal('fetch', server.fetch);
  window.history.replaceState(null, '', '/?preset=xor');
  rememberSession('middle', 'secret', '?preset=xor');
  connect('middle');
  list = new WorkList(reload);
  await list.load();
  server.asked.length = 0;
});

afterEach(() => {
  session.stop();
  vi.unstubAllGlobals();
});

const order = (): string[] => (list.items ?? []).map((item) => item.session);

describe('my work', () => {
  it('is listed with the one used last first, whatever is done', async () => {
    server.items = [old, newest, middle];
    await list.load();
    expect(order()).toEqual(['newest', 'middle', 'old']);
    await list.rename(old, '  Better  ');
    expect(server.asked.at(-1)).toBe('PATCH /api/work/old');
    expect(JSON.parse(String(server.bodies.at(-1)))).toEqual({ title: 'Better' });
    expect(order()).toEqual(['old', 'newest', 'middle']);
    expect(list.items?.[0]?.title).toBe('Better');
    expect(list.said).toBe('work.said.renamed');
  });

  it('asks for nothing when a name stays as it is', async () => {
    await list.rename(old, `${old.title} `);
    expect(server.asked).toEqual([]);
  });

  it('gets copies and imported runs at its head', async () => {
    await list.copy(old);
    expect(server.asked).toEqual(['POST /api/work/old/copy']);
    expect(order()).toEqual(['old-new', 'newest', 'middle', 'old']);
    const file = new Blob(['run']);
    expect(await list.bring(file)).toBe('run-new');
    expect(server.bodies.at(-1)).toBe(file);
    expect(order()[0]).toMatch('new');
    expect(order()).toHaveLength(5);
    expect(list.said).toBe('work.said.imported');
  });

  it('imports one file at a time', async () => {
    const first = list.bring(new Blob(['one']));
    expect(list.isImporting).toBe(true);
    expect(await list.bring(new Blob(['two']))).toBeNull();
    await first;
    expect(list.isImporting).toBe(false);
    expect(server.asked).toHaveLength(1);
  });

  it.each(['run_unreadable', 'run_other_version', 'run_too_large', 'not_your_work'])(
    'says why a file can’t be used: %s',
    async (code) => {
      server.refusal = problemOf(code);
      expect(await list.bring(new Blob(['x']))).toBeNull();
      expect(list.problem).toEqual(problemOf(code));
      expect(list.said).toBeNull();
      expect(order()).toEqual(['newest', 'middle', 'old']);
      server.refusal = null;
      await list.copy(old);
      expect(list.problem).toBeNull();
    },
  );

  it('says that the server can’t be reached', async () => {
    server.isReachable = false;
    const other = new WorkList(reload);
    await other.load();
    expect(other.problem).toEqual(CONNECTION_LOST);
    expect(other.items).toBeNull();
  });

  it('tells a stranger from a newcomer: the open session is nobody’s', async () => {
    expect(list.isStranger).toBe(false);
    server.items = [];
    await list.load();
    expect(list.isStranger).toBe(true);
    FakeSocket.last.drop();
    expect(list.isStranger).toBe(false);
  });
});

describe('opening', () => {
  it('makes this tab remember the other session, at an address that names nothing else', async () => {
    await list.open(old);
    expect(server.asked).toEqual(['POST /api/work/old/open']);
    expect(location.search).toBe('');
    expect(recallSession('')).toEqual({ session: 'old', token: 'token of old' });
    expect(session.connection.name).toBe('closed');
    expect(reload).toHaveBeenCalledOnce();
  });

  it('stays here when the server refuses', async () => {
    server.refusal = problemOf('not_your_work');
    await list.open(old);
    expect(list.problem?.code).toBe('not_your_work');
    expect(recallSession('?preset=xor')?.session).toBe('middle');
    expect(session.isOpen).toBe(true);
    expect(reload).not.toHaveBeenCalled();
  });
});

describe('deleting', () => {
  it('leaves the open session alone when it is another', async () => {
    await list.remove(old);
    expect(server.asked).toEqual(['DELETE /api/work/old']);
    expect(order()).toEqual(['newest', 'middle']);
    expect(session.isOpen).toBe(true);
    expect(reload).not.toHaveBeenCalled();
  });

  it('opens the next one in place of the open one', async () => {
    await list.remove(middle);
    expect(server.asked).toEqual(['DELETE /api/work/middle', 'POST /api/work/newest/open']);
    expect(recallSession('')?.session).toBe('newest');
    expect(reload).toHaveBeenCalledOnce();
  });

  it('begins anew after the last one', async () => {
    server.items = [middle];
    await list.load();
    await list.remove(middle);
    expect(recallSession('')).toBeNull();
    expect(sessionStorage.length).toBe(0);
    expect(reload).toHaveBeenCalledOnce();
  });

  it('goes on with the open one when the server refuses', async () => {
    server.refusal = problemOf('storage');
    const before = FakeSocket.opened.length;
    await list.remove(middle);
    expect(order()).toContain('middle');
    expect(list.problem?.code).toBe('storage');
    expect(FakeSocket.opened).toHaveLength(before + 1);
    expect(reload).not.toHaveBeenCalled();
  });
});
