"""A hub in Python with Kotlin, Swift, Rust, Python and two web clients at once, over sockets that are
cut, and with a hub that is gone in the middle of answers.

    CROSS_RUST='["..."]' CROSS_KOTLIN='["..."]' CROSS_SWIFT='["..."]' CROSS_PYTHON='["..."]' \
        CROSS_NODE='["..."]' CROSS_CHROMIUM='["..."]' python main.py

Each variable is the command of a client as a list in JSON. It is given URL, TOKEN and COUNT, and gives
so many commands, some at once. Of five, the fourth asks `NAME I stop` and cancels that once the answer
has begun, the fifth submits a `note` with the id `n-I`, and the others ask `NAME I`. For each, in their
order, it says how that ended: `I answered TEXT` with the text of the pieces, `I cancelled`,
`I acknowledged`, or `I unknown`; and at the end `done`. CHAT_KOTLIN and CHAT_SWIFT are the console chats
(`chats.py`).
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

CLIENTS = ["RUST", "KOTLIN", "SWIFT", "PYTHON", "NODE", "CHROMIUM"]
COUNT = 60
CUTS = 4
# Commands of a client that are under way at once, at the most.
AT_ONCE = 4
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


def kind(number):
    """What a client does with its command of this number."""
    return {3: "stop", 4: "note"}.get(number % 5, "ask")


def asked(name, number):
    """What the hub is asked."""
    return f"{name} {number} stop" if kind(number) == "stop" else f"{name} {number}"


def good_end(name, number):
    """How a command ends that nothing is lost of."""
    ends = {"stop": "cancelled", "note": "acknowledged"}
    return f"{number} {ends.get(kind(number), f'answered re: {name} {number}')}"


def note(number):
    """What a client submits, with its members in any order."""
    return {"type": "note", "id": f"n-{number}"}


def everything(name, wanted):
    """The commands of a client of these kinds."""
    return [number for number in range(COUNT) if kind(number) in wanted]


@contextlib.asynccontextmanager
async def clients(backend, cuts, seed):
    """All clients at once, each over a proxy of its own: what they say, and their ends."""
    async with contextlib.AsyncExitStack() as stack:
        proxies, running = {}, []
        said = {name: [] for name in CLIENTS}
        for name in CLIENTS:
            proxy = Proxy(backend.port, cuts, f"{seed} {name}")
            proxies[name] = await stack.enter_async_context(proxy)
            user = name.lower()
            url = f"ws://127.0.0.1:{proxy.port}/api/v1/pam/ws/{user}"
            running.append(client(name, url, backend.token(user), said[name]))
        ends = asyncio.gather(*running)
        try:
            yield proxies, said, ends
        except asyncio.CancelledError:
            for name in CLIENTS:
                late = f"{len(said[name])} of {COUNT + 1} lines, {'; '.join(proxies[name].history)}"
                print(f"# when time was up {name} had said {late}")
            raise
        finally:
            ends.cancel()
            await asyncio.gather(ends, return_exceptions=True)


async def together(seed):
    """All clients at once: everything once and in order."""
    async with Backend(seed) as backend, clients(backend, CUTS, seed) as (proxies, said, ends):
        statuses = dict(zip(CLIENTS, await ends))
        for name, lines in said.items():
            user = name.lower()
            same(lines, [*(good_end(name, it) for it in range(COUNT)), "done"], f"what {name} said")
            same(statuses[name], 0, f"how {name} ended")
            work = [asked(name, it) for it in everything(name, ("ask", "stop"))]
            same(backend.effects[user], work, f"what was worked on for {name}")
            stops = [asked(name, it) for it in everything(name, ("stop",))]
            same(sorted(backend.stopped[user]), sorted(stops), f"what {name} has stopped")
            notes = [note(it) for it in everything(name, ("note",))]
            same([json.loads(it) for it in backend.notes[user]], notes, f"what {name} submitted")
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


async def restarted(seed):
    """Each client's hub is gone, with all that it knew, while the client is in the middle of its
    commands, and another is in its place: each command has one end, and nothing is done twice."""
    async with (
        Backend(seed) as first,
        Backend(seed + 1) as second,
        clients(first, 0, seed) as (proxies, said, ends),
    ):
        staying = set(CLIENTS)
        while staying:
            check(not ends.done(), f"{staying} were done before their hub was gone")
            for name in [it for it in staying if len(said[it]) >= COUNT // 3]:
                proxies[name].move(second.port)
                staying.remove(name)
            await asyncio.sleep(0.005)
        statuses = dict(zip(CLIENTS, await ends))
        came = second.counted('pamlink_session_opens_total{answer="unknown"}')
        same(came, len(CLIENTS), "sessions that the second hub did not know")
        for name, lines in said.items():
            same(statuses[name], 0, f"how {name} ended")
            same(len(lines), COUNT + 1, f"lines of {name}")
            once(name, lines[:-1], first, second)
            same(lines[-1], "done", f"the last line of {name}")


def once(name, lines, first, second):
    """Every command of a client has its own end, and has been done once, or not if that is unknown."""
    user = name.lower()
    ended = {number: lines[number] == good_end(name, number) for number in range(COUNT)}
    for number, line in enumerate(lines):
        check(ended[number] or line == f"{number} unknown", f"{name} said {line!r}")
    lost = [number for number in range(COUNT) if not ended[number]]
    check(len(lost) <= AT_ONCE, f"{name} had lost {lost}")
    work = first.effects.get(user, []) + second.effects.get(user, [])
    notes = first.notes.get(user, []) + second.notes.get(user, [])
    done = [*work, *(f"{name} {json.loads(it)['id'][2:]}" for it in notes)]
    for number in range(COUNT):
        times = done.count(asked(name, number))
        check(times == 1 or number in lost and times == 0, f"{name} {number} was done {times} times")


for seed in (1, 2, 3):

    @test(f"everything arrives once and in order, and has one effect: seed {seed}", LIMIT)
    async def _(seed=seed):
        await together(seed)


@test("a hub that is gone in mid-answer: each command has one end, and nothing is done twice", LIMIT)
async def _():
    await restarted(7)


if __name__ == "__main__":
    sys.exit(0 if asyncio.run(run()) else 1)
