"""Requests that wait for their answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from ._engine import Unique
from .errors import ExpiredError, PamlinkError, RejectedError, UnknownError, UnsentError
from .events import (
    Answered,
    Cancelled,
    CancelResult,
    Expired,
    Outcome,
    Piece,
    Rejected,
    Unknown,
    Unsent,
)


class PendingRequest:
    """What has come of a request so far."""

    def __init__(self, stream: bool = False) -> None:
        self.stream = stream
        self.outcome: Outcome | None = None
        self.error: PamlinkError | None = None
        self.number: int | None = None
        self._fresh: list[str] = []
        self._restart = False
        self._waiting: set[asyncio.Future[None]] = set()

    def piece(self, text: str, restart: bool) -> None:
        """A piece of the answer has come."""
        if restart:
            self._fresh.clear()
            self._restart = True
        if text:
            self._fresh.append(text)
        self.stir()

    def end(self, outcome: Outcome) -> None:
        """The request has ended."""
        self.outcome = outcome
        self.stir()

    def fail(self, error: PamlinkError) -> None:
        """Nothing will come of it any more."""
        self.error = error
        self.stir()

    @property
    def settled(self) -> bool:
        """Whether it has ended, however it did."""
        return self.outcome is not None or self.error is not None

    async def progress(self) -> None:
        """Waits until something comes of it."""
        waiting = asyncio.get_running_loop().create_future()
        self._waiting.add(waiting)
        try:
            await waiting
        finally:
            self._waiting.discard(waiting)

    async def ended(self) -> Outcome:
        """How it ends."""
        while self.outcome is None:
            if self.error is not None:
                raise self.error
            await self.progress()
        return self.outcome

    def take(self) -> Piece | None:
        """What came that was not taken yet."""
        text, restart = "".join(self._fresh), self._restart
        self._fresh.clear()
        self._restart = False
        return Piece(text, restart) if text or restart else None

    def stir(self) -> None:
        """Whoever waits looks again."""
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(None)


class Asking(Protocol):
    """What a request needs of its client."""

    def leave(self, request: PendingRequest, running: bool = False) -> None:
        """Nobody waits for a request any more; `running`: its answer goes on at the server."""

    async def cancel(self, request: PendingRequest) -> CancelResult:
        """Ends the answer to a request."""

    @property
    def is_resuming(self) -> bool:
        """Whether there is no link."""


Ask = Callable[[PendingRequest], None]


class AnswerStream(Unique):
    """A request whose answer is read as it grows: what `Client.ask` returns.

        stream = client.ask("plan a trip to the coast")
        async for piece in stream:
            print(piece.text, end="", flush=True)
        print(stream.answer)

    The first step of the iteration makes the request. A step that is cancelled has lost nothing:
    the next one goes on. A break of the link is a pause in the iteration (`resuming`).

    Who leaves the iteration early calls `aclose`, or drops the object: a server that speaks
    `pamlink.v1` ends the answer then. `detach` leaves it running. What comes afterwards is a `Late` event
    of the client.
    """

    def __init__(
        self, request_text: str, ask: Ask, client: Asking, request: PendingRequest | None = None
    ) -> None:
        self.request_text = request_text
        """What was asked."""
        self._request = request or PendingRequest(stream=True)
        self._ask = ask
        self._client = client
        self._over = False

    @property
    def answer(self) -> Answered | None:
        """The whole answer, once the iteration has come to its end."""
        outcome = self.outcome
        return outcome if isinstance(outcome, Answered) else None

    @property
    def outcome(self) -> Outcome | None:
        """How the request has ended, once the iteration has come to its end."""
        return self._request.outcome if self._over else None

    @property
    def resuming(self) -> bool:
        """Whether the request has been made, and has not ended, and there is no link: a break came in
        the middle of the answer, or none is open yet."""
        request = self._request
        is_running = request.number is not None and not request.settled and not self._over
        return is_running and self._client.is_resuming

    def __aiter__(self) -> AnswerStream:
        return self

    async def __anext__(self) -> Piece:
        """The next piece. Appended to each other, the pieces are the answer, unless one says
        `restart`.

        An answer that was cancelled ends where its pieces have, without an error.

        Raises `RejectedError`, `ExpiredError`, `UnknownError` or `UnsentError` if the request ends
        without an answer, and what `Client.send` raises.
        """
        request = self._request
        if self._over:
            raise StopAsyncIteration
        if request.number is None and not request.settled:
            self._ask(request)
        while True:
            if self._over:
                # It was left meanwhile, or another task has come to the end.
                raise StopAsyncIteration
            if (piece := request.take()) is not None:
                return piece
            if request.error is not None:
                self._over = True
                raise request.error
            if request.outcome is not None:
                self._over = True
                raise self._last(request.outcome)
            await request.progress()

    async def cancel(self) -> CancelResult:
        """Ends the answer at the server, and says what that has come to. The iteration gives what came
        before, and ends; if the cancel was refused or came too late, it goes on to its own end. Called
        again meanwhile, it says the same; once the request has ended or was left, `ended`. A break of the
        link delays it.

        Raises `LinkError` (`needs_v1`) where the server does not speak `pamlink.v1`, `BusyError`
        (`requests_full`) if too many cancels are under way, and `ClientClosed`.
        """
        request = self._request
        if request.number is None and not request.settled:
            request.end(Cancelled())
            return CancelResult("cancelled", 0)
        return await self._client.cancel(request)

    def detach(self) -> None:
        """Waits no longer for the answer, which goes on at the server; what comes of it is a `Late` event.
        A later snapshot has it no more. A request that was not sent yet is not sent."""
        if not self._over:
            self._over = True
            self._client.leave(self._request, running=True)
            self._request.stir()

    async def aclose(self) -> None:
        """Waits no longer for the answer, and ends it where the server speaks `pamlink.v1`; towards any
        other a request that was sent has its effect all the same."""
        self._drop()

    def __del__(self) -> None:
        self._drop()

    def _last(self, outcome: Outcome) -> Exception:
        match outcome:
            case Answered() | Cancelled():
                return StopAsyncIteration()
            case Rejected():
                return RejectedError(outcome)
            case Expired():
                return ExpiredError("no answer came in time")
            case Unknown():
                return UnknownError("the link is gone, and the request may have had its effect")
            case Unsent():
                return UnsentError("the client stopped before the request was sent")

    def _drop(self) -> None:
        if not self._over:
            self._over = True
            self._client.leave(self._request)
            self._request.stir()
