import { expect, test } from 'vitest';
import { widened } from '../../src/graph/layout';

test('a narrow box is widened about its middle, a wide one stays', () => {
  const box = { x: 100, y: 5, width: 80, height: 40 };
  expect(widened(box, 136)).toEqual({ x: 72, y: 5, width: 136, height: 40 });
  expect(widened(box, 60)).toEqual(box);
});
