import type { ChatTransport, UIMessage } from 'ai';
import type { Client, PamlinkError, RequestOptions } from './index.js';

/** What a chat wants to send: what `ChatTransport.sendMessages` is given. */
export type ChatRequest<M extends UIMessage = UIMessage> = Parameters<ChatTransport<M>['sendMessages']>[0];

export interface TransportOptions<M extends UIMessage = UIMessage> {
  /**
   * The request for what a chat wants to send. Default: the text of the user's last message, with the
   * id of the chat as its session, and `agent`, `intent` and `context` of `body`.
   */
  prepareRequest?: (options: ChatRequest<M>) => PreparedRequest | Promise<PreparedRequest>;
  /** What a chat says of an error. Default: its message. */
  onError?: (error: PamlinkError) => string;
}

export type PreparedRequest = { text: string } & Omit<RequestOptions, 'signal'>;

/**
 * A transport for `useChat` and every other chat of the AI SDK. An answer is a message of one text.
 * Its `stop` cancels the request where the server knows that; `resumeStream` reads an answer that
 * goes on from its beginning: one of the client, by whichever of its transports, or of the snapshot
 * that the client has begun with.
 */
export class PamlinkChatTransport<M extends UIMessage = UIMessage> implements ChatTransport<M> {
  constructor(client: Client, options?: TransportOptions<M>);
  readonly resumeStreamIsReplay: true;
  sendMessages: ChatTransport<M>['sendMessages'];
  reconnectToStream: ChatTransport<M>['reconnectToStream'];
}
