/** Does one thing at a time; of those that are asked for meanwhile, only the newest waits. */

export class Newest<Value> {
  #waiting: { value: Value } | null = null;
  #busy = false;

  constructor(private readonly act: (value: Value) => Promise<unknown>) {}

  get isBusy(): boolean {
    return this.#busy;
  }

  /** Do it as soon as what is under way has ended. Resolves when nothing is left to be done. */
  async push(value: Value): Promise<void> {
    this.#waiting = { value };
    if (this.#busy) return;
    this.#busy = true;
    try {
      while (this.#waiting !== null) {
        const next: Value = this.#waiting.value;
        this.#waiting = null;
        await this.act(next);
      }
    } finally {
      this.#busy = false;
    }
  }
}
