import type { Client } from './index.js';

/**
 * In the script of a `SharedWorker`, at once: every tab that joins has the client which `make` makes for
 * the first one, with the snapshot of a worker that has died, if there is one. It is closed with the
 * last tab, and made anew for the next.
 */
export function share(make: (snapshot: Uint8Array | undefined) => Client): void;

/**
 * In a tab: what is used as the client of the worker is used. `close` leaves that client to the other
 * tabs. `make` makes the worker, and another one should that die, which goes on from its last snapshot.
 */
export function join(make: () => SharedWorker): Client;
