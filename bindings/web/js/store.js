// What a client does, as snapshots that never change: for `useSyncExternalStore`, and its like elsewhere.

import { PamlinkError } from './errors.js';

/** Answers that have ended and are kept; beyond, the oldest is dropped. */
const KEPT = 100;
/** How a request has ended, by the code of its error. */
const ENDS = {
  rejected: 'rejected',
  request_expired: 'expired',
  request_unknown: 'unknown',
  request_unsent: 'unsent',
  request_cancelled: 'cancelled',
};
const UNLINKED = Object.freeze({ state: 'closed', retrying: null, stopped: null });
const NOTHING = Object.freeze({ link: UNLINKED, answers: Object.freeze([]) });
/** By their client and their stream: each has one, for what is read of it is read once. */
const clients = new WeakMap();
const answers = new WeakMap();

/** The store of a client: always the same one. */
export function storeOf(client) {
  if (!clients.has(client)) clients.set(client, new ClientStore(client));
  return clients.get(client);
}

/** The store of an answer: always the same one. From here on it alone reads the pieces. */
export function answerOf(stream, request = '') {
  if (!answers.has(stream)) answers.set(stream, new AnswerStore(stream, request));
  return answers.get(stream);
}

/** A value that changes as a whole, and who wants to hear of that. */
class Store {
  #value;
  #before;
  #listeners = new Set();

  /** @param {object} value the first @param {object} before that of a server, which has no client */
  constructor(value, before) {
    this.#value = value;
    this.#before = before;
  }

  /** Calls `listener` after each change; the function that is returned ends that. */
  subscribe = (listener) => {
    // One that is given twice is called twice, and ended one by one.
    const own = () => listener();
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  };

  getSnapshot = () => this.#value;

  getServerSnapshot = () => this.#before;

  /** @internal */
  set(value) {
    this.#value = Object.freeze(value);
    for (const listener of [...this.#listeners]) {
      try {
        listener();
      } catch (error) {
        // As an event target does: one listener harms nobody else, nor ends what is read.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}

/** One request, and as much of its answer as there is. */
export class AnswerStore extends Store {
  #stream;

  /** @internal */
  constructor(stream, request) {
    const begun = Object.freeze({ request, text: '', restarts: 0, status: 'waiting', outcome: null, error: null });
    super(begun, begun);
    this.#stream = stream;
    void this.#read();
  }

  get hasEnded() {
    return !['waiting', 'growing'].includes(this.getSnapshot().status);
  }

  /**
   * Ends it where the answer is now. What the server says has come of that; null where it has ended
   * already, and where the server knows no cancel and it is only left.
   */
  stop = async () => {
    if (this.hasEnded) return null;
    try {
      return await this.#stream.cancel();
    } catch (error) {
      if (this.hasEnded) return null;
      if (error?.code !== 'needs_v1') throw error;
      this.#stream.detach();
      return null;
    }
  };

  async #read() {
    try {
      for await (const { text, restart } of this.#stream) {
        const { text: before, restarts } = this.getSnapshot();
        const grown = restart ? { text, restarts: restarts + 1 } : { text: before + text };
        this.#change({ status: 'growing', ...grown });
      }
      this.#change({ status: 'answered', outcome: await this.#stream.ended() });
    } catch (error) {
      // Who leaves it has an error of the platform, or a reason of an `AbortSignal`.
      const status = error instanceof PamlinkError ? ENDS[error.code] ?? 'failed' : 'left';
      this.#change({ status, error: ['cancelled', 'left'].includes(status) ? null : error });
    }
  }

  #change(what) {
    this.set({ ...this.getSnapshot(), ...what });
  }
}

/** The link of a client, and the requests that are made here or go on from a snapshot, oldest first. */
export class ClientStore extends Store {
  #client;
  #stores = new Map();
  #last = 0;

  /** @internal */
  constructor(client) {
    super({ ...NOTHING, link: Object.freeze({ ...UNLINKED, state: client.state }) }, NOTHING);
    this.#client = client;
    client.on('state_changed', () => {
      const { retrying, stopped } = this.getSnapshot().link;
      const { state } = client;
      this.#linked({ retrying: state === 'open' ? null : retrying, stopped: state === 'closed' ? stopped : null });
    });
    client.on('retrying', (retrying) => this.#linked({ retrying }));
    client.on('stopped', (stopped) => this.#linked({ stopped, retrying: null }));
    client.on('closed', () => this.#linked({}));
    client.on('fault', () => this.#linked({}));
    client.on('restored', ({ envelope, answer }) => this.#add(answerOf(answer, envelope.message)));
  }

  /** Makes a request; the `key` by which it is among the answers. */
  ask = (text, options) => this.#add(answerOf(this.#client.ask(text, options), text));

  /** Ends a request, as `AnswerStore.stop` does. */
  stop = async (key) => (await this.#stores.get(key)?.stop()) ?? null;

  /** Drops the answers that have ended. */
  clear = () => {
    for (const [key, store] of this.#stores) if (store.hasEnded) this.#stores.delete(key);
    this.#list();
  };

  #add(store) {
    const key = (this.#last += 1);
    this.#stores.set(key, store);
    store.subscribe(() => this.#stores.has(key) && this.#list(key));
    this.#list(key);
    return key;
  }

  /** @param {number} [changed] the only one that has, if it is one */
  #list(changed) {
    const ended = [...this.#stores].filter(([, store]) => store.hasEnded);
    for (const [key] of ended.slice(0, -KEPT)) this.#stores.delete(key);
    const before = new Map(this.getSnapshot().answers.map((answer) => [answer.key, answer]));
    const list = [...this.#stores].map(([key, store]) => {
      return (key !== changed && before.get(key)) || Object.freeze({ key, ...store.getSnapshot() });
    });
    this.set({ ...this.getSnapshot(), answers: Object.freeze(list) });
  }

  #linked(what) {
    const { link, ...rest } = this.getSnapshot();
    this.set({ ...rest, link: Object.freeze({ ...link, ...what, state: this.#client.state }) });
  }
}
