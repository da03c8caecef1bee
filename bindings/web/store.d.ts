import type { AnswerStream, CancelResult, Client, Events, Outcome, PamlinkError, RequestOptions } from './index.js';

/**
 * What `useSyncExternalStore` wants. A snapshot never changes: there is another one after each change,
 * in which what is the same is the same object.
 */
interface Store<T> {
  /** Calls `listener` after each change; the function that is returned ends that. */
  readonly subscribe: (listener: () => void) => () => void;
  readonly getSnapshot: () => T;
  /** That of a server, and of a page while it is hydrated: nothing is linked or asked there. */
  readonly getServerSnapshot: () => T;
}

/**
 * Where a request is: nothing has come of it; its text grows; or how it has ended, which is an
 * `Outcome`, or `left`, as nobody waits any more, or `failed`, for what its error says.
 */
export type AnswerStatus = 'waiting' | 'growing' | Outcome['type'] | 'left' | 'failed';

/** One request, and as much of its answer as there is. */
export interface AnswerState {
  readonly request: string;
  readonly text: string;
  /** How often the text has begun anew: while it is the same, each text begins with the one before. */
  readonly restarts: number;
  readonly status: AnswerStatus;
  /** Of one that is `answered`. */
  readonly outcome: Outcome | null;
  /** Why there is no answer; null where that was wanted. */
  readonly error: PamlinkError | null;
}

export class AnswerStore implements Store<AnswerState> {
  private constructor();
  readonly subscribe: (listener: () => void) => () => void;
  readonly getSnapshot: () => AnswerState;
  readonly getServerSnapshot: () => AnswerState;
  readonly hasEnded: boolean;
  /**
   * Ends it where the answer is now. What the server says has come of that; null where it has ended
   * already, and where the server knows no cancel and it is only left.
   */
  readonly stop: () => Promise<CancelResult | null>;
}

/** The link of a client. */
export interface LinkState {
  readonly state: Client['state'];
  /** Until it is open: the attempt that comes next. */
  readonly retrying: Events['retrying'] | null;
  /** There are no more attempts, for what this says. */
  readonly stopped: Events['stopped'] | null;
}

export interface ClientState {
  readonly link: LinkState;
  /** Requests of the store, oldest first; of those that have ended the last 100. */
  readonly answers: readonly (AnswerState & { readonly key: number })[];
}

export class ClientStore implements Store<ClientState> {
  private constructor();
  readonly subscribe: (listener: () => void) => () => void;
  readonly getSnapshot: () => ClientState;
  readonly getServerSnapshot: () => ClientState;
  /** Makes a request; the `key` by which it is among the answers. */
  readonly ask: (text: string, options?: RequestOptions) => number;
  /** Ends a request, as `AnswerStore.stop` does. */
  readonly stop: (key: number) => Promise<CancelResult | null>;
  /** Drops the answers that have ended. */
  readonly clear: () => void;
}

/** The store of a client: always the same one. */
export function storeOf(client: Client): ClientStore;
/** The store of an answer: always the same one. From here on it alone reads the pieces. */
export function answerOf(stream: AnswerStream, request?: string): AnswerStore;
