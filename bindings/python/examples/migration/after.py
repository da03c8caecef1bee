"""The same endpoint on the engine."""

from __future__ import annotations

import os

from fastapi import FastAPI

import pamlink
from pamlink.starlette import HubMiddleware, lifespan

SECRET = os.environ.get("PAMLINK_SECRET", "a secret for development and nothing else")

hub = pamlink.Hub(
    auth=pamlink.HS256(SECRET.encode()), options=pamlink.HubOptions(messages_per_minute=60)
)
app = FastAPI(lifespan=lifespan(hub))
app.add_middleware(HubMiddleware, hub=hub)


async def think(user_id: str, text: str) -> str:
    """Where the work is done."""
    return f"{user_id} said: {text}"


@hub.default
async def answer(request: pamlink.Request) -> str:
    return await think(request.user, request.text)
