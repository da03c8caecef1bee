"""The backend that the servers run: it answers in three pieces, and says in which process."""

import asyncio
import os

import fastapi

import pamlink
from pamlink.starlette import endpoint, lifespan

SECRET = b"a secret for the tests of servers only"

options = pamlink.HubOptions(connects_per_minute=1_000_000)
hub = pamlink.Hub(auth=pamlink.HS256(SECRET), options=options)


@hub.default
async def answer(request):
    for word in ("one ", "two ", str(os.getpid())):
        yield word
        await asyncio.sleep(0.1)


def app_of(**how):
    app = fastapi.FastAPI(lifespan=lifespan(hub, spread=1.0, **how))
    app.add_api_websocket_route("/api/v1/pam/ws/{user_id:path}", endpoint(hub))
    return app


app = app_of()
