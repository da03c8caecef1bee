// The client as a `ChatTransport` of the Vercel AI SDK: what its chats send goes over the link.

import { PamlinkError } from './errors.js';
import { answerOf } from './store.js';

/** Members of `body` that a request has a place for. */
const BODY = ['agent', 'intent', 'sessionId', 'context'];
/** What runs, by its client: each transport of that resumes it. */
const clients = new WeakMap();

export class PamlinkChatTransport {
  /** What is resumed comes from its beginning. */
  resumeStreamIsReplay = true;
  #client;
  #running;
  #requestOf;
  #errorText;

  constructor(client, { prepareRequest = requestOf, onError = ({ message }) => message } = {}) {
    this.#client = client;
    if (!clients.has(client)) clients.set(client, new Running(client));
    this.#running = clients.get(client);
    this.#requestOf = prepareRequest;
    this.#errorText = onError;
  }

  async sendMessages(options) {
    const { chatId, messages, abortSignal } = options;
    const { text, ...request } = await this.#requestOf(options);
    abortSignal?.throwIfAborted();
    const store = answerOf(this.#client.ask(text, request), text);
    // The same for who resumes it.
    const messageId = messages.length > 0 ? `${messages.at(-1).id}-answer` : undefined;
    abortSignal?.addEventListener('abort', () => stop(store), { once: true });
    return this.#read(this.#running.add(chatId, store, messageId), abortSignal);
  }

  async reconnectToStream({ chatId, abortSignal }) {
    // What goes on from a snapshot is named before the engine says anything else.
    if (!this.#running.get(chatId)) await this.#client.snapshot();
    const running = this.#running.get(chatId);
    if (!running || abortSignal?.aborted) return null;
    const own = (running.resumed += 1);
    abortSignal?.addEventListener('abort', () => {
      // Who resumes it once more aborts the one before, in the same turn.
      queueMicrotask(() => running.resumed === own && stop(running.store));
    }, { once: true });
    return this.#read(running, abortSignal);
  }

  /** The answer from its beginning, as parts of a message. */
  #read({ store, messageId }, abortSignal) {
    let [sent, restarts, isOver] = [0, 0, false];
    let leave = () => {};
    return new ReadableStream({
      start: (controller) => {
        const give = (type, more) => controller.enqueue({ type, ...more });
        const id = () => `text-${restarts}`;
        const end = () => sent > 0 && give('text-end', { id: id() });
        const read = () => {
          if (isOver) return;
          const state = store.getSnapshot();
          if (state.restarts !== restarts) {
            // What the message has of it goes, and comes anew.
            end();
            give('reset-step');
            [sent, restarts] = [0, state.restarts];
          }
          if (state.text.length > sent) {
            if (sent === 0) give('text-start', { id: id() });
            give('text-delta', { id: id(), delta: state.text.slice(sent) });
            sent = state.text.length;
          }
          if (!store.hasEnded && !abortSignal?.aborted) return;
          end();
          if (state.error) {
            give('error', { errorText: this.#errorText(state.error) });
          } else if (state.status === 'answered') {
            give('finish-step');
            give('finish', { finishReason: 'stop' });
          } else {
            give('abort');
          }
          controller.close();
          leave();
        };
        const off = store.subscribe(read);
        leave = () => {
          isOver = true;
          off();
          abortSignal?.removeEventListener('abort', read);
        };
        abortSignal?.addEventListener('abort', read);
        give('start', messageId !== undefined && { messageId });
        give('start-step');
        read();
      },
      // The answer goes on, and may be resumed.
      cancel: () => leave(),
    });
  }
}

/** The answers of a client that have not ended, by their chat. */
class Running {
  #chats = new Map();

  constructor(client) {
    client.on('restored', ({ envelope, answer }) => {
      this.add(envelope.session_id, answerOf(answer, envelope.message));
    });
  }

  get(chatId) {
    return this.#chats.get(chatId);
  }

  /** @param {string} chatId @param {any} store @param {string} [messageId] */
  add(chatId, store, messageId) {
    const running = { store, messageId, resumed: 0 };
    this.#chats.set(chatId, running);
    const off = store.subscribe(() => {
      if (!store.hasEnded) return;
      off();
      if (this.#chats.get(chatId) === running) this.#chats.delete(chatId);
    });
    return running;
  }
}

function stop(store) {
  // The server may say no more of it; it is left in any case.
  store.stop().catch(() => {});
}

/** The text of the user's last message, in the chat as its session. */
function requestOf({ chatId, messages, headers, body = {} }) {
  const message = messages.at(-1);
  if (message?.role !== 'user') throw badInput(`the last message is of ${message?.role ?? 'nobody'}, not of the user`);
  const at = message.parts.findIndex(({ type }) => type !== 'text');
  if (at !== -1) throw badInput(`parts[${at}] of the message is ${message.parts[at].type}: a request is a text`);
  const unknown = Object.keys(body).find((name) => !BODY.includes(name));
  if (unknown) throw badInput(`body.${unknown} has no place in a request: it takes ${BODY.join(', ')}`);
  if (headers && [...new Headers(headers).keys()].length > 0) throw badInput('a request over a link has no headers');
  return { text: message.parts.map(({ text }) => text).join(''), sessionId: chatId, ...body };
}

function badInput(message) {
  return new PamlinkError('bad_input', message, { kind: 'usage' });
}
