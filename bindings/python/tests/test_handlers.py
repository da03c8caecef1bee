"""What handlers are, and what they do to the hub: nothing."""

from __future__ import annotations

import asyncio
import contextvars
import itertools
import signal
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from conftest import KEYS, PLENTY, SOON, connected
from peer import Peer, serve

import pamlink
from pamlink import Hub, Request, _running, _sharing

ENDS = [asyncio.CancelledError, SystemExit, KeyboardInterrupt, GeneratorExit, StopIteration]


def ending(kind: str, end: type[BaseException]) -> Any:
    """A handler of a kind that ends by an exception."""

    async def plain_async(request: Request) -> str:
        raise end("the password is swordfish")

    async def grows(request: Request) -> AsyncIterator[str]:
        yield "a"
        raise end("the password is swordfish")

    def plain(request: Request) -> str:
        raise end("the password is swordfish")

    def generates(request: Request) -> Iterator[str]:
        yield "a"
        raise end("the password is swordfish")

    return {"async": plain_async, "grows": grows, "plain": plain, "generates": generates}[kind]


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As under a server, which has taken SIGINT."""
    before = signal.signal(signal.SIGINT, lambda *_: None)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("end", ENDS, ids=lambda end: end.__name__)
@pytest.mark.parametrize("kind", ["async", "grows", "plain", "generates"])
async def test_whatever_ends_a_handler_is_answered_logged_and_contained(
    kind: str, end: type[BaseException], served: None, caplog: pytest.LogCaptureFixture
) -> None:
    async def well(request: Request) -> str:
        return "well"

    hub = Hub(ending(kind, end), agents={"health": well}, auth=KEYS, options=PLENTY)
    async with hub, connected(hub) as (client, _):
        outcome = await asyncio.wait_for(client.send("hi"), SOON)
        assert isinstance(outcome, pamlink.Rejected), outcome
        assert outcome.error_code == "PROCESSING_ERROR" and "swordfish" not in outcome.json
        (record,) = caplog.records
        assert record.name == "pamlink.hub" and record.exc_info is not None
        after = await asyncio.wait_for(client.send("hi", agent="health"), SOON)
        assert isinstance(after, pamlink.Answered) and after.text == "well"


def test_the_interrupt_of_a_user_goes_on() -> None:
    # A shell that starts something in the background has it ignore the signal.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        assert _running.must_go_on(KeyboardInterrupt())
        assert not _running.must_go_on(SystemExit())
    finally:
        signal.signal(signal.SIGINT, before)


async def test_a_handler_that_cancels_itself_is_answered() -> None:
    async def cancels(request: Request) -> str:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        await asyncio.sleep(60)
        return "never"

    async with Hub(cancels, auth=KEYS) as hub, connected(hub) as (client, _):
        outcome = await asyncio.wait_for(client.send("hi"), SOON)
        assert isinstance(outcome, pamlink.Rejected)


async def test_plain_functions_and_generators_answer_from_threads() -> None:
    threads: set[str] = set()
    both = threading.Barrier(2, timeout=SOON)

    def plan(request: Request) -> str:
        # Two at once, or neither comes past this.
        both.wait()
        threads.add(threading.current_thread().name)
        return f"planned {request.text}"

    def grow(request: Request) -> Iterator[str]:
        for word in ("a ", "b"):
            threads.add(threading.current_thread().name)
            yield word

    def whole(request: Request) -> Iterator[str | pamlink.Answer]:
        yield "a "
        yield pamlink.Answer("whole", model="m")

    def later(request: Request) -> Any:
        async def answer() -> str:
            return "later"

        return answer()

    agents: dict[str, Any] = {"trips": plan, "health": grow, "finance": whole, "voice": later}
    async with Hub(agents=agents, auth=KEYS, options=PLENTY) as hub:
        async with connected(hub) as (client, _):
            plans = await asyncio.gather(*(client.send(name, agent="trips") for name in "xy"))
            assert [getattr(it, "text", it) for it in plans] == ["planned x", "planned y"]
            pieces = [piece.text async for piece in client.ask("hi", agent="health")]
            assert "".join(pieces) == "a b"
            answer = await client.send("hi", agent="finance")
            assert isinstance(answer, pamlink.Answered) and answer.text == "whole"
            answer = await client.send("hi", agent="voice")
            assert isinstance(answer, pamlink.Answered) and answer.text == "later"
    assert threads and all(name.startswith("pamlink") for name in threads)


async def test_plain_functions_that_wait_leave_the_loop_free() -> None:
    go_on = threading.Event()

    def slow(request: Request) -> str:
        assert go_on.wait(SOON)
        return "slow"

    async def quick(request: Request) -> str:
        return "quick"

    hub = Hub(slow, agents={"health": quick}, auth=KEYS, options=PLENTY)
    async with hub, connected(hub) as (client, _):
        waiting = asyncio.create_task(client.send("hi"))
        answer = await asyncio.wait_for(client.send("hi", agent="health"), SOON)
        assert isinstance(answer, pamlink.Answered) and not waiting.done()
        go_on.set()
        answer = await asyncio.wait_for(waiting, SOON)
        assert isinstance(answer, pamlink.Answered) and answer.text == "slow"


marked: contextvars.ContextVar[str] = contextvars.ContextVar("marked", default="nobody")
kept: list[asyncio.Task[Any]] = []


async def marks(request: Request) -> str:
    before = marked.get()
    marked.set(request.text)
    return before


async def keeps(request: Request) -> str:
    kept.append(own())
    if request.text == "1":
        # The one before has ended: this is in vain.
        kept[0].cancel()
        await asyncio.sleep(0)
    return "kept"


async def cancels_itself(request: Request) -> str:
    if request.text == "0":
        own().cancel()
    else:
        await asyncio.sleep(0)
    return "done"


def own() -> asyncio.Task[Any]:
    task = asyncio.current_task()
    assert task is not None
    return task


@pytest.mark.parametrize("shares", [_sharing.CAN_WATCH, False])
@pytest.mark.parametrize(
    "handler, said", [(marks, "nobody"), (keeps, "kept"), (cancels_itself, "done")]
)
async def test_requests_that_come_together_know_nothing_of_each_other(
    handler: Callable[[Request], Any], said: str, shares: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_sharing, "CAN_WATCH", shares)
    kept.clear()
    async with Hub(handler, auth=KEYS, options=PLENTY) as hub:
        peer = Peer()
        serve(hub, peer)
        await peer.hear("connection")
        for number in range(4):
            peer.say(f'{{"type":"chat","id":"{number}","message":"{number}"}}')
        for _ in range(4):
            assert (await peer.hear("chat_response"))["message"] == said


@pytest.mark.parametrize("shares", [_sharing.CAN_WATCH, False])
async def test_requests_that_come_together_share_a_task_where_it_can_be_watched(
    shares: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_sharing, "CAN_WATCH", shares)
    names: list[str] = []

    async def answer(request: Request) -> str:
        names.append(own().get_name())
        return request.text

    async with Hub(answer, auth=KEYS, options=PLENTY) as hub:
        peer = Peer()
        serve(hub, peer)
        await peer.hear("connection")
        for number in range(4):
            peer.say(f'{{"type":"chat","id":"{number}","message":"{number}"}}')
        said = [(await peer.hear("chat_response"))["message"] for _ in range(4)]
    assert said == ["0", "1", "2", "3"] and len(names) == 4
    if shares:
        assert len(set(names)) < 4
    else:
        assert len(set(names)) == 4


@pytest.mark.parametrize(
    "broken",
    [
        {"getrefcount": lambda it: 4_294_967_295},
        {"getrefcount": lambda it, at=itertools.count(): next(at)},
        {"getrefcount": None},
        {"_is_gil_enabled": lambda: False},
    ],
    ids=["one count for all", "a count that moves", "no count", "no lock"],
)
def test_an_interpreter_that_does_not_count_is_found_out(
    broken: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in broken.items():
        if value is None:
            monkeypatch.delattr(sys, name)
        else:
            monkeypatch.setattr(sys, name, value, raising=False)
    assert not _sharing.can_watch()


def test_a_task_that_says_nothing_of_a_cancel_is_not_shared() -> None:
    watch = _sharing.Watch(object())
    watch.begin()
    assert not watch.is_untouched


def test_tasks_are_shared_on_cpython_with_its_lock_and_nowhere_else() -> None:
    has_lock = getattr(sys, "_is_gil_enabled", lambda: True)()
    assert _sharing.CAN_WATCH is (sys.implementation.name == "cpython" and has_lock)


async def test_a_handler_that_waits_holds_up_nobody_who_came_with_it() -> None:
    go = asyncio.Event()

    async def waits(request: Request) -> str:
        if request.text == "wait":
            await asyncio.wait_for(go.wait(), SOON)
        return request.text

    async with Hub(waits, auth=KEYS, options=PLENTY) as hub:
        peer = Peer()
        serve(hub, peer)
        await peer.hear("connection")
        for number, text in enumerate(["first", "wait", "second", "wait", "third"]):
            peer.say(f'{{"type":"chat","id":"{number}","message":"{text}"}}')
        heard = [(await peer.hear("chat_response"))["message"] for _ in range(3)]
        assert heard == ["first", "second", "third"]
        go.set()
        assert [(await peer.hear("chat_response"))["message"] for _ in range(2)] == ["wait"] * 2


async def test_a_handler_has_the_context_of_its_link() -> None:
    async def says(request: Request) -> str:
        return marked.get()

    async with Hub(says, auth=KEYS, options=PLENTY) as hub:
        peers = []
        for name in ("one", "other"):
            # As a middleware that knows more of the connection.
            marked.set(name)
            peers.append(Peer())
            serve(hub, peers[-1])
            await peers[-1].hear("connection")
        marked.set("nobody's")
        for number, peer in enumerate(peers):
            peer.say(f'{{"type":"chat","id":"{number}","message":"hi"}}')
        said = [(await peer.hear("chat_response"))["message"] for peer in peers]
        assert said == ["one", "other"]
