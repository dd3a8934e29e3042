/** Keys of the network canvas: what they do, and how the help dialog lists them. */

import type { GraphKey } from './words';

export type CanvasCommand =
  | 'left'
  | 'right'
  | 'up'
  | 'down'
  | 'first'
  | 'last'
  | 'select'
  | 'leave'
  | 'more'
  | 'fewer'
  | 'previousUnit'
  | 'nextUnit'
  | 'insert'
  | 'duplicate'
  | 'remove'
  | 'fit';

const COMMANDS: Record<string, CanvasCommand> = {
  ArrowLeft: 'left',
  ArrowRight: 'right',
  ArrowUp: 'up',
  ArrowDown: 'down',
  Home: 'first',
  End: 'last',
  Enter: 'select',
  ' ': 'select',
  Escape: 'leave',
  '+': 'more',
  '=': 'more',
  '-': 'fewer',
  '−': 'fewer',
  '[': 'previousUnit',
  ']': 'nextUnit',
  i: 'insert',
  d: 'duplicate',
  Delete: 'remove',
  Backspace: 'remove',
  f: 'fit',
};

/** What a key does on a layer; `null` when it does nothing or belongs to the page. */
export function commandOf(event: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey'>): CanvasCommand | null {
  if (event.ctrlKey || event.metaKey || event.altKey) return null;
  return COMMANDS[event.key] ?? null;
}

export interface Shortcut {
  keys: readonly string[];
  text: GraphKey;
}

/** The keys as the help dialog shows them. */
export const CANVAS_SHORTCUTS: readonly Shortcut[] = [
  { keys: ['←', '→', '↑', '↓'], text: 'graph.keys.walk' },
  { keys: ['Home', 'End'], text: 'graph.keys.ends' },
  { keys: ['Enter'], text: 'graph.keys.select' },
  { keys: ['[', ']'], text: 'graph.keys.unit' },
  { keys: ['+', '−'], text: 'graph.keys.units' },
  { keys: ['I'], text: 'graph.keys.insert' },
  { keys: ['D'], text: 'graph.keys.duplicate' },
  { keys: ['Delete'], text: 'graph.keys.remove' },
  { keys: ['F'], text: 'graph.keys.fit' },
  { keys: ['Esc'], text: 'graph.keys.leave' },
];
