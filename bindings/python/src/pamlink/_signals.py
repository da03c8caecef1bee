"""Hears of the signals that end a server before the server does.

A server that is told to end closes its connections, some at once, and only then ends the lifespan.
So the signals are taken from it until the hub is drained, and then given back.

There are two kinds of handlers to be kept waiting. One is a function that Python calls; another takes
its place. The other belongs to the event loop, which learns of signals by bytes in a socket (Python's
wakeup descriptor): that is exchanged for one of ours, and what comes there for others is passed on.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import threading
from collections.abc import Awaitable, Callable
from types import FrameType
from typing import Any

from .hub import Hub

log: logging.Logger = logging.getLogger("pamlink.hub")

ENDS = (signal.SIGTERM, signal.SIGINT)
# The wakeup descriptor, where there is none.
NOBODY = -1
# Seconds between two looks whether the signals still come here.
LOOK = 0.5


class Signals:
    """Holds the signals back from the server, while it is entered, until the hub is drained."""

    def __init__(self, hub: Hub, spread: float) -> None:
        self._hub = hub
        self._spread = spread
        self._loop = asyncio.get_running_loop()
        self._before: dict[int, Any] = {}
        self._draining: asyncio.Task[None] | None = None
        self._tap: _Tap | None = None
        self._again: asyncio.TimerHandle | None = None

    def __enter__(self) -> None:
        if threading.current_thread() is not threading.main_thread():
            log.warning(_UNHEARD, "this thread hears no signals")
            return
        # One that is no function is the server's business alone, if there is a server.
        taken = [number for number in ENDS if callable(signal.getsignal(number))]
        if taken:
            self._tap = _Tap(self._loop, frozenset(taken))
            self._hold(taken)
        if signal.SIGTERM not in taken:
            log.warning(_UNHEARD, "nobody here waits for SIGTERM")

    def __exit__(self, *error: object) -> None:
        self._give_back()

    def _hold(self, taken: list[signal.Signals]) -> None:
        """Takes the signals, and looks after it: a loop that stops and goes on takes them again."""
        for number in taken:
            now = signal.getsignal(number)
            if now != self._heard:
                self._before[number] = now
                signal.signal(number, self._heard)
        if self._tap is not None:
            self._tap.hold()
            self._again = self._loop.call_later(LOOK, self._hold, taken)

    def _give_back(self) -> None:
        if self._again is not None:
            self._again.cancel()
        if self._tap is not None:
            self._tap.close()
            self._tap = None
        while self._before:
            number, before = self._before.popitem()
            signal.signal(number, before)

    def _heard(self, number: int, frame: FrameType | None) -> None:
        if self._draining is None:
            self._loop.call_soon_threadsafe(self._drain, number)
        else:
            self._pass_on(number)

    def _drain(self, number: int) -> None:
        if self._draining is None:
            self._draining = self._loop.create_task(self._hub.drain(self._spread))
            self._draining.add_done_callback(lambda _: self._pass_on(number))

    def _pass_on(self, number: int) -> None:
        if self._before:
            self._give_back()
            signal.raise_signal(number)


_UNHEARD = (
    "%s: links will be cut when the server ends, unless `hub.drain()` is called before; "
    "with `lifespan(hub, signals=False)` this is not said (docs/recipes/python.md, by server)"
)


class _Tap:
    """Takes the place of the loop at Python's wakeup descriptor."""

    def __init__(self, loop: asyncio.AbstractEventLoop, held: frozenset[int]) -> None:
        self._loop = loop
        self._held = held
        self._ours, self._theirs = socket.socketpair()
        for end in (self._ours, self._theirs):
            end.setblocking(False)
        self._before = NOBODY
        loop.add_reader(self._ours, self._woken)

    def hold(self) -> None:
        """Takes the place, from whoever has it now."""
        now = signal.set_wakeup_fd(self._theirs.fileno())
        if now != self._theirs.fileno():
            self._before = now

    def close(self) -> None:
        self._loop.remove_reader(self._ours)
        back = signal.set_wakeup_fd(NOBODY)
        if back == self._theirs.fileno():
            back = self._before
        try:
            signal.set_wakeup_fd(back)
        except (OSError, ValueError):
            # It was closed: its loop has stopped, and takes the place when it goes on.
            pass
        self._ours.close()
        self._theirs.close()

    def _woken(self) -> None:
        """Python has woken the loop, and calls its own handlers. The loop hears of the others."""
        try:
            numbers = self._ours.recv(4_096)
        except (BlockingIOError, InterruptedError):
            return
        if self._before != NOBODY:
            for number in set(numbers) - self._held:
                os.write(self._before, bytes([number]))


def trigger(hub: Hub, spread: float) -> Callable[[], Awaitable[None]]:
    """See `pamlink.starlette.shutdown_trigger`."""

    async def wait() -> None:
        loop = asyncio.get_running_loop()
        signalled = asyncio.Event()
        for number in ENDS:
            loop.add_signal_handler(number, signalled.set)
        try:
            await signalled.wait()
            await hub.drain(spread)
        finally:
            for number in ENDS:
                loop.remove_signal_handler(number)

    return wait
