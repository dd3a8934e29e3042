/**
 * One animation-frame loop for the whole page. A frame that arrives only replaces the one waiting;
 * the loop hands the newest to every painter and acknowledges it. What is subscribed is the union of
 * what the painters in view need.
 */

import { decode, type Frame, type TensorView } from './frame';
import type { ClientMessage, Layout, TensorLayout } from './protocol';

export interface Need {
  layer: string;
  quantity: TensorLayout['quantity'];
}

export type Painter = (frame: Frame) => void;
type Told = Extract<ClientMessage, { type: 'acknowledge' | 'subscribe' }>;

export interface HubClock {
  requestFrame: (callback: () => void) => number;
  now: () => number;
  delay: (callback: () => void, milliseconds: number) => unknown;
}

interface Registration {
  paint: Painter;
  needs: () => Need[];
  element: Element | null;
  inView: boolean;
  /** True until the painter has been given a frame of what is on screen. */
  stale: boolean;
}

const SUBSCRIBE_DELAY = 30;
const LONGEST_HOLD = 100;
const LABEL_INTERVAL = 100;
const FRAMES_A_SECOND = 30;

const BROWSER_CLOCK: HubClock = {
  requestFrame: (callback) => requestAnimationFrame(callback),
  now: () => performance.now(),
  delay: (callback, milliseconds) => setTimeout(callback, milliseconds),
};

export class Hub {
  #tell: (message: Told) => void = () => undefined;
  #onBadFrame: (error: unknown) => void = () => undefined;
  #painters = new Set<Registration>();
  #labels = new Set<Painter>();
  #labelledAt = -Infinity;
  #labelWaits = false;
  #waiting: ArrayBuffer | null = null;
  #last: Frame | null = null;
  #layout: Layout | null = null;
  #keys = new Map<string, number>();
  #subscribed = '';
  /** True when the server of this connection has sent the layout. */
  #isKnown = false;
  #subscribing = false;
  #looping = false;
  #heldUntil = -Infinity;

  constructor(private readonly clock: HubClock = BROWSER_CLOCK) {}

  /** Say how messages reach the server, and what to do about a frame that can't be read. */
  attach(tell: (message: Told) => void, onBadFrame: (error: unknown) => void): void {
    this.#tell = tell;
    this.#onBadFrame = onBadFrame;
  }

  /** Take a frame just received; it replaces one that wasn't painted yet. */
  receive(buffer: ArrayBuffer): void {
    this.#waiting = buffer;
    this.#loop();
  }

  /** The connection is new: nothing can be subscribed before the server has sent its layout. */
  reconnected(): void {
    this.#waiting = null;
    this.#isKnown = false;
  }

  /**
   * Paint nothing until the next layout, `release`, or for long: pictures of a network that is being
   * replaced would only delay those of the new one.
   */
  hold(): void {
    this.#heldUntil = this.clock.now() + LONGEST_HOLD;
    // A little later than that: a timer may come early.
    this.clock.delay(() => {
      if (this.#heldUntil <= this.clock.now()) this.release();
    }, LONGEST_HOLD + 10);
  }

  /** Paint again: the network stays as it is. */
  release(): void {
    if (this.#heldUntil === -Infinity) return;
    this.#heldUntil = -Infinity;
    this.repaint();
  }

  /** Frames from now on belong to `layout`; earlier ones are no longer painted. */
  setLayout(layout: Layout): void {
    this.#layout = layout;
    this.#isKnown = true;
    this.#keys = new Map(layout.tensors.map((tensor, key) => [`${tensor.layer}/${tensor.quantity}`, key]));
    this.#subscribed = '';
    this.#heldUntil = -Infinity;
    this.changed();
  }

  /** True while frames come by themselves: one of the present layout was painted, and more are asked for. */
  get isFlowing(): boolean {
    return this.#isKnown && this.#subscribed !== '' && this.frame !== null;
  }

  get layout(): Layout | null {
    return this.#layout;
  }

  /** The last frame painted, if it belongs to the present layout. */
  get frame(): Frame | null {
    return this.#last?.revision === this.#layout?.revision ? this.#last : null;
  }

  /** A tensor of `frame`, if it was subscribed and has arrived. */
  tensor(frame: Frame | null, layer: string, quantity: Need['quantity']): TensorView | undefined {
    if (frame === null || frame.revision !== this.#layout?.revision) return undefined;
    const key = this.#keys.get(`${layer}/${quantity}`);
    return key === undefined ? undefined : frame.tensors.get(key);
  }

  /** True when the server can send this tensor. */
  offers(layer: string, quantity: Need['quantity']): boolean {
    return this.#keys.has(`${layer}/${quantity}`);
  }

  /**
   * Call `painter` with each newest frame.
   *
   * @param needs what it paints; asked whenever subscriptions may have changed.
   * @param element when given, the painter rests and needs nothing while this element is out of view.
   * @returns the function that ends it.
   */
  add(painter: Painter, needs: () => Need[] = () => [], element: Element | null = null): () => void {
    const registration: Registration = {
      paint: painter,
      needs,
      element,
      inView: element === null,
      stale: true,
    };
    this.#painters.add(registration);
    const unwatch = element === null ? () => undefined : visible(element, (inView) => {
      registration.inView = inView;
      registration.stale = true;
      this.changed();
    });
    this.changed();
    return () => {
      unwatch();
      this.#painters.delete(registration);
      this.changed();
    };
  }

  /** Call `label` with the newest frame at most ten times a second: for text, which may be reactive. */
  addLabel(label: Painter): () => void {
    this.#labels.add(label);
    if (this.frame !== null) label(this.frame);
    return () => this.#labels.delete(label);
  }

  /** What painters need may have changed: bring the subscription up to date soon. */
  changed(): void {
    this.#loop();
    if (this.#subscribing) return;
    this.#subscribing = true;
    this.clock.delay(() => {
      this.#subscribing = false;
      this.#subscribe();
    }, SUBSCRIBE_DELAY);
  }

  /** Paint the last frame again: colours or sizes have changed. */
  repaint(): void {
    for (const registration of this.#painters) registration.stale = true;
    this.#loop();
  }

  #subscribe(): void {
    if (this.#layout === null || !this.#isKnown) return;
    const keys = new Set<number>();
    for (const { inView, needs } of this.#painters) {
      if (!inView) continue;
      for (const need of needs()) {
        const key = this.#keys.get(`${need.layer}/${need.quantity}`);
        if (key !== undefined) keys.add(key);
      }
    }
    const tensors = [...keys].sort((left, right) => left - right);
    const revision = this.#layout.revision;
    const wanted = `${revision}:${tensors.join()}`;
    if (wanted === this.#subscribed) return;
    this.#subscribed = wanted;
    this.#tell({ type: 'subscribe', revision, tensors, rate: FRAMES_A_SECOND });
  }

  #loop(): void {
    if (this.#looping) return;
    this.#looping = true;
    this.clock.requestFrame(() => {
      this.#looping = false;
      this.#tick();
    });
  }

  #tick(): void {
    const isNew = this.#take();
    const frame = this.frame;
    if (frame === null || this.clock.now() < this.#heldUntil) return;
    for (const registration of [...this.#painters]) {
      if (!registration.inView || !(isNew || registration.stale)) continue;
      registration.stale = false;
      registration.paint(frame);
    }
    if (isNew) this.#label();
  }

  /** Decode and acknowledge the waiting frame; false when there was none or it is of an old layout. */
  #take(): boolean {
    const buffer = this.#waiting;
    this.#waiting = null;
    if (buffer === null) return false;
    try {
      const frame = decode(buffer);
      this.#tell({ type: 'acknowledge', sequence: frame.sequence });
      if (frame.revision !== this.#layout?.revision) return false;
      this.#last = frame;
      return true;
    } catch (error) {
      this.#onBadFrame(error);
      return false;
    }
  }

  #label(): void {
    if (this.#labelWaits) return;
    const wait = this.#labelledAt + LABEL_INTERVAL - this.clock.now();
    const write = (): void => {
      this.#labelWaits = false;
      this.#labelledAt = this.clock.now();
      const frame = this.frame;
      if (frame !== null) for (const label of [...this.#labels]) label(frame);
    };
    if (wait <= 0) {
      write();
      return;
    }
    // The newest frame must be written in the end, even when no other follows (a single step).
    this.#labelWaits = true;
    this.clock.delay(write, wait);
  }
}

const watched = new WeakMap<Element, (inView: boolean) => void>();
let observer: IntersectionObserver | null = null;

/** Tell `callback` whenever `element` comes into or leaves the view; returns the function that ends it. */
export function visible(element: Element, callback: (inView: boolean) => void): () => void {
  if (!('IntersectionObserver' in globalThis)) {
    callback(true);
    return () => undefined;
  }
  observer ??= new IntersectionObserver((entries) => {
    for (const entry of entries) watched.get(entry.target)?.(entry.isIntersecting);
  });
  watched.set(element, callback);
  observer.observe(element);
  return () => {
    watched.delete(element);
    observer?.unobserve(element);
  };
}

export const hub = new Hub();
