import { cleanup, fireEvent, render, screen } from '@testing-library/svelte';
import { tick } from 'svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import * as actions from '../../src/graph/actions';
import { canvas } from '../../src/graph/canvas.svelte';
import { perform, type CanvasPage } from '../../src/graph/commands';
import LayerMenu from '../../src/graph/LayerMenu.svelte';
import LayerPalette from '../../src/graph/LayerPalette.svelte';
import RefusedDraft from '../../src/graph/RefusedDraft.svelte';
import { scene } from '../../src/graph/scene.svelte';
import { notices } from '../../src/lib/notices.svelte';
import { session } from '../../src/lib/session.svelte';
import type { FakeSocket } from '../lib/sockets';
import { openSession } from './page';

let socket: FakeSocket;

beforeEach(async () => {
  // What jsdom lacks of popovers: one that is shown can have the focus.
  HTMLElement.prototype.showPopover = function show(): void {
    this.style.display = 'block';
  };
  socket = await openSession();
});

afterEach(() => {
  cleanup();
  session.stop();
});

const names = (): string[] => session.experiment?.graph.nodes.map((node) => node.name) ?? [];
const units = (name: string): unknown =>
  session.experiment?.graph.nodes.find((node) => node.name === name)?.layer['units'];

describe('changes', () => {
  it('show at once, reach the server and are undone exactly', () => {
    const before = JSON.stringify(session.experiment);
    const sent = socket.of('edit').length;
    actions.changeUnits('hidden', 1);
    expect(units('hidden')).toBe(3);
    expect(scene.pictures.get('hidden')?.face.units).toBe(3);
    expect(notices.spoken?.en).toBe('hidden has 3 units');
    expect(socket.of('edit')).toHaveLength(sent + 1);
    expect(session.undoLabel).toEqual({ en: 'change the units of hidden', zh: '更改 hidden 的神经元数' });
    session.undo();
    expect(JSON.stringify(session.experiment)).toBe(before);
  });

  it('that change nothing leave nothing to undo', () => {
    const could = session.undoLabel;
    const sent = socket.of('edit').length;
    expect(actions.remove('input')).toBe(false);
    expect(actions.changeUnits('output', 1)).toBe(false);
    expect(actions.arrange()).toBe(false);
    expect(session.undoLabel).toBe(could);
    expect(socket.of('edit')).toHaveLength(sent);
  });

  it('are refused to those who only watch', () => {
    session.hasToken = false;
    expect(actions.changeUnits('hidden', 1)).toBe(false);
    expect(units('hidden')).toBe(2);
  });

  it('put a layer from the palette behind the selection, else before the output', () => {
    expect(actions.insertAnywhere('dense')).toBe('dense1');
    expect(names()).toEqual(['input', 'hidden', 'answer', 'dense1', 'output']);
    session.selection = { layer: 'input' };
    expect(actions.insertAnywhere('dropout')).toBe('dropout1');
    expect(names()).toEqual(['input', 'dropout1', 'hidden', 'answer', 'dense1', 'output']);
    expect(session.selection).toEqual({ layer: 'dropout1' });
  });

  it('drop a layer where it was let go, not connected yet', () => {
    actions.dropLayer('dense', { x: 12, y: 34 });
    expect(session.experiment?.graph.nodes.at(-1)).toMatchObject({ name: 'dense1', position: { x: 12, y: 34 } });
    expect(session.experiment?.graph.edges).toHaveLength(3);
  });
});

describe('commands of the keyboard', () => {
  let focused: string[];
  let page: CanvasPage;

  beforeEach(() => {
    focused = [];
    page = {
      focus: (name) => void focused.push(name),
      menuPlace: () => ({ x: 1, y: 2 }),
      fit: vi.fn(),
      inspect: vi.fn(),
    };
  });

  it('walk from layer to layer', () => {
    perform('right', 'input', page);
    perform('left', 'output', page);
    perform('last', 'input', page);
    perform('first', 'output', page);
    perform('left', 'input', page);
    expect(focused).toEqual(['hidden', 'answer', 'output', 'input']);
  });

  it('select a layer, then go to the inspector', () => {
    perform('select', 'hidden', page);
    expect(session.selection).toEqual({ layer: 'hidden' });
    expect(page.inspect).not.toHaveBeenCalled();
    perform('select', 'hidden', page);
    expect(page.inspect).toHaveBeenCalledOnce();
    perform('leave', 'hidden', page);
    expect(session.selection).toBeNull();
  });

  it('walk through units and around', () => {
    for (const expected of [0, 1, 0]) {
      perform('nextUnit', 'hidden', page);
      expect(session.selection).toEqual({ layer: 'hidden', unit: expected });
    }
    perform('previousUnit', 'hidden', page);
    expect(session.selection).toEqual({ layer: 'hidden', unit: 1 });
  });

  it('remove a layer and step to its neighbour', () => {
    perform('remove', 'hidden', page);
    expect(names()).toEqual(['input', 'answer', 'output']);
    expect(focused).toEqual(['input']);
  });

  it('add and take units, duplicate, and open the menu', () => {
    perform('more', 'hidden', page);
    perform('more', 'hidden', page);
    perform('fewer', 'hidden', page);
    expect(units('hidden')).toBe(3);
    perform('duplicate', 'hidden', page);
    expect(names()).toEqual(['input', 'hidden', 'hidden1', 'answer', 'output']);
    perform('insert', 'hidden', page);
    expect(canvas.menu).toEqual({ insertion: { after: 'hidden' }, at: { x: 1, y: 2 } });
  });
});

describe('the menu of layers', () => {
  it('puts the chosen layer on its edge and tells its name', async () => {
    const added: string[] = [];
    render(LayerMenu, { onadded: (name: string) => added.push(name) });
    canvas.menu = { insertion: { edge: 'input.output-hidden.input' }, at: { x: 0, y: 0 } };
    await tick();
    const items = screen.getAllByRole('menuitem', { hidden: true }).map((item) => item.textContent.trim());
    expect(items.some((item) => item.startsWith('input'))).toBe(false);
    await fireEvent.click(screen.getByRole('menuitem', { name: /^dropout/, hidden: true }));
    expect(names()).toEqual(['input', 'dropout1', 'hidden', 'answer', 'output']);
    expect(added).toEqual(['dropout1']);
    expect(canvas.menu).toBeNull();
  });

  it('walks with arrow keys', async () => {
    render(LayerMenu, { onadded: () => undefined });
    canvas.menu = { insertion: { after: 'hidden' }, at: { x: 0, y: 0 } };
    await tick();
    const items = screen.getAllByRole('menuitem', { hidden: true });
    await vi.waitFor(() => expect(document.activeElement).toBe(items[0]));
    await fireEvent.keyDown(items[0] as HTMLElement, { key: 'ArrowUp' });
    expect(document.activeElement).toBe(items.at(-1));
  });

  it('cuts the edge it was opened on', async () => {
    render(LayerMenu, { onadded: () => undefined });
    canvas.menu = { insertion: { edge: 'hidden.output-answer.input' }, at: { x: 0, y: 0 } };
    await tick();
    await fireEvent.click(screen.getByRole('menuitem', { name: 'Disconnect hidden from answer', hidden: true }));
    expect(session.experiment?.graph.edges.map((edge) => edge.target)).toEqual(['hidden', 'output']);
  });
});

describe('the palette', () => {
  it('is one stop of the Tab key and walks with arrows', async () => {
    render(LayerPalette, { onadded: () => undefined });
    const buttons = screen.getAllByRole('button');
    expect(buttons.map((button) => button.tabIndex)).toEqual([0, -1, -1]);
    buttons[0]?.focus();
    await fireEvent.keyDown(buttons[0] as HTMLElement, { key: 'ArrowRight' });
    expect(document.activeElement).toBe(buttons[1]);
    expect(buttons[1]?.tabIndex).toBe(0);
  });

  it('adds a layer when pressed', async () => {
    render(LayerPalette, { onadded: () => undefined });
    await fireEvent.click(screen.getByRole('button', { name: 'Add layer: dense' }));
    expect(names()).toContain('dense1');
  });
});

describe('a draft that cannot run', () => {
  it('says so, names the layer and offers undo', async () => {
    render(RefusedDraft);
    actions.removeEdge('input.output-hidden.input');
    const message = { en: 'Nothing feeds it.', zh: '没有输入。' };
    session.problem = { code: 'x', where: 'graph.nodes.hidden', message, hint: message, value: null, allowed: null };
    await tick();
    expect(screen.getByRole('alert').textContent).toContain('see layer hidden');
    await fireEvent.click(screen.getByRole('button', { name: 'Undo' }));
    expect(session.experiment?.graph.edges).toHaveLength(3);
  });
});
