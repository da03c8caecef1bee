"""What the package takes: time to import, bytes of the library and of sessions. Each is looked at in
a process of its own: `python footprint.py import|sessions|streams|clients`.
"""

from __future__ import annotations

import gc
import json
import subprocess
import sys
from pathlib import Path
from statistics import median
from time import perf_counter_ns
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rows import Rows

SESSIONS = 10_000
# At once: their welcomes are one output.
GROUP = 100
# Of each answer that grows.
TOKENS = 10
# What a client says that opens a session and asks for an answer that grows.
SAID = (
    '{"type":"hello","versions":[1,1],"features":1,"limits":{"message":1048576}}',
    '{"type":"open","sent":["c1a5e00000000001",0]}',
    '{"type":"item","at":["c1a5e00000000001",1],"stream":"q-1","body":'
    '{"type":"chat","message":"fuel so far?","stream":true}}',
)


def add(rows: Rows, quick: bool) -> None:
    """Adds the rows."""
    times = [look("import") for _ in range(3 if quick else 11)]
    rows.add("import pamlink, a fresh process", median(it["import"] for it in times) / 1e6, "ms")
    import pamlink

    (library,) = (Path(pamlink.__file__).parent / "_pamlink").glob("*pamlink_ffi.*")
    rows.add("size of the library", library.stat().st_size / 1024, "KiB")
    sessions = look("sessions")
    each = sessions["resident"] / SESSIONS
    rows.add("memory of 10,000 sessions, resident, each", each, "B")
    each = sessions["counted"] / SESSIONS
    rows.add("memory of 10,000 sessions, as `hub.memory()` counts, each", each, "B")
    streams = look("streams")
    each = streams["resident"] / SESSIONS
    rows.add("memory of 10,000 sessions that stream, resident, each", each, "B")
    each = streams["counted"] / SESSIONS
    rows.add("memory of 10,000 sessions that stream, as `hub.memory()` counts, each", each, "B")
    rows.add("memory of 10,000 clients, resident, each", look("clients")["resident"] / SESSIONS, "B")


def look(what: str) -> dict[str, float]:
    """What a process of its own finds."""
    child = [sys.executable, "-P", "-B", __file__, what]
    found: dict[str, float] = json.loads(subprocess.run(child, check=True, capture_output=True).stdout)
    return found


def imports() -> dict[str, float]:
    """Nanoseconds of the import, with all names. Bytecode is what a package has that was installed."""
    start = perf_counter_ns()
    import pamlink

    for name in pamlink.__all__:
        getattr(pamlink, name)
    return {"import": perf_counter_ns() - start}


def sessions() -> dict[str, float]:
    """A hub with many welcomed links, of a user each."""
    from pamlink.sansio import HubEngine, inputs

    wall = 1_800_000_000_000_000
    before = resident()
    hub = HubEngine(seed=bytes(32))
    for first in range(0, SESSIONS, GROUP):
        users = [f"user-{first + at:06}" for at in range(GROUP)]
        hub.step(1, wall, [inputs.AcceptOpened(None, None, False, user, None, user) for user in users])
    assert hub.links() == SESSIONS
    return {"resident": resident() - before, "counted": hub.memory()}


def streams() -> dict[str, float]:
    """A hub with many sessions over `pamlink.v1`, of a user each, in which an answer grows."""
    from pamlink import events, outputs
    from pamlink.sansio import HubEngine, inputs

    wall = 1_800_000_000_000_000
    before = resident()
    hub = HubEngine(seed=bytes(32))
    running = list[int]()
    for first in range(0, SESSIONS, GROUP):
        users = [f"user-{first + at:06}" for at in range(GROUP)]
        opened = hub.step(1, wall, [inputs.AcceptOpened(None, None, True, user, None, user) for user in users])
        links = [it.link for it in opened.records if isinstance(it, outputs.Accepted)]
        for said in SAID:
            step = hub.receive(1, wall, [(link, said) for link in links])
            running += [it.request for it in step.records if isinstance(it, events.Request)]
    assert len(running) == hub.links() == SESSIONS, f"{len(running)} answers of {hub.links()} links"
    for at in range(0, SESSIONS, GROUP):
        token = [inputs.ReplyPiece(request, "twenty bytes of it. ") for request in running[at : at + GROUP]]
        for _ in range(TOKENS):
            hub.step(1, wall, token)
    return {"resident": resident() - before, "counted": hub.memory()}


def clients() -> dict[str, float]:
    """Many clients that are not connected."""
    from pamlink.sansio import ClientEngine

    url, wall = "wss://example.org/api/v1/pam/ws/ann", 1_800_000_000_000_000
    before = resident()
    made = [ClientEngine(url, mono_nanos=1, wall_micros=wall) for _ in range(SESSIONS)]
    assert len(made) == SESSIONS
    return {"resident": resident() - before}


def resident() -> int:
    """Bytes of this process that are in memory."""
    gc.collect()
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise OSError("the system does not tell")


if __name__ == "__main__":
    looks = {"import": imports, "sessions": sessions, "streams": streams, "clients": clients}
    print(json.dumps(looks[sys.argv[1]]()))
