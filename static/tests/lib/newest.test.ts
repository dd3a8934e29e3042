import { describe, expect, it } from 'vitest';
import { Newest } from '../../src/lib/newest';

describe('one thing at a time', () => {
  it('skips all that waits but the newest', async () => {
    const begun: number[] = [];
    const ends: (() => void)[] = [];
    const queue = new Newest<number>((value) => {
      begun.push(value);
      return new Promise<void>((resolve) => ends.push(resolve));
    });
    const done = queue.push(1);
    void queue.push(2);
    void queue.push(3);
    expect(begun).toEqual([1]);
    ends[0]?.();
    await Promise.resolve();
    await Promise.resolve();
    expect(begun).toEqual([1, 3]);
    expect(queue.isBusy).toBe(true);
    ends[1]?.();
    await done;
    expect(queue.isBusy).toBe(false);
  });

  it('goes on after one that failed', async () => {
    const queue = new Newest<number>((value) => (value === 1 ? Promise.reject(new Error('no')) : Promise.resolve()));
    await expect(queue.push(1)).rejects.toThrow('no');
    await queue.push(2);
    expect(queue.isBusy).toBe(false);
  });
});
