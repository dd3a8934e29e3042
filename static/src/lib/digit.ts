/**
 * A drawn picture made like the digits of MNIST: scaled to fit a box of 20/28 of the field, softened by
 * averaging areas, and placed so that its centre of mass is the centre of the field
 * (Y. LeCun et al., “Gradient-based learning applied to document recognition”, 1998, section III).
 */

/** Ink from 0 to 1, row by row. */
export interface Ink {
  width: number;
  height: number;
  data: Float32Array;
}

const BOX_SHARE = 20 / 28;
const FAINTEST = 0.05;

interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

function boundsOf(ink: Ink): Box | null {
  let left = ink.width;
  let right = -1;
  let top = ink.height;
  let bottom = -1;
  for (let y = 0; y < ink.height; y++) {
    for (let x = 0; x < ink.width; x++) {
      if ((ink.data[y * ink.width + x] as number) < FAINTEST) continue;
      left = Math.min(left, x);
      right = Math.max(right, x);
      top = Math.min(top, y);
      bottom = Math.max(bottom, y);
    }
  }
  return right < 0 ? null : { left, top, width: right - left + 1, height: bottom - top + 1 };
}

/** Mean ink over the rectangle from (`x0`, `y0`) to (`x1`, `y1`), cells counted by the part covered. */
function meanOver(ink: Ink, x0: number, y0: number, x1: number, y1: number): number {
  let sum = 0;
  for (let y = Math.floor(y0); y < y1; y++) {
    const high = Math.min(y + 1, y1) - Math.max(y, y0);
    for (let x = Math.floor(x0); x < x1; x++) {
      const wide = Math.min(x + 1, x1) - Math.max(x, x0);
      sum += (ink.data[y * ink.width + x] ?? 0) * wide * high;
    }
  }
  return sum / ((x1 - x0) * (y1 - y0));
}

function shrink(ink: Ink, box: Box, side: number): Ink {
  const scale = Math.max(box.width, box.height) / side;
  const width = Math.max(1, Math.round(box.width / scale));
  const height = Math.max(1, Math.round(box.height / scale));
  const data = new Float32Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const x0 = box.left + (x * box.width) / width;
      const y0 = box.top + (y * box.height) / height;
      data[y * width + x] = meanOver(ink, x0, y0, x0 + box.width / width, y0 + box.height / height);
    }
  }
  return { width, height, data };
}

function centreOfMass(ink: Ink): { x: number; y: number } {
  let mass = 0;
  let x = 0;
  let y = 0;
  for (const [place, value] of ink.data.entries()) {
    mass += value;
    x += value * ((place % ink.width) + 0.5);
    y += value * (Math.floor(place / ink.width) + 0.5);
  }
  return { x: x / mass, y: y / mass };
}

/** `ink` as a picture `size` × `size`, from 0 to 1; all 0 when nothing is drawn. */
export function centreDigit(ink: Ink, size: number): Float32Array {
  const field = new Float32Array(size * size);
  const box = boundsOf(ink);
  if (box === null) return field;
  const small = shrink(ink, box, Math.round(size * BOX_SHARE));
  const centre = centreOfMass(small);
  const left = Math.round(size / 2 - centre.x);
  const top = Math.round(size / 2 - centre.y);
  for (let y = 0; y < small.height; y++) {
    for (let x = 0; x < small.width; x++) {
      const [column, row] = [left + x, top + y];
      if (column < 0 || row < 0 || column >= size || row >= size) continue;
      field[row * size + column] = small.data[y * small.width + x] as number;
    }
  }
  return field;
}
