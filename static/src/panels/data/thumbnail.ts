/** A small picture of a data set, drawn from samples of its own. */

import { css, classColour, cssLut, indexOf, largest, lut, type ColourMode } from '../../lib/colour';
import { fetchSourceSamples } from '../../lib/api';
import { valueAt, type Frame, type TensorView } from '../../lib/frame';
import type { SourceEntry } from '../../lib/catalog';
import type { Task } from '../../lib/fit';
import { still } from '../../lib/still';

const SAMPLES = 120;
const loading = new Map<string, Promise<Frame>>();

/** Samples of a source with default fields; each source is fetched once. */
export function thumbnailSamples(kind: string): Promise<Frame> {
  let samples = loading.get(kind);
  if (samples === undefined) {
    samples = fetchSourceSamples(kind, SAMPLES);
    loading.set(kind, samples);
    // A failed fetch is tried again the next time the card is shown.
    samples.catch(() => loading.delete(kind));
  }
  return samples;
}

/** What there is to learn from a source, told by its samples. */
export async function taskOf(source: SourceEntry): Promise<Task> {
  const frame = await thumbnailSamples(source.kind);
  const targets = frame.tensors.get(1)?.data ?? new Float32Array();
  return {
    problem: source.problem ?? 'classification',
    shape: frame.tensors.get(0)?.shape.slice(1) ?? [],
    classes: Math.max(2, largest(targets) + 1),
  };
}

interface Paper {
  context: CanvasRenderingContext2D;
  width: number;
  height: number;
  mode: ColourMode;
}

function extent(tensor: TensorView, axis: number, axes: number): [number, number] {
  let low = Infinity;
  let high = -Infinity;
  for (let index = axis; index < tensor.data.length; index += axes) {
    const value = valueAt(tensor, index);
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return low < high ? [low, high] : [low - 1, low + 1];
}

/** Points on the plane, or the first two features of a table, in the colours of their targets. */
function drawPoints(paper: Paper, inputs: TensorView, targets: TensorView, isClass: boolean): void {
  const axes = inputs.shape[1] ?? 1;
  const size = largest(targets.data) || 1;
  const isLine = axes === 1;
  const across = extent(inputs, 0, axes);
  const up = isLine ? extent(targets, 0, 1) : extent(inputs, 1, axes);
  const margin = 6;
  const at = (value: number, [low, high]: [number, number], length: number): number =>
    margin + ((value - low) / (high - low)) * (length - 2 * margin);
  for (let index = 0; index < (inputs.shape[0] ?? 0); index++) {
    const target = valueAt(targets, index);
    const x = at(valueAt(inputs, index * axes), across, paper.width);
    const y = paper.height - at(isLine ? target : valueAt(inputs, index * axes + 1), up, paper.height);
    paper.context.fillStyle = isClass
      ? css(classColour(target, paper.mode))
      : (cssLut('activation', paper.mode)[indexOf(target, size)] as string);
    paper.context.beginPath();
    paper.context.arc(x, y, 1.9, 0, Math.PI * 2);
    paper.context.fill();
  }
}

const IMAGE_COLUMNS = 4;
const IMAGE_ROWS = 3;

/** The first images, side by side. */
function drawImages(paper: Paper, inputs: TensorView): void {
  const [count = 0] = inputs.shape;
  const [height = 1, width = 1] = inputs.shape.slice(-2);
  const table = lut('ink', paper.mode);
  const tile = document.createElement('canvas');
  tile.width = width;
  tile.height = height;
  const context = tile.getContext('2d');
  if (context === null) return;
  const image = context.createImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  const side = Math.min(paper.width / IMAGE_COLUMNS, paper.height / IMAGE_ROWS);
  const left = (paper.width - side * IMAGE_COLUMNS) / 2;
  const top = (paper.height - side * IMAGE_ROWS) / 2;
  for (let index = 0; index < Math.min(count, IMAGE_COLUMNS * IMAGE_ROWS); index++) {
    for (let cell = 0; cell < pixels.length; cell++) {
      const raw = inputs.data[index * pixels.length + cell] ?? 0;
      const share = inputs.dtype === 'uint8' ? raw / 255 : (raw - inputs.low) / (inputs.high - inputs.low || 1);
      pixels[cell] = table[Math.round(Math.min(1, Math.max(0, share)) * 255)] as number;
    }
    context.putImageData(image, 0, 0);
    const column = index % IMAGE_COLUMNS;
    const row = Math.floor(index / IMAGE_COLUMNS);
    paper.context.drawImage(tile, left + column * side, top + row * side, side, side);
  }
}

/**
 * A picture of `frame`, samples of `source`: the address of an image.
 *
 * @param width in pixels of the page, as `height`.
 */
export function thumbnail(
  frame: Frame,
  source: SourceEntry,
  mode: ColourMode,
  { width, height }: { width: number; height: number },
): string {
  const inputs = frame.tensors.get(0);
  const targets = frame.tensors.get(1);
  if (inputs === undefined || targets === undefined) return '';
  return still(width * devicePixelRatio, height * devicePixelRatio, (canvas) => {
    const context = canvas.getContext('2d');
    if (context === null) return;
    context.scale(devicePixelRatio, devicePixelRatio);
    const paper = { context, width, height, mode };
    if (inputs.shape.length > 2) drawImages(paper, inputs);
    else drawPoints(paper, inputs, targets, source.problem !== 'regression');
  });
}
