/** The points of the training curves: merged from history messages and from the metrics of frames. */

import type { Frame } from './frame';
import type { History } from './protocol';

export type Metric = 'training_loss' | 'validation_loss' | 'training_accuracy' | 'validation_accuracy';

export interface Point extends Record<Metric, number | null> {
  step: number;
  epoch: number;
}

/** Points kept; beyond it the older half loses every second point. */
const MOST_POINTS = 4000;

const measured = (value: number): number | null => (Number.isFinite(value) ? value : null);

export class Curves {
  #points: Point[] = [];
  #listeners = new Set<() => void>();

  get points(): readonly Point[] {
    return this.#points;
  }

  /** The step of the newest point; −1 when there is none. */
  get lastStep(): number {
    return this.#points.at(-1)?.step ?? -1;
  }

  /** Call `listener` whenever points were added or voided; returns the function that ends it. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Forget everything. */
  clear(): void {
    this.#points = [];
    this.#notify();
  }

  /** Take in points from the server; its word for a step replaces ours. */
  merge(history: History): void {
    if (history.restart) this.#points = [];
    for (const [index, step] of history.step.entries()) {
      this.#put({
        step,
        epoch: history.epoch[index] ?? NaN,
        training_loss: history.training_loss[index] ?? null,
        validation_loss: history.validation_loss[index] ?? null,
        training_accuracy: history.training_accuracy[index] ?? null,
        validation_accuracy: history.validation_accuracy[index] ?? null,
      });
    }
    this.#thin();
    this.#notify();
  }

  /** Take in the metrics that a frame carries, if they are newer than what is known. */
  append(frame: Frame, stepsPerEpoch: number): void {
    const step = frame.metricsStep;
    // Training stands before points that we have: they are of a run that was reset.
    if (frame.step < this.lastStep) this.#points = this.#points.filter((point) => point.step <= frame.step);
    if (!Number.isFinite(step) || step <= this.lastStep) return;
    this.#points.push({
      step,
      epoch: stepsPerEpoch > 0 ? step / stepsPerEpoch : frame.epoch,
      training_loss: measured(frame.trainingLoss),
      validation_loss: measured(frame.validationLoss),
      training_accuracy: measured(frame.trainingAccuracy),
      validation_accuracy: measured(frame.validationAccuracy),
    });
    this.#thin();
    this.#notify();
  }

  #put(point: Point): void {
    let at = this.#points.length;
    while (at > 0 && (this.#points[at - 1] as Point).step > point.step) at -= 1;
    const replaces = at > 0 && this.#points[at - 1]?.step === point.step;
    this.#points.splice(replaces ? at - 1 : at, replaces ? 1 : 0, point);
  }

  #thin(): void {
    while (this.#points.length > MOST_POINTS) {
      const half = this.#points.length >> 1;
      this.#points = this.#points.filter((_, index) => index >= half || index % 2 === 0);
    }
  }

  #notify(): void {
    for (const listener of this.#listeners) listener();
  }
}
