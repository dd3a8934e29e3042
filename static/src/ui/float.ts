/** Placing something that floats beside its anchor, inside the window. */

const GAP = 6;
const MARGIN = 8;

export type Side = 'below' | 'above';

/** Put `floating` (position: fixed) below or above `anchor`, flipped and shifted to stay in view. */
export function placeBeside(anchor: Element, floating: HTMLElement, side: Side = 'below', align: 'start' | 'centre' | 'end' = 'start'): void {
  const from = anchor.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = floating;
  const below = from.bottom + GAP;
  const above = from.top - GAP - height;
  const fitsBelow = below + height <= innerHeight - MARGIN;
  const top = side === 'below' ? (fitsBelow || above < MARGIN ? below : above) : above >= MARGIN ? above : below;
  const left =
    align === 'start' ? from.left : align === 'end' ? from.right - width : from.left + (from.width - width) / 2;
  floating.style.left = `${Math.max(MARGIN, Math.min(left, innerWidth - width - MARGIN))}px`;
  floating.style.top = `${Math.max(MARGIN, Math.min(top, innerHeight - height - MARGIN))}px`;
}
