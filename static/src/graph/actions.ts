/** What people do on the canvas: each is one operation on the draft's graph, with a name for undo. */

import type { Edge, Graph, Member, Position } from '../lib/experiment';
import type { Parameters } from '../lib/i18n.svelte';
import type { LayerEntry } from '../lib/rest';
import { notices } from '../lib/notices.svelte';
import { session } from '../lib/session.svelte';
import { edgeId, findNode, newNode, outgoing, unitsOf } from './model';
import {
  addLayer,
  arrangeLayers,
  connect,
  disconnect,
  duplicateLayer,
  holdUnit,
  insertAfter,
  insertBefore,
  insertLayer,
  moveLayer,
  releaseUnit,
  removeLayer,
  renameLayer,
  setFrozen,
  setLayer as replaceLayer,
  setUnits,
} from './operations';
import { scene } from './scene.svelte';
import { both, type GraphKey } from './words';

/** Carry out `operation`; false when it changes nothing, and then there is nothing to undo. */
function change(
  operation: (graph: Graph) => Graph,
  key: GraphKey,
  parameters: Parameters = {},
  gesture: string | null = null,
): boolean {
  if (!session.canEdit || operation(scene.graph) === scene.graph) return false;
  const label = both(key, parameters);
  session.edit((draft) => (draft.graph = operation(draft.graph)), label, gesture);
  notices.speak(label);
  return true;
}

function insert(operation: (graph: Graph, entry: LayerEntry) => Graph, kind: string): string | null {
  const entry = scene.kinds.get(kind);
  if (entry === undefined) return null;
  const { name } = newNode(scene.graph, entry);
  const done = change((graph) => operation(graph, entry), 'graph.undo.add', { layer: name });
  if (done) session.selection = { layer: name };
  return done ? name : null;
}

/** Put a new layer into an edge; returns its name, or null when that isn't possible. */
export function insertOnEdge(id: string, kind: string): string | null {
  return insert((graph, entry) => insertLayer(graph, id, newNode(graph, entry), scene.kinds), kind);
}

/** Put a new layer behind another, or before it where nothing can follow. */
export function insertBeside(name: string, kind: string): string | null {
  const operation = (graph: Graph, entry: LayerEntry): Graph => {
    const after = insertAfter(graph, name, newNode(graph, entry), scene.kinds);
    return after === graph ? insertBefore(graph, name, newNode(graph, entry), scene.kinds) : after;
  };
  return insert(operation, kind);
}

/** Put a new layer where the palette was clicked for it: behind the selection, else before the output. */
export function insertAnywhere(kind: string): string | null {
  const selected = session.selection?.layer;
  if (selected !== undefined && findNode(scene.graph, selected) !== undefined) return insertBeside(selected, kind);
  const last = [...scene.order].reverse().find((name) => outgoing(scene.graph, name).length === 0);
  return last === undefined ? null : insertBeside(last, kind);
}

/** Put a new layer on the canvas without connecting it. */
export function dropLayer(kind: string, position: Position): string | null {
  return insert((graph, entry) => addLayer(graph, { ...newNode(graph, entry), position }), kind);
}

export function remove(name: string): boolean {
  const done = change((graph) => removeLayer(graph, name, scene.kinds), 'graph.undo.remove', { layer: name });
  if (done && session.selection?.layer === name) session.selection = null;
  return done;
}

export function duplicate(name: string): boolean {
  return change((graph) => duplicateLayer(graph, name, scene.kinds), 'graph.undo.duplicate', { layer: name });
}

/** Give a dense layer `difference` more units. */
export function changeUnits(name: string, difference: number): boolean {
  const operation = (graph: Graph): Graph => {
    const layer = findNode(graph, name)?.layer;
    const units = layer === undefined ? null : unitsOf(layer);
    return units === null ? graph : setUnits(graph, name, units + difference, scene.kinds);
  };
  const done = change(operation, 'graph.undo.units', { layer: name });
  const units = scene.pictures.get(name)?.face.units;
  if (done && units !== undefined) notices.speak(both('graph.spoken.units', { layer: name, units }));
  return done;
}

export function connectPorts(edge: Edge): boolean {
  const { source, target } = edge;
  return change((graph) => connect(graph, edge, scene.kinds), 'graph.undo.connect', { source, target });
}

export function removeEdge(id: string): boolean {
  const edge = scene.graph.edges.find((other) => edgeId(other) === id);
  if (edge === undefined) return false;
  const { source, target } = edge;
  return change((graph) => disconnect(graph, id), 'graph.undo.disconnect', { source, target });
}

export function rename(name: string, next: string): boolean {
  const done = change((graph) => renameLayer(graph, name, next), 'graph.undo.rename', { layer: name });
  if (done && session.selection?.layer === name) session.selection = { layer: next };
  return done;
}

/** Replace what a layer's document says, field by field as its form does. */
export function setLayer(name: string, layer: Member, field: string): boolean {
  return change((graph) => replaceLayer(graph, name, layer), 'graph.undo.field', { layer: name }, `${name}.${field}`);
}

/** Keep a layer's parameters as they are, or let them learn again. */
export function freeze(name: string, frozen: boolean): boolean {
  const key = frozen ? 'graph.undo.freeze' : 'graph.undo.thaw';
  return change((graph) => setFrozen(graph, name, frozen), key, { layer: name });
}

/** Hold a unit at a value, whatever arrives. */
export function hold(layer: string, unit: number, value: number): boolean {
  const parameters = { layer, unit: unit + 1 };
  return change((graph) => holdUnit(graph, layer, unit, value), 'graph.undo.hold', parameters, `${layer}.held.${unit}`);
}

/** Let a unit follow its inputs again. */
export function release(layer: string, unit: number): boolean {
  return change((graph) => releaseUnit(graph, layer, unit), 'graph.undo.release', { layer, unit: unit + 1 });
}

export function move(name: string, position: Position): boolean {
  return change((graph) => moveLayer(graph, name, position), 'graph.undo.move', { layer: name });
}

export function arrange(): boolean {
  return change(arrangeLayers, 'graph.undo.arrange');
}
