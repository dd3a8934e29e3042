/** Fields that show weights and set them: shared by the table of a layer and the list of a unit. */

import { indexOf, largest } from '../lib/colour';
import { currentCssLut } from '../lib/colours';
import type { Frame } from '../lib/frame';
import { hub } from '../lib/hub';
import { session } from '../lib/session.svelte';
import { readWeight } from '../graph/readings';
import { fieldText, nudged, parseField } from './fields';
import { addPaced } from './sampled';

const DIGITS = 3;

const fieldsIn = (container: ParentNode): HTMLInputElement[] => [...container.querySelectorAll('input')];

/** A field's weight as `[output, input]`, as `data-output` and `data-input` say. */
function placeOf(field: HTMLInputElement): [number, number] {
  return [Number(field.dataset.output), Number(field.dataset.input)];
}

function write(container: HTMLElement, layer: string, frame: Frame): void {
  const colours = currentCssLut('weight');
  const fields = fieldsIn(container);
  const values = fields.map((field) => readWeight(frame, layer, ...placeOf(field)));
  const scale = largest(values);
  fields.forEach((field, at) => {
    const value = values[at] ?? NaN;
    if (!Number.isFinite(value)) return;
    field.style.borderInlineStartColor = colours[indexOf(value, scale)] ?? '';
    if (field !== document.activeElement) field.value = fieldText(Number(value.toPrecision(DIGITS)));
  });
}

/** Keeps every field in `container` at its weight of `layer`, at most ten times a second. */
export function followWeights(container: HTMLElement, layer: string): () => void {
  if (hub.frame !== null) write(container, layer, hub.frame);
  return addPaced(
    (frame) => write(container, layer, frame),
    () => [{ layer, quantity: 'weights' }],
    container,
  );
}

/** Set the weight that `field` now says; marks the field when it says no number. */
export function commitWeight(field: HTMLInputElement, layer: string): void {
  const value = parseField(field.value);
  field.setAttribute('aria-invalid', String(value === null));
  if (value !== null) void session.setParameter(`${layer}.weights`, placeOf(field), value);
}

/**
 * Keys in a field: up and down change the number, as in every number field; with Alt, arrows go from
 * field to field.
 *
 * @param columns fields in a row.
 */
export function pressInField(event: KeyboardEvent, layer: string, columns: number): void {
  const field = event.currentTarget;
  if (!(field instanceof HTMLInputElement)) return;
  if (event.key === 'Enter') commitWeight(field, layer);
  const steps: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns };
  const step = steps[event.key];
  if (step === undefined) return;
  if (event.altKey) {
    event.preventDefault();
    const all = fieldsIn(field.closest('table, ul') ?? field);
    all[all.indexOf(field) + step]?.focus();
  } else if (event.key === 'ArrowUp' || event.key === 'ArrowDown') {
    event.preventDefault();
    field.value = nudged(field.value, event.key === 'ArrowUp' ? 1 : -1);
    commitWeight(field, layer);
  }
}
