'use client';
// A client and its answers in components of React.

import { useEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react';

import { Client } from './client.js';
import { answerOf, storeOf } from './store.js';

const NONE = Object.freeze({ request: null, text: '', restarts: 0, status: 'none', outcome: null, error: null });

/**
 * A client that is connected while the component is mounted, and closed after. Another `url` is
 * another client; the options are those of the render that makes it.
 */
export function useClient(url, options) {
  const address = String(url);
  const [kept, keep] = useState(() => ownOf(address, options));
  let own = kept;
  // One that is made by a render which React throws away has done nothing yet.
  if (own.address !== address) keep((own = ownOf(address, options)));
  useEffect(() => {
    // Its component was hidden meanwhile, and is shown again.
    if (own.hold.isOver) return keep(ownOf(address, options));
    own.client.connect();
    return own.hold.take();
  }, [own]);
  return own.client;
}

/** The state of the link. */
export function useLink(client) {
  const { subscribe, getSnapshot, getServerSnapshot } = storeOf(client);
  return useSyncExternalStore(subscribe, () => getSnapshot().link, () => getServerSnapshot().link);
}

/** Every request of the client's store, and what makes, stops and drops them. */
export function useAnswers(client) {
  const { subscribe, getSnapshot, getServerSnapshot, ask, stop, clear } = storeOf(client);
  const answers = useSyncExternalStore(
    subscribe, () => getSnapshot().answers, () => getServerSnapshot().answers);
  return { answers, ask, stop, clear };
}

/**
 * The answer to `text`, which is asked once the component is mounted, and anew with each other text
 * or client; none while that is null. Who unmounts the component leaves the request.
 */
export function useAnswer(client, text, options) {
  const current = useRef(null);
  const [shown, show] = useState(null);
  useEffect(() => {
    if (isNone(text)) return;
    let asked = current.current;
    if (asked?.client !== client || asked.text !== text || asked.hold.isOver) {
      const store = answerOf(client.ask(text, options), text);
      // Nobody is left to hear how that went.
      asked = { client, text, store, hold: new Hold(() => store.stop().catch(() => {})) };
      current.current = asked;
      show(asked);
    }
    return asked.hold.take();
  }, [client, text]);
  const store = shown?.client === client && shown.text === text ? shown.store : null;
  const before = useMemo(() => (isNone(text) ? NONE : { ...NONE, request: text, status: 'waiting' }), [text]);
  const getSnapshot = store?.getSnapshot ?? (() => before);
  const answer = useSyncExternalStore(store?.subscribe ?? never, getSnapshot, () => before);
  return { ...answer, stop: store?.stop ?? nothing };
}

/**
 * What a component holds. React ends each effect and starts it again at once, to see whether it
 * bears that: what it holds is let go only where nobody has taken it again.
 */
class Hold {
  #takers = 0;
  #release;
  isOver = false;

  /** @param {() => unknown} release */
  constructor(release) {
    this.#release = release;
  }

  take() {
    this.#takers += 1;
    return () => {
      this.#takers -= 1;
      queueMicrotask(() => {
        if (this.#takers > 0 || this.isOver) return;
        this.isOver = true;
        this.#release();
      });
    };
  }
}

function ownOf(address, options) {
  const client = new Client(address, options);
  return { address, client, hold: new Hold(() => client.close()) };
}

function isNone(text) {
  return text === null || text === undefined;
}

function never() {
  return () => {};
}

async function nothing() {
  return null;
}
