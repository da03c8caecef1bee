"""A program that uses the installed package: a hub and a client without a network, then a server
that runs, if `PAMLINK_URL` and `PAMLINK_TOKEN` name one."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator

import pamlink
from pamlink import memory, sansio

SECRET = b"a secret of thirty-two bytes, or"


def token(need: pamlink.Need) -> str:
    return sansio.sign_token(SECRET, "ann", int((time.time() + 3_600) * 1e6))


async def answer(request: pamlink.Request) -> AsyncIterator[str]:
    for word in ("it", " ", "works"):
        yield word


async def main() -> None:
    hub = pamlink.Hub(answer, auth=pamlink.HS256(SECRET))
    url = "ws://hub/api/v1/pam/ws/ann"
    async with hub, pamlink.Client(url, token=token, dial=memory.dialer(hub)) as client:
        outcome = await asyncio.wait_for(client.send("does it work?"), 10)
        assert isinstance(outcome, pamlink.Answered) and outcome.text == "it works", outcome
        pieces = [piece.text async for piece in client.ask("does it grow?")]
        assert "".join(pieces) == "it works", pieces
    if "PAMLINK_URL" in os.environ:
        await over_a_socket(os.environ["PAMLINK_URL"], os.environ["PAMLINK_TOKEN"])
    print("ok", pamlink.__version__)


async def over_a_socket(url: str, given: str) -> None:
    """The same against a server that runs."""
    async with pamlink.Client(url, token=given) as client:
        outcome = await asyncio.wait_for(client.send("fuel so far?"), 10)
        assert isinstance(outcome, pamlink.Answered) and outcome.text, outcome


asyncio.run(main())
