/** Opening the small editor of one weight or bias beside where it was clicked. */

import { hub } from '../lib/hub';
import { t } from '../lib/i18n.svelte';
import { session } from '../lib/session.svelte';
import { canvas, type ScreenPoint } from './canvas.svelte';
import { readUnit, readWeight } from './readings';

/** Edit the weight from input number `input` to unit `output` of `layer`. */
export function editWeight(at: ScreenPoint, layer: string, output: number, input: number): void {
  session.selection = { layer, weight: { layer, output, input } };
  const value = readWeight(hub.frame, layer, output, input);
  if (!session.canEdit || Number.isNaN(value)) return;
  const label = t('graph.weight', { layer, input: input + 1, output: output + 1 });
  canvas.editing = { parameter: `${layer}.weights`, index: [output, input], label, value, at };
}

/** Edit the bias of a unit. */
export function editBias(event: MouseEvent, layer: string, unit: number): void {
  event.stopPropagation();
  session.selection = { layer, unit };
  const value = readUnit(hub.frame, layer, unit, 'bias');
  if (Number.isNaN(value)) return;
  const label = `${layer} · ${t('graph.bias', { unit: unit + 1 })}`;
  const at = { x: event.clientX, y: event.clientY };
  canvas.editing = { parameter: `${layer}.bias`, index: [unit], label, value, at };
}
