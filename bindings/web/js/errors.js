// What goes wrong, under names that never change.

/** Of the names that are given here and not by the engine, what kind of thing they are, if not `internal`. */
const KINDS = {
  abi_mismatch: 'usage',
  bad_wasm: 'usage',
  token_denied: 'auth',
  closed: 'link',
};

/** Anything that pamlink throws; `code` says what, and never changes its meaning. */
export class PamlinkError extends Error {
  /**
   * @param {string} code
   * @param {string} [message]
   * @param {{ kind?: string, retryable?: boolean, retryAfter?: number | null, errorCode?: string | null, cause?: unknown }} [more]
   */
  constructor(code, message = code.replaceAll('_', ' '), more = {}) {
    super(message, more);
    this.name = 'PamlinkError';
    /** The name of what went wrong. */
    this.code = code;
    /** `usage`, `busy`, `link`, `auth`, `answer` or `internal`. */
    this.kind = more.kind ?? KINDS[code] ?? 'internal';
    /** Whether the same call may succeed later. */
    this.retryable = more.retryable ?? false;
    /** Milliseconds to wait before that, if they are known. */
    this.retryAfter = more.retryAfter ?? null;
    /** Of `rejected`: the server's `error_code`. */
    this.errorCode = more.errorCode ?? null;
  }
}

/** The error that a `fault` of the engine is. */
export function ofFault({ name, class: kind, message, retryable, retryAfter }) {
  return new PamlinkError(name, message, { kind, retryable, retryAfter });
}

/** The error that a request ends with which has no answer. */
export function ofOutcome(outcome) {
  const { type, message, retryAfter, errorCode } = outcome;
  const kind = 'answer';
  if (type !== 'rejected') return new PamlinkError(`request_${type}`, message, { kind });
  return new PamlinkError(type, message, { kind, retryable: retryAfter !== null, retryAfter, errorCode });
}
