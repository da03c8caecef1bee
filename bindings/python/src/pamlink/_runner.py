"""What owns a clock: an engine in an event loop, with the timer for its deadline."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

from ._clock import mono_nanos, wall_micros
from ._engine import Stepped, Unique
from ._mailbox import Mailbox

log: logging.Logger = logging.getLogger("pamlink")

# What links have to write their last and say goodbye, before they are dropped.
GOODBYE = 5.0


class Runner(Unique):
    """Steps an engine: with what happens, and when its deadline has come."""

    def __init__(self, engine: Stepped, buffer: int) -> None:
        self._engine = engine
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._deadline: int | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self._ending: set[asyncio.Task[Any]] = set()
        self._mailbox: Mailbox[Any] = Mailbox(buffer)

    def observe(self, observer: Callable[[object], None]) -> None:
        """Tells every event to a function, too, whether anybody takes it or not. It must be quick
        and must not call back."""
        self._mailbox.observe(observer)

    def _step(self, data: bytes = b"") -> list[Any]:
        """Gives the engine packed records. What follows is the caller's to handle."""
        records, deadline, _ = self._engine.step_records(mono_nanos(), wall_micros(), data)
        if deadline != self._deadline:
            self._deadline = deadline
            self._arm()
        return records

    def _feed(self, data: bytes = b"") -> None:
        """Gives the engine packed records and handles what follows."""
        self._handle(self._step(data))

    def _handle(self, records: list[Any], raising: bool = False) -> None:
        raise NotImplementedError

    def _arm(self) -> None:
        """Sets the timer, unless one is set that fires early enough: it looks again then."""
        if self._loop is None or self._deadline is None:
            return
        at = self._loop.time() + max(0, self._deadline - mono_nanos()) / 1e9
        if self._timer is not None:
            if self._timer.when() <= at:
                return
            self._timer.cancel()
        self._timer = self._loop.call_at(at, self._fire)

    def _fire(self) -> None:
        self._timer = None
        if self._deadline is not None and self._deadline > mono_nanos():
            self._arm()
        else:
            # It is set anew even where the deadline stays.
            self._deadline = None
            self._feed()

    def _spawn(
        self, work: Coroutine[Any, Any, None], *, ends: bool = False
    ) -> asyncio.Task[None]:
        """A task that `_rest` cancels; one that `ends` by itself has time for that first."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        if ends:
            self._ending.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        self._ending.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a task of pamlink failed", exc_info=error)

    async def _rest(self) -> None:
        """Cancels the timer and all tasks, and waits for their ends."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._loop = None
        ending = self._ending - {asyncio.current_task()}
        if ending:
            await asyncio.wait(ending, timeout=GOODBYE)
        tasks = self._tasks - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
