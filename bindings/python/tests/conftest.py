"""What the tests have in common: tokens, hubs without a network, servers on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import uvicorn

from pamlink import _clock, _runner, HS256, Client, Hub, HubOptions, memory, sansio
from pamlink.tokens import Need

SECRET = b"a secret of thirty-two bytes, or"
KEYS = HS256(SECRET)
PATH = "/api/v1/pam/ws/"
# Nothing that a test waits for takes long.
SOON = 10.0
# Bounds that no test reaches by accident.
PLENTY = HubOptions(
    messages_per_minute=1_000_000, connects_per_minute=1_000_000, repeats_per_minute=1_000_000
)


def token(user: str = "ann", seconds: float = 3_600) -> str:
    """A token of a user."""
    return sansio.sign_token(SECRET, user, int((time.time() + seconds) * 1e6))


def provider(user: str = "ann") -> Callable[[Need], str]:
    """A source of tokens of a user."""
    return lambda need: token(user)


class Clock:
    """The clocks of clients and hubs, which a test may move on."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def advance(self, seconds: float) -> None:
        """Lets so much time pass at once."""
        self._ahead += seconds

    def mono_nanos(self) -> int:
        return _clock.mono_nanos() + int(self._ahead * 1e9)

    def wall_micros(self) -> int:
        return _clock.wall_micros() + int(self._ahead * 1e6)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Clocks that the test moves on. Whoever is to notice at once must be woken."""
    moved = Clock()
    monkeypatch.setattr(_runner, "mono_nanos", moved.mono_nanos)
    monkeypatch.setattr(_runner, "wall_micros", moved.wall_micros)
    return moved


@contextlib.asynccontextmanager
async def connected(
    hub: Hub, user: str = "ann", **options: Any
) -> AsyncIterator[tuple[Client, memory.Network]]:
    """A client of a hub without a network between them."""
    network = memory.Network(hub)
    options.setdefault("token", provider(user))
    async with Client(f"ws://hub{PATH}{user}", dial=network.dial, **options) as client:
        yield client, network


@contextlib.asynccontextmanager
async def serving(app: Any, **options: Any) -> AsyncIterator[str]:
    """An app behind uvicorn on loopback; `host:port`."""
    config = uvicorn.Config(
        app, host="127.0.0.1", port=0, log_level="warning", ws_ping_interval=None, **options
    )
    server = uvicorn.Server(config)
    # The signals of the tests are their runner's.
    task = asyncio.create_task(server._serve())
    try:
        await until(lambda: server.started or task.done())
        if task.done():
            task.result()
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await asyncio.wait_for(task, SOON)


async def until(condition: Callable[[], object]) -> None:
    """Waits until something holds, which must be soon."""

    async def wait() -> None:
        while not condition():
            await asyncio.sleep(0.005)

    await asyncio.wait_for(wait(), SOON)


async def take(events: Any, kind: type[Any]) -> Any:
    """The next event of a kind, which must come soon."""

    async def look() -> Any:
        async for event in events:
            if isinstance(event, kind):
                return event
        raise AssertionError(f"no {kind.__name__} came")

    return await asyncio.wait_for(look(), SOON)
