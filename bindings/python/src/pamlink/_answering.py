"""The tasks that answer the requests of a hub."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import logging
from collections import deque
from collections.abc import Callable, Coroutine, Mapping
from types import CoroutineType
from typing import Any

from . import _records as records, _sharing
from ._layout import wtf8
from ._link import Link
from ._models import ModelStream, named
from ._records import KINDS, pack
from ._running import Threads, begun, is_async, must_go_on, shut
from ._turns import Turns
from .events import Request
from .replies import Answer, Error, Handler, Reply
from .values import encode, envelope_text

log: logging.Logger = logging.getLogger("pamlink.hub")

FAILED = Error("PROCESSING_ERROR", "The request could not be processed.")
"""The message of the `error` that a peer gets when a handler failed."""

# How deep a member of an envelope may be nested.
INSIDE = 9


class Answering:
    """Who answers, and the task of each request that runs."""

    def __init__(
        self, turns: Turns, agents: Mapping[str, Handler], default: Handler | None
    ) -> None:
        self._turns = turns
        # Those that came in this turn of the loop, with their links and the contexts of those.
        self._waiting: deque[tuple[Request, Link | None, contextvars.Context]] = deque()
        # Those that run. One that is given up is here no more.
        self._tasks: dict[int, tuple[asyncio.Task[None], Request]] = {}
        # Keeps tasks that have begun nothing yet.
        self._workers: set[asyncio.Task[None]] = set()
        self._threads = Threads()
        # Agents whose handlers have returned nothing, which is logged once for each.
        self._silent: set[str] = set()
        # Who answers, and whether a call of it blocks nobody.
        self._agents: dict[str, tuple[Handler, bool]] = {}
        self._default: tuple[Handler, bool] | None = None
        for id_, handler in agents.items():
            self.add(id_, handler)
        if default is not None:
            self.add(None, default)

    def add(self, agent: str | None, handler: Handler) -> None:
        """Lets a handler answer for an agent; without one, for all that have none."""
        if agent is None:
            self._default = (handler, is_async(handler))
        else:
            self._agents[agent] = (handler, is_async(handler))

    def begin(self, request: Request, link: Link | None) -> None:
        """Answers a request in the context of its link, if that is still there: all of a turn one after
        the other, as far as their handlers do not wait; one that waits has its task for itself."""
        context = contextvars.copy_context() if link is None else link.context
        self._waiting.append((request, link, context))
        if not self._workers:
            self._work_soon()

    def give_up(self, request: int) -> None:
        """Nobody waits for an answer any more: what the handler returns is dropped."""
        if (running := self._tasks.pop(request, None)) is not None:
            task, asked = running
            asked.cancelled.happen()
            task.cancel()
        else:
            self._waiting = deque(it for it in self._waiting if it[0].request != request)

    def cancelled(self, request: int) -> None:
        """Who asked wants no answer any more. The request has an end all the same, so that the hub
        counts it no longer."""
        self.give_up(request)
        self._turns.feed(pack(KINDS["dismiss"], (request,), ()))

    def refused(self, request: Request, error: BaseException) -> None:
        """There is no answer, and here is why. Somebody waits for one, and the server goes on."""
        log.error("the handler of agent %r failed", request.agent, exc_info=error)
        self._turns.feed(packed(request, FAILED))

    def stop(self) -> list[asyncio.Task[None]]:
        """Gives all up: the tasks that are to be cancelled."""
        tasks = [*(task for task, _ in self._tasks.values()), *self._workers]
        for _, asked in self._tasks.values():
            # A thread has only this.
            asked.cancelled.happen()
        self._tasks = {}
        self._waiting.clear()
        self._threads.stop()
        return tasks

    def _work_soon(self) -> None:
        _, _, context = self._waiting[0]
        worker = context.run(asyncio.get_running_loop().create_task, self._work())
        self._workers.add(worker)

    async def _work(self) -> None:
        """Answers what waits until a handler has to wait, and then that one alone."""
        task = asyncio.current_task()
        assert task is not None, "a coroutine runs in a task"
        try:
            rest = self._until_one_waits(task)
        finally:
            self._workers.discard(task)
            if self._waiting and not self._workers:
                self._work_soon()
        # The task keeps the error that ends it, and with that this frame.
        del task
        if rest is not None:
            await rest

    def _until_one_waits(
        self, task: asyncio.Task[None]
    ) -> Coroutine[Any, Any, None] | None:
        """What is left of the one that waits; None if there is none, or if the next one wants a task of
        its own: it has another context, or could be cancelled in place of the one before."""
        watch = _sharing.Watch(task) if _sharing.CAN_WATCH else None
        if watch is not None:
            watch.begin()
        # The one that the task was made for may have been given up before it began.
        while self._waiting and self._waiting[0][2] == contextvars.copy_context():
            request, link, _ = self._waiting.popleft()
            self._tasks[request.request] = (task, request)
            rest = begun(self._answer(request, link))
            if rest is not None:
                return rest
            if watch is None or not watch.is_untouched:
                return None
        return None

    async def _answer(self, request: Request, link: Link | None) -> None:
        number = request.request
        try:
            reply = await self._reply(request, link)
            record = packed(request, reply)
        except BaseException as error:
            if isinstance(error, asyncio.CancelledError) and number not in self._tasks:
                raise
            self.refused(request, error)
            if must_go_on(error):
                raise
            return
        finally:
            waits = self._tasks.pop(number, None) is not None
        self._turns.feed(record, request)
        if waits and reply is None and request.agent not in self._silent:
            self._silent.add(request.agent)
            what = "the handler of agent %r returned nothing: whoever asked waits in vain"
            log.warning(what, request.agent)

    async def _reply(self, request: Request, link: Link | None) -> Reply:
        answers = self._agents.get(request.agent, self._default)
        if answers is None:
            raise LookupError(f"nobody answers for the agent {request.agent!r}")
        handler, at_once = answers
        found: Any = handler(request) if at_once else await self._threads.run(_call, handler, request)
        if found.__class__ is CoroutineType or inspect.isawaitable(found):
            found = await found
        if found.__class__ is str or not is_stream(found):
            reply: Reply = found
            return reply
        texts: list[str] = []
        last = await self._grow(request, link, found, texts)
        return "".join(texts) if last is None else last

    async def _grow(
        self, request: Request, link: Link | None, found: Any, texts: list[str], inside: bool = False
    ) -> Reply:
        """Sends an answer as it grows. The reply itself, if it came; None if the answer is the texts."""
        items = self._threads.iterate(found) if hasattr(found, "__next__") else found
        if not hasattr(items, "__anext__"):
            items = items.__aiter__()
        model = ModelStream()
        turns, turn = self._turns, -1
        try:
            async for item in items:
                if isinstance(item, str):
                    piece = item
                elif not inside and is_stream(item):
                    last = await self._grow(request, link, item, texts, inside=True)
                    if last is not None:
                        return last
                    continue
                else:
                    read = model.read(item)
                    if not isinstance(read, str):
                        return read
                    piece = read
                texts.append(piece)
                if request.wants_pieces and piece:
                    if turn == turns.passed:
                        # The second one since the loop had a turn: others wait for theirs.
                        await turns.over()
                    if link is not None and link.is_behind:
                        # A peer that is slow makes its answer slow, not the hub large.
                        await link.room()
                    turn = turns.passed
                    # It may end with half a character, which waits for the other in the engine.
                    turns.feed(pack(KINDS["reply_piece"], (request.request,), (wtf8(piece),)))
        finally:
            # Whoever is cancelled here has a generator that waits at a `yield`, or the stream of a
            # client, whose connection is open.
            closing = shut(items)
            if inspect.isawaitable(closing):
                await closing
        return model.refusal()


def is_stream(found: Any) -> bool:
    """Whether it gives an answer in pieces."""
    return hasattr(found, "__anext__") or hasattr(found, "__next__") or hasattr(found, "__aiter__")


def _call(handler: Callable[[Request], Any], request: Request) -> Any:
    """Calls a plain function, in a thread. Whoever asked may have left meanwhile: then nobody takes what
    it returns, and a stream is closed."""
    found = handler(request)
    if request.cancelled and hasattr(found, "__next__"):
        shut(found)
        return None
    return found


def packed(request: Request, reply: Reply) -> bytes:
    """A reply as a record."""
    number = request.request
    match reply:
        case str():
            return records.reply(number, reply, request.agent)
        case Answer():
            actions = None
            if reply.ui_actions is not None:
                actions = encode(reply.ui_actions, depth=INSIDE)
            agent = request.agent if reply.agent is None else reply.agent
            texts = (reply.text, actions, reply.source, reply.model, agent)
            return pack(KINDS["reply"], (number, int(reply.failed)), texts)
        case Error():
            wait = None if reply.retry_after is None else round(reply.retry_after * 1e9)
            return pack(
                KINDS["reply_error"], (number, wait), (reply.error_code, reply.message)
            )
        case Mapping():
            return pack(KINDS["reply_raw"], (number,), (envelope_text(reply),))
        case None:
            return pack(KINDS["dismiss"], (number,), ())
        case _:
            raise TypeError(f"a handler returns no {named(reply)}")
