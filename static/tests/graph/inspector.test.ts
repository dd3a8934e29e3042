import { cleanup, fireEvent, render, screen, within } from '@testing-library/svelte';
import { tick } from 'svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { distributionOf, strongest } from '../../src/inspector/distribution';
import { fieldText, nudged, parseField } from '../../src/inspector/fields';
import Inspector from '../../src/inspector/Inspector.svelte';
import { hub } from '../../src/lib/hub';
import { session } from '../../src/lib/session.svelte';
import { encode } from '../lib/frames';
import { FakeSocket } from '../lib/sockets';
import { openSession } from './page';

let socket: FakeSocket;

beforeEach(async () => {
  socket = await openSession();
});

afterEach(() => {
  cleanup();
  session.stop();
});

async function select(selection: typeof session.selection): Promise<void> {
  session.selection = selection;
  await tick();
}

/** A frame with the weights of `hidden`, painted and labelled. */
async function show(weights: number[]): Promise<void> {
  const key = hub.layout?.tensors.findIndex(({ layer, quantity }) => layer === 'hidden' && quantity === 'weights') ?? -1;
  socket.receive(encode({ revision: 1 }, [{ key, shape: [2, 2], data: Float32Array.from(weights) }]));
  await vi.waitFor(() => expect(hub.tensor(hub.frame, 'hidden', 'weights')?.data[0]).toBeCloseTo(weights[0] ?? NaN, 5));
}

describe('the inspector', () => {
  it('says what can be done while nothing is selected', () => {
    render(Inspector);
    expect(screen.getByRole('region', { name: 'Inspector' }).textContent).toContain('Select a layer');
  });

  it('shows every weight of a layer as a number that can be set', async () => {
    render(Inspector);
    await select({ layer: 'hidden' });
    await show([0.5, -0.25, 1, 2]);
    const field = screen.getByRole<HTMLInputElement>('textbox', { name: 'Weight from x₂ to 1' });
    await vi.waitFor(() => expect(field.value).toBe('-0.25'));
    await fireEvent.change(field, { target: { value: '1.5' } });
    expect(socket.of('set_parameter').at(-1)).toMatchObject({ parameter: 'hidden.weights', index: [0, 1], value: 1.5 });
  });

  it('marks what is no number and sets nothing', async () => {
    render(Inspector);
    await select({ layer: 'hidden' });
    const field = screen.getByRole('textbox', { name: 'Weight from x₁ to 2' });
    await fireEvent.change(field, { target: { value: 'much' } });
    expect(field.getAttribute('aria-invalid')).toBe('true');
    expect(socket.of('set_parameter')).toEqual([]);
  });

  it('never overwrites a number that is being typed', async () => {
    render(Inspector);
    await select({ layer: 'hidden' });
    await show([0.5, -0.25, 1, 2]);
    const field = screen.getByRole<HTMLInputElement>('textbox', { name: 'Weight from x₁ to 1' });
    field.focus();
    field.value = '7';
    await show([0.75, -0.25, 1, 2]);
    const other = screen.getByRole<HTMLInputElement>('textbox', { name: 'Weight from x₂ to 2' });
    await vi.waitFor(() => expect(other.value).toBe('2'));
    expect(field.value).toBe('7');
  });

  it('steps a weight with the arrow keys', async () => {
    render(Inspector);
    await select({ layer: 'hidden', unit: 1 });
    const field = screen.getByRole<HTMLInputElement>('textbox', { name: 'Weight from x₁ to 2' });
    field.value = '1';
    await fireEvent.keyDown(field, { key: 'ArrowUp' });
    expect(socket.of('set_parameter').at(-1)).toMatchObject({ index: [1, 0], value: 1.1 });
  });

  it('renames a layer, and says why a name is refused', async () => {
    render(Inspector);
    await select({ layer: 'hidden' });
    const name = screen.getByRole('textbox', { name: 'Name' });
    await fireEvent.input(name, { target: { value: 'answer' } });
    await fireEvent.keyDown(name, { key: 'Enter' });
    expect(screen.getByText('Another layer has this name.')).toBeTruthy();
    expect(session.experiment?.graph.nodes[1]?.name).toBe('hidden');
    await fireEvent.input(name, { target: { value: 'first' } });
    await fireEvent.keyDown(name, { key: 'Enter' });
    expect(session.experiment?.graph.nodes.map((node) => node.name)).toContain('first');
    expect(session.selection).toEqual({ layer: 'first' });
  });

  it('disconnects and connects layers without a mouse', async () => {
    render(Inspector);
    await select({ layer: 'answer' });
    await fireEvent.click(screen.getByRole('button', { name: 'Disconnect hidden from answer' }));
    expect(session.experiment?.graph.edges.some((edge) => edge.source === 'hidden')).toBe(false);
    const choice = screen.getByRole('combobox', { name: 'Connect from' });
    const offered = within(choice).getAllByRole('option').map((option) => option.textContent);
    expect(offered).toContain('input');
    expect(offered).not.toContain('output');
    await fireEvent.change(choice, { target: { value: 'hidden.output-answer.input' } });
    expect(session.experiment?.graph.edges.some((edge) => edge.source === 'hidden' && edge.target === 'answer')).toBe(true);
  });

  it('changes a field of the catalog', async () => {
    render(Inspector);
    await select({ layer: 'hidden' });
    await fireEvent.input(screen.getByRole('slider', { name: /^units/ }), { target: { value: '200' } });
    expect(session.experiment?.graph.nodes[1]?.layer['units']).toBe(64);
  });

  it('goes from a weight to the units at its ends', async () => {
    render(Inspector);
    await select({ layer: 'hidden', weight: { layer: 'hidden', output: 1, input: 0 } });
    await fireEvent.click(screen.getByRole('button', { name: 'hidden · 2' }));
    expect(session.selection).toEqual({ layer: 'hidden', unit: 1 });
  });

  it('falls back to the layer when undo has taken the unit away', async () => {
    render(Inspector);
    await select({ layer: 'hidden', unit: 9 });
    expect(screen.getByRole('textbox', { name: 'Name' })).toBeTruthy();
  });
});

describe('how numbers are spread', () => {
  it('counts on both sides of zero', () => {
    const { counts, reach, mean, least, most, spread } = distributionOf([-2, -2, 0, 1, 2], 4);
    expect([...counts]).toEqual([2, 0, 1, 2]);
    expect([reach, least, most, mean]).toEqual([2, -2, 2, -0.2]);
    expect(spread).toBeCloseTo(Math.sqrt((4 + 4 + 0 + 1 + 4) / 5 - 0.04), 10);
  });

  it('leaves out what is not finite, and says how much', () => {
    const { counts, broken, most } = distributionOf([NaN, Infinity, 1], 3);
    expect([broken, most]).toEqual([2, 1]);
    expect([...counts].reduce((sum, count) => sum + count, 0)).toBe(1);
    expect(distributionOf([NaN], 3).mean).toBeNaN();
  });

  it('finds the strongest of many', () => {
    expect(strongest([0.1, -3, 2, 0], 2)).toEqual([1, 2]);
    expect(strongest([1], 5)).toEqual([0]);
  });
});

describe('numbers in fields', () => {
  it('read either minus sign and refuse what cannot be set', () => {
    expect(['−1.5', ' 2 ', '', 'x', '1e9'].map(parseField)).toEqual([-1.5, 2, null, null, null]);
  });

  it('step by a tenth of their size', () => {
    expect([nudged('1', 1), nudged('0', -1), nudged('0.03', 1), nudged('x', 1)]).toEqual(['1.1', '-0.1', '0.031', '0.1']);
    expect(fieldText(1 / 3)).toBe('0.3333');
  });
});
