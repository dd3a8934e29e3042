/**
 * Where layers stand: columns by depth, left to right, from the graph alone. A layer that a person
 * has put somewhere stays there.
 */

import type { Graph, Position } from '../lib/experiment';
import { findNode, incoming, INPUT, OUTPUT, outgoing, reaches, sortLayers } from './model';

export interface Size {
  width: number;
  height: number;
}

export interface LayoutOptions {
  /** Width of the canvas at zoom 1: columns spread out over it as far as `widestGap` allows. */
  available: number;
}

/** Port of the edges that only order columns; no layer has one of this name. */
const ORDERING = '';
const NARROWEST_GAP = 42;
const WIDEST_GAP = 132;
const ROW_GAP = 28;
const FALLBACK: Size = { width: 90, height: 90 };

/**
 * Edges that only order columns: what a cut has left dangling on the left comes before what it has left
 * dangling on the right, so that layers stay where they are while a person reconnects them.
 */
function orderingEdges(graph: Graph, order: readonly string[]): { source: string; target: string }[] {
  const kindOf = (name: string): string => findNode(graph, name)?.layer.kind ?? '';
  const starts = (name: string): boolean => incoming(graph, name).length === 0;
  const stops = (name: string): boolean => outgoing(graph, name).length === 0;
  const sources = order.filter((name) =>
    kindOf(name) === INPUT ? stops(name) : stops(name) && !starts(name) && kindOf(name) !== OUTPUT,
  );
  const targets = order.filter((name) =>
    kindOf(name) === OUTPUT ? starts(name) : starts(name) && !stops(name) && kindOf(name) !== INPUT,
  );
  return sources.flatMap((source) =>
    targets.filter((target) => !reaches(graph, target, source)).map((target) => ({ source, target })),
  );
}

/**
 * The column of every layer: one more than the deepest layer that feeds it. A layer that nothing feeds
 * stands right before the first one that it feeds; an edge that closes a cycle counts for nothing.
 */
export function depths(graph: Graph): Map<string, number> {
  const extra = orderingEdges(graph, sortLayers(graph));
  const edges = [
    ...graph.edges,
    ...extra.map((edge) => ({ ...edge, source_port: ORDERING, target_port: ORDERING })),
  ];
  const ordered: Graph = { nodes: graph.nodes, edges };
  const order = sortLayers(ordered);
  const place = new Map(order.map((name, at) => [name, at]));
  const depth = new Map<string, number>();
  for (const name of order) {
    const before = incoming(ordered, name).filter((edge) => (place.get(edge.source) ?? 0) < (place.get(name) ?? 0));
    depth.set(name, Math.max(0, ...before.map((edge) => (depth.get(edge.source) ?? 0) + 1)));
  }
  for (const name of order) {
    const after = outgoing(ordered, name);
    if (incoming(ordered, name).length > 0 || after.length === 0) continue;
    if (findNode(graph, name)?.layer.kind === INPUT) continue;
    depth.set(name, Math.max(0, Math.min(...after.map((edge) => depth.get(edge.target) ?? 1)) - 1));
  }
  return depth;
}

/** Layers by column, those of one column ordered so that edges cross little. */
export function columns(graph: Graph): string[][] {
  const depth = depths(graph);
  const result: string[][] = [];
  for (const name of sortLayers(graph)) (result[depth.get(name) ?? 0] ??= []).push(name);
  const row = new Map<string, number>();
  const height = (name: string): number => {
    const rows = incoming(graph, name).flatMap((edge) => row.get(edge.source) ?? []);
    // Unconnected layers stand below the others.
    if (rows.length === 0) return outgoing(graph, name).length === 0 ? Infinity : 0;
    return rows.reduce((sum, value) => sum + value, 0) / rows.length;
  };
  return Array.from(result, (column: string[] | undefined) => {
    const keyed = (column ?? []).map((name, at) => ({ name, at, height: height(name) }));
    keyed.sort((left, right) => (left.height === right.height ? left.at - right.at : left.height - right.height));
    keyed.forEach(({ name }, at) => row.set(name, at));
    return keyed.map(({ name }) => name);
  });
}

function gapBetween(widths: readonly number[], available: number): number {
  if (widths.length < 2) return NARROWEST_GAP;
  const left = available - widths.reduce((sum, width) => sum + width, 0);
  return Math.round(Math.min(WIDEST_GAP, Math.max(NARROWEST_GAP, left / (widths.length - 1))));
}

/** The top left corner of every layer, in pixels at zoom 1. */
export function layOut(
  graph: Graph,
  sizes: ReadonlyMap<string, Size>,
  options: LayoutOptions,
): Map<string, Position> {
  const grid = columns(graph);
  const sizeOf = (name: string): Size => sizes.get(name) ?? FALLBACK;
  const widths = grid.map((column) => Math.max(0, ...column.map((name) => sizeOf(name).width)));
  const gap = gapBetween(widths, options.available);
  const positions = new Map<string, Position>();
  let x = 0;
  grid.forEach((column, at) => {
    const width = widths[at] ?? 0;
    let y = 0;
    for (const name of column) {
      const size = sizeOf(name);
      positions.set(name, { x: x + Math.round((width - size.width) / 2), y });
      y += size.height + ROW_GAP;
    }
    x += width + gap;
  });
  for (const node of graph.nodes) if (node.position !== null) positions.set(node.name, node.position);
  return positions;
}

/** What lies on a canvas of `size` when a layer at `bounds` is drawn at this zoom and offset. */
export interface View {
  x: number;
  y: number;
  zoom: number;
}

/** Room to leave free at the canvas's edges, in pixels. */
export interface Margins {
  top: number;
  right: number;
  bottom: number;
  left: number;
}

const SMALLEST_ZOOM = 0.2;
/** On a wide screen or a projector a small network may grow a little. */
const LARGEST_ZOOM = 1.25;

/** The view that shows all of `bounds`, hardly magnified; in the middle across, from the top down. */
export function fitView(bounds: Size & Position, size: Size, margins: Margins): View {
  const room = {
    width: Math.max(1, size.width - margins.left - margins.right),
    height: Math.max(1, size.height - margins.top - margins.bottom),
  };
  const across = room.width / Math.max(1, bounds.width);
  const down = room.height / Math.max(1, bounds.height);
  const zoom = Math.max(SMALLEST_ZOOM, Math.min(LARGEST_ZOOM, across, down));
  // From the top, so that nothing moves under the pointer when a layer grows.
  return {
    x: Math.round(margins.left + (room.width - bounds.width * zoom) / 2 - bounds.x * zoom),
    y: Math.round(margins.top - bounds.y * zoom),
    zoom,
  };
}

/** The smallest rectangle around all of `boxes`. */
export function boundsOf(boxes: readonly (Size & Position)[]): Size & Position {
  if (boxes.length === 0) return { x: 0, y: 0, width: 0, height: 0 };
  const x = Math.min(...boxes.map((box) => box.x));
  const y = Math.min(...boxes.map((box) => box.y));
  return {
    x,
    y,
    width: Math.max(...boxes.map((box) => box.x + box.width)) - x,
    height: Math.max(...boxes.map((box) => box.y + box.height)) - y,
  };
}

/** A box that is at least `width` wide, about the same middle. */
export function widened(box: Size & Position, width: number): Size & Position {
  const more = Math.max(0, width - box.width);
  return { ...box, x: box.x - more / 2, width: box.width + more };
}

/** The layer to the left, right, above or below of `name`, as arrow keys walk; `null` at the rim. */
export function neighbourOf(graph: Graph, name: string, direction: 'left' | 'right' | 'up' | 'down'): string | null {
  const grid = columns(graph);
  const column = grid.findIndex((names) => names.includes(name));
  const row = grid[column]?.indexOf(name) ?? 0;
  if (direction === 'up') return grid[column]?.[row - 1] ?? null;
  if (direction === 'down') return grid[column]?.[row + 1] ?? null;
  const step = direction === 'left' ? -1 : 1;
  for (let at = column + step; at >= 0 && at < grid.length; at += step) {
    const names = grid[at] ?? [];
    const nearest = names[Math.min(row, names.length - 1)];
    if (nearest !== undefined) return nearest;
  }
  return null;
}
