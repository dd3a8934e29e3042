/** What the inputs of a layer are called: the units of the layer that feeds it. */

import { t, words } from '../lib/i18n.svelte';
import { incoming } from '../graph/model';
import { scene, type LayerPicture } from '../graph/scene.svelte';

/** Inputs of a layer as far as names and pictures go. */
export interface Inputs {
  /** The layer that feeds it; empty when none does. */
  source: string;
  count: number;
  name: (input: number) => string;
  /** Columns and rows when they form an image; null otherwise. */
  image: { columns: number; rows: number } | null;
}

function unitName(picture: LayerPicture | undefined, unit: number): string {
  return words(picture?.labels[unit]) || String(unit + 1);
}

/** The name of unit `unit` of a layer: its feature, its class, or its number. */
export function nameOfUnit(layer: string, unit: number): string {
  return unitName(scene.pictures.get(layer), unit);
}

/** The inputs of `layer`. */
export function inputsOf(layer: string): Inputs {
  const source = incoming(scene.graph, layer)[0]?.source ?? '';
  const picture = scene.pictures.get(source);
  const face = picture?.face;
  const planar = face !== undefined && (face.type === 'image' || (picture?.shape.length ?? 0) >= 2);
  const image = planar ? { columns: face.columns, rows: face.rows } : imageBehind(source);
  const pixel = (input: number, columns: number): string =>
    t('inspector.pixel', { row: Math.floor(input / columns) + 1, column: (input % columns) + 1 });
  return {
    source,
    count: face?.units ?? 0,
    name: (input) => (image === null ? unitName(picture, input) : pixel(input, image.columns)),
    image,
  };
}

/** A flatten or dropout between an image and a dense layer keeps the image's pixels in their order. */
function imageBehind(layer: string): { columns: number; rows: number } | null {
  const face = scene.pictures.get(layer)?.face;
  const before = incoming(scene.graph, layer);
  const [only] = before;
  const feeding = scene.pictures.get(only?.source ?? '')?.face;
  if (before.length !== 1 || face === undefined || feeding?.units !== face.units) return null;
  if (scene.pictures.get(layer)?.hasWeights === true) return null;
  return feeding.type === 'image' ? { columns: feeding.columns, rows: feeding.rows } : imageBehind(only?.source ?? '');
}
