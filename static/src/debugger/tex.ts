/** Lines of arithmetic as TeX, and the program that sets them, loaded when the first one is shown. */

import type { Line } from '../lib/protocol';

export type Render = (tex: string, element: HTMLElement, display: boolean) => void;

let loading: Promise<Render> | null = null;

/** KaTeX with its style sheet and fonts; all of them files of this page's own server. */
export function loadKatex(): Promise<Render> {
  loading ??= (async () => {
    const [{ default: katex }] = await Promise.all([import('katex'), import('katex/dist/katex.min.css')]);
    return (tex, element, displayMode) =>
      katex.render(tex, element, { displayMode, throwOnError: false, output: 'html', strict: 'ignore', trust: false });
  })();
  return loading;
}

const DIGITS = 5;

/** A number as TeX; “not finite” is a question mark. */
export function texNumber(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return '\\text{?}';
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e6)) {
    const [digits = '', power = ''] = value.toExponential(DIGITS - 2).split('e');
    return `${digits} \\times 10^{${Number(power)}}`;
  }
  return String(Number(value.toPrecision(DIGITS)));
}

/** `symbol = formula = filled = value`, one equals sign under the other; what says nothing new is left out. */
export function texOf({ symbol, formula, filled, value }: Line): string {
  const result = texNumber(value);
  const sides = [formula, filled, result].filter((side, at, all) => side !== '' && side !== all[at - 1] && side !== symbol);
  const lines = sides.map((side, at) => `${at === 0 ? symbol : ''} &= ${side}`);
  return `\\begin{aligned} ${lines.join(' \\\\ ')} \\end{aligned}`;
}
