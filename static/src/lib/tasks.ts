/** Which view shows the result: decided by the problem and the shape of a sample, never by a name. */

import type { LayerLayout, Layout } from './protocol';

export type ResultKind = 'curve' | 'surface' | 'decision' | 'classes' | 'images' | 'table';

const lastOutput = (layout: Layout): LayerLayout | undefined =>
  layout.layers.filter((layer) => layer.kind === 'output').at(-1);

/** The layer whose quantities are the network's prediction. */
export function outputLayer(layout: Layout): string | null {
  return lastOutput(layout)?.name ?? null;
}

/** How many numbers the network predicts for a sample. */
export function outputUnits(layout: Layout): number {
  return lastOutput(layout)?.shape.reduce((product, size) => product * size, 1) ?? 1;
}

/** The kind of view that suits `layout`. */
export function resultKind(layout: Layout): ResultKind {
  const [axes = 0, ...more] = layout.raw_shape;
  if (more.length > 0) return 'images';
  if (layout.domain === null || axes > 2) return 'table';
  if (axes === 1) return layout.problem === 'regression' ? 'curve' : 'table';
  if (layout.problem === 'regression') return 'surface';
  return outputUnits(layout) === 1 ? 'decision' : 'classes';
}

/** Height and width of an image sample. */
export function imageSize(layout: Layout): { height: number; width: number } {
  const [height, width] = layout.raw_shape.slice(-2);
  return { height: height ?? 1, width: width ?? 1 };
}

/** The class that a row of predictions stands for, and how sure the network is. */
export function decide(row: ArrayLike<number>): { class: number; probability: number } {
  if (row.length === 1) {
    const probability = row[0] ?? NaN;
    return probability >= 0.5 ? { class: 1, probability } : { class: 0, probability: 1 - probability };
  }
  let best = 0;
  for (let index = 1; index < row.length; index++) {
    if ((row[index] as number) > (row[best] as number)) best = index;
  }
  return { class: best, probability: row[best] ?? NaN };
}
