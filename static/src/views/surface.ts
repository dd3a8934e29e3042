/** Painting what a network predicts over the input plane. */

import { classColour, lut, type ColourMode } from '../lib/colour';
import { valueAt, type TensorView } from '../lib/frame';

/** A colour table for bytes that stand for `low` … `high`, where the table shows `from` … `to`. */
export function spread(table: Uint32Array, tensor: TensorView, from: number, to: number): Uint32Array {
  return Uint32Array.from({ length: 256 }, (_, byte) => {
    const value = tensor.low + ((tensor.high - tensor.low) * byte) / 255;
    const place = Math.round(((value - from) / (to - from)) * 255);
    return table[place < 0 ? 0 : place > 255 ? 255 : place] as number;
  });
}

/** Write the single unit of `tensor` into `pixels`; the colours run from `from` to `to`. */
export function paintSingle(
  pixels: Uint32Array,
  tensor: TensorView,
  table: Uint32Array,
  from: number,
  to: number,
): void {
  const { data } = tensor;
  const count = Math.min(pixels.length, data.length);
  if (tensor.dtype === 'uint8') {
    const colours = spread(table, tensor, from, to);
    for (let cell = 0; cell < count; cell++) pixels[cell] = colours[data[cell] as number] as number;
    return;
  }
  for (let cell = 0; cell < count; cell++) {
    const place = Math.round((((data[cell] as number) - from) / (to - from)) * 255);
    pixels[cell] = table[place < 0 ? 0 : place > 255 ? 255 : place] as number;
  }
}

const SHADES = 64;
const shades = new Map<string, Uint32Array>();

/** Shades of a class's colour, from undecided to certain. */
function classShades(index: number, mode: ColourMode): Uint32Array {
  const name = `${index}/${mode.dark}/${mode.colourBlind}`;
  let table = shades.get(name);
  if (table === undefined) {
    const middle = lut('probability', mode)[128] as number;
    const colour = classColour(index, mode);
    const from = [middle & 255, (middle >> 8) & 255, (middle >> 16) & 255];
    table = Uint32Array.from({ length: SHADES }, (_, shade) => {
      const strength = 0.08 + (0.54 * shade) / (SHADES - 1);
      const [red, green, blue] = colour.map((part, axis) =>
        Math.round((from[axis] as number) + (part - (from[axis] as number)) * strength),
      );
      return ((255 << 24) | ((blue as number) << 16) | ((green as number) << 8) | (red as number)) >>> 0;
    });
    shades.set(name, table);
  }
  return table;
}

/** Write `(classes, …cells)` into `pixels`: the winner's colour, the stronger the surer. */
export function paintClasses(pixels: Uint32Array, tensor: TensorView, mode: ColourMode): void {
  const classes = tensor.shape[0] ?? 1;
  const cells = Math.min(pixels.length, tensor.data.length / classes);
  const tables = Array.from({ length: classes }, (_, index) => classShades(index, mode));
  const stride = tensor.data.length / classes;
  const undecided = 1 / classes;
  const { data } = tensor;
  for (let cell = 0; cell < cells; cell++) {
    let best = 0;
    for (let index = 1; index < classes; index++) {
      if ((data[index * stride + cell] as number) > (data[best * stride + cell] as number)) best = index;
    }
    const probability = valueAt(tensor, best * stride + cell);
    const certainty = Math.min(1, Math.max(0, (probability - undecided) / (1 - undecided)));
    pixels[cell] = (tables[best] as Uint32Array)[Math.round(certainty * (SHADES - 1))] as number;
  }
}

/** Predictions at one cell: one number a unit. */
export function predictionsAt(tensor: TensorView, cell: number): number[] {
  const units = tensor.shape[0] ?? 1;
  const stride = tensor.data.length / units;
  return Array.from({ length: units }, (_, unit) => valueAt(tensor, unit * stride + cell));
}
