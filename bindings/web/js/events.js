// What happens beside the answers to requests, for listeners and for loops.

/** Events that are given to each listener and each loop. */
export class Events {
  #most;
  #listeners = new Map();
  #loops = new Set();
  #over = false;

  /** @param {number} most how many wait for a loop; beyond, the oldest is dropped, and it hears so */
  constructor(most) {
    this.#most = most;
  }

  /** @param {string} type @param {(event: any) => void} listener @param {{ signal?: AbortSignal }} [options] */
  on(type, listener, { signal } = {}) {
    const held = this.#listeners.get(type) ?? new Set();
    const end = () => {
      held.delete(listener);
      signal?.removeEventListener('abort', end);
    };
    this.#listeners.set(type, held.add(listener));
    signal?.addEventListener('abort', end);
    if (signal?.aborted) end();
    return end;
  }

  /** A loop over every event from here on. */
  iterate() {
    const loop = { events: [], lost: 0, waiting: [], over: false };
    this.#loops.add(loop);
    const end = async () => {
      this.#loops.delete(loop);
      loop.over = true;
      stir(loop);
      return { done: true, value: undefined };
    };
    return {
      next: async () => {
        for (;;) {
          if (loop.lost > 0) {
            const value = { type: 'lost', count: loop.lost };
            loop.lost = 0;
            return { done: false, value };
          }
          if (loop.events.length > 0) return { done: false, value: loop.events.shift() };
          if (loop.over || this.#over) return end();
          await new Promise((settle) => loop.waiting.push(settle));
        }
      },
      return: end,
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  /** @param {any} event */
  emit(event) {
    for (const listener of this.#listeners.get(event.type) ?? []) {
      try {
        listener(event);
      } catch (error) {
        // As an event target does: one listener harms nobody else.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
    for (const loop of this.#loops) {
      if (loop.events.push(event) > this.#most) {
        loop.events.shift();
        loop.lost += 1;
      }
      stir(loop);
    }
  }

  /** There will be no more. */
  end() {
    this.#over = true;
    for (const loop of this.#loops) stir(loop);
  }
}

function stir(loop) {
  for (const settle of loop.waiting.splice(0)) settle();
}
