/** How the history of a run is laid out: a lane a branch, and the path that leads to the present one. */

import type { BranchInfo, Words } from '../lib/protocol';

/** A branch in the tree; rows count from the oldest branch at the top. */
export interface Lane {
  info: BranchInfo;
  row: number;
  /** Row of the lane that it left; null where that isn't known any more. */
  parentRow: number | null;
}

/** A part of a path: from the first step of it to the last one. */
export interface Stretch {
  info: BranchInfo;
  from: number;
  to: number;
}

/** A step at which something was changed; `cause` says what, where that is known. */
export interface Mark {
  step: number;
  cause: Words | null;
}

export function lanesOf(branches: readonly BranchInfo[]): Lane[] {
  const sorted = [...branches].sort((left, right) => left.number - right.number);
  const rows = new Map(sorted.map((info, row) => [info.number, row]));
  return sorted.map((info, row) => ({ info, row, parentRow: info.parent === null ? null : (rows.get(info.parent) ?? null) }));
}

/** How one gets from the first step to the end of branch `number`; empty where there is no such branch. */
export function pathOf(branches: readonly BranchInfo[], number: number): Stretch[] {
  const byNumber = new Map(branches.map((info) => [info.number, info]));
  const path: Stretch[] = [];
  let info = byNumber.get(number);
  let to = info?.end ?? 0;
  while (info !== undefined) {
    const parent = info.parent === null ? undefined : byNumber.get(info.parent);
    path.unshift({ info, from: parent === undefined ? 0 : info.fork, to });
    to = info.fork;
    info = parent;
  }
  return path;
}

/** Number of the branch on a path that `step` belongs to; null on an empty path. */
export function ownerOf(path: readonly Stretch[], step: number): number | null {
  return path.filter(({ from }) => from <= step).at(-1)?.info.number ?? null;
}

/** Where something was changed on a path. At a fork the branch that begins there counts. */
export function marksOf(path: readonly Stretch[]): Mark[] {
  return path.flatMap(({ info, from, to }, at) => {
    const isLast = at === path.length - 1;
    const inside = info.changes.filter((step) => step > from && (isLast ? step <= to : step < to));
    const begin: Mark[] = at === 0 ? [] : [{ step: from, cause: info.cause }];
    return [...begin, ...inside.map((step) => ({ step, cause: null }))];
  });
}

/** The mark next to `step`, if one is within `reach`. */
export function nearestMark(marks: readonly Mark[], step: number, reach: number): Mark | undefined {
  const far = (mark: Mark): number => Math.abs(mark.step - step);
  return marks.filter((mark) => far(mark) <= reach).sort((left, right) => far(left) - far(right))[0];
}

/** Whether nothing has left a branch and the session isn't on it. */
export function isRemovable(branches: readonly BranchInfo[], number: number, present: number): boolean {
  return number !== present && !branches.some(({ parent }) => parent === number);
}

/** Place of a step on a track that ends at `scale`, from 0 to 1. */
export function shareOf(step: number, scale: number): number {
  return scale > 0 ? Math.min(1, Math.max(0, step / scale)) : 0;
}

/** The step at a place of the track, within `from` and `to`. */
export function stepAt(share: number, scale: number, from: number, to: number): number {
  return Math.min(to, Math.max(from, Math.round(share * scale)));
}

/** Where a key of a slider leads; null for other keys. */
export function keyedStep(key: string, step: number, end: number, page: number): number | null {
  const targets: Record<string, number> = {
    ArrowLeft: step - 1,
    ArrowDown: step - 1,
    ArrowRight: step + 1,
    ArrowUp: step + 1,
    PageDown: step - page,
    PageUp: step + page,
    Home: 0,
    End: end,
  };
  const target = targets[key];
  return target === undefined ? null : Math.min(end, Math.max(0, target));
}
