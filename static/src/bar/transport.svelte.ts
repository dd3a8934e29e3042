/** What the buttons and the keyboard do with training. */

import { session } from '../lib/session.svelte';

export type StepLevel = 'batch' | 'batches' | 'epoch';

const SEVERAL = 10;

/** How far one step goes. */
export const stepping = $state<{ level: StepLevel }>({ level: 'batch' });

export function togglePlay(): void {
  if (!session.canEdit) return;
  void (session.isRunning ? session.pause() : session.play());
}

export function takeStep(): void {
  if (!session.canEdit) return;
  if (stepping.level === 'epoch') void session.step('epoch');
  else void session.step('batch', stepping.level === 'batches' ? SEVERAL : 1);
}
