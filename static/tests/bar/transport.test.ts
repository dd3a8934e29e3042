import { render, screen, within } from '@testing-library/svelte';
import { tick } from 'svelte';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import Counters from '../../src/bar/Counters.svelte';
import Transport from '../../src/bar/Transport.svelte';
import { motion, stepping, strideOf, STEP_LEVELS, takeStep, takeStepBack, togglePlay } from '../../src/bar/transport.svelte';
import { i18n } from '../../src/lib/i18n.svelte';
import { session } from '../../src/lib/session.svelte';
import { statusOf, listingOf } from '../lib/runs';
import { planeExperiment, planeLayout } from '../lib/layouts';
import { FakeSocket, welcome } from '../lib/sockets';

let socket: FakeSocket;
let address = 0;

beforeEach(async () => {
  i18n.setLanguage('en');
  address += 1;
  session.start({ preset: 'spiral', experiment: null, pace: 20, address: `?${address}` }, 'ws://test', (url) => new FakeSocket(url));
  socket = FakeSocket.last;
  socket.open();
  socket.receive(welcome({ session: `bar${address}` }));
  socket.receive({ type: 'experiment', revision: 1, experiment: planeExperiment() });
  socket.receive(planeLayout());
  socket.receive(statusOf());
  socket.sent.length = 0;
  stepping.level = 'batch';
  motion.level = null;
  motion.stops = 2;
  await tick();
});

afterEach(() => session.stop());

const press = async (name: RegExp): Promise<void> => {
  screen.getByRole('button', { name }).click();
  await tick();
};

describe('a step', () => {
  it('goes as far as its level says', () => {
    expect(STEP_LEVELS.map((level) => Object.values(strideOf(level)))).toEqual([
      ['instruction', 1],
      ['layer', 1],
      ['sample', 1],
      ['batch', 1],
      ['batch', 10],
      ['epoch', 1],
    ]);
  });

  it('goes forward, and back the same way', () => {
    stepping.level = 'batches';
    takeStep();
    takeStepBack();
    expect(socket.of('step')).toMatchObject([
      { level: 'batch', count: 10, back: false },
      { level: 'batch', count: 10, back: true },
    ]);
  });

  it('has buttons that say how far', async () => {
    render(Transport);
    stepping.level = 'layer';
    await tick();
    await press(/^Step back: one layer$/);
    await press(/^One step: one layer$/);
    expect(socket.of('step').map((step) => step['back'])).toEqual([true, false]);
  });
});

describe('slow motion', () => {
  it('begins at once, and Play goes on with it until another speed is chosen', async () => {
    render(Transport);
    await press(/^Speed: /);
    speeds().dispatchEvent(toggled());
    await tick();
    within(speeds()).getByText('layer by layer').click();
    expect(socket.of('slow_motion')).toMatchObject([{ level: 'layer', stops_per_second: 2 }]);
    socket.receive(statusOf({ status: 'running', motion: 'layer' }));
    togglePlay();
    expect(socket.of('pause')).toHaveLength(1);
    socket.receive(statusOf());
    await tick();
    expect(screen.getByRole('button', { name: 'Speed: slow motion, layer by layer, 2 stops a second' })).toBeDefined();
    togglePlay();
    expect(socket.of('slow_motion')).toHaveLength(2);
    socket.receive(statusOf({ status: 'running', motion: 'layer' }));
    within(speeds()).getByText('100 steps a second').click();
    expect(socket.of('play')).toMatchObject([{ steps_per_second: 100 }]);
    expect(motion.level).toBeNull();
  });
});

const speeds = (): HTMLElement => document.querySelector('[role=menu][aria-label^="Speed"]') as HTMLElement;
const toggled = (): Event => Object.assign(new Event('toggle'), { newState: 'open' });

describe('the counters', () => {
  it('show the instruction and the sample while one steps inside a batch', async () => {
    render(Counters);
    socket.receive(listingOf());
    socket.receive(statusOf({ row: 2, sample: 3 }));
    await tick();
    expect(document.body.textContent).toContain('2 of 5');
    expect(document.body.textContent).toContain('4 of 10');
    socket.receive(statusOf({ status: 'running', row: 2 }));
    await tick();
    expect(document.body.textContent).not.toContain('2 of 5');
  });
});
