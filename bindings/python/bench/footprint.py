"""What the package takes: time to import, bytes of the library and of sessions. Each is looked at in
a process of its own: `python footprint.py import|sessions|clients`.
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
    looks = {"import": imports, "sessions": sessions, "clients": clients}
    print(json.dumps(looks[sys.argv[1]]()))
