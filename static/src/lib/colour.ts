/**
 * Colours of numbers. Each kind of number owns one scale; negative is always the cool hue and positive
 * the warm one, in every scale. A table of 256 packed ABGR words turns a byte into a pixel.
 */

import type { TensorView } from './frame';

export type Scale = 'activation' | 'weight' | 'gradient' | 'probability' | 'error' | 'ink';
export type Rgb = readonly [number, number, number];

export interface ColourMode {
  dark: boolean;
  colourBlind: boolean;
}

/** Colours at equal distances from −1 to +1 (or from 0 to 1 for the one-sided scales). */
type Stops = readonly Rgb[];

interface Hues {
  negative: Rgb;
  positive: Rgb;
  deepNegative: Rgb;
  deepPositive: Rgb;
  error: Rgb;
}

const STANDARD: Hues = {
  negative: [8, 119, 189],
  positive: [245, 147, 34],
  deepNegative: [2, 74, 140],
  deepPositive: [204, 92, 4],
  error: [214, 40, 96],
};
/** Blue and yellow differ in lightness too, so that every kind of colour vision tells them apart. */
const COLOUR_BLIND: Hues = {
  negative: [0, 90, 181],
  positive: [255, 194, 10],
  deepNegative: [0, 56, 128],
  deepPositive: [214, 148, 0],
  error: [170, 51, 119],
};

const LIGHT_MIDDLE: Rgb = [245, 246, 248];
const DARK_MIDDLE: Rgb = [28, 33, 42];

/** Ten classes, told apart in light and dark; the first two are negative and positive. */
const CLASSES: readonly Rgb[] = [
  [8, 119, 189],
  [245, 147, 34],
  [46, 160, 87],
  [200, 60, 88],
  [137, 99, 186],
  [140, 96, 75],
  [224, 119, 190],
  [118, 128, 140],
  [176, 178, 40],
  [32, 176, 196],
];
const CLASSES_COLOUR_BLIND: readonly Rgb[] = [
  [0, 90, 181],
  [255, 194, 10],
  [0, 158, 115],
  [213, 94, 0],
  [204, 121, 167],
  [86, 180, 233],
  [120, 94, 240],
  [128, 128, 128],
  [240, 228, 66],
  [70, 60, 60],
];

/** How far a surface under points goes towards the paper. */
const SURFACE_SOFTNESS = 0.38;

const mix = (from: Rgb, to: Rgb, share: number): Rgb => [
  from[0] + (to[0] - from[0]) * share,
  from[1] + (to[1] - from[1]) * share,
  from[2] + (to[2] - from[2]) * share,
];

function stopsOf(scale: Scale, mode: ColourMode): Stops {
  const hues = mode.colourBlind ? COLOUR_BLIND : STANDARD;
  const middle = mode.dark ? DARK_MIDDLE : LIGHT_MIDDLE;
  switch (scale) {
    case 'activation':
      return [hues.negative, middle, hues.positive];
    case 'probability': {
      // Samples in the full colours of their classes must stand out from the surface under them.
      const soften = (hue: Rgb): Rgb => mix(hue, middle, SURFACE_SOFTNESS);
      return [soften(hues.negative), middle, soften(hues.positive)];
    }
    case 'weight':
      return [hues.deepNegative, hues.negative, middle, hues.positive, hues.deepPositive];
    case 'gradient': {
      // Gradients share the hues but never the white: their zero is violet-grey.
      const zero: Rgb = mode.dark ? [54, 48, 72] : [222, 216, 236];
      return [hues.negative, zero, hues.positive];
    }
    case 'error':
      return [middle, hues.error];
    case 'ink':
      return mode.dark ? [DARK_MIDDLE, [238, 241, 246]] : [[252, 252, 253], [22, 27, 36]];
  }
}

function sample(stops: Stops, share: number): Rgb {
  const place = Math.min(Math.max(share, 0), 1) * (stops.length - 1);
  const index = Math.min(Math.floor(place), stops.length - 2);
  return mix(stops[index] as Rgb, stops[index + 1] as Rgb, place - index);
}

const pack = ([red, green, blue]: Rgb, alpha = 255): number =>
  ((alpha << 24) | (Math.round(blue) << 16) | (Math.round(green) << 8) | Math.round(red)) >>> 0;

export const css = ([red, green, blue]: Rgb): string =>
  `rgb(${Math.round(red)} ${Math.round(green)} ${Math.round(blue)})`;

const tables = new Map<string, Uint32Array>();
const cssTables = new Map<string, string[]>();
const nameOf = (scale: Scale, mode: ColourMode): string => `${scale}/${mode.dark}/${mode.colourBlind}`;

/** 256 packed pixels, from −scale (or 0) at index 0 to +scale (or 1) at index 255. Cached. */
export function lut(scale: Scale, mode: ColourMode): Uint32Array {
  const name = nameOf(scale, mode);
  let table = tables.get(name);
  if (table === undefined) {
    const stops = stopsOf(scale, mode);
    table = Uint32Array.from({ length: 256 }, (_, index) => pack(sample(stops, index / 255)));
    tables.set(name, table);
  }
  return table;
}

/** The same 256 colours as CSS, for strokes and legends. Cached. */
export function cssLut(scale: Scale, mode: ColourMode): string[] {
  const name = nameOf(scale, mode);
  let table = cssTables.get(name);
  if (table === undefined) {
    const stops = stopsOf(scale, mode);
    table = Array.from({ length: 256 }, (_, index) => css(sample(stops, index / 255)));
    cssTables.set(name, table);
  }
  return table;
}

/** The place of `value` in a table that runs from −`size` to +`size`. */
export function indexOf(value: number, size: number): number {
  if (!(size > 0) || Number.isNaN(value)) return 128;
  const index = Math.round(((value / size + 1) / 2) * 255);
  return index < 0 ? 0 : index > 255 ? 255 : index;
}

/** The colour of class `index`; beyond ten they repeat. */
export function classColour(index: number, mode: ColourMode): Rgb {
  const colours = mode.colourBlind ? CLASSES_COLOUR_BLIND : CLASSES;
  return colours[((index % colours.length) + colours.length) % colours.length] as Rgb;
}

/** CSS colour of a link whose weight is `value`, where the largest weights in view have `size`. */
export function linkColour(value: number, size: number, mode: ColourMode): string {
  return cssLut('weight', mode)[indexOf(value, size)] as string;
}

const THINNEST_LINK = 0.4;
const THICKEST_LINK = 7;

/** Stroke width in pixels of a link: grows with the square root, so that small weights stay visible. */
export function linkWidth(value: number, size: number): number {
  if (!(size > 0) || !Number.isFinite(value)) return THINNEST_LINK;
  const share = Math.min(1, Math.abs(value) / size);
  return THINNEST_LINK + (THICKEST_LINK - THINNEST_LINK) * Math.sqrt(share);
}

/** A canvas that shows a picture of fixed size, one pixel a cell; CSS scales it. */
export class Picture {
  readonly pixels: Uint32Array;
  readonly #context: CanvasRenderingContext2D | null;
  readonly #image: ImageData | null;

  constructor(
    canvas: HTMLCanvasElement,
    readonly width: number,
    readonly height: number,
  ) {
    canvas.width = width;
    canvas.height = height;
    this.#context = canvas.getContext('2d', { alpha: false });
    this.#image = this.#context?.createImageData(width, height) ?? null;
    this.pixels = new Uint32Array(this.#image?.data.buffer ?? new ArrayBuffer(width * height * 4));
  }

  /** Put `pixels` on the canvas. */
  show(): void {
    if (this.#image !== null) this.#context?.putImageData(this.#image, 0, 0);
  }

  /** Paint one unit of a tensor `(units, …cells)`; see `paintMap`. */
  paint(tensor: TensorView, unit: number, table: Uint32Array, size?: number): void {
    paintMap(this.pixels, tensor, unit, table, size);
    this.show();
  }
}

/**
 * Write one unit of a map `(units, …cells)` into `pixels`, one pixel a cell.
 *
 * `uint8` elements are places in the table already. `float32` ones are spread over −`size`…+`size`,
 * by default the largest magnitude of the unit.
 */
export function paintMap(
  pixels: Uint32Array,
  tensor: TensorView,
  unit: number,
  table: Uint32Array,
  size?: number,
): void {
  const cells = tensor.data.length / (tensor.shape[0] ?? 1);
  const start = unit * cells;
  const count = Math.min(cells, pixels.length);
  const { data } = tensor;
  if (tensor.dtype === 'uint8') {
    for (let cell = 0; cell < count; cell++) pixels[cell] = table[data[start + cell] as number] as number;
    return;
  }
  const scale = size ?? largest(data, start, cells);
  for (let cell = 0; cell < count; cell++) {
    pixels[cell] = table[indexOf(data[start + cell] as number, scale)] as number;
  }
}

/** The largest finite magnitude among `count` elements from `start`; 0 when there is none. */
export function largest(data: ArrayLike<number>, start = 0, count = data.length): number {
  let found = 0;
  for (let index = start; index < start + count; index++) {
    const size = Math.abs(data[index] as number);
    if (size > found && size < Infinity) found = size;
  }
  return found;
}
