/** Where the keyboard's focus goes when a row of a list is removed. */

/** To the row that took its place, or to the button that adds one. */
export function focusNeighbour(list: HTMLElement | undefined, place: number, title: string): void {
  const section = document.getElementById(title)?.closest('section');
  const rows = list?.querySelectorAll<HTMLElement>('li button') ?? [];
  const next = rows[Math.min(place, rows.length - 1)] ?? section?.querySelector<HTMLElement>('button');
  next?.focus();
}
