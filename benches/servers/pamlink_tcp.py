"""The hub on its own server, on the event loop that uvicorn takes, too."""

from __future__ import annotations

import asyncio

import uvloop
from answers import hub
from pamlink import tcp
from world import say


async def main() -> None:
    async with hub, await tcp.listen(hub, "127.0.0.1", 0) as server:
        say(server.sockets[0].getsockname()[1])
        await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
