/**
 * What picture a layer shows of itself, and where on its node each unit's part of it lies.
 *
 * Sizes are computed here and not measured in the page, so that links know where units are before
 * anything is drawn, and a click on `+ neuron` is answered within the same frame.
 */

import { INPUT, OUTPUT } from './model';

/** Everything the choice of a face depends on. */
export interface FaceFacts {
  kind: string;
  /** Units that the layer has in the draft. */
  units: number;
  /** Shape of its output without the batch, as the engine last told; empty when not known yet. */
  shape: readonly number[];
  /** Whether the engine offers a response map over the input plane (2) or line (1). */
  mapAxes: 0 | 1 | 2;
  /** Room for words beside units (features of an input, classes of an output) in pixels; 0 for none. */
  labelWidth: number;
  /** Shape of one sample before preprocessing, for the input layer; empty otherwise. */
  rawShape: readonly number[];
}

/**
 * - `maps`: one response map (or curve) a unit, in a column
 * - `cells`: one coloured cell a unit, in a column
 * - `bars`: one bar a class
 * - `mosaic`: many response maps in a compact grid
 * - `grid`: many coloured cells in a compact grid
 * - `image`: the inspected sample itself
 */
export type FaceType = 'maps' | 'cells' | 'bars' | 'mosaic' | 'grid' | 'image';

/** A face with its measures in pixels at zoom 1; `x` and `y` count from the node's top left corner. */
export interface Face {
  type: FaceType;
  units: number;
  columns: number;
  rows: number;
  /** Of one unit's part. */
  unitWidth: number;
  unitHeight: number;
  /** From one unit's part to the next. */
  gap: number;
  x: number;
  y: number;
  /** Of the whole node. */
  width: number;
  height: number;
}

export interface Rectangle {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Height of a node above its picture: name, kind and neuron buttons. */
export const HEADER_HEIGHT = 66;
/** Distance of ports from a node's top: edges meet nodes at the height of their names. */
export const PORT_Y = 17;
export const NARROWEST = 92;
/** More units than this don't get a line of their own. */
export const MOST_LISTED = 24;
const LABEL_GAP = 6;
const PADDING = 12;
const PICTURE = 84;
const WIDE_PICTURE = 144;
const LARGEST_CELL = 10;

function side(units: number, sizes: readonly [number, number, number, number]): number {
  if (units <= 8) return sizes[0];
  if (units <= 10) return sizes[1];
  return units <= 16 ? sizes[2] : sizes[3];
}

function typeOf(facts: FaceFacts): FaceType {
  const listed = facts.units <= MOST_LISTED;
  if (facts.mapAxes > 0) return listed ? 'maps' : 'mosaic';
  const planar = facts.rawShape.filter((axis) => axis > 1).length >= 2;
  if (facts.kind === INPUT && planar) return 'image';
  if (!listed) return 'grid';
  return facts.kind === OUTPUT && facts.labelWidth > 0 ? 'bars' : 'cells';
}

/** Columns and rows of a compact picture of `units`: as the layer's shape has them, else nearly square. */
function spread(units: number, shape: readonly number[]): { columns: number; rows: number } {
  const last = shape.at(-1);
  const flat = shape.filter((axis) => axis > 1).length < 2;
  const columns = flat || last === undefined ? Math.ceil(Math.sqrt(units)) : last;
  return { columns, rows: Math.ceil(units / columns) };
}

function listedFace(facts: FaceFacts, type: 'maps' | 'cells' | 'bars'): Face {
  const { units } = facts;
  const unitHeight = side(units, type === 'maps' ? [38, 34, 24, 18] : [24, 20, 16, 12]);
  const unitWidth = type === 'bars' ? 52 : type === 'maps' && facts.mapAxes === 1 ? unitHeight * 1.5 : unitHeight;
  const gap = units <= 10 ? 6 : 4;
  const labels = facts.labelWidth > 0 ? facts.labelWidth + LABEL_GAP : 0;
  const width = Math.max(NARROWEST, labels + unitWidth + 2 * PADDING);
  const height = HEADER_HEIGHT + units * (unitHeight + gap) - gap + PADDING;
  // Features are named on the left of their pictures, where nothing arrives; classes on the right.
  const besides = facts.kind === INPUT ? width - PADDING - unitWidth : PADDING;
  const x = labels > 0 ? besides : (width - unitWidth) / 2;
  return { type, units, columns: 1, rows: units, unitWidth, unitHeight, gap, x, y: HEADER_HEIGHT, width, height };
}

function compactFace(facts: FaceFacts, type: 'mosaic' | 'grid' | 'image'): Face {
  const shape = type === 'image' ? facts.rawShape : facts.shape;
  const units = type === 'image' ? shape.reduce((product, axis) => product * axis, 1) : facts.units;
  const { columns, rows } = spread(units, shape);
  const gap = type === 'mosaic' && units <= 256 ? 2 : 0;
  const room = type === 'mosaic' ? WIDE_PICTURE : PICTURE;
  const largest = type === 'mosaic' ? 22 : LARGEST_CELL;
  const unit = Math.min(largest, Math.max(1, room / Math.max(columns, rows) - gap));
  const pictureWidth = columns * (unit + gap) - gap;
  const width = Math.max(NARROWEST, Math.ceil(pictureWidth + 2 * PADDING));
  const x = (width - pictureWidth) / 2;
  const height = Math.ceil(HEADER_HEIGHT + rows * (unit + gap) - gap + PADDING);
  const size = { unitWidth: unit, unitHeight: unit, gap, x, y: HEADER_HEIGHT, width, height };
  return { type, units, columns, rows, ...size };
}

/** The face of a layer. */
export function faceOf(facts: FaceFacts): Face {
  const known = { ...facts, units: Math.max(1, facts.units) };
  const type = typeOf(known);
  return type === 'maps' || type === 'cells' || type === 'bars'
    ? listedFace(known, type)
    : compactFace(known, type);
}

/** Whether every unit has a line of its own, where links can begin and end. */
export function isListed(face: Face): boolean {
  return face.type === 'maps' || face.type === 'cells' || face.type === 'bars';
}

/** Where unit `unit`'s part of the picture lies on its node. */
export function unitRectangle(face: Face, unit: number): Rectangle {
  const column = unit % face.columns;
  const row = Math.floor(unit / face.columns);
  return {
    x: face.x + column * (face.unitWidth + face.gap),
    y: face.y + row * (face.unitHeight + face.gap),
    width: face.unitWidth,
    height: face.unitHeight,
  };
}

/** The whole picture on its node. */
export function pictureRectangle(face: Face): Rectangle {
  return {
    x: face.x,
    y: face.y,
    width: face.columns * (face.unitWidth + face.gap) - face.gap,
    height: face.rows * (face.unitHeight + face.gap) - face.gap,
  };
}

/** The unit at a point of the node, or `null` between units. */
export function unitAt(face: Face, x: number, y: number): number | null {
  const column = Math.floor((x - face.x) / (face.unitWidth + face.gap));
  const row = Math.floor((y - face.y) / (face.unitHeight + face.gap));
  if (column < 0 || row < 0 || column >= face.columns) return null;
  const unit = row * face.columns + column;
  if (unit >= face.units) return null;
  const rectangle = unitRectangle(face, unit);
  const inside = x < rectangle.x + rectangle.width && y < rectangle.y + rectangle.height;
  return inside ? unit : null;
}
