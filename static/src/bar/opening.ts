/** Opening another experiment in this session. */

import { fetchPreset } from '../lib/api';
import { notices } from '../lib/notices.svelte';
import { addressOf, SHARED_PACE } from '../lib/opening';
import { session } from '../lib/session.svelte';
import { fromFragment, isShared, ShareError } from '../lib/share';
import { Refusal } from '../lib/stream';
import { LABELS } from '../panels/labels';

/** Open a preset and train it; the address follows, so that it can be copied. */
export async function openPreset(name: string): Promise<void> {
  try {
    const preset = await fetchPreset(name);
    history.replaceState(null, '', `${location.pathname}?preset=${encodeURIComponent(name)}`);
    session.moved(addressOf(location));
    await session.open(preset.experiment, LABELS.example, preset.steps_per_second);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    notices.showProblem(error.problem);
  }
}

/** The fragment has changed: a link was pasted into the address bar of this page. */
export async function openFragment(): Promise<void> {
  if (!isShared(location.hash)) return;
  try {
    const experiment = await fromFragment(location.hash);
    session.moved(addressOf(location));
    await session.open(experiment, LABELS.shared, SHARED_PACE);
  } catch (error) {
    if (!(error instanceof ShareError)) throw error;
    notices.show(error.words, null, 'problem');
  }
}
