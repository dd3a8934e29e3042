/**
 * The breakpoints and watches of the session, and what the watched numbers were. It listens from the start:
 * the server tells once, and the lists are loaded when they are opened.
 */

import type { BreakpointNote, ServerMessage, WatchNote } from '../lib/protocol';
import { session } from '../lib/session.svelte';
import { withValues, type Reading } from './series';

class Standing {
  breakpoints = $state.raw<readonly BreakpointNote[]>([]);
  watches = $state.raw<readonly WatchNote[]>([]);
  readings = $state.raw<readonly Reading[]>([]);

  take(message: ServerMessage): void {
    // With a new connection the server repeats what holds.
    if (message.type === 'welcome') this.breakpoints = this.watches = this.readings = [];
    if (message.type === 'breakpoints') this.breakpoints = message.breakpoints;
    if (message.type === 'watches') {
      this.watches = message.watches;
      this.readings = [];
    }
    if (message.type === 'watch_values') this.readings = withValues(this.readings, message);
  }
}

export const standing = new Standing();

session.listen((message) => standing.take(message));
