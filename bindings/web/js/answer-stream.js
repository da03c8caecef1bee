// A request, and its answer as it grows.

import { PamlinkError, ofOutcome } from './errors.js';

/** What `Client.ask` returns: an async iterable of pieces. */
export class AnswerStream {
  #commands;
  #number = null;
  /** What came that was not taken yet. */
  #fresh = '';
  #restart = false;
  #outcome;
  #error;
  #result;
  /** The server is to say what has come of a cancel. @internal */
  isCancelling = false;
  /** The caller has left: what is said of it once the engine knows the request. */
  #leaving;
  /** Whoever waits for something to come of it. */
  #waiting = [];

  /** @param {{ forget(number: number): void, cancel(number: number): Promise<void> }} commands */
  constructor(commands) {
    this.#commands = commands;
  }

  // What the client tells it.

  /** @internal @param {number} number */
  asked(number) {
    this.#number = number;
    this.#leaving?.();
    this.#stir();
  }

  /** @internal */
  piece({ text, rest = null, restart }) {
    if (restart) [this.#fresh, this.#restart] = ['', true];
    this.#fresh += rest ?? text;
    this.#stir();
  }

  /** @internal */
  cancelResult({ outcome, offset, errorCode }) {
    this.#result = { outcome, offset, errorCode };
    this.#stir();
  }

  /** @internal */
  end(outcome) {
    this.#outcome = outcome;
    this.#stir();
  }

  /** @internal @param {unknown} [error] */
  fail(error = new DOMException('nobody waits for the answer', 'AbortError')) {
    this.#error ??= { error };
    this.#stir();
  }

  /** Its caller has left. @internal */
  get isLeft() {
    return !!this.#leaving;
  }

  // What its caller asks.

  /** The whole answer. Rejects with a `PamlinkError` if there is none. */
  get answer() {
    return this.ended().then((outcome) => {
      if (outcome.type !== 'answered') throw ofOutcome(outcome);
      return outcome;
    });
  }

  /** How the request ends. */
  async ended() {
    while (!this.#outcome) {
      if (this.#error) throw this.#error.error;
      await this.#progress();
    }
    return this.#outcome;
  }

  /**
   * Cancels the request: its answer ends where its pieces have. What that has come to, as the server
   * says. Rejects with `needs_v1` where it knows no cancel, and `request_ended` where that is over.
   */
  async cancel() {
    while (this.#number === null) {
      if (this.#error) throw this.#error.error;
      await this.#progress();
    }
    if (this.#outcome) throw new PamlinkError('request_ended', undefined, { kind: 'usage' });
    await this.#commands.cancel(this.#number);
    this.isCancelling = true;
    while (!this.#result) {
      if (this.#error) throw this.#error.error;
      // One that was never sent is dropped, and no server says so.
      if (this.#outcome?.type === 'cancelled') return { outcome: 'cancelled', offset: null, errorCode: null };
      await this.#progress();
    }
    return this.#result;
  }

  /** Waits no longer. A request that was sent has its effect; its answer is a `late` event. */
  detach() {
    this.#leave(() => this.#forget());
  }

  /** Leaves it: cancelled where the server knows that, else forgotten. @internal */
  leave() {
    this.#leave(() => this.#commands.cancel(/** @type {number} */ (this.#number)).catch(() => this.#forget()));
  }

  async *[Symbol.asyncIterator]() {
    try {
      for (;;) {
        if (this.#fresh || this.#restart) {
          const piece = { text: this.#fresh, restart: this.#restart };
          [this.#fresh, this.#restart] = ['', false];
          yield piece;
        } else if (this.#error) {
          throw this.#error.error;
        } else if (this.#outcome) {
          if (this.#outcome.type !== 'answered') throw ofOutcome(this.#outcome);
          return;
        } else {
          await this.#progress();
        }
      }
    } finally {
      this.leave();
    }
  }

  /** @param {() => unknown} command */
  #leave(command) {
    if (this.#leaving || this.#outcome || this.#error) return;
    this.#leaving = command;
    if (this.#number !== null) command();
  }

  #forget() {
    this.#commands.forget(/** @type {number} */ (this.#number));
    this.fail();
  }

  #progress() {
    return new Promise((settle) => this.#waiting.push(settle));
  }

  #stir() {
    for (const settle of this.#waiting.splice(0)) settle(undefined);
  }
}
