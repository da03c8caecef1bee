"""The table of docs/recipes/python.md: what each ASGI server does to a hub.

    python tests/field/servers/main.py

Run by a Python that has the package and the servers. All of them run at once, each in a process of
its own, and each is asked the same requests in turn.
"""

import asyncio
import contextlib
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
import traceback
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
# Behind the installed packages.
sys.path.append(str(HERE))

from app import SECRET  # noqa: E402
from peer import PATH, Peer  # noqa: E402

from pamlink import sansio  # noqa: E402

# Nothing takes long, but the machine may be busy with other things.
LIMIT = 60.0
PYTHON = [sys.executable, "-B"]


def flags_of_the_example():
    """What the example says that uvicorn wants beside the app."""
    text = (ROOT / "bindings/python/examples/fastapi_backend.py").read_text()
    flags = re.findall(r"--ws-ping-interval \d+", text)
    assert len(flags) == 1, flags
    return shlex.split(flags[0])


@dataclass(frozen=True)
class Server:
    """One row of the table."""

    name: str
    command: tuple
    drains: bool = True
    says_404: bool = True
    workers: int = 1


UVICORN = ["-m", "uvicorn", "app:app", "--port", "PORT", *flags_of_the_example()]
GUNICORN = ["-m", "gunicorn", "app:app", "-b", "127.0.0.1:PORT", "--preload", "-w", "2"]
GUNICORN += ["--access-logfile", "-", "--no-control-socket"]
HYPERCORN = ["-m", "hypercorn", "app:app", "-b", "127.0.0.1:PORT", "--access-logfile", "-"]
GRANIAN = ["-m", "granian", "app:app", "--interface", "asgi", "--port", "PORT", "--access-log"]
SERVERS = [
    Server("uvicorn websockets", (*UVICORN, "--ws", "websockets")),
    Server("uvicorn websockets-sansio", (*UVICORN, "--ws", "websockets-sansio")),
    Server("uvicorn wsproto", (*UVICORN, "--ws", "wsproto")),
    Server("hypercorn -w 0", (*HYPERCORN, "-w", "0")),
    Server("hypercorn trigger", ("hypercorn_trigger.py", "127.0.0.1:PORT")),
    Server("hypercorn", tuple(HYPERCORN), drains=False),
    Server("granian asyncio", (*GRANIAN, "--loop", "asyncio")),
    Server("granian uvloop", (*GRANIAN, "--loop", "uvloop")),
    Server("gunicorn asgi", (*GUNICORN, "-k", "asgi"), says_404=False, workers=2),
    Server(
        "gunicorn uvicorn-worker",
        (*GUNICORN, "-k", "uvicorn_worker.UvicornWorker"),
        workers=2,
    ),
]


def token(user):
    until = time.time_ns() // 1_000 + 3_600_000_000
    return sansio.sign_token(SECRET, user, until)


def check(holds, what):
    if not holds:
        raise AssertionError(what)


class Running:
    """A server that runs, and what is asked of it."""

    def __init__(self, server):
        self.server = server
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.log = ""
        self._tokens = set()

    async def __aenter__(self):
        command = [it.replace("PORT", str(self.port)) for it in self.server.command]
        self._process = await asyncio.create_subprocess_exec(
            *PYTHON, *command, cwd=HERE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        self._reading = asyncio.create_task(self._read())
        while True:
            try:
                peer = await Peer.open(self.port, PATH + "nobody")
                peer.drop()
                return self
            except (OSError, ValueError):
                check(self._process.returncode is None, f"the server has ended:\n{self.log}")
                await asyncio.sleep(0.1)

    async def __aexit__(self, *error):
        if self._process.returncode is None:
            self._process.terminate()
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._process.wait(), 10)
        if self._process.returncode is None:
            self._process.kill()
        self._reading.cancel()

    async def _read(self):
        async for line in self._process.stdout:
            self.log += line.decode(errors="replace")

    async def open(self, user, shown=None):
        shown = token(user) if shown is None else shown
        self._tokens.add(shown)
        peer = await Peer.open(self.port, f"{PATH}{user}?token={shown}")
        check(peer.status == 101, f"the status {peer.status}")
        return peer

    async def chat(self):
        peer = await self.open("ann")
        check((await peer.hear())["type"] == "connection", "no welcome")
        peer.say({"type": "chat", "id": "1", "message": "hi", "stream": True})
        heard = [await peer.hear() for _ in range(4)]
        types = [it["type"] for it in heard]
        check(types == ["chat_response_delta"] * 3 + ["chat_response"], types)
        check(heard[3]["message"] == "".join(it["content"] for it in heard[:3]), heard[3])
        peer.drop()

    async def refusal(self):
        for shown in ("eve", ""):
            peer = await self.open("ann", token("eve") if shown else "")
            check(await peer.rest() == [], "a message before the close")
            check(peer.closed is not None and peer.closed[0] == 4001, peer.closed)

    async def targets(self):
        vectors = ROOT / "tests/vectors/targets.json"
        for case in json.loads(vectors.read_text())["cases"]:
            peer = await Peer.open(self.port, case["target"])
            right = 101
            if case["token"] is None:
                right = 404 if case["user"] is None and self.server.says_404 else 403
            check(peer.status == right, f"{case['target'][:80]}: {peer.status}, not {right}")
            peer.drop()

    async def pings(self):
        peer = await self.open("ann")
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(peer.rest(), 1)
        check(peer.pings == 0, f"{peer.pings} pings in a second")
        peer.drop()

    async def fork(self):
        """Workers have epochs of their own, though the hub was made before they were forked."""
        epochs = {}
        for number in range(100):
            peer = await self.open(f"user-{number}")
            epoch = (await peer.hear())["epoch"]
            peer.say({"type": "chat", "id": "1", "message": "hi"})
            process = (await peer.hear())["message"].split(" ")[-1]
            check(epochs.setdefault(process, epoch) == epoch, "one process, two epochs")
            peer.drop()
            if len(epochs) == self.server.workers:
                break
        check(len(epochs) == self.server.workers, f"only {epochs} was met")
        check(len(set(epochs.values())) == len(epochs), f"one epoch in two processes: {epochs}")

    async def drain(self):
        warned = "links will be cut when the server ends" in self.log
        check(warned is not self.server.drains, f"warned: {warned}\n{self.log}")
        peers = [await self.open(user) for user in ("ann", "ben", "cleo", "dan")]
        for peer in peers:
            check((await peer.hear())["type"] == "connection", "no welcome")
        peers[0].say({"type": "chat", "id": "1", "message": "hi"})
        await asyncio.sleep(0.05)
        if "uvloop" in self.server.name:
            # It takes over its signals a moment after its start, and cuts until then.
            await asyncio.sleep(3)
        self._process.send_signal(signal.SIGTERM)
        heard = await asyncio.gather(*(peer.rest() for peer in peers))
        await self._process.wait()
        await asyncio.wait_for(asyncio.shield(self._reading), 10)
        codes = [peer.closed and peer.closed[0] for peer in peers]
        if not self.server.drains:
            check(1012 not in codes, f"it drains after all: the table is wrong: {codes}")
            return
        check(codes == [1012] * 4, codes)
        types = [[it["type"] for it in of_peer] for of_peer in heard]
        check(all("going_away" in of_peer for of_peer in types), types)
        check("chat_response" in types[0], types)

    async def secrets(self):
        # The server has ended: all that it had to say is said.
        check(self.log, "no log")
        shown = [it for it in self._tokens if it and it in self.log]
        check(not shown, f"a token is in the log:\n{self.log}")


async def ask(server):
    """Asks a server everything; the results in order."""
    found = []

    async def one(item, what, asked):
        try:
            await asyncio.wait_for(asked(), LIMIT)
            found.append((True, f"{item} {server.name}: {what}", ""))
        except Exception:
            found.append((False, f"{item} {server.name}: {what}", traceback.format_exc()))

    try:
        async with contextlib.AsyncExitStack() as stack:
            entering = stack.enter_async_context(Running(server))
            running = await asyncio.wait_for(entering, LIMIT)
            await one("4.3", "chat in pieces", running.chat)
            await one("4.3", "a token of another is closed with 4001", running.refusal)
            await one("4.6", "path and query are read as a hub reads them", running.targets)
            if server.name.startswith("uvicorn"):
                await one("4.1", "no pings with the flags of the example", running.pings)
            if server.workers > 1:
                await one("4.2", "forked workers have epochs of their own", running.fork)
            promise = "SIGTERM drains" if server.drains else "what SIGTERM cuts is warned of"
            await one("4.3", promise, running.drain)
            await one("4.5", "no token is in the log", running.secrets)
    except Exception:
        found.append((False, f"4.3 {server.name}: it runs", traceback.format_exc()))
    return found


async def main():
    number, failed = 0, 0
    # A few at a time: the first second of a server is all work.
    gate = asyncio.Semaphore(4)

    async def in_turn(server):
        async with gate:
            return await ask(server)

    for asked in [asyncio.create_task(in_turn(server)) for server in SERVERS]:
        for holds, name, why in await asked:
            number += 1
            failed += not holds
            print(f"{'ok' if holds else 'not ok'} {number} - {name}", flush=True)
            for line in why.splitlines():
                print(f"# {line}", flush=True)
    print(f"1..{number}")
    return failed


if __name__ == "__main__":
    os.environ["PYTHONPATH"] = os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")])
    sys.exit(1 if asyncio.run(main()) else 0)
