"""Asks at `sys.argv[1]` with the token behind it, and prints the answer as it was read."""

import asyncio
import sys

from pamlink import Client


async def chat(url: str, token: str, text: str) -> None:
    read = ""
    async with Client(url, token=token) as client:
        async for piece in client.ask(text):
            read = piece.text if piece.restart else read + piece.text
    print(read, end="")


asyncio.run(chat(*sys.argv[1:]))
