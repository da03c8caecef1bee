"""The turns of an event loop, each of which is one step of an engine.

What comes over links in one turn is given to the engine in one step, and what follows is written at
the end of the turn: a step costs more than a message, and so does every task that is woken.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from .errors import PamlinkError

# Bytes of records that wait for the step of their turn; beyond, it comes at once.
MOST = 64 * 1024

Step = Callable[[bytes, dict[int, Any]], None]
"""Gives an engine packed records and handles what follows. Some have owners, by their places, who
want to hear that theirs was refused."""
Failed = Callable[[PamlinkError], None]
"""Hears that the engine has failed: no step will come to anything."""


class Turns:
    """Collects records and writes of each turn of a loop, and knows nothing of who gives them."""

    def __init__(self, step: Step, failed: Failed) -> None:
        self.passed = 0
        """How many turns have passed."""
        self._step = step
        self._failed = failed
        self._loop: asyncio.AbstractEventLoop | None = None
        # Records for the next step, how many bytes they are, and whose they are.
        self._coming: list[bytes] = []
        self._size = 0
        self._owners: dict[int, Any] = {}
        self._writes: list[Callable[[], None]] = []
        self._is_coming = False
        self._over: asyncio.Future[None] | None = None

    def begin(self, loop: asyncio.AbstractEventLoop) -> None:
        """There are turns from now on. What came before waits for the first one."""
        self._loop = loop

    def end(self) -> None:
        """No turn comes any more, except one that is due already."""
        self._loop = None

    def feed(self, record: bytes, owner: Any = None) -> None:
        """Gives the engine a packed record with all others of this turn."""
        if owner is not None:
            self._owners[len(self._coming)] = owner
        self._coming.append(record)
        self._size += len(record)
        if self._size > MOST:
            self.take()
        self._come()

    def write(self, write: Callable[[], None]) -> None:
        """Calls a function at the end of this turn, which writes what has followed."""
        self._writes.append(write)
        self._come()

    async def over(self) -> None:
        """Waits until all that was given so far has been taken and begun to be written."""
        if self._over is None:
            self._over = asyncio.get_running_loop().create_future()
        self._come()
        await asyncio.shield(self._over)

    def take(self) -> None:
        """The step of what has come so far, now."""
        if not self._coming:
            return
        records, owners = self._coming, self._owners
        self._coming, self._owners, self._size = [], {}, 0
        self._step(b"".join(records), owners)

    def _come(self) -> None:
        if not self._is_coming and self._loop is not None:
            self._is_coming = True
            self._loop.call_soon(self._turn)

    def _turn(self) -> None:
        try:
            self.take()
        except PamlinkError as error:
            self._failed(error)
        self._is_coming = False
        if self._coming:
            # What followed has an answer already.
            self._come()
        self.passed += 1
        writes, self._writes = self._writes, []
        for write in writes:
            write()
        if self._over is not None:
            self._over.set_result(None)
            self._over = None
