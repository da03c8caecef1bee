"""The life of links: served, slow, failed, drained and closed."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from conftest import KEYS, PLENTY, SOON, take, token, until
from peer import Peer, ask, echo, serve

import pamlink
from pamlink import Hub, HubOptions, Request, sansio


async def test_drain_sends_all_away_and_lets_them_finish() -> None:
    begun = asyncio.Event()

    async def slow(request: Request) -> str:
        begun.set()
        await asyncio.sleep(0.3)
        return "done"

    async with Hub(slow, auth=KEYS, options=PLENTY) as hub:
        busy, idle = Peer(), Peer()
        serve(hub, busy)
        serve(hub, idle, "bob")
        busy.say('{"type":"chat","id":"1","message":"hi"}')
        await begun.wait()
        await idle.hear("connection")
        draining = asyncio.create_task(hub.drain(2.0))
        assert (await busy.hear("chat_response"))["message"] == "done"
        for peer in (busy, idle):
            away = await peer.hear("going_away")
            assert away["retry_after"] >= 1
            assert (await asyncio.wait_for(peer.closed, SOON))[0] == 1012
        await asyncio.wait_for(draining, SOON)
        assert isinstance(await take(hub, pamlink.Drained), pamlink.Drained)
        with pytest.raises(pamlink.BusyError) as full:
            await hub.serve(Peer(), user="ann", token=token())
        assert full.value.name == "hub_draining"


async def test_a_closed_hub_leaves_nothing_behind() -> None:
    before = asyncio.all_tasks()
    ended = asyncio.Event()

    async def never(request: Request) -> str:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return ""

    async with Hub(never, auth=KEYS) as hub:
        peer = Peer()
        serving = serve(hub, peer)
        peer.say('{"type":"chat","id":"1","message":"hi"}')
        await until(lambda: hub._answering._tasks)
    assert ended.is_set()
    await asyncio.wait_for(serving, SOON)
    assert asyncio.all_tasks() <= before
    assert isinstance([event async for event in hub][-1], pamlink.Drained)
    with pytest.raises(pamlink.LinkError):
        await hub.serve(Peer())
    with pytest.raises(pamlink.UsageError):
        hub.open()


async def test_a_link_that_waits_has_the_task_of_whoever_serves_it_alone() -> None:
    hub = Hub(echo, auth=KEYS)
    async with hub:
        before = asyncio.all_tasks()
        peer = Peer()
        serving = serve(hub, peer)
        await peer.hear("connection")
        await ask(peer)
        assert asyncio.all_tasks() - before == {serving}
        hub.disconnect(hub.links_of("ann")[0])
        await asyncio.wait_for(serving, SOON)


async def test_the_end_of_a_link_does_not_cancel_whoever_served_it() -> None:
    class Deaf(Peer):
        """Never says that it has closed."""

        async def close(self, code: int | None = None, reason: str = "") -> None:
            self.closed.done() or self.closed.set_result((code, reason))

    async with Hub(echo, auth=KEYS) as hub:
        peer = Deaf()

        async def carry() -> int:
            await hub.serve(peer, user="ann", token=token())
            await asyncio.sleep(0)
            task = asyncio.current_task()
            return int(getattr(task, "cancelling", lambda: 0)())

        serving = asyncio.create_task(carry())
        await peer.hear("connection")
        hub.disconnect(hub.links_of("ann")[0], 4_000)
        assert (await asyncio.wait_for(peer.closed, SOON))[0] == 4_000
        # The engine waits some seconds for the close of the peer, and then closes the transport.
        assert await asyncio.wait_for(serving, 2 * SOON) == 0


async def test_who_stops_serving_drops_the_link() -> None:
    async with Hub(echo, auth=KEYS) as hub:
        peer = Peer()
        serving = serve(hub, peer)
        await peer.hear("connection")
        serving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await serving
        assert (await take(hub, pamlink.Closed)).cause == "transport: no close frame"


async def test_a_transport_that_fails_ends_its_link_alone(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(Peer):
        async def send(self, text: str) -> None:
            raise ZeroDivisionError("a bug of a transport")

    async with Hub(echo, auth=KEYS, options=PLENTY) as hub:
        good = Peer()
        serve(hub, good)
        await good.hear("connection")
        await asyncio.wait_for(serve(hub, Broken(), "bob"), SOON)
        assert "the transport failed" in caplog.text
        assert (await ask(good, id="1"))["message"] == "chat: hi"


async def test_a_slow_peer_costs_what_the_options_say() -> None:
    class Slow(Peer):
        def __init__(self) -> None:
            super().__init__()
            self.go_on = asyncio.Event()

        async def send(self, text: str) -> None:
            if "going" in text:
                await self.go_on.wait()
            await super().send(text)

    options = HubOptions(
        outbox_bytes=64 * 1024, messages_per_minute=10_000, connects_per_minute=100
    )
    async with Hub(echo, auth=KEYS, options=options) as hub:
        peer = Slow()
        serve(hub, peer)
        await peer.hear("connection")
        big = {"type": "news", "message": "x" * 10_000}
        hub.push("ann", big | {"message": "going" + "x" * 10_000})
        pushes = [hub.push("ann", big) for _ in range(40)]
        assert any(push.refused for push in pushes)
        # What was handed out and what waits are bounded by what the engine says, not by the peer.
        assert len(hub._links[hub.links_of("ann")[0]]._queue) < 16
        peer.go_on.set()
        await take(hub, pamlink.Overflowed)


async def test_links_end_when_the_engine_has_failed(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    hub = Hub(echo, auth=KEYS)
    hub.open()
    peer = Peer()
    serving = serve(hub, peer)
    await peer.hear("connection")

    def failing(*_: object) -> object:
        raise pamlink.Poisoned("the engine has panicked")

    monkeypatch.setattr(sansio.HubEngine, "step_records", failing)
    peer.say('{"type":"ping"}')
    await asyncio.wait_for(serving, SOON)
    assert peer.closed.done()
    assert "the engine failed" in caplog.text
    with pytest.raises(pamlink.Poisoned):
        await hub.close()


async def test_what_many_links_say_at_once_is_one_step(monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[int] = []
    step = sansio.HubEngine.step_records

    def counted(engine: Any, mono: int, wall: int, data: bytes, *rest: Any) -> Any:
        steps.append(len(data))
        return step(engine, mono, wall, data, *rest)

    async with Hub(echo, auth=KEYS, options=PLENTY) as hub:
        peers = [Peer() for _ in range(20)]
        for peer in peers:
            serve(hub, peer)
        for peer in peers:
            await peer.hear("connection")
        monkeypatch.setattr(sansio.HubEngine, "step_records", counted)
        for number, peer in enumerate(peers):
            for one in ("a", "b"):
                peer.say(f'{{"type":"chat","id":"{one}{number}","message":"hi"}}')
        for peer in peers:
            await peer.hear("chat_response")
            await peer.hear("chat_response")
    # What comes, what is answered, and a few for the clock and the end.
    assert len([size for size in steps if size > 20]) < 10, steps


async def test_a_transport_closes_in_a_task() -> None:
    class Bounded(Peer):
        begins_at_once = True

        async def close(self, code: int | None = None, reason: str = "") -> None:
            # As `asyncio.timeout` does.
            assert asyncio.current_task() is not None
            await super().close(code, reason)

    async with Hub(echo, auth=KEYS, options=PLENTY) as hub:
        peer = Bounded()
        serving = serve(hub, peer, user="ann", token=token("bob"))
        assert (await asyncio.wait_for(peer.closed, SOON))[0] == 4001
        await asyncio.wait_for(serving, SOON)
