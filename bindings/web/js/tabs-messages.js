// What a worker and its tabs say to each other, and how the one knows that the other has died.

import { PamlinkError } from './errors.js';

/** An event or an outcome as a message takes it: its envelope is text. */
export function plain(event) {
  return 'json' in event ? { ...event, json: event.json } : event;
}

/** The same as it was. */
export function enveloped(event) {
  if (!('json' in event)) return event;
  return Object.defineProperty(event, 'envelope', { get: () => (event.json ? JSON.parse(event.json) : undefined) });
}

/** An error as a message takes it. */
export function packed(error) {
  if (!(error instanceof PamlinkError)) return { name: String(error?.name), message: String(error?.message ?? error) };
  const { code, message, kind, retryable, retryAfter, errorCode } = error;
  return { code, message, kind, retryable, retryAfter, errorCode };
}

export function unpacked({ code, name, message, ...more }) {
  return code ? new PamlinkError(code, message, more) : new DOMException(message, name);
}

/** The name of a lock that is held until the signal or the end of this tab or worker; null where there are none. */
export async function held(signal) {
  if (!globalThis.navigator?.locks) return null;
  const name = `pamlink-${crypto.randomUUID()}`;
  return new Promise((settle) => {
    navigator.locks.request(name, () => {
      settle(name);
      return new Promise((release) => {
        if (signal?.aborted) release();
        signal?.addEventListener('abort', release);
      });
    }).catch(() => settle(null));
  });
}
