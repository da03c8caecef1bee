"""What a call across the border costs in Python, and what the backend does today beside it.

    python main.py [--out FILE] [--quick]

The contenders take turns, in an order that turns with each round; a figure is the median of the
rounds behind the first. The garbage collector rests while the clock runs. Called by
`cargo xtask bench ffi`.
"""

from __future__ import annotations

import argparse
import gc
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter_ns

# The programs of this folder, and the package as it is installed.
sys.path.insert(0, str(Path(__file__).parent))

import footprint
import yielded
from backend import Backend
from rows import Rows, middle
from talk import TOGETHER, Talk, restores
from world import APART, TURN, World


class Today:
    """The backend, which has the frames of a world."""

    def __init__(self, world: World) -> None:
        self._backend, self._world = Backend(most=10_000_000), world
        self._now = 1_000.0

    def answered(self) -> float:
        """Nanoseconds of a chat and its answer."""
        frames = self._world.real_chats()
        handle, now, answered = self._backend.handle, self._now, 0
        start = perf_counter_ns()
        for frame in frames:
            now += APART / 1e9
            if '"chat_response"' in (handle(frame, "ann", now) or ""):
                answered += 1
        nanos = perf_counter_ns() - start
        self._now = now
        assert answered == TURN, f"{answered} answers to {TURN} chats"
        return nanos / TURN


def measure(rounds: int) -> dict[str, float]:
    """The median nanoseconds of each contender."""
    # One world for answers: its clock runs fast.
    world, answering, today = World(), World(), Today(World())
    talk, snapshot = Talk(), Talk().snapshot()
    contenders: list[tuple[str, Callable[[], float]]] = [
        ("empty step", world.empty),
        ("empty entry", world.empty_entry),
        ("empty step through UniFFI", world.empty_uniffi),
        ("getter through UniFFI", world.getter_uniffi),
        ("one", world.one_by_one),
        ("one record", world.one_record),
        ("ten", world.ten_at_once),
        ("send", world.sends),
        ("large", world.large),
        ("token", lambda: talk.tokens(1)),
        ("tokens", lambda: talk.tokens(TOGETHER)),
        ("cancel", talk.cancels),
        ("restore", lambda: restores(snapshot)),
        ("answered", answering.answered),
        ("backend", today.answered),
    ]
    figures: dict[str, list[float]] = {name: [] for name, _ in contenders}
    for turn in range(rounds + 1):
        for at in range(len(contenders)):
            name, work = contenders[(at + turn) % len(contenders)]
            gc.collect()
            gc.disable()
            nanos = work()
            gc.enable()
            if turn > 0:
                figures[name].append(nanos)
    return {name: middle(all_) for name, all_ in figures.items()}


# How often the bytes of a message are copied, as the code has it; see bindings/README.md.
COPIES = [
    ("text in: encoded, joined to its record, into the link's reader", 3),
    ("event out: into the output, out of the engine, `bytes`, its record, its texts, `str`", 6),
]


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--out", type=Path)
    arguments.add_argument("--quick", action="store_true")
    given = arguments.parse_args()
    rows = Rows()
    nanos = measure(5 if given.quick else 31)
    micros = {name: value / 1e3 for name, value in nanos.items()}
    through = ("through UniFFI", micros["empty step through UniFFI"])
    rows.add("empty step, its output read", micros["empty step"], "us")
    rows.add("empty step, the C entry alone", micros["empty entry"], "us", beside=through)
    rows.add("a getter through UniFFI", micros["getter through UniFFI"], "us")
    rows.add("one 300 B chat to its event, `receive`", micros["one"], "us")
    rows.add("one 300 B chat to its event, `step`", micros["one record"], "us")
    one = ("one by one", micros["one"])
    rows.add("ten 300 B chats in one call, each", micros["ten"], "us", beside=one, at_most=0.333)
    rows.add("one send of 300 B", micros["send"], "us")
    rows.add("one 64 KiB message to its event", micros["large"], "us")
    rows.add("a token of a stream to its event, alone", micros["token"], "us")
    rows.add(f"the same, {TOGETHER} in one step, each", micros["tokens"], "us")
    rows.add("cancel, to its result", micros["cancel"], "us")
    rows.add("restore of a snapshot with 16 running requests", micros["restore"], "us")
    today = ("the backend today", micros["backend"])
    answered = micros["answered"]
    rows.add("a 300 B chat, taken and answered", answered, "us", beside=today, at_most=0.333)
    for name, copies in COPIES:
        rows.add(f"copies of a message, {name}", copies, "copies")
    yielded.add(rows, given.quick)
    footprint.add(rows, given.quick)
    rows.write(given.out)


if __name__ == "__main__":
    main()
