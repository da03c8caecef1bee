"""The hub under FastAPI and uvicorn, as the recipe has it."""

from __future__ import annotations

import fastapi
import uvicorn
from answers import hub
from pamlink.starlette import endpoint, lifespan
from world import listening

app = fastapi.FastAPI(lifespan=lifespan(hub, spread=0.0))
app.add_api_websocket_route("/api/v1/pam/ws/{user_id:path}", endpoint(hub))

if __name__ == "__main__":
    config = uvicorn.Config(app, log_level="warning", ws_ping_interval=None)
    uvicorn.Server(config).run(sockets=[listening()])
