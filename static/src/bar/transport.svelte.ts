/** What the buttons and the keyboard do with training. */

import type { SlowMotion, Step } from '../lib/protocol';
import { session } from '../lib/session.svelte';

export type StepLevel = 'instruction' | 'layer' | 'sample' | 'batch' | 'batches' | 'epoch';
export type MotionLevel = SlowMotion['level'];

export const STEP_LEVELS: readonly StepLevel[] = ['instruction', 'layer', 'sample', 'batch', 'batches', 'epoch'];
export const MOTION_LEVELS: readonly MotionLevel[] = ['instruction', 'layer', 'sample', 'batch'];
/** Stops a second that slow motion can have. */
export const MOTION_PACES: readonly number[] = [1, 2, 5];

const SEVERAL = 10;

/** How far one step goes. */
export const stepping = $state<{ level: StepLevel }>({ level: 'batch' });

/** How slow motion goes; Play means it while `level` isn't null. */
export const motion = $state<{ level: MotionLevel | null; stops: number }>({ level: null, stops: 2 });

/** The level of the slow motion that runs, or that Play would begin; null for training at a speed. */
export function presentMotion(): MotionLevel | null {
  return session.isRunning ? (session.status?.motion ?? null) : motion.level;
}

export function togglePlay(): void {
  if (!session.canEdit) return;
  if (session.isRunning) void session.pause();
  else if (motion.level === null) void session.play();
  else void move(motion.level);
}

/** Train at another speed; that ends slow motion. */
export function chooseSpeed(pace: number | null): void {
  motion.level = null;
  session.speed(pace);
}

/** Go on in slow motion, from stop to stop of `level`. */
export function chooseMotion(level: MotionLevel, stops = motion.stops): void {
  motion.level = level;
  motion.stops = stops;
  void move(level);
}

const move = (level: MotionLevel): Promise<unknown> =>
  session.order({ type: 'slow_motion', level, stops_per_second: motion.stops });

/** The chosen step as the server counts it. */
export function strideOf(level: StepLevel): { level: NonNullable<Step['level']>; count: number } {
  return level === 'batches' ? { level: 'batch', count: SEVERAL } : { level, count: 1 };
}

export function takeStep(): void {
  go(false);
}

/** Undo one step. */
export function takeStepBack(): void {
  go(true);
}

function go(back: boolean): void {
  if (!session.canEdit) return;
  const { level, count } = strideOf(stepping.level);
  void session.step(level, count, back);
}
