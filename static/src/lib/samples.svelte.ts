/** The raw samples of the session, fetched when its data change; views draw their points from them. */

import { fetchSamples } from './api';
import type { Frame, TensorView } from './frame';
import { notices } from './notices.svelte';
import type { Layout } from './protocol';
import { Refusal } from './stream';

export type Part = 'training' | 'validation';

/** Samples `(count, …raw shape)` with their targets. */
export interface SampleSet {
  part: Part;
  inputs: TensorView;
  /** Class numbers `(count,)`, or values `(count, outputs)`. */
  targets: TensorView;
  /** The number by which each sample is inspected. */
  numbers: TensorView;
  count: number;
}

/** Samples of one part that are drawn; more would only hide each other. */
export const MOST_SAMPLES = 1000;
const MOST_IMAGES = 200;
const PAGE = 500;

class Samples {
  training = $state.raw<SampleSet | null>(null);
  validation = $state.raw<SampleSet | null>(null);
  #turn = 0;
  #subject = '';

  /**
   * Fetch what the session `id` trains on now, unless that is what we have; `version` is that of its data. A
   * newer call makes an older one's answer void.
   */
  async follow(id: string | null, layout: Layout | null, version: number): Promise<void> {
    if (id === null || layout === null) return;
    const { raw_shape, training_samples, validation_samples } = layout;
    const subject = JSON.stringify([id, version, raw_shape, training_samples, validation_samples]);
    if (subject === this.#subject) return;
    this.#subject = subject;
    this.#turn += 1;
    const turn = this.#turn;
    const most = layout.raw_shape.length > 1 ? MOST_IMAGES : MOST_SAMPLES;
    try {
      const training = await fetchPart(id, 'training', Math.min(most, layout.training_samples));
      const validation = await fetchPart(id, 'validation', Math.min(most, layout.validation_samples));
      if (turn !== this.#turn) return;
      this.training = training;
      this.validation = validation;
    } catch (error) {
      if (turn === this.#turn) this.#subject = '';
      if (!(error instanceof Refusal)) throw error;
      if (turn === this.#turn && error.problem.code !== 'connection_lost') notices.showProblem(error.problem);
    }
  }

  of(part: Part): SampleSet | null {
    return part === 'training' ? this.training : this.validation;
  }
}

async function fetchPart(id: string, part: Part, count: number): Promise<SampleSet | null> {
  if (count === 0) return null;
  const pages: Frame[] = [];
  for (let offset = 0; offset < count; offset += PAGE) {
    pages.push(await fetchSamples(id, part, offset, Math.min(PAGE, count - offset)));
  }
  const tensor = (key: number): TensorView => join(pages.flatMap((page) => page.tensors.get(key) ?? []));
  const inputs = tensor(0);
  return { part, inputs, targets: tensor(1), numbers: tensor(2), count: inputs.shape[0] ?? 0 };
}

/** Pages of one tensor, one after the other. */
export function join(pages: TensorView[]): TensorView {
  const first = pages[0];
  if (first === undefined) return { key: 0, shape: [0], dtype: 'float32', data: new Float32Array(), low: 0, high: 0 };
  if (pages.length === 1) return first;
  const length = pages.reduce((sum, page) => sum + page.data.length, 0);
  const data = first.dtype === 'float32' ? new Float32Array(length) : new Uint8Array(length);
  let at = 0;
  for (const page of pages) {
    data.set(page.data, at);
    at += page.data.length;
  }
  const rows = pages.reduce((sum, page) => sum + (page.shape[0] ?? 0), 0);
  return { ...first, shape: [rows, ...first.shape.slice(1)], data };
}

/** The place in `set` of the sample that is inspected as `number`; −1 when it isn't there. */
export function placeOf(set: SampleSet | null, number: number | null): number {
  return set === null || number === null ? -1 : set.numbers.data.indexOf(number);
}

export const samples = new Samples();
