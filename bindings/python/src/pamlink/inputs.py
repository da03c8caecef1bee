"""What a host gives the engine: what happened, and commands.

`link` is 0 for a client, which has one. A command is answered by a record with `of`, its place in
the input.
"""

from __future__ import annotations

from dataclasses import dataclass, field

# For fields that are called `bytes` themselves.
_Bytes = bytes


@dataclass(frozen=True, slots=True)
class BytesIn:
    """Bytes came over a transport; they may be cut anywhere."""

    link: int
    bytes: _Bytes


@dataclass(frozen=True, slots=True)
class TextIn:
    """A text message came over a transport that speaks WebSocket itself."""

    link: int
    text: str


@dataclass(frozen=True, slots=True)
class BinaryIn:
    """A binary message came over a transport that speaks WebSocket itself."""

    link: int
    bytes: _Bytes


@dataclass(frozen=True, slots=True)
class CloseIn:
    """The peer's close frame came over a transport that speaks WebSocket itself; `code` None if it
    had none."""

    link: int
    code: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class ClosedIn:
    """The transport has ended, however it did. Not after `close_transport`."""

    link: int


@dataclass(frozen=True, slots=True)
class Written:
    """Everything handed out so far for this link has gone to its transport."""

    link: int


@dataclass(frozen=True, slots=True)
class Connect:
    """Connect, and stay connected from now on."""


@dataclass(frozen=True, slots=True)
class Disconnect:
    """Close the link and stay disconnected."""


@dataclass(frozen=True, slots=True)
class Dialed:
    """The transport that `dial` asked for is connected and takes bytes."""


@dataclass(frozen=True, slots=True)
class OpenedIn:
    """The transport that `dial` asked for is open and speaks WebSocket itself."""

    subprotocol: str | None = None


@dataclass(frozen=True, slots=True)
class DialFailed:
    """The transport could not be made: something answered with this HTTP status, or for a reason of
    this class; `retry_after` in nanoseconds. `said` is the body of the answer or its beginning, or
    what happened."""

    status: int | None = None
    retry_after: int | None = None
    class_: str | None = None
    said: str | None = None


@dataclass(frozen=True, slots=True)
class Token:
    """A token, and when it ends in microseconds since 1970 if it does not say so itself."""

    expires: int | None
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class TokenFailed:
    """There is no token for now, or (`denied`) there will be none."""

    denied: bool


@dataclass(frozen=True, slots=True)
class Wake:
    """The device woke up, or the app came to the front."""


@dataclass(frozen=True, slots=True)
class NetworkChanged:
    """The device has another network than before."""


@dataclass(frozen=True, slots=True)
class Ask:
    """Send a request; `stream`: its answer may come in pieces; `context`: a JSON object. Answered
    with `asked`."""

    stream: bool
    message: str
    agent: str | None = None
    intent: str | None = None
    session_id: str | None = None
    context: str | None = None


@dataclass(frozen=True, slots=True)
class Send:
    """Send an envelope that wants no answer."""

    envelope: str


@dataclass(frozen=True, slots=True)
class Forget:
    """Nobody waits for this request any more."""

    request: int


@dataclass(frozen=True, slots=True)
class Cancel:
    """End the answer to this request. Followed by `cancel_result`, and by `cancelled` or the answer."""

    request: int


@dataclass(frozen=True, slots=True)
class Submit:
    """Send an envelope over `pamlink.v1`; `priority`: `urgent`, `normal` or `bulk`; `key`: in place of
    what waits under it; `time_to_live`: how long it may wait, in nanoseconds. Answered with
    `submitted`, and `outcome` says what has become of it."""

    time_to_live: int | None
    envelope: str
    priority: str | None = None
    key: str | None = None
    agent: str | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Make a snapshot at the end of this step: `snapshot_taken`."""


@dataclass(frozen=True, slots=True)
class Abandon:
    """Nobody wants the answer to this request any more: it ends at the server too, where that can be."""

    request: int


@dataclass(frozen=True, slots=True)
class Accept:
    """A connection came that takes bytes. Answered with `accepted`."""


@dataclass(frozen=True, slots=True)
class AcceptOpened:
    """A connection came that speaks WebSocket itself, for this user, with a token to be judged or
    the subject of one that was. `max_message` is the largest message that the peer says it takes,
    in bytes. `v1`: both ends have agreed on the subprotocol `pamlink.v1`. Answered with `accepted`."""

    expires: int | None
    max_message: int | None
    v1: bool
    user: str
    token: str | None = field(default=None, repr=False)
    subject: str | None = None


@dataclass(frozen=True, slots=True)
class AuthorizeLink:
    """The verdict on a token: its subject and end (microseconds since 1970), or the name of the
    error."""

    link: int
    expires: int | None = None
    subject: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """Answer a request. Answered with `delivered`."""

    request: int
    failed: bool
    text: str
    ui_actions: str | None = None
    source: str | None = None
    model: str | None = None
    agent: str | None = None


@dataclass(frozen=True, slots=True)
class ReplyError:
    """Refuse a request; `retry_after` in nanoseconds. Answered with `delivered`."""

    request: int
    retry_after: int | None
    error_code: str
    message: str


@dataclass(frozen=True, slots=True)
class ReplyRaw:
    """Answer a request with a whole envelope. Answered with `delivered`."""

    request: int
    envelope: str


@dataclass(frozen=True, slots=True)
class ReplyPiece:
    """A piece of an answer that grows. Answered with `delivered`."""

    request: int
    text: str


@dataclass(frozen=True, slots=True)
class Dismiss:
    """Let a request go without a reply."""

    request: int


@dataclass(frozen=True, slots=True)
class SendTo:
    """Send an envelope to a link. Answered with `pushed`."""

    link: int
    envelope: str


@dataclass(frozen=True, slots=True)
class Push:
    """Send an envelope to all links and sessions of a user; how it waits in those is as for `submit`.
    Answered with `pushed`, and `undelivered` says in which session it has not arrived."""

    time_to_live: int | None = field(default=None, kw_only=True)
    user: str
    envelope: str
    priority: str | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Broadcast:
    """Send an envelope to every link. Answered with `pushed`."""

    envelope: str


@dataclass(frozen=True, slots=True)
class DisconnectLink:
    """Close a link. Answered with `disconnected`."""

    link: int
    code: int
    reason: str


@dataclass(frozen=True, slots=True)
class DisconnectUser:
    """Close all links of a user. Answered with `disconnected`."""

    code: int
    user: str
    reason: str


@dataclass(frozen=True, slots=True)
class Drain:
    """Send every link away within `spread` nanoseconds, and take no new ones."""

    spread: int


@dataclass(frozen=True, slots=True)
class Respond:
    """Answer a plain HTTP request."""

    link: int
    status: int
    content_type: str
    body: _Bytes

