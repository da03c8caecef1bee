"""The engine without sockets: virtual time, threads, bounds, and what an engine object refuses."""

from __future__ import annotations

import ctypes
import pickle
import subprocess
import sys
import threading
import time
from typing import Any

import pytest
from conftest import KEYS, PLENTY, SECRET

import pamlink
from pamlink import ClientOptions, HubOptions, _native, events, inputs, outputs, sansio
from pamlink.sansio import ClientEngine, HubEngine, Input, Output

WALL = 1_800_000_000_000_000
SECOND = 1_000_000_000
SEED = bytes(range(32))


def token(user: str = "ann") -> str:
    return sansio.sign_token(SECRET, user, WALL + 3_600_000_000)


class World:
    """A client and a hub whose time is a number, and whose network is a list."""

    def __init__(self) -> None:
        self.now = SECOND
        self.hub = HubEngine(auth=KEYS, options=PLENTY, seed=SEED)
        self.client = ClientEngine(
            "ws://hub/api/v1/pam/ws/ann",
            options=ClientOptions(request_timeout=30, v1=False),
            seed=SEED,
            mono_nanos=self.now,
            wall_micros=WALL,
        )
        self.link: int | None = None
        self.events: list[Output] = []
        self.deadlines: dict[object, int] = {}
        self.replies = True
        self.up = True

    def wall(self) -> int:
        return WALL + self.now // 1_000

    def step(self, engine: ClientEngine | HubEngine, *records: Input) -> None:
        """A step, and all that follows at both ends at the same time."""
        step = engine.step(self.now, self.wall(), records)
        if step.deadline is not None:
            self.deadlines[engine] = step.deadline
        else:
            self.deadlines.pop(engine, None)
        for record in step.records:
            self._follow(engine, record)

    def _follow(self, engine: ClientEngine | HubEngine, record: Output) -> None:
        match record:
            case outputs.NeedToken():
                self.step(engine, inputs.Token(None, token()))
            case outputs.Dial():
                if not self.up:
                    self.step(engine, inputs.DialFailed(class_="network"))
                    return
                self.link = None
                self.step(self.hub, inputs.Accept())
                self.step(engine, inputs.Dialed())
            case outputs.Accepted(link=link):
                self.link = link
            case outputs.WriteBytes(bytes=data) if self.up:
                if engine is self.client and self.link is not None:
                    self.step(self.hub, inputs.BytesIn(self.link, data))
                elif engine is self.hub:
                    self.step(self.client, inputs.BytesIn(0, data))
            case events.Request(request=request) if self.replies:
                self.events.append(record)
                self.step(self.hub, inputs.Reply(request, False, f"echo {record.text}"))
            case _:
                self.events.append(record)

    def pass_time(self, seconds: float) -> None:
        """Lets time pass, from deadline to deadline."""
        end = self.now + int(seconds * SECOND)
        while self.deadlines and (due := min(self.deadlines.values())) <= end:
            self.now = max(self.now, due)
            for engine in [it for it, at in self.deadlines.items() if at <= self.now]:
                self.step(engine)  # type: ignore[arg-type]
        self.now = end

    def cut(self) -> None:
        """Breaks the connection at both ends."""
        assert self.link is not None
        self.step(self.hub, inputs.ClosedIn(self.link))
        self.step(self.client, inputs.ClosedIn(0))

    def of(self, kind: type[Any]) -> list[Any]:
        return [it for it in self.events if isinstance(it, kind)]


def test_a_conversation_needs_no_network_and_no_waiting() -> None:
    world = World()
    world.step(world.client, inputs.Connect())
    world.step(world.client, inputs.Ask(False, "hi"))
    (answer,) = world.of(outputs.Answer)
    assert answer.text == "echo hi"
    assert world.client.state() is events.State.OPEN and world.hub.links() == 1


def test_an_hour_of_silence_passes_in_no_time() -> None:
    world = World()
    world.step(world.client, inputs.Connect())
    began = time.monotonic()
    world.pass_time(3_000)
    assert time.monotonic() - began < 5
    # The heartbeats of both ends have kept the link.
    assert world.client.state() is events.State.OPEN
    assert not world.of(events.Closed)


def test_a_request_that_a_cut_interrupts_is_answered_once() -> None:
    world = World()
    world.step(world.client, inputs.Connect())
    world.replies = False
    world.step(world.client, inputs.Ask(False, "hi"))
    (request,) = world.of(events.Request)
    world.cut()
    world.step(world.hub, inputs.Reply(request.request, False, "done"))
    world.pass_time(10)
    assert [it.text for it in world.of(outputs.Answer)] == ["done"]
    assert len(world.of(events.Request)) == 1
    assert [it.first for it in world.of(events.Duplicate)] == ["answered"]


def test_the_same_inputs_give_the_same_outputs() -> None:
    def run() -> list[Output]:
        world = World()
        world.up = False
        world.step(world.client, inputs.Connect())
        world.step(world.client, inputs.Ask(False, "hi"))
        world.pass_time(20)
        world.up = True
        world.pass_time(60)
        return world.events

    first = run()
    assert len([it for it in first if isinstance(it, outputs.Retrying)]) > 2
    assert first == run()


def test_a_request_expires_by_the_clock_that_is_passed_in() -> None:
    world = World()
    world.up = False
    world.step(world.client, inputs.Connect())
    world.step(world.client, inputs.Ask(False, "hi"))
    world.pass_time(29)
    assert not world.of(outputs.Expired)
    world.pass_time(2)
    assert world.of(outputs.Expired) == [outputs.Expired(0)]


def test_a_refused_record_is_reported_and_the_others_are_taken() -> None:
    world = World()
    records = [inputs.Ask(False, "a", context="[]"), inputs.Drain(0), inputs.Ask(False, "b")]
    step = world.client.step(world.now, WALL, records)
    faults = [it for it in step.records if isinstance(it, outputs.Fault)]
    assert [(it.of, it.name) for it in faults] == [(0, "bad_context"), (1, "wrong_machine")]
    assert outputs.Asked(2, 0) in step.records
    with pytest.raises(ValueError, match="close_in"):
        sansio.pack([inputs.CloseIn(-1, 1000, "")])


def opened(hub: HubEngine, user: str = "ann") -> int:
    step = hub.step(0, WALL, [inputs.AcceptOpened(None, None, False, user, subject=user)])
    return next(it.link for it in step.records if isinstance(it, outputs.Accepted))


def chat(number: int, text: str = "hi") -> str:
    return f'{{"type":"chat","id":"{number}","message":"{text}"}}'


def test_many_messages_in_one_step_are_as_one_by_one() -> None:
    found = []
    for together in (True, False):
        hub = HubEngine(options=PLENTY, seed=SEED)
        link = opened(hub)
        messages = [(link, chat(number)) for number in range(20)]
        if together:
            records = hub.receive(1, WALL, messages).records
        else:
            steps = [hub.step(1, WALL, [inputs.TextIn(*message)]) for message in messages]
            records = [record for step in steps for record in step.records]
        found.append(records)
    assert found[0] == found[1] and len(found[0]) == 20


def test_an_output_beyond_the_room_is_whole() -> None:
    options = HubOptions(outbox_bytes=1 << 20)
    hub = HubEngine(options=options, seed=SEED)
    link = opened(hub)
    accepted = hub.step(1, WALL, [inputs.TextIn(link, chat(1, "x"))])
    request = next(it for it in accepted.records if isinstance(it, events.Request))
    long = "é" * 80_000
    step = hub.step(1, WALL, [inputs.Reply(request.request, False, long)])
    # The message and its content are the text, and both are in one frame.
    (frame,) = [it for it in step.records if isinstance(it, outputs.WriteText)]
    assert len(frame.text) > 160_000 and frame.text.count(long) == 2
    assert hub.step(1, WALL).records == []


def test_what_is_handed_out_waits_for_written() -> None:
    hub = HubEngine(options=HubOptions(outbox_bytes=1 << 20), seed=SEED)
    link = opened(hub)
    news = inputs.Push("ann", '{"type":"news","message":"' + "x" * 10_000 + '"}')
    records = hub.step(1, WALL, [news] * 20).records
    first = [it for it in records if isinstance(it, outputs.WriteText)]
    assert 6 <= len(first) < 10
    assert hub.step(1, WALL).records == []
    # Whoever writes says so where it is asked to.
    asked = [it.ack for it in first]
    assert sum(asked) == 1
    more = hub.step(1, WALL, [inputs.Written(link)]).records
    assert len([it for it in more if isinstance(it, outputs.WriteText)]) == asked.index(True) + 1


def test_a_used_up_handle_and_wrong_lengths_are_errors() -> None:
    engine = HubEngine(seed=SEED)
    handle = engine._handle
    assert engine.step_packed(0, WALL, b"\0") != b""
    with pytest.raises(pamlink.UsageError) as gone:
        _native.step(handle + 1_000_000, 0, WALL, b"", threading.Lock())
    assert gone.value.name == "no_engine"


# What an engine object refuses.

OBJECTS = """
import copy, pickle, sys
import pamlink
from pamlink import sansio
from pamlink.options import HS256

def refuse(thing):
    for how in (copy.copy, copy.deepcopy, pickle.dumps, lambda it: it.__reduce_ex__(4),
                lambda it: copy.copy([it]) and copy.deepcopy([it]), lambda it: it.__reduce__()):
        try:
            how(thing)
        except TypeError as error:
            assert "one engine" in str(error), error
        else:
            raise SystemExit(f"{type(thing).__name__} was copied")

things = [
    sansio.ClientEngine("ws://h/x", mono_nanos=0, wall_micros=0),
    sansio.HubEngine(),
    sansio.FrameCodec(client=False),
    sansio.DuplicateWindow(),
    sansio.Router(),
    sansio.TokenVerifier(HS256(bytes(32))),
    pamlink.Hub(),
    pamlink.Client("ws://h/x"),
    pamlink.Client("ws://h/x").ask("hi"),
]
for thing in things:
    refuse(thing)
del things, thing
import gc
gc.collect()
print("refused")
"""


def test_engine_objects_cannot_be_copied_or_pickled() -> None:
    """In a process of its own, for what would happen otherwise takes the process with it."""
    done = subprocess.run(
        [sys.executable, "-P", "-c", OBJECTS], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout.strip()) == (0, "refused"), done.stderr


# The border.


def test_a_library_of_another_version_is_refused_clearly() -> None:
    class Number:
        restype: Any = None

        def __call__(self) -> int:
            return 99

    class Library:
        pamlink_abi = Number()

    with pytest.raises(pamlink.AbiMismatch) as refused:
        _native.check_abi(Library(), "libother.so")  # type: ignore[arg-type]
    text = str(refused.value)
    assert refused.value.code == 1
    assert "libother.so" in text and "99" in text and "install" in text
    libc = ctypes.CDLL(None)
    with pytest.raises(pamlink.AbiMismatch, match="no library of pamlink"):
        _native.check_abi(libc, "libc")


@pytest.mark.parametrize("what", ["another version", "no library"])
def test_a_package_with_a_library_that_does_not_fit_is_not_imported(
    what: str, tmp_path: Any
) -> None:
    """The whole way: a copy of the package whose table has another number, or has no library."""
    import shutil
    from pathlib import Path

    package = tmp_path / "pamlink"
    shutil.copytree(Path(pamlink.__file__).parent, package)
    if what == "another version":
        table = package / "_table.py"
        table.write_text(table.read_text().replace("ABI = ", "ABI = 99 + "))
        expected = "this package speaks version"
    else:
        for library in (package / "_pamlink").glob("*pamlink_ffi*"):
            library.unlink()
        expected = "the library of pamlink cannot be loaded"
    done = subprocess.run(
        [sys.executable, "-B", "-c", "import pamlink"],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path)},
    )
    assert done.returncode == 1
    assert "ImportError" in done.stderr and expected in done.stderr


# Threads.


def test_threads_may_step_one_hub_and_many() -> None:
    """Nothing is lost, mixed up or torn when threads step the same engine, and others their own."""
    options = HubOptions(
        messages_per_minute=1_000_000,
        max_requests_per_link=60_000,
        connects_per_minute=1_000,
        max_requests=1_000_000,
        outbox_bytes=1 << 26,
        routes={
            "version": "1",
            "error_handler": {"id": "errors"},
            "default": "any",
            "agents": [{"id": "any"}],
        },
    )
    shared = HubEngine(options=options, seed=SEED)
    own = [HubEngine(options=options, seed=SEED) for _ in range(4)]
    rounds, results = 300, []

    def work(name: int, hub: HubEngine) -> None:
        user = f"user-{name}"
        step = hub.step(0, WALL, [inputs.AcceptOpened(None, None, False, user, subject=user)])
        (link,) = [it.link for it in step.records if isinstance(it, outputs.Accepted)]
        seen = []
        for number in range(rounds):
            text = f"{user} {number} " + "ü" * number
            records = hub.step(1, WALL, [inputs.TextIn(link, chat(number, text))]).records
            requests = [it for it in records if isinstance(it, events.Request)]
            assert [it.text for it in requests] == [text] and requests[0].user == user
            # Some outputs are larger than the room, and are fetched by a second call.
            answer = text * (500 if number % 10 == 9 else 1)
            reply = inputs.Reply(requests[0].request, False, answer)
            for record in hub.step(1, WALL, [reply, inputs.Written(link)]).records:
                if isinstance(record, outputs.WriteText):
                    assert record.link == link
                    seen.append(record.text)
        for _ in range(rounds):
            more = hub.step(1, WALL, [inputs.Written(link)]).records
            seen += [it.text for it in more if isinstance(it, outputs.WriteText) and it.link == link]
        assert sum('"type":"chat_response"' in text for text in seen) == rounds
        assert all(user in text for text in seen if "chat_response" in text)
        results.append(name)

    threads = [threading.Thread(target=work, args=(n, shared)) for n in range(4)]
    threads += [threading.Thread(target=work, args=(n + 10, own[n])) for n in range(4)]
    before = sys.getswitchinterval()
    # As often as it can be: between a step and its output, too.
    sys.setswitchinterval(1e-6)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    finally:
        sys.setswitchinterval(before)
    assert sorted(results) == [0, 1, 2, 3, 10, 11, 12, 13]
    assert shared.links() == 4


def test_the_interpreter_goes_on_while_the_engine_works() -> None:
    """A step that takes long leaves other threads running: the lock of the interpreter is free."""
    hub = HubEngine(options=HubOptions(max_message_bytes=1 << 28), seed=SEED)
    link = opened(hub)
    text = chat(1, "x" * (1 << 24))
    packed = sansio.pack([inputs.TextIn(link, text)])
    working, done = threading.Event(), threading.Event()
    found: list[bool] = []

    def look() -> None:
        working.wait()
        found.append(not done.is_set())

    thread = threading.Thread(target=look)
    thread.start()
    before = sys.getswitchinterval()
    # Nobody is made to give the lock away in between: it is free during the step, or not at all.
    sys.setswitchinterval(60)
    try:
        working.set()
        hub.step_packed(1, WALL, packed)
        done.set()
    finally:
        sys.setswitchinterval(before)
    thread.join(30)
    assert found == [True]


def test_events_may_be_read_by_several_threads_at_once() -> None:
    hub = HubEngine(options=PLENTY, seed=SEED)
    link = opened(hub)
    for number in range(200):
        (request,) = hub.receive(1, WALL, [(link, chat(number))]).records
        found: list[tuple[str, str]] = []
        barrier = threading.Barrier(4)

        def read(event: Any = request) -> None:
            barrier.wait()
            found.append((event.text, event.user))

        threads = [threading.Thread(target=read) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert found == [("hi", "ann")] * 4
        hub.step(1, WALL, [inputs.Dismiss(request.request)])


def test_pickled_events_are_read_without_an_engine() -> None:
    hub = HubEngine(options=PLENTY, seed=SEED)
    (request,) = hub.receive(1, WALL, [(opened(hub), chat(1))]).records
    assert pickle.loads(pickle.dumps(request)).text == "hi"
