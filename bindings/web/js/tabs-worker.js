// The one link of several tabs, in the SharedWorker that has it.

import { held, packed, plain } from './tabs-messages.js';

/** Every event of a client but `restored`, which comes with an answer. */
export const EVENTS = [
  'state_changed', 'welcomed', 'message', 'repeated', 'late', 'unreadable', 'binary', 'overflowed', 'failed',
  'closed', 'retrying', 'stopped', 'gap', 'fault',
];

/**
 * In the script of a SharedWorker: every tab that joins it has the client which `make` makes for the
 * first one, from the snapshot of a worker that has died, if there is one. It is closed with the last
 * tab, and made anew for the next.
 */
export function share(make, scope = globalThis) {
  const shared = new Shared(make);
  scope.addEventListener('connect', ({ ports: [port] }) => shared.connect(port));
}

/** The client of a worker, and who has it. */
class Shared {
  #make;
  #client;
  #tabs = new Set();
  /** The answers that go on. */
  #answers = new Set();
  #isKeeping = false;
  #isStale = false;
  /** Held for as long as the worker lives. */
  #lock = held();

  constructor(make) {
    this.#make = make;
  }

  connect(port) {
    const tab = { port, name: null, say: (...what) => port.postMessage(what), answers: new Map(), given: 0 };
    port.onmessage = ({ data: [kind, ...given] }) => this.#hear(tab, kind, given);
  }

  #hear(tab, kind, given) {
    switch (kind) {
      case 'join':
        this.#join(tab, ...given);
        return;
      case 'part':
        this.#leave(tab);
        return;
      case 'ask': {
        const [number, text, options] = given;
        const answer = new SharedAnswer(this.#client.ask(text, options), { tab: tab.name, number });
        this.#add(answer);
        answer.read(tab, number);
        return;
      }
      case 'leave': {
        const [number, wanted] = given;
        const answer = tab.answers.get(number);
        tab.answers.delete(number);
        if (!answer?.leave(tab)) return;
        if (wanted) answer.stream.detach();
        else answer.stream.leave();
        return;
      }
      case 'cancel': {
        const [call, number] = given;
        this.#answer(tab, call, async () => {
          const ended = { outcome: 'ended', offset: null, errorCode: null };
          return tab.answers.get(number)?.stream.cancel() ?? ended;
        });
        return;
      }
      case 'call': {
        const [call, method, args] = given;
        this.#answer(tab, call, async () => this.#client[method](...args));
      }
    }
  }

  /** @param {any} tab @param {string | null} name of its lock @param {any} kept what a worker before was */
  async #join(tab, name, kept) {
    tab.name = name;
    this.#tabs.add(tab);
    const client = (this.#client ??= this.#made(kept));
    tab.say('state', client.state);
    // It is given to whoever waits for it once the tab has died.
    if (name) navigator.locks.request(name, () => this.#leave(tab));
    for (const answer of this.#answers) this.#give(answer, tab);
    if (kept) {
      // What goes on from the snapshot is named before the engine says anything else.
      await client.snapshot().catch(() => {});
      tab.say('known', [...tab.answers.keys()]);
    }
    const lock = await this.#lock;
    if (lock) tab.say('lock', lock);
  }

  /** @param {{ snapshot: Uint8Array, owners: Map<number, object> }} [kept] */
  #made(kept) {
    const client = this.#make(kept?.snapshot);
    for (const type of EVENTS) {
      client.on(type, (event) => {
        // Whoever joins meanwhile has another one, and hears nothing of how this one ends.
        if (client !== this.#client) return;
        this.#tell('event', client.state, plain(event));
        this.#keep();
      });
    }
    client.on('restored', (it) => {
      const { answer, ...event } = plain(it);
      const owner = kept?.owners.get(it.request);
      const restored = new SharedAnswer(answer, owner ?? { event });
      this.#add(restored);
      for (const tab of this.#tabs) this.#give(restored, tab);
      // Of a tab that has died with the worker nobody asks for it.
      if (owner) navigator.locks.request(owner.tab, () => restored.leave() && restored.stream.leave());
    });
    return client;
  }

  #add(answer) {
    this.#answers.add(answer);
    answer.stream.ended().catch(() => {}).then(() => {
      this.#answers.delete(answer);
      this.#keep();
    });
    this.#keep();
  }

  /** Gives a tab what it has asked another worker for, or what goes on from a snapshot of nobody's. */
  #give(answer, tab) {
    if (answer.owner.event) {
      const number = (tab.given -= 1);
      tab.say('restored', number, answer.owner.event);
      answer.read(tab, number);
    } else if (answer.owner.tab === tab.name && tab.name && !tab.answers.has(answer.owner.number)) {
      answer.read(tab, answer.owner.number);
    }
  }

  /** Lets the tabs have what another worker goes on from, now and once more if that changes meanwhile. */
  async #keep() {
    this.#isStale = true;
    if (this.#isKeeping) return;
    this.#isKeeping = true;
    while (this.#isStale && this.#client) {
      this.#isStale = false;
      // A client that has ended is nothing to go on from.
      const snapshot = await this.#client.snapshot().catch(() => null);
      const owners = new Map();
      for (const { stream, owner } of this.#answers) {
        if (stream.request !== null && owner.tab) owners.set(stream.request, owner);
      }
      if (snapshot) this.#tell('kept', { snapshot, owners });
    }
    this.#isKeeping = false;
  }

  async #answer(tab, call, command) {
    try {
      tab.say('result', call, await command());
    } catch (error) {
      tab.say('error', call, packed(error));
    }
  }

  #tell(...what) {
    for (const tab of this.#tabs) tab.say(...what);
  }

  #leave(tab) {
    if (!this.#tabs.delete(tab)) return;
    tab.port.close();
    for (const answer of tab.answers.values()) if (answer.leave(tab)) answer.stream.leave();
    if (this.#tabs.size > 0) return;
    this.#answers.clear();
    void this.#client.close();
    this.#client = undefined;
  }
}

/** An answer in the worker, and the tabs that read it. */
class SharedAnswer {
  /** What has come of the text, for who reads it later. */
  #text = '';
  #tabs = new Map();

  /**
   * @param {AnswerStream} stream
   * @param {{ tab?: string | null, number?: number, event?: object }} owner the tab that has asked, and
   * its number there; or the event by which every tab has it
   */
  constructor(stream, owner) {
    this.stream = stream;
    this.owner = owner;
    stream.watch = () => {
      const piece = stream.take();
      if (!piece) return;
      this.#text = piece.restart ? piece.text : this.#text + piece.text;
      for (const [tab, number] of this.#tabs) tab.say('piece', number, piece);
    };
    stream.ended().then((outcome) => this.#end('end', plain(outcome)), (error) => this.#end('fail', packed(error)));
  }

  read(tab, number) {
    this.#tabs.set(tab, number);
    tab.answers.set(number, this);
    if (this.#text !== '') tab.say('piece', number, { text: this.#text, restart: false });
  }

  /** A tab reads it no more; whether nobody does, and nobody will. */
  leave(tab) {
    this.#tabs.delete(tab);
    return this.#tabs.size === 0 && !this.owner.event;
  }

  #end(kind, what) {
    for (const [tab, number] of this.#tabs) {
      tab.answers.delete(number);
      tab.say(kind, number, what);
    }
    this.#tabs.clear();
  }
}
