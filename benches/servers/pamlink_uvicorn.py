"""The hub under FastAPI and uvicorn, as the recipe has it."""

from __future__ import annotations

import fastapi
import uvicorn
from answers import hub
from pamlink.starlette import HubMiddleware, lifespan
from world import listening

app = fastapi.FastAPI(lifespan=lifespan(hub, spread=0.0))
app.add_middleware(HubMiddleware, hub=hub)

if __name__ == "__main__":
    config = uvicorn.Config(app, log_level="warning", ws_ping_interval=None)
    uvicorn.Server(config).run(sockets=[listening()])
