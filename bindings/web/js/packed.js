// The packed layout: what goes into the engine and comes out of it, as records in one buffer.

import { read } from './records.js';

/** @typedef {[kind: number, words?: Array<number | boolean | null>, texts?: Array<string | Uint8Array | null>]} Input */

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const NONE = 0xffff_ffff;
const HEAD = 8;

/** An event that stands for an envelope, which is read when somebody asks for it. */
export class Enveloped {
  #raw;

  /** @param {object} fields @param {Uint8Array} raw */
  constructor(fields, raw) {
    Object.assign(this, fields);
    this.#raw = raw;
  }

  /** The envelope as it came. */
  get json() {
    return decoder.decode(this.#raw);
  }

  /** The envelope as a value; nothing where there is none. */
  get envelope() {
    return this.#raw.length > 0 ? JSON.parse(this.json) : undefined;
  }
}

/**
 * The most bytes that records take.
 *
 * @param {Input[]} records
 */
export function bound(records) {
  let most = 0;
  for (const [, words = [], texts = []] of records) {
    most += HEAD + 8 * words.length + 4 * texts.length;
    // A unit of UTF-16 takes three bytes of UTF-8 at most.
    for (const text of texts) if (text !== null) most += text.length * (typeof text === 'string' ? 3 : 1);
  }
  return most;
}

/**
 * Writes records, and says how many bytes they take. A lone surrogate becomes U+FFFD.
 *
 * @param {Uint8Array} out at least as long as `bound` says
 * @param {Input[]} records
 */
export function write(out, records) {
  const view = new DataView(out.buffer, out.byteOffset, out.byteLength);
  let start = 0;
  for (const [kind, words = [], texts = []] of records) {
    let at = start + HEAD;
    view.setUint16(start + 4, kind, true);
    out[start + 6] = words.length;
    out[start + 7] = texts.length;
    for (const word of words) {
      // Modulo 2^32 each; of -1 all bits are set, which says that there is none.
      const number = word ?? -1;
      view.setUint32(at, number, true);
      view.setUint32(at + 4, Math.floor(number / 2 ** 32), true);
      at += 8;
    }
    let lengths = at;
    at += 4 * texts.length;
    for (const text of texts) {
      let length = NONE;
      if (typeof text === 'string') {
        length = encoder.encodeInto(text, out.subarray(at)).written;
      } else if (text !== null) {
        out.set(text, at);
        length = text.length;
      }
      view.setUint32(lengths, length, true);
      lengths += 4;
      if (length !== NONE) at += length;
    }
    view.setUint32(start, at - start, true);
    start = at;
  }
  return start;
}

/** Reads the members of one record after the other, in the order of the schema. */
export class Reader {
  #bytes;
  #view;
  /** Where the next word is, the next length, the next text. */
  #word = 0;
  #length = 0;
  #text = 0;

  /** @param {Uint8Array} bytes the output of the engine */
  constructor(bytes) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Every record. What is not known is left out: it is of a later version. */
  records() {
    const records = [];
    for (let at = 0; at < this.#bytes.length; at += this.#view.getUint32(at, true)) {
      this.#word = at + HEAD;
      this.#length = this.#word + 8 * this.#bytes[at + 6];
      this.#text = this.#length + 4 * this.#bytes[at + 7];
      const record = read(this.#view.getUint16(at + 4, true), this);
      if (record !== undefined) records.push(record);
    }
    return records;
  }

  /** A word. Beyond 2^53 it is the nearest number. */
  word() {
    const at = this.#word;
    this.#word += 8;
    return this.#view.getUint32(at, true) + this.#view.getUint32(at + 4, true) * 2 ** 32;
  }

  /** All bits are set where there is none. */
  maybeWord() {
    const isNone = this.#view.getBigInt64(this.#word, true) === -1n;
    const word = this.word();
    return isNone ? null : word;
  }

  flag() {
    return this.word() !== 0;
  }

  /** A span or a deadline, in milliseconds. */
  span() {
    return this.word() / 1e6;
  }

  maybeSpan() {
    const word = this.maybeWord();
    return word && word / 1e6;
  }

  /** The bytes of a member, until the engine's next step. */
  #lent() {
    const length = this.#view.getUint32(this.#length, true);
    this.#length += 4;
    if (length === NONE) return null;
    this.#text += length;
    return this.#bytes.subarray(this.#text - length, this.#text);
  }

  bytes() {
    return this.#lent()?.slice() ?? new Uint8Array();
  }

  text() {
    return this.maybeText() ?? '';
  }

  maybeText() {
    const lent = this.#lent();
    return lent && decoder.decode(lent);
  }

  /** @param {object} fields all members before the last one, which is JSON */
  withJson(fields) {
    return new Enveloped(fields, this.bytes());
  }
}
