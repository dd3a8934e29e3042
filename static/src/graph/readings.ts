/** Single numbers out of the newest frame: what tooltips and the inspector read out. */

import { valueAt, type Frame } from '../lib/frame';
import { hub } from '../lib/hub';
import type { TensorLayout } from '../lib/protocol';

type Quantity = TensorLayout['quantity'];

function read(frame: Frame | null, layer: string, quantity: Quantity, index: (shape: number[]) => number): number {
  const tensor = hub.tensor(frame, layer, quantity);
  return tensor === undefined ? NaN : valueAt(tensor, index(tensor.shape));
}

/** Element `(output, input)` of `weights` or `weight_gradient`; NaN while it hasn't arrived. */
export function readWeight(
  frame: Frame | null,
  layer: string,
  output: number,
  input: number,
  quantity: 'weights' | 'weight_gradient' = 'weights',
): number {
  return read(frame, layer, quantity, ([, inputs = 0]) => output * inputs + input);
}

/** One unit's `bias`, `bias_gradient` or `activation`; NaN while it hasn't arrived. */
export function readUnit(
  frame: Frame | null,
  layer: string,
  unit: number,
  quantity: 'bias' | 'bias_gradient' | 'activation',
): number {
  return read(frame, layer, quantity, () => unit);
}

/**
 * A unit's response at a place of its map; `x` and `y` go from 0 (left, top) to 1.
 */
export function readMap(frame: Frame | null, layer: string, unit: number, x: number, y: number): number {
  return read(frame, layer, 'map', ([, rows = 1, columns]) => {
    // A map over a line has cells along one axis only: `(units, cells)`.
    const width = columns ?? rows;
    const height = columns === undefined ? 1 : rows;
    const column = Math.min(width - 1, Math.max(0, Math.floor(x * width)));
    const row = Math.min(height - 1, Math.max(0, Math.floor(y * height)));
    return (unit * height + row) * width + column;
  });
}

/** Root mean squares of a layer's weights and of their gradients. */
export function readLink(frame: Frame | null, layer: string): { weight: number; gradient: number } {
  return {
    weight: read(frame, layer, 'link', () => 0),
    gradient: read(frame, layer, 'link', () => 1),
  };
}

/** The place on the input plane that a point of a map stands for. */
export function placeOf(domain: readonly (readonly number[])[], x: number, y: number): number[] {
  return domain.map(([low = 0, high = 1], axis) =>
    // Row 0 of a map is the highest second coordinate.
    axis === 0 ? low + (high - low) * x : high - (high - low) * y,
  );
}
