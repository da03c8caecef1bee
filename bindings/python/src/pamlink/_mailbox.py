"""Events that wait for somebody to take them."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar, Union

from .events import Lost

T = TypeVar("T")


class Mailbox(Generic[T]):
    """Holds the newest `most` events. What is dropped is counted, and `Lost` comes first."""

    def __init__(self, most: int) -> None:
        if most < 1:
            raise ValueError("the buffer of events holds at least one")
        self._events: deque[T] = deque()
        self._most = most
        self._lost = 0
        self._over = False
        self._waiting: set[asyncio.Future[None]] = set()
        self._observers: list[Callable[[object], None]] = []

    def observe(self, observer: Callable[[object], None]) -> None:
        """Tells every event that is put, too."""
        self._observers.append(observer)

    def put(self, event: T) -> None:
        """Adds an event, in the place of the oldest one if there is no room."""
        for observer in self._observers:
            observer(event)
        if len(self._events) == self._most:
            self._events.popleft()
            self._lost += 1
        self._events.append(event)
        self._stir()

    def end(self) -> None:
        """There will be no more."""
        self._over = True
        self._stir()

    def reopen(self) -> None:
        """There will be more after all."""
        self._over = False

    async def take(self) -> Union[T, Lost]:
        """The next event. Raises `StopAsyncIteration` after the last one.

        Cancelled, it has taken nothing.
        """
        while not self._lost and not self._events:
            if self._over:
                raise StopAsyncIteration
            waiting = asyncio.get_running_loop().create_future()
            self._waiting.add(waiting)
            try:
                await waiting
            finally:
                self._waiting.discard(waiting)
        if self._lost:
            lost, self._lost = Lost(self._lost), 0
            return lost
        return self._events.popleft()

    def _stir(self) -> None:
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(None)
