// @vitest-environment node
import { describe, expect, it } from 'vitest';
import { anchorY, easing, nearestLink, overlap, routeEdge, type Anchors } from '../../src/graph/geometry';

const source: Anchors = { x: 0, first: 10, step: 40, count: 7 };
const target: Anchors = { x: 120, first: 10, step: 40, count: 8 };

describe('level curves', () => {
  it('ease from one end to the other, evenly on both sides', () => {
    expect(easing(0)).toBeCloseTo(0, 5);
    expect(easing(1)).toBeCloseTo(1, 5);
    expect(easing(0.5)).toBeCloseTo(0.5, 5);
    for (const share of [0.1, 0.25, 0.4]) expect(easing(share) + easing(1 - share)).toBeCloseTo(1, 5);
    expect(easing(0.1)).toBeLessThan(0.1);
  });

  it('agree with the Bézier curve that is drawn', () => {
    for (const t of [0.1, 0.3, 0.7, 0.9]) {
      const x = 1.5 * t * (1 - t) ** 2 + 1.5 * t ** 2 * (1 - t) + t ** 3;
      expect(easing(x)).toBeCloseTo(3 * (1 - t) * t ** 2 + t ** 3, 5);
    }
  });
});

describe('the link under the pointer', () => {
  it('is the one that passes through the point', () => {
    for (const [input, output] of [[0, 0], [6, 0], [3, 5], [0, 7]] as const) {
      const share = 0.12;
      const y1 = anchorY(source, input);
      const y = y1 + (anchorY(target, output) - y1) * easing(share);
      const hit = nearestLink(source, target, { x: 120 * share, y }, 4);
      expect(hit?.distance).toBeCloseTo(0, 5);
      expect(hit?.input).toBe(input);
    }
  });

  it('tells crossing links apart by height', () => {
    const y = anchorY(source, 2) + (anchorY(target, 6) - anchorY(source, 2)) * easing(0.8);
    expect(nearestLink(source, target, { x: 96, y: y + 0.5 }, 4)).toMatchObject({ input: 2, output: 6 });
  });

  it('is none beside the bundle or too far away', () => {
    expect(nearestLink(source, target, { x: -5, y: 10 }, 4)).toBeNull();
    expect(nearestLink(source, target, { x: 130, y: 10 }, 4)).toBeNull();
    expect(nearestLink(source, target, { x: 60, y: 900 }, 4)).toBeNull();
    expect(nearestLink(target, source, { x: 60, y: 10 }, 4)).toBeNull();
  });
});

describe('routes of edges', () => {
  const curve = { x1: 0, y1: 20, x2: 400, y2: 20 };

  it('go straight where nothing is in the way', () => {
    const route = routeEdge(curve, [{ x: 150, y: 100, width: 100, height: 80 }], 0);
    expect(route.direct).toBe(true);
    expect(route.middle).toEqual({ x: 200, y: 20 });
  });

  it('bend above a layer in between, each on its own lane', () => {
    const box = { x: 150, y: 0, width: 100, height: 80 };
    const first = routeEdge(curve, [box], 0);
    const second = routeEdge(curve, [box], 1);
    expect(first.direct).toBe(false);
    expect(first.middle.y).toBeLessThan(box.y);
    expect(second.middle.y).toBeLessThan(first.middle.y);
  });

  it('bend when the target stands on the left', () => {
    expect(routeEdge({ x1: 300, y1: 20, x2: 0, y2: 20 }, [], 0).direct).toBe(false);
  });
});

it('knows overlapping rectangles', () => {
  const box = { x: 0, y: 0, width: 10, height: 10 };
  expect(overlap(box, { x: 9, y: 9, width: 5, height: 5 })).toBe(true);
  expect(overlap(box, { x: 10, y: 0, width: 5, height: 5 })).toBe(false);
});
