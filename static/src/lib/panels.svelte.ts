/** Which of two panels is shown at the bottom; the choice is kept. */

import { readCookie, writeCookie } from './preferences.svelte';

export type Bottom = 'inspector' | 'instructions';

const COOKIE = 'neurarium_bottom';

class Panels {
  bottom = $state<Bottom>(readCookie(COOKIE) === 'instructions' ? 'instructions' : 'inspector');

  show(bottom: Bottom): void {
    this.bottom = bottom;
    writeCookie(COOKIE, bottom);
  }
}

export const panels = new Panels();
