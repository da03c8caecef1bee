import asyncio
import os
import shlex
from collections.abc import AsyncIterator
from pathlib import Path

from fastapi import FastAPI

from pamlink import HS256, Hub, HubOptions, Request
from pamlink.starlette import HubMiddleware, lifespan

TOOL = shlex.split(os.environ["TOOL"])
hub = Hub(
    auth=HS256(Path("jwt.secret").read_bytes()),
    # A request may run for half an hour; what the same user asks meanwhile waits for its turn.
    options=HubOptions(request_timeout=1_800, while_answering="queue"),
)


@hub.default
async def answer(request: Request) -> AsyncIterator[str]:
    tool = await asyncio.create_subprocess_exec(
        *TOOL, request.text, stdout=asyncio.subprocess.PIPE
    )
    assert tool.stdout is not None
    try:
        async for line in tool.stdout:
            yield line.decode()
        yield "Done." if await tool.wait() == 0 else "It went wrong."
    finally:
        # Whoever asked has cancelled, or the request has expired.
        if tool.returncode is None:
            tool.kill()
            await tool.wait()


app = FastAPI(lifespan=lifespan(hub))
app.add_middleware(HubMiddleware, hub=hub)
