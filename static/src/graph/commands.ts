/** Carries out the keys of the canvas (see `keyboard.ts`). */

import { session } from '../lib/session.svelte';
import { changeUnits, duplicate, remove } from './actions';
import { canvas } from './canvas.svelte';
import type { CanvasCommand } from './keyboard';
import { neighbourOf } from './layout';
import { neighbours } from './operations';
import { scene } from './scene.svelte';

/** What the canvas's page does for a command: it alone knows elements. */
export interface CanvasPage {
  /** Give a layer the keyboard's focus. */
  focus: (name: string) => void;
  /** Where on the screen a menu for a layer opens. */
  menuPlace: (name: string) => { x: number; y: number };
  fit: () => void;
  /** Give the inspector the keyboard's focus. */
  inspect: () => void;
}

function removeAndStepBack(name: string, page: CanvasPage): void {
  const [next] = [...neighbours(scene.graph, name).before, ...neighbours(scene.graph, name).after];
  if (remove(name) && next !== undefined) page.focus(next);
}

function walkUnits(name: string, step: number): void {
  const units = scene.pictures.get(name)?.face.units ?? 0;
  const present = session.selection?.layer === name ? session.selection.unit : undefined;
  const next = present === undefined ? (step > 0 ? 0 : units - 1) : (present + step + units) % units;
  session.selection = { layer: name, unit: next };
}

function select(name: string, page: CanvasPage): void {
  if (session.selection?.layer === name) page.inspect();
  else session.selection = { layer: name };
}

/** Do what `command` means on the layer called `name`. */
export function perform(command: CanvasCommand, name: string, page: CanvasPage): void {
  const goTo = (next: string | null | undefined): void => {
    if (next !== null && next !== undefined) page.focus(next);
  };
  const does: Record<CanvasCommand, () => void> = {
    left: () => goTo(neighbourOf(scene.graph, name, 'left')),
    right: () => goTo(neighbourOf(scene.graph, name, 'right')),
    up: () => goTo(neighbourOf(scene.graph, name, 'up')),
    down: () => goTo(neighbourOf(scene.graph, name, 'down')),
    first: () => goTo(scene.order[0]),
    last: () => goTo(scene.order.at(-1)),
    select: () => select(name, page),
    leave: () => (session.selection = null),
    more: () => changeUnits(name, 1),
    fewer: () => changeUnits(name, -1),
    previousUnit: () => walkUnits(name, -1),
    nextUnit: () => walkUnits(name, 1),
    insert: () => (canvas.menu = { insertion: { after: name }, at: page.menuPlace(name) }),
    duplicate: () => duplicate(name),
    remove: () => removeAndStepBack(name, page),
    fit: () => page.fit(),
  };
  does[command]();
}
