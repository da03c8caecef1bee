"""Connections of asyncio, TCP and TLS: the engine speaks WebSocket over them. Needs no package.

`dial` is the default of a `Client`; `listen` makes a server of a `Hub` without any framework.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING

from .errors import BusyError
from .transports import ByteTransport, Dialer, DialFailed, Target, Transport

if TYPE_CHECKING:
    from .hub import Hub

# Bytes that are read at once.
CHUNK = 64 * 1024


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
        return await self._reader.read(CHUNK)

    async def close(self) -> None:
        self._writer.close()
        await self._writer.wait_closed()


def dialer(tls: ssl.SSLContext | None = None) -> Dialer:
    """A dialer with certificates of its own."""

    async def dial(target: Target) -> Transport:
        context = (tls or ssl.create_default_context()) if target.tls else None
        try:
            reader, writer = await asyncio.open_connection(
                target.host, target.port, ssl=context, limit=CHUNK
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

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        transport = StreamTransport(reader, writer)
        try:
            await hub.serve(transport)
        except BusyError:
            await transport.close()

    return await asyncio.start_server(carry, host, port, ssl=tls, limit=CHUNK)
