/** What a nudge changes, as rows of a table and in words. */

import { decimals, number, percent, type Language } from '../../lib/i18n.svelte';
import type { InputComparison, Layout, LayerShift } from '../../lib/protocol';
import { decide } from '../../lib/tasks';
import { say } from './text';

/** Rows of the prediction that are shown; of more those that changed most. */
export const MOST_ROWS = 24;

export interface Change {
  /** Class or output. */
  place: number;
  before: number;
  after: number;
  difference: number;
}

/** Classes or outputs with their numbers, in order; of many those that changed most. */
export function changesOf(comparison: InputComparison): { rows: Change[]; rest: number } {
  const all = comparison.before.map((value, place) => {
    const [before, after] = [value ?? NaN, comparison.after[place] ?? NaN];
    return { place, before, after, difference: after - before };
  });
  if (all.length <= MOST_ROWS) return { rows: all, rest: 0 };
  const size = ({ difference }: Change): number => (Number.isNaN(difference) ? Infinity : Math.abs(difference));
  const most = [...all].sort((left, right) => size(right) - size(left)).slice(0, MOST_ROWS);
  return { rows: most.sort((left, right) => left.place - right.place), rest: all.length - MOST_ROWS };
}

/** How far a layer moved as a share of where it was; null where that has no meaning. */
export function shareOf({ distance, length }: LayerShift): number | null {
  return distance === null || length === null || length === 0 ? null : distance / length;
}

/** A difference with its sign; what rounds to nothing has none. */
export function signed(difference: number, format: (size: number) => string): string {
  const [text, nothing] = [format(difference), format(0)];
  if (text === format(-0) || text === nothing) return nothing;
  return difference > 0 ? `+${text}` : text;
}

/** What the prediction was, and is now, in one sentence. */
export function verdictOf(
  comparison: InputComparison,
  layout: Pick<Layout, 'problem' | 'classes'>,
  moved: boolean,
  language: Language,
): string {
  const [before, after] = [comparison.before, comparison.after].map((row) => row.map((value) => value ?? NaN));
  if (before === undefined || after === undefined || [...before, ...after].some(Number.isNaN)) {
    return say('changes.broken', {}, language);
  }
  return layout.problem === 'classification'
    ? classVerdict(before, after, layout.classes, moved, language)
    : valueVerdict(before, after, moved, language);
}

function classVerdict(
  before: readonly number[],
  after: readonly number[],
  classes: Layout['classes'],
  moved: boolean,
  language: Language,
): string {
  const [was, is] = [decide(before), decide(after)];
  const name = (place: number): string => classes[place]?.[language] ?? String(place);
  const share = (probability: number): string => percent(probability, 1);
  const words = { name: name(is.class), share: share(is.probability), before: share(was.probability) };
  if (!moved) return say('changes.untouched.class', words, language);
  if (was.class !== is.class) return say('changes.other', { ...words, former: name(was.class) }, language);
  return say('changes.same', { ...words, after: words.share }, language);
}

function valueVerdict(before: readonly number[], after: readonly number[], moved: boolean, language: Language): string {
  const list = (values: readonly number[]): string => values.map((value) => number(value, 4)).join(', ');
  if (!moved) return say('changes.untouched.value', { value: list(after) }, language);
  const differences = after.map((value, place) => signed(value - (before[place] ?? NaN), (size) => number(size, 3)));
  const words = { before: list(before), after: list(after), difference: differences.join(', ') };
  return say('changes.value', words, language);
}

/** Percentage points with two decimals, so that small changes are seen as well. */
export const points = (difference: number): string => signed(difference * 100, (size) => decimals(size, 2));
