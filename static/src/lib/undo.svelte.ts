/** Undo and redo over whole documents: small, and right by construction. */

import type { Words } from './protocol';

interface Entry<Document> {
  document: Document;
  label: Words;
  /** Edits of one gesture (a slider being dragged) share a key and make one entry. */
  gesture: string | null;
  at: number;
}

const LONGEST = 200;
/** Milliseconds within which edits of the same gesture belong together. */
const GESTURE_PAUSE = 1500;

export class UndoStack<Document> {
  #past = $state.raw<Entry<Document>[]>([]);
  #future = $state.raw<Entry<Document>[]>([]);

  constructor(private readonly now: () => number = () => performance.now()) {}

  get canUndo(): boolean {
    return this.#past.length > 0;
  }

  get canRedo(): boolean {
    return this.#future.length > 0;
  }

  /** What undo would take back. */
  get undoLabel(): Words | null {
    return this.#past.at(-1)?.label ?? null;
  }

  get redoLabel(): Words | null {
    return this.#future.at(-1)?.label ?? null;
  }

  /** Remember `before`, the document as it was before an edit called `label`. */
  push(before: Document, label: Words, gesture: string | null = null): void {
    const now = this.now();
    const newest = this.#past.at(-1);
    this.#future = [];
    if (gesture !== null && newest?.gesture === gesture && now - newest.at < GESTURE_PAUSE) {
      this.#past = [...this.#past.slice(0, -1), { ...newest, at: now }];
      return;
    }
    this.#past = [...this.#past, { document: before, label, gesture, at: now }].slice(-LONGEST);
  }

  /** The document before the newest edit, or null; `present` is kept for redo. */
  undo(present: Document): Document | null {
    const entry = this.#past.at(-1);
    if (entry === undefined) return null;
    this.#past = this.#past.slice(0, -1);
    this.#future = [...this.#future, { ...entry, document: present, gesture: null }];
    return entry.document;
  }

  /** The document after the edit last undone, or null; `present` is kept for undo. */
  redo(present: Document): Document | null {
    const entry = this.#future.at(-1);
    if (entry === undefined) return null;
    this.#future = this.#future.slice(0, -1);
    this.#past = [...this.#past, { ...entry, document: present, gesture: null }];
    return entry.document;
  }
}
