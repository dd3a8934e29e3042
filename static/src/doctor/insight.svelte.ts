/**
 * What a person asks about the network: are its gradients right, what does it cost, which units matter.
 * An answer holds until the network changes.
 */

import { notices } from '../lib/notices.svelte';
import { Newest } from '../lib/newest';
import type { GradientCheck, LayerWork, Reply, StepCost, UnitWorth } from '../lib/protocol';
import { session } from '../lib/session.svelte';
import { Refusal } from '../lib/stream';
import { verdict } from './words';

type Question = 'check_gradients' | 'measure_cost' | 'rank_units';

interface Answer<Value> {
  value: Value;
  /** Of the layout that it is about. */
  revision: number | null;
  step: number;
}

/** One question to the server, and its newest answer. */
class Insight<Value> {
  #answer = $state.raw<Answer<Value> | null>(null);
  isAsking = $state(false);
  answer = $derived(this.#answer?.revision === session.layout?.revision ? this.#answer : null);

  /** A layout that comes meanwhile is asked about afterwards, once. */
  #questions = new Newest<null>(() => this.#ask());

  constructor(
    private readonly type: Question,
    private readonly read: (reply: Reply) => Value | null,
    private readonly told: (value: Value) => void = () => undefined,
  ) {}

  async ask(): Promise<void> {
    if (!session.canEdit) return;
    this.isAsking = true;
    await this.#questions.push(null);
    this.isAsking = this.#questions.isBusy;
  }

  async #ask(): Promise<void> {
    const revision = session.layout?.revision ?? null;
    try {
      const value = this.read(await session.ask({ type: this.type }));
      if (value === null) return;
      this.#answer = { value, revision, step: session.live.step };
      this.told(value);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      notices.showProblem(error.problem);
    }
  }
}

class Insights {
  readonly gradients = new Insight<GradientCheck[]>(
    'check_gradients',
    (reply) => reply.gradients,
    (checks) => notices.speak(verdict(checks)),
  );
  readonly cost = new Insight<StepCost>('measure_cost', (reply) => reply.cost);
  readonly units = new Insight<UnitWorth[]>('rank_units', (reply) => reply.units);
  /** True while every layer shows what it costs. */
  showsCost = $state(false);

  /** Layers whose gradients were compared, and whether all of them are right. */
  verified = $derived.by(() => {
    const verified = new Map<string, boolean>();
    for (const { layer, ok } of this.gradients.answer?.value ?? []) {
      verified.set(layer, ok && (verified.get(layer) ?? true));
    }
    return verified;
  });
  /** What layers cost, by their names. */
  work = $derived(new Map<string, LayerWork>(this.cost.answer?.value.layers.map((work) => [work.layer, work])));
}

export const insights = new Insights();
