/** One tooltip for the whole page, shown for whatever is hovered or has the keyboard's focus. */

import { placeBeside } from './float';

const DELAY = 350;
let bubble: HTMLElement | null = null;
let timer: ReturnType<typeof setTimeout> | undefined;

function show(anchor: Element, text: string): void {
  bubble ??= Object.assign(document.createElement('div'), { className: 'tooltip', popover: 'manual' });
  bubble.setAttribute('aria-hidden', 'true');
  bubble.textContent = text;
  // Inside an open dialog the tooltip must be in the dialog, or it would lie beneath it.
  (anchor.closest('dialog') ?? document.body).append(bubble);
  bubble.showPopover?.();
  placeBeside(anchor, bubble, 'below', 'centre');
}

function hide(): void {
  clearTimeout(timer);
  bubble?.remove();
}

/** Attach to an element that has an accessible name already: the tooltip only shows it. */
export function tooltip(text: () => string): (element: Element) => () => void {
  return (element) => {
    const wait = (): void => {
      clearTimeout(timer);
      if (text() !== '') timer = setTimeout(() => show(element, text()), DELAY);
    };
    const focus = (): void => {
      if (element.matches(':focus-visible')) wait();
    };
    const escape = (event: Event): void => {
      if ((event as KeyboardEvent).key === 'Escape') hide();
    };
    element.addEventListener('pointerenter', wait);
    element.addEventListener('focus', focus);
    element.addEventListener('keydown', escape);
    for (const end of ['pointerleave', 'blur', 'pointerdown']) element.addEventListener(end, hide);
    return () => {
      hide();
      element.removeEventListener('pointerenter', wait);
      element.removeEventListener('focus', focus);
      element.removeEventListener('keydown', escape);
      for (const end of ['pointerleave', 'blur', 'pointerdown']) element.removeEventListener(end, hide);
    };
  };
}
