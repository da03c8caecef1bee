// Made by scripts/records.mjs from tests/vectors/packed/schema.json.

/** The version of the packed layout. */
export const ABI = 3;

export const TEXT_IN = 2;
export const BINARY_IN = 3;
export const CLOSE_IN = 4;
export const CLOSED_IN = 5;
export const WRITTEN = 6;
export const CONNECT = 16;
export const DISCONNECT = 17;
export const OPENED_IN = 19;
export const DIAL_FAILED = 20;
export const TOKEN = 21;
export const TOKEN_FAILED = 22;
export const WAKE = 23;
export const NETWORK_CHANGED = 24;
export const ASK = 25;
export const SEND = 26;
export const FORGET = 27;
export const CANCEL = 28;
export const SUBMIT = 29;
export const SNAPSHOT = 30;
export const ABANDON = 31;

/**
 * Reads the record of this kind; nothing of one that is not known.
 *
 * @param {number} kind
 * @param {import('./packed.js').Reader} r
 * @returns {any}
 */
export function read(kind, r) {
  switch (kind) {
    case 100:
      return { type: 'next', deadline: r.maybeSpan(), reason: r.maybeText() };
    case 101:
      return { type: 'fault', of: r.word(), code: r.word(), retryable: r.flag(), retryAfter: r.maybeSpan(), name: r.text(), class: r.text(), message: r.text() };
    case 102:
      return { type: 'asked', of: r.word(), request: r.word() };
    case 107:
      return { type: 'submitted', of: r.word(), command: r.word() };
    case 108:
      return { type: 'snapshot_taken', of: r.word(), bytes: r.bytes() };
    case 111:
      return { type: 'write_text', link: r.word(), ack: r.flag(), text: r.text() };
    case 112:
      return { type: 'write_close', link: r.word(), code: r.maybeWord(), reason: r.text() };
    case 113:
      return { type: 'close_transport', link: r.word() };
    case 120:
      return { type: 'dial', attempt: r.word(), tls: r.flag(), port: r.word(), url: r.text(), host: r.text(), target: r.text(), subprotocol: r.maybeText() };
    case 121:
      return { type: 'need_token', need: r.text() };
    case 122:
      return { type: 'state_changed', from: r.word(), to: r.word(), cause: r.text() };
    case 123:
      return r.withJson({ type: 'welcomed', correlates: r.flag(), repeats: r.flag() });
    case 124:
      return r.withJson({ type: 'piece', request: r.word(), restart: r.flag(), text: r.text() });
    case 125:
      return r.withJson({ type: 'answer', request: r.word(), restart: r.flag(), text: r.text(), rest: r.maybeText() });
    case 126:
      return r.withJson({ type: 'rejected', request: r.word(), retryAfter: r.maybeSpan(), errorCode: r.maybeText(), message: r.text() });
    case 127:
      return { type: 'expired', request: r.word() };
    case 128:
      return { type: 'unknown', request: r.word() };
    case 129:
      return r.withJson({ type: 'late', request: r.maybeWord(), text: r.text() });
    case 130:
      return r.withJson({ type: 'message', kind: r.text(), id: r.maybeText(), text: r.text() });
    case 131:
      return r.withJson({ type: 'repeated', kind: r.text(), id: r.maybeText(), text: r.text() });
    case 132:
      return { type: 'unreadable', message: r.text(), text: r.text() };
    case 133:
      return { type: 'binary', bytes: r.bytes() };
    case 134:
      return { type: 'overflowed', link: r.word(), messages: r.word(), bytes: r.word(), policy: r.text(), user: r.text() };
    case 135:
      return { type: 'failed', closeCode: r.word(), error: r.text(), message: r.text() };
    case 136:
      return { type: 'closed', link: r.word(), code: r.word(), clean: r.flag(), unsent: r.word(), running: r.word(), linksOfUser: r.word(), status: r.maybeWord(), class: r.text(), reason: r.text(), cause: r.text(), user: r.text() };
    case 137:
      return { type: 'retrying', attempt: r.word(), after: r.span(), status: r.maybeWord(), code: r.maybeWord(), class: r.text(), cause: r.text(), reason: r.text() };
    case 138:
      return { type: 'stopped', status: r.maybeWord(), code: r.maybeWord(), class: r.text(), cause: r.text(), reason: r.text() };
    case 139:
      return { type: 'unsent', request: r.word() };
    case 140:
      return { type: 'cancelled', request: r.word() };
    case 141:
      return { type: 'cancel_result', request: r.word(), offset: r.maybeWord(), outcome: r.maybeText(), errorCode: r.maybeText() };
    case 142:
      return { type: 'outcome', command: r.word(), retryAfter: r.maybeSpan(), outcome: r.text(), errorCode: r.maybeText() };
    case 143:
      return { type: 'gap', lost: r.maybeWord(), errorCode: r.text() };
    case 144:
      return r.withJson({ type: 'restored', request: r.word() });
  }
}
