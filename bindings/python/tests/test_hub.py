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
from peer import Peer, ask, echo, serve

import pamlink
from pamlink import Claims, Hub, HubOptions, Request, memory
from pamlink.transports import TransportClosed


class Mood(Enum):
    GOOD = "good"


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


async def test_frames_that_are_refused_are_reported_and_are_events() -> None:
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


def test_a_hub_agrees_on_its_own_subprotocol_or_on_one_that_it_takes() -> None:
    hub = Hub(echo, auth=KEYS, options=HubOptions(subprotocols=("app.v1", "app.v2")))
    assert hub.choose_subprotocol(["app.v1", "pamlink.v1"]) == "pamlink.v1"
    assert hub.choose_subprotocol(["other", "app.v2", "app.v1"]) == "app.v2"
    assert hub.choose_subprotocol(["other"]) is None
    with pytest.raises(pamlink.UsageError) as own:
        Hub(echo, auth=KEYS, options=HubOptions(subprotocols=("pamlink.v1",)))
    assert own.value.name == "bad_option" and "subprotocols" in own.value.message


def test_the_logger_is_quiet_without_a_reason() -> None:
    assert logging.getLogger("pamlink").handlers == []
