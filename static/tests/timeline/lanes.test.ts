import { describe, expect, it } from 'vitest';
import { isRemovable, keyedStep, lanesOf, marksOf, ownerOf, pathOf, shareOf, stepAt } from '../../src/timeline/lanes';
import { branchOf } from '../lib/runs';

/** 1 ─┬─ 2 ── 4, and 3 from 1 later on. */
const TREE = [
  branchOf(4, { parent: 2, fork: 600, start: 600, end: 900, changes: [700] }),
  branchOf(1, { end: 1000, changes: [100, 400, 800] }),
  branchOf(2, { parent: 1, fork: 400, start: 400, end: 700, changes: [450, 650] }),
  branchOf(3, { parent: 1, fork: 900, start: 900, end: 950 }),
];

describe('lanes', () => {
  it('stand under each other, the newest at the bottom, each below its parent', () => {
    expect(lanesOf(TREE).map(({ info, row, parentRow }) => [info.number, row, parentRow])).toEqual([
      [1, 0, null],
      [2, 1, 0],
      [3, 2, 0],
      [4, 3, 1],
    ]);
  });

  it('have no joint where the parent is gone', () => {
    expect(lanesOf([branchOf(5, { parent: 2, fork: 10 })])[0]?.parentRow).toBeNull();
  });
});

describe('the path to a branch', () => {
  it('leads from the first step over every fork to its end', () => {
    expect(pathOf(TREE, 4).map(({ info, from, to }) => [info.number, from, to])).toEqual([
      [1, 0, 400],
      [2, 400, 600],
      [4, 600, 900],
    ]);
    expect(pathOf(TREE, 9)).toEqual([]);
  });

  it('says whose step one is', () => {
    const path = pathOf(TREE, 4);
    expect([0, 399, 400, 599, 900].map((step) => ownerOf(path, step))).toEqual([1, 1, 2, 2, 4]);
    expect(ownerOf([], 3)).toBeNull();
  });

  it('carries the marks of what was changed on it, and of nothing else', () => {
    expect(marksOf(pathOf(TREE, 4))).toEqual([
      { step: 100, cause: null },
      { step: 400, cause: { en: 'cause 2', zh: '原因 2' } },
      { step: 450, cause: null },
      { step: 600, cause: { en: 'cause 4', zh: '原因 4' } },
      { step: 700, cause: null },
    ]);
    expect(marksOf(pathOf(TREE, 1)).map(({ step }) => step)).toEqual([100, 400, 800]);
  });
});

describe('a branch', () => {
  it('can be removed when nothing has left it and one is elsewhere', () => {
    expect([1, 2, 3, 4].filter((number) => isRemovable(TREE, number, 4))).toEqual([3]);
  });
});

describe('the slider', () => {
  it('turns places into steps and back, within what can be visited', () => {
    expect(shareOf(250, 1000)).toBe(0.25);
    expect(shareOf(5, 0)).toBe(0);
    expect(stepAt(0.25, 1000, 0, 900)).toBe(250);
    expect(stepAt(0.99, 1000, 0, 900)).toBe(900);
    expect(stepAt(-1, 1000, 400, 900)).toBe(400);
  });

  it('moves by a step, by an epoch, and to the ends', () => {
    const keyed = (key: string): number | null => keyedStep(key, 50, 100, 25);
    expect(['ArrowLeft', 'ArrowRight', 'PageUp', 'PageDown', 'Home', 'End'].map(keyed)).toEqual([49, 51, 75, 25, 0, 100]);
    expect(keyedStep('PageUp', 90, 100, 25)).toBe(100);
    expect(keyedStep('ArrowLeft', 0, 100, 25)).toBe(0);
    expect(keyed('a')).toBeNull();
  });
});
