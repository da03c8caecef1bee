"""A hub in Python with a Kotlin, a Swift, a Rust and two web clients at once, over sockets that are cut.

    CROSS_RUST='["..."]' CROSS_KOTLIN='["..."]' CROSS_SWIFT='["..."]' CROSS_NODE='["..."]' \
        CROSS_CHROMIUM='["..."]' python main.py

Each variable is the command of a client as a list in JSON; it is given URL, TOKEN and COUNT, and
says `answer I TEXT` for each request, in the order of asking, and at the end `done`. CHAT_KOTLIN and
CHAT_SWIFT are the console chats (`chats.py`).
"""

import asyncio
import contextlib
import json
import os
import sys
from pathlib import Path

HERE = Path(__file__).parent
# Behind the installed packages, one of which has the name of a file there.
sys.path += [str(HERE), str(HERE.parent / "interop/python")]

import chats  # noqa: E402, F401
from backend import Backend  # noqa: E402
from proxy import Proxy  # noqa: E402
from tap import check, run, same, test  # noqa: E402

CLIENTS = ["RUST", "KOTLIN", "SWIFT", "NODE", "CHROMIUM"]
COUNT = 60
CUTS = 4
# The delays before four retries are 1 + 1 + 2 + 4 seconds at the most, and a machine may be slow.
LIMIT = 60.0


async def client(name, url, token, said):
    """Runs a client to its end; its status. Each line that it says is added to `said`."""
    command = json.loads(os.environ[f"CROSS_{name}"])
    process = await asyncio.create_subprocess_exec(
        *command, url, token, str(COUNT), stdout=asyncio.subprocess.PIPE
    )
    try:
        async for line in process.stdout:
            said.append(line.decode().rstrip("\r\n"))
        return await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def together(seed):
    """All clients at once."""
    async with contextlib.AsyncExitStack() as stack:
        backend = await stack.enter_async_context(Backend(seed))
        proxies, running = {}, []
        said = {name: [] for name in CLIENTS}
        for name in CLIENTS:
            proxy = Proxy(backend.port, CUTS, f"{seed} {name}")
            proxies[name] = await stack.enter_async_context(proxy)
            user = name.lower()
            url = f"ws://127.0.0.1:{proxy.port}/api/v1/pam/ws/{user}"
            running.append(client(name, url, backend.token(user), said[name]))
        try:
            statuses = dict(zip(CLIENTS, await asyncio.gather(*running)))
        except asyncio.CancelledError:
            for name in CLIENTS:
                late = f"{len(said[name])} of {COUNT + 1} lines, {'; '.join(proxies[name].history)}"
                print(f"# when time was up {name} had said {late}")
            raise
        for name, lines in said.items():
            answers = [f"answer {number} re: {name} {number}" for number in range(COUNT)]
            same(lines, [*answers, "done"], f"what {name} said")
            same(statuses[name], 0, f"how {name} ended")
            asked = [f"{name} {number}" for number in range(COUNT)]
            same(backend.effects[name.lower()], asked, f"what was worked on for {name}")
            same(proxies[name].cuts, CUTS, f"cuts of {name}")
            same(proxies[name].refused, 0, f"openings of {name} that the hub refused")
            check(proxies[name].connections > CUTS, f"{name} did not come back")
        same(sorted(backend.effects), sorted(name.lower() for name in CLIENTS), "users")
        # All speak `pamlink.v1`: a cut asks nothing again, but goes on with the session.
        resumed = backend.counted('pamlink_session_opens_total{answer="resumed"}')
        check(resumed >= len(CLIENTS), f"{resumed} sessions were resumed")
        answers = ("pending", "resumed", "ended")
        followed = [f'pamlink_stream_follows_total{{answer="{answer}"}}' for answer in answers]
        check(any(map(backend.counted, followed)), "nothing was cut between a request and its answer")


for seed in (1, 2, 3):

    @test(f"everything arrives once and in order, and has one effect: seed {seed}", LIMIT)
    async def _(seed=seed):
        await together(seed)


if __name__ == "__main__":
    sys.exit(0 if asyncio.run(run()) else 1)
