import { cleanup, fireEvent, render, screen } from '@testing-library/svelte';
import { tick } from 'svelte';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findNode, heldAt } from '../../src/graph/model';
import { holdUnit, releaseUnit, setFrozen, setLayer, setUnits } from '../../src/graph/operations';
import Inspector from '../../src/inspector/Inspector.svelte';
import type { Graph } from '../../src/lib/experiment';
import { session } from '../../src/lib/session.svelte';
import { planeExperiment } from '../lib/layouts';
import { kinds } from './kinds';
import { openSession } from './page';

const clampsOf = (graph: Graph): unknown => findNode(graph, 'hidden')?.clamps;

describe('what is done by hand', () => {
  const { graph } = planeExperiment();

  it('freezes, and changes nothing that is so already', () => {
    const frozen = setFrozen(graph, 'hidden', true);
    expect(frozen.nodes.filter((node) => node.frozen).map((node) => node.name)).toEqual(['hidden']);
    expect(setFrozen(frozen, 'hidden', true)).toBe(frozen);
    expect(setFrozen(frozen, 'hidden', false)).toEqual(graph);
  });

  it('holds each unit once, in their order', () => {
    const held = holdUnit(holdUnit(holdUnit(graph, 'hidden', 1, 0.5), 'hidden', 0, -1), 'hidden', 1, 2);
    expect(clampsOf(held)).toEqual([
      { unit: 0, value: -1 },
      { unit: 1, value: 2 },
    ]);
    expect(holdUnit(held, 'hidden', 1, 2)).toBe(held);
    expect(holdUnit(held, 'hidden', 1, NaN)).toBe(held);
    expect(releaseUnit(releaseUnit(held, 'hidden', 0), 'hidden', 1)).toEqual(graph);
    expect(releaseUnit(graph, 'hidden', 0)).toBe(graph);
  });

  it('holds no unit that the layer has lost', () => {
    const held = holdUnit(holdUnit(graph, 'hidden', 0, 1), 'hidden', 1, 1);
    expect(clampsOf(setUnits(held, 'hidden', 1, kinds))).toEqual([{ unit: 0, value: 1 }]);
    expect(clampsOf(setLayer(held, 'hidden', { kind: 'dense', units: 1 }))).toEqual([{ unit: 0, value: 1 }]);
    expect(clampsOf(setUnits(held, 'hidden', 3, kinds))).toHaveLength(2);
  });
});

describe('the inspector', () => {
  beforeEach(async () => {
    await openSession();
    render(Inspector);
  });

  afterEach(() => {
    cleanup();
    session.stop();
  });

  const node = (): Graph['nodes'][number] | undefined => findNode(session.experiment?.graph ?? { nodes: [], edges: [] }, 'hidden');
  const select = async (selection: typeof session.selection): Promise<void> => {
    session.selection = selection;
    await tick();
  };

  it('freezes a layer that learns, and undo thaws it', async () => {
    await select({ layer: 'hidden' });
    await fireEvent.click(screen.getByRole('switch', { name: 'Frozen' }));
    expect(node()?.frozen).toBe(true);
    expect(session.undoLabel?.en).toBe('Freeze hidden');
    session.undo();
    expect(node()?.frozen).toBe(false);
    await select({ layer: 'input' });
    expect(screen.queryByRole('switch', { name: 'Frozen' })).toBeNull();
  });

  it('holds a unit at the number typed, and releases it', async () => {
    await select({ layer: 'hidden', unit: 1 });
    const field = screen.getByRole<HTMLInputElement>('textbox', { name: 'Hold at' });
    await fireEvent.input(field, { target: { value: '0.5' } });
    await fireEvent.change(field);
    expect(node()?.clamps).toEqual([]);
    await fireEvent.click(screen.getByRole('button', { name: 'Hold' }));
    expect(node()?.clamps).toEqual([{ unit: 1, value: 0.5 }]);
    await fireEvent.input(field, { target: { value: '-1' } });
    await fireEvent.change(field);
    expect(node() && heldAt(node()!, 1)).toBe(-1);
    await fireEvent.click(screen.getByRole('button', { name: 'Release' }));
    expect(node()?.clamps).toEqual([]);
  });

  it('holds nothing where a layer only shows what another gives', async () => {
    await select({ layer: 'output', unit: 0 });
    expect(screen.queryByRole('textbox', { name: 'Hold at' })).toBeNull();
  });
});
