"""Requests that wait for their answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from ._engine import Unique
from .errors import ExpiredError, PamlinkError, RejectedError, UnknownError, UnsentError
from .events import Answered, Expired, Outcome, Piece, Rejected, Unknown, Unsent


class PendingRequest:
    """What has come of a request so far."""

    def __init__(self, stream: bool = False) -> None:
        self.stream = stream
        self.outcome: Outcome | None = None
        self.error: PamlinkError | None = None
        self.number: int | None = None
        self._fresh: list[str] = []
        self._restart = False
        self._progress: asyncio.Future[None] | None = None

    def piece(self, text: str, restart: bool) -> None:
        """A piece of the answer has come."""
        if restart:
            self._fresh.clear()
            self._restart = True
        if text:
            self._fresh.append(text)
        self._stir()

    def end(self, outcome: Outcome) -> None:
        """The request has ended."""
        self.outcome = outcome
        self._stir()

    def fail(self, error: PamlinkError) -> None:
        """Nothing will come of it any more."""
        self.error = error
        self._stir()

    @property
    def settled(self) -> bool:
        """Whether it has ended, however it did."""
        return self.outcome is not None or self.error is not None

    async def progress(self) -> None:
        """Waits until something comes of it."""
        self._progress = asyncio.get_running_loop().create_future()
        await self._progress

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

    def _stir(self) -> None:
        if self._progress is not None and not self._progress.done():
            self._progress.set_result(None)


Ask = Callable[[PendingRequest], None]
Leave = Callable[[PendingRequest], None]


class AnswerStream(Unique):
    """A request whose answer is read as it grows: what `Client.ask` returns.

        stream = client.ask("plan a trip to the coast")
        async for piece in stream:
            print(piece.text, end="", flush=True)
        print(stream.answer)

    The first step of the iteration makes the request. A step that is cancelled has lost nothing:
    the next one goes on. Who leaves the iteration early calls `aclose`, or drops the object; what
    comes afterwards is a `Late` event of the client.
    """

    def __init__(self, ask: Ask, leave: Leave) -> None:
        self._request = PendingRequest(stream=True)
        self._ask = ask
        self._leave = leave
        self._over = False

    @property
    def answer(self) -> Answered | None:
        """The whole answer, once the iteration has come to its end."""
        outcome = self._request.outcome
        return outcome if self._over and isinstance(outcome, Answered) else None

    def __aiter__(self) -> AnswerStream:
        return self

    async def __anext__(self) -> Piece:
        """The next piece. Appended to each other, the pieces are the answer, unless one says
        `restart`.

        Raises `RejectedError`, `ExpiredError`, `UnknownError` or `UnsentError` if the request ends
        without an answer, and what `Client.send` raises.
        """
        request = self._request
        if self._over:
            raise StopAsyncIteration
        if request.number is None:
            self._ask(request)
        while True:
            if (piece := request.take()) is not None:
                return piece
            if request.error is not None:
                self._over = True
                raise request.error
            if request.outcome is not None:
                self._over = True
                raise self._last(request.outcome)
            await request.progress()

    async def aclose(self) -> None:
        """Waits no longer for the answer. A request that was sent has its effect all the same."""
        self._drop()

    def __del__(self) -> None:
        self._drop()

    def _last(self, outcome: Outcome) -> Exception:
        match outcome:
            case Answered():
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
            self._leave(self._request)
