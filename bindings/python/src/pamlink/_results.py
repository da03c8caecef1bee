"""What is told of commands later than they are given."""

from __future__ import annotations

import asyncio
from typing import Generic, TypeVar

from .errors import PamlinkError

T = TypeVar("T")


class Results(Generic[T]):
    """The results that are waited for, each under the number of its command."""

    def __init__(self) -> None:
        self._waiting: dict[int, asyncio.Future[T]] = {}

    def get(self, number: int) -> asyncio.Future[T] | None:
        """The result that is waited for under this number, if any is."""
        return self._waiting.get(number)

    def expect(self, number: int) -> asyncio.Future[T]:
        """A result that is waited for from here on."""
        result: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting[number] = result
        return result

    def settle(self, number: int, value: T) -> None:
        """A result has come. Nothing follows where nobody waits for it."""
        result = self._waiting.pop(number, None)
        if result is not None and not result.done():
            result.set_result(value)

    def drop(self, number: int) -> None:
        """No result will come: the command was refused."""
        self._waiting.pop(number, None)

    def fail(self, error: PamlinkError) -> None:
        """Nothing that is waited for comes any more."""
        for result in self._waiting.values():
            if not result.done():
                result.set_exception(error)
                # Nobody may be left to hear it.
                result.exception()
        self._waiting.clear()
