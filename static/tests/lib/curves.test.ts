import { describe, expect, it, vi } from 'vitest';
import { Curves } from '../../src/lib/curves';
import { decode } from '../../src/lib/frame';
import type { History } from '../../src/lib/protocol';
import { columnsOf, overlayOf, shortCount, withOverlays } from '../../src/charts/series';
import { encode } from './frames';

const history = (step: number[], loss: (number | null)[], restart = false): History => ({
  type: 'history',
  branch: 1,
  run: 1,
  restart,
  step,
  epoch: step.map((one) => one / 10),
  training_loss: loss,
  validation_loss: loss,
  training_accuracy: loss.map(() => null),
  validation_accuracy: loss.map(() => null),
});
const frame = (step: number, loss: number) => decode(encode({ step, metricsStep: step, metrics: [loss, loss, NaN, loss, NaN, 1] }));
const steps = (curves: Curves): number[] => curves.points.map((point) => point.step);

describe('curves', () => {
  it('grow with the metrics of frames, each step once', () => {
    const curves = new Curves();
    curves.append(frame(10, 0.5), 10);
    curves.append(frame(10, 0.5), 10);
    curves.append(frame(20, 0.4), 10);
    expect(steps(curves)).toEqual([10, 20]);
    expect(curves.points[1]).toMatchObject({ epoch: 2, training_accuracy: null });
    expect(curves.points[1]?.training_loss).toBeCloseTo(0.4);
  });

  it('leave a frame without metrics alone', () => {
    const curves = new Curves();
    curves.append(decode(encode({ step: 5 })), 10);
    expect(curves.lastStep).toBe(-1);
  });

  it('take in missed points in their places', () => {
    const curves = new Curves();
    curves.append(frame(10, 1), 10);
    curves.append(frame(40, 0.1), 10);
    curves.merge(history([20, 30, 40], [0.7, 0.4, 0.2]));
    expect(steps(curves)).toEqual([10, 20, 30, 40]);
    expect(curves.points.at(-1)?.training_loss).toBe(0.2);
  });

  it('start over when the server says so', () => {
    const curves = new Curves();
    curves.merge(history([1, 2, 3], [3, 2, 1]));
    curves.merge(history([0], [3], true));
    expect(steps(curves)).toEqual([0]);
  });

  it('keep what lies ahead when the past is visited, and go over it in place', () => {
    const curves = new Curves();
    curves.merge(history([10, 20, 900], [3, 2, 1]));
    curves.stand(1, 20);
    curves.append(frame(20, 0.5), 10);
    expect(steps(curves)).toEqual([10, 20, 900]);
    expect(curves.points[1]?.training_loss).toBe(0.5);
    expect(curves.position).toBe(20);
    curves.stand(1, 900);
    expect(curves.position).toBeNull();
  });

  it('are kept by branch, and frames belong to the present one', () => {
    const curves = new Curves();
    curves.merge(history([10, 20], [3, 2]));
    curves.merge({ ...history([10, 15], [3, 1]), branch: 2 });
    curves.stand(2, 15);
    curves.append(frame(25, 0.5), 10);
    expect(steps(curves)).toEqual([10, 15, 25]);
    expect(curves.others(8).map(({ branch, points }) => [branch, points.length])).toEqual([[1, 2]]);
    curves.stand(1, 20);
    expect(steps(curves)).toEqual([10, 20]);
    curves.keep([1]);
    expect(curves.others(8)).toEqual([]);
  });

  it('of all branches are void when the server starts them over', () => {
    const curves = new Curves();
    curves.merge(history([1, 2, 3], [3, 2, 1]));
    curves.merge({ ...history([1], [3]), branch: 2 });
    curves.merge({ ...history([4], [9], true), branch: 3 });
    curves.stand(3, 4);
    expect(steps(curves)).toEqual([4]);
    expect(curves.others(8)).toEqual([]);
  });

  it('offer the newest of the other branches', () => {
    const curves = new Curves();
    for (let branch = 2; branch < 14; branch++) curves.merge({ ...history([1], [1]), branch });
    expect(curves.others(8).map(({ branch }) => branch)).toEqual([6, 7, 8, 9, 10, 11, 12, 13]);
  });

  it('stay bounded, dense at the end and with both ends kept', () => {
    const curves = new Curves();
    for (let step = 1; step <= 20_000; step++) curves.append(frame(step, 1), 10);
    expect(curves.points.length).toBeLessThanOrEqual(4000);
    expect(curves.points[0]?.step).toBe(1);
    expect(curves.lastStep).toBe(20_000);
  });

  it('tell those who draw them', () => {
    const curves = new Curves();
    const listener = vi.fn();
    const unsubscribe = curves.subscribe(listener);
    curves.append(frame(1, 1), 10);
    unsubscribe();
    curves.append(frame(2, 1), 10);
    expect(listener).toHaveBeenCalledOnce();
  });
});

describe('what a chart draws', () => {
  it('is a column a metric, with gaps where nothing was measured', () => {
    const curves = new Curves();
    curves.merge(history([1, 2], [0.5, null]));
    expect(columnsOf(curves.points, ['training_loss'], false)).toEqual([[1, 2], [0.5, null]]);
  });

  it('leaves out what a logarithm has no place for', () => {
    const curves = new Curves();
    curves.merge(history([1, 2], [0.5, 0]));
    expect(columnsOf(curves.points, ['training_loss'], true)).toEqual([[1, 2], [0.5, null]]);
  });

  it('has other branches in front, over the steps of all', () => {
    const curves = new Curves();
    curves.merge(history([1, 3], [0.5, 0.4]));
    curves.merge({ ...history([1, 2], [0.9, 0]), branch: 2 });
    const overlays = curves.others(8).map((curve) => overlayOf(curve, 'validation_loss', true));
    expect(withOverlays(columnsOf(curves.points, ['training_loss'], true), overlays)).toEqual([
      [1, 2, 3],
      [0.9, null, null],
      [0.5, null, 0.4],
    ]);
  });

  it('thins out long branches, but keeps their ends', () => {
    const curves = new Curves();
    const steps = Array.from({ length: 3000 }, (_, step) => step);
    curves.merge({ ...history(steps, steps), branch: 2 });
    const [overlay] = curves.others(8).map((curve) => overlayOf(curve, 'training_loss', false));
    expect(overlay?.length).toBeLessThanOrEqual(257);
    expect([overlay?.[0]?.[0], overlay?.at(-1)?.[0]]).toEqual([0, 2999]);
  });

  it('has short names for many steps', () => {
    expect([0, 950, 12_000, 3_400_000].map(shortCount)).toEqual(['0', '950', '12k', '3.4M']);
  });
});
