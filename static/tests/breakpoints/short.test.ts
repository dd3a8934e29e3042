import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { draftOf, fitted } from '../../src/breakpoints/drafts';
import { oneLine, shortWords } from '../../src/breakpoints/short';
import { layersOf, parametersOf } from '../../src/forms/fields';
import { i18n } from '../../src/lib/i18n.svelte';
import type { Layout } from '../../src/lib/protocol';
import { breakpointsEn } from '../../src/locales/breakpoints.en';
import { breakpointsZh } from '../../src/locales/breakpoints.zh';
import { planeLayout } from '../lib/layouts';
import { ACCURACY, AT_STEP, BAND, entryOf, fieldOf, LOSS_RISES, NORM, UNIT, VALUE } from './notes';

const plain = planeLayout();
const layout: Layout = {
  ...plain,
  tensors: [
    ...plain.tensors,
    { layer: 'hidden', quantity: 'bias', shape: [2], dtype: 'float32' },
    { layer: 'answer', quantity: 'bias', shape: [1], dtype: 'float32' },
  ],
};

beforeEach(() => i18n.setLanguage('en'));
afterEach(() => i18n.setLanguage('en'));

describe('a breakpoint in few words', () => {
  const inWords = (entry: typeof AT_STEP, values: object): string => oneLine(shortWords(entry, { kind: entry.kind, ...values }));

  it('says its kind and its numbers', () => {
    expect(inWords(LOSS_RISES, { factor: 2, steps: 50 })).toBe('Loss rises · 2× · 50 steps');
    expect(inWords(LOSS_RISES, { factor: 1.5, steps: 1 })).toBe('Loss rises · 1.5× · 1 step');
    expect(inWords(AT_STEP, { step: 12_300 })).toBe('At a step · 12,300');
    expect(inWords(BAND, { layer: 'hidden', low: 0, high: 1.2 })).toBe('Gradient leaves a band · hidden · 0 … 1.2');
    expect(inWords(BAND, { layer: '' })).toBe('Gradient leaves a band · the whole network · 0 … 100');
    expect(inWords(ACCURACY, { accuracy: 0.955, part: 'validation', every: 1 })).toBe(
      'Accuracy reaches · 95.5% · validation part · every 1 step',
    );
    expect(inWords(ACCURACY, { accuracy: 1, part: 'validation', every: 100 })).toContain(' · 100% · ');
  });

  it('says it in Chinese', () => {
    i18n.setLanguage('zh');
    expect(inWords(LOSS_RISES, { factor: 2, steps: 50 })).toBe('Loss rises（中） · 2× · 50 步');
    expect(inWords(BAND, { layer: '' })).toBe('Gradient leaves a band（中） · 整个网络 · 0 … 100');
  });

  it('has words for kinds that nobody wrote any for', () => {
    const moon = entryOf('full_moon', 'Full moon', [fieldOf('nights', { unit: { en: 'nights', zh: '夜' }, title: { en: 'After', zh: '之后' } })]);
    expect(inWords(moon, { nights: 3 })).toBe('Full moon · After 3 nights');
    expect(oneLine(shortWords(undefined, { kind: 'newer' }))).toBe('newer');
    expect(oneLine(shortWords(entryOf('nan', 'NaN', []), { kind: 'nan' }))).toBe('NaN');
  });
});

describe('the texts of the room', () => {
  const placeholders = (text: string): string[] => [...new Set([...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? ''))].sort();

  it('fill the same places in both languages', () => {
    for (const [key, text] of Object.entries(breakpointsEn)) {
      const other = breakpointsZh[key as keyof typeof breakpointsEn];
      expect(placeholders(other), key).toEqual(placeholders(text));
      if (!key.startsWith('short.')) expect(other, key).toMatch(/[\u4e00-\u9fff]/);
      expect(text, key).not.toMatch(/[\u4e00-\u9fff]/);
    }
  });
});

describe('what a field can name', () => {
  it('is every layer, or those with parameters', () => {
    expect(layersOf(layout, { kind: 'unit_activation' })).toEqual(['input', 'hidden', 'answer', 'output']);
    expect(layersOf(layout, { kind: 'parameter_norm', parameter: 'weights' })).toEqual(['hidden', 'answer']);
    expect(layersOf(null, { kind: 'parameter_norm' })).toEqual([]);
  });

  it('is the parameters of the chosen layer', () => {
    expect(parametersOf(layout, 'hidden')).toEqual([
      { name: 'weights', shape: [2, 2] },
      { name: 'bias', shape: [2] },
    ]);
    expect(parametersOf(layout, 'input')).toEqual([]);
  });
});

describe('a new watch', () => {
  it('is of the layer that is selected, else of the first one that learns', () => {
    expect(draftOf(NORM, layout, { layer: 'answer' })).toMatchObject({ layer: 'answer', parameter: 'bias' });
    expect(draftOf(NORM, layout, null)).toMatchObject({ layer: 'hidden', parameter: 'weights' });
    expect(draftOf(NORM, layout, { layer: 'input' })['layer']).toBe('hidden');
    expect(draftOf(UNIT, layout, { layer: 'hidden', unit: 1 })).toMatchObject({ layer: 'hidden', unit: 1 });
  });

  it('is of the whole network where that can be', () => {
    expect(draftOf(BAND, layout, { layer: 'hidden' })['layer']).toBe('');
  });

  it('has an index as long as its parameter has axes', () => {
    const draft = { kind: 'parameter_value', layer: 'hidden', parameter: 'bias', index: [1, 0] };
    expect(fitted(draft, VALUE, layout, null)['index']).toEqual([1]);
    expect(fitted({ ...draft, parameter: 'weights', index: [1] }, VALUE, layout, null)['index']).toEqual([1, 0]);
    expect(draft.index).toEqual([1, 0]);
  });

  it('follows the network: a layer that is gone is another one', () => {
    const draft = { kind: 'parameter_norm', layer: 'teapot', parameter: 'weights' };
    expect(fitted(draft, NORM, layout, null)['layer']).toBe('hidden');
    expect(fitted({ ...draft, layer: 'answer' }, NORM, layout, { layer: 'hidden' })['layer']).toBe('answer');
  });
});
