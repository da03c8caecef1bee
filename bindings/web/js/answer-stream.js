// A request, and its answer as it grows.

import { ofOutcome } from './errors.js';

/** What `Client.ask` returns: an async iterable of pieces. */
export class AnswerStream {
  #commands;
  /** Its number in the engine, once that knows it. @internal */
  request = null;
  /** What came that was not taken yet. */
  #piece;
  #outcome;
  #error;
  /** The caller has left: whether the answer is wanted all the same. */
  #wanted;
  /** Whoever waits for something to come of it. */
  #waiting = [];
  /** Called at once whenever something has come of it. @internal */
  watch;

  /** @param {{ leave(number: number, wanted: boolean): void, cancel(number: number): Promise<void> }} commands */
  constructor(commands) {
    this.#commands = commands;
  }

  // What the client tells it.

  /** @internal @param {number} number */
  asked(number) {
    this.request = number;
    this.#left();
    this.#stir();
  }

  /** @internal */
  piece({ text, rest, restart }) {
    if (restart || !this.#piece) this.#piece = { text: '', restart };
    this.#piece.text += rest ?? text;
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
    return this.#wanted !== undefined;
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
    while (!this.#outcome) await this.#progress();
    return this.#outcome;
  }

  /**
   * Cancels the request: its answer ends where its pieces have. What that has come to, as the server
   * says; `ended` where the request has ended or was left. Rejects with `needs_v1` where it knows no
   * cancel.
   */
  async cancel() {
    while (this.request === null) await this.#progress();
    return this.#commands.cancel(this.request);
  }

  /** Waits no longer. A request that was sent has its effect; its answer is a `late` event. */
  detach() {
    this.#leave(true);
  }

  /** What has come of the text and was not taken yet. @internal */
  take() {
    const piece = this.#piece;
    this.#piece = undefined;
    return piece?.text || piece?.restart ? piece : undefined;
  }

  /** Leaves it, and cancels it where the server knows that. @internal @param {unknown} [error] */
  leave(error) {
    this.#leave(false, error);
  }

  async *[Symbol.asyncIterator]() {
    try {
      for (;;) {
        const piece = this.take();
        if (piece) {
          yield piece;
        } else if (this.#outcome) {
          await this.answer;
          return;
        } else {
          await this.#progress();
        }
      }
    } finally {
      this.leave();
    }
  }

  /** @param {boolean} wanted @param {unknown} [error] */
  #leave(wanted, error) {
    if (this.isLeft || this.#outcome || this.#error) return;
    this.#wanted = wanted;
    this.#left();
    this.fail(error);
  }

  /** Tells the engine, once that knows the request. */
  #left() {
    if (this.isLeft && this.request !== null) this.#commands.leave(this.request, this.#wanted);
  }

  /** Until something more has come of it. Rejects where nothing will. */
  async #progress() {
    if (this.#error) throw this.#error.error;
    await new Promise((settle) => this.#waiting.push(settle));
  }

  #stir() {
    this.watch?.();
    for (const settle of this.#waiting.splice(0)) settle();
  }
}
