/**
 * Every change that a person can make to a graph, one pure function each.
 *
 * A function takes the present graph and returns the next one. It never changes its argument, so that
 * undo is going back to the previous value, exactly. A change that is not allowed returns its argument.
 */

import type { Edge, FieldValue, Graph, Member, Node, Position } from '../lib/experiment';
import {
  edgeId,
  findNode,
  freshName,
  heldAt,
  incoming,
  isEnd,
  isName,
  outgoing,
  portsOf,
  reaches,
  unitsOf,
  type Kinds,
} from './model';

/** Why two ports can't be connected. */
export type ConnectionProblem = 'missing' | 'itself' | 'cycle' | 'duplicate' | 'port';

/** Why a layer can't have a name. */
export type NameProblem = 'pattern' | 'taken';

function withNode(graph: Graph, name: string, change: (node: Node) => Node): Graph {
  if (findNode(graph, name) === undefined) return graph;
  return { ...graph, nodes: graph.nodes.map((node) => (node.name === name ? change(node) : node)) };
}

function edgeBetween(source: string, sourcePort: string, target: string, targetPort: string): Edge {
  return { source, target, source_port: sourcePort, target_port: targetPort };
}

/** `edges` without a second edge between the same ports; the first keeps its place. */
function distinct(edges: Edge[]): Edge[] {
  return [...new Map(edges.map((edge) => [edgeId(edge), edge])).values()];
}

function isFree(graph: Graph, node: Node): boolean {
  return isName(node.name) && findNode(graph, node.name) === undefined;
}

/** `nodes` with `node` put right after the one called `name`, so that documents read in order. */
function placeAfter(nodes: Node[], name: string, node: Node): Node[] {
  const place = nodes.findIndex((other) => other.name === name);
  return place < 0 ? [...nodes, node] : [...nodes.slice(0, place + 1), node, ...nodes.slice(place + 1)];
}

/** Put a layer on the canvas without connecting it. */
export function addLayer(graph: Graph, node: Node): Graph {
  return isFree(graph, node) ? { ...graph, nodes: [...graph.nodes, node] } : graph;
}

/** Put a layer into the edge called `id`: its source now feeds the layer, the layer feeds its target. */
export function insertLayer(graph: Graph, id: string, node: Node, kinds: Kinds): Graph {
  const split = graph.edges.find((edge) => edgeId(edge) === id);
  const [input] = portsOf(kinds, node.layer.kind).inputs;
  const [output] = portsOf(kinds, node.layer.kind).outputs;
  if (split === undefined || input === undefined || output === undefined || !isFree(graph, node)) return graph;
  const edges = graph.edges.flatMap((edge) =>
    edge === split
      ? [
          edgeBetween(edge.source, edge.source_port, node.name, input),
          edgeBetween(node.name, output, edge.target, edge.target_port),
        ]
      : [edge],
  );
  return { nodes: placeAfter(graph.nodes, split.source, node), edges };
}

/** Put a layer behind the one called `name`: whatever `name` fed is now fed by the new layer. */
export function insertAfter(graph: Graph, name: string, node: Node, kinds: Kinds): Graph {
  const source = findNode(graph, name);
  const [input] = portsOf(kinds, node.layer.kind).inputs;
  const [output] = portsOf(kinds, node.layer.kind).outputs;
  if (source === undefined || input === undefined || output === undefined || !isFree(graph, node)) return graph;
  const [port] = portsOf(kinds, source.layer.kind).outputs;
  if (port === undefined) return graph;
  const moved = graph.edges.map((edge) =>
    edge.source === name && edge.source_port === port
      ? edgeBetween(node.name, output, edge.target, edge.target_port)
      : edge,
  );
  const edges = [...moved, edgeBetween(name, port, node.name, input)];
  return { nodes: placeAfter(graph.nodes, name, node), edges };
}

/** Put a layer before the one called `name`: whatever fed `name` now feeds the new layer. */
export function insertBefore(graph: Graph, name: string, node: Node, kinds: Kinds): Graph {
  const [edge] = incoming(graph, name);
  return edge === undefined ? graph : insertLayer(graph, edgeId(edge), node, kinds);
}

/**
 * Take a layer away and connect its neighbours: what fed it now feeds what it fed. A port that takes
 * one edge only gets the first of them. The ends of a network stay.
 */
export function removeLayer(graph: Graph, name: string, kinds: Kinds): Graph {
  const node = findNode(graph, name);
  if (node === undefined || isEnd(kinds, node.layer.kind)) return graph;
  const feeding = incoming(graph, name);
  const edges = graph.edges.flatMap((edge) => {
    if (edge.target === name) return [];
    if (edge.source !== name) return [edge];
    const target = findNode(graph, edge.target);
    const variadic = target !== undefined && portsOf(kinds, target.layer.kind).variadic;
    return (variadic ? feeding : feeding.slice(0, 1)).map((fed) =>
      edgeBetween(fed.source, fed.source_port, edge.target, edge.target_port),
    );
  });
  return { nodes: graph.nodes.filter((other) => other !== node), edges: distinct(edges) };
}

/** Why `edge` can't be added; `null` when it can. */
export function connectionProblem(graph: Graph, edge: Edge, kinds: Kinds): ConnectionProblem | null {
  const source = findNode(graph, edge.source);
  const target = findNode(graph, edge.target);
  if (source === undefined || target === undefined) return 'missing';
  if (source === target) return 'itself';
  if (!portsOf(kinds, source.layer.kind).outputs.includes(edge.source_port)) return 'port';
  if (!portsOf(kinds, target.layer.kind).inputs.includes(edge.target_port)) return 'port';
  if (graph.edges.some((other) => edgeId(other) === edgeId(edge))) return 'duplicate';
  return reaches(graph, edge.target, edge.source) ? 'cycle' : null;
}

/** Connect two ports. A port that takes one edge only lets go of the edge that it had. */
export function connect(graph: Graph, edge: Edge, kinds: Kinds): Graph {
  const target = findNode(graph, edge.target);
  if (target === undefined || connectionProblem(graph, edge, kinds) !== null) return graph;
  const { variadic } = portsOf(kinds, target.layer.kind);
  const place = graph.edges.findIndex(
    (other) => other.target === edge.target && other.target_port === edge.target_port,
  );
  if (variadic || place < 0) return { ...graph, edges: [...graph.edges, edge] };
  return { ...graph, edges: graph.edges.map((other, at) => (at === place ? edge : other)) };
}

/** Take the edge called `id` away. */
export function disconnect(graph: Graph, id: string): Graph {
  const edges = graph.edges.filter((edge) => edgeId(edge) !== id);
  return edges.length === graph.edges.length ? graph : { ...graph, edges };
}

/** Set one field of a layer, such as its activation. */
export function setField(graph: Graph, name: string, field: string, value: FieldValue): Graph {
  return withNode(graph, name, (node) => ({ ...node, layer: { ...node.layer, [field]: value } }));
}

/** Set how many units a layer has, kept within what its kind allows. */
export function setUnits(graph: Graph, name: string, units: number, kinds: Kinds): Graph {
  const node = findNode(graph, name);
  const field = kinds.get(node?.layer.kind ?? '')?.fields.find((other) => other.name === 'units');
  if (node === undefined || field === undefined || !Number.isFinite(units)) return graph;
  const bounded = Math.min(field.maximum ?? Infinity, Math.max(field.minimum ?? 1, Math.round(units)));
  return node.layer.units === bounded ? graph : releaseMissing(setField(graph, name, 'units', bounded), name);
}

/** Replace what a layer's document says. */
export function setLayer(graph: Graph, name: string, layer: Member): Graph {
  return releaseMissing(
    withNode(graph, name, (node) => ({ ...node, layer })),
    name,
  );
}

/** Whether a layer's parameters stay as they are. */
export function setFrozen(graph: Graph, name: string, frozen: boolean): Graph {
  return findNode(graph, name)?.frozen === frozen ? graph : withNode(graph, name, (node) => ({ ...node, frozen }));
}

/** Hold a unit at a value, whatever arrives. */
export function holdUnit(graph: Graph, name: string, unit: number, value: number): Graph {
  const node = findNode(graph, name);
  if (!Number.isFinite(value) || node === undefined || heldAt(node, unit) === value) return graph;
  const others = node.clamps.filter((clamp) => clamp.unit !== unit);
  const clamps = [...others, { unit, value }].sort((left, right) => left.unit - right.unit);
  return withNode(graph, name, () => ({ ...node, clamps }));
}

/** Let a unit follow its inputs again. */
export function releaseUnit(graph: Graph, name: string, unit: number): Graph {
  return release(graph, name, (held) => held === unit);
}

/** Units that a layer no longer has aren't held. */
function releaseMissing(graph: Graph, name: string): Graph {
  const units = unitsOf(findNode(graph, name)?.layer ?? { kind: '' });
  return units === null ? graph : release(graph, name, (held) => held >= units);
}

function release(graph: Graph, name: string, isMeant: (unit: number) => boolean): Graph {
  if (!findNode(graph, name)?.clamps.some(({ unit }) => isMeant(unit))) return graph;
  return withNode(graph, name, (node) => ({ ...node, clamps: node.clamps.filter(({ unit }) => !isMeant(unit)) }));
}

/** Why the layer `name` can't be called `next`; `null` when it can. */
export function nameProblem(graph: Graph, name: string, next: string): NameProblem | null {
  if (!isName(next)) return 'pattern';
  return next !== name && findNode(graph, next) !== undefined ? 'taken' : null;
}

/** Give a layer another name; its edges follow. */
export function renameLayer(graph: Graph, name: string, next: string): Graph {
  if (name === next || findNode(graph, name) === undefined) return graph;
  if (nameProblem(graph, name, next) !== null) return graph;
  const renamed = (end: string): string => (end === name ? next : end);
  return {
    nodes: graph.nodes.map((node) => (node.name === name ? { ...node, name: next } : node)),
    edges: graph.edges.map((edge) =>
      edge.source === name || edge.target === name
        ? { ...edge, source: renamed(edge.source), target: renamed(edge.target) }
        : edge,
    ),
  };
}

/** Put a copy of a layer right behind it, with a name of its own. */
export function duplicateLayer(graph: Graph, name: string, kinds: Kinds): Graph {
  const node = findNode(graph, name);
  if (node === undefined || isEnd(kinds, node.layer.kind)) return graph;
  const copy: Node = { ...structuredClone(node), name: freshName(graph, name), position: null };
  return insertAfter(graph, name, copy, kinds);
}

/** Remember where a person has put a layer. */
export function moveLayer(graph: Graph, name: string, position: Position): Graph {
  const at = { x: Math.round(position.x), y: Math.round(position.y) };
  return withNode(graph, name, (node) => ({ ...node, position: at }));
}

/** Forget where layers were put, so that the layout places every one of them. */
export function arrangeLayers(graph: Graph): Graph {
  if (graph.nodes.every((node) => node.position === null)) return graph;
  return { ...graph, nodes: graph.nodes.map((node) => ({ ...node, position: null })) };
}

/** Names of the layers fed by `name`, and of those that feed it, each once. */
export function neighbours(graph: Graph, name: string): { before: string[]; after: string[] } {
  return {
    before: [...new Set(incoming(graph, name).map((edge) => edge.source))],
    after: [...new Set(outgoing(graph, name).map((edge) => edge.target))],
  };
}
