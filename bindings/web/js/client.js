// A connection that outlives its links: what an app holds.

import { AnswerStream } from './answer-stream.js';
import { Engine, load } from './engine.js';
import { PamlinkError, ofFault } from './errors.js';
import { Events } from './events.js';
import { Link } from './link.js';
import {
  ABANDON, ASK, CANCEL, CONNECT, DISCONNECT, FORGET, NETWORK_CHANGED, SEND, SNAPSHOT, SUBMIT, TOKEN,
  TOKEN_FAILED, WAKE,
} from './records.js';

/** Milliseconds that `close` waits for the close frame, of which the engine has a deadline itself. */
const PATIENCE = 15_000;
/** How many milliseconds late a timer is where the page was frozen: what came meanwhile goes first. */
const HELD = 1_000;
/** The longest wait that a timer of the platform takes. */
const LONGEST = 2 ** 31 - 1;
const ENDS = ['answer', 'rejected', 'expired', 'unknown', 'unsent', 'cancelled'];

export class Client {
  #url;
  #token;
  #options;
  #subprotocols;
  #WebSocket;
  #snapshot;
  #wasm;
  /** Its making, once somebody wants it. */
  #making;
  #engine;
  /** What happened that the engine was not given yet, each with who wants to hear of it. */
  #inbox = [];
  #isStepping = false;
  #timer;
  #deadline = null;
  #link;
  #state = 3;
  #requests = new Map();
  /** Those that have ended, and of which the server has yet to say what came of their cancel. */
  #cancels = new Map();
  #submitted = new Map();
  #events;
  #connected = false;
  /** The error of every call from now on. */
  #refusal;
  /** Nothing happens any more. */
  #over = false;
  #closing;
  #signals;

  constructor(url, { token, wasm, WebSocket, buffer = 256, snapshot, subprotocols = [], ...options } = {}) {
    this.#url = String(url);
    this.#token = token;
    this.#wasm = wasm;
    this.#WebSocket = WebSocket;
    this.#events = new Events(buffer);
    this.#snapshot = snapshot;
    this.#subprotocols = subprotocols;
    this.#options = options;
  }

  /** Connects, and stays connected; after `stopped` it starts the client again. */
  connect() {
    this.#usable();
    this.#connected = true;
    if (!this.#signals && globalThis.addEventListener) {
      this.#signals = new AbortController();
      const { signal } = this.#signals;
      for (const name of ['visibilitychange', 'pageshow']) {
        addEventListener(name, () => document.hidden || this.#tell([WAKE]), { signal });
      }
      addEventListener('online', () => this.#tell([NETWORK_CHANGED]), { signal });
    }
    this.#tell([CONNECT]);
  }

  /** Sends the close frame, and ends everything. Requests that wait reject with `closed`. */
  close() {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close() {
    const error = new PamlinkError('closed', 'the client was closed');
    if (this.#engine && this.#connected && this.#state !== 3) {
      let patience;
      const rests = new Promise((settle) => {
        this.on('closed', settle);
        this.on('stopped', settle);
        patience = setTimeout(settle, PATIENCE);
      });
      this.#tell([DISCONNECT]);
      this.#refusal = error;
      await rests;
      clearTimeout(patience);
    }
    this.#end(error);
  }

  [Symbol.dispose ?? Symbol.for('Symbol.dispose')]() {
    void this.close();
  }

  [Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose')]() {
    return this.close();
  }

  get state() {
    return ['connecting', 'open', 'closing', 'closed'][this.#state];
  }

  /** A request whose answer is read as it grows. */
  ask(text, options = {}) {
    return this.#ask(true, text, options);
  }

  /** A request, and how it ends. */
  send(text, options = {}) {
    return this.#ask(false, text, options).ended();
  }

  #ask(stream, text, { agent, intent, sessionId, context, signal } = {}) {
    const answer = this.#unanswered();
    if (signal?.aborted) {
      answer.fail(signal.reason);
      return answer;
    }
    this.#command(ASK, [stream], [text, agent, intent, sessionId, textOf(context)], ({ request }) => {
      this.#asked(answer, request);
    }).catch((error) => answer.fail(error));
    if (signal) {
      const abort = () => answer.leave(signal.reason);
      signal.addEventListener('abort', abort);
      answer.ended().catch(() => {}).then(() => signal.removeEventListener('abort', abort));
    }
    return answer;
  }

  /** The answer of a request that the engine is to know. */
  #unanswered() {
    const answer = new AnswerStream({
      leave: (number, wanted) => {
        this.#requests.delete(number);
        this.#tell([wanted ? FORGET : ABANDON, [number]]);
      },
      cancel: (number) => this.#cancel(number),
    });
    // Who looks at it hears of it; who does not is not told by the runtime.
    answer.ended().catch(() => {});
    return answer;
  }

  /** What a cancel comes to: one result, for all who wait for it. */
  #cancel(number) {
    const waits = this.#cancels.get(number);
    if (waits) return waits.result;
    const cancel = {};
    cancel.result = new Promise((settle, fail) => Object.assign(cancel, { settle, fail }));
    this.#cancels.set(number, cancel);
    this.#command(CANCEL, [number]).catch((error) => {
      this.#cancels.delete(number);
      cancel.fail(error);
    });
    return cancel.result;
  }

  #asked(answer, request) {
    this.#requests.set(request, answer);
    answer.asked(request);
  }

  /** Sends an envelope that wants no answer, over the open link or not at all. */
  async post(envelope) {
    await this.#command(SEND, [], [textOf(envelope)]);
  }

  /** Sends an envelope now or later, over `pamlink.v1`; what has become of it. */
  submit(envelope, { priority, key, agent, timeToLive } = {}) {
    const lives = timeToLive && timeToLive * 1e6;
    return new Promise((settle, fail) => {
      const took = ({ command }) => this.#submitted.set(command, { settle, fail });
      this.#command(SUBMIT, [lives], [textOf(envelope), priority, key, agent], took).catch(fail);
    });
  }

  /** What a later client goes on from, by its option `snapshot`; as confidential as what was sent. */
  snapshot() {
    return this.#command(SNAPSHOT, [], [], ({ bytes }) => bytes);
  }

  wake() {
    this.#tell([WAKE]);
  }

  networkChanged() {
    this.#tell([NETWORK_CHANGED]);
  }

  /** Calls `listener` with each event of this type; the function that is returned ends that, or the signal. */
  on(...its) {
    return this.#events.on(...its);
  }

  /** Every event from here on; the iteration ends once the client is closed. */
  [Symbol.asyncIterator]() {
    return this.#events.iterate();
  }

  // The engine.

  #usable() {
    if (this.#refusal) throw this.#refusal;
  }

  /**
   * Gives the engine a command, and waits for what becomes of it.
   *
   * @param {number} kind @param {any[]} words @param {any[]} [texts]
   * @param {(result: any) => any} [took] is told its result, if it has one, before anything follows
   */
  async #command(kind, words, texts, took) {
    this.#usable();
    if (!this.#connected) this.connect();
    return new Promise((settle, fail) => {
      const done = (result) => (result?.type === 'fault' ? fail(ofFault(result)) : settle(result && took?.(result)));
      const given = texts?.map((text) => (text === undefined || text === null ? null : String(text)));
      this.#tell([kind, words, given], done, fail);
    });
  }

  /** Something has happened. */
  #tell(record, done, fail) {
    if (this.#over) return void fail?.(this.#refusal);
    this.#inbox.push({ record, done, fail });
    if (this.#engine) this.#step();
    else this.#making ??= this.#make();
  }

  async #make() {
    try {
      const module = await load(this.#wasm);
      if (this.#over) return;
      const options = { url: this.#url, anonymous: (this.#token ?? null) === null };
      for (const [name, value] of Object.entries(this.#options)) {
        if (value !== undefined) options[name.replace(/[A-Z]/g, (it) => `_${it.toLowerCase()}`)] = value;
      }
      this.#engine = new Engine(module, options, this.#snapshot);
      this.#step();
    } catch (error) {
      this.#end(error instanceof PamlinkError ? error : new PamlinkError('bad_wasm', String(error), { cause: error }));
    }
  }

  /**
   * Gives the engine all that has happened, until nothing more has. What comes after a freeze came
   * before the deadline that has passed meanwhile, and only then the timer says what time it is.
   */
  #step(isTimer = false) {
    if (this.#isStepping) return;
    const now = isTimer || !this.#isHeld() ? undefined : this.#deadline - 1;
    this.#isStepping = true;
    let inputs = [];
    try {
      do {
        inputs = this.#inbox.splice(0);
        const events = this.#engine.step(inputs.map(({ record }) => record), now);
        for (const event of events) {
          if ('of' in event) {
            const { done } = inputs[event.of] ?? {};
            if (done) {
              inputs[event.of].done = undefined;
              done(event);
            } else if (event.type === 'fault') {
              this.#events.emit(event);
            }
          } else {
            this.#handle(event);
          }
        }
        // A command without a result has none to wait for.
        for (const { done } of inputs) done?.();
      } while (this.#inbox.length > 0 && !this.#over);
    } catch (error) {
      this.#inbox.unshift(...inputs);
      this.#end(error);
    } finally {
      this.#isStepping = false;
    }
    this.#wait();
  }

  #wait() {
    clearTimeout(this.#timer);
    if (this.#deadline === null || this.#over) return;
    this.#timer = setTimeout(() => {
      // Not as the timer that each message sets anew: one may follow the other for long.
      if (this.#isHeld()) setTimeout(() => this.#over || this.#step(true), 0);
      else this.#step(true);
    }, Math.min(Math.max(this.#deadline - performance.now(), 0), LONGEST));
  }

  #isHeld() {
    return this.#deadline !== null && performance.now() - this.#deadline > HELD;
  }

  #handle(event) {
    switch (event.type) {
      case 'next':
        this.#deadline = event.deadline;
        return;
      case 'dial':
        this.#dial(event);
        return;
      case 'write_text':
        this.#link?.send(event.text, event.ack);
        return;
      case 'write_close':
        this.#link?.close(event.code, event.reason);
        return;
      case 'close_transport':
        this.#link?.drop();
        this.#link = undefined;
        return;
      case 'need_token':
        void this.#provide(event.need);
        return;
      case 'piece': {
        const answer = this.#requests.get(event.request);
        if (answer) answer.piece(event);
        else this.#late(event);
        return;
      }
      case 'cancel_result': {
        const { outcome, offset, errorCode } = event;
        taken(this.#cancels, event.request)?.settle({ outcome: outcome ?? 'unknown', offset, errorCode });
        return;
      }
      case 'outcome':
        taken(this.#submitted, event.command)?.settle(event);
        return;
      case 'restored':
        event.answer = this.#unanswered();
        this.#asked(event.answer, event.request);
        break;
      case 'state_changed':
        this.#state = event.to;
        break;
    }
    if (ENDS.includes(event.type)) this.#ended(event);
    else this.#events.emit(event);
  }

  #ended(event) {
    const answer = taken(this.#requests, event.request);
    if (event.type !== 'answer') {
      answer?.end(event);
    } else if (answer && !answer.isLeft) {
      answer.piece(event);
      event.type = 'answered';
      answer.end(event);
    } else {
      answer?.fail();
      this.#late(event);
    }
  }

  /** What came of a request of which nobody waits any more. */
  #late(event) {
    event.type = 'late';
    this.#events.emit(event);
  }

  #dial(event) {
    const tell = (...record) => this.#tell(record);
    this.#link = new Link(event, this.#subprotocols, this.#WebSocket ?? globalThis.WebSocket, tell);
  }

  async #provide(need) {
    try {
      if (typeof this.#token !== 'function' && need === 'rejected') throw new PamlinkError('token_denied');
      const given = typeof this.#token === 'function' ? await this.#token(need) : this.#token;
      const { token, expires } = typeof given === 'string' ? { token: given } : given;
      if (typeof token !== 'string') throw new TypeError('the token is no text');
      this.#tell([TOKEN, [expires ? Number(expires) * 1e3 : null], [token]]);
    } catch (error) {
      this.#events.emit({ type: 'fault', name: 'token_unavailable', message: String(error) });
      this.#tell([TOKEN_FAILED, [error?.code === 'token_denied']]);
    }
  }

  /** Nothing follows any more. */
  #end(error) {
    this.#refusal ??= error;
    this.#over = true;
    this.#engine = undefined;
    clearTimeout(this.#timer);
    this.#signals?.abort();
    this.#link?.drop();
    this.#state = 3;
    for (const { fail } of this.#inbox.splice(0)) fail?.(error);
    for (const map of [this.#requests, this.#cancels, this.#submitted]) {
      for (const waiting of map.values()) waiting.fail(error);
      map.clear();
    }
    // Who only listens is to hear why.
    if (error.code !== 'closed') this.#events.emit({ type: 'fault', name: error.code, message: error.message });
    this.#events.end();
  }
}

/** What a map has, and has no more. */
function taken(map, key) {
  const held = map.get(key);
  map.delete(key);
  return held;
}

/** A text as it is, and anything else as JSON; nothing of nothing. */
function textOf(value) {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
