import { render, screen } from '@testing-library/svelte';
import { tick } from 'svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { i18n } from '../../src/lib/i18n.svelte';
import type { WorkItem } from '../../src/lib/rest';
import { WorkList } from '../../src/work/list.svelte';
import { ago, sizeOf } from '../../src/work/measures';
import WorkRow from '../../src/work/WorkRow.svelte';
import { FakeServer, itemOf } from './server';

let server: FakeServer;
const onremove = vi.fn();

beforeEach(() => {
  i18n.setLanguage('en');
  onremove.mockReset();
});
afterEach(() => {
  vi.unstubAllGlobals();
  i18n.setLanguage('en');
});

async function show(changes: Partial<WorkItem> = {}): Promise<WorkItem> {
  const item = itemOf('one', changes);
  server = new FakeServer([item]);
  vi.stubGlobal('fetch', server.fetch);
  const list = new WorkList(vi.fn());
  await list.load();
  render(WorkRow, { item, list, onremove });
  return item;
}

async function press(name: string | RegExp): Promise<void> {
  screen.getByRole('button', { name }).click();
  await tick();
}

async function key(element: Element, name: string): Promise<KeyboardEvent> {
  const event = new KeyboardEvent('keydown', { key: name, bubbles: true, cancelable: true });
  element.dispatchEvent(event);
  await tick();
  await tick();
  return event;
}

describe('a run', () => {
  it('says what it is and what it does', async () => {
    await show({ title: 'Rings', status: 'diverged', step: 1234, bytes: 2_500_000, used: Date.now() / 1000 - 120 });
    const text = screen.getByRole('listitem').textContent;
    for (const part of ['Rings', 'Diverged', 'step 1,234', 'last used 2 minutes ago', '2.5 MB']) expect(text).toContain(part);
    expect(screen.getByRole('link', { name: 'Save “Rings” as a file' }).getAttribute('href')).toBe('/api/work/one/run');
    i18n.setLanguage('zh');
    await tick();
    for (const part of ['已发散', '第 1,234 步', '最近使用：2分钟前']) expect(screen.getByRole('listitem').textContent).toContain(part);
  });

  it('has a name even where nobody gave one', async () => {
    await show({ title: '' });
    expect(screen.getByRole('heading').textContent.trim()).toBe('Untitled');
  });

  it('is renamed in place; the focus returns', async () => {
    await show();
    await press('Rename “Run one”');
    const field = screen.getByRole<HTMLInputElement>('textbox', { name: 'New name' });
    expect(document.activeElement).toBe(field);
    field.value = 'Another';
    field.form?.requestSubmit();
    await vi.waitFor(() => expect(server.asked).toContain('PATCH /api/work/one'));
    expect(server.bodies.at(-1)).toBe('{"title":"Another"}');
    await vi.waitFor(() => expect(document.activeElement).toBe(screen.getByRole('button', { name: /^Rename/ })));
  });

  it('keeps its name after Escape, which does not reach the dialog', async () => {
    await show();
    await press('Rename “Run one”');
    const field = screen.getByRole<HTMLInputElement>('textbox');
    field.value = 'Another';
    expect((await key(field, 'Escape')).defaultPrevented).toBe(true);
    expect(screen.queryByRole('textbox')).toBeNull();
    expect(server.asked).toEqual(['GET /api/work']);
    expect(document.activeElement).toBe(screen.getByRole('button', { name: /^Rename/ }));
  });

  it('is deleted only after the question', async () => {
    await show();
    await press('Delete “Run one”');
    expect(screen.getByRole('group', { name: 'Delete for good?' })).toBeTruthy();
    expect(document.activeElement?.textContent.trim()).toBe('Keep');
    await press('Keep');
    await tick();
    expect(document.activeElement).toBe(screen.getByRole('button', { name: /^Delete/ }));
    expect(onremove).not.toHaveBeenCalled();
    await press('Delete “Run one”');
    await press('Delete');
    expect(onremove).toHaveBeenCalledOnce();
  });
});

describe('times and sizes', () => {
  it.each([
    [0, 'now', '现在'],
    [59, 'now', '现在'],
    [60, '1 minute ago', '1分钟前'],
    [7199, '1 hour ago', '1小时前'],
    [86_400, 'yesterday', '昨天'],
    [40 * 86_400, 'last month', '上个月'],
    // The server's clock is ahead.
    [-500, 'now', '现在'],
  ])('are told in words: %d seconds', (passed, english, chinese) => {
    expect(ago(1000, 1000 + passed)).toBe(english);
    i18n.setLanguage('zh');
    expect(ago(1000, 1000 + passed)).toBe(chinese);
  });

  it('are told in fitting units', () => {
    expect([0, 1, 1200, 999_999, 1_240_000].map(sizeOf)).toEqual(['0 kB', '1 kB', '2 kB', '1,000 kB', '1.2 MB']);
  });
});
