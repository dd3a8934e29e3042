/**
 * What the canvas shows, derived from the draft and from what the engine last told of it: a picture a
 * layer, where it stands, the routes of edges and the bundles of links between units.
 */

import type { Edge, Graph, Member, Position } from '../lib/experiment';
import { words } from '../lib/i18n.svelte';
import type { LayerLayout, Layout, Words } from '../lib/protocol';
import type { LayerEntry } from '../lib/rest';
import { session } from '../lib/session.svelte';
import { bundleOf, type Bundle } from './bundles';
import { faceOf, PORT_Y, type Face, type Rectangle } from './faces';
import { routeEdge, type Route } from './geometry';
import { layOut } from './layout';
import { edgeId, incoming, INPUT, kindsOf, OUTPUT, portsOf, sortLayers, unitsOf } from './model';

/** One layer as the canvas shows it. */
export interface LayerPicture {
  name: string;
  kind: string;
  layer: Member;
  entry: LayerEntry | undefined;
  face: Face;
  /** Of its output without the batch; empty while the engine hasn't told. */
  shape: readonly number[];
  parameters: number | null;
  mapAxes: 0 | 1 | 2;
  /** Words beside units; empty for none. */
  labels: readonly Words[];
  hasWeights: boolean;
  hasBias: boolean;
  /** The largest magnitude of its activations, where its function bounds them. */
  scale: number | null;
}

/** An edge as the canvas shows it. */
export interface EdgePicture {
  id: string;
  edge: Edge;
  route: Route;
  /** Heights at which it leaves and arrives. */
  from: Position;
  to: Position;
  bundle: Bundle | null;
}

const EMPTY: Graph = { nodes: [], edges: [] };
/** Distance between the ports of one side of a layer. */
const PORT_STEP = 16;
const MOST_LABELS = 12;
/** Widths of letters in the size of labels, and of the longest label that is shown whole. */
const LETTER = 6.2;
const WIDE_LETTER = 11;
const WIDEST_LABEL = 110;

/** Height of port number `at` on its node. */
export function portY(at: number): number {
  return PORT_Y + at * PORT_STEP;
}

/** Room for the longest of `texts`, about; the page cuts off what is longer. */
function widthOf(texts: readonly string[]): number {
  const width = (text: string): number =>
    [...text].reduce((sum, letter) => sum + (letter > '\u2e80' ? WIDE_LETTER : LETTER), 0);
  return texts.length === 0 ? 0 : Math.min(WIDEST_LABEL, Math.ceil(Math.max(...texts.map(width))));
}

function quantities(layout: Layout | null): Map<string, number[]> {
  return new Map(layout?.tensors.map((tensor) => [`${tensor.layer}/${tensor.quantity}`, tensor.shape]));
}

/** How many axes the input plane has: response maps are drawn over it. */
function domainAxes(layout: Layout | null): 0 | 1 | 2 {
  const axes = layout?.domain?.length ?? 0;
  return axes === 2 || axes === 1 ? axes : 0;
}

/** Units of a layer as the engine told them; `null` while it hasn't. */
function unitsTold(info: LayerLayout | undefined): number | null {
  return info === undefined ? null : info.shape.reduce((product, axis) => product * axis, 1);
}

class Scene {
  /** Width of the canvas in pixels. */
  width = $state(0);
  /** Where nodes are on the canvas now, which differs from the layout while one is dragged. */
  placed = $state.raw<ReadonlyMap<string, Position>>(new Map());

  readonly #shown = new Map<string, { signature: string; picture: LayerPicture }>();

  kinds = $derived(kindsOf(session.catalog?.layer ?? []));
  graph = $derived(session.experiment?.graph ?? EMPTY);
  pictures = $derived.by(() => this.#pictures(this.graph, session.layout));
  positions = $derived(
    layOut(this.graph, new Map([...this.pictures].map(([name, { face }]) => [name, face])), {
      available: this.width,
    }),
  );
  edges = $derived.by(() => this.#edges(this.graph));
  /** Layers in reading order. */
  order = $derived(sortLayers(this.graph));

  /** Where a layer is on the canvas. */
  rectangleOf(name: string): Rectangle | null {
    const face = this.pictures.get(name)?.face;
    const position = this.placed.get(name) ?? this.positions.get(name);
    if (face === undefined || position === undefined) return null;
    return { x: position.x, y: position.y, width: face.width, height: face.height };
  }

  #pictures(graph: Graph, layout: Layout | null): Map<string, LayerPicture> {
    const infos = new Map(layout?.layers.map((info) => [info.name, info]));
    const tensors = quantities(layout);
    const pictures = new Map<string, LayerPicture>();
    for (const name of sortLayers(graph)) {
      const layer = graph.nodes.find((node) => node.name === name)?.layer;
      if (layer === undefined) continue;
      const before = pictures.get(incoming(graph, name)[0]?.source ?? '');
      pictures.set(name, this.#picture(name, layer, infos.get(name), before, layout, tensors));
    }
    for (const name of this.#shown.keys()) if (!pictures.has(name)) this.#shown.delete(name);
    return pictures;
  }

  #picture(
    name: string,
    layer: Member,
    info: LayerLayout | undefined,
    before: LayerPicture | undefined,
    layout: Layout | null,
    tensors: Map<string, number[]>,
  ): LayerPicture {
    const units = unitsOf(layer) ?? unitsTold(info) ?? before?.face.units ?? 1;
    const shape = unitsOf(layer) === null ? (info?.shape ?? []) : [units];
    const map = tensors.get(`${name}/map`);
    const mapAxes = info === undefined ? domainAxes(layout) : map === undefined ? 0 : map.length === 2 ? 1 : 2;
    const texts = layer.kind === INPUT ? layout?.features : layer.kind === OUTPUT ? layout?.classes : [];
    const labels = texts?.length === units && units > 1 && units <= MOST_LABELS ? texts : [];
    const rawShape = layer.kind === INPUT ? (layout?.raw_shape ?? []) : [];
    const facts = { kind: layer.kind, units, shape, mapAxes, labelWidth: widthOf(labels.map(words)), rawShape };
    const picture: LayerPicture = {
      name,
      kind: layer.kind,
      layer,
      entry: this.kinds.get(layer.kind),
      face: faceOf(facts),
      shape,
      parameters: info?.parameters ?? null,
      mapAxes,
      labels,
      hasWeights: tensors.has(`${name}/weights`) || (info === undefined && unitsOf(layer) !== null),
      hasBias: tensors.has(`${name}/bias`),
      scale: info?.map_scale ?? null,
    };
    return this.#known(picture);
  }

  /** The picture shown before where it says the same: what is drawn from it then stays untouched. */
  #known(picture: LayerPicture): LayerPicture {
    const signature = JSON.stringify({ ...picture, entry: picture.entry !== undefined });
    const before = this.#shown.get(picture.name);
    if (before?.signature === signature && before.picture.entry === picture.entry) return before.picture;
    this.#shown.set(picture.name, { signature, picture });
    return picture;
  }

  #edges(graph: Graph): EdgePicture[] {
    const boxes = new Map(graph.nodes.map((node) => [node.name, this.rectangleOf(node.name)]));
    let lane = 0;
    const pictures: EdgePicture[] = [];
    for (const edge of graph.edges) {
      const source = boxes.get(edge.source);
      const target = boxes.get(edge.target);
      const sourcePicture = this.pictures.get(edge.source);
      const targetPicture = this.pictures.get(edge.target);
      if (!source || !target || sourcePicture === undefined || targetPicture === undefined) continue;
      const from = { x: source.x + source.width, y: source.y + this.#portHeight(edge, 'source') };
      const to = { x: target.x, y: target.y + this.#portHeight(edge, 'target') };
      const others = [...boxes].flatMap(([name, box]) =>
        box === null || name === edge.source || name === edge.target ? [] : [box],
      );
      const route = routeEdge({ x1: from.x, y1: from.y, x2: to.x, y2: to.y }, others, lane);
      if (!route.direct) lane += 1;
      const bundle = route.direct ? bundleOf(sourcePicture, source, targetPicture, target) : null;
      pictures.push({ id: edgeId(edge), edge, route, from, to, bundle });
    }
    return pictures;
  }

  #portHeight(edge: Edge, end: 'source' | 'target'): number {
    const kind = this.pictures.get(edge[end])?.kind ?? '';
    const ports = portsOf(this.kinds, kind);
    const at = end === 'source' ? ports.outputs.indexOf(edge.source_port) : ports.inputs.indexOf(edge.target_port);
    return portY(Math.max(0, at));
  }
}

export const scene = new Scene();
