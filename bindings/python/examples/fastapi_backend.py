"""A backend with FastAPI that answers through the five default agents, in pieces.

    PAMLINK_SECRET=... uvicorn fastapi_backend:app --port 8000

It serves `/api/v1/pam/ws/{user_id}?token=`, the health of the process and its metrics. Run it with
`--ws-ping-interval 86400`: the engine has a heartbeat of its own. (0 would be without a pause where
uvicorn runs on `websockets`.)
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator

import fastapi
from fastapi.responses import PlainTextResponse

import pamlink
from pamlink import sansio
from pamlink.starlette import HubMiddleware, bearer, lifespan

KEYS = pamlink.HS256(
    os.environ.get("PAMLINK_SECRET", "a secret for development and nothing else").encode()
)
hub = pamlink.Hub(auth=KEYS)


@hub.agent("finance")
async def finance(request: pamlink.Request) -> AsyncIterator[str | pamlink.Answer]:
    """Looks at the expenses, and lets the page reload them."""
    text = "You have spent 40 on fuel so far."
    async for piece in words(text):
        yield piece
    yield pamlink.Answer(text, ui_actions=[{"type": "reload_expenses"}], model="rules")


@hub.agent("trips")
async def trips(request: pamlink.Request) -> AsyncIterator[str]:
    """Plans with the place that the app sent along."""
    context = request.envelope().get("context") or {}
    place = context.get("user_location", {}).get("city", "where you are")
    async for piece in words(f"A route from {place} to the coast, with a stop for the night."):
        yield piece


@hub.agent("health")
async def health(request: pamlink.Request) -> pamlink.Answer:
    """Is careful."""
    return pamlink.Answer("Rest, drink water, and see a doctor if it stays.", source="guidelines")


@hub.agent("voice")
async def voice(request: pamlink.Request) -> str:
    """Has nothing to listen with here."""
    return "I can hear you as soon as somebody gives me ears."


@hub.agent("chat")
async def chat(request: pamlink.Request) -> AsyncIterator[str]:
    """Repeats what was said."""
    async for piece in words(f"You said: {request.text}"):
        yield piece


@hub.default
async def anybody(request: pamlink.Request) -> pamlink.Error:
    """Takes what no agent takes."""
    return pamlink.Error("VALIDATION_ERROR", f"{request.agent_name}: {request.refused}")


async def words(text: str) -> AsyncIterator[str]:
    """A text as a model would bring it."""
    for place, word in enumerate(text.split(" ")):
        await asyncio.sleep(0.001)
        yield f" {word}" if place else word


app = fastapi.FastAPI(lifespan=lifespan(hub, spread=5.0))
app.add_middleware(HubMiddleware, hub=hub)
verified = bearer(sansio.TokenVerifier(KEYS))


@app.post("/api/v1/remind/{user_id}")
async def remind(
    user_id: str, label: str, claims: sansio.VerifiedToken = fastapi.Depends(verified)
) -> dict[str, int]:
    """Rings at every device of a user."""
    if claims.subject != user_id:
        raise fastapi.HTTPException(403)
    reminder = {"type": "timer_expired", "id": f"t-{time.time_ns()}", "label": label}
    return {"devices": hub.push(user_id, reminder).queued}


@app.get("/metrics", response_class=PlainTextResponse)
async def metrics() -> str:
    """What was counted."""
    return hub.metrics()
