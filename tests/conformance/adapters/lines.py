"""What an adapter in Python has to do with lines of JSON."""

import asyncio
import json
import sys


def write(line):
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def event(name, **members):
    write({"event": {name: members}})


class Cannot(Exception):
    """The product has no way to do that."""


async def serve(ready, handle):
    """Says what the product has, and answers each line by what `handle` returns."""
    reader = asyncio.StreamReader(limit=64 * 1024 * 1024)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    write(ready)
    while line := await reader.readline():
        try:
            write({"done": await handle(json.loads(line))})
        except Cannot as why:
            write({"cannot": str(why)})
        except Exception as fault:
            write({"fault": repr(fault)})
