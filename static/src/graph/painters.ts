/** Painters of a layer's picture: numbers of a frame into pixels of a canvas. Called once a frame. */

import type { TensorView } from '../lib/frame';
import { indexOf, largest, paintMap, Picture } from '../lib/colour';
import type { Face } from './faces';

/** Rows of pixels of a response curve. */
const CURVE_ROWS = 40;
/** Pixels of a mosaic for each pixel at zoom 1, so that it stays sharp when zoomed in. */
const SHARPNESS = 2;
const MIDDLE = 128;
/** Activations that stay below this size don't fill the scale. */
const LEAST_SCALE = 1;

/** `picture` if it has this size already, else a new one on the same canvas. */
function sized(canvas: HTMLCanvasElement, picture: Picture | null, width: number, height: number): Picture {
  return picture?.width === width && picture.height === height ? picture : new Picture(canvas, width, height);
}

/**
 * Write one unit's response over the input line, as areas between the curve and zero.
 *
 * @param tensor `(units, cells)`, `uint8`, places in `table`.
 */
export function paintCurve(
  pixels: Uint32Array,
  tensor: TensorView,
  unit: number,
  table: Uint32Array,
  rows: number,
): void {
  const cells = tensor.shape[1] ?? 0;
  const zero = (rows - 1) / 2;
  const background = table[MIDDLE] ?? 0;
  for (let cell = 0; cell < cells; cell += 1) {
    const place = tensor.data[unit * cells + cell] ?? MIDDLE;
    const top = ((255 - place) / 255) * (rows - 1);
    const low = Math.round(Math.min(top, zero));
    const high = Math.round(Math.max(top, zero));
    const strong = table[place < MIDDLE ? 0 : 255] ?? 0;
    const area = table[place < MIDDLE ? 72 : 184] ?? 0;
    for (let row = 0; row < rows; row += 1) {
      const edge = Math.abs(row - top) <= 1;
      pixels[row * cells + cell] = edge ? strong : row >= low && row <= high ? area : background;
    }
  }
}

/** The response map (or curve) of one unit on a canvas of its own. */
export class Thumbnail {
  #picture: Picture | null = null;

  constructor(readonly canvas: HTMLCanvasElement) {}

  paint(tensor: TensorView, unit: number, table: Uint32Array): void {
    const [units = 0, rows = 1, columns] = tensor.shape;
    // A unit that the draft has and the engine hasn't yet keeps its empty picture.
    if (unit >= units) return;
    if (columns === undefined) {
      this.#picture = sized(this.canvas, this.#picture, rows, CURVE_ROWS);
      paintCurve(this.#picture.pixels, tensor, unit, table, CURVE_ROWS);
      this.#picture.show();
    } else {
      this.#picture = sized(this.canvas, this.#picture, columns, rows);
      this.#picture.paint(tensor, unit, table);
    }
  }
}

/** Response maps (or curves) of a column of units on one sheet, smoothed to the size of their places. */
export class MapColumn {
  /** All units' maps, one under the other, one pixel a cell. */
  readonly #canvas = document.createElement('canvas');
  #atlas: Picture | null = null;

  /** Paint on `context`, whose origin is the column's top left corner. */
  paint(context: CanvasRenderingContext2D, tensor: TensorView, face: Face, table: Uint32Array): void {
    const [units = 0, height = 1, across] = tensor.shape;
    const rows = across === undefined ? CURVE_ROWS : height;
    const columns = across ?? height;
    this.#atlas = sized(this.#canvas, this.#atlas, columns, units * rows);
    const { pixels } = this.#atlas;
    const cells = rows * columns;
    for (let unit = 0; unit < units; unit += 1) {
      const part = pixels.subarray(unit * cells, (unit + 1) * cells);
      if (across === undefined) paintCurve(part, tensor, unit, table, rows);
      else paintMap(part, tensor, unit, table);
    }
    this.#atlas.show();
    context.imageSmoothingEnabled = true;
    const { unitWidth, unitHeight } = face;
    const step = unitHeight + face.gap;
    // A unit that the draft has and the engine hasn't yet keeps its empty place.
    for (let unit = 0; unit < Math.min(units, face.units); unit += 1) {
      context.drawImage(this.#canvas, 0, unit * rows, columns, rows, 0, unit * step, unitWidth, unitHeight);
    }
  }
}

/** Many response maps on one canvas, each made as small as its place in the grid. */
export class Mosaic {
  #picture: Picture | null = null;
  #scratch = new Uint32Array(0);

  constructor(readonly canvas: HTMLCanvasElement) {}

  paint(tensor: TensorView, face: Face, table: Uint32Array): void {
    const [units = 0, height = 1, across] = tensor.shape;
    const rows = across === undefined ? CURVE_ROWS : height;
    const columns = across ?? height;
    const side = Math.max(1, Math.round(face.unitWidth * SHARPNESS));
    const step = side + face.gap * SHARPNESS;
    const width = face.columns * step - face.gap * SHARPNESS;
    this.#picture = sized(this.canvas, this.#picture, width, face.rows * step - face.gap * SHARPNESS);
    this.#picture.pixels.fill(table[MIDDLE] ?? 0);
    if (this.#scratch.length !== rows * columns) this.#scratch = new Uint32Array(rows * columns);
    for (let unit = 0; unit < Math.min(units, face.units); unit += 1) {
      if (across === undefined) paintCurve(this.#scratch, tensor, unit, table, rows);
      else paintMap(this.#scratch, tensor, unit, table);
      const left = (unit % face.columns) * step;
      const top = Math.floor(unit / face.columns) * step;
      this.#copy(this.#picture, rows, columns, left, top, side);
    }
    this.#picture.show();
  }

  #copy(picture: Picture, rows: number, columns: number, left: number, top: number, side: number): void {
    for (let y = 0; y < side; y += 1) {
      const from = Math.floor((y * rows) / side) * columns;
      const to = (top + y) * picture.width + left;
      for (let x = 0; x < side; x += 1) {
        picture.pixels[to + x] = this.#scratch[from + Math.floor((x * columns) / side)] ?? 0;
      }
    }
  }
}

/** The scale of a layer's activations: fixed where its function bounds them, else the largest in view. */
export function activationScale(tensor: TensorView, bound: number | null): number {
  return bound ?? Math.max(LEAST_SCALE, largest(tensor.data));
}

/** One coloured cell a unit, in a column; the origin of `context` is the column's top left corner. */
export function paintCells(
  context: CanvasRenderingContext2D,
  tensor: TensorView,
  face: Face,
  colours: readonly string[],
  scale: number,
): void {
  const step = face.unitHeight + face.gap;
  for (let unit = 0; unit < Math.min(face.units, tensor.data.length); unit += 1) {
    context.fillStyle = colours[indexOf(tensor.data[unit] ?? 0, scale)] ?? '';
    context.fillRect(0, unit * step, face.unitWidth, face.unitHeight);
  }
}

/** Make the corners of a column's units round, by making transparent what lies outside of them. */
export function roundCorners(context: CanvasRenderingContext2D, face: Face, radius: number): void {
  const step = face.unitHeight + face.gap;
  context.beginPath();
  for (let unit = 0; unit < face.units; unit += 1) {
    context.rect(0, unit * step, face.unitWidth, face.unitHeight);
    context.roundRect(0, unit * step, face.unitWidth, face.unitHeight, radius);
  }
  context.globalCompositeOperation = 'destination-out';
  context.fill('evenodd');
  context.globalCompositeOperation = 'source-over';
}

/** Coloured cells, one pixel each; CSS scales them up without blurring. */
export class Cells {
  #picture: Picture | null = null;

  constructor(readonly canvas: HTMLCanvasElement) {}

  /** `scale` is the number at the ends of the table. */
  paint(tensor: TensorView, columns: number, rows: number, table: Uint32Array, scale: number): void {
    this.#picture = sized(this.canvas, this.#picture, columns, rows);
    const { pixels } = this.#picture;
    const { data } = tensor;
    for (let cell = 0; cell < pixels.length; cell += 1) {
      pixels[cell] = table[cell < data.length ? indexOf(data[cell] ?? 0, scale) : MIDDLE] ?? 0;
    }
    this.#picture.show();
  }

  /** Cells from the darkest to the brightest, as an image is seen. */
  paintImage(tensor: TensorView, columns: number, rows: number, table: Uint32Array): void {
    this.#picture = sized(this.canvas, this.#picture, columns, rows);
    const { pixels } = this.#picture;
    const { data } = tensor;
    let low = Infinity;
    let high = -Infinity;
    for (const value of data) {
      if (value < low) low = value;
      if (value > high) high = value;
    }
    const range = high > low ? high - low : 1;
    for (let cell = 0; cell < pixels.length; cell += 1) {
      pixels[cell] = table[Math.round((((data[cell] ?? low) - low) / range) * 255)] ?? 0;
    }
    this.#picture.show();
  }
}

/** Horizontal bars for shares between 0 and 1, one a class, as wide as the column at 1. */
export function paintBars(
  context: CanvasRenderingContext2D,
  tensor: TensorView,
  face: Face,
  colours: { bar: string; best: string; track: string },
): void {
  const step = face.unitHeight + face.gap;
  const height = Math.min(10, face.unitHeight);
  const inset = (face.unitHeight - height) / 2;
  let best = 0;
  tensor.data.forEach((share, unit) => (best = share > (tensor.data[best] ?? 0) ? unit : best));
  for (let unit = 0; unit < Math.min(face.units, tensor.data.length); unit += 1) {
    const share = Math.min(1, Math.max(0, tensor.data[unit] ?? 0));
    context.fillStyle = colours.track;
    context.fillRect(0, unit * step + inset, face.unitWidth, height);
    context.fillStyle = unit === best ? colours.best : colours.bar;
    context.fillRect(0, unit * step + inset, Math.max(1, share * face.unitWidth), height);
  }
}

/** Side of the square that shows a unit's bias, and its distance from the unit, in pixels at zoom 1. */
export const BIAS = { side: 7, distance: 4 };
/** Biases up to this size never fill the scale. */
const LEAST_BIAS_SCALE = 1;

/** Small squares left of a column, one a unit, coloured by bias. */
export function paintBiases(
  context: CanvasRenderingContext2D,
  tensor: TensorView,
  face: Face,
  colours: readonly string[],
): void {
  const { side, distance } = BIAS;
  const step = face.unitHeight + face.gap;
  const scale = Math.max(LEAST_BIAS_SCALE, largest(tensor.data));
  for (let unit = 0; unit < Math.min(face.units, tensor.data.length); unit += 1) {
    context.fillStyle = colours[indexOf(tensor.data[unit] ?? 0, scale)] ?? '';
    context.fillRect(-side - distance, unit * step + face.unitHeight - side, side, side);
  }
}

/** A canvas for lines and shapes, with more pixels than its place at zoom 1 has, so that it stays sharp. */
export class Sheet {
  // Asked for once: asking again in every frame would cost more than painting.
  readonly #context: CanvasRenderingContext2D | null;

  constructor(
    readonly canvas: HTMLCanvasElement,
    readonly sharpness: number,
  ) {
    this.#context = canvas.getContext('2d');
  }

  /** The context of the sheet at this size, in units of its place; `null` where there are no canvases. */
  sized(width: number, height: number): CanvasRenderingContext2D | null {
    const pixels = { width: Math.round(width * this.sharpness), height: Math.round(height * this.sharpness) };
    const { canvas } = this;
    if (canvas.width !== pixels.width || canvas.height !== pixels.height) Object.assign(canvas, pixels);
    this.#context?.setTransform(this.sharpness, 0, 0, this.sharpness, 0, 0);
    return this.#context;
  }
}
