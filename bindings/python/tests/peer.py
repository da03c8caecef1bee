"""A peer of a hub without a network, and what the tests of hubs do with it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from conftest import SOON, token

import pamlink
from pamlink import Hub, Request
from pamlink.transports import TransportClosed


async def echo(request: Request) -> str:
    return f"{request.agent}: {request.text}"


class Peer:
    """A transport of whole messages, with the test at the other end."""

    def __init__(self) -> None:
        self.sent: asyncio.Queue[str] = asyncio.Queue()
        self.closed: asyncio.Future[tuple[int | None, str]] = asyncio.Future()
        self._coming: asyncio.Queue[str | bytes | TransportClosed] = asyncio.Queue()

    def say(self, what: str | bytes | TransportClosed) -> None:
        self._coming.put_nowait(what)

    async def hear(self, kind: str) -> dict[str, Any]:
        """The next message of a type, read over the others."""
        while True:
            message: dict[str, Any] = json.loads(await asyncio.wait_for(self.sent.get(), SOON))
            if message["type"] == kind:
                return message

    async def send(self, text: str) -> None:
        self.sent.put_nowait(text)

    async def receive(self) -> str | bytes:
        what = await self._coming.get()
        if isinstance(what, TransportClosed):
            raise what
        return what

    async def close(self, code: int | None = None, reason: str = "") -> None:
        if not self.closed.done():
            self.closed.set_result((code, reason))
            # As a peer that answers the close.
            self.say(TransportClosed(code or 1005, reason))


def serve(hub: Hub, peer: Peer, user: str = "ann", **proof: Any) -> asyncio.Task[None]:
    if not proof:
        proof = {"token": token(user)}
    return asyncio.create_task(hub.serve(peer, user=user, **proof))


async def ask(peer: Peer, text: str = "hi", **members: Any) -> dict[str, Any]:
    peer.say(pamlink.encode({"type": "chat", "message": text} | members))
    return await peer.hear("chat_response")
