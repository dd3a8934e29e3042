/** What the address of the page asks for: a shared experiment, a preset, or the usual example. */

import type { Experiment } from './experiment';
import type { Words } from './protocol';
import type { Boot, PresetSummary } from './rest';
import { fromFragment, isShared, ShareError } from './share';

/** How a new session starts. */
export interface Opening {
  preset: string | null;
  experiment: Experiment | null;
  /** Steps a second to train at; `null` is as fast as possible. */
  pace: number | null;
  /** The address that led here: a reload of the same one resumes its session. */
  address: string;
}

/** Steps a second for an experiment that came by link: slow enough to watch, fast enough to finish. */
export const SHARED_PACE = 500;

/** The part of an address that decides what is opened. */
export const addressOf = (location: Pick<Location, 'search' | 'hash'>): string => location.search + location.hash;

function presetNamed(boot: Boot | null, name: string | null): PresetSummary | undefined {
  return boot?.presets.find((preset) => preset.name === name);
}

const unknownPreset = (name: string): Words => ({
  en: `There is no example called “${name}”. The usual one was opened instead.`,
  zh: `没有名为“${name}”的示例，已改为打开默认示例。`,
});

/** How the session starts, and what to tell the visitor when the address was no good. */
export async function readOpening(
  boot: Boot | null,
  location: Pick<Location, 'search' | 'hash'>,
): Promise<{ opening: Opening; trouble: Words | null }> {
  const address = addressOf(location);
  const asked = new URLSearchParams(location.search).get('preset');
  let trouble: Words | null = null;
  if (isShared(location.hash)) {
    try {
      const experiment = await fromFragment(location.hash);
      return { opening: { preset: null, experiment, pace: SHARED_PACE, address }, trouble };
    } catch (error) {
      if (!(error instanceof ShareError)) throw error;
      trouble = error.words;
    }
  } else if (asked !== null && presetNamed(boot, asked) === undefined) {
    trouble = unknownPreset(asked.slice(0, 40));
  }
  const preset = presetNamed(boot, asked) ?? presetNamed(boot, boot?.default_preset ?? null);
  const pace = preset?.steps_per_second ?? null;
  return { opening: { preset: preset?.name ?? null, experiment: null, pace, address }, trouble };
}
