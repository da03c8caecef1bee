"""Runs a handler, whatever kind of function it is, and contains what it does."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import inspect
import signal
import threading
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
        self._is_stopped = False

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
        self._is_stopped = True
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)

    async def iterate(self, found: Iterator[Any]) -> AsyncIterator[Any]:
        """The items of a plain iterator, each of which is made in a thread. Left early, it is closed."""
        source = _Source(found)
        try:
            while (item := await self.run(source.take)) is not _END:
                yield item
        finally:
            if not source.has_ended:
                await self._close(source)

    async def _close(self, source: _Source) -> None:
        try:
            if not self._is_stopped:
                await self.run(source.close)
                return
        except asyncio.CancelledError:
            # It may wait for a thread that never comes to it.
            self._close_alone(source)
            raise
        self._close_alone(source)

    def _close_alone(self, source: _Source) -> None:
        threading.Thread(target=source.close, name="pamlink-closing").start()


class _Source:
    """A plain iterator from which one thread after the other takes, and which is never closed while one
    is inside: not every iterator bears that."""

    def __init__(self, items: Iterator[Any]) -> None:
        self.has_ended = False
        """Whether it ended by itself."""
        self._items = items
        self._inside = threading.Lock()
        self._is_left = False
        self._is_closed = False

    def take(self) -> Any:
        """The next item, or `_END`."""
        try:
            with self._inside:
                item = next(self._items, _END)
                self.has_ended = item is _END
        finally:
            if self._is_left:
                self.close()
        return item

    def close(self) -> None:
        """Closes it, if that can be done to it; a thread that is inside does it when it comes out."""
        self._is_left = True
        if not self._inside.acquire(blocking=False):
            return
        try:
            if not self._is_closed:
                self._is_closed = True
                shut(self._items)
        finally:
            self._inside.release()


def shut(found: Any) -> Any:
    """Closes a generator, or a stream of a client; what is to be awaited for that, if anything is."""
    close = getattr(found, "aclose", None) or getattr(found, "close", None)
    return None if close is None else close()


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
