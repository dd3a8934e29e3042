import { beforeEach, describe, expect, it, vi } from 'vitest';
import { Hub, type HubClock } from '../../src/lib/hub';
import type { Frame } from '../../src/lib/frame';
import { encode } from './frames';
import { planeLayout } from './layouts';

/** Time that only moves when the test says so. */
class ManualClock implements HubClock {
  time = 0;
  #frames: (() => void)[] = [];
  #delays: { at: number; callback: () => void }[] = [];

  requestFrame = (callback: () => void): number => this.#frames.push(callback);
  now = (): number => this.time;
  delay = (callback: () => void, milliseconds: number): void => {
    this.#delays.push({ at: this.time + milliseconds, callback });
  };

  get frames(): number {
    return this.#frames.length;
  }

  paint(): void {
    for (const frame of this.#frames.splice(0)) frame();
  }

  advance(milliseconds: number): void {
    this.time += milliseconds;
    const due = this.#delays.filter(({ at }) => at <= this.time);
    this.#delays = this.#delays.filter(({ at }) => at > this.time);
    for (const { callback } of due) callback();
  }
}

let clock: ManualClock;
let hub: Hub;
let told: object[];
let bad: unknown[];

beforeEach(() => {
  clock = new ManualClock();
  hub = new Hub(clock);
  told = [];
  bad = [];
  hub.attach(
    (message) => told.push(message),
    (error) => bad.push(error),
  );
  hub.setLayout(planeLayout());
  clock.advance(100);
  clock.paint();
  told.length = 0;
});

const messagesOf = (type: string) => told.filter((message) => 'type' in message && message.type === type);
const subscriptions = () => messagesOf('subscribe');

describe('painting', () => {
  it('hands the newest frame only, and acknowledges it', () => {
    const seen: number[] = [];
    hub.add((frame) => seen.push(frame.sequence));
    hub.receive(encode({ sequence: 1 }));
    hub.receive(encode({ sequence: 2 }));
    hub.receive(encode({ sequence: 3 }));
    clock.paint();
    expect(seen).toEqual([3]);
    expect(messagesOf('acknowledge')).toEqual([{ type: 'acknowledge', sequence: 3 }]);
  });

  it('takes frames but paints nothing while the network is being replaced', () => {
    const seen: number[] = [];
    hub.add((frame) => seen.push(frame.sequence));
    hub.hold();
    hub.receive(encode({ sequence: 1 }));
    clock.paint();
    expect(seen).toEqual([]);
    expect(messagesOf('acknowledge')).toHaveLength(1);
    hub.setLayout(planeLayout({ revision: 2 }));
    hub.receive(encode({ sequence: 2, revision: 2 }));
    clock.paint();
    expect(seen).toEqual([2]);
  });

  it('paints again what it held back when the network stays, or when nothing is heard of it', () => {
    const seen: number[] = [];
    hub.add((frame) => seen.push(frame.sequence));
    for (const goOn of [() => hub.release(), () => clock.advance(1000)]) {
      hub.hold();
      hub.receive(encode({ sequence: seen.length + 1 }));
      clock.paint();
      goOn();
      clock.paint();
    }
    expect(seen).toEqual([1, 2]);
    clock.advance(1000);
    expect(clock.frames).toBe(0);
  });

  it('uses one animation frame for all painters, and none while nothing comes', () => {
    const first = vi.fn();
    const second = vi.fn();
    hub.add(first);
    hub.add(second);
    clock.paint();
    hub.receive(encode({}));
    expect(clock.frames).toBe(1);
    clock.paint();
    expect(first).toHaveBeenCalledOnce();
    expect(second).toHaveBeenCalledOnce();
    expect(clock.frames).toBe(0);
  });

  it('shows a painter that comes late what is on screen', () => {
    hub.receive(encode({ step: 5 }));
    clock.paint();
    const late = vi.fn((frame: Frame) => frame.step);
    hub.add(late);
    clock.paint();
    expect(late).toHaveReturnedWith(5);
  });

  it('stops calling a painter that was removed', () => {
    const painter = vi.fn();
    const remove = hub.add(painter);
    remove();
    hub.receive(encode({}));
    clock.paint();
    expect(painter).not.toHaveBeenCalled();
  });

  it('drops a frame of an earlier layout, but acknowledges it so that the stream goes on', () => {
    const painter = vi.fn();
    hub.add(painter);
    hub.setLayout(planeLayout({ revision: 2 }));
    hub.receive(encode({ revision: 1, sequence: 8 }));
    clock.paint();
    expect(painter).not.toHaveBeenCalled();
    expect(told).toContainEqual({ type: 'acknowledge', sequence: 8 });
  });

  it('paints again on demand', () => {
    const painter = vi.fn();
    hub.add(painter);
    hub.receive(encode({}));
    clock.paint();
    hub.repaint();
    clock.paint();
    expect(painter).toHaveBeenCalledTimes(2);
  });

  it('reports a frame that cannot be read and goes on', () => {
    const painter = vi.fn();
    hub.add(painter);
    hub.receive(new ArrayBuffer(5));
    clock.paint();
    expect(bad).toHaveLength(1);
    hub.receive(encode({}));
    clock.paint();
    expect(painter).toHaveBeenCalledOnce();
  });

  it('finds tensors by layer and quantity', () => {
    hub.receive(encode({}, [{ key: 3, shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) }]));
    clock.paint();
    expect([...(hub.tensor(hub.frame, 'hidden', 'weights')?.data ?? [])]).toEqual([1, 2, 3, 4]);
    expect(hub.tensor(hub.frame, 'output', 'map')).toBeUndefined();
  });
});

describe('subscribing', () => {
  it('asks for the union of what painters need, once', () => {
    hub.add(() => undefined, () => [{ layer: 'output', quantity: 'map' }]);
    hub.add(
      () => undefined,
      () => [
        { layer: 'output', quantity: 'map' },
        { layer: 'hidden', quantity: 'weights' },
      ],
    );
    clock.advance(100);
    expect(subscriptions()).toEqual([{ type: 'subscribe', revision: 1, tensors: [2, 3], rate: 30 }]);
  });

  it('takes back what nobody needs any more', () => {
    const remove = hub.add(() => undefined, () => [{ layer: 'output', quantity: 'map' }]);
    clock.advance(100);
    remove();
    clock.advance(100);
    expect(subscriptions().at(-1)).toMatchObject({ tensors: [] });
  });

  it('says nothing when nothing changed', () => {
    hub.add(() => undefined, () => [{ layer: 'output', quantity: 'map' }]);
    clock.advance(100);
    hub.changed();
    clock.advance(100);
    expect(subscriptions()).toHaveLength(1);
  });

  it('leaves out what this layout does not offer', () => {
    hub.add(() => undefined, () => [{ layer: 'gone', quantity: 'map' }]);
    clock.advance(100);
    expect(subscriptions()).toEqual([]);
  });

  it('asks again for a new layout, under its keys', () => {
    hub.add(() => undefined, () => [{ layer: 'hidden', quantity: 'weights' }]);
    clock.advance(100);
    const layout = planeLayout({ revision: 2 });
    hub.setLayout({ ...layout, tensors: [...layout.tensors].reverse() });
    clock.advance(100);
    expect(subscriptions().at(-1)).toMatchObject({ revision: 2, tensors: [2] });
  });

  it('asks again after a new connection, once its layout is here', () => {
    hub.add(() => undefined, () => [{ layer: 'output', quantity: 'map' }]);
    clock.advance(100);
    hub.reconnected();
    hub.changed();
    clock.advance(100);
    expect(subscriptions()).toHaveLength(1);
    hub.setLayout(planeLayout({ revision: 5 }));
    clock.advance(100);
    expect(subscriptions()).toHaveLength(2);
    expect(subscriptions()[1]).toMatchObject({ revision: 5 });
  });
});

describe('labels', () => {
  it('are written at most ten times a second, and never miss the last frame', () => {
    const steps: number[] = [];
    hub.addLabel((frame) => steps.push(frame.step));
    for (let step = 1; step <= 10; step++) {
      hub.receive(encode({ step }));
      clock.paint();
      clock.advance(16);
    }
    expect(steps.length).toBeLessThanOrEqual(3);
    clock.advance(200);
    expect(steps.at(-1)).toBe(10);
  });
});
