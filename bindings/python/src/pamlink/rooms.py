"""Single rooms of the engine, for programs that want no more: frames, the duplicate window, routing,
tokens, and functions on envelopes. `pamlink.sansio` has them, too.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from . import _native, _records
from ._clock import mono_nanos, wall_micros
from ._engine import Unique, given_seed
from ._native import native
from .options import Keys, table
from .outputs import Output


class FrameCodec(Unique):
    """Reads and writes the frames (RFC 6455) of one connection after its opening handshake.

    What writes raises `UsageError`: `frames_closed`, `message_open`, `control_too_long`,
    `close_code`.
    """

    __slots__ = ("_object",)

    def __init__(
        self, *, client: bool, max_message_bytes: int = 1 << 20, seed: bytes | None = None
    ) -> None:
        """A codec for a client, whose frames are masked, or a server. No message or frame longer
        than `max_message_bytes` is read."""
        self._object = _native.call(native.FrameCodec, client, max_message_bytes, given_seed(seed))

    def read(self, data: bytes) -> list[Output]:
        """Reads bytes of the peer, cut anywhere: `TextRead`, `Binary`, `Ping`, `Pong`,
        `CloseRead` and `Failed`. Nothing is read after the last two.

        Raises `BusyError` (`not_drained`) for more than a megabyte above the longest message.
        """
        return _records.read_records(_native.call(self._object.read, data))

    def text(self, text: str) -> bytes:
        """A text message in one frame."""
        return _native.call(self._object.text, text)

    def binary(self, data: bytes) -> bytes:
        """A binary message in one frame."""
        return _native.call(self._object.binary, data)

    def fragment(self, data: bytes, *, text: bool, fin: bool) -> bytes:
        """The next fragment of a text or binary message; `fin` makes it the last one."""
        return _native.call(self._object.fragment, text, fin, data)

    def ping(self, data: bytes = b"") -> bytes:
        """A ping with a payload of at most 125 bytes."""
        return _native.call(self._object.ping, data)

    def pong(self, data: bytes = b"") -> bytes:
        """A pong, whose payload is that of the ping it answers."""
        return _native.call(self._object.pong, data)

    def close(self, code: int | None = None, reason: str = "") -> bytes:
        """A close frame; without a code it has no body. The reason is cut to 123 bytes."""
        return _native.call(self._object.close_frame, code, reason)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a window says about a message."""

    verdict: str
    """`fresh`: not seen, and remembered from now on; `pending`: the first one is still worked on;
    `result`: the first one has a result; `forgotten`: it had one that is not kept any more."""
    result: bytes | None = None
    """The result of the first one."""


class DuplicateWindow(Unique):
    """Which messages were seen, and what came of the first of each."""

    __slots__ = ("_object",)

    def __init__(
        self,
        *,
        max_entries: int = 262_144,
        max_age: float = 300.0,
        content_age: float | None = None,
        max_result_bytes: int = 16 << 20,
        seed: bytes | None = None,
    ) -> None:
        """Remembers the newest `max_entries` messages (1 to 16,777,216), none longer than `max_age`
        seconds, and results of `max_result_bytes` together. With `content_age`, messages without an
        id are remembered by their content for so long.

        Raises `UsageError`: `bad_option`, `bad_seed`.
        """
        content = None if content_age is None else round(content_age * 1_000)
        self._object = _native.call(
            native.DuplicateWindow,
            max_entries,
            round(max_age * 1_000),
            content,
            max_result_bytes,
            given_seed(seed),
        )

    def check(
        self, user: str, id: str | None, content: str = "", *, mono_nanos: int | None = None
    ) -> Verdict:
        """Whether this user's message was seen; if not, it is remembered. A message without an id,
        and without a time for contents, is always `fresh`. The clock is the system's unless it is
        given."""
        now = _now(mono_nanos)
        it = _native.call(self._object.check, now, user, id, content)
        return Verdict(it.verdict, it.result)

    def complete(self, user: str, id: str | None, result: bytes, content: str = "") -> bool:
        """Keeps the result of the first message for its repeats. Whether it is kept: not if the
        message is not known any more, has a result, or the result is too large."""
        return _native.call(self._object.complete, user, id, content, result)

    def forget(self, user: str, id: str | None, content: str = "") -> bool:
        """Forgets a message as if it had never come. Whether it was known."""
        return _native.call(self._object.forget, user, id, content)

    def __len__(self) -> int:
        """Messages that are held."""
        return _native.call(self._object.size)

    def memory(self) -> int:
        """Bytes that are held."""
        return _native.call(self._object.memory)


@dataclass(frozen=True, slots=True)
class Decision:
    """Who answers a message, and why."""

    agent: str
    """The id of the agent that answers; the table's error handler if `refused`."""
    agent_name: str
    """Its name for people."""
    module: str
    """The module that does its work."""
    because: str
    """What led there: `agent_id`, `unknown_agent`, `message_type`, `intent`, `keyword`, `default`,
    `no_match`."""
    word: str | None
    """The keyword that led there."""
    fallback_from: str | None
    """Whom the message was for, if that agent could not take it."""
    fallback_why: str | None
    """Why it could not: `busy`, `open`, `probing`."""
    refused: str | None
    """Why no agent answers: `unknown_agent`, `no_match`, `busy`, `unavailable`."""
    retry_after: float | None
    """Seconds until an agent may be tried again."""
    unknown_intent: bool
    """The message named an intent that no agent lists."""
    version: str
    """The version of the table that decided."""
    ticket: int | None
    """To hand to `Router.finished` when the message is done; none if refused."""


class Router(Unique):
    """Decides who answers each message, by a table and by how its agents are doing."""

    __slots__ = ("_object",)

    def __init__(
        self, routes: str | Mapping[str, Any] | None = None, *, seed: bytes | None = None
    ) -> None:
        """A router by this table, or by the default one of five agents. `seed` fixes every choice
        among agents of equal priority.

        Raises `UsageError`: `bad_routes` names every fault with its line; `bad_seed`.
        """
        self._object = _native.call(native.Router, table(routes), given_seed(seed))

    def route(
        self,
        text: str = "",
        *,
        agent: str | None = None,
        kind: str = "chat",
        intent: str | None = None,
        mono_nanos: int | None = None,
    ) -> Decision:
        """Decides who answers, and takes a place at that agent until `finished`."""
        query = native.Query(agent=agent, kind=kind, intent=intent, text=text)
        it = _native.call(self._object.route, _now(mono_nanos), query)
        wait = it.retry_after_ms
        return Decision(
            it.agent,
            it.agent_name,
            it.module,
            it.because,
            it.word,
            it.fallback_from,
            it.fallback_why,
            it.refused,
            None if wait is None else wait / 1_000,
            it.unknown_intent,
            it.version,
            it.ticket,
        )

    def finished(self, ticket: int, outcome: str, *, mono_nanos: int | None = None) -> str:
        """Ends the message of a ticket with `success`, `failure` or `abandoned`, and returns what
        that did: `counted`, `opened` or `closed` (the agent's breaker), or `stale`: nothing.

        Raises `UsageError` (`bad_option`) for another outcome.
        """
        return _native.call(self._object.finished, _now(mono_nanos), ticket, outcome)

    def replace(self, routes: str | Mapping[str, Any]) -> tuple[int, int, int]:
        """Replaces the table between two decisions. How many agents both tables have, only the new
        one has, and only the old one had.

        Raises `UsageError` (`bad_routes`); nothing has changed then.
        """
        kept, added, removed = _native.call(self._object.replace, table(routes))
        return kept, added, removed


@dataclass(frozen=True, slots=True)
class VerifiedToken:
    """What a verified token says. Points of time are microseconds since 1970."""

    subject: str
    """`sub`: the user."""
    expires_micros: int
    """`exp`."""
    issued_micros: int | None
    """`iat`."""
    role: str | None
    """`role`: informative; no role skips any check."""


@dataclass(frozen=True, slots=True)
class PamTarget:
    """Whom a request is for, and the token that it brings."""

    user: str
    """The user id in the path, decoded: 1 to 256 bytes."""
    token: str | None = field(repr=False)
    """The `token` parameter, decoded; it may be empty. None: there is no such parameter."""
    max_message: int | None
    """The `max_message` parameter: the largest message that the client takes, in bytes."""


def read_target(target: str, prefix: str = "/api/v1/pam/ws/") -> PamTarget | None:
    """Reads path and query of a request as they were sent, by the same rules as a hub that is given
    the bytes. `prefix` is all of the path before the user id.

    None: the path is another, or names no user. A hub answers that with 404, and a request without
    token with 403.
    """
    read = _native.call(native.read_target, target, prefix)
    return None if read is None else PamTarget(read.user, read.token, read.max_message)


class TokenVerifier(Unique):
    """Verifies HS256, ES256 and RS256 tokens."""

    __slots__ = ("_object",)

    def __init__(self, keys: Keys) -> None:
        """A verifier with these keys. Raises `UsageError` (`bad_key`)."""
        self._object = _native.call(native.TokenVerifier, keys.native())

    def verify(self, token: str, *, wall_micros: int | None = None) -> VerifiedToken:
        """The claims of a token that is genuine and valid now, by the system's clock unless another
        is given.

        Raises `AuthError` for the first check that failed. It carries no text of the token.
        """
        now = _clock_micros() if wall_micros is None else wall_micros
        it = _native.call(self._object.verify, token, now)
        return VerifiedToken(it.subject, it.expires_micros, it.issued_micros, it.role)


def sign_token(
    secret: bytes, subject: str, expires_micros: int, *, audience: str | None = None
) -> str:
    """An HS256 token for `subject`, for development servers and tests. Raises `UsageError`
    (`bad_key`) for a secret of fewer than 32 bytes."""
    return _native.call(native.sign_token, secret, subject, expires_micros, audience)


def describe_envelope(text: str, *, depth: int = 10) -> dict[str, Any]:
    """What a text is as an envelope.

    Of an envelope: `kind`, `known`, `id` and `reply_to` as spelled, `time_form`, `unix_micros`,
    `message_text`, `fields` (the members as spelled), `mismatches` (known members whose values are not
    of their type), `extra` (members without a typed place), `encoded` (the frame after decoding and
    encoding). Of anything else: `error`, `at` (a byte), `expected` and `message`.
    """
    return cast("dict[str, Any]", json.loads(_native.call(native.describe_envelope, text, depth)))


def state_tables() -> dict[str, Any]:
    """The state tables of both ends of a link: for `client` and `server` the phases, and for each
    input what it does in each phase."""
    return cast("dict[str, Any]", json.loads(_native.call(native.state_tables)))


def write_frame(frame: str, wall_micros: int, args: Mapping[str, Any]) -> str:
    """Writes a frame of the engine, as `chat_response`, from what it says. Raises `UsageError`
    (`bad_option`)."""
    return _native.call(native.write_frame, frame, wall_micros, json.dumps(args))


def backoff_delays(seed: bytes, hints_ms: Iterable[int | None]) -> list[int]:
    """The delays in nanoseconds before retries 0, 1, 2 and so on with the default configuration:
    one for each hint, the time that the server asked for before that retry, if it did."""
    return _native.call(native.backoff_delays, seed, list(hints_ms))


def error_codes() -> list[tuple[int, str, str, bool]]:
    """Every error that the library knows: number, name, class, whether it is retryable."""
    codes = _native.call(native.error_codes)
    return [(it.code, it.name, getattr(it, "_class"), it.retryable) for it in codes]


def engine_version() -> str:
    """The version of the engine."""
    return _native.call(native.engine_version)


def _now(given: int | None) -> int:
    return _clock_nanos() if given is None else given


# The names of the clocks are also those of parameters.
_clock_nanos, _clock_micros = mono_nanos, wall_micros
