/** Numbers that change with every frame; the page brings them up to date at most ten times a second. */

import type { Frame } from './frame';

export interface Live {
  step: number;
  epoch: number;
  stepsPerSecond: number;
  batchLoss: number;
  trainingLoss: number;
  validationLoss: number;
  trainingAccuracy: number;
  validationAccuracy: number;
}

export const NOTHING_LIVE: Live = {
  step: 0,
  epoch: 0,
  stepsPerSecond: NaN,
  batchLoss: NaN,
  trainingLoss: NaN,
  validationLoss: NaN,
  trainingAccuracy: NaN,
  validationAccuracy: NaN,
};

export function liveOf(frame: Frame): Live {
  return {
    step: frame.step,
    epoch: frame.epoch,
    stepsPerSecond: frame.stepsPerSecond,
    batchLoss: frame.batchLoss,
    trainingLoss: frame.trainingLoss,
    validationLoss: frame.validationLoss,
    trainingAccuracy: frame.trainingAccuracy,
    validationAccuracy: frame.validationAccuracy,
  };
}
