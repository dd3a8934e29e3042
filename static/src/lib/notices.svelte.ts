/** Short messages: shown as toasts, or spoken only (the live region for training events). */

import type { Problem, Words } from './protocol';

export interface Notice {
  id: number;
  tone: 'information' | 'problem';
  message: Words;
  hint: Words | null;
}

const SHOWN_FOR = 8000;

class Notices {
  list = $state.raw<Notice[]>([]);
  /** What a screen reader is told next. */
  spoken = $state.raw<Words | null>(null);
  #next = 1;

  show(message: Words, hint: Words | null = null, tone: Notice['tone'] = 'information'): void {
    if (this.list.some((notice) => notice.message.en === message.en)) return;
    const notice = { id: this.#next, tone, message, hint };
    this.#next += 1;
    this.list = [...this.list, notice].slice(-3);
    setTimeout(() => this.dismiss(notice.id), SHOWN_FOR);
  }

  showProblem(problem: Problem): void {
    this.show(problem.message, problem.hint, 'problem');
  }

  dismiss(id: number): void {
    this.list = this.list.filter((notice) => notice.id !== id);
  }

  /** Tell a screen reader only. */
  speak(text: Words): void {
    this.spoken = text;
  }
}

export const notices = new Notices();
