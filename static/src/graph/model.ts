/**
 * Questions about the graph of an experiment: who feeds whom, which names are free, which layers are ends.
 * Nothing here changes a graph (`operations.ts`) or knows where it is drawn (`layout.ts`).
 */

import type { Edge, FieldValue, Graph, Member, Node } from '../lib/experiment';
import { defaultsOf } from '../lib/catalog';
import type { CatalogField, LayerEntry, Ports } from '../lib/rest';

/** Layer kinds by name, as the catalog tells them. */
export type Kinds = ReadonlyMap<string, LayerEntry>;

/** Kinds of layer at which data enter and leave a network. */
export const INPUT = 'input';
export const OUTPUT = 'output';

const NAME = /^[A-Za-z][A-Za-z0-9_]{0,39}$/;
const SINGLE: Ports = { inputs: ['input'], variadic: false, outputs: ['output'] };

/** The catalog's layer kinds, ready to be looked up. */
export function kindsOf(entries: readonly LayerEntry[]): Kinds {
  return new Map(entries.map((entry) => [entry.kind, entry]));
}

/** The ports of a kind of layer; one in, one out for a kind that the catalog doesn't know. */
export function portsOf(kinds: Kinds, kind: string): Ports {
  return kinds.get(kind)?.ports ?? SINGLE;
}

/** What tells one edge from every other. */
export function edgeId(edge: Edge): string {
  return `${edge.source}.${edge.source_port}-${edge.target}.${edge.target_port}`;
}

export function findNode(graph: Graph, name: string): Node | undefined {
  return graph.nodes.find((node) => node.name === name);
}

/** The value at which a person holds a unit; `null` when it follows its inputs. */
export function heldAt(node: Node, unit: number): number | null {
  return node.clamps.find((clamp) => clamp.unit === unit)?.value ?? null;
}

/** Edges that end at `name`, in their order. */
export function incoming(graph: Graph, name: string): Edge[] {
  return graph.edges.filter((edge) => edge.target === name);
}

/** Edges that begin at `name`, in their order. */
export function outgoing(graph: Graph, name: string): Edge[] {
  return graph.edges.filter((edge) => edge.source === name);
}

/** Whether `name` is one that the engine accepts. */
export function isName(name: string): boolean {
  return NAME.test(name);
}

/** A name that no layer has yet: `stem` with the lowest number that is free. */
export function freshName(graph: Graph, stem: string): string {
  const taken = new Set(graph.nodes.map((node) => node.name));
  const base = stem.replace(/\d+$/, '').slice(0, 36) || 'layer';
  for (let number = 1; ; number += 1) {
    const name = `${base}${number}`;
    if (!taken.has(name)) return name;
  }
}

/** Names in an order in which every layer follows those that feed it; layers in a cycle come last. */
export function sortLayers(graph: Graph): string[] {
  const waiting = new Map(graph.nodes.map((node) => [node.name, 0]));
  for (const edge of graph.edges) waiting.set(edge.target, (waiting.get(edge.target) ?? 0) + 1);
  const ready = graph.nodes.filter((node) => waiting.get(node.name) === 0).map((node) => node.name);
  const sorted: string[] = [];
  for (let name = ready.shift(); name !== undefined; name = ready.shift()) {
    sorted.push(name);
    for (const edge of outgoing(graph, name)) {
      const left = (waiting.get(edge.target) ?? 0) - 1;
      waiting.set(edge.target, left);
      if (left === 0) ready.push(edge.target);
    }
  }
  const placed = new Set(sorted);
  return [...sorted, ...graph.nodes.map((node) => node.name).filter((name) => !placed.has(name))];
}

/** Whether data can flow from `from` to `to` along edges. */
export function reaches(graph: Graph, from: string, to: string): boolean {
  const open = [from];
  const seen = new Set(open);
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (name === to) return true;
    for (const edge of outgoing(graph, name)) {
      if (!seen.has(edge.target)) {
        seen.add(edge.target);
        open.push(edge.target);
      }
    }
  }
  return false;
}

/** Whether a network needs this layer: its data come in or go out here, so it can't be removed. */
export function isEnd(kinds: Kinds, kind: string): boolean {
  const ports = portsOf(kinds, kind);
  return ports.inputs.length === 0 || ports.outputs.length === 0;
}

/** Units that a layer's document asks for; `null` for layers that take the size of what they receive. */
export function unitsOf(layer: Member): number | null {
  return typeof layer.units === 'number' ? layer.units : null;
}

/** The field that counts a layer's units, if its kind has one. */
export function unitsField(kinds: Kinds, kind: string): CatalogField | null {
  return kinds.get(kind)?.fields.find((field) => field.name === 'units') ?? null;
}

/** The kind of a layer's activation function; `null` when it has none. */
export function activationOf(layer: Member): string | null {
  const activation: FieldValue | undefined = layer.activation;
  if (activation === null || typeof activation !== 'object' || Array.isArray(activation)) return null;
  return typeof activation.kind === 'string' ? activation.kind : null;
}

/** A new layer with a free name, as the palette hands it over. */
export function newNode(graph: Graph, entry: LayerEntry): Node {
  return { name: freshName(graph, entry.kind), layer: defaultsOf(entry), position: null, frozen: false, clamps: [] };
}
