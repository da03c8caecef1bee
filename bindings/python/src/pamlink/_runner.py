"""What owns a clock: an engine in an event loop, with the timer for its deadline."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from . import outputs
from ._clock import mono_nanos, wall_micros
from ._engine import Stepped, Unique
from ._mailbox import Mailbox
from ._records import KINDS
from ._turns import Turns
from .errors import PamlinkError, UsageError

log: logging.Logger = logging.getLogger("pamlink")

# What links have to write their last and to close, before they are dropped.
CLOSE_TIMEOUT = 5.0
# Where a reply went is for those to know who step by themselves.
_UNREAD = frozenset({KINDS["delivered"]})
# What concerns the caller of a command alone.
_OWN = {outputs.Fault, outputs.Pushed, outputs.Disconnected}


class Runner(Unique):
    """Steps an engine: with what happens, and when its deadline has come."""

    def __init__(self, engine: Stepped, buffer: int) -> None:
        self._engine = engine
        self._loop: asyncio.AbstractEventLoop | None = None
        # Steps and what follows from them are in one order, whatever thread steps.
        self._order = threading.Lock()
        # What followed from the steps of other threads, until the loop looks at it.
        self._elsewhere: list[list[Any]] = []
        self._turns = Turns(self._step_of_turn, self._failed)
        self._timer: asyncio.Handle | None = None
        # When it fires: not every loop has a timer that says so.
        self._fires = 0.0
        self._deadline: int | None = None
        self._thread = threading.get_ident()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._ending: set[asyncio.Task[Any]] = set()
        self._mailbox: Mailbox[Any] = Mailbox(buffer)

    def _enter(self) -> None:
        """Belongs to the running loop and its thread from now on."""
        self._loop = asyncio.get_running_loop()
        self._turns.begin(self._loop)
        self._thread = threading.get_ident()

    def observe(self, observer: Callable[[object], None]) -> None:
        """Tells every event to a function, too, whether anybody takes it or not. It must be quick
        and must not call back."""
        self._mailbox.observe(observer)

    # Steps.

    def _step_of_turn(self, data: bytes, owners: dict[int, Any]) -> None:
        found = self._one_step(data)
        if owners:
            for record in found:
                if record.__class__ is outputs.Fault and record.of in owners:
                    self._refused(record, owners[record.of])
        self._handle(found)

    def _failed(self, error: PamlinkError) -> None:
        log.error("the engine failed", exc_info=error)
        self._engine_failed(error)

    def _refused(self, fault: outputs.Fault, owner: Any) -> None:
        """A record was refused that has an owner."""

    def _engine_failed(self, error: PamlinkError) -> None:
        """No step will come to anything: the links are to be dropped."""
        raise NotImplementedError

    def _step(self, data: bytes = b"") -> list[Any]:
        """Gives the engine packed records, after those that came before. What follows is the caller's
        to handle."""
        self._turns.take()
        return self._one_step(data)

    def _one_step(self, data: bytes) -> list[Any]:
        with self._order:
            records, deadline, _ = self._engine.step_records(
                mono_nanos(), wall_micros(), data, _UNREAD
            )
            earlier = self._earlier()
        if deadline != self._deadline:
            self._deadline = deadline
            self._arm()
        if earlier:
            self._handle(earlier)
        return records

    def _earlier(self) -> list[Any]:
        """Takes what followed from the steps of other threads so far."""
        if not self._elsewhere:
            return []
        steps, self._elsewhere = self._elsewhere, []
        return [record for records in steps for record in records]

    def _step_elsewhere(
        self, data: bytes, loop: asyncio.AbstractEventLoop
    ) -> list[Any]:
        """The same from a thread other than the loop's, which is woken to see to what follows: at
        once, and in the order of the steps. Returns what became of the command, for the caller."""
        with self._order:
            records, _, _ = self._engine.step_records(mono_nanos(), wall_micros(), data)
            own = [record for record in records if record.__class__ in _OWN]
            self._elsewhere.append([record for record in records if record.__class__ not in _OWN])
        # An empty step finds the deadline, which may have moved.
        loop.call_soon_threadsafe(self._feed)
        return own

    def _is_elsewhere(self) -> bool:
        """Whether the loop runs in another thread than this."""
        return threading.get_ident() != self._thread

    def _belongs(self) -> None:
        """Refuses a caller in another event loop, where what it waits for would never come."""
        if self._loop is not None and asyncio.get_running_loop() is not self._loop:
            what = f"a {type(self).__name__} belongs to the event loop that opened it"
            raise UsageError(f"{what}, and this is another one", code=8)

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
            if self._fires <= at:
                return
            self._timer.cancel()
        self._fires = at
        self._timer = self._loop.call_at(at, self._fire)

    def _fire(self) -> None:
        self._timer = None
        if self._deadline is not None and self._deadline > mono_nanos():
            self._arm()
        else:
            # It is set anew even where the deadline stays.
            self._deadline = None
            try:
                self._feed()
            except PamlinkError as error:
                self._failed(error)

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

    async def _rest(self, others: Iterable[asyncio.Task[Any]] = ()) -> None:
        """Cancels the timer and all tasks, and waits for their ends and those of others."""
        ending = self._ending - {asyncio.current_task()}
        if ending:
            await asyncio.wait(ending, timeout=CLOSE_TIMEOUT)
        tasks = self._tasks.union(others) - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._turns.end()
        self._loop = None
