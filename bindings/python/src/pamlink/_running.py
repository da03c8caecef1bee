"""Runs a handler, whatever kind of function it is, and contains what it does."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import inspect
import signal
import types
from collections.abc import AsyncIterator, Callable, Coroutine, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

# How many plain functions run at once; the rest waits. As many as Starlette has.
THREADS = 40

_END = object()


class Threads:
    """Where plain functions run, so that they do not hold up the event loop. They cannot be
    cancelled: what takes long should look after itself, or be an async function."""

    def __init__(self) -> None:
        self._pool: ThreadPoolExecutor | None = None

    async def run(self, function: Callable[..., Any], *args: Any) -> Any:
        """What a function returns that is called in a thread, with the context of this task."""
        if self._pool is None:
            self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="pamlink")
        context = contextvars.copy_context()
        call = functools.partial(context.run, _kept, function, *args)
        returned, error = await asyncio.get_running_loop().run_in_executor(self._pool, call)
        if error is not None:
            raise error
        return returned

    def stop(self) -> None:
        """Begins nothing more, and waits for nobody."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)

    async def iterate(self, found: Iterator[Any]) -> AsyncIterator[Any]:
        """The items of a plain generator, each of which is made in a thread."""
        while (item := await self.run(next, found, _END)) is not _END:
            yield item
        # Dropped earlier, it is closed by whoever holds it last: perhaps a thread that still runs.


def begun(work: Coroutine[Any, Any, None]) -> Coroutine[Any, Any, None] | None:
    """Runs a coroutine to its first wait, here and now. What is left of it, for a task; None if it has
    ended."""
    try:
        waits_for = work.send(None)
    except StopIteration:
        return None
    return _rest(work, waits_for)


async def _rest(work: Coroutine[Any, Any, None], waits_for: Any) -> None:
    await _resumed(work, waits_for)


@types.coroutine
def _resumed(work: Coroutine[Any, Any, None], waits_for: Any) -> Generator[Any, Any, None]:
    """As `await work`, of a coroutine that waits already."""
    while True:
        try:
            sent = yield waits_for
        except BaseException as error:
            step: Callable[[], Any] = functools.partial(work.throw, error)
        else:
            step = functools.partial(work.send, sent)
        try:
            waits_for = step()
        except StopIteration:
            return
        finally:
            # It holds an error, whose traceback holds this frame.
            del step


def is_async(handler: Callable[..., Any]) -> bool:
    """Whether a call of it only makes a coroutine or an async generator, which blocks nobody."""
    while isinstance(handler, functools.partial):
        handler = handler.func
    return any(
        inspect.iscoroutinefunction(it) or inspect.isasyncgenfunction(it)
        for it in (handler, getattr(handler, "__call__", None))
    )


def must_go_on(error: BaseException) -> bool:
    """Whether an exception is none of the handler's: the user's Ctrl-C, which Python raises wherever
    the program happens to be unless a server has taken the signal."""
    return (
        isinstance(error, KeyboardInterrupt)
        and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    )


def _kept(function: Callable[..., Any], *args: Any) -> tuple[Any, BaseException | None]:
    """What a function returned or raised. A future takes no `StopIteration`, and a task that gets a
    `SystemExit` ends the event loop."""
    try:
        return function(*args), None
    except Exception as error:
        return None, RuntimeError("StopIteration") if isinstance(error, StopIteration) else error
    except BaseException as error:
        contained = RuntimeError(f"the handler ended by {type(error).__name__}")
        contained.__cause__ = error
        return None, contained
