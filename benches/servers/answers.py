"""What both servers of pamlink answer in `cargo xtask bench serve`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pamlink
from world import PAUSE, PIECE, SECRET, pieces

hub = pamlink.Hub(
    auth=pamlink.HS256(SECRET),
    # As they come, but for the rates, which a load would meet.
    options=pamlink.HubOptions(messages_per_minute=10_000_000, connects_per_minute=10_000_000),
)


@hub.default
async def answer(request: pamlink.Request) -> str:
    """Who answers, and what was said."""
    return f"{request.agent_name} ({request.module}): {request.text}"


@hub.agent("chat")
async def grow(request: pamlink.Request) -> AsyncIterator[str]:
    """A text as a model would bring it. Nothing but `stream 75` is without a keyword."""
    for _ in range(pieces(request.text)):
        await asyncio.sleep(PAUSE)
        yield PIECE
