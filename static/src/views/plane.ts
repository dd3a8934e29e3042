/** Geometry and points of plots over the input plane. */

import { isSame } from '../lib/catalog';
import { classColour, css, cssLut, type ColourMode } from '../lib/colour';
import { valueAt } from '../lib/frame';
import { words } from '../lib/i18n.svelte';
import type { Layout } from '../lib/protocol';
import type { Part, SampleSet } from '../lib/samples.svelte';

/** `[low, high]` of both axes. */
export interface Domain {
  x: readonly [number, number];
  y: readonly [number, number];
}

export interface PlotPoint {
  x: number;
  y: number;
  /** Class number, or the value to predict. */
  target: number;
  part: Part;
  number: number;
}

export function domainOf(layout: Layout): Domain {
  const [x = [-1, 1], y = [-1, 1]] = layout.domain ?? [];
  const domain: Domain = { x: [x[0] ?? -1, x[1] ?? 1], y: [y[0] ?? -1, y[1] ?? 1] };
  // The same object for the same numbers: what is drawn by them stays when a layout changes nothing of them.
  if (!isSame(domain, lastDomain)) lastDomain = domain;
  return lastDomain;
}

let lastDomain: Domain = { x: [-1, 1], y: [-1, 1] };

/** What the two axes are called. */
export function axisNames(layout: Layout): [string, string] {
  const [first, second] = layout.raw_features;
  return [words(first) || 'x₁', words(second) || 'x₂'];
}

/** Round numbers between `low` and `high`, about `count` of them. */
export function ticks(low: number, high: number, count = 5): number[] {
  const rough = (high - low) / Math.max(1, count - 1);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 2.5, 3, 5].find((factor) => factor * power >= rough * 0.999) ?? 10) * power;
  const found: number[] = [];
  for (let tick = Math.ceil(low / step); tick * step <= high + step * 1e-9; tick++) {
    found.push(Number((tick * step).toPrecision(12)));
  }
  return found;
}

/** Where `value` lies between the ends of an axis: 0 … 1. */
export const share = (value: number, [low, high]: readonly [number, number]): number =>
  (value - low) / (high - low);

export const unshare = (place: number, [low, high]: readonly [number, number]): number =>
  low + place * (high - low);

/** The points of both parts, training first so that validation lies on top. */
export function pointsOf(...sets: (SampleSet | null)[]): PlotPoint[] {
  return sets.flatMap((set) => {
    if (set === null) return [];
    const axes = set.inputs.shape[1] ?? 1;
    return Array.from({ length: set.count }, (_, index) => ({
      x: valueAt(set.inputs, index * axes),
      y: axes > 1 ? valueAt(set.inputs, index * axes + 1) : 0,
      target: valueAt(set.targets, index * (set.targets.shape[1] ?? 1)),
      part: set.part,
      number: set.numbers.data[index] ?? index,
    }));
  });
}

const SIDES_OF_CLASS = [0, 4, 3, 5, 6];

/** A circle, or in the colour-blind palette a shape of the class's own. */
export function tracePoint(context: CanvasRenderingContext2D, x: number, y: number, radius: number, sides: number): void {
  context.beginPath();
  if (sides === 0) {
    context.arc(x, y, radius, 0, Math.PI * 2);
    return;
  }
  for (let corner = 0; corner < sides; corner++) {
    const angle = (corner / sides) * Math.PI * 2 - Math.PI / 2 + (sides === 4 ? Math.PI / 4 : 0);
    context.lineTo(x + Math.cos(angle) * radius * 1.2, y + Math.sin(angle) * radius * 1.2);
  }
  context.closePath();
}

export interface PointStyle {
  mode: ColourMode;
  /** Edges of training and of validation samples. */
  paper: string;
  ink: string;
  /** Classes have colours of their own; values run over the scale from −`size` to +`size`. */
  classes: boolean;
  size: number;
  radius: number;
}

/** Fill colour of a point. */
export function pointColour(target: number, style: PointStyle): string {
  if (style.classes) return css(classColour(target, style.mode));
  const place = Math.round(((target / (style.size || 1) + 1) / 2) * 255);
  return cssLut('activation', style.mode)[Math.min(255, Math.max(0, place))] as string;
}

/** Draw points: training filled with a light edge, validation hollow with a strong edge. */
export function drawPoints(
  context: CanvasRenderingContext2D,
  points: readonly PlotPoint[],
  place: (point: PlotPoint) => { x: number; y: number },
  style: PointStyle,
): void {
  for (const point of points) {
    const { x, y } = place(point);
    const sides = style.classes && style.mode.colourBlind ? (SIDES_OF_CLASS[point.target % 5] ?? 0) : 0;
    const colour = pointColour(point.target, style);
    tracePoint(context, x, y, style.radius, sides);
    context.fillStyle = colour;
    context.fill();
    context.lineWidth = point.part === 'training' ? 1 : 1.3;
    context.strokeStyle = point.part === 'training' ? style.paper : style.ink;
    context.stroke();
  }
}

/** A ring around the point that is inspected or selected. */
export function drawRing(context: CanvasRenderingContext2D, x: number, y: number, colours: { paper: string; accent: string }): void {
  for (const [colour, thickness] of [
    [colours.paper, 4.5],
    [colours.accent, 2.5],
  ] as const) {
    context.beginPath();
    context.arc(x, y, 8, 0, Math.PI * 2);
    context.strokeStyle = colour;
    context.lineWidth = thickness;
    context.stroke();
  }
}

/** The point nearest to (`x`, `y`) in shares of the plot, within `reach`; −1 for none. */
export function nearest(
  points: readonly PlotPoint[],
  x: number,
  y: number,
  domain: Domain,
  reach = 0.03,
): number {
  let found = -1;
  let closest = reach * reach;
  for (const [index, point] of points.entries()) {
    const distance = (share(point.x, domain.x) - x) ** 2 + (share(point.y, domain.y) - y) ** 2;
    if (distance <= closest) {
      closest = distance;
      found = index;
    }
  }
  return found;
}
