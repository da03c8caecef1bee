"""One transport with its tasks: one reads, one writes what the engine hands out."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from typing import Any

from . import _records as records
from .transports import ABNORMAL, NO_STATUS, ByteTransport, MessageTransport, TransportClosed

log: logging.Logger = logging.getLogger("pamlink")

Feed = Callable[[bytes], None]
"""Gives packed records to the engine and sees to what follows."""

# What a transport may take to say goodbye before it is dropped.
GOODBYE = 5.0


class Link:
    """A transport of the engine's link `number`."""

    def __init__(self, number: int, transport: MessageTransport | ByteTransport, feed: Feed):
        self.number = number
        self._transport = transport
        # Found out once: it is a look at every method.
        self._bytes = transport if isinstance(transport, ByteTransport) else None
        self._messages = None if isinstance(transport, ByteTransport) else transport
        self._feed = feed
        self._queue: deque[Any] = deque()
        self._wake: asyncio.Future[None] | None = None
        self._room: asyncio.Future[None] | None = None
        self._hung_up = False
        self._over = False

    def hand_out(self, record: Any) -> None:
        """Takes a `write_...` record of the engine."""
        if self._over:
            return
        self._queue.append(record)
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    def hang_up(self) -> None:
        """Drops the transport once everything is written. The engine wants to hear no more."""
        self._hung_up = True
        self.hand_out(None)

    async def room(self) -> None:
        """Waits until everything that was handed out is written, or the link is over."""
        while self._queue and not self._over:
            if self._room is None:
                self._room = asyncio.get_running_loop().create_future()
            await asyncio.shield(self._room)

    async def run(self) -> None:
        """Carries the link until its end, of which the engine is told unless it said so."""
        loop = asyncio.get_running_loop()
        tasks = {loop.create_task(self._read()), loop.create_task(self._write())}
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._over = True
            self._queue.clear()
            self._made_room()
            for task in tasks:
                task.cancel()
            self._ended()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._goodbye()

    def _ended(self) -> None:
        if not self._hung_up:
            self._hung_up = True
            self._feed(records.closed_in(self.number))

    async def _goodbye(self) -> None:
        try:
            await asyncio.wait_for(self._transport.close(), GOODBYE)
        except Exception as error:
            log.debug("link %d: goodbye: %r", self.number, error)

    async def _read(self) -> None:
        try:
            if self._bytes is not None:
                await self._read_bytes(self._bytes)
            elif self._messages is not None:
                await self._read_messages(self._messages)
        except (OSError, EOFError) as error:
            log.debug("link %d: %r", self.number, error)
        except Exception:
            log.exception("link %d: the transport failed", self.number)

    async def _read_bytes(self, transport: ByteTransport) -> None:
        while data := await transport.read():
            self._feed(records.bytes_in(self.number, data))

    async def _read_messages(self, transport: MessageTransport) -> None:
        try:
            while True:
                message = await transport.receive()
                if isinstance(message, str):
                    self._feed(records.text_in(self.number, message))
                else:
                    self._feed(records.binary_in(self.number, bytes(message)))
        except TransportClosed as closed:
            if closed.code != ABNORMAL and not self._hung_up:
                code = None if closed.code == NO_STATUS else closed.code
                self._feed(records.close_in(self.number, code, closed.reason))

    async def _write(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while True:
                while self._queue:
                    record = self._queue[0]
                    if record is None:
                        return
                    ack = await self._write_one(record)
                    self._queue.popleft()
                    if ack:
                        self._feed(records.written(self.number))
                self._made_room()
                self._wake = loop.create_future()
                await self._wake
                self._wake = None
        except (OSError, EOFError, TransportClosed) as error:
            log.debug("link %d: %r", self.number, error)
        except Exception:
            log.exception("link %d: the transport failed", self.number)

    async def _write_one(self, record: Any) -> bool:
        """Writes, and says whether the engine wants to hear of it."""
        if self._bytes is not None:
            await self._bytes.write(record.bytes)
        elif self._messages is not None:
            if not isinstance(record, records.WriteText):
                await self._messages.close(record.code, record.reason)
                return False
            await self._messages.send(record.text)
        ack: bool = record.ack
        return ack

    def _made_room(self) -> None:
        if self._room is not None:
            self._room.set_result(None)
            self._room = None
