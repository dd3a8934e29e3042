/** Which layer or control a refusal is about. */

import type { Experiment } from './experiment';
import type { Problem } from './protocol';

/** The name of the layer that `problem` concerns, or null when it isn't about one. */
export function layerOfProblem(problem: Problem | null, experiment: Experiment | null): string | null {
  if (problem === null || experiment === null) return null;
  const { nodes } = experiment.graph;
  const parts = problem.where.split('.');
  const place = parts.indexOf('nodes');
  const name = place >= 0 ? parts[place + 1] : parts.find((part) => nodes.some((node) => node.name === part));
  if (name === undefined) return null;
  // A document that doesn't even have the right form is refused by position, not by name.
  if (/^\d+$/.test(name)) return nodes[Number(name)]?.name ?? null;
  return nodes.some((node) => node.name === name) ? name : null;
}

/** True when `problem` is about the control at `path`, such as `data.source` or `optimizer`. */
export function concerns(problem: Problem | null, path: string): boolean {
  if (problem === null) return false;
  const where = problem.where.replace(/^experiment\./, '');
  return where === path || where.startsWith(`${path}.`);
}
