/** Large tensors a few times a second: small ones come with every frame, large ones would crowd the stream. */

import type { Frame } from '../lib/frame';
import { hub, type Need, type Painter } from '../lib/hub';

/** Elements beyond which tensors rest between two looks at them. */
const LARGE = 16_384;
const REST = 400;

function elementsOf(needs: readonly Need[]): number {
  const wanted = new Set(needs.map((need) => `${need.layer}/${need.quantity}`));
  const tensors = hub.layout?.tensors.filter((tensor) => wanted.has(`${tensor.layer}/${tensor.quantity}`)) ?? [];
  return tensors.reduce((sum, { shape }) => sum + shape.reduce((product, axis) => product * axis, 1), 0);
}

/** Whether a tensor is in `frame`, or can't be because the server doesn't offer it. */
function hasArrived(frame: Frame, { layer, quantity }: Need): boolean {
  return !hub.offers(layer, quantity) || hub.tensor(frame, layer, quantity) !== undefined;
}

/** Like `hub.add`, but large tensors are only subscribed now and then. Returns the function that ends it. */
export function addSampled(painter: Painter, needs: () => Need[], element: Element | null = null): () => void {
  let resting = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const remove = hub.add(
    (frame) => {
      if (resting || !needs().every((need) => hasArrived(frame, need))) return;
      painter(frame);
      if (elementsOf(needs()) <= LARGE) return;
      resting = true;
      hub.changed();
      timer = setTimeout(() => {
        resting = false;
        hub.changed();
      }, REST);
    },
    () => (resting ? [] : needs()),
    element,
  );
  return () => {
    clearTimeout(timer);
    remove();
  };
}

const LABEL_INTERVAL = 100;

/** Calls `act` at most ten times a second, or every `interval` ms; the newest value gets its turn, if late. */
export function paced<T>(act: (value: T) => void, interval = LABEL_INTERVAL): { take: (value: T) => void; stop: () => void } {
  let acted = -Infinity;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let newest: T;
  const now = (): void => {
    timer = undefined;
    acted = performance.now();
    act(newest);
  };
  return {
    take: (value) => {
      newest = value;
      if (timer !== undefined) return;
      const rest = interval - (performance.now() - acted);
      if (rest <= 0) now();
      else timer = setTimeout(now, rest);
    },
    stop: () => clearTimeout(timer),
  };
}

/** Like `addSampled`, for what people read: at most ten times a second, and always the last frame. */
export function addPaced(painter: Painter, needs: () => Need[], element: Element | null = null): () => void {
  const writing = paced(painter);
  const remove = addSampled(writing.take, needs, element);
  return () => {
    writing.stop();
    remove();
  };
}
