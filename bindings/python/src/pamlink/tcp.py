"""Connections of asyncio, TCP and TLS: the engine speaks WebSocket over them. Needs no package.

`dial` is the default of a `Client`; `listen` makes a server of a `Hub` without any framework.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from .errors import BusyError
from .transports import ByteTransport, Dialer, DialFailed, Target, Transport

if TYPE_CHECKING:
    from .hub import Hub

# Bytes that are read at once.
PART_BYTES = 64 * 1024


class StreamTransport(ByteTransport):
    """A pair of streams of asyncio as a transport."""

    # For the link: bytes go to the loop at once, unless they have to wait.
    begins_at_once = True

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def write(self, data: bytes, /) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def read(self) -> bytes:
        return await self._reader.read(PART_BYTES)

    async def close(self) -> None:
        self._writer.close()
        await self._writer.wait_closed()


def dialer(tls: ssl.SSLContext | None = None) -> Dialer:
    """A dialer with certificates of its own."""

    async def dial(target: Target) -> Transport:
        context = (tls or ssl.create_default_context()) if target.tls else None
        try:
            reader, writer = await asyncio.open_connection(
                target.host, target.port, ssl=context, limit=PART_BYTES
            )
        except TimeoutError as error:
            raise DialFailed(str(error), class_="timeout") from error
        except ConnectionRefusedError as error:
            raise DialFailed(str(error), class_="server_unavailable") from error
        return StreamTransport(reader, writer)

    return dial


async def dial(target: Target) -> Transport:
    """The default dialer: with the certificate authorities of the system."""
    return await dialer()(target)


async def listen(
    hub: Hub, host: str, port: int, *, tls: ssl.SSLContext | None = None
) -> asyncio.Server:
    """A server of asyncio whose connections are links of a hub. Plain HTTP requests are the hub's
    `respond` to answer. Close the server before the hub; closing it ends no link."""
    loop = asyncio.get_running_loop()
    return await loop.create_server(lambda: _Connection(hub, tls is not None), host, port, ssl=tls)


class _Connection(asyncio.Protocol):
    """A connection that a server took. What comes goes on where it comes: no task is woken for it."""

    begins_at_once = True

    def __init__(self, hub: Hub, is_tls: bool) -> None:
        self._hub = hub
        self._is_tls = is_tls
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._carrying: asyncio.Task[None] | None = None
        # What came before `tell` was called.
        self._early: list[bytes] = []
        self._received: Callable[[bytes], None] = self._early.append
        self._no_more: asyncio.Future[None] = self._loop.create_future()
        self._lost: asyncio.Future[None] = self._loop.create_future()
        # While the peer is slow.
        self._room: asyncio.Future[None] | None = None

    # What the loop says.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._carrying = self._loop.create_task(self._carry())

    def data_received(self, data: bytes) -> None:
        self._received(data)

    def eof_received(self) -> bool:
        _set(self._no_more)
        # The other direction stays open, where it can.
        return not self._is_tls

    def connection_lost(self, error: Exception | None) -> None:
        for future in (self._no_more, self._lost, self._room):
            _set(future)

    def pause_writing(self) -> None:
        self._room = self._loop.create_future()

    def resume_writing(self) -> None:
        _set(self._room)
        self._room = None

    # What a link wants of it.

    async def tell(self, received: Callable[[bytes], None]) -> None:
        """Calls `received` with all bytes that come, until the end."""
        for data in self._early:
            received(data)
        self._early.clear()
        self._received = received
        await asyncio.shield(self._no_more)

    async def write(self, data: bytes, /) -> None:
        if self._lost.done() or self._transport is None:
            raise ConnectionResetError("the connection is lost")
        self._transport.write(data)
        if self._room is not None:
            await asyncio.shield(self._room)

    async def close(self) -> None:
        if self._transport is not None:
            self._transport.close()
            await asyncio.shield(self._lost)

    async def _carry(self) -> None:
        try:
            # A kind that links know beside those that others may write.
            await self._hub.serve(cast(ByteTransport, self))
        except BusyError:
            pass
        finally:
            if self._transport is not None:
                self._transport.close()


def _set(future: asyncio.Future[None] | None) -> None:
    if future is not None and not future.done():
        future.set_result(None)
