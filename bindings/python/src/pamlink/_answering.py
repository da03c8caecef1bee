"""The tasks that answer the requests of a hub."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Any

from ._layout import wtf8
from ._records import KINDS, pack
from ._running import Threads, is_async, must_go_on
from .events import Request
from .replies import Answer, Error, Handler, Reply
from .values import encode, envelope_text

if TYPE_CHECKING:
    from .hub import Hub

log: logging.Logger = logging.getLogger("pamlink.hub")

FAILED = Error("PROCESSING_ERROR", "The request could not be processed.")
"""What a peer is told of a handler that failed."""

# How deep a member of an envelope may be nested.
INSIDE = 9


class Answering:
    """Who answers, and the task of each request that runs."""

    def __init__(
        self,
        hub: Hub,
        spawn: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]],
        agents: Mapping[str, Handler],
        default: Handler | None,
    ) -> None:
        self._hub = hub
        self._spawn = spawn
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._threads = Threads()
        # Requests whose tasks were cancelled from here.
        self._given_up: set[int] = set()
        # Agents whose handlers have returned nothing, which is told once of each.
        self._silent: set[str] = set()
        self.agents = dict(agents)
        self.default = default

    def begin(self, request: Request) -> None:
        """Answers a request, in a task of its own."""
        task = self._spawn(self._answer(request))
        self._tasks[request.request] = task
        task.add_done_callback(lambda _: self._over(request.request))

    def expired(self, request: int) -> None:
        """The peer was told: whatever the handler does is in vain."""
        if (task := self._tasks.pop(request, None)) is not None:
            self._given_up.add(request)
            task.cancel()

    def stop(self) -> None:
        """Cancels all."""
        self._given_up.update(self._tasks)
        for task in self._tasks.values():
            task.cancel()
        self._threads.stop()

    def _over(self, request: int) -> None:
        self._tasks.pop(request, None)
        self._given_up.discard(request)

    async def _answer(self, request: Request) -> None:
        try:
            reply = await self._reply(request)
            self._hub.replied(packed(request, reply))
        except BaseException as error:
            if isinstance(error, asyncio.CancelledError) and request.request in self._given_up:
                raise
            # Whatever else it is: somebody waits for an answer, and the server goes on.
            log.exception("the handler of agent %r failed", request.agent)
            self._hub.replied(packed(request, FAILED))
            if must_go_on(error):
                raise
            return
        if reply is None and request.agent not in self._silent:
            self._silent.add(request.agent)
            what = "the handler of agent %r returned nothing: whoever asked waits in vain"
            log.warning(what, request.agent)

    async def _reply(self, request: Request) -> Reply:
        handler = self.agents.get(request.agent, self.default)
        if handler is None:
            raise LookupError(f"nobody answers for the agent {request.agent!r}")
        found: Any
        if is_async(handler):
            found = handler(request)
        else:
            found = await self._threads.run(handler, request)
        if inspect.isawaitable(found):
            found = await found
        elif hasattr(found, "__next__"):
            found = self._threads.iterate(found)
        if hasattr(found, "__anext__"):
            return await self._grow(request, found)
        reply: Reply = found
        return reply

    async def _grow(self, request: Request, pieces: Any) -> Reply:
        """Sends an answer as it grows. What it comes to."""
        texts: list[str] = []
        reply: Reply | None = None
        async for piece in pieces:
            if not isinstance(piece, str):
                reply = piece
                break
            texts.append(piece)
            if request.wants_pieces and piece:
                # It may end with half a character, which waits for the other in the engine.
                text = (wtf8(piece),)
                self._hub.replied(pack(KINDS["reply_piece"], (request.request,), text))
                if (link := self._hub.link_of(request.link)) is not None:
                    # A peer that is slow makes its answer slow, not the hub large.
                    await link.room()
        close = getattr(pieces, "aclose", None)
        if close is not None:
            await close()
        return "".join(texts) if reply is None else reply


def packed(request: Request, reply: Reply) -> bytes:
    """A reply as a record."""
    number = request.request
    match reply:
        case str():
            words: tuple[int | None, ...] = (number, 0)
            return pack(KINDS["reply"], words, (reply, None, None, None, request.agent))
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
            raise TypeError(f"a handler returns no {type(reply).__name__}")
