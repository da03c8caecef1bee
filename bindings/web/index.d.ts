/// <reference lib="esnext.disposable" />

/** Where the module of WebAssembly comes from, if not from beside the package's files. */
export type WasmSource = WebAssembly.Module | BufferSource | Response | URL | string;

/** Why a token is wanted: there is none yet; the server refused the last one; it ends soon. */
export type Need = 'missing' | 'rejected' | 'renewal';

/** A token; with its end where it does not say that itself, as a JSON Web Token does. */
export type Token = string | { token: string; expires?: Date | number };

/** The bounds and choices of a client. Spans are milliseconds, sizes bytes. */
export interface ClientOptions {
  /**
   * The token, or what gives one when the client needs it: it throws a `PamlinkError` of the code
   * `token_denied` if there will be none, and after any other error it is called again later.
   * Without it the client connects as nobody.
   */
  token?: Token | ((need: Need) => Token | Promise<Token>);
  /** The module of WebAssembly. Default: `pamlink.wasm` beside the package's files. */
  wasm?: WasmSource | Promise<WasmSource>;
  /** What makes the transports. Default: that of the runtime, which Node has from 22 on. */
  WebSocket?: unknown;
  /** How many events wait for a loop that is slow; beyond, the oldest is dropped. Default 256. */
  buffer?: number;
  /** What `snapshot` of the client before has given: its requests go on. */
  snapshot?: Uint8Array;
  /** Subprotocols to offer, the preferred one first. */
  subprotocols?: string[];
  /** Whether to speak `pamlink.v1` where the server has it, and `pam` where it does not. Default true. */
  v1?: boolean;
  /** How long a request waits for its answer, 1 s to 24 h. Default 60 s. */
  requestTimeoutMs?: number;
  /** Most requests at once, 1 to 65,536. Default 64. */
  maxRequests?: number;
  /** Most bytes of requests at once, 1 KiB to 1 GiB. Default 256 KiB. */
  maxRequestBytes?: number;
  /** A server that is silent for it is sent a ping, 10 ms to 25 s. Default 20 s. */
  heartbeatIntervalMs?: number;
  /** How long the server has to answer that, 10 ms to 2 min. Default 10 s. */
  heartbeatDeadlineMs?: number;
  /** The longest delay between two attempts to connect, 100 ms to 1 h. Default 30 s. */
  backoffCapMs?: number;
  /** How long a transport may take to connect, 10 ms to 10 min. Default 15 s. */
  dialTimeoutMs?: number;
  /** How long the server's welcome may take; 0 for servers that send none. Default 10 s. */
  welcomeTimeoutMs?: number;
  /** The longest message that is read, 1 KiB to 1 GiB. Default 1 MiB. */
  maxMessageBytes?: number;
}

export interface RequestOptions {
  /** Who is to answer; else the server decides. */
  agent?: string;
  /** What the user wants, if that is known. */
  intent?: string;
  sessionId?: string;
  /** An object, as JSON or as anything that `JSON.stringify` makes one of. */
  context?: object | string;
  /** Aborted, it ends the wait with its reason, and cancels the request where the server knows that. */
  signal?: AbortSignal;
}

export interface SubmitOptions {
  priority?: 'urgent' | 'normal' | 'bulk';
  /** Of equal keys the newer one takes the place of what has not left yet. */
  key?: string;
  agent?: string;
  /** Milliseconds after which it is not sent any more. */
  timeToLive?: number;
}

/** What stands for an envelope. Both are read when they are asked for. */
interface Enveloped {
  /** The envelope as it came. */
  readonly json: string;
  /** The envelope as a value. */
  readonly envelope: any;
}

/** A piece of an answer. Appended to each other they are the answer, unless one says `restart`. */
export interface Piece {
  text: string;
  restart: boolean;
}

export interface Answered extends Enveloped {
  type: 'answered';
  text: string;
}

/** How a request ends. */
export type Outcome =
  | Answered
  | ({
      type: 'rejected';
      errorCode: string | null;
      message: string;
      /** Milliseconds after which it may be sent again, if the server says so. */
      retryAfter: number | null;
    } & Enveloped)
  /** No answer came in time; whether it had an effect is not known. */
  | { type: 'expired' }
  /** The link broke, and sending it again might do it twice. */
  | { type: 'unknown' }
  /** The client stopped before it was sent. */
  | { type: 'unsent' }
  /** It was cancelled. */
  | { type: 'cancelled' };

/** What a cancel has come to. */
export interface CancelResult {
  /**
   * `cancelled`; `ended`, when the answer had ended before; `refused`: it goes on; `unknown`: the
   * server knows no such request, or what it said is lost. The set is open.
   */
  outcome: string;
  /** The length of the answer in bytes, where it has ended. */
  offset: number | null;
  errorCode: string | null;
}

/** A request, and its answer as it grows. */
export class AnswerStream implements AsyncIterable<Piece> {
  private constructor();
  /** The whole answer. Rejects with a `PamlinkError` if there is none. */
  readonly answer: Promise<Answered>;
  /** How the request ends. */
  ended(): Promise<Outcome>;
  /**
   * Cancels the request; `ended` where it has ended, or was left. Rejects with `needs_v1` where the
   * server knows no cancel.
   */
  cancel(): Promise<CancelResult>;
  /**
   * Waits no longer. A request that was sent has its effect, and its answer is a `late` event; a later
   * snapshot has it no more. One that was not sent yet is not sent.
   */
  detach(): void;
  /** The pieces. Who leaves the loop early cancels the request where the server knows that. */
  [Symbol.asyncIterator](): AsyncGenerator<Piece, void, undefined>;
}

/** Who or what ended a link, and what that means. */
interface End {
  /** The HTTP status that the last attempt was answered with, if that was it. */
  status: number | null;
  /** The code of the peer's close, if that was it. */
  code: number | null;
  /** `normal`, `network`, `timeout`, `authentication` and others. */
  class: string;
  cause: string;
  reason: string;
}

/** What happens beside the answers to requests, by its `type`. */
export interface Events {
  /** The link has another state: 0 connecting, 1 open, 2 closing, 3 closed. */
  state_changed: { type: 'state_changed'; from: number; to: number; cause: string };
  welcomed: { type: 'welcomed'; correlates: boolean; repeats: boolean } & Enveloped;
  /** A push. */
  message: { type: 'message'; kind: string; id: string | null; text: string } & Enveloped;
  /** A push whose id has come before. */
  repeated: { type: 'repeated'; kind: string; id: string | null; text: string } & Enveloped;
  /** What came of a request of which nobody waits any more. */
  late: { type: 'late'; request: number | null; text: string } & Enveloped;
  unreadable: { type: 'unreadable'; message: string; text: string };
  binary: { type: 'binary'; bytes: Uint8Array };
  overflowed: { type: 'overflowed'; messages: number; bytes: number; policy: string };
  failed: { type: 'failed'; closeCode: number; error: string; message: string };
  closed: { type: 'closed'; code: number; clean: boolean; unsent: number; status: number | null;
    class: string; reason: string; cause: string };
  /** The next attempt to connect comes by itself, `after` so many milliseconds. */
  retrying: { type: 'retrying'; attempt: number; after: number } & End;
  /** There are no more attempts; `connect` starts the client again. */
  stopped: { type: 'stopped' } & End;
  /** Of a client that goes on from a snapshot: a request that has not ended, with its answer, whose
   * pieces come again from their beginning. */
  restored: { type: 'restored'; answer: AnswerStream } & Enveloped;
  /** Over `pamlink.v1`: so many things that the server had sent are lost. */
  gap: { type: 'gap'; lost: number | null; errorCode: string };
  /** Of a loop: so many events were dropped, oldest first. */
  lost: { type: 'lost'; count: number };
  /** Something went wrong of which no call is told: the engine has refused an input, the token function
   * threw, or the client has ended for what `name` says. */
  fault: { type: 'fault'; name: string; message: string };
}

export type ClientEvent = Events[keyof Events];

/** A connection that outlives its links, with its requests. */
export class Client implements AsyncIterable<ClientEvent> {
  /** A client of `url`, `ws://` or `wss://` with the whole path. Nothing happens before its first use. */
  constructor(url: string | URL, options?: ClientOptions);
  /** Connects, and stays connected. The first request does it, too; after `stopped` it starts again. */
  connect(): void;
  /** Sends the close frame, and ends everything. Requests that wait reject with `closed`. */
  close(): Promise<void>;
  readonly state: 'connecting' | 'open' | 'closing' | 'closed';
  /** A request whose answer is read as it grows. */
  ask(text: string, options?: RequestOptions): AnswerStream;
  /** A request, and how it ends. */
  send(text: string, options?: RequestOptions): Promise<Outcome>;
  /** Sends an envelope that wants no answer, over the open link or not at all. */
  post(envelope: object | string): Promise<void>;
  /** Sends an envelope now or later, over `pamlink.v1`; what has become of it. */
  submit(envelope: object | string, options?: SubmitOptions): Promise<{
    outcome: 'acknowledged' | 'rejected' | 'expired' | 'unknown';
    errorCode: string | null;
    retryAfter: number | null;
  }>;
  /** What a later client goes on from; as confidential as what was sent. */
  snapshot(): Promise<Uint8Array>;
  /** The page came back, or the device woke up: the link is probed. Browsers say so by themselves. */
  wake(): void;
  /** The device has another network than before: the link is probed. */
  networkChanged(): void;
  /** Calls `listener` with each event of this type, until the function that is returned is called or the signal aborts. */
  on<K extends keyof Events>(
    type: K, listener: (event: Events[K]) => void, options?: { signal?: AbortSignal },
  ): () => void;
  /** Every event from here on; the iteration ends once the client is closed. */
  [Symbol.asyncIterator](): AsyncIterableIterator<ClientEvent, undefined>;
  [Symbol.dispose](): void;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Anything that pamlink throws. */
export class PamlinkError extends Error {
  constructor(code: string, message?: string, more?: {
    kind?: string; retryable?: boolean; retryAfter?: number | null; errorCode?: string | null; cause?: unknown;
  });
  /** The name of what went wrong. It never changes its meaning. */
  readonly code: string;
  /** `usage`, `busy`, `link`, `auth`, `answer` or `internal`. */
  readonly kind: string;
  /** Whether the same call may succeed later. */
  readonly retryable: boolean;
  /** Milliseconds to wait before that, if they are known. */
  readonly retryAfter: number | null;
  /** Of `rejected`: the server's `error_code`. */
  readonly errorCode: string | null;
}

/** Compiles the module ahead of the first client, which takes it as its option `wasm`. */
export function load(source?: WasmSource | Promise<WasmSource>): Promise<WebAssembly.Module>;
