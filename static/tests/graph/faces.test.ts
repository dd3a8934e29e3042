// @vitest-environment node
import { describe, expect, it } from 'vitest';
import {
  faceOf,
  isListed,
  MOST_LISTED,
  pictureRectangle,
  unitAt,
  unitRectangle,
  type FaceFacts,
} from '../../src/graph/faces';

const facts: FaceFacts = { kind: 'dense', units: 8, shape: [8], mapAxes: 2, labelWidth: 0, rawShape: [] };

describe('the picture of a layer', () => {
  it('follows its data and its width', () => {
    const type = (change: Partial<FaceFacts>): string => faceOf({ ...facts, ...change }).type;
    expect(type({})).toBe('maps');
    expect(type({ mapAxes: 1 })).toBe('maps');
    expect(type({ units: 64, shape: [64] })).toBe('mosaic');
    expect(type({ mapAxes: 0 })).toBe('cells');
    expect(type({ mapAxes: 0, units: 128, shape: [128] })).toBe('grid');
    expect(type({ mapAxes: 0, kind: 'output', units: 10, labelWidth: 60 })).toBe('bars');
    expect(type({ mapAxes: 0, kind: 'input', units: 784, shape: [784], rawShape: [28, 28] })).toBe('image');
    expect(type({ mapAxes: 0, kind: 'input', units: 4, shape: [4], rawShape: [4] })).toBe('cells');
  });

  it('shows units large where there are few', () => {
    const size = (units: number): number => faceOf({ ...facts, units }).unitHeight;
    expect(size(4)).toBeGreaterThanOrEqual(36);
    expect(size(8)).toBeLessThanOrEqual(44);
    expect(size(16)).toBeLessThan(size(8));
    expect(size(MOST_LISTED)).toBeLessThan(size(16));
  });

  it.each([1, 3, 8, 10, 16, 24, 25, 64, 128, 784, 4096])('keeps %i units inside the node and apart', (units) => {
    for (const mapAxes of [0, 1, 2] as const) {
      const face = faceOf({ ...facts, units, shape: [units], mapAxes });
      const picture = pictureRectangle(face);
      expect(picture.x).toBeGreaterThanOrEqual(0);
      expect(picture.x + picture.width).toBeLessThanOrEqual(face.width + 1e-9);
      expect(picture.y + picture.height).toBeLessThanOrEqual(face.height + 1e-9);
      const last = unitRectangle(face, units - 1);
      expect(last.y + last.height).toBeLessThanOrEqual(picture.y + picture.height + 1e-9);
      expect(face.width).toBeLessThan(200);
    }
  });

  it('keeps the rows and columns of an image', () => {
    const face = faceOf({ ...facts, kind: 'input', mapAxes: 0, units: 784, shape: [784], rawShape: [28, 28] });
    expect([face.columns, face.rows]).toEqual([28, 28]);
  });

  it('leaves room for words beside units', () => {
    const features = faceOf({ ...facts, kind: 'input', labelWidth: 60 });
    expect(features.x).toBeGreaterThan(50);
    const classes = faceOf({ ...facts, kind: 'output', labelWidth: 60 });
    expect(classes.x + classes.unitWidth).toBeLessThan(classes.width - 50);
  });
});

describe('finding a unit', () => {
  it.each([1, 8, 24, 64, 200])('gives each of %i units its own place', (units) => {
    const face = faceOf({ ...facts, units, shape: [units] });
    for (let unit = 0; unit < units; unit += 1) {
      const rectangle = unitRectangle(face, unit);
      expect(unitAt(face, rectangle.x + rectangle.width / 2, rectangle.y + rectangle.height / 2)).toBe(unit);
    }
    expect(unitAt(face, -1, face.y)).toBeNull();
    expect(unitAt(face, face.x + 1, face.height + 40)).toBeNull();
  });

  it('lists exactly the faces with a line a unit', () => {
    expect(isListed(faceOf(facts))).toBe(true);
    expect(isListed(faceOf({ ...facts, units: 64, shape: [64] }))).toBe(false);
  });
});
