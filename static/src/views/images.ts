/** Pictures of image samples. */

import type { Picture } from '../lib/colour';
import type { TensorView } from '../lib/frame';

/** Paint sample `place` of `(count, …, height, width)`; `low` … `high` of the tensor is the table's range. */
export function paintImage(picture: Picture, inputs: TensorView, place: number, table: Uint32Array): void {
  const cells = picture.width * picture.height;
  const start = place * cells;
  const { data, low, high } = inputs;
  for (let cell = 0; cell < cells; cell++) {
    const raw = data[start + cell] ?? 0;
    const byte = inputs.dtype === 'uint8' ? raw : Math.round(((raw - low) / (high - low || 1)) * 255);
    picture.pixels[cell] = table[byte < 0 ? 0 : byte > 255 ? 255 : byte] as number;
  }
  picture.show();
}
