// One WebSocket of the platform, as the transport of a link.

import { BINARY_IN, CLOSED_IN, CLOSE_IN, DIAL_FAILED, OPENED_IN, TEXT_IN, WRITTEN } from './records.js';

/** Bytes that may wait in the platform before the engine is told that it has written. */
const WAITING = 64 * 1024;
/** Milliseconds between two looks at what waits: no event says that it has become less. */
const LOOK = 20;
/** Milliseconds that the question for the status of a refused upgrade may take. */
const PROBE = 3_000;

/**
 * A transport, from its dial on. It cannot be torn down: `drop` means that nothing of it is listened
 * to any more.
 */
export class Link {
  #socket;
  #feed;
  /** Writes of which the engine waits to hear that they are done. */
  #unwritten = 0;
  #looks;
  #opened = false;
  #refusedOnce = false;
  /** Nothing of it is told any more. */
  #over = false;

  /**
   * @param {{ url: string, subprotocol: string | null }} dial
   * @param {string[]} subprotocols
   * @param {typeof globalThis.WebSocket} WebSocket
   * @param {(...record: import('./packed.js').Input) => void} feed
   */
  constructor({ url, subprotocol }, subprotocols, WebSocket, feed) {
    this.#feed = feed;
    try {
      if (typeof WebSocket !== 'function') throw new Error('there is no WebSocket');
      this.#socket = new WebSocket(url, subprotocol === null ? subprotocols : [subprotocol, ...subprotocols]);
    } catch (error) {
      this.#end(DIAL_FAILED, [null, null], ['setup', String(error)]);
      return;
    }
    const socket = this.#socket;
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => {
      this.#opened = true;
      this.#tell(OPENED_IN, [], [socket.protocol || null]);
    };
    socket.onmessage = ({ data }) => {
      this.#look();
      if (typeof data === 'string') this.#tell(TEXT_IN, [0], [data]);
      else this.#tell(BINARY_IN, [0], [new Uint8Array(data)]);
    };
    // Some give no `close` after the `error` of a refused upgrade.
    socket.onerror = (event) => this.#opened || this.#refused(url, event);
    socket.onclose = ({ code, reason }) => {
      if (!this.#opened) return this.#refused(url);
      // 1005: a close frame without a code; 1006: none at all.
      if (code !== 1006) this.#tell(CLOSE_IN, [0, code === 1005 ? null : code], [reason]);
      this.#end(CLOSED_IN, [0]);
    };
  }

  /** @param {string} text @param {boolean} ack whether the engine wants to hear that it is written */
  send(text, ack) {
    if (this.#socket.readyState === 1) this.#socket.send(text);
    if (ack) this.#unwritten += 1;
    this.#look();
  }

  /**
   * The platform takes 1000 and 3000 to 4999 alone: any other close is one without a code.
   *
   * @param {number | null} code @param {string} reason at most 123 bytes, as the engine has it
   */
  close(code, reason) {
    if (code === 1000 || (code >= 3000 && code < 5000)) this.#socket.close(code, reason);
    else this.#socket.close();
  }

  drop() {
    this.#over = true;
    clearTimeout(this.#looks);
    this.#socket?.close();
  }

  /** @param {import('./packed.js').Input} record */
  #tell(...record) {
    if (!this.#over) this.#feed(...record);
  }

  /** @param {import('./packed.js').Input} record */
  #end(...record) {
    this.#tell(...record);
    this.#over = true;
    clearTimeout(this.#looks);
  }

  /** Whether what was sent has left; if not, looks again. */
  #look() {
    clearTimeout(this.#looks);
    while (this.#unwritten > 0 && !this.#over) {
      if (this.#socket.bufferedAmount > WAITING) {
        this.#looks = setTimeout(() => this.#look(), LOOK);
        return;
      }
      // First, for the engine may hand out more at once, and this looks again.
      this.#unwritten -= 1;
      this.#tell(WRITTEN, [0]);
    }
  }

  /**
   * There is no link, and no browser says why. The same address, asked without an upgrade, may be
   * answered with the status; from another origin only where that allows it.
   *
   * @param {string} url @param {any} [event]
   */
  async #refused(url, event) {
    if (this.#over || this.#refusedOnce) return;
    this.#refusedOnce = true;
    let words = [null, null];
    let said = event?.error?.message || event?.message || 'no WebSocket';
    try {
      const response = await fetch(url.replace(/^ws/, 'http'), {
        cache: 'no-store',
        redirect: 'manual',
        signal: AbortSignal.timeout(PROBE),
      });
      // Of a redirect a browser says that it is one, and not which: its status is 0.
      const status = response.status || 302;
      // Who takes upgrades may refuse what is none by these: that says nothing of this one.
      if (status >= 300 && ![400, 404, 405, 426].includes(status)) {
        const after = +(response.headers.get('retry-after') ?? NaN);
        words = [status, after >= 0 ? after * 1e9 : null];
        said = (await response.text()).slice(0, 1_000);
      }
    } catch {
      // It is not for us to know.
    }
    this.#end(DIAL_FAILED, words, ['unexplained', said]);
  }
}
