import { describe, expect, it } from 'vitest';
import { UndoStack } from '../../src/lib/undo.svelte';

const LABEL = { en: 'Change', zh: '修改' };
const OTHER = { en: 'Other', zh: '其他' };

describe('undo and redo', () => {
  it('go back and forth over every edit', () => {
    const stack = new UndoStack<string>();
    stack.push('a', LABEL);
    stack.push('b', OTHER);
    expect(stack.undoLabel).toEqual(OTHER);
    expect(stack.undo('c')).toBe('b');
    expect(stack.undo('b')).toBe('a');
    expect(stack.undo('a')).toBeNull();
    expect(stack.redo('a')).toBe('b');
    expect(stack.redoLabel).toEqual(OTHER);
    expect(stack.redo('b')).toBe('c');
    expect(stack.redo('c')).toBeNull();
  });

  it('forget what was undone once something else is edited', () => {
    const stack = new UndoStack<string>();
    stack.push('a', LABEL);
    stack.undo('b');
    stack.push('a', LABEL);
    expect(stack.canRedo).toBe(false);
  });

  it('take one gesture back as a whole', () => {
    let now = 0;
    const stack = new UndoStack<number>(() => now);
    for (let value = 0; value < 20; value++) {
      now += 50;
      stack.push(value, LABEL, 'slider');
    }
    expect(stack.undo(20)).toBe(0);
    expect(stack.canUndo).toBe(false);
  });

  it('keep two gestures on the same slider apart when time has passed', () => {
    let now = 0;
    const stack = new UndoStack<number>(() => now);
    stack.push(0, LABEL, 'slider');
    now = 5000;
    stack.push(1, LABEL, 'slider');
    expect(stack.undo(2)).toBe(1);
    expect(stack.undo(1)).toBe(0);
  });

  it('hold a bounded number of edits', () => {
    const stack = new UndoStack<number>();
    for (let value = 0; value < 500; value++) stack.push(value, LABEL);
    let count = 0;
    while (stack.undo(0) !== null) count += 1;
    expect(count).toBe(200);
  });
});
