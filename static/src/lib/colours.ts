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

/** The first two classes have the colours of negative and positive numbers, which a branch is not. */
const FIRST_BRANCH_COLOUR = 2;
const BRANCH_COLOURS = 8;

/** The colour of a branch of the history. */
export const branchColour = (number: number): string =>
  currentClassCss(FIRST_BRANCH_COLOUR + ((number - 1) % BRANCH_COLOURS));
