/** From the position of a slider to a value and back. */

export interface Range {
  minimum: number;
  maximum: number;
  scale: 'linear' | 'logarithmic';
  integer: boolean;
}

/** Positions of every slider: fine enough for a mouse, coarse enough for arrow keys. */
export const SLIDER_STEPS = 200;

/** A logarithmic slider that starts at 0 keeps its first position for 0 and starts here after it. */
const SMALLEST_OF_MAXIMUM = 1e-6;
const SIGNIFICANT = 2;

function lowest(range: Range): number {
  if (range.minimum > 0) return range.minimum;
  return range.integer ? 1 : range.maximum * SMALLEST_OF_MAXIMUM;
}

/** Rounded to what a person would type: 0.03, not 0.030199517. */
function neat(value: number, range: Range): number {
  if (range.integer) return Math.round(value);
  if (range.scale === 'logarithmic') return Number(value.toPrecision(SIGNIFICANT));
  const step = (range.maximum - range.minimum) / SLIDER_STEPS;
  const places = Math.max(0, Math.ceil(-Math.log10(step)));
  return Number(value.toFixed(Math.min(places, 12)));
}

/** The value at slider position `position` (0 … `SLIDER_STEPS`). */
export function toValue(position: number, range: Range): number {
  const share = position / SLIDER_STEPS;
  if (range.scale === 'linear') {
    return clamp(neat(range.minimum + share * (range.maximum - range.minimum), range), range);
  }
  if (range.minimum <= 0 && position === 0) return 0;
  const low = lowest(range);
  return clamp(neat(low * (range.maximum / low) ** share, range), range);
}

/** The slider position that shows `value` best. */
export function toPosition(value: number, range: Range): number {
  if (range.scale === 'linear') {
    return Math.round(((value - range.minimum) / (range.maximum - range.minimum)) * SLIDER_STEPS);
  }
  const low = lowest(range);
  if (value <= 0) return 0;
  const share = Math.log(value / low) / Math.log(range.maximum / low);
  const first = range.minimum <= 0 ? 1 : 0;
  return Math.min(SLIDER_STEPS, Math.max(first, Math.round(share * SLIDER_STEPS)));
}

/** `value` moved into the range. */
export function clamp(value: number, range: Pick<Range, 'minimum' | 'maximum'>): number {
  return Math.min(range.maximum, Math.max(range.minimum, value));
}
