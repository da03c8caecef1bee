// An engine over `pamlink.v1` whose server is a few frames that are written here. The work is that of
// `bindings/python/bench/talk.py`, where it is said what is done and why; each function returns
// milliseconds.

import { pamlink } from '../tests/package.mjs';

const { Engine } = await import(pamlink('js/engine.js'));
const kinds = await import(pamlink('js/records.js'));

export const TOGETHER = 16;
const TOKENS = 1_000;
const TOKEN = 'twenty bytes of it. ';
const CANCELS = 50;
const RUNNING = 16;
const OPTIONS = { url: 'wss://example.org/api/v1/pam/ws/ann' };
// Positions of the server and of its log.
const [EPOCH, LOG] = ['5e7f00000000000a', '109e000000000001'];

export class Talk {
  #engine;
  #epoch;
  /** What each end has sent and its peer has received. */
  #sent = 0;
  #said = 0;

  /** @param {WebAssembly.Module} module */
  constructor(module) {
    this.#engine = new Engine(module, OPTIONS);
    this.#step([kinds.CONNECT]);
    this.#step([kinds.TOKEN, [null], ['a.b.c']]);
    const said = envelopes(this.#step([kinds.OPENED_IN, [], ['pamlink.v1']]));
    this.#epoch = said.find(({ type }) => type === 'open').sent[0];
    this.#step(heard({ type: 'welcome', version: 1, features: 1, limits: { message: 1 << 20 }, heartbeat: 3_600_000 }));
    this.#step(heard({
      type: 'opened', session: '9f'.repeat(16), answer: 'begun', received: [this.#epoch, 0], from: [EPOCH, 0],
      sent: [EPOCH, 0], log: LOG, window: { envelopes: 512, bytes: 1 << 18 }, keep: 120_000,
    }));
  }

  /** A token to its event, so many in one step. */
  tokens(together) {
    const { stream } = this.#asked();
    const steps = [];
    for (let at = 0; at < TOKENS; at += together) {
      const count = Math.min(together, TOKENS - at);
      steps.push(Array.from({ length: count }, (_, more) => heard(piece(stream, at + more))));
    }
    let grown = 0;
    const start = performance.now();
    for (const records of steps) {
      for (const event of this.#engine.step(records)) if (event.type === 'piece') grown += event.text.length;
    }
    const taken = performance.now() - start;
    expect(grown === TOKENS * TOKEN.length, `${grown} bytes of pieces`);
    const body = { type: 'chat_response', message: 'whole', reply_to: stream };
    const ended = this.#step(heard({ type: 'end', stream, at: [LOG, TOKENS + 1], offset: grown, how: 'done', body }));
    expect(ended.some(({ type }) => type === 'answer'), 'no answer');
    return taken / TOKENS;
  }

  /** A cancel, to its result. */
  cancels() {
    let taken = 0;
    for (let at = 0; at < CANCELS; at += 1) {
      const { request, stream } = this.#asked();
      this.#step(heard(piece(stream, 0)));
      const of = [this.#epoch, (this.#sent += 1)];
      const result = {
        type: 'cancel_result', at: [EPOCH, (this.#said += 1)], of, received: of,
        results: [{ stream, outcome: 'cancelled', offset: TOKEN.length }],
      };
      const end = { type: 'end', stream, at: [LOG, 2], offset: TOKEN.length, how: 'cancelled' };
      const frame = heard(result, end);
      const start = performance.now();
      this.#engine.step([[kinds.CANCEL, [request]]]);
      const events = this.#engine.step([frame]);
      taken += performance.now() - start;
      const types = events.map(({ type }) => type);
      expect(types.includes('cancel_result') && types.includes('cancelled'), String(types));
    }
    return taken / CANCELS;
  }

  /** What a client goes on from that has answers running. It asks no more. */
  snapshot() {
    for (let at = 0; at < RUNNING; at += 1) this.#step(heard(piece(this.#asked().stream, 0)));
    return this.#step([kinds.SNAPSHOT]).find(({ type }) => type === 'snapshot_taken').bytes;
  }

  /** A request that the server has taken, and the name of its answer's stream. */
  #asked() {
    const text = 'what is left of my budget for fuel this week?';
    const step = this.#step([kinds.ASK, [true], [text, null, null, null, null]]);
    this.#sent += 1;
    this.#step(heard({ type: 'ack', received: [this.#epoch, this.#sent], sent: [EPOCH, this.#said] }));
    const { request } = step.find(({ type }) => type === 'asked');
    return { request, stream: envelopes(step).find(({ type }) => type === 'item').stream };
  }

  /** A step, before which all is written that the client has said. */
  #step(record) {
    return this.#engine.step([[kinds.WRITTEN, [0]], record]);
  }
}

/** A client that goes on from a snapshot, to the requests that it has. */
export function restores(module, snapshot) {
  const times = 20;
  let restored = 0;
  const start = performance.now();
  for (let at = 0; at < times; at += 1) {
    const events = new Engine(module, OPTIONS, snapshot).step([]);
    restored += events.filter(({ type }) => type === 'restored').length;
  }
  const taken = performance.now() - start;
  expect(restored === times * RUNNING, `${restored} requests`);
  return taken / times;
}

/** Clients that are not connected. */
export const clients = (module, count) => Array.from({ length: count }, () => new Engine(module, OPTIONS));

/** The token of this number of an answer, from 0. */
const piece = (stream, number) => ({
  type: 'piece', stream, at: [LOG, number + 1], offset: number * TOKEN.length, append: TOKEN,
});

/** What the server says, in one message. */
const heard = (...said) => [kinds.TEXT_IN, [0], [said.map((it) => JSON.stringify(it)).join('\x1e')]];

/** The envelopes that the client says. */
const envelopes = (events) => events.filter(({ type }) => type === 'write_text')
  .flatMap(({ text }) => text.split('\x1e').map((it) => JSON.parse(it)));

export function expect(holds, what) {
  if (!holds) throw new Error(what);
}
