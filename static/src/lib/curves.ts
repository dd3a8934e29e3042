/**
 * The points of the training curves, by branch of the history: merged from history messages and from the
 * metrics of frames, which belong to the branch on which the session stands.
 */

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

/** The points of one branch; `version` changes with them. */
export interface Curve {
  branch: number;
  points: readonly Point[];
  version: number;
}

export class Curves {
  #branches = new Map<number, { points: Point[]; version: number }>();
  #present = 1;
  #step = 0;
  #listeners = new Set<() => void>();

  /** The branch on which the session stands. */
  get present(): number {
    return this.#present;
  }

  /** Points of the present branch. */
  get points(): readonly Point[] {
    return this.#branches.get(this.#present)?.points ?? [];
  }

  /** The step of the newest point of the present branch; −1 when there is none. */
  get lastStep(): number {
    return this.points.at(-1)?.step ?? -1;
  }

  /** Where the session stands, if that is before the last point of the present branch; null at its end. */
  get position(): number | null {
    return this.#step < this.lastStep ? this.#step : null;
  }

  /** The newest of the other branches, at most `most`, oldest first. */
  others(most: number): Curve[] {
    return [...this.#branches]
      .filter(([branch, { points }]) => branch !== this.#present && points.length > 0)
      .sort(([left], [right]) => left - right)
      .slice(-most)
      .map(([branch, curve]) => ({ branch, ...curve }));
  }

  /** Call `listener` whenever points or the position have changed; returns the function that ends it. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The session stands at `step` of `branch`. */
  stand(branch: number, step: number): void {
    const before = this.position;
    const isSame = branch === this.#present;
    this.#present = branch;
    this.#step = step;
    if (!isSame || before !== this.position) this.#notify();
  }

  /** Forget branches that aren't among `branches` any more. */
  keep(branches: readonly number[]): void {
    const gone = [...this.#branches.keys()].filter((one) => one !== this.#present && !branches.includes(one));
    for (const branch of gone) this.#branches.delete(branch);
    if (gone.length > 0) this.#notify();
  }

  /** Forget everything. */
  clear(): void {
    this.#branches.clear();
    this.#notify();
  }

  /** Take in points from the server; its word for a step replaces ours. */
  merge(history: History): void {
    if (history.restart) this.#branches.clear();
    const points = this.#grow(history.branch);
    for (const [index, step] of history.step.entries()) {
      put(points, {
        step,
        epoch: history.epoch[index] ?? NaN,
        training_loss: history.training_loss[index] ?? null,
        validation_loss: history.validation_loss[index] ?? null,
        training_accuracy: history.training_accuracy[index] ?? null,
        validation_accuracy: history.validation_accuracy[index] ?? null,
      });
    }
    thin(points);
    this.#notify();
  }

  /** Take in the metrics that a frame carries, as a point of the present branch. */
  append(frame: Frame, stepsPerEpoch: number): void {
    const step = frame.metricsStep;
    if (!Number.isFinite(step) || step === this.lastStep) return;
    const points = this.#grow(this.#present);
    put(points, {
      step,
      epoch: stepsPerEpoch > 0 ? step / stepsPerEpoch : frame.epoch,
      training_loss: measured(frame.trainingLoss),
      validation_loss: measured(frame.validationLoss),
      training_accuracy: measured(frame.trainingAccuracy),
      validation_accuracy: measured(frame.validationAccuracy),
    });
    thin(points);
    this.#notify();
  }

  /** The points of a branch, which are about to change. */
  #grow(branch: number): Point[] {
    const { points, version } = this.#branches.get(branch) ?? { points: [], version: 0 };
    this.#branches.set(branch, { points, version: version + 1 });
    return points;
  }

  #notify(): void {
    for (const listener of this.#listeners) listener();
  }
}

/** Put a point in its place; one of the same step gives way. */
function put(points: Point[], point: Point): void {
  let at = points.length;
  while (at > 0 && (points[at - 1] as Point).step > point.step) at -= 1;
  const replaces = at > 0 && points[at - 1]?.step === point.step;
  points.splice(replaces ? at - 1 : at, replaces ? 1 : 0, point);
}

function thin(points: Point[]): void {
  while (points.length > MOST_POINTS) {
    const half = points.length >> 1;
    const kept = points.filter((_, index) => index >= half || index % 2 === 0);
    points.splice(0, points.length, ...kept);
  }
}
