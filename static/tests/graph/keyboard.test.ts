// @vitest-environment node
import { describe, expect, it } from 'vitest';
import { CANVAS_SHORTCUTS, commandOf } from '../../src/graph/keyboard';
import { graphEn } from '../../src/locales/graph.en';
import { graphZh } from '../../src/locales/graph.zh';

const press = (key: string, modifiers: Partial<KeyboardEvent> = {}): ReturnType<typeof commandOf> =>
  commandOf({ key, ctrlKey: false, metaKey: false, altKey: false, ...modifiers });

describe('keys of the canvas', () => {
  it('do what the help says there is', () => {
    const arrows: Record<string, string> = {
      '←': 'ArrowLeft',
      '→': 'ArrowRight',
      '↑': 'ArrowUp',
      '↓': 'ArrowDown',
    };
    const letters: Record<string, string> = { Esc: 'Escape', I: 'i', D: 'd', F: 'f' };
    for (const { keys } of CANVAS_SHORTCUTS) {
      for (const key of keys) expect(press(arrows[key] ?? letters[key] ?? key), key).not.toBeNull();
    }
  });

  it('leave the page its own', () => {
    expect(press('z', { ctrlKey: true })).toBeNull();
    expect(press('Delete', { altKey: true })).toBeNull();
    expect(press('r')).toBeNull();
    expect(press('s')).toBeNull();
  });

  it('take both signs for minus, and plus without Shift', () => {
    expect([press('-'), press('−'), press('+'), press('=')]).toEqual(['fewer', 'fewer', 'more', 'more']);
  });
});

describe('texts', () => {
  const placeholders = (text: string): string[] => [...text.matchAll(/\{(\w+)/g)].map((match) => match[1] ?? '').sort();

  it('hold the same values in both languages', () => {
    for (const key of Object.keys(graphEn) as (keyof typeof graphEn)[]) {
      const [english, chinese] = [new Set(placeholders(graphEn[key])), new Set(placeholders(graphZh[key]))];
      // A word that follows a count exists in English only.
      english.delete('count');
      chinese.delete('count');
      expect(chinese, key).toEqual(english);
    }
  });
});
