/** Links between the units of two layers: which kind of drawing suits them, and where it runs. */

import { isListed, pictureRectangle, unitRectangle, type Face, type Rectangle } from './faces';
import { easing, nearestLink, type Anchors, type LinkHit } from './geometry';
import type { Position } from '../lib/experiment';

/** What a bundle needs to know of a layer. */
export interface BundleEnd {
  name: string;
  face: Face;
  hasWeights: boolean;
  /** Whether squares for biases stand before its units. */
  hasBias: boolean;
}

/**
 * - `links`: one curve a weight
 * - `ribbon`: one shape for many weights
 * - `wires`: one thin line a unit, where the target takes its inputs one by one
 */
export type BundleType = 'links' | 'ribbon' | 'wires';

export interface Bundle {
  type: BundleType;
  source: string;
  /** The layer that owns the weights. */
  target: string;
  from: Anchors;
  to: Anchors;
  /** Heights between which a ribbon leaves and arrives. */
  leaves: { top: number; bottom: number };
  arrives: { top: number; bottom: number };
}

/** More weights than this are drawn as one ribbon. */
export const MOST_LINKS = 600;
/** Room that the squares for biases take on the left of units. */
const BIAS_ROOM = 13;
/** Thickest waist of a ribbon, in pixels at zoom 1. */
export const THICKEST_WAIST = 44;
const THINNEST_WAIST = 3;

function anchors(face: Face, box: Rectangle, side: 'left' | 'right'): Anchors {
  const first = unitRectangle(face, 0);
  const x = box.x + first.x + (side === 'right' ? first.width : 0);
  const middle = box.y + first.y + first.height / 2;
  return { x, first: middle, step: face.unitHeight + face.gap, count: face.units };
}

function span(face: Face, box: Rectangle): { top: number; bottom: number } {
  const picture = pictureRectangle(face);
  return { top: box.y + picture.y, bottom: box.y + picture.y + picture.height };
}

function edgeOf(face: Face, box: Rectangle, side: 'left' | 'right'): number {
  const picture = pictureRectangle(face);
  return box.x + picture.x + (side === 'right' ? picture.width : 0);
}

function typeOf(source: BundleEnd, target: BundleEnd): BundleType | null {
  const listed = isListed(source.face) && isListed(target.face);
  if (target.hasWeights) {
    return listed && source.face.units * target.face.units <= MOST_LINKS ? 'links' : 'ribbon';
  }
  return listed && source.face.units === target.face.units ? 'wires' : null;
}

/** The bundle between two layers that stand at `from` and `to`; `null` where a plain line says it all. */
export function bundleOf(source: BundleEnd, from: Rectangle, target: BundleEnd, to: Rectangle): Bundle | null {
  const type = typeOf(source, target);
  if (type === null) return null;
  const leaving = anchors(source.face, from, 'right');
  const arriving = anchors(target.face, to, 'left');
  const biases = target.hasBias && isListed(target.face);
  const bundle: Bundle = {
    type,
    source: source.name,
    target: target.name,
    from: { ...leaving, x: edgeOf(source.face, from, 'right') },
    to: { ...arriving, x: edgeOf(target.face, to, 'left') - (type === 'ribbon' && biases ? BIAS_ROOM : 0) },
    leaves: span(source.face, from),
    arrives: span(target.face, to),
  };
  return bundle.to.x > bundle.from.x ? bundle : null;
}

/**
 * How strong a ribbon looks, from 0 to 1.
 *
 * @param rms root mean square of its weights.
 * @param inputs how many inputs each unit sums up: a layer that neither damps nor amplifies has
 *   `rms * sqrt(inputs)` near 1 whatever its width, so ribbons of different layers compare.
 */
export function ribbonStrength(rms: number, inputs: number): number {
  if (!Number.isFinite(rms)) return 0;
  return 1 - Math.exp((-rms * Math.sqrt(inputs)) / 1.5);
}

/** Thickness of a ribbon's waist. */
export function waistOf(strength: number): number {
  return THINNEST_WAIST + (THICKEST_WAIST - THINNEST_WAIST) * strength;
}

/** Whether a point lies on a ribbon. */
export function onRibbon(bundle: Bundle, point: Position, waist: number): boolean {
  const share = (point.x - bundle.from.x) / (bundle.to.x - bundle.from.x);
  if (share < 0 || share > 1) return false;
  const middle = (bundle.leaves.top + bundle.leaves.bottom + bundle.arrives.top + bundle.arrives.bottom) / 4;
  const near = share < 0.5 ? bundle.leaves : bundle.arrives;
  const along = easing(share < 0.5 ? share * 2 : 2 - share * 2);
  const top = near.top + (middle - waist / 2 - near.top) * along;
  const bottom = near.bottom + (middle + waist / 2 - near.bottom) * along;
  return point.y >= top && point.y <= bottom;
}

/** What of the canvas is on the screen: its size in pixels, and how it is moved and magnified. */
export interface Window {
  x: number;
  y: number;
  zoom: number;
  width: number;
  height: number;
}

/** Whether any of a bundle can be seen. */
export function isInView(bundle: Bundle, { x, y, zoom, width, height }: Window): boolean {
  const top = Math.min(bundle.leaves.top, bundle.arrives.top);
  const bottom = Math.max(bundle.leaves.bottom, bundle.arrives.bottom);
  const across = bundle.to.x * zoom + x > 0 && bundle.from.x * zoom + x < width;
  return across && bottom * zoom + y > 0 && top * zoom + y < height;
}

/** The link of a bundle that lies nearest to a point. */
export function linkAt(bundle: Bundle, point: Position, reach: number): LinkHit | null {
  return bundle.type === 'links' ? nearestLink(bundle.from, bundle.to, point, reach) : null;
}
