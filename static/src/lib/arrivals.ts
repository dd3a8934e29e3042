/** In which order layouts, frames and other messages came: what belongs together, and what is out of date. */

import type { Frame } from './frame';
import { headOf } from './frame';
import { hub } from './hub';
import type { Layout } from './protocol';

/** Milliseconds that a new layout waits for its first frame, which new painters may have to ask for. */
const PATIENCE = 40;

export class Arrivals {
  /** A layout that waits for its first frame. */
  #coming: Layout | null = null;
  #patience: ReturnType<typeof setTimeout> | undefined;
  /** Numbers of frames: the last one, the last of another branch or run, the last before the status. */
  #last = -1;
  #lastVoid = -1;
  #lastBefore = -1;

  /** @param show puts a layout before people's eyes. */
  constructor(private readonly show: (layout: Layout) => void) {}

  /** True while a layout waits to be shown. */
  get isWaiting(): boolean {
    return this.#coming !== null;
  }

  /** A new connection counts its frames anew. */
  reconnected(): void {
    this.#last = this.#lastVoid = this.#lastBefore = -1;
  }

  /** The first frame of a new layout follows at once: both are shown together, by one rendering of the page. */
  layoutCame(layout: Layout): void {
    this.#coming = layout;
    clearTimeout(this.#patience);
    if (!hub.isFlowing) this.showNow();
    else this.#patience = setTimeout(() => this.showNow(), PATIENCE);
  }

  frameCame(buffer: ArrayBuffer): void {
    const { revision, sequence } = headOf(buffer);
    this.#last = sequence;
    if (revision === this.#coming?.revision) this.showNow();
    hub.receive(buffer);
  }

  /** Show a layout that waits. */
  showNow(): void {
    clearTimeout(this.#patience);
    const layout = this.#coming;
    this.#coming = null;
    if (layout !== null) this.show(layout);
  }

  /** Metrics of frames that have come so far are of another branch or run. */
  voidFrames(): void {
    this.#lastVoid = this.#last;
  }

  /** The server has said where the session stands: newer than frames that have come so far. */
  statusCame(): void {
    this.#lastBefore = this.#last;
  }

  isVoid(frame: Frame): boolean {
    return frame.sequence <= this.#lastVoid;
  }

  isBeforeStatus(frame: Frame): boolean {
    return frame.sequence <= this.#lastBefore;
  }
}
