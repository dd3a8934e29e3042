/** Choosing the sample that the whole page looks into. */

import { valueAt } from '../lib/frame';
import { samples, placeOf, type Part, type SampleSet } from '../lib/samples.svelte';
import { session } from '../lib/session.svelte';
import type { PlotPoint } from './plane';

/** Look into a point of a plot. */
export function inspectPoint(point: PlotPoint | undefined): void {
  if (point !== undefined) void session.inspect({ part: point.part, sample: point.number });
}

/** The place of the inspected sample among `points`; −1 when it isn't one of them. */
export function markedPoint(points: readonly PlotPoint[]): number {
  const { part, sample } = session.inspected ?? { part: 'drawn', sample: null };
  return points.findIndex((point) => point.part === part && point.number === sample);
}

/** The inspected sample with the set that holds it, or null for a drawn one. */
export function inspectedSample(): { set: SampleSet; place: number } | null {
  const inspected = session.inspected;
  if (inspected === null || inspected.part === 'drawn') return null;
  const set = samples.of(inspected.part);
  const place = placeOf(set, inspected.sample);
  return set === null || place < 0 ? null : { set, place };
}

/** The raw numbers of a sample, row by row. */
export function valuesOf({ set, place }: { set: SampleSet; place: number }): number[] {
  const count = set.inputs.shape.slice(1).reduce((product, size) => product * size, 1);
  return Array.from({ length: count }, (_, index) => valueAt(set.inputs, place * count + index));
}

/** The raw numbers of the sample that is looked at, made by hand or not; null where they aren't known here. */
export function inspectedValues(): readonly number[] | null {
  if (session.inspected?.part === 'drawn') return session.drawn;
  const sample = inspectedSample();
  return sample === null ? null : valuesOf(sample);
}

/** Where a sample made by hand lies on the plane; null for every other one. */
export function drawnPlace(): { x: number; y: number } | null {
  const values = session.inspected?.part === 'drawn' ? session.drawn : null;
  return values?.length === 2 ? { x: values[0] ?? 0, y: values[1] ?? 0 } : null;
}

/** Look into the sample `by` places further on; wraps around. */
export function inspectNext(part: Part, by: number): void {
  const set = samples.of(part);
  if (set === null || set.count === 0) return;
  const place = session.inspected?.part === part ? placeOf(set, session.inspected.sample) : -1;
  const next = place < 0 ? 0 : (place + by + set.count) % set.count;
  void session.inspect({ part, sample: set.numbers.data[next] ?? 0 });
}
