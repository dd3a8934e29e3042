import { cleanup, render, screen } from '@testing-library/svelte';
import { tick } from 'svelte';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import Doctor from '../../src/doctor/Doctor.svelte';
import { notes } from '../../src/doctor/notes.svelte';
import { announcement, newOnes } from '../../src/doctor/words';
import LayerSigns from '../../src/graph/LayerSigns.svelte';
import { notices } from '../../src/lib/notices.svelte';
import type { FindingNote } from '../../src/lib/protocol';
import { session } from '../../src/lib/session.svelte';
import { openSession } from '../graph/page';
import { planeExperiment } from '../lib/layouts';
import { branchOf, statusOf, timelineOf } from '../lib/runs';
import { type FakeSocket, welcome } from '../lib/sockets';

const both = (text: string): { en: string; zh: string } => ({ en: text, zh: `${text}（中）` });

const findingOf = (check: string, changes: Partial<FindingNote> = {}): FindingNote => ({
  check,
  title: both(check),
  help: both('help'),
  severity: 'warning',
  layer: null,
  control: null,
  message: both(`${check} was seen`),
  remedy: null,
  ...changes,
});

const slower = { ...planeExperiment(), optimizer: { kind: 'sgd', learning_rate: 0.003 } };
const tooFast = findingOf('too_fast', { remedy: { label: both('Learn slower'), experiment: slower } });

let socket: FakeSocket;

const tell = async (...findings: FindingNote[]): Promise<void> => {
  socket.receive({ type: 'findings', step: 10, findings });
  await tick();
};

const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

/** Accept everything that was asked since the last time. */
async function accept(): Promise<void> {
  for (const { request } of socket.sent.splice(0)) {
    if (request !== undefined) socket.receive({ type: 'reply', request, problem: null });
  }
  await settle();
}

const commands = (): unknown[] => socket.sent.map(({ type }) => type).filter((type) => type !== 'subscribe');

beforeEach(async () => {
  socket = await openSession();
  socket.receive(timelineOf(1, branchOf(1)));
  socket.receive(statusOf({ step: 1000 }));
  await accept();
});

afterEach(() => {
  cleanup();
  session.stop();
});

describe('the doctor', () => {
  it('has one quiet line while nothing is wrong', async () => {
    render(Doctor);
    expect(screen.getByText('Has not looked yet.')).toBeDefined();
    await tell();
    expect(screen.getByText('Nothing to complain about.')).toBeDefined();
  });

  it('says how bad a finding is in words, and where it is', async () => {
    render(Doctor);
    await tell(findingOf('dead_units', { layer: 'hidden', severity: 'serious' }), findingOf('small'));
    expect(screen.getAllByRole('listitem').map((item) => item.textContent?.includes('Serious'))).toEqual([true, false]);
    screen.getByRole('button', { name: 'Select layer hidden' }).click();
    expect(session.selection).toEqual({ layer: 'hidden' });
  });

  it('names no layer that is gone', async () => {
    render(Doctor);
    await tell(findingOf('dead_units', { layer: 'gone' }));
    expect(screen.queryByRole('button')).toBeNull();
  });

  it('tells a screen reader what is new, once', async () => {
    await tell(findingOf('dead_units', { layer: 'hidden' }));
    expect(notices.spoken).toEqual({ en: 'Doctor: dead_units', zh: '网络医生：dead_units（中）' });
    notices.spoken = null;
    await tell(findingOf('dead_units', { layer: 'hidden', message: both('other numbers') }));
    expect(notices.spoken).toBeNull();
    await tell(findingOf('a'), findingOf('b'), findingOf('c'));
    expect(notices.spoken).toMatchObject({ en: 'Doctor: a, and 2 more findings' });
  });

  it('forgets what it said of another session', async () => {
    await tell(tooFast);
    socket.receive(welcome({ session: 'other' }));
    expect([notes.isKnown, notes.findings]).toEqual([false, []]);
  });

  it('signs a layer with its warnings, not with notices', async () => {
    const of = (severity: FindingNote['severity'], check: string): FindingNote => findingOf(check, { layer: 'hidden', severity });
    render(LayerSigns, { layer: 'hidden' });
    await tell(of('warning', 'a'), of('serious', 'b'), of('notice', 'c'));
    expect(screen.getByText('2 findings of the doctor')).toBeDefined();
    await tell(of('notice', 'c'));
    expect(screen.queryByText(/of the doctor/)).toBeNull();
  });
});

describe('a remedy', () => {
  const press = async (): Promise<void> => {
    render(Doctor);
    await tell(tooFast);
    screen.getByRole('button', { name: 'Learn slower' }).click();
    await settle();
  };

  it('begins a branch, changes the experiment there and goes on with training', async () => {
    socket.receive(statusOf({ step: 1000, status: 'running' }));
    await press();
    expect(commands()).toEqual(['fork']);
    socket.receive(statusOf({ step: 1000, branch: 2 }));
    await accept();
    expect(commands()).toEqual(['edit', 'play']);
    expect(socket.of('edit')[0]).toMatchObject({ experiment: { optimizer: { learning_rate: 0.003 } } });
    await accept();
    expect(session.undoLabel?.en).toBe('Learn slower');
    session.undo();
    expect(session.experiment?.optimizer).toEqual(planeExperiment().optimizer);
  });

  it('stays paused where training was', async () => {
    await press();
    await accept();
    expect(commands()).toEqual(['edit']);
    await accept();
  });

  it('needs no fork in the past, where a change begins a branch anyway', async () => {
    socket.receive(statusOf({ step: 400 }));
    await press();
    expect(commands()).toEqual(['edit']);
    await accept();
  });

  it('changes nothing where the branch is refused', async () => {
    await press();
    const problem = { code: 'x', where: '', message: both('no'), hint: both(''), value: null, allowed: null };
    socket.receive({ type: 'reply', request: socket.of('fork')[0]?.['request'], problem });
    await settle();
    expect(socket.of('edit')).toEqual([]);
    expect(notes.trying).toBeNull();
    expect(session.experiment?.optimizer).toEqual(planeExperiment().optimizer);
  });
});

describe('what is new', () => {
  it('is another check, layer or control; other numbers are not', () => {
    const before = [findingOf('a', { layer: 'x' })];
    const after = [findingOf('a', { layer: 'x', message: both('more') }), findingOf('a', { layer: 'y' })];
    expect(newOnes(before, after).map(({ layer }) => layer)).toEqual(['y']);
    expect(announcement([])).toBeNull();
  });
});
