"""The events of a client and of a hub: frozen, hashable dataclasses that `match` narrows.

    async for event in client:
        match event:
            case StateChanged(to=State.OPEN):
                ...
            case Message(kind="timer_expired", text=text):
                ...

Events compare by value and pickle. `json` is the envelope byte for byte, with all members that this
version does not know; `envelope()` parses it. An event of a newer engine that this package
does not know arrives as an `UnknownEvent`.
"""

from __future__ import annotations

import asyncio
import threading
import json as _json
from collections.abc import Generator
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, TypeAlias, Union


# For a field that is called `bytes` itself.
_Bytes = bytes


class State(IntEnum):
    """The state of a link. Numbers and meanings are those of the browser's WebSocket."""

    CONNECTING = 0
    OPEN = 1
    CLOSING = 2
    CLOSED = 3


class _Enveloped:
    """What holds the JSON of an envelope."""

    __slots__ = ()
    json: str

    def envelope(self) -> dict[str, Any]:
        """The envelope, parsed anew by each call."""
        parsed: dict[str, Any] = _json.loads(self.json)
        return parsed


# How requests end.


@dataclass(frozen=True, slots=True)
class Answered(_Enveloped):
    """The answer to a request."""

    text: str
    """What it says: of `message` and `content` the first that is a text and not empty."""
    json: str
    """The envelope."""


@dataclass(frozen=True, slots=True)
class Rejected(_Enveloped):
    """The server refused a request, or failed at it."""

    error_code: str | None
    """Why, for programs: `RATE_LIMIT_EXCEEDED`, `PROCESSING_ERROR`; the set is open."""
    message: str
    """Why, for people."""
    retry_after: float | None
    """Seconds after which the request may be sent again, if the server said so."""
    json: str
    """The `error` envelope."""


@dataclass(frozen=True, slots=True)
class Expired:
    """No answer came in time. Whether the request had an effect is not known."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """The link broke after the request was sent, and the server keeps no window of duplicates, or
    the client stopped: sending it again might do it twice."""


@dataclass(frozen=True, slots=True)
class Unsent:
    """The client stopped before the request was sent: it had no effect, and may be sent again
    after `Client.connect`."""


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The request was cancelled: its answer ends where its pieces have."""


Outcome: TypeAlias = Union[Answered, Rejected, Expired, Unknown, Unsent, Cancelled]
"""How a request ended. Every request ends in exactly one."""


@dataclass(frozen=True, slots=True)
class CancelResult:
    """What a cancel has come to."""

    outcome: str
    """`cancelled`; `ended`, when the answer had ended before; `refused`: it goes on; `unknown`: the
    server knows no such request, or what it said is lost with a gap or with the session. The set is
    open."""
    offset: int | None = None
    """How long the answer is, in bytes of UTF-8, where it has ended."""
    error_code: str | None = None
    """Why it was refused."""


@dataclass(frozen=True, slots=True)
class SubmitResult:
    """What has become of what was submitted."""

    outcome: str
    """`acknowledged`: the server has it; `rejected`; `expired`: it has left the queue without having been
    sent; `unknown`: it was sent, and the rest is lost with a gap or with the session."""
    error_code: str | None = None
    """Why it was rejected, or has expired: `age`, `dropped`, `replaced`, `session_ended`. The set is
    open."""
    retry_after: float | None = None
    """Seconds after which it may be sent again, if the server said so."""


@dataclass(frozen=True, slots=True)
class Piece:
    """What came of an answer that grows."""

    text: str
    """To be appended to what came before."""
    restart: bool = False
    """What came before is void: the answer begins anew with `text`."""


# Events of a client.


@dataclass(frozen=True, slots=True)
class StateChanged:
    """The link has another state."""

    from_: State
    """The state before."""
    to: State
    """The state now."""
    cause: str
    """What led there: `connect`, `dialed`, `welcome`, `transport closed`; the set is open."""


@dataclass(frozen=True, slots=True)
class Welcomed(_Enveloped):
    """The server has welcomed this link."""

    correlates: bool
    """The server names the request in each reply."""
    repeats: bool
    """The server keeps a window of duplicates: what got no answer is sent again after a break."""
    json: str
    """The welcome."""


@dataclass(frozen=True, slots=True)
class Message(_Enveloped):
    """A message that answers nothing: a timer, an alert, an action."""

    kind: str
    """Its `type`; the set is open."""
    id: str | None
    """Its `id`; a number as its digits."""
    text: str
    """What it says to a person, or nothing: of `message` and `content` the first that is not empty."""
    json: str
    """The envelope."""


@dataclass(frozen=True, slots=True)
class Repeated(_Enveloped):
    """A message that had come before, under the same id, came again: nothing to do."""

    kind: str
    """Its `type`."""
    id: str | None
    """Its `id`; a number as its digits."""
    text: str
    """What it says to a person."""
    json: str
    """The envelope."""


@dataclass(frozen=True, slots=True)
class Late(_Enveloped):
    """An answer, or a piece of one, that nobody waits for: its request had ended before, or the
    task that waited for it was cancelled."""

    request: int | None
    """The number of the request, if it is known."""
    text: str
    """What it says."""
    json: str
    """The envelope."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A text came that is no envelope."""

    message: str
    """What is wrong with it."""
    text: str
    """The text."""


@dataclass(frozen=True, slots=True)
class Binary:
    """A binary message came; the dialect has none."""

    bytes: _Bytes
    """What came."""


@dataclass(frozen=True, slots=True)
class Overflowed:
    """What waited to be written to a link reached its bound, and messages were lost."""

    link: int
    """The link of a hub; 0 for a client."""
    messages: int
    """How many since the last such event of this link."""
    bytes: int
    """How many bytes."""
    policy: str
    """What happened there: `close`, `drop_oldest`, `reject`."""
    user: str
    """The user of the link; empty for a client."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The peer broke the WebSocket protocol; the end of the link follows."""

    close_code: int
    """The close code that says so."""
    error: str
    """The name of the fault."""
    message: str
    """The fault, for people."""


@dataclass(frozen=True, slots=True)
class Closed:
    """A link is over."""

    link: int
    """The link of a hub; 0 for a client."""
    code: int
    """The close code; 1006 if there was none."""
    clean: bool
    """Both sides have sent a close frame."""
    unsent: int
    """Messages that were not written."""
    running: int
    """Of a hub: requests of this link that are still running. Their replies are kept for repeats."""
    links_of_user: int
    """Of a hub: how many links the user has left."""
    status: int | None
    """The HTTP status that the opening request was answered with, if there never was a link."""
    class_: str
    """What the end means: `normal`, `network`, `timeout`, `authentication`, `not_found`,
    `rate_limited`, `server_unavailable`, `server_error`, `setup`, `too_big`, `protocol`,
    `refused`."""
    reason: str
    """The reason that came or went with the code."""
    cause: str
    """Who or what ended it, for people: one word and, where there is more to say, a colon and that,
    such as `peer: close 4001: token expired` or `answered: HTTP 502: no backend`."""
    user: str
    """Of a hub: the user; empty if the link never was authorised."""


@dataclass(frozen=True, slots=True)
class Retrying:
    """The next attempt to connect comes by itself."""

    attempt: int
    """Its number."""
    after: float
    """In so many seconds."""
    status: int | None
    """The HTTP status that the last one was answered with, if that was it."""
    code: int | None
    """The code of the peer's close, if that was it."""
    class_: str
    """What the end of the last one means, as in `Closed`."""
    cause: str
    """Who or what ended it, as in `Closed`."""
    reason: str
    """What the other side said: the reason of its close, or the first line of its answer."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """There are no more attempts: another would end the same way, or the client was closed. Every
    request has ended, and none is taken; `Client.connect` starts the client again."""

    status: int | None
    """The HTTP status that the last attempt was answered with, if that was it."""
    code: int | None
    """The code of the peer's close, if that was it."""
    class_: str
    """The class of the last end, as in `Closed`."""
    cause: str
    """Its cause, as in `Closed`."""
    reason: str
    """What the other side said: the reason of its close, or the first line of its answer."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Something of what the server has sent is lost and will not come, or may be, where the server has
    the session no more. Requests are told of themselves."""

    lost: int | None
    """How many envelopes, where that is known."""
    error_code: str
    """Why: `session_ended`, `window_exceeded`; the set is open."""


# Events of a hub.


class Cancellation:
    """Whether a request was cancelled: true or false, and an awaitable that ends when it is."""

    __slots__ = ("_event", "_has_happened")

    def __init__(self) -> None:
        self._has_happened = False
        self._event: asyncio.Event | None = None

    def __bool__(self) -> bool:
        return self._has_happened

    def __await__(self) -> Generator[Any, None, None]:
        return self._wait().__await__()

    async def _wait(self) -> None:
        if not self._has_happened:
            if self._event is None:
                self._event = asyncio.Event()
            await self._event.wait()

    def happen(self) -> None:
        """It was cancelled: for the hub, in its event loop."""
        self._has_happened = True
        if self._event is not None:
            self._event.set()


@dataclass(frozen=True, slots=True)
class Opened:
    """A link was authorised and welcomed."""

    link: int
    """The link."""
    links_of_user: int
    """How many links the user has now."""
    user: str
    """Its user."""


# Who makes a `Cancellation` is one.
_FIRST = threading.Lock()


class _Asked(_Enveloped):
    """What somebody waits for an answer to."""

    __slots__ = ("_cancelled",)
    _cancelled: Cancellation

    @property
    def cancelled(self) -> Cancellation:
        """Whether nobody waits for the answer any more: who asked has cancelled the request, or asked
        something else in its place, or it has expired. It is true or false, and can be awaited. A task
        of the handler's own is cancelled as well; a thread has only this."""
        try:
            return self._cancelled
        except AttributeError:
            pass
        with _FIRST:
            # A thread may ask for it while the loop says that it has happened.
            try:
                return self._cancelled
            except AttributeError:
                cancelled = Cancellation()
                object.__setattr__(self, "_cancelled", cancelled)
                return cancelled


@dataclass(frozen=True, slots=True)
class Request(_Asked):
    """A message that wants a reply, admitted and routed: what a handler gets."""

    request: int
    """What to reply to."""
    link: int
    """Where it came from."""
    wants_pieces: bool
    """Whether the peer takes its answer as it grows."""
    user: str
    """Who asks."""
    agent: str
    """The id of the agent that is to answer."""
    agent_name: str
    """Its name for people."""
    module: str
    """The module that does its work."""
    because: str
    """What led to it: `agent_id`, `message_type`, `intent`, `keyword`, `default` and others."""
    refused: str | None
    """Why no other agent than the table's error handler takes it."""
    id: str | None
    """The `id` of the envelope; a number as its digits."""
    text: str
    """What the user says."""
    json: str
    """The envelope."""


@dataclass(frozen=True, slots=True)
class Received(_Enveloped):
    """A message that wants no reply. Where the dialect has an answer, the hub has given it."""

    link: int
    """Where it came from."""
    user: str
    """Who sent it."""
    kind: str
    """Its `type`."""
    id: str | None
    """Its `id`; a number as its digits."""
    text: str
    """What it says."""
    json: str
    """The envelope."""


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A request that had come before came again. It has no second effect."""

    link: int
    """Where the repeat came from: this link gets the answer."""
    request: int | None
    """The first one, if it is running."""
    user: str
    """Who sent it."""
    first: str
    """What came of the first: `answered`, `forgotten`, `running`."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A frame was refused; the peer was sent an `error`."""

    link: int
    """Where it came from."""
    retry_after: float | None
    """Seconds after which the peer may try again."""
    left: int
    """How many more refusals the user is forgiven now."""
    closing: bool
    """The user had committed all violations that it may: the link closes."""
    user: str
    """Who sent it; empty before it was authorised."""
    error_code: str
    """The code of the `error` that the peer was sent."""


@dataclass(frozen=True, slots=True)
class RequestExpired:
    """The handler did not reply in time. It was cancelled, and the peer was sent `REQUEST_EXPIRED`."""

    request: int
    """The request."""
    user: str
    """Who asked."""


@dataclass(frozen=True, slots=True)
class RequestCancelled:
    """Who asked wants no answer any more, or has asked something else in its place: the handler was
    cancelled."""

    request: int
    """The request."""
    user: str
    """Who asked."""


@dataclass(frozen=True, slots=True)
class Undelivered:
    """A session of a user has not got a push, or nobody knows whether it has. Once for each session;
    what is pushed to links of the `pam` dialect waits nowhere."""

    push: int
    """The push, as `Pushed.push` named it."""
    retry_after: float | None
    """Seconds after which the peer may take it, if it rejected it and said so."""
    user: str
    """Its user."""
    outcome: str
    """`expired`: it was never sent. `rejected`: the peer has not taken it. `unknown`: it was sent, and the
    session has ended before the peer acknowledged it."""
    error_code: str | None
    """Why it has expired (`age`, `replaced`, `dropped`, `session_ended`) or was rejected."""


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A plain HTTP request came over a raw connection, no WebSocket."""

    link: int
    """The connection."""
    method: str
    """Its method."""
    target: str = field(repr=False)
    """Its target. The query may hold a token."""
    headers: str = field(repr=False)
    """Its headers, one a line."""


@dataclass(frozen=True, slots=True)
class Drained:
    """Every link has ended after `Hub.drain`."""


# What a facade adds.


@dataclass(frozen=True, slots=True)
class Lost:
    """So many events were dropped, oldest first, because nobody took them."""

    count: int


@dataclass(frozen=True, slots=True)
class UnknownEvent:
    """A record that this version does not know."""

    kind: int
    """Its number."""
    raw: bytes
    """The whole record, in the packed layout."""


Event: TypeAlias = Union[
    StateChanged,
    Welcomed,
    Message,
    Repeated,
    Late,
    Unreadable,
    Binary,
    Overflowed,
    Failed,
    Closed,
    Retrying,
    Stopped,
    Gap,
    Lost,
    UnknownEvent,
]
"""An event of a `Client`."""

HubEvent: TypeAlias = Union[
    Opened,
    Received,
    Duplicate,
    Refused,
    RequestExpired,
    RequestCancelled,
    Undelivered,
    Overflowed,
    Closed,
    Drained,
    Lost,
    UnknownEvent,
]
"""An event of a `Hub`: what happens beside the requests that its handlers answer."""
