"""What a hub does, over links without a network."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import datetime, timedelta, timezone
from enum import Enum
from typing import Any

import pytest
from conftest import KEYS, PATH, PLENTY, SOON, Clock, connected, provider, take, token, until

import pamlink
from pamlink import Claims, Hub, HubOptions, Request, memory, sansio
from pamlink.transports import TransportClosed


async def echo(request: Request) -> str:
    return f"{request.agent}: {request.text}"


class Mood(Enum):
    GOOD = "good"


class Peer:
    """A transport of whole messages, with the test at the other end."""

    def __init__(self) -> None:
        self.sent: asyncio.Queue[str] = asyncio.Queue()
        self.closed: asyncio.Future[tuple[int | None, str]] = asyncio.Future()
        self._coming: asyncio.Queue[str | bytes | TransportClosed] = asyncio.Queue()

    def say(self, what: str | bytes | TransportClosed) -> None:
        self._coming.put_nowait(what)

    async def hear(self, kind: str) -> dict[str, Any]:
        """The next message of a type, read over the others."""
        import json

        while True:
            message: dict[str, Any] = json.loads(await asyncio.wait_for(self.sent.get(), SOON))
            if message["type"] == kind:
                return message

    async def send(self, text: str) -> None:
        self.sent.put_nowait(text)

    async def receive(self) -> str | bytes:
        what = await self._coming.get()
        if isinstance(what, TransportClosed):
            raise what
        return what

    async def close(self, code: int | None = None, reason: str = "") -> None:
        if not self.closed.done():
            self.closed.set_result((code, reason))
            # As a peer that answers the close.
            self.say(TransportClosed(code or 1005, reason))


def serve(hub: Hub, peer: Peer, user: str = "ann", **proof: Any) -> asyncio.Task[None]:
    if not proof:
        proof = {"token": token(user)}
    return asyncio.create_task(hub.serve(peer, user=user, **proof))


async def ask(peer: Peer, text: str = "hi", **members: Any) -> dict[str, Any]:
    peer.say(pamlink.encode({"type": "chat", "message": text} | members))
    return await peer.hear("chat_response")


async def test_each_agent_has_its_own_answer() -> None:
    hub = Hub(echo, auth=KEYS)

    @hub.agent("trips", "health")
    async def plan(request: Request) -> str:
        return f"the {request.agent_name} on it"

    async with hub, connected(hub) as (client, _):
        outcome = await client.send("hi", agent="Trip Planner")
        assert isinstance(outcome, pamlink.Answered)
        assert outcome.text == "the Trip Planner on it"
        assert outcome.envelope()["agent"] == "trips"
        outcome = await client.send("my budget")
        assert isinstance(outcome, pamlink.Answered) and outcome.text == "finance: my budget"


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("text", {"message": "text", "content": "text", "error": False}),
        (
            pamlink.Answer("t", [{"type": Mood.GOOD}], source="s", model="m", failed=True),
            {"message": "t", "ui_actions": [{"type": "good"}], "source": "s", "error": True},
        ),
        (
            {"type": "chat_response", "message": "m", "mood": Mood.GOOD, Mood.GOOD: {1, 2}},
            {"message": "m", "mood": "good", "good": [1, 2]},
        ),
    ],
)
async def test_a_handler_returns_what_suits_it(reply: Any, expected: dict[str, Any]) -> None:
    async def give(request: Request) -> Any:
        return reply

    async with Hub(give, auth=KEYS) as hub, connected(hub) as (client, _):
        outcome = await client.send("hi")
        assert isinstance(outcome, pamlink.Answered)
        envelope = outcome.envelope()
        assert {name: envelope[name] for name in expected} == expected


async def test_no_reply_is_a_reply_and_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    async def nothing(request: Request) -> None:
        return None

    async with Hub(nothing, auth=KEYS) as hub:
        peer = Peer()
        serve(hub, peer)
        for id_ in ("1", "2"):
            peer.say(pamlink.encode({"type": "chat", "id": id_, "message": f"hi {id_}"}))
        peer.say('{"type":"context_update"}')
        await peer.hear("context_updated")
        await until(lambda: not hub._answering._tasks)
        assert peer.sent.empty()
        (record,) = caplog.records
        assert record.levelname == "WARNING" and "returned nothing" in record.getMessage()


@pytest.mark.parametrize("way", ["raises", "grows and raises", "returns nonsense", "is missing"])
async def test_what_fails_is_logged_here_and_nowhere_else(
    way: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(request: Request) -> str:
        raise RuntimeError("the password is swordfish")

    async def grow(request: Request) -> AsyncIterator[str]:
        yield "a"
        raise RuntimeError("the password is swordfish")

    async def nonsense(request: Request) -> Any:
        return 7

    handlers: dict[str, Any] = {
        "raises": fail,
        "grows and raises": grow,
        "returns nonsense": nonsense,
        "is missing": None,
    }
    async with Hub(handlers[way], auth=KEYS) as hub, connected(hub) as (client, _):
        outcome = await client.send("hi")
        assert isinstance(outcome, pamlink.Rejected)
        assert outcome.error_code == "PROCESSING_ERROR"
        assert "swordfish" not in outcome.json
        (record,) = caplog.records
        assert record.name == "pamlink.hub" and record.exc_info is not None


async def test_a_reply_that_is_no_envelope_is_a_failure(caplog: pytest.LogCaptureFixture) -> None:
    async def give(request: Request) -> Any:
        return {"no": "type"}

    async with Hub(give, auth=KEYS) as hub, connected(hub) as (client, _):
        outcome = await asyncio.wait_for(client.send("hi"), SOON)
        assert isinstance(outcome, pamlink.Rejected)
        assert outcome.error_code == "PROCESSING_ERROR"
        assert caplog.records


async def test_a_handler_is_cancelled_when_its_request_expires(clock: Clock) -> None:
    ended = asyncio.Event()
    begun = asyncio.Event()

    async def slow(request: Request) -> str:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return ""

    async with Hub(slow, auth=KEYS) as hub:
        peer = Peer()
        serve(hub, peer)
        peer.say('{"type":"chat","id":"1","message":"hi"}')
        await begun.wait()
        clock.advance(121)
        peer.say('{"type":"pong"}')
        error = await peer.hear("error")
        assert (error["error_code"], error["reply_to"]) == ("REQUEST_EXPIRED", "1")
        await asyncio.wait_for(ended.wait(), SOON)
        assert (await take(hub, pamlink.RequestExpired)).user == "ann"


async def test_an_answer_whose_link_has_gone_goes_to_the_repeat() -> None:
    go_on = asyncio.Event()
    runs = 0

    async def slow(request: Request) -> str:
        nonlocal runs
        runs += 1
        await go_on.wait()
        return "done"

    async with Hub(slow, auth=KEYS) as hub:
        first, second = Peer(), Peer()
        serve(hub, first)
        first.say('{"type":"chat","id":"1","message":"hi"}')
        await first.hear("connection")
        await until(lambda: runs)
        first.say(TransportClosed())
        assert (await take(hub, pamlink.Closed)).running == 1
        go_on.set()
        await until(lambda: not hub._answering._tasks)
        serve(hub, second)
        second.say('{"type":"chat","id":"1","message":"hi"}')
        assert (await second.hear("chat_response"))["message"] == "done"
        assert runs == 1
        assert (await take(hub, pamlink.Duplicate)).first == "answered"


async def test_pieces_go_only_to_who_wants_them() -> None:
    async def grow(request: Request) -> AsyncIterator[str]:
        for word in ("a ", "", "b"):
            yield word

    async with Hub(grow, auth=KEYS) as hub:
        peer = Peer()
        serve(hub, peer)
        await peer.hear("connection")
        assert (await ask(peer, id="1"))["message"] == "a b"
        peer.say('{"type":"chat","id":"2","message":"hi","stream":true}')
        pieces = [await peer.hear("chat_response_delta") for _ in range(2)]
        assert [(piece["content"], piece["reply_to"]) for piece in pieces] == [
            ("a ", "2"),
            ("b", "2"),
        ]
        assert (await peer.hear("chat_response"))["message"] == "a b"


async def test_a_character_that_two_pieces_share_arrives_whole() -> None:
    async def grow(request: Request) -> AsyncIterator[str]:
        for piece in ("so \ud83d", "\ude00!", "\ud83d"):
            yield piece

    async with Hub(grow, auth=KEYS) as hub:
        peer = Peer()
        serve(hub, peer)
        await peer.hear("connection")
        peer.say('{"type":"chat","id":"1","message":"hi","stream":true}')
        pieces = [await peer.hear("chat_response_delta") for _ in range(2)]
        assert [piece["content"] for piece in pieces] == ["so ", "😀!"]
        assert (await peer.hear("chat_response"))["message"] == "so 😀!\ufffd"


async def test_envelopes_go_to_users_links_and_everybody() -> None:
    async with Hub(echo, auth=KEYS, options=PLENTY) as hub:
        peers = {name: Peer() for name in ("ann", "ann 2", "bob")}
        for name, peer in peers.items():
            serve(hub, peer, name.split()[0])
            await peer.hear("connection")
        assert hub.links == 3
        at = datetime(2026, 3, 1, tzinfo=timezone.utc)
        push = hub.push("ann", {"type": "timer_expired", "at": at, "n": Mood.GOOD})
        assert (push.queued, push.refused) == (2, 0)
        for name in ("ann", "ann 2"):
            alert = await peers[name].hear("timer_expired")
            assert (alert["at"], alert["n"]) == ("2026-03-01T00:00:00.000Z", "good")
        assert hub.push("nobody", '{"type":"x"}').queued == 0
        assert hub.broadcast({"type": "news"}).queued == 3
        newest = hub.links_of("ann")[0]
        assert hub.send_to(newest, {"type": "only"}).queued == 1
        await peers["ann 2"].hear("only")
        with pytest.raises(pamlink.UsageError):
            hub.push("ann", {"no": "type"})
        assert hub.disconnect(newest, 4000, "enough")
        assert await asyncio.wait_for(peers["ann 2"].closed, SOON) == (4000, "enough")
        await until(lambda: hub.links == 2)
        assert not hub.disconnect(newest)
        assert hub.send_to(newest, {"type": "x"}).queued == 0
        assert hub.disconnect_user("ann") == 1
        assert hub.memory() > 0


async def test_a_peer_that_is_not_believed_is_closed_with_4001() -> None:
    async with Hub(echo, auth=KEYS, options=PLENTY) as hub:
        for proof in ({"token": token("eve")}, {"token": "x"}, {"token": ""}, {"token": None}):
            peer = Peer()
            serving = serve(hub, peer, **proof)
            assert (await asyncio.wait_for(peer.closed, SOON))[0] == 4001
            await asyncio.wait_for(serving, SOON)
            assert peer.sent.empty()


async def test_a_function_may_decide_about_tokens(caplog: pytest.LogCaptureFixture) -> None:
    async def decide(user: str, presented: str) -> Claims | str:
        if presented == "fails":
            raise RuntimeError("no database")
        if presented == "expired":
            raise pamlink.AuthError("too old", code=61)
        if presented == "brief":
            return Claims(user, datetime.now() - timedelta(days=2))
        return "ann" if presented == "good" else "eve"

    async with Hub(echo, auth=decide, options=PLENTY) as hub:
        for presented, code in (("fails", 1013), ("expired", 4001), ("bad", 4001), ("brief", 4001)):
            peer = Peer()
            serve(hub, peer, token=presented)
            assert (await asyncio.wait_for(peer.closed, SOON))[0] == code, presented
        peer = Peer()
        serve(hub, peer, token="good")
        await peer.hear("connection")
        assert [record.name for record in caplog.records] == ["pamlink.hub"]
        # And of another mind from now on.
        hub.set_auth(KEYS)
        peer = Peer()
        serve(hub, peer, token="good")
        assert (await asyncio.wait_for(peer.closed, SOON))[0] == 4001


async def test_the_program_may_have_found_out_who_it_is() -> None:
    async with Hub(echo, options=PLENTY) as hub:
        peer = Peer()
        serve(hub, peer, claims=Claims("ann"))
        await peer.hear("connection")
        other = Peer()
        serve(hub, other, user="bob", claims=Claims("ann"))
        assert (await asyncio.wait_for(other.closed, SOON))[0] == 4001


async def test_frames_that_are_refused_are_told_and_are_events() -> None:
    async with Hub(echo, auth=KEYS, options=HubOptions(messages_per_minute=1)) as hub:
        peer = Peer()
        serve(hub, peer)
        peer.say(b"binary")
        await ask(peer, id="1")
        peer.say('{"type":"chat","id":"2","message":"hi"}')
        while (error := await peer.hear("error"))["error_code"] != "RATE_LIMIT_EXCEEDED":
            pass
        refused = await take(hub, pamlink.Refused)
        while refused.error_code != "RATE_LIMIT_EXCEEDED":
            refused = await take(hub, pamlink.Refused)
        assert 0 < refused.retry_after <= 60 and error["retry_after"] >= refused.retry_after - 1


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
        # The engine waits some seconds for the close of the peer, and then hangs up.
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


async def test_a_routing_table_may_be_replaced() -> None:
    table = {
        "version": "2",
        "error_handler": {"id": "errors"},
        "default": "only",
        "agents": [{"id": "only", "name": "The Only One"}],
    }
    async with Hub(echo, auth=KEYS) as hub, connected(hub) as (client, _):
        with pytest.raises(pamlink.UsageError) as bad:
            hub.replace_routes("[]")
        assert bad.value.name == "bad_routes"
        hub.replace_routes(table)
        outcome = await client.send("hi")
        assert isinstance(outcome, pamlink.Answered) and outcome.text == "only: hi"
    hub = Hub(echo, auth=KEYS, options=HubOptions(routes=table))
    async with hub, connected(hub) as (client, _):
        outcome = await client.send("hi")
        assert isinstance(outcome, pamlink.Answered) and outcome.text == "only: hi"


async def test_bad_options_are_named() -> None:
    with pytest.raises(pamlink.UsageError) as weak:
        Hub(echo, auth=pamlink.HS256(b"weak"))
    assert weak.value.name == "bad_key"
    with pytest.raises(pamlink.UsageError) as option:
        Hub(echo, options=HubOptions(max_links=0))
    assert "max_links" in option.value.message
    assert "weak" not in repr(pamlink.HS256(b"weak"))


async def test_an_origin_may_be_asked_for_over_bytes() -> None:
    options = HubOptions(origins=("https://app.example",))
    client_options = pamlink.ClientOptions(origin="https://evil.example")
    async with Hub(echo, auth=KEYS, options=options) as hub:
        network = memory.Network(hub)
        for given, works in ((client_options, False), (None, True)):
            client = pamlink.Client(
                f"ws://hub{PATH}ann", token=provider(), dial=network.dial, options=given
            )
            async with client:
                if works:
                    assert isinstance(await client.send("hi"), pamlink.Answered)
                else:
                    assert await client.send("hi") == pamlink.Unsent()


def test_the_logger_is_quiet_without_a_reason() -> None:
    assert logging.getLogger("pamlink").handlers == []


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
