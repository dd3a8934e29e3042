/** The twin of the session, as the server told it last; loaded with the page, so that nothing is missed. */

import type { TwinInfo, TwinState } from '../lib/protocol';
import { session } from '../lib/session.svelte';

class PresentTwin {
  /** `null` while there is none. */
  info = $state.raw<TwinInfo | null>(null);

  take(message: TwinState): void {
    this.info = message.twin;
  }

  /** The connection is a new one; the server repeats what holds. */
  forget(): void {
    this.info = null;
  }
}

export const present = new PresentTwin();

session.listen((message) => {
  if (message.type === 'welcome') present.forget();
  if (message.type === 'twin') present.take(message);
});
