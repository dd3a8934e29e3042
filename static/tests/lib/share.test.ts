// @vitest-environment node
import { describe, expect, it } from 'vitest';
import { fromFragment, isShared, LONGEST_FRAGMENT, ShareError, toFragment } from '../../src/lib/share';
import { readOpening } from '../../src/lib/opening';
import type { Boot } from '../../src/lib/rest';
import { planeExperiment } from './layouts';

/** A fragment as `toFragment` makes them, of any text. */
async function pack(text: string): Promise<string> {
  const { readable, writable } = new CompressionStream('deflate-raw');
  const writer = writable.getWriter();
  void writer.write(new TextEncoder().encode(text)).then(() => writer.close());
  const reader = readable.getReader();
  let packed = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    for (const byte of value) packed += String.fromCharCode(byte);
  }
  return `#e=${btoa(packed).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')}`;
}

const BOOT: Boot = {
  version: '1',
  language: 'en',
  default_preset: 'spiral',
  limits: { parameters: 1, units: 1, samples: 1, message_bytes: 1 },
  presets: [
    { name: 'spiral', title: { en: 'Spiral', zh: '螺旋' }, help: { en: '', zh: '' }, steps_per_second: 400 },
    { name: 'mnist', title: { en: 'Digits', zh: '数字' }, help: { en: '', zh: '' }, steps_per_second: 60 },
  ],
};

describe('a shared link', () => {
  it('holds the whole experiment, in both languages and with every number', async () => {
    const experiment = planeExperiment();
    experiment.title = '螺旋 “spiral” 🌀';
    experiment.optimizer['learning_rate'] = 0.1 + 0.2;
    expect(await fromFragment(await toFragment(experiment))).toEqual(experiment);
  });

  it('is short and safe in an address', async () => {
    const fragment = await toFragment(planeExperiment());
    expect(fragment).toMatch(/^#e=[\w-]+$/);
    expect(fragment.length).toBeLessThan(1000);
    expect(isShared(fragment)).toBe(true);
    expect(isShared('#network')).toBe(false);
  });

  it('holds a whole plane of points, but not more than an address can', async () => {
    const experiment = planeExperiment();
    const points = (count: number) =>
      Array.from({ length: count }, (_, index) => [Math.sin(index * 12.9898) * 6, Math.cos(index * 78.233) * 6, index % 2]);
    experiment.data.source = { kind: 'points', points: points(200) };
    expect((await toFragment(experiment)).length).toBeLessThan(LONGEST_FRAGMENT);
    experiment.data.source = { kind: 'points', points: points(4000) };
    await expect(toFragment(experiment)).rejects.toBeInstanceOf(ShareError);
  });

  it.each([
    ['nothing', '#e='],
    ['letters that are no base64', '#e=%%%%'],
    ['bytes that are not deflated', '#e=AAAAAAAA'],
    ['a link cut short', '#e=q1YqS8wpTVWyUoo'],
    ['far too much', `#e=${'A'.repeat(LONGEST_FRAGMENT)}`],
  ])('is refused with %s', async (_, fragment) => {
    await expect(fromFragment(fragment)).rejects.toBeInstanceOf(ShareError);
  });

  it.each([
    ['no JSON', '{"version": 1,'],
    ['a list', '[]'],
    ['a number', '7'],
    ['another document', '{"version": 1, "graph": {}}'],
    ['another version', JSON.stringify({ ...planeExperiment(), version: 2 })],
  ])('is refused when it holds %s', async (_, text) => {
    await expect(fromFragment(await pack(text))).rejects.toBeInstanceOf(ShareError);
  });

  it('cannot blow up in memory', async () => {
    const bomb = await pack(`"${' '.repeat(20_000_000)}"`);
    expect(bomb.length).toBeLessThan(LONGEST_FRAGMENT);
    await expect(fromFragment(bomb)).rejects.toBeInstanceOf(ShareError);
  });
});

describe('the address of the page', () => {
  it('opens the usual example at its own pace', async () => {
    const { opening, trouble } = await readOpening(BOOT, { search: '', hash: '' });
    expect(opening).toMatchObject({ preset: 'spiral', experiment: null, pace: 400 });
    expect(trouble).toBeNull();
  });

  it('opens the example it names', async () => {
    const { opening } = await readOpening(BOOT, { search: '?preset=mnist', hash: '' });
    expect(opening).toMatchObject({ preset: 'mnist', pace: 60 });
  });

  it('opens the experiment it holds', async () => {
    const hash = await toFragment(planeExperiment());
    const { opening } = await readOpening(BOOT, { search: '', hash });
    expect(opening).toMatchObject({ preset: null, experiment: planeExperiment() });
  });

  it.each([
    { search: '?preset=nonsense', hash: '' },
    { search: '', hash: '#e=AAAA' },
  ])('falls back to the usual example and says why: %o', async (address) => {
    const { opening, trouble } = await readOpening(BOOT, address);
    expect(opening.preset).toBe('spiral');
    expect(trouble?.en).toMatch(/usual/);
    expect(trouble?.zh).toMatch(/默认/);
  });
});
