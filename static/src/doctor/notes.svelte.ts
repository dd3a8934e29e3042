/** What the doctor says of the network, and trying its remedies. */

import { notices } from '../lib/notices.svelte';
import type { FindingNote, Findings, RemedyOffer } from '../lib/protocol';
import { session } from '../lib/session.svelte';
import { history } from '../timeline/history.svelte';
import { announcement, newOnes } from './words';

class Notes {
  #message = $state.raw<Findings | null>(null);
  /** The remedy that is being tried. */
  trying = $state.raw<RemedyOffer | null>(null);

  /** False while the doctor hasn't looked at this session. */
  isKnown = $derived(this.#message !== null);
  /** The worst first. */
  findings = $derived<readonly FindingNote[]>(this.#message?.findings ?? []);
  /** How many warnings and serious findings there are of each layer. */
  counts = $derived.by(() => {
    const counts = new Map<string, number>();
    for (const { layer, severity } of this.findings) {
      if (layer !== null && severity !== 'notice') counts.set(layer, (counts.get(layer) ?? 0) + 1);
    }
    return counts;
  });

  take(message: Findings): void {
    const words = announcement(newOnes(this.findings, message.findings));
    this.#message = message;
    if (words !== null) notices.speak(words);
  }

  /** The connection is a new one; the server repeats what holds. */
  forget(): void {
    this.#message = null;
  }

  /** Try a remedy in a branch; what was done until now stays as it is. */
  async try(remedy: RemedyOffer): Promise<void> {
    if (!session.canEdit || this.trying !== null) return;
    const wasRunning = session.isRunning;
    this.trying = remedy;
    try {
      // A change in the past begins a branch by itself.
      if (!history.isPast && (await session.order({ type: 'fork' })) !== null) return;
      session.edit((draft) => Object.assign(draft, remedy.experiment), remedy.label);
      if (wasRunning) await session.play();
    } finally {
      this.trying = null;
    }
  }
}

export const notes = new Notes();

session.listen((message) => {
  if (message.type === 'welcome') notes.forget();
  if (message.type === 'findings') notes.take(message);
});
