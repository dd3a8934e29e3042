/** Curves between layers and units, and which of them lies under the pointer. No page, no state. */

import type { Position } from '../lib/experiment';
import type { Rectangle } from './faces';

/** A curve that leaves and arrives level: a cubic whose control points lie half-way between its ends. */
export interface Curve {
  x1: number;
  y1: number;
  x2: number;
  y2: number;
}

const BISECTIONS = 20;
/** Height of one lane above the layers, where edges run that would cross a layer. */
const LANE = 16;
const CLEARANCE = 14;

/** How far along its height a level curve is at `share` (0–1) of its width. */
export function easing(share: number): number {
  const bounded = Math.min(1, Math.max(0, share));
  let low = 0;
  let high = 1;
  for (let round = 0; round < BISECTIONS; round += 1) {
    const t = (low + high) / 2;
    // x(t) of a cubic with both control points at half its width; it only grows.
    const x = 1.5 * t * (1 - t) * (1 - t) + 1.5 * t * t * (1 - t) + t * t * t;
    if (x < bounded) low = t;
    else high = t;
  }
  const t = (low + high) / 2;
  return t * t * (3 - 2 * t);
}

/** Units of one side of a bundle: where their curves begin or end. */
export interface Anchors {
  x: number;
  /** Height of the first unit's middle, and from one unit to the next. */
  first: number;
  step: number;
  count: number;
}

export function anchorY(anchors: Anchors, unit: number): number {
  return anchors.first + unit * anchors.step;
}

export interface LinkHit {
  input: number;
  output: number;
  /** How far the pointer is from the curve, in pixels at zoom 1. */
  distance: number;
}

/**
 * The link nearest to a point, among curves from every `source` unit to every `target` unit.
 *
 * All curves of a bundle begin at one x and end at another, so they share their place along the width;
 * only heights differ.
 */
export function nearestLink(source: Anchors, target: Anchors, point: Position, reach: number): LinkHit | null {
  const width = target.x - source.x;
  const share = (point.x - source.x) / width;
  if (width <= 0 || share < 0 || share > 1) return null;
  const ease = easing(share);
  const nearby = 1e-3;
  const slope = (easing(share + nearby) - easing(share - nearby)) / (2 * nearby * width);
  let best: LinkHit | null = null;
  for (let input = 0; input < source.count; input += 1) {
    const y1 = anchorY(source, input);
    for (let output = 0; output < target.count; output += 1) {
      const rise = anchorY(target, output) - y1;
      const distance = Math.abs(point.y - y1 - rise * ease) / Math.hypot(1, rise * slope);
      if (distance <= reach && (best === null || distance < best.distance)) best = { input, output, distance };
    }
  }
  return best;
}

/** A route of an edge as an SVG path, with the middle where its `+` stands. */
export interface Route {
  path: string;
  middle: Position;
  /** False when the edge bends around layers in its way. */
  direct: boolean;
}

function crosses(curve: Curve, boxes: readonly Rectangle[]): boolean {
  const samples = 16;
  for (let at = 1; at < samples; at += 1) {
    const x = curve.x1 + ((curve.x2 - curve.x1) * at) / samples;
    const y = curve.y1 + (curve.y2 - curve.y1) * easing(at / samples);
    const inside = (box: Rectangle): boolean =>
      x > box.x && x < box.x + box.width && y > box.y && y < box.y + box.height;
    if (boxes.some(inside)) return true;
  }
  return false;
}

function around(curve: Curve, boxes: readonly Rectangle[], lane: number): Route {
  const left = Math.min(curve.x1, curve.x2);
  const right = Math.max(curve.x1, curve.x2);
  const between = boxes.filter((box) => box.x < right && box.x + box.width > left);
  const top = Math.min(curve.y1, curve.y2, ...between.map((box) => box.y)) - CLEARANCE - lane * LANE;
  const bend = 22;
  const { x1, y1, x2, y2 } = curve;
  const up = `M${x1},${y1} C${x1 + bend},${y1} ${x1 + bend / 2},${top} ${x1 + 2 * bend},${top}`;
  const down = `L${x2 - 2 * bend},${top} C${x2 - bend / 2},${top} ${x2 - bend},${y2} ${x2},${y2}`;
  return { path: `${up} ${down}`, middle: { x: (x1 + x2) / 2, y: top }, direct: false };
}

/**
 * The route of an edge: straight to its target, or above the layers that stand in between.
 *
 * @param boxes every layer but the two that the edge connects.
 * @param lane counts edges that run above layers, so that they don't lie on each other.
 */
export function routeEdge(curve: Curve, boxes: readonly Rectangle[], lane: number): Route {
  if (curve.x2 <= curve.x1 || crosses(curve, boxes)) return around(curve, boxes, lane);
  const half = (curve.x1 + curve.x2) / 2;
  const path = `M${curve.x1},${curve.y1} C${half},${curve.y1} ${half},${curve.y2} ${curve.x2},${curve.y2}`;
  return { path, middle: { x: half, y: (curve.y1 + curve.y2) / 2 }, direct: true };
}

/** Whether two rectangles share a point. */
export function overlap(left: Rectangle, right: Rectangle): boolean {
  return (
    left.x < right.x + right.width &&
    right.x < left.x + left.width &&
    left.y < right.y + right.height &&
    right.y < left.y + left.height
  );
}
