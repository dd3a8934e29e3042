/** Breakpoints, watches and their catalog as a server would send them. */

import type { CatalogEntry, CatalogField } from '../../src/lib/catalog';
import type { Experiment, Member } from '../../src/lib/experiment';
import type { BreakpointNote, Breakpoints, Problem, Watches, WatchNote, WatchValues } from '../../src/lib/protocol';
import type { Catalog } from '../../src/lib/rest';

const text = (en: string, zh = en) => ({ en, zh });

export function fieldOf(name: string, changes: Partial<CatalogField> = {}): CatalogField {
  return {
    name,
    type: 'integer',
    default: 1,
    minimum: 0,
    maximum: 1_000_000,
    exclusive: false,
    values: [],
    title: text(name),
    help: null,
    unit: null,
    scale: 'linear',
    choices: null,
    ...changes,
  };
}

export const layerField = (everywhere: string | null = null): CatalogField =>
  fieldOf('layer', {
    type: 'layer',
    default: '',
    title: text('Layer', '层'),
    choices: everywhere === null ? null : { '': text(everywhere, '整个网络') },
  });
const parameterField = fieldOf('parameter', { type: 'parameter', default: 'weights', title: text('Parameter', '参数') });

export const entryOf = (kind: string, title: string, fields: CatalogField[]): CatalogEntry => ({
  kind,
  title: text(title, `${title}（中）`),
  help: text(`About ${kind}`),
  formula: '',
  fields,
});

export const AT_STEP = entryOf('at_step', 'At a step', [fieldOf('step', { default: 1000, minimum: 1, title: text('Step', '步数') })]);
export const LOSS_RISES = entryOf('loss_rises', 'Loss rises', [
  fieldOf('factor', { type: 'number', default: 2 }),
  fieldOf('steps', { default: 50 }),
]);
export const BAND = entryOf('gradient_leaves_band', 'Gradient leaves a band', [
  layerField('the whole network'),
  fieldOf('low', { type: 'number', default: 0 }),
  fieldOf('high', { type: 'number', default: 100 }),
]);
export const ACCURACY = entryOf('accuracy_reaches', 'Accuracy reaches', [
  fieldOf('accuracy', { type: 'number', default: 0.95 }),
  fieldOf('part', { type: 'choice', default: 'validation', values: ['training', 'validation'], choices: { validation: text('validation part', '验证集') } }),
  fieldOf('every', { default: 2000 }),
]);
export const NORM = entryOf('parameter_norm', 'Norm of a parameter', [layerField(), parameterField]);
export const VALUE = entryOf('parameter_value', 'A weight or bias', [
  layerField(),
  parameterField,
  fieldOf('index', { type: 'list', default: [0, 0], title: text('Index', '下标') }),
]);
export const UNIT = entryOf('unit_activation', 'Mean activation', [layerField(), fieldOf('unit', { default: 0 })]);

export const CATALOG: Catalog = {
  activation: [],
  initializer: [],
  layer: [],
  loss: [],
  optimizer: [],
  preprocessing: [],
  source: [],
  task: [],
  condition: [AT_STEP, LOSS_RISES, BAND, ACCURACY],
  watch: [NORM, VALUE, UNIT],
};

export const GONE: Problem = {
  code: 'unknown_layer',
  where: 'layer',
  message: text('This can’t be watched in a layer “teapot”.', '无法在层“teapot”中观察它。'),
  hint: text('Choose one of the layers listed.', '请从列出的层中选择。'),
  value: 'teapot',
  allowed: 'hidden, answer',
};

export const breakpointsOf = (...notes: (Member | [Member, Problem])[]): Breakpoints => ({
  type: 'breakpoints',
  breakpoints: notes.map((note): BreakpointNote => {
    const [condition, problem] = Array.isArray(note) ? note : [note, null];
    return { condition: condition as unknown as Experiment, problem };
  }),
});

export const watchesOf = (...notes: (Member | [Member, Problem])[]): Watches => ({
  type: 'watches',
  watches: notes.map((note): WatchNote => {
    const [watch, problem] = Array.isArray(note) ? note : [note, null];
    const name = `${String(watch['layer'])} ${watch.kind}`;
    return { watch: watch as unknown as Experiment, label: text(name, `${name}（中）`), problem };
  }),
});

export const valuesOf = (step: number[], values: (number | null)[][], restart = false): WatchValues => ({
  type: 'watch_values',
  restart,
  step,
  values,
});
