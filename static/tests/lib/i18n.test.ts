import { afterEach, describe, expect, it } from 'vitest';
import { decimals, fill, i18n, number, percent, t, words } from '../../src/lib/i18n.svelte';
import { en } from '../../src/locales/en';
import { zh } from '../../src/locales/zh';

const placeholders = (text: string): string[] =>
  [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '').sort();
const unique = (names: string[]): string[] => [...new Set(names)];

/** Words that are the same in both languages on purpose. */
const SAME = new Set(['bar.language.other', 'help.title']);

afterEach(() => i18n.setLanguage('en'));

describe('the two languages', () => {
  it('have the same keys, none of them empty', () => {
    expect(Object.keys(zh).sort()).toEqual(Object.keys(en).sort());
    for (const text of [...Object.values(en), ...Object.values(zh)]) expect(text.trim()).not.toBe('');
  });

  it.each(Object.keys(en) as (keyof typeof en)[])('fill the same places in “%s”', (key) => {
    expect(unique(placeholders(zh[key]))).toEqual(unique(placeholders(en[key])));
  });

  it('leave nothing in English on a Chinese page', () => {
    const untranslated = (Object.keys(en) as (keyof typeof en)[]).filter((key) => {
      const bare = zh[key].replace(/\{[^}]*\}/g, '');
      return /[A-Za-z]{3,}/.test(bare) && !/[\u4e00-\u9fff]/.test(bare) && !SAME.has(key);
    });
    expect(untranslated).toEqual([]);
  });

  it('have no Chinese on an English page but the way to it', () => {
    const foreign = (Object.keys(en) as (keyof typeof en)[]).filter((key) => /[\u4e00-\u9fff]/.test(en[key]));
    expect(foreign).toEqual(['bar.language.other']);
  });
});

describe('texts', () => {
  it('follow a count', () => {
    expect(fill('{n} {n|step|steps}', { n: 1 }, 'en')).toBe('1 step');
    expect(fill('{n} {n|step|steps}', { n: 1200 }, 'en')).toBe('1,200 steps');
    expect(fill('{n} 步', { n: 3 }, 'zh')).toBe('3 步');
  });

  it('switch at once, for the page and for assistive technology, and are remembered', () => {
    expect(t('bar.play')).toBe('Train');
    i18n.setLanguage('zh');
    expect(t('bar.play')).toBe('开始训练');
    expect(words({ en: 'Loss', zh: '损失' })).toBe('损失');
    expect(document.documentElement.lang).toBe('zh-CN');
    expect(document.cookie).toContain('neurarium_language=zh');
  });
});

describe('numbers', () => {
  it('are short, grouped and have a real minus sign', () => {
    expect(number(1234567)).toBe('1,235,000');
    expect(number(-0.123456, 3)).toBe('−0.123');
    expect(number(0)).toBe('0');
    expect(number(1.5e-7, 3)).toBe('1.50e-7');
    expect(number(NaN)).toBe('–');
    expect(number(Infinity)).toBe('–');
  });

  it('keep their width where they count', () => {
    expect(decimals(3, 2)).toBe('3.00');
    expect(decimals(-0.5, 1)).toBe('−0.5');
    expect(percent(0.934)).toBe('93.4%');
    expect(percent(NaN)).toBe('–');
  });
});
