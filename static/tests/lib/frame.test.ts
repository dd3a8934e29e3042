import { describe, expect, it } from 'vitest';
import { decode, FrameError, valueAt } from '../../src/lib/frame';
import { encode } from './frames';

describe('decoding a frame', () => {
  it('reads every number of the header', () => {
    const frame = decode(
      encode({
        sequence: 7,
        revision: 3,
        flags: 1,
        step: 2 ** 40 + 5,
        epoch: 12.5,
        metricsStep: 900,
        metrics: [0.5, 0.25, 0.75, 0.375, 0.625, 1500],
      }),
    );
    expect(frame).toMatchObject({
      sequence: 7,
      revision: 3,
      running: true,
      diverged: false,
      step: 2 ** 40 + 5,
      epoch: 12.5,
      metricsStep: 900,
      batchLoss: 0.5,
      trainingLoss: 0.25,
      trainingAccuracy: 0.75,
      validationLoss: 0.375,
      validationAccuracy: 0.625,
      stepsPerSecond: 1500,
    });
  });

  it('tells divergence from running', () => {
    expect(decode(encode({ flags: 2 }))).toMatchObject({ running: false, diverged: true });
  });

  it('views tensors in place, whatever came before them', () => {
    const frame = decode(
      encode({}, [
        { key: 4, shape: [3], data: Uint8Array.of(0, 128, 255), low: -2, high: 2 },
        { key: 9, shape: [2, 2], data: Float32Array.of(1, 2, 3, -4) },
      ]),
    );
    const bytes = frame.tensors.get(4);
    const floats = frame.tensors.get(9);
    expect(bytes).toMatchObject({ dtype: 'uint8', shape: [3], low: -2, high: 2 });
    expect([...(bytes?.data ?? [])]).toEqual([0, 128, 255]);
    expect(floats).toMatchObject({ dtype: 'float32', shape: [2, 2] });
    expect([...(floats?.data ?? [])]).toEqual([1, 2, 3, -4]);
  });

  it('gives bytes the value that they stand for', () => {
    const tensor = decode(encode({}, [{ key: 0, shape: [3], data: Uint8Array.of(0, 51, 255), low: -1, high: 1 }])).tensors.get(0);
    expect(tensor).toBeDefined();
    if (tensor === undefined) return;
    expect(valueAt(tensor, 0)).toBe(-1);
    expect(valueAt(tensor, 1)).toBeCloseTo(-0.6);
    expect(valueAt(tensor, 2)).toBe(1);
  });

  it.each([0, 10, 63, 64 + 20])('refuses one that ends after %i bytes', (length) => {
    const whole = encode({}, [{ key: 0, shape: [4], data: new Float32Array(4) }]);
    expect(() => decode(whole.slice(0, length))).toThrow(FrameError);
  });

  it('refuses a tensor that was cut off', () => {
    const whole = encode({}, [{ key: 0, shape: [4], data: new Float32Array(4) }]);
    expect(() => decode(whole.slice(0, whole.byteLength - 4))).toThrow(FrameError);
  });

  it('refuses a tensor whose shape says another length', () => {
    expect(() => decode(encode({}, [{ key: 0, shape: [5], data: new Float32Array(4) }]))).toThrow(FrameError);
  });

  it('refuses another version of the protocol', () => {
    const buffer = encode({});
    new DataView(buffer).setUint8(0, 99);
    expect(() => decode(buffer)).toThrow(FrameError);
  });
});
