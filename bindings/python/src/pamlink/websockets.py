"""The transport of the package `websockets` (14 or later), for clients.

    Client(url, token=provider, dial=pamlink.websockets.dial)

It brings what that package can do and asyncio cannot: proxies, and compression.
"""

from __future__ import annotations

import ssl
from typing import Any, cast

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import (
    ConnectionClosed,
    InvalidHandshake,
    InvalidMessage,
    InvalidStatus,
)
from websockets.http11 import Response
from websockets.typing import Origin, Subprotocol

from .transports import (
    ABNORMAL,
    NO_STATUS,
    Dialer,
    DialFailed,
    MessageTransport,
    Target,
    Transport,
    TransportClosed,
)


class WebSocketTransport(MessageTransport):
    """A connection of `websockets` as a transport."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self.subprotocol: str | None = connection.subprotocol

    async def send(self, text: str, /) -> None:
        try:
            await self._connection.send(text)
        except ConnectionClosed as closed:
            raise _closed(closed) from None

    async def receive(self) -> str | bytes:
        try:
            return await self._connection.recv()
        except ConnectionClosed as closed:
            raise _closed(closed) from None

    async def close(self, code: int | None = None, reason: str = "", /) -> None:
        await self._connection.close(1000 if code is None else code, reason)


def dialer(tls: ssl.SSLContext | None = None, **options: Any) -> Dialer:
    """A dialer with certificates and options of its own; they go to `websockets.connect`."""

    async def dial(target: Target) -> Transport:
        arguments: dict[str, Any] = {
            # The engine has a heartbeat of its own, and waits for the transport as long as it says.
            "ping_interval": None,
            "open_timeout": None,
            "close_timeout": 5,
            "max_size": target.max_message,
            "origin": cast("Origin | None", target.origin),
            "subprotocols": [Subprotocol(name) for name in target.subprotocols] or None,
        }
        if target.tls and tls is not None:
            arguments["ssl"] = tls
        try:
            connection = await _Connect(target.url, **(arguments | options))
        except InvalidStatus as error:
            raise _refused(error.response) from error
        except InvalidHandshake as error:
            # A connection that ended within the answer: no answer at all.
            cut = isinstance(error, InvalidMessage) and isinstance(error.__cause__, EOFError)
            class_ = "network" if cut else "protocol"
            raise DialFailed(type(error).__name__, class_=class_) from error
        except TimeoutError as error:
            raise DialFailed("timed out", class_="timeout") from error
        except ConnectionRefusedError as error:
            raise DialFailed("refused", class_="server_unavailable") from error
        return WebSocketTransport(connection)

    return dial


async def dial(target: Target) -> Transport:
    """The dialer with the defaults."""
    return await dialer()(target)


class _Connect(connect):
    """Follows no redirect: the token goes to the address that was chosen and to no other."""

    def process_redirect(self, exc: Exception) -> Exception:
        return exc


def _refused(response: Response) -> DialFailed:
    after = response.headers.get("Retry-After", "")
    body = response.body or b""
    if 300 <= response.status_code < 400 and "Location" in response.headers:
        body = f"Location: {response.headers['Location']}".encode()
    return DialFailed(
        status=response.status_code,
        body=body[:1024].decode("utf-8", "replace"),
        retry_after=float(after) if after.isascii() and after.isdigit() else None,
    )


def _closed(closed: ConnectionClosed) -> TransportClosed:
    if closed.rcvd is None:
        return TransportClosed(ABNORMAL)
    return TransportClosed(closed.rcvd.code or NO_STATUS, closed.rcvd.reason)
