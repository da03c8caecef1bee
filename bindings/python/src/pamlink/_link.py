"""One transport: what comes over it goes to the engine, what the engine hands out is written."""

from __future__ import annotations

import asyncio
import contextvars
import logging
from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

from . import _records as records
from ._running import begun
from ._turns import Turns
from .transports import (
    ABNORMAL,
    NO_STATUS,
    ByteTransport,
    MessageTransport,
    Transport,
    TransportClosed,
)

log: logging.Logger = logging.getLogger("pamlink")

# What a transport may take to close before it is dropped.
CLOSE_TIMEOUT = 5.0


@runtime_checkable
class Telling(Protocol):
    """A transport of bytes that calls back with what comes: no task waits for it."""

    async def tell(self, received: Callable[[bytes], None]) -> None:
        """Calls `received` with all bytes that come, until the end."""

    async def write(self, data: bytes, /) -> None:
        """Writes bytes. It waits while the peer is slow."""

    async def close(self) -> None:
        """Ends the connection, after what was written."""


class Link:
    """A transport of the engine's link `number`. While it waits it has no task of its own."""

    __slots__ = (
        "_at_once",
        "_bytes",
        "_carrier",
        "_transport_closed",
        "_is_interrupted",
        "_is_writing",
        "_messages",
        "_over",
        "_queue",
        "_room",
        "_transport",
        "_turns",
        "_writer",
        "context",
        "number",
    )

    def __init__(
        self, number: int, transport: Transport | Telling, turns: Turns
    ) -> None:
        self.number = number
        self._transport = transport
        # Found out once: it is a look at every method.
        self._bytes = transport if isinstance(transport, (Telling, ByteTransport)) else None
        self._messages = (
            None if isinstance(transport, (Telling, ByteTransport)) else transport
        )
        # Whether what is written may begin outside a task. A close may not: it takes its time, and
        # bounds it by its task.
        self._at_once: bool = getattr(transport, "begins_at_once", False)
        self.context = contextvars.copy_context()
        """Of whoever made the link: what it does and is asked happens there."""
        self._turns = turns
        self._queue: list[Any] = []
        # Until all that was handed out is written.
        self._is_writing = False
        self._writer: asyncio.Task[None] | None = None
        self._room: asyncio.Future[None] | None = None
        # The task that reads, which is whoever's that runs the link.
        self._carrier: asyncio.Task[Any] | None = None
        self._is_interrupted = False
        self._transport_closed = False
        self._over = False

    def hand_out(self, record: Any) -> None:
        """Takes a `write_...` record of the engine."""
        if self._over:
            return
        self._queue.append(record)
        if record.__class__ is records.WriteClose:
            self._at_once = False
        if not self._is_writing:
            self._is_writing = True
            self._turns.write(self._write_now)

    def close_transport(self) -> None:
        """Drops the transport once everything is written. The engine wants to hear no more."""
        self._transport_closed = True
        self.hand_out(None)

    def interrupt(self) -> None:
        """Reads no more: `run` returns."""
        if not self._is_interrupted:
            self._is_interrupted = True
            if self._carrier is not None:
                self._carrier.cancel()

    @property
    def is_behind(self) -> bool:
        """Whether something that was handed out is not written yet."""
        return self._is_writing and not self._over

    async def room(self) -> None:
        """Waits until everything that was handed out is written, or the link is over."""
        while self.is_behind:
            if self._room is None:
                self._room = asyncio.get_running_loop().create_future()
            await asyncio.shield(self._room)

    async def run(self) -> None:
        """Carries the link until its end, in the task that calls. The end is reported to the
        engine, unless the engine ended it. Afterwards, `part` is left to be done."""
        self._carrier = asyncio.current_task()
        try:
            if not self._is_interrupted:
                if self._bytes is not None:
                    await self._read_bytes(self._bytes)
                elif self._messages is not None:
                    await self._read_messages(self._messages)
        except asyncio.CancelledError:
            if not self._is_own_end():
                raise
        except (OSError, EOFError) as error:
            log.debug("link %d: %r", self.number, error)
        except Exception:
            log.exception("link %d: the transport failed", self.number)
        finally:
            self._carrier = None
            self._over = True
            self._queue.clear()
            self._made_room()
            if not self._transport_closed:
                self._transport_closed = True
                self._turns.feed(records.closed_in(self.number))

    def _is_own_end(self) -> bool:
        """Whether the task was cancelled by `interrupt`, which is taken back then, and by nobody else."""
        # Before Python 3.11 tasks do not count who cancels them.
        take_back = getattr(self._carrier, "uncancel", None)
        if not self._is_interrupted:
            return False
        return take_back is None or take_back() == 0

    async def part(self) -> None:
        """Ends what `run` has left, and closes the transport."""
        if self._writer is not None:
            self._writer.cancel()
            await asyncio.gather(self._writer, return_exceptions=True)
        try:
            await asyncio.wait_for(self._transport.close(), CLOSE_TIMEOUT)
        except Exception as error:
            log.debug("link %d: the transport did not close: %r", self.number, error)

    async def _read_bytes(self, transport: ByteTransport | Telling) -> None:
        if isinstance(transport, Telling):
            await transport.tell(self._received)
            return
        while data := await transport.read():
            self._turns.feed(records.bytes_in(self.number, data))

    def _received(self, data: bytes) -> None:
        if not self._over:
            self._turns.feed(records.bytes_in(self.number, data))

    async def _read_messages(self, transport: MessageTransport) -> None:
        try:
            while True:
                message = await transport.receive()
                if isinstance(message, str):
                    self._turns.feed(records.text_in(self.number, message))
                else:
                    self._turns.feed(records.binary_in(self.number, bytes(message)))
        except TransportClosed as closed:
            if closed.code != ABNORMAL and not self._transport_closed:
                code = None if closed.code == NO_STATUS else closed.code
                self._turns.feed(records.close_in(self.number, code, closed.reason))

    def _write_now(self) -> None:
        """Writes what was handed out: now, as far as the transport takes it without waiting, and the
        rest in a task."""
        if self._over:
            return
        work = self._write()
        rest = self.context.run(begun, work) if self._at_once else work
        if rest is not None:
            loop = asyncio.get_running_loop()
            self._writer = self.context.run(loop.create_task, rest)

    async def _write(self) -> None:
        try:
            while self._queue:
                found, self._queue = self._queue, []
                if self._bytes is not None:
                    await self._write_bytes(self._bytes, found)
                elif self._messages is not None:
                    for record in found:
                        if record is not None:
                            await self._write_message(self._messages, record)
                if found[-1] is None:
                    self.interrupt()
                    return
        except (OSError, EOFError, TransportClosed) as error:
            log.debug("link %d: %r", self.number, error)
            self.interrupt()
        except Exception:
            log.exception("link %d: the transport failed", self.number)
            self.interrupt()
        else:
            self._is_writing = False
            self._writer = None
            self._made_room()

    async def _write_bytes(
        self, transport: ByteTransport | Telling, found: list[Any]
    ) -> None:
        """Writes all bytes that were handed out, at once."""
        writes = [record for record in found if record is not None]
        if writes:
            one = len(writes) == 1
            await transport.write(writes[0].bytes if one else b"".join([it.bytes for it in writes]))
        for record in writes:
            if record.ack:
                self._turns.feed(records.written(self.number))

    async def _write_message(self, transport: MessageTransport, record: Any) -> None:
        if record.__class__ is records.WriteText:
            await transport.send(record.text)
            if record.ack:
                self._turns.feed(records.written(self.number))
        else:
            await transport.close(record.code, record.reason)

    def _made_room(self) -> None:
        if self._room is not None:
            self._room.set_result(None)
            self._room = None
