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


class Tasks:
    """The tasks of a machine, which end when it is let go of."""

    def __init__(self):
        self.tasks = set()

    def spawn(self, work):
        task = asyncio.ensure_future(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def drop(self):
        """What it says from here on is said to nobody."""
        for task in self.tasks:
            task.cancel()


async def serve(ready, make):
    """Says what the product has, and answers each line of the runner: `make` makes a machine of one,
    which is opened, does what it is told, and is dropped when the next is made."""
    reader = asyncio.StreamReader(limit=64 * 1024 * 1024)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    write(ready)
    machine = None
    while text := await reader.readline():
        line = json.loads(text)
        try:
            if "make" in line:
                if machine:
                    machine.drop()
                machine = make(line)
                done = await machine.open()
            else:
                (command, its), = line["do"].items()
                done = await machine.do(command, its, line.get("as"))
            write({"done": done})
        except Cannot as why:
            write({"cannot": str(why)})
        except Exception as fault:
            write({"fault": repr(fault)})
