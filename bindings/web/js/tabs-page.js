// What stands in a tab for the client of a SharedWorker.

import { AnswerStream } from './answer-stream.js';
import { PamlinkError } from './errors.js';
import { Events } from './events.js';
import { enveloped, held, unpacked } from './tabs-messages.js';

/** How many events wait in a tab for a loop that is slow, as in a client. */
const BUFFER = 256;
/** Milliseconds for a worker to answer whoever joins it: then it is joined once more. */
const PATIENCE = 3_000;

/** In a tab: what is used as the client of the worker is used. `make` makes that, once and after its death. */
export function join(make) {
  return new TabClient(make);
}

/** What stands for the client of a worker in a tab. */
class TabClient {
  #make;
  #port;
  #events = new Events(BUFFER);
  #state = 'closed';
  #answers = new Map();
  #calls = new Map();
  #last = 0;
  /** What is said once there is a worker. */
  #unsaid = [];
  /** The error of every call from now on. */
  #refusal;
  #over = new AbortController();
  /** The lock of this tab, by which its death is known. */
  #lock;
  /** What another worker goes on from, should this one die. */
  #kept = null;
  /** Requests of a worker that has died, of whose answers nothing has come since. */
  #stale = new Set();
  #isConnected = false;

  constructor(make) {
    this.#make = make;
    const { signal } = this.#over;
    this.#lock = held(signal);
    void this.#join();
    if (typeof addEventListener !== 'function') return;
    const wake = () => globalThis.document?.hidden || this.wake();
    globalThis.document?.addEventListener('visibilitychange', wake, { signal });
    addEventListener('pageshow', wake, { signal });
    // One that is kept comes back.
    addEventListener('pagehide', ({ persisted }) => persisted || this.#say('part'), { signal });
  }

  /** Joins a worker, the first one or that after one that has died. */
  async #join() {
    const name = await this.#lock;
    if (this.#refusal) return;
    let worker;
    try {
      worker = this.#make();
    } catch (error) {
      this.#end(gone(`cannot be made: ${error}`));
      return;
    }
    const { port } = worker;
    const kept = this.#kept;
    // One that ends may be what a platform still gives: what it is asked goes to one that answers.
    const again = setTimeout(() => {
      port.close();
      void this.#join();
    }, PATIENCE);
    this.#over.signal.addEventListener('abort', () => clearTimeout(again));
    port.onmessage = ({ data: [kind, ...given] }) => {
      if (kind === 'state') clearTimeout(again);
      // What is said of a request is for a worker that has it: what goes on is there once it is known.
      if (kind === (kept ? 'known' : 'state')) {
        this.#port = port;
        for (const what of this.#unsaid.splice(0)) port.postMessage(what);
      }
      this.#hear(kind, given);
    };
    worker.addEventListener?.('error', () => this.#end(gone('cannot run')), { signal: this.#over.signal });
    port.postMessage(['join', name, kept]);
  }

  /** The worker has died, with all that it was asked but what its last snapshot has. */
  #rejoin() {
    if (this.#refusal) return;
    this.#port?.close();
    this.#port = undefined;
    for (const { fail } of this.#calls.values()) fail(gone('has ended'));
    this.#calls.clear();
    this.#stale = new Set(this.#answers.keys());
    if (!this.#kept) this.#known([]);
    this.#state = 'closed';
    this.#events.emit({ type: 'fault', name: 'poisoned', message: gone('has ended').message });
    void this.#join();
    if (this.#isConnected) this.#call('connect').catch(() => {});
  }

  connect() {
    if (this.#refusal) throw this.#refusal;
    this.#isConnected = true;
    this.#call('connect').catch(() => {});
  }

  /** Leaves the worker's client, which goes on for the other tabs. */
  async close() {
    if (this.#refusal) return;
    this.#say('part');
    this.#end(new PamlinkError('closed', 'the client was closed'));
  }

  [Symbol.dispose ?? Symbol.for('Symbol.dispose')]() {
    void this.close();
  }

  [Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose')]() {
    return this.close();
  }

  get state() {
    return this.#state;
  }

  ask(text, { signal, context, ...options } = {}) {
    const number = (this.#last += 1);
    const answer = this.#unanswered(number);
    if (signal?.aborted || this.#refusal) {
      answer.fail(signal?.aborted ? signal.reason : this.#refusal);
      return answer;
    }
    const json = context === undefined || typeof context === 'string' ? context : JSON.stringify(context);
    this.#isConnected = true;
    this.#answers.set(number, answer);
    this.#say('ask', number, text, { ...options, context: json });
    const abort = () => answer.leave(signal.reason);
    signal?.addEventListener('abort', abort, { once: true });
    if (signal) answer.ended().catch(() => {}).then(() => signal.removeEventListener('abort', abort));
    return answer;
  }

  send(text, options) {
    return this.ask(text, options).ended();
  }

  async post(envelope) {
    await this.#call('post', textOf(envelope));
  }

  async submit(envelope, options) {
    return this.#call('submit', textOf(envelope), options);
  }

  snapshot() {
    return this.#call('snapshot');
  }

  wake() {
    this.#call('wake').catch(() => {});
  }

  networkChanged() {
    this.#call('networkChanged').catch(() => {});
  }

  on(...its) {
    return this.#events.on(...its);
  }

  [Symbol.asyncIterator]() {
    return this.#events.iterate();
  }

  /** An answer that the worker has by this number. */
  #unanswered(number) {
    const answer = new AnswerStream({
      leave: (_, wanted) => {
        this.#answers.delete(number);
        this.#say('leave', number, wanted);
      },
      cancel: () => this.#called('cancel', number),
    });
    answer.ended().catch(() => {});
    answer.asked(number);
    return answer;
  }

  #call(method, ...args) {
    return this.#called('call', method, args);
  }

  async #called(kind, ...what) {
    if (this.#refusal) throw this.#refusal;
    const call = (this.#last += 1);
    return new Promise((settle, fail) => {
      this.#calls.set(call, { settle, fail });
      this.#say(kind, call, ...what);
    });
  }

  #say(...what) {
    if (this.#refusal) return;
    if (this.#port) this.#port.postMessage(what);
    else this.#unsaid.push(what);
  }

  #hear(kind, [first, second]) {
    const answer = this.#answers.get(first);
    switch (kind) {
      case 'lock':
        navigator.locks.request(first, { signal: this.#over.signal }, () => this.#rejoin()).catch(() => {});
        return;
      case 'kept':
        this.#kept = first;
        return;
      case 'known':
        this.#known(first);
        return;
      case 'state':
        this.#state = first;
        return;
      case 'event':
        this.#state = first;
        this.#events.emit(enveloped(second));
        return;
      case 'restored':
        this.#answers.set(first, this.#unanswered(first));
        this.#events.emit(Object.assign(enveloped(second), { answer: this.#answers.get(first) }));
        return;
      case 'piece':
        // Another worker has it from its beginning.
        answer?.piece(this.#stale.delete(first) ? { ...second, restart: true } : second);
        return;
      case 'end':
      case 'fail':
        this.#answers.delete(first);
        if (kind === 'end') answer?.end(enveloped(second));
        else answer?.fail(unpacked(second));
        return;
      case 'result':
      case 'error': {
        const { settle, fail } = this.#calls.get(first) ?? {};
        this.#calls.delete(first);
        if (kind === 'result') settle?.(second);
        else fail?.(unpacked(second));
      }
    }
  }

  /** The requests that go on in another worker; of the others nobody knows what has come. */
  #known(numbers) {
    for (const number of this.#stale) {
      if (numbers.includes(number)) continue;
      this.#stale.delete(number);
      this.#answers.get(number)?.end({ type: 'unknown' });
      this.#answers.delete(number);
    }
  }

  #end(error) {
    if (this.#refusal) return;
    this.#refusal = error;
    this.#state = 'closed';
    this.#over.abort();
    this.#port?.close();
    for (const map of [this.#answers, this.#calls]) {
      for (const waiting of map.values()) waiting.fail(error);
      map.clear();
    }
    if (error.code !== 'closed') this.#events.emit({ type: 'fault', name: error.code, message: error.message });
    this.#events.end();
  }
}

function gone(how) {
  return new PamlinkError('poisoned', `the worker of the link ${how}`);
}

function textOf(envelope) {
  return typeof envelope === 'string' ? envelope : JSON.stringify(envelope);
}
