package dev.pamlink

/** The numbers of errors: the table of the library, held against `tests/vectors/errors.json`. */
internal enum class ErrorCode(
    val number: Int,
    val kind: String,
    val retryable: Boolean,
    /** What the number means, for people. */
    val about: String,
) {
    ABI_MISMATCH(1, "usage", false, "the package and its library are of different versions"),
    BAD_INPUT(2, "usage", false, "a packed buffer breaks the layout"),
    WRONG_MACHINE(3, "usage", false, "this machine takes no such command"),
    NO_ENGINE(4, "usage", false, "the handle names no engine, or not any more"),
    OUTPUT_PENDING(5, "usage", true, "the output of the step before was not fetched"),
    POISONED(6, "internal", false, "the engine panicked: this one is of no more use, all others are"),
    FORKED(7, "usage", false, "the engine was made before a fork, in another process"),
    WRONG_LOOP(8, "usage", false, "the call came from another event loop than the object belongs to"),
    BAD_OPTION(10, "usage", false, "an option is out of its bounds"),
    BAD_URL(11, "usage", false, "the URL cannot be used"),
    BAD_SEED(12, "usage", false, "the seed does not have 32 bytes"),
    BAD_KEY(13, "usage", false, "the key material cannot be used"),
    BAD_ROUTES(14, "usage", false, "the routing table is refused"),
    BAD_SNAPSHOT(15, "usage", false, "the bytes are no snapshot of a client, or one that a later version has made"),
    REQUESTS_FULL(20, "busy", true, "as many requests, or bytes of them, are under way as may be"),
    NOT_OPEN(21, "link", true, "the link is not open"),
    OUTBOX_FULL(22, "busy", true, "too much waits to be written"),
    NOT_AN_ENVELOPE(23, "usage", false, "the text is no envelope"),
    BAD_CONTEXT(24, "usage", false, "the context of a request is no JSON object"),
    TOO_LARGE(25, "usage", false, "it is larger than any message may be, or than the peer takes"),
    NEEDS_V1(26, "link", false, "the server, or this client, does not speak `pamlink.v1`"),
    NO_REQUEST(27, "usage", false, "the client has given no request this number"),
    TOKEN_EXPIRED(30, "auth", false, "the token had expired when it was handed over"),
    TOKEN_MALFORMED(31, "auth", false, "the token has characters that no token has"),
    TOKEN_DENIED(32, "auth", false, "the token was refused by its issuer"),
    TOKEN_UNAVAILABLE(33, "auth", true, "no token can be had for now"),
    HUB_FULL(40, "busy", true, "the hub holds as many links as it may"),
    HUB_DRAINING(41, "busy", true, "the hub is being drained"),
    NO_LINK(42, "link", false, "the link has ended"),
    NOT_RUNNING(43, "usage", false, "the request was answered before, has expired, or never was"),
    BAD_RESPONSE(44, "usage", false, "the HTTP response breaks HTTP, or no request waits for one"),
    NOT_DRAINED(45, "busy", true, "more input than may wait to be looked at"),
    FRAMES_CLOSED(50, "usage", false, "a Close frame was already written"),
    CLOSE_CODE(51, "usage", false, "this role may not send this close code"),
    CONTROL_TOO_LONG(52, "usage", false, "a control frame of more than 125 bytes"),
    MESSAGE_OPEN(53, "usage", false, "a fragmented message is open"),
    BAD_SIGNATURE(60, "auth", false, "the signature of a token is wrong"),
    EXPIRED(61, "auth", false, "exp of a token has passed"),
    MALFORMED(62, "auth", false, "the token is none"),
    MISSING_CLAIM(63, "auth", false, "a claim that must be there is not"),
    MISSING_TOKEN(64, "auth", false, "there is no token"),
    NOT_YET_VALID(65, "auth", false, "nbf of a token lies ahead"),
    VERIFIER_UNAVAILABLE(66, "auth", true, "the verifier could not be asked"),
    UNKNOWN_KEY(67, "auth", false, "no key fits the token"),
    UNSUPPORTED_ALGORITHM(68, "auth", false, "the algorithm of the token is not the key's"),
    WRONG_AUDIENCE(69, "auth", false, "the token is for another audience"),
    WRONG_SUBJECT(70, "auth", false, "the token is another user's"),
    REJECTED(80, "answer", false, "the server answered with an error"),
    REQUEST_EXPIRED(81, "answer", false, "no answer came in time; whether the request had an effect is not known"),
    REQUEST_UNKNOWN(82, "answer", false, "the link broke after the request was sent, and the server cannot tell repeats"),
    STOPPED(83, "link", false, "the client has stopped: another attempt would end the same way"),
    CLOSED(84, "link", false, "the client is closed"),
    REQUEST_UNSENT(85, "answer", false, "the client stopped before the request was sent: it had no effect"),
    REQUEST_CANCELLED(86, "answer", false, "the request was cancelled: its answer ends where its pieces have"),
    ;

    /** The name of the number in every language. */
    val label: String = name.lowercase()

    companion object {
        private val byNumber = entries.associateBy { it.number }

        fun of(number: Int): ErrorCode? = byNumber[number]
    }
}
