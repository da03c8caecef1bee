"""What owns a clock: an engine in an event loop, with the timer for its deadline.

What comes over links in one turn of the loop is given to the engine in one step, and what follows is
written at the end of the turn: a step costs more than a message, and so does every task that is woken.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from . import outputs
from ._clock import mono_nanos, wall_micros
from ._engine import Stepped, Unique
from ._link import Link
from ._mailbox import Mailbox
from ._records import KINDS
from .errors import PamlinkError, UsageError

log: logging.Logger = logging.getLogger("pamlink")

# What links have to write their last and say goodbye, before they are dropped.
GOODBYE = 5.0
# Bytes of records that wait for the step of their turn; beyond, it comes at once.
MOST = 64 * 1024
# What concerns the caller of a command alone.
# Where a reply went is for those to know who step by themselves.
_UNREAD = frozenset({KINDS["delivered"]})
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
        # Records for the next step, how many bytes they are, and whose they are if anybody wants to
        # hear that one was refused, by its place.
        self._coming: list[bytes] = []
        self._size = 0
        self._owners: dict[int, Any] = {}
        # Links that have something to write.
        self._writing: list[Link] = []
        self._turning = False
        self._turned: asyncio.Future[None] | None = None
        # How many turns have passed.
        self._turns = 0
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
        self._thread = threading.get_ident()

    def observe(self, observer: Callable[[object], None]) -> None:
        """Tells every event to a function, too, whether anybody takes it or not. It must be quick
        and must not call back."""
        self._mailbox.observe(observer)

    # A turn of the loop.

    def _feed_soon(self, record: bytes, owner: Any = None) -> None:
        """Gives the engine a packed record with all others of this turn of the loop. If it is refused,
        `_refused` is told, with its owner."""
        if owner is not None:
            self._owners[len(self._coming)] = owner
        self._coming.append(record)
        self._size += len(record)
        if self._size > MOST:
            self._take()
        self._turn_soon()

    def _write_soon(self, link: Link) -> None:
        """Lets a link write at the end of this turn."""
        self._writing.append(link)
        self._turn_soon()

    async def _turn_over(self) -> None:
        """Waits until all that was given so far has been taken and begun to be written."""
        if self._turned is None:
            self._turned = asyncio.get_running_loop().create_future()
        self._turn_soon()
        await asyncio.shield(self._turned)

    def _turn_soon(self) -> None:
        if not self._turning and self._loop is not None:
            self._turning = True
            self._loop.call_soon(self._turn)

    def _turn(self) -> None:
        try:
            self._take()
        except PamlinkError as error:
            log.error("the engine failed", exc_info=error)
            self._engine_failed()
        self._turning = False
        if self._coming:
            # What followed has an answer already.
            self._turn_soon()
        self._turns += 1
        links, self._writing = self._writing, []
        for link in links:
            link.write()
        if self._turned is not None:
            self._turned.set_result(None)
            self._turned = None

    def _take(self) -> None:
        """The step of what has come so far."""
        if not self._coming:
            return
        records, owners = self._coming, self._owners
        self._coming, self._owners, self._size = [], {}, 0
        found = self._one_step(b"".join(records))
        if owners:
            for record in found:
                if record.__class__ is outputs.Fault and record.of in owners:
                    self._refused(record, owners[record.of])
        self._handle(found)

    def _refused(self, fault: outputs.Fault, owner: Any) -> None:
        """A record was refused that has an owner."""

    def _engine_failed(self) -> None:
        """No step will come to anything: the links are to be dropped."""
        raise NotImplementedError

    # Steps.

    def _step(self, data: bytes = b"") -> list[Any]:
        """Gives the engine packed records, after those that came before. What follows is the caller's
        to handle."""
        self._take()
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

    async def _rest(self, others: Iterable[asyncio.Task[Any]] = ()) -> None:
        """Cancels the timer and all tasks, and waits for their ends and those of others."""
        ending = self._ending - {asyncio.current_task()}
        if ending:
            await asyncio.wait(ending, timeout=GOODBYE)
        tasks = self._tasks.union(others) - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._loop = None
