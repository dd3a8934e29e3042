/** Which of the panels is shown at the bottom; the choice is kept. */

import { readCookie, writeCookie } from './preferences.svelte';

export const BOTTOMS = ['inspector', 'instructions', 'breakpoints', 'twin'] as const;
export type Bottom = (typeof BOTTOMS)[number];

const COOKIE = 'neurarium_bottom';

class Panels {
  bottom = $state<Bottom>(BOTTOMS.find((name) => name === readCookie(COOKIE)) ?? 'inspector');

  show(bottom: Bottom): void {
    this.bottom = bottom;
    writeCookie(COOKIE, bottom);
  }
}

export const panels = new Panels();
