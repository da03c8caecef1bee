from collections.abc import AsyncIterator
from pathlib import Path

from fastapi import FastAPI

from pamlink import HS256, Hub, Request
from pamlink.starlette import HubMiddleware, lifespan

hub = Hub(auth=HS256(Path("jwt.secret").read_bytes()))


@hub.default
async def answer(request: Request) -> AsyncIterator[str]:
    yield f"{request.agent_name} "
    yield "is on it"


app = FastAPI(lifespan=lifespan(hub))
app.add_middleware(HubMiddleware, hub=hub)
