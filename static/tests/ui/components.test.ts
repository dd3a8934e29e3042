import { render, screen } from '@testing-library/svelte';
import { createRawSnippet, tick } from 'svelte';
import { describe, expect, it, vi } from 'vitest';
import Menu from '../../src/ui/Menu.svelte';
import NumberField from '../../src/ui/NumberField.svelte';
import Select from '../../src/ui/Select.svelte';
import Slider from '../../src/ui/Slider.svelte';
import { SLIDER_STEPS } from '../../src/ui/scale';

const words = (text: string) => createRawSnippet(() => ({ render: () => `<span>${text}</span>` }));

function press(element: Element, key: string): void {
  element.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
}

describe('a slider', () => {
  it('says its name and its value, and hands on what is chosen', () => {
    const onchange = vi.fn();
    render(Slider, { label: 'Learning rate', value: 0.1, minimum: 0.001, maximum: 10, scale: 'logarithmic', onchange });
    const slider = screen.getByRole<HTMLInputElement>('slider', { name: /Learning rate/ });
    expect(slider.getAttribute('aria-valuetext')).toBe('0.1');
    slider.value = String(SLIDER_STEPS);
    slider.dispatchEvent(new Event('input', { bubbles: true }));
    expect(onchange).toHaveBeenCalledWith(10);
  });
});

describe('a number field', () => {
  async function type(text: string, properties: object = {}) {
    const onchange = vi.fn();
    render(NumberField, { label: 'Units', value: 8, minimum: 1, maximum: 100, integer: true, onchange, ...properties });
    const input = screen.getByRole<HTMLInputElement>('textbox', { name: 'Units' });
    input.value = text;
    input.dispatchEvent(new Event('input', { bubbles: true }));
    input.dispatchEvent(new Event('change', { bubbles: true }));
    await tick();
    return { onchange, input };
  }

  it('hands on a number within bounds', async () => {
    const { onchange } = await type('12');
    expect(onchange).toHaveBeenCalledWith(12);
    expect(screen.queryByRole('alert')).toBeNull();
  });

  it.each([
    ['0', /1 or more/],
    ['101', /100 or less/],
    ['2.5', /whole number/],
    ['many', /Type a number/],
    ['', /Type a number/],
  ])('refuses “%s” and says what would be right', async (text, reason) => {
    const { onchange, input } = await type(text);
    expect(onchange).not.toHaveBeenCalled();
    expect(screen.getByRole('alert').textContent).toMatch(reason);
    expect(input.getAttribute('aria-invalid')).toBe('true');
  });

  it('refuses a bound that is not allowed itself', async () => {
    const { onchange } = await type('1', { exclusive: true });
    expect(onchange).not.toHaveBeenCalled();
    expect(screen.getByRole('alert').textContent).toMatch(/more than 1/);
  });

  it('counts up and down by arrow keys, within bounds', () => {
    const onchange = vi.fn();
    render(NumberField, { label: 'Units', value: 1, minimum: 1, integer: true, onchange });
    const input = screen.getByRole('textbox');
    press(input, 'ArrowDown');
    expect(onchange).not.toHaveBeenCalled();
    press(input, 'ArrowUp');
    expect(onchange).toHaveBeenCalledWith(2);
  });
});

describe('a choice', () => {
  it('shows what is chosen and hands on another', () => {
    const onchange = vi.fn();
    const options = [
      { value: 'sgd', label: 'SGD' },
      { value: 'adam', label: 'Adam' },
    ] as const;
    render(Select, { label: 'Optimizer', value: 'adam', options, onchange });
    const select = screen.getByRole<HTMLSelectElement>('combobox', { name: /Optimizer/ });
    expect(select.selectedOptions[0]?.textContent).toBe('Adam');
    select.value = 'sgd';
    select.dispatchEvent(new Event('change', { bubbles: true }));
    expect(onchange).toHaveBeenCalledExactlyOnceWith('sgd');
  });
});

describe('a menu', () => {
  async function openMenu() {
    const chosen = vi.fn();
    const items = ['Spiral', 'Moons', 'Circle'].map((label, index) => ({
      id: label,
      label,
      disabled: index === 2,
      onchoose: () => chosen(label),
    }));
    render(Menu, { label: 'Examples', items, trigger: words('Examples'), wordy: true });
    // jsdom can't open popovers: show the menu, and tell it what a browser would.
    const menu = screen.getByRole('menu', { hidden: true });
    menu.style.display = 'block';
    menu.dispatchEvent(Object.assign(new Event('toggle'), { newState: 'open' }));
    await vi.waitFor(() => expect(document.activeElement?.getAttribute('role')).toBe('menuitem'));
    return { menu, chosen, items: screen.getAllByRole('menuitem', { hidden: true }) };
  }

  it('takes the focus and is walked by arrow keys, round and round', async () => {
    const { menu, items } = await openMenu();
    expect(document.activeElement).toBe(items[0]);
    press(menu, 'ArrowUp');
    expect(document.activeElement).toBe(items[2]);
    press(menu, 'ArrowDown');
    expect(document.activeElement).toBe(items[0]);
    press(menu, 'End');
    expect(document.activeElement).toBe(items[2]);
  });

  it('finds items by their first letter', async () => {
    const { menu, items } = await openMenu();
    press(menu, 'm');
    expect(document.activeElement).toBe(items[1]);
  });

  it('hands on what is chosen, but not what is disabled', async () => {
    const { chosen, items } = await openMenu();
    items[2]?.click();
    expect(chosen).not.toHaveBeenCalled();
    items[1]?.click();
    expect(chosen).toHaveBeenCalledExactlyOnceWith('Moons');
  });
});
