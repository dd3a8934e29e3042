/** uPlot, loaded when the first chart is shown. */

import type uPlot from 'uplot';

export type UPlot = typeof uPlot;

let loading: Promise<UPlot> | null = null;

/** uPlot formats numbers for `navigator.language` while it loads, and throws on a malformed one. */
export function guardLanguage(): void {
  try {
    new Intl.NumberFormat(navigator.language);
  } catch {
    Object.defineProperty(navigator, 'language', { value: 'en-US', configurable: true });
  }
}

export function loadUPlot(): Promise<UPlot> {
  loading ??= (async () => {
    guardLanguage();
    const [module] = await Promise.all([import('uplot'), import('uplot/dist/uPlot.min.css')]);
    return module.default;
  })();
  return loading;
}
