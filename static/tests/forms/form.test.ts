import { render, screen } from '@testing-library/svelte';
import { tick } from 'svelte';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import Form from '../../src/forms/Form.svelte';
import { boundsOf, usesSlider } from '../../src/forms/fields';
import type { CatalogEntry, CatalogField } from '../../src/lib/catalog';
import type { Member } from '../../src/lib/experiment';
import { i18n } from '../../src/lib/i18n.svelte';
import { session } from '../../src/lib/session.svelte';

const text = (en: string, zh = en) => ({ en, zh });

function field(changes: Partial<CatalogField>): CatalogField {
  return {
    name: 'field',
    type: 'number',
    default: 0,
    minimum: null,
    maximum: null,
    exclusive: false,
    values: [],
    title: text('Field'),
    help: null,
    unit: null,
    scale: 'linear',
    choices: null,
    ...changes,
  };
}

const entry = (kind: string, fields: CatalogField[]): CatalogEntry => ({
  kind,
  title: text(kind),
  help: text(''),
  formula: '',
  fields,
});

const DENSE = entry('dense', [
  field({ name: 'units', type: 'integer', minimum: 1, maximum: 16384, scale: 'logarithmic', default: 8, title: text('Units', '单元数'), help: text('How many.', '有多少。') }),
  field({ name: 'activation', type: 'member:activation', values: ['leaky_relu', 'tanh'], default: { kind: 'tanh' }, title: text('Activation') }),
  field({ name: 'frozen', type: 'boolean', default: false, title: text('Frozen') }),
  field({ name: 'mode', type: 'choice', values: ['a', 'b'], default: 'a', title: text('Mode'), choices: { a: text('First'), b: text('Second') } }),
  field({ name: 'features', type: 'choices', values: ['x1', 'x2'], default: ['x1'], title: text('Features'), choices: { x1: text('x₁'), x2: text('x₂') } }),
  field({ name: 'shape', type: 'list', default: [1], title: text('Shape') }),
]);
const LEAKY = entry('leaky_relu', [field({ name: 'slope', minimum: 0, maximum: 1, default: 0.01, title: text('Slope') })]);

function show(value: Member) {
  const onchange = vi.fn();
  render(Form, { entry: DENSE, value, onchange });
  return onchange;
}

beforeEach(() => {
  i18n.setLanguage('en');
  session.catalog = {
    activation: [LEAKY, entry('tanh', [])],
    initializer: [],
    layer: [],
    loss: [],
    optimizer: [],
    preprocessing: [],
    source: [],
    task: [],
    condition: [],
    watch: [],
  };
});

describe('a generated form', () => {
  const value: Member = { kind: 'dense', units: 8, activation: { kind: 'tanh' }, frozen: false, mode: 'a', features: ['x1'], shape: [4, 7] };

  it('has a named control for every field', () => {
    show(value);
    expect(screen.getByRole('slider', { name: /Units/ })).toBeTruthy();
    expect(screen.getByRole('combobox', { name: /Activation/ })).toBeTruthy();
    expect(screen.getByRole('switch', { name: /Frozen/ })).toBeTruthy();
    expect(screen.getByRole('combobox', { name: /Mode/ })).toBeTruthy();
    expect(screen.getByRole('group', { name: 'Features' })).toBeTruthy();
    expect(screen.getByRole<HTMLInputElement>('textbox', { name: /Shape/ }).value).toBe('4, 7');
  });

  it('tells assistive technology the help of a field', () => {
    show(value);
    const described = screen.getByRole('slider', { name: /Units/ }).getAttribute('aria-describedby') ?? '';
    expect(document.getElementById(described)?.textContent).toBe('How many.');
  });

  it('speaks the language of the page', async () => {
    show(value);
    i18n.setLanguage('zh');
    await tick();
    expect(screen.getByRole('slider', { name: /单元数/ })).toBeTruthy();
  });

  it('hands on the whole member with one change in it, and leaves the old one alone', () => {
    const onchange = show(value);
    screen.getByRole('button', { name: 'x₂' }).click();
    expect(onchange).toHaveBeenCalledExactlyOnceWith({ ...value, features: ['x1', 'x2'] }, DENSE.fields[4]);
    expect(value['features']).toEqual(['x1']);
  });

  it('gives a member of another family its defaults, and its own form', () => {
    const onchange = show({ ...value, activation: { kind: 'leaky_relu', slope: 0.2 } });
    expect(screen.getByRole('slider', { name: /Slope/ })).toBeTruthy();
    const select = screen.getByRole<HTMLSelectElement>('combobox', { name: /Activation/ });
    select.value = 'tanh';
    select.dispatchEvent(new Event('change', { bubbles: true }));
    expect(onchange.mock.calls[0]?.[0]).toMatchObject({ units: 8, activation: { kind: 'tanh' } });
  });

  it('shows the default where the document leaves a field out', () => {
    show({ kind: 'dense' });
    expect(screen.getByRole('slider', { name: /Units/ }).getAttribute('aria-valuetext')).toBe('8');
  });
});

describe('the control for a number', () => {
  it('is a slider where both ends are known and not too far apart', () => {
    expect(usesSlider(field({ minimum: 0, maximum: 1 }))).toBe(true);
    expect(usesSlider(field({ minimum: 0 }))).toBe(false);
    expect(usesSlider(field({ type: 'integer', minimum: 0, maximum: 4_000_000_000 }))).toBe(false);
    expect(usesSlider(field({ type: 'integer', minimum: 1, maximum: 16384, scale: 'logarithmic' }))).toBe(true);
  });

  it('never reaches a bound that is not allowed', () => {
    expect(boundsOf(field({ minimum: 0, maximum: 100, exclusive: true })).minimum).toBeGreaterThan(0);
  });
});
