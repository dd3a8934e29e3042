import { render, screen } from '@testing-library/svelte';
import { tick } from 'svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { i18n } from '../../src/lib/i18n.svelte';
import { session } from '../../src/lib/session.svelte';
import Timeline from '../../src/timeline/Timeline.svelte';
import { planeExperiment, planeLayout } from '../lib/layouts';
import { branchOf, statusOf, timelineOf } from '../lib/runs';
import { FakeSocket, welcome } from '../lib/sockets';

let socket: FakeSocket;
let address = 0;

function begin(changes: object = {}): void {
  address += 1;
  session.start({ preset: 'spiral', experiment: null, pace: 20, address: `?time${address}` }, 'ws://test', (url) => new FakeSocket(url));
  socket = FakeSocket.last;
  socket.open();
  socket.receive(welcome({ session: `time${address}`, ...changes }));
  socket.receive({ type: 'experiment', revision: 1, experiment: planeExperiment() });
  socket.receive(planeLayout());
  socket.receive(statusOf({ step: 1000 }));
  socket.receive(timelineOf(1, branchOf(1)));
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
});
afterEach(() => session.stop());

const slider = (): HTMLElement => screen.getByRole('slider');
const press = (key: string): unknown => slider().dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));

async function answer(): Promise<void> {
  const { request, step } = socket.of('visit').at(-1) ?? {};
  socket.receive(statusOf({ step: step as number }));
  socket.receive({ type: 'reply', request, problem: null });
  await new Promise((resolve) => setTimeout(resolve));
}

describe('the timeline', () => {
  it('is a slider that says where one stands', async () => {
    begin();
    render(Timeline);
    expect(slider().getAttribute('aria-valuetext')).toBe('step 1,000 of 1,000');
    socket.receive(statusOf({ step: 400 }));
    await tick();
    expect(slider().getAttribute('aria-valuenow')).toBe('400');
    expect(screen.getByText(/Looking at step 400 of 1,000; a change here begins a branch/)).toBeDefined();
  });

  it('visits by keys, and while one visit is under way only the newest waits', async () => {
    begin();
    render(Timeline);
    press('ArrowLeft');
    press('ArrowLeft');
    press('PageDown');
    await tick();
    expect(slider().getAttribute('aria-valuenow')).toBe('988');
    expect(socket.of('visit').map(({ step }) => step)).toEqual([999]);
    await answer();
    expect(socket.of('visit').map(({ step }) => step)).toEqual([999, 988]);
    await answer();
    press('Home');
    expect(socket.of('visit').at(-1)).toMatchObject({ step: 0, row: 0, branch: null });
    await answer();
  });

  it('shows the tree once there are branches, with the causes as names', async () => {
    begin();
    render(Timeline);
    expect(screen.queryByRole('group', { name: 'Branches of the run' })).toBeNull();
    const second = branchOf(2, { parent: 1, fork: 400, start: 400, end: 500 });
    socket.receive(timelineOf(2, branchOf(1), second));
    socket.receive(statusOf({ step: 450, branch: 2 }));
    await tick();
    expect(screen.getAllByRole('listitem').map((item) => item.getAttribute('aria-current'))).toEqual([null, 'true']);
    expect(slider().getAttribute('aria-valuetext')).toBe('step 450 of 500');
    expect(screen.getByRole('button', { name: 'Branch “cause 1”' })).toBeDefined();
    expect(session.curves.present).toBe(2);
  });

  it('forks', () => {
    begin();
    render(Timeline);
    screen.getByRole('button', { name: 'Branch from here' }).click();
    expect(socket.of('fork')).toHaveLength(1);
  });

  it('has nothing to press for those who only watch', async () => {
    begin({ can_edit: false, token: null });
    render(Timeline);
    await tick();
    expect(screen.queryByRole('slider')).toBeNull();
    expect(screen.queryByRole('button')).toBeNull();
    expect(screen.getByRole('img', { name: 'Moment of the run: step 1,000 of 1,000' })).toBeDefined();
  });
});
