import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { samples } from '../../src/lib/samples.svelte';
import { encode } from './frames';
import { planeLayout } from './layouts';

let asked: string[];
let isReachable: boolean;
let session = 0;

beforeEach(() => {
  asked = [];
  isReachable = true;
  session += 1;
  vi.stubGlobal('fetch', (address: string) => {
    asked.push(address);
    if (!isReachable) return Promise.reject(new TypeError('offline'));
    const tensors = [0, 1, 2].map((key) => ({ key, shape: [1], data: new Float32Array([key]) }));
    return Promise.resolve(new Response(encode({}, tensors)));
  });
});

afterEach(() => vi.unstubAllGlobals());

const follow = (version: number, changes: object = {}): Promise<void> =>
  samples.follow(`s${session}`, planeLayout(changes), version);

describe('samples', () => {
  it('are fetched once for all layouts with the same data', async () => {
    await follow(1);
    const once = asked.length;
    expect(once).toBeGreaterThan(0);
    expect(samples.training?.count).toBe(1);
    const before = samples.training;
    await follow(1, { revision: 2 });
    expect(asked).toHaveLength(once);
    expect(samples.training).toBe(before);
  });

  it('are fetched again when the data or their split change, or another session comes', async () => {
    await follow(1);
    const once = asked.length;
    await follow(2);
    expect(asked).toHaveLength(2 * once);
    await follow(2, { training_samples: 3 });
    expect(asked.length).toBeGreaterThan(2 * once);
    const sofar = asked.length;
    session += 1;
    await follow(2, { training_samples: 3 });
    expect(asked.length).toBeGreaterThan(sofar);
  });

  it('are asked for again after they could not be fetched', async () => {
    isReachable = false;
    await follow(1);
    isReachable = true;
    await follow(1, { revision: 2 });
    expect(samples.training?.count).toBe(1);
    expect(asked.length).toBeGreaterThan(1);
  });
});
