/** Colours of the style sheet for what is drawn on a canvas. */

/** The colour that the token `name` (such as `--accent`) has at `element` now. */
export function tokenColour(element: HTMLElement | SVGElement, name: string): string {
  const before = element.style.color;
  element.style.color = `var(${name})`;
  const { color } = getComputedStyle(element);
  element.style.color = before;
  return color;
}
