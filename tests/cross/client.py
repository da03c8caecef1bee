"""The Python package over a connection that somebody cuts. Says what `main.py` wants said.

python client.py URL TOKEN COUNT
"""

import asyncio
import sys

from pamlink import Client, UnknownError

# Requests that are under way at once.
AT_ONCE = 4


async def end(client, number):
    """How a command ends, in words."""
    if number % 5 == 4:
        return (await client.submit({"type": "note", "id": f"n-{number}"})).outcome
    stops = number % 5 == 3
    stream = client.ask(f"PYTHON {number}{' stop' if stops else ''}")
    text = ""
    try:
        async for piece in stream:
            text = piece.text if piece.restart else text + piece.text
            if stops:
                return (await stream.cancel()).outcome
    except UnknownError:
        return "unknown"
    return f"answered {text}"


async def main(url, token, count):
    async with Client(url, token=token) as client:
        for first in range(0, count, AT_ONCE):
            numbers = range(first, min(first + AT_ONCE, count))
            ends = await asyncio.gather(*(end(client, number) for number in numbers))
            for number, ended in zip(numbers, ends):
                print(number, ended, flush=True)
    print("done", flush=True)


asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
