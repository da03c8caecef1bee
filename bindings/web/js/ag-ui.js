// The client as an agent of AG-UI: a run is a request, its answer a message.

import { AbstractAgent, EventType } from '@ag-ui/client';
import { Observable } from 'rxjs';

import { PamlinkError } from './errors.js';

/** The type of the envelopes in which a server passes events of AG-UI through. */
const EVENT = 'ag_ui';
const LAST = [EventType.RUN_FINISHED, EventType.RUN_ERROR];

export class PamlinkAgent extends AbstractAgent {
  // No private names: `clone` makes an object without its constructor.

  constructor({ client, prepareRequest = requestOf, ...config }) {
    super(config);
    this.client = client;
    this.prepareRequest = prepareRequest;
    /** The answers of the runs that go on. */
    this.answers = new Set();
    this.aborts = 0;
  }

  run(input) {
    return new Observable((reader) => {
      const run = new Run(input, reader);
      let answer;
      const off = this.client.on('message', ({ kind, envelope }) => {
        if (kind === EVENT && envelope.run_id === input.runId) run.pass(envelope.event);
      });
      const begin = async () => {
        const { aborts } = this;
        const { text, ...request } = await this.prepareRequest(input);
        if (reader.closed) return;
        if (this.aborts !== aborts) throw new DOMException('the run was aborted', 'AbortError');
        answer = this.client.ask(text, request);
        this.answers.add(answer);
        // Not by a loop, which is a turn late: what the server passes through keeps its place.
        answer.watch = () => {
          const piece = answer.take();
          if (piece) run.piece(piece);
        };
        await answer.answer;
      };
      begin().then(() => run.finish(), (error) => run.fail(error)).finally(() => {
        off();
        this.answers.delete(answer);
      });
      // Who detaches from a run lets it go on: `abortRun` is what ends it.
      return () => {
        off();
        answer?.detach();
      };
    });
  }

  /** Cancels what runs where the server knows that, and else leaves it. */
  abortRun() {
    this.aborts += 1;
    for (const answer of this.answers) answer.cancel().catch(() => answer.detach());
  }

  clone() {
    const { client, prepareRequest } = this;
    return Object.assign(super.clone(), { client, prepareRequest, answers: new Set(), aborts: 0 });
  }
}

/** One run, as its events. What the server passes through takes the place of what is made here. */
class Run {
  #input;
  #reader;
  #isStarted = false;
  #isOver = false;
  /** The server passes the text through itself. */
  #isPassed = false;
  /** The message of the answer, once it has begun. */
  #message = null;

  constructor(input, reader) {
    this.#input = input;
    this.#reader = reader;
  }

  /** An event of the server's own, untouched. */
  pass(event) {
    if (event?.type !== EventType.RUN_STARTED) this.#start();
    this.#isStarted = true;
    if (event?.type?.startsWith('TEXT_MESSAGE')) this.#isPassed = true;
    if (LAST.includes(event?.type)) this.#end(event);
    else this.#give(event);
  }

  piece({ text, restart }) {
    this.#start();
    if (this.#isPassed) return;
    if (restart && this.#message) {
      // What has come of the message goes: no event takes text away but a snapshot of all messages.
      const messages = [...this.#input.messages, { id: this.#message, role: 'assistant', content: '' }];
      this.#give({ type: EventType.MESSAGES_SNAPSHOT, messages });
    }
    if (!this.#message) {
      this.#message = `${this.#input.runId}-answer`;
      this.#give({ type: EventType.TEXT_MESSAGE_START, messageId: this.#message, role: 'assistant' });
    }
    if (text !== '') this.#give({ type: EventType.TEXT_MESSAGE_CONTENT, messageId: this.#message, delta: text });
  }

  finish(outcome = { type: 'success' }) {
    this.#start();
    this.#end({ type: EventType.RUN_FINISHED, ...this.#ids(), outcome });
  }

  fail(error) {
    // Nobody waits any more, by `abortRun`.
    if (error?.code === 'request_cancelled' || error?.name === 'AbortError') return this.finish({ type: 'cancelled' });
    this.#start();
    const { code } = error ?? {};
    this.#end({ type: EventType.RUN_ERROR, message: String(error?.message ?? error), ...(typeof code === 'string' && { code }) });
  }

  #start() {
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.#give({ type: EventType.RUN_STARTED, ...this.#ids() });
  }

  #end(event) {
    if (this.#message && !this.#isOver) {
      this.#give({ type: EventType.TEXT_MESSAGE_END, messageId: this.#message });
    }
    this.#give(event);
    this.#isOver = true;
    this.#reader.complete();
  }

  #give(event) {
    if (!this.#isOver) this.#reader.next(event);
  }

  #ids() {
    const { threadId, runId } = this.#input;
    return { threadId, runId };
  }
}

/** The text of the user's last message, in the thread as its session, with what the run has beside messages. */
function requestOf(input) {
  const { messages, ...rest } = input;
  const message = messages.at(-1);
  if (message?.role !== 'user') throw badInput(`the last message is of ${message?.role ?? 'nobody'}, not of the user`);
  const parts = typeof message.content === 'string' ? [{ type: 'text', text: message.content }] : message.content;
  const at = parts.findIndex(({ type }) => type !== 'text');
  if (at !== -1) throw badInput(`content[${at}] of the message is ${parts[at].type}: a request is a text`);
  return {
    text: parts.map(({ text }) => text).join(''),
    sessionId: input.threadId,
    context: { [EVENT]: rest },
  };
}

function badInput(message) {
  return new PamlinkError('bad_input', message, { kind: 'usage' });
}
