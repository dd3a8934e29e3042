/** What lies under the pointer: a unit, a bias, a weight or a ribbon. */

import type { Viewport } from '@xyflow/svelte';
import type { Position } from '../lib/experiment';
import { hub } from '../lib/hub';
import { linkAt, onRibbon, waistOf, type Bundle } from './bundles';
import type { Hovered } from './canvas.svelte';
import { pictureRectangle, unitAt, unitRectangle } from './faces';
import { strengthOf } from './links';
import { scene } from './scene.svelte';

/** How near the pointer must be to a link, in pixels on the screen. */
const REACH = 6;

function unitUnder(element: Element, name: string, point: Position): Hovered | null {
  const face = scene.pictures.get(name)?.face;
  const holder = element.closest<HTMLElement>('[data-unit], [data-grid]');
  if (face === undefined || holder === null) return null;
  const box = holder.getBoundingClientRect();
  const x = Math.min(1, Math.max(0, (point.x - box.left) / (box.width || 1)));
  const y = Math.min(1, Math.max(0, (point.y - box.top) / (box.height || 1)));
  if (holder.dataset.unit !== undefined) return { type: 'unit', layer: name, unit: Number(holder.dataset.unit), x, y };
  const picture = pictureRectangle(face);
  const inside = { x: picture.x + x * picture.width, y: picture.y + y * picture.height };
  const unit = unitAt(face, inside.x, inside.y);
  if (unit === null) return null;
  const place = unitRectangle(face, unit);
  return {
    type: 'unit',
    layer: name,
    unit,
    x: (inside.x - place.x) / place.width,
    y: (inside.y - place.y) / place.height,
  };
}

function bundleUnder(bundles: readonly Bundle[], point: Position, reach: number): Hovered | null {
  let best: { hovered: Hovered; distance: number } | null = null;
  for (const bundle of bundles) {
    const { target: layer, source } = bundle;
    const hit = linkAt(bundle, point, reach);
    if (hit !== null && (best === null || hit.distance < best.distance)) {
      const hovered: Hovered = { type: 'weight', layer, source, output: hit.output, input: hit.input };
      best = { hovered, distance: hit.distance };
    } else if (best === null && bundle.type === 'ribbon') {
      const link = hub.tensor(hub.frame, layer, 'link');
      const waist = waistOf(strengthOf(bundle, { weights: undefined, link }));
      if (onRibbon(bundle, point, waist)) return { type: 'ribbon', layer, source };
    }
  }
  return best?.hovered ?? null;
}

/**
 * What is under the pointer of `event`.
 *
 * @param region the canvas's element.
 */
export function hoveredAt(event: PointerEvent | MouseEvent, region: Element, viewport: Viewport): Hovered | null {
  if (!(event.target instanceof Element) || event.target.closest('[data-edge]') !== null) return null;
  const screen = { x: event.clientX, y: event.clientY };
  const name = event.target.closest<HTMLElement>('.svelte-flow__node')?.dataset.id;
  const bias = event.target.closest<HTMLElement>('[data-bias]')?.dataset.bias;
  if (name !== undefined && bias !== undefined) return { type: 'bias', layer: name, unit: Number(bias) };
  if (name !== undefined) {
    const unit = unitUnder(event.target, name, screen);
    if (unit !== null) return unit;
    if (event.target.closest('button, .grip, .svelte-flow__handle') !== null) return null;
  } else if (event.target.closest('.svelte-flow__pane') === null) return null;
  const box = region.getBoundingClientRect();
  const point = {
    x: (screen.x - box.left - viewport.x) / viewport.zoom,
    y: (screen.y - box.top - viewport.y) / viewport.zoom,
  };
  const bundles = scene.edges.flatMap(({ bundle }) => bundle ?? []);
  return bundleUnder(bundles, point, REACH / viewport.zoom);
}
