import type { CancelResult, Client, ClientOptions, RequestOptions } from './index.js';
import type { AnswerState, AnswerStatus, ClientState, ClientStore, LinkState } from './store.js';

/**
 * A client that is connected while the component is mounted, and closed after. Another `url` is
 * another client; the options are those of the render that makes it.
 */
export function useClient(url: string | URL, options?: ClientOptions): Client;

/** The state of the link. */
export function useLink(client: Client): LinkState;

/** Every request of the client's store, and what makes, stops and drops them. */
export function useAnswers(client: Client):
  { answers: ClientState['answers'] } & Pick<ClientStore, 'ask' | 'stop' | 'clear'>;

/**
 * The answer to `text`, which is asked once the component is mounted, and anew with each other text
 * or client; none while that is null. Who unmounts the component leaves the request. The options are
 * those of the render that asks.
 */
export function useAnswer(client: Client, text: string | null | undefined, options?: RequestOptions):
  Omit<AnswerState, 'request' | 'status'> & {
    readonly request: string | null;
    readonly status: AnswerStatus | 'none';
    readonly stop: () => Promise<CancelResult | null>;
  };
