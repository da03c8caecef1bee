"""What carries a link: the two kinds of transport, and what goes wrong with them.

A transport carries either whole messages, if it speaks WebSocket itself (`MessageTransport`), or
bytes, and then the engine speaks WebSocket over it (`ByteTransport`). Anything with these methods
will do. A client gets its transports from a dialer, an async function that is given a `Target`:

    async def dial(target: Target) -> MessageTransport: ...

    Client(url, token=provider, dial=dial)

Each method is called by one task at a time; receiving and sending go on at once. A method that
waits may be cancelled, after which only `close` is called.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias, Union, runtime_checkable

ABNORMAL = 1006
"""The code of an end without a close frame."""
NO_STATUS = 1005
"""The code of a close frame without one."""


class TransportClosed(Exception):
    """`MessageTransport.receive` raises it when the peer has closed, or the connection broke."""

    def __init__(self, code: int = ABNORMAL, reason: str = "") -> None:
        super().__init__(f"closed with {code}")
        self.code = code
        """The code of the peer's close frame; 1005 if it had none, 1006 if there was no frame."""
        self.reason = reason
        """The reason of the close frame."""


class DialFailed(Exception):
    """A dialer raises it when there is no transport to be had. An `OSError`, a `TimeoutError` and
    anything else count as a broken network."""

    def __init__(
        self,
        message: str = "",
        *,
        status: int | None = None,
        class_: str = "network",
        body: str = "",
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message or (f"HTTP status {status}" if status else class_))
        self.status = status
        """The HTTP status that the server answered with, if it did."""
        self.class_ = class_
        """What it means, if there was no status; as in `pamlink.events.Closed`."""
        self.body = body
        """The body of the answer or its beginning, as far as it is known."""
        self.retry_after = retry_after
        """`Retry-After` of the answer, in seconds."""


@dataclass(frozen=True, slots=True)
class Target:
    """What a dialer connects to."""

    attempt: int
    """The number of the attempt; 0 is the first one."""
    tls: bool
    """Whether the connection is encrypted."""
    host: str
    """The host; an IPv6 address without brackets."""
    port: int
    """The port."""
    path: str = field(repr=False)
    """Path and query, with the token."""
    url: str = field(repr=False)
    """The whole URL, with the token."""
    max_message: int
    """The longest message to read, in bytes."""
    subprotocols: tuple[str, ...] = ()
    """To be offered, the preferred one first."""
    origin: str | None = None
    """The `Origin` header."""


@runtime_checkable
class MessageTransport(Protocol):
    """A transport that speaks WebSocket itself. It answers pings, and sends none: the engine has a
    heartbeat of its own.

    An attribute `subprotocol`, if there is one, is what the server has chosen.
    """

    __slots__ = ()

    async def send(self, text: str, /) -> None:
        """Sends a text message. It waits while the peer is slow."""

    async def receive(self) -> str | bytes:
        """The next message. Raises `TransportClosed` at the end."""
        ...

    async def close(self, code: int | None = None, reason: str = "", /) -> None:
        """Sends a close frame, if none was sent; does nothing to what is closed."""


@runtime_checkable
class ByteTransport(Protocol):
    """A transport of bytes."""

    __slots__ = ()

    async def write(self, data: bytes, /) -> None:
        """Writes bytes. It waits while the peer is slow."""

    async def read(self) -> bytes:
        """Some bytes, at most about 64 KiB; none at the end."""
        ...

    async def close(self) -> None:
        """Ends the connection, after what was written."""


Transport: TypeAlias = Union[MessageTransport, ByteTransport]
"""Either kind."""
Dialer: TypeAlias = Callable[[Target], Awaitable[Transport]]
"""Makes the transport of a client."""
