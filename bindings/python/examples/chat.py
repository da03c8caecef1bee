import asyncio
import sys

from pamlink import Client


async def chat(url: str, token: str) -> None:
    async with Client(url, token=token) as client:
        async for piece in client.ask("fuel so far?"):
            print(piece.text, end="", flush=True)


if __name__ == "__main__":
    asyncio.run(chat(*sys.argv[1:]))
