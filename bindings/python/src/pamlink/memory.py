"""Links without a network: a hub and its clients in one process, for tests.

    hub = Hub(answer)
    async with hub, Client("ws://hub/api/v1/pam/ws/ann", dial=memory.dialer(hub), ...) as client:
        ...

The engine speaks WebSocket over them as over any connection; nothing is left out but the sockets.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from .transports import ByteTransport, Dialer, DialFailed, Target

if TYPE_CHECKING:
    from .hub import Hub

# Bytes that may be under way in one direction.
ROOM = 64 * 1024


class Pipe:
    """Bytes under way in one direction."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._over = False
        self._changed = asyncio.Condition()

    async def write(self, data: bytes) -> None:
        """Adds bytes, once there is room."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._over or len(self._bytes) < ROOM)
            if self._over:
                raise ConnectionResetError("the pipe is cut")
            self._bytes += data
            self._changed.notify_all()

    async def read(self) -> bytes:
        """Takes all there is; nothing at the end."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._over or self._bytes)
            data = bytes(self._bytes)
            self._bytes.clear()
            self._changed.notify_all()
            return data

    async def cut(self) -> None:
        """There will be no more, and what is under way is lost."""
        self._bytes.clear()
        await self.end()

    async def end(self) -> None:
        """There will be no more."""
        async with self._changed:
            self._over = True
            self._changed.notify_all()


class PipeTransport(ByteTransport):
    """One end of a connection in memory."""

    def __init__(self, incoming: Pipe, outgoing: Pipe) -> None:
        self._incoming = incoming
        self._outgoing = outgoing

    async def write(self, data: bytes, /) -> None:
        await self._outgoing.write(data)

    async def read(self) -> bytes:
        return await self._incoming.read()

    async def close(self) -> None:
        await self._outgoing.end()
        await self._incoming.end()

    async def cut(self) -> None:
        """Breaks the connection: what is under way is lost."""
        for pipe in (self._incoming, self._outgoing):
            await pipe.cut()


def pair() -> tuple[PipeTransport, PipeTransport]:
    """Both ends of a connection."""
    one, other = Pipe(), Pipe()
    return PipeTransport(one, other), PipeTransport(other, one)


class Network:
    """Connects clients to a hub, and breaks their connections when a test wants it."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._serving: set[asyncio.Task[None]] = set()
        self._ends: list[PipeTransport] = []
        self.down = False
        """Whether new connections fail."""

    async def dial(self, target: Target) -> ByteTransport:
        """The dialer for its clients."""
        if self.down:
            raise DialFailed("the network is down")
        here, there = pair()
        self._ends.append(here)
        task = asyncio.get_running_loop().create_task(self._hub.serve(there))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)
        return here

    async def cut(self) -> None:
        """Breaks all connections."""
        ends, self._ends = self._ends, []
        for end in ends:
            await end.cut()


def dialer(hub: Hub) -> Dialer:
    """A dialer whose connections end at this hub."""
    return Network(hub).dial
