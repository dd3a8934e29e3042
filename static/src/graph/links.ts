/**
 * Paints the links between units: colour by sign, width by magnitude. Canvas 2D, called once a frame;
 * nothing here is reactive.
 */

import type { TensorView } from '../lib/frame';
import { cssLut, linkWidth, type ColourMode } from '../lib/colour';
import { ribbonStrength, waistOf, type Bundle } from './bundles';
import { anchorY } from './geometry';

/** Numbers that a bundle is painted from. */
export interface BundleData {
  /** `(outputs, inputs)`, for links. */
  weights: TensorView | undefined;
  /** `[rms weight, rms gradient]`, for a ribbon. */
  link: TensorView | undefined;
}

/** What is picked out: everything of a unit, or one link. */
export interface Emphasis {
  layer: string;
  unit?: number;
  link?: { output: number; input: number };
}

export interface PaintOptions {
  mode: ColourMode;
  /** CSS colour of what has no sign: wires and ribbons. */
  neutral: string;
  /** CSS colour around an emphasised link. */
  halo: string;
  emphasis: Emphasis | null;
}

/** Widths and colours come in steps, so that links of one step are stroked together. */
const STEPS = 24;
const FADED = 0.14;
/** Weights up to this size never fill the scale, so that a fresh network looks modest. */
const LEAST_SCALE = 2.5;
const SLENDER = 0.72;

function trace(context: CanvasRenderingContext2D, x1: number, y1: number, x2: number, y2: number): void {
  const half = (x1 + x2) / 2;
  context.moveTo(x1, y1);
  context.bezierCurveTo(half, y1, half, y2, x2, y2);
}

/** Links sorted into groups of the same colour and width. */
class Groups {
  /** Four numbers a link, x and y of its ends; the lists are kept from frame to frame. */
  readonly #members: number[][] = Array.from({ length: STEPS * 4 }, () => []);

  clear(): void {
    for (const group of this.#members) group.length = 0;
  }

  /** `share` is the weight over the scale, in −1…1; `faded` links step back behind emphasised ones. */
  add(share: number, faded: boolean, ends: readonly [number, number, number, number]): void {
    const bounded = Number.isFinite(share) ? Math.min(1, Math.max(-1, share)) : 0;
    const step = Math.round(Math.sqrt(Math.abs(bounded)) * (STEPS - 1));
    const group = (step * 2 + (bounded < 0 ? 1 : 0)) * 2 + (faded ? 0 : 1);
    this.#members[group]?.push(...ends);
  }

  /** Thin links first, so that strong ones lie on top. */
  paint(context: CanvasRenderingContext2D, mode: ColourMode): void {
    const colours = cssLut('weight', mode);
    this.#members.forEach((ends, group) => {
      if (ends.length === 0) return;
      const root = Math.floor(group / 4) / (STEPS - 1);
      const negative = (group >> 1) % 2 === 1;
      context.globalAlpha = (group % 2 === 1 ? 1 : FADED) * (0.5 + 0.5 * root);
      // Small weights keep a hue: the scale's middle would be invisible on the canvas.
      const place = 0.3 + 0.5 * root;
      context.strokeStyle = colours[Math.round(((negative ? -place : place) + 1) * 127.5)] ?? '';
      context.lineWidth = linkWidth(root * root, 1) * SLENDER;
      context.beginPath();
      for (let at = 0; at < ends.length; at += 4) {
        trace(context, ends[at] ?? 0, ends[at + 1] ?? 0, ends[at + 2] ?? 0, ends[at + 3] ?? 0);
      }
      context.stroke();
    });
    context.globalAlpha = 1;
  }
}

/** The largest magnitude among the weights in view, but at least `LEAST_SCALE`. */
export function weightScale(data: Iterable<BundleData>): number {
  let scale = LEAST_SCALE;
  for (const { weights } of data) {
    if (weights === undefined) continue;
    for (const weight of weights.data) {
      const size = Math.abs(weight);
      if (size > scale && size < Infinity) scale = size;
    }
  }
  return scale;
}

/** Paints every bundle of the canvas. */
export class LinkPainter {
  readonly #groups = new Groups();

  /** Paint in flow coordinates; the caller has set the transform. */
  paint(
    context: CanvasRenderingContext2D,
    bundles: readonly Bundle[],
    dataOf: (bundle: Bundle) => BundleData,
    options: PaintOptions,
  ): void {
    const linked = bundles.filter((bundle) => bundle.type === 'links');
    const scale = weightScale(linked.map(dataOf));
    context.lineCap = 'round';
    this.#groups.clear();
    for (const bundle of bundles) {
      if (bundle.type === 'wires') paintWires(context, bundle, options);
      else if (bundle.type === 'ribbon') paintRibbon(context, bundle, dataOf(bundle), options);
      else this.#collect(bundle, dataOf(bundle), scale, options.emphasis);
    }
    this.#groups.paint(context, options.mode);
    for (const bundle of linked) paintEmphasis(context, bundle, dataOf(bundle), scale, options);
  }

  #collect(bundle: Bundle, { weights }: BundleData, scale: number, emphasis: Emphasis | null): void {
    if (weights === undefined) return;
    const [outputs = 0, inputs = 0] = weights.shape;
    const { from, to } = bundle;
    for (let output = 0; output < Math.min(outputs, to.count); output += 1) {
      const y2 = anchorY(to, output);
      for (let input = 0; input < Math.min(inputs, from.count); input += 1) {
        const share = (weights.data[output * inputs + input] ?? 0) / scale;
        const faded = emphasis?.unit !== undefined && !touches(bundle, input, output, emphasis);
        this.#groups.add(share, faded, [from.x, anchorY(from, input), to.x, y2]);
      }
    }
  }
}

function touches(bundle: Bundle, input: number, output: number, emphasis: Emphasis): boolean {
  if (bundle.target === emphasis.layer) return output === emphasis.unit;
  return bundle.source === emphasis.layer ? input === emphasis.unit : false;
}

function paintWires(context: CanvasRenderingContext2D, bundle: Bundle, options: PaintOptions): void {
  const { from, to } = bundle;
  context.strokeStyle = options.neutral;
  context.globalAlpha = 0.55;
  context.lineWidth = 1;
  context.beginPath();
  for (let unit = 0; unit < Math.min(from.count, to.count); unit += 1) {
    trace(context, from.x, anchorY(from, unit), to.x, anchorY(to, unit));
  }
  context.stroke();
  context.globalAlpha = 1;
}

/** A shape that gathers at its waist: the thicker, the larger the weights are on the whole. */
function paintRibbon(
  context: CanvasRenderingContext2D,
  bundle: Bundle,
  data: BundleData,
  options: PaintOptions,
): void {
  const strength = strengthOf(bundle, data);
  const waist = waistOf(strength);
  const { from, to, leaves, arrives } = bundle;
  const half = (from.x + to.x) / 2;
  const middle = (leaves.top + leaves.bottom + arrives.top + arrives.bottom) / 4;
  const bend = (half - from.x) / 2;
  context.fillStyle = options.neutral;
  context.globalAlpha = 0.16 + 0.5 * strength;
  context.beginPath();
  context.moveTo(from.x, leaves.top);
  context.bezierCurveTo(from.x + bend, leaves.top, half - bend, middle - waist / 2, half, middle - waist / 2);
  context.bezierCurveTo(half + bend, middle - waist / 2, to.x - bend, arrives.top, to.x, arrives.top);
  context.lineTo(to.x, arrives.bottom);
  context.bezierCurveTo(to.x - bend, arrives.bottom, half + bend, middle + waist / 2, half, middle + waist / 2);
  context.bezierCurveTo(half - bend, middle + waist / 2, from.x + bend, leaves.bottom, from.x, leaves.bottom);
  context.fill();
  context.globalAlpha = 1;
}

/** How strong a ribbon is, from what the frame tells of its weights. */
export function strengthOf(bundle: Bundle, { link }: BundleData): number {
  return ribbonStrength(link?.data[0] ?? 0, bundle.from.count);
}

function paintEmphasis(
  context: CanvasRenderingContext2D,
  bundle: Bundle,
  { weights }: BundleData,
  scale: number,
  { emphasis, mode, halo }: PaintOptions,
): void {
  const link = emphasis?.layer === bundle.target ? emphasis.link : undefined;
  if (link === undefined || weights === undefined || link.output >= bundle.to.count) return;
  const weight = weights.data[link.output * (weights.shape[1] ?? 0) + link.input] ?? 0;
  const width = Math.max(2.5, linkWidth(weight, scale) * SLENDER + 1);
  const { from, to } = bundle;
  for (const [colour, lineWidth] of [
    [halo, width + 4],
    [cssLut('weight', mode)[weight < 0 ? 26 : 229] ?? '', width],
  ] as const) {
    context.strokeStyle = colour;
    context.lineWidth = lineWidth;
    context.beginPath();
    trace(context, from.x, anchorY(from, link.input), to.x, anchorY(to, link.output));
    context.stroke();
  }
}
