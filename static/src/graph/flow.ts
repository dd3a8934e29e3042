/** From the scene to the node editor's own nodes and edges, and back to names. */

import type { Edge as FlowLine, Node as FlowNode } from '@xyflow/svelte';
import type { Edge, Position } from '../lib/experiment';
import type { LayerPicture } from './scene.svelte';

export type LayerFlowNode = FlowNode<Record<string, never>, 'layer'>;
export type LayerFlowEdge = FlowLine<Record<string, never>, 'flow'>;

/** What a node shows outside its own component. */
export interface NodeFacts {
  picture: LayerPicture;
  position: Position;
  label: string;
  role: string;
  focusable: boolean;
  draggable: boolean;
  /** Drawn above the others: it has something to say. */
  raised: boolean;
}

const NO_DATA: Record<string, never> = {};

function same(left: LayerFlowNode, right: LayerFlowNode): boolean {
  return (
    left.position.x === right.position.x &&
    left.position.y === right.position.y &&
    left.width === right.width &&
    left.height === right.height &&
    left.draggable === right.draggable &&
    left.zIndex === right.zIndex &&
    left.ariaLabel === right.ariaLabel &&
    left.domAttributes?.tabindex === right.domAttributes?.tabindex &&
    left.domAttributes?.['aria-roledescription'] === right.domAttributes?.['aria-roledescription']
  );
}

/** `after`, or `before` where it holds the same objects: the editor then has nothing to do. */
function unlessSame<Item>(before: Item[], after: Item[]): Item[] {
  return before.length === after.length && after.every((item, at) => item === before[at]) ? before : after;
}

/** The node editor's nodes for these layers; a node that didn't change stays the same object. */
export function nodesFor(before: LayerFlowNode[], facts: readonly NodeFacts[]): LayerFlowNode[] {
  const known = new Map(before.map((node) => [node.id, node]));
  const after = facts.map(({ picture, position, label, role, focusable, draggable, raised }) => {
    const old = known.get(picture.name);
    const node: LayerFlowNode = {
      ...old,
      id: picture.name,
      type: 'layer',
      data: NO_DATA,
      position: old?.dragging ? old.position : position,
      width: picture.face.width,
      height: picture.face.height,
      dragHandle: '.grip',
      draggable,
      zIndex: raised ? 10 : 0,
      ariaLabel: label,
      domAttributes: { tabindex: focusable ? 0 : -1, 'aria-roledescription': role },
    };
    return old !== undefined && same(old, node) ? old : node;
  });
  return unlessSame(before, after);
}

/** What a screen reader says of an edge; the editor's own words are English only. */
export interface EdgeWords {
  role: string;
  label: (edge: Edge) => string;
}

/** The node editor's edges; their drawing looks the rest up in the scene. */
export function edgesFor(
  before: LayerFlowEdge[],
  pictures: readonly { id: string; edge: Edge }[],
  words: EdgeWords,
): LayerFlowEdge[] {
  const known = new Map(before.map((line) => [line.id, line]));
  const after = pictures.map(({ id, edge }): LayerFlowEdge => {
    const old = known.get(id);
    const ariaLabel = words.label(edge);
    if (old !== undefined && old.ariaLabel === ariaLabel) return old;
    return {
      id,
      type: 'flow',
      source: edge.source,
      target: edge.target,
      sourceHandle: edge.source_port,
      targetHandle: edge.target_port,
      ariaLabel,
      domAttributes: { 'aria-roledescription': words.role },
    };
  });
  return unlessSame(before, after);
}
