/** The colours of `colour.ts` in the mode that the visitor has chosen. Reactive where it is read. */

import { classColour, css, cssLut, lut, type ColourMode, type Rgb, type Scale } from './colour';
import { preferences } from './preferences.svelte';

/** Light or dark, standard or colour-blind. */
export function colourMode(): ColourMode {
  return { dark: preferences.dark, colourBlind: preferences.palette === 'colour_blind' };
}

export const currentLut = (scale: Scale): Uint32Array => lut(scale, colourMode());
export const currentCssLut = (scale: Scale): string[] => cssLut(scale, colourMode());
export const currentClass = (index: number): Rgb => classColour(index, colourMode());
export const currentClassCss = (index: number): string => css(currentClass(index));
