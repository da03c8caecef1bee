"""What the engine answers a step with: the records that are no events.

Those that are events are in `pamlink.events`; spans are nanoseconds here and seconds there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias, Union

from . import events

# For fields that are called `bytes` themselves.
_Bytes = bytes


@dataclass(frozen=True, slots=True)
class Next:
    """When to call again at the latest, in nanoseconds of the monotonic clock, and why."""

    deadline: int | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Fault:
    """A record of the input was refused; `of` is its place there. `retry_after` in nanoseconds."""

    of: int
    code: int
    retryable: bool
    retry_after: int | None
    name: str
    class_: str
    message: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A request was taken under this number."""

    of: int
    request: int


@dataclass(frozen=True, slots=True)
class Accepted:
    """A connection was taken under this number."""

    of: int
    link: int


@dataclass(frozen=True, slots=True)
class Delivered:
    """Where a reply went: `queued`, `in_order`, `kept`, `refused`, `whole`, `too_large`, `absent`."""

    of: int
    link: int | None
    outcome: str


@dataclass(frozen=True, slots=True)
class Pushed:
    """On how many links, and in how many sessions, an envelope was queued, and how many had no room."""

    of: int
    queued: int
    refused: int
    push: int
    """What `Undelivered` calls it."""


@dataclass(frozen=True, slots=True)
class Disconnected:
    """How many links are closing."""

    of: int
    links: int


@dataclass(frozen=True, slots=True)
class Submitted:
    """A `submit` was taken, under this number."""

    of: int
    command: int


@dataclass(frozen=True, slots=True)
class SnapshotTaken:
    """The client, once all is written that stands before this."""

    of: int
    bytes: _Bytes


@dataclass(frozen=True, slots=True)
class WriteBytes:
    """Write these bytes to the transport; `ack`: then say `written`."""

    link: int
    ack: bool
    bytes: _Bytes


@dataclass(frozen=True, slots=True)
class WriteText:
    """Send this text message; `ack`: then say `written`."""

    link: int
    ack: bool
    text: str


@dataclass(frozen=True, slots=True)
class WriteClose:
    """Send this close frame; without a code if `code` is None."""

    link: int
    code: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class CloseTransport:
    """Drop the transport once everything is written."""

    link: int


@dataclass(frozen=True, slots=True)
class Dial:
    """Make a transport, then answer with `dialed`, `opened_in` or `dial_failed`. `subprotocol` is to be
    offered before those of the options."""

    attempt: int
    tls: bool
    port: int
    url: str = field(repr=False)
    host: str
    target: str = field(repr=False)
    subprotocol: str | None = None


@dataclass(frozen=True, slots=True)
class NeedToken:
    """A token is wanted: it is `missing`, was `rejected`, or is due for `renewal`."""

    need: str


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of an answer; `restart`: what came before is void."""

    request: int
    restart: bool
    text: str
    json: str


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a request; `rest`: what of `text` did not come in pieces, None where that is
    all of it; `restart`: what came in pieces is void."""

    request: int
    restart: bool
    text: str
    rest: str | None
    json: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """A request was refused; `retry_after` in nanoseconds."""

    request: int
    retry_after: int | None
    error_code: str | None
    message: str
    json: str


@dataclass(frozen=True, slots=True)
class Expired:
    """No answer came in time."""

    request: int


@dataclass(frozen=True, slots=True)
class Unknown:
    """The link broke, or the client stopped, after the request was sent."""

    request: int


@dataclass(frozen=True, slots=True)
class Unsent:
    """The client stopped before the request was sent."""

    request: int


@dataclass(frozen=True, slots=True)
class Cancelled:
    """A request was cancelled."""

    request: int


@dataclass(frozen=True, slots=True)
class CancelResult:
    """What a `cancel` has come to; without an outcome where that is lost."""

    request: int
    offset: int | None
    outcome: str | None
    error_code: str | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What has become of what was submitted; `retry_after` in nanoseconds."""

    command: int
    retry_after: int | None
    outcome: str
    error_code: str | None


@dataclass(frozen=True, slots=True)
class Undelivered:
    """A session of the user has not got a push, or nobody knows whether it has: `rejected`, `expired` or
    `unknown`, and why; `retry_after` in nanoseconds."""

    push: int
    retry_after: int | None
    user: str
    outcome: str
    error_code: str | None


@dataclass(frozen=True, slots=True)
class Restored:
    """A request of the snapshot that goes on, and its envelope."""

    request: int
    json: str


@dataclass(frozen=True, slots=True)
class Retrying:
    """The next attempt to connect comes by itself, after so many nanoseconds."""

    attempt: int
    after: int
    status: int | None
    code: int | None
    class_: str
    cause: str
    reason: str


@dataclass(frozen=True, slots=True)
class Authorize:
    """A peer presents a token: answer with `authorize_link`."""

    link: int
    user: str
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Refused:
    """A frame was refused; `retry_after` in nanoseconds."""

    link: int
    retry_after: int | None
    left: int
    closing: bool
    user: str
    error_code: str


@dataclass(frozen=True, slots=True)
class Ping:
    """A ping was read."""

    bytes: _Bytes


@dataclass(frozen=True, slots=True)
class Pong:
    """A pong was read."""

    bytes: _Bytes


@dataclass(frozen=True, slots=True)
class CloseRead:
    """A close frame was read."""

    code: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class TextRead:
    """A text message was read."""

    text: str


Output: TypeAlias = Union[
    Next,
    Fault,
    Asked,
    Accepted,
    Delivered,
    Pushed,
    Disconnected,
    Submitted,
    SnapshotTaken,
    WriteBytes,
    WriteText,
    WriteClose,
    CloseTransport,
    Dial,
    NeedToken,
    Piece,
    Answer,
    Rejected,
    Expired,
    Unknown,
    Unsent,
    Cancelled,
    CancelResult,
    Outcome,
    Restored,
    Retrying,
    Authorize,
    Refused,
    Undelivered,
    Ping,
    Pong,
    CloseRead,
    TextRead,
    events.StateChanged,
    events.Welcomed,
    events.Late,
    events.Message,
    events.Repeated,
    events.Unreadable,
    events.Binary,
    events.Overflowed,
    events.Failed,
    events.Closed,
    events.Stopped,
    events.Gap,
    events.HttpRequest,
    events.Opened,
    events.Request,
    events.Received,
    events.Duplicate,
    events.RequestExpired,
    events.RequestCancelled,
    events.Drained,
    events.UnknownEvent,
]
"""What an engine answers with. A record that this version does not know is an `UnknownEvent`."""
