"""What a client does, against a hub without a network."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator

import pytest
from conftest import KEYS, PATH, PLENTY, SOON, Clock, connected, provider, take, token, until

import pamlink
from pamlink import Client, ClientOptions, Hub, Request, State, memory


async def echo(request: Request) -> str:
    return f"you said {request.text}"


async def test_a_request_has_its_answer() -> None:
    async with Hub(echo, auth=KEYS) as hub, connected(hub) as (client, _):
        outcome = await client.send("hi", context={"at": 1})
        assert isinstance(outcome, pamlink.Answered)
        assert outcome.text == "you said hi"
        assert outcome.envelope()["content"] == "you said hi"
        assert client.state is State.OPEN


async def test_a_request_may_be_asked_before_there_is_a_link() -> None:
    hub = Hub(echo, auth=KEYS)
    async with hub:
        network = memory.Network(hub)
        network.down = True
        client = Client(f"ws://hub{PATH}ann", token=provider(), dial=network.dial)
        async with client:
            asked = asyncio.create_task(client.send("hi"))
            assert (await take(client, pamlink.Retrying)).class_ == "network"
            network.down = False
            client.network_changed()
            assert await asyncio.wait_for(asked, SOON) == pamlink.Answered(
                "you said hi", asked.result().json
            )


async def test_what_goes_along_with_a_request_arrives() -> None:
    seen: list[Request] = []

    async def look(request: Request) -> str:
        seen.append(request)
        return "ok"

    async with Hub(look, auth=KEYS) as hub, connected(hub) as (client, _):
        await client.send(
            "hi", agent="Trip Planner", intent="route", session_id="s_1", context='{"a": [1]}'
        )
        envelope = seen[0].envelope()
        assert (seen[0].agent, seen[0].because) == ("trips", "agent_id")
        assert envelope["intent"] == "route" and envelope["session_id"] == "s_1"
        assert envelope["context"] == {"a": [1]}
        with pytest.raises(pamlink.UsageError) as refused:
            await client.send("hi", context="[]")
        assert (refused.value.name, refused.value.code) == ("bad_context", 24)


async def test_the_other_ends_of_a_request_are_values() -> None:
    async def refuse(request: Request) -> pamlink.Error:
        return pamlink.Error("VALIDATION_ERROR", "no", retry_after=2.5)

    async def sleep(request: Request) -> str:
        await asyncio.sleep(60)
        return "late"

    hub = Hub(refuse, auth=KEYS)
    hub.agent("trips")(sleep)
    options = ClientOptions(request_timeout=1)
    async with hub, connected(hub, options=options) as (client, _):
        outcome = await client.send("hi")
        assert isinstance(outcome, pamlink.Rejected)
        assert (outcome.error_code, outcome.message) == ("VALIDATION_ERROR", "no")
        assert outcome.retry_after == 2.5
        assert await client.send("go", agent="trips") == pamlink.Expired()


async def test_an_answer_is_read_as_it_grows() -> None:
    go_on = asyncio.Event()

    async def grow(request: Request) -> AsyncIterator[str]:
        assert request.wants_pieces
        yield "a "
        await go_on.wait()
        yield "b"

    async with Hub(grow, auth=KEYS) as hub, connected(hub) as (client, _):
        asking = client.ask("hi")
        assert asking.answer is None
        assert await anext(asking) == pamlink.Piece("a ")
        go_on.set()
        assert await anext(asking) == pamlink.Piece("b")
        assert [piece async for piece in asking] == []
        assert asking.answer is not None and asking.answer.text == "a b"


async def test_what_the_whole_answer_has_beyond_its_pieces_is_the_last_piece() -> None:
    async def grow(request: Request) -> AsyncIterator[str | pamlink.Answer]:
        yield "one "
        yield pamlink.Answer("one two")

    async def change(request: Request) -> AsyncIterator[str | pamlink.Answer]:
        yield "one "
        yield pamlink.Answer("three")

    hub = Hub(grow, agents={"trips": change}, auth=KEYS)
    async with hub, connected(hub) as (client, _):
        pieces = [piece async for piece in client.ask("hi")]
        assert "".join(piece.text for piece in pieces) == "one two"
        assert not any(piece.restart for piece in pieces)
        pieces = [piece async for piece in client.ask("hi", agent="trips")]
        assert pieces[-1] == pamlink.Piece("three", restart=True)


async def test_a_stream_that_ends_without_its_text_leaves_it_to_the_pieces() -> None:
    """As servers without the engine do, with `response_complete`."""
    frames = [
        '{"type":"connection","status":"connected"}',
        '{"type":"chunk","content":"a "}',
        '{"type":"chunk","content":"b"}',
        '{"type":"response_complete","source":"s"}',
    ]

    class Old:
        """A server that answers every frame with the next ones."""

        def __init__(self) -> None:
            self.out: asyncio.Queue[str] = asyncio.Queue()
            self.out.put_nowait(frames[0])

        async def send(self, text: str) -> None:
            for frame in frames[1:]:
                self.out.put_nowait(frame)

        async def receive(self) -> str:
            return await self.out.get()

        async def close(self, code: int | None = None, reason: str = "") -> None:
            raise OSError("no close frame")

    async def dial(target: pamlink.transports.Target) -> Old:
        return Old()

    options = ClientOptions(request_timeout=5)
    async with Client("ws://old/ws", dial=dial, options=options) as client:
        pieces = [piece.text async for piece in client.ask("hi")]
        assert "".join(pieces) == "a b"
        outcome = await client.send("hi")
        assert isinstance(outcome, pamlink.Answered) and outcome.text == "a b"


async def test_the_ends_of_an_answer_stream_are_raised() -> None:
    async def refuse(request: Request) -> pamlink.Error:
        return pamlink.Error("RATE_LIMIT_EXCEEDED", "slow down", retry_after=3)

    async with Hub(refuse, auth=KEYS) as hub, connected(hub) as (client, _):
        asking = client.ask("hi")
        with pytest.raises(pamlink.RejectedError) as raised:
            await anext(asking)
        error = raised.value
        assert (error.code, error.error_code, error.retry_after) == (80, "RATE_LIMIT_EXCEEDED", 3)
        assert error.retryable and isinstance(error, pamlink.AnswerError)
        # It has ended, and stays so.
        with pytest.raises(StopAsyncIteration):
            await anext(asking)


async def test_a_cancelled_request_leaves_its_answer_as_an_event() -> None:
    go_on = asyncio.Event()

    async def slow(request: Request) -> str:
        if request.text == "slow":
            await go_on.wait()
        return request.text

    async with Hub(slow, auth=KEYS) as hub, connected(hub) as (client, _):
        given_up = asyncio.create_task(client.send("slow"))
        other = asyncio.create_task(client.send("quick"))
        assert isinstance(await other, pamlink.Answered)
        given_up.cancel()
        with pytest.raises(asyncio.CancelledError):
            await given_up
        go_on.set()
        late = await take(client, pamlink.Late)
        assert (late.request, late.text) == (0, "slow")
        # Nothing else is lost.
        assert isinstance(await client.send("again"), pamlink.Answered)


async def test_an_answer_in_the_moment_of_cancelling_is_an_event_too() -> None:
    async with Hub(echo, auth=KEYS) as hub, connected(hub) as (client, _):
        await client.send("first")
        asked = asyncio.create_task(client.send("second"))
        await asyncio.sleep(0)
        (request,) = client._requests.values()
        client._end(1, pamlink.Answered("now", "{}"))
        assert request.settled
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        assert (await take(client, pamlink.Late)).text == "now"


async def test_a_rejection_that_nobody_waits_for_is_an_event() -> None:
    go_on = asyncio.Event()

    async def refuse(request: Request) -> pamlink.Error:
        await go_on.wait()
        return pamlink.Error("VALIDATION_ERROR", "no")

    async with Hub(refuse, auth=KEYS) as hub, connected(hub) as (client, _):
        asked = asyncio.create_task(client.send("hi"))
        await take(client, pamlink.Welcomed)
        asked.cancel()
        await asyncio.wait([asked])
        go_on.set()
        late = await take(client, pamlink.Late)
        assert (late.text, late.envelope()["error_code"]) == ("no", "VALIDATION_ERROR")


@pytest.mark.parametrize("way", ["break", "aclose"])
async def test_who_leaves_an_answer_stream_early_gets_the_rest_as_events(way: str) -> None:
    go_on = asyncio.Event()

    async def grow(request: Request) -> AsyncIterator[str]:
        yield "a"
        await go_on.wait()
        yield "b"

    async with Hub(grow, auth=KEYS) as hub, connected(hub) as (client, _):
        asking = client.ask("hi")
        async for piece in asking:
            assert piece.text == "a"
            break
        if way == "aclose":
            await asking.aclose()
        else:
            del asking
            gc.collect()
        go_on.set()
        assert (await take(client, pamlink.Late)).text == "b"
        assert (await take(client, pamlink.Late)).text == "ab"


async def test_a_step_of_an_answer_stream_may_be_cancelled_and_taken_again() -> None:
    go_on = asyncio.Event()

    async def grow(request: Request) -> AsyncIterator[str]:
        await go_on.wait()
        yield "a"

    async with Hub(grow, auth=KEYS) as hub, connected(hub) as (client, _):
        asking = client.ask("hi")
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(anext(asking), 0.05)
        go_on.set()
        assert [piece.text async for piece in asking] == ["a"]


async def test_a_step_of_the_events_may_be_cancelled_and_taken_again() -> None:
    async with Hub(echo, auth=KEYS) as hub, connected(hub) as (client, _):
        await take(client, pamlink.Welcomed)
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(anext(client), 0.05)
        hub.push("ann", {"type": "timer_expired", "id": "t1", "message": "tea"})
        assert (await take(client, pamlink.Message)).text == "tea"


async def test_messages_that_answer_nothing_are_events() -> None:
    async with Hub(echo, auth=KEYS) as hub, connected(hub) as (client, _):
        await take(client, pamlink.Welcomed)
        future = {"type": "of_the_future", "id": "m1", "new": {"deep": [1]}}
        assert hub.push("ann", future).queued == 1
        message = await take(client, pamlink.Message)
        assert (message.kind, message.id) == ("of_the_future", "m1")
        assert message.envelope()["new"] == {"deep": [1]}
        hub.push("ann", future)
        assert (await take(client, pamlink.Repeated)).kind == "of_the_future"


async def test_events_that_nobody_takes_are_counted() -> None:
    async with Hub(echo, auth=KEYS) as hub, connected(hub, buffer=2) as (client, _):
        await client.send("hi")
        for number in range(5):
            hub.push("ann", {"type": "timer_expired", "message": str(number)})
        await client.send("hi")
        lost = await anext(client)
        # Two changes of state, a welcome, and three of the five.
        assert lost == pamlink.Lost(6)
        rest = [await anext(client) for _ in range(2)]
        assert [event.text for event in rest if isinstance(event, pamlink.Message)] == ["3", "4"]


async def test_an_envelope_is_posted_or_refused() -> None:
    async with Hub(echo, auth=KEYS) as hub, connected(hub) as (client, _):
        with pytest.raises(pamlink.LinkError) as early:
            await client.post({"type": "context_update", "context": {}})
        assert (early.value.name, early.value.retryable) == ("not_open", True)
        await take(client, pamlink.Welcomed)
        await client.post({"type": "init", "context": {"userLocation": {"lat": 1.5}}})
        received = await take(hub, pamlink.Received)
        assert (received.kind, received.user) == ("init", "ann")
        await client.post('{"type":"context_update"}')
        assert (await take(client, pamlink.Message)).kind == "context_updated"
        with pytest.raises(pamlink.UsageError) as bad:
            await client.post({"no": "type"})
        assert bad.value.name == "not_an_envelope"


async def test_too_many_requests_are_refused_and_nothing_else() -> None:
    async def never(request: Request) -> str:
        await asyncio.Event().wait()
        return ""

    options = ClientOptions(max_requests=1)
    async with Hub(never, auth=KEYS) as hub, connected(hub, options=options) as (client, _):
        first = asyncio.create_task(client.send("one"))
        await asyncio.sleep(0)
        with pytest.raises(pamlink.BusyError) as busy:
            await client.send("two")
        assert (busy.value.name, busy.value.retryable) == ("requests_full", True)
        assert not first.done()
        first.cancel()


async def test_close_ends_what_waits_and_the_events() -> None:
    async def never(request: Request) -> str:
        await asyncio.Event().wait()
        return ""

    async with Hub(never, auth=KEYS) as hub:
        async with connected(hub) as (client, _):
            asked = asyncio.create_task(client.send("hi"))
            await take(client, pamlink.Welcomed)
        with pytest.raises(pamlink.ClientClosed) as closed:
            await asked
        assert closed.value.code == 84
        with pytest.raises(pamlink.ClientClosed):
            await client.send("hi")
        events = [event async for event in client]
        assert isinstance(events[-1], pamlink.Stopped)
        close = next(event for event in events if isinstance(event, pamlink.Closed))
        assert close.clean and close.code == 1000
        assert client.state is State.CLOSED
        # Again is nothing.
        await client.close()
        client.wake()


async def test_a_client_is_opened_once() -> None:
    async with Hub(echo, auth=KEYS) as hub, connected(hub) as (client, _):
        with pytest.raises(pamlink.ClientClosed):
            client.open()


class Tokens:
    """A source of tokens that tells what it was asked."""

    def __init__(self, *answers: object) -> None:
        self.answers = list(answers)
        self.needs: list[str] = []

    async def __call__(self, need: pamlink.Need) -> str:
        self.needs.append(need)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return str(answer)


async def test_a_token_is_asked_for_when_it_is_needed() -> None:
    # The wrong one is refused by the hub, after which the client asks once more.
    tokens = Tokens(RuntimeError("no network"), token("eve"), token("ann"))
    async with Hub(echo, auth=KEYS, options=PLENTY) as hub:
        async with connected(hub, token=tokens) as (client, _):
            assert isinstance(await client.send("hi"), pamlink.Answered)
    assert tokens.needs == ["missing", "missing", "rejected"]


async def test_a_token_is_renewed_over_the_open_link(clock: Clock) -> None:
    tokens = Tokens(token(seconds=40), token(seconds=3_600))
    async with Hub(echo, auth=KEYS) as hub, connected(hub, token=tokens) as (client, _):
        await client.send("hi")
        clock.advance(25)
        client.wake()
        await until(lambda: "pamlink_token_renewals_total 1" in hub.metrics())
        assert tokens.needs == ["missing", "renewal"]
        assert isinstance(await client.send("hi"), pamlink.Answered)


async def test_a_denied_token_stops_the_client() -> None:
    tokens = Tokens(pamlink.TokenDenied("logged out"))
    async with Hub(echo, auth=KEYS) as hub, connected(hub, token=tokens) as (client, _):
        assert await client.send("hi") == pamlink.Unsent()
        events = [event async for event in client]
        assert isinstance(events[-1], pamlink.Stopped)
        assert events[-1].class_ == "authentication"
        with pytest.raises(pamlink.ClientStopped) as stopped:
            await client.send("again")
        assert (stopped.value.code, stopped.value.retryable) == (83, False)
        with pytest.raises(pamlink.ClientStopped):
            await client.post({"type": "init"})
        with pytest.raises(pamlink.ClientStopped):
            await anext(client.ask("again"))


async def test_a_client_that_has_stopped_ends_its_requests_and_starts_again() -> None:
    async def answer(request: Request) -> str:
        if request.text == "never":
            await asyncio.Event().wait()
        return request.text

    async with Hub(answer, auth=KEYS) as hub, connected(hub) as (client, _):
        sent = asyncio.create_task(client.send("never"))
        grown = client.ask("never")
        growing = asyncio.create_task(anext(grown))
        await take(client, pamlink.Welcomed)
        await until(lambda: client.metrics().count("pamlink_requests_active 2"))
        hub.disconnect_user("ann", 4003, "enough")
        assert await asyncio.wait_for(sent, SOON) == pamlink.Unknown()
        with pytest.raises(pamlink.UnknownError):
            await asyncio.wait_for(growing, SOON)
        events = [event async for event in client]
        assert isinstance(events[-1], pamlink.Stopped)
        with pytest.raises(pamlink.ClientStopped):
            await client.send("while stopped")
        client.connect()
        outcome = await asyncio.wait_for(client.send("again"), SOON)
        assert isinstance(outcome, pamlink.Answered) and outcome.text == "again"
        await take(client, pamlink.Welcomed)


async def test_what_was_left_before_it_was_sent_is_not_sent() -> None:
    hub = Hub(echo, auth=KEYS)
    async with hub:
        network = memory.Network(hub)
        network.down = True
        client = Client(f"ws://hub{PATH}ann", token=provider(), dial=network.dial)
        async with client:
            asked = asyncio.create_task(client.send("never mind"))
            await take(client, pamlink.Retrying)
            asked.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asked
            network.down = False
            client.network_changed()
            outcome = await asyncio.wait_for(client.send("hi"), SOON)
            assert isinstance(outcome, pamlink.Answered)
            assert 'pamlink_requests_total{outcome="forgotten"} 1' in client.metrics()


async def test_a_fixed_token_that_is_refused_stops_the_client() -> None:
    async with Hub(echo, auth=KEYS) as hub, connected(hub, token=token("eve")) as (client, _):
        assert await client.send("hi") == pamlink.Unsent()


async def test_a_token_with_a_date_of_its_own_is_taken() -> None:
    import datetime

    until = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)
    opaque = pamlink.Token("opaque", until)
    assert "opaque" not in repr(opaque)

    async def know(user: str, presented: str) -> str:
        assert presented == "opaque"
        return user

    async with Hub(echo, auth=know) as hub, connected(hub, token=opaque) as (client, _):
        assert isinstance(await client.send("hi"), pamlink.Answered)


async def test_after_a_cut_everything_takes_effect_once_and_in_order() -> None:
    done: list[str] = []

    async def work(request: Request) -> str:
        await asyncio.sleep(0.002)
        done.append(request.text)
        return request.text

    options = ClientOptions(backoff_cap=0.2)
    async with Hub(work, auth=KEYS, options=PLENTY) as hub:
        async with connected(hub, options=options) as (client, network):
            answers: list[str] = []

            async def cut() -> None:
                for _ in range(6):
                    await asyncio.sleep(0.05)
                    await network.cut()
                    client.network_changed()

            cutting = asyncio.create_task(cut())
            for number in range(60):
                outcome = await asyncio.wait_for(client.send(str(number)), SOON)
                assert isinstance(outcome, pamlink.Answered)
                answers.append(outcome.text)
            await cutting
            expected = [str(number) for number in range(60)]
            assert answers == expected and done == expected
            welcomes = 0
            await client.close()
            async for event in client:
                welcomes += isinstance(event, pamlink.Welcomed)
            assert welcomes >= 3


async def test_a_server_without_a_window_leaves_a_request_unknown() -> None:
    class Old:
        def __init__(self) -> None:
            self.first = True
            self.asked = asyncio.Event()

        async def send(self, text: str) -> None:
            self.asked.set()

        async def receive(self) -> str:
            if self.first:
                self.first = False
                return '{"type":"connection","status":"connected"}'
            await self.asked.wait()
            raise pamlink.transports.TransportClosed

        async def close(self, code: int | None = None, reason: str = "") -> None:
            self.asked.set()

    async def dial(target: pamlink.transports.Target) -> Old:
        return Old()

    async with Client("ws://old/ws", dial=dial) as client:
        assert await asyncio.wait_for(client.send("hi"), SOON) == pamlink.Unknown()


async def test_bad_options_are_named() -> None:
    with pytest.raises(pamlink.UsageError) as url:
        Client("http://hub/")
    assert url.value.name == "bad_url"
    with pytest.raises(pamlink.UsageError) as option:
        Client("ws://hub/x", options=ClientOptions(request_timeout=0.1))
    assert option.value.name == "bad_option" and "request_timeout_ms" in option.value.message
    with pytest.raises(ValueError):
        Client("ws://hub/x", buffer=0)


async def test_what_was_counted_can_be_read() -> None:
    async with Hub(echo, auth=KEYS) as hub, connected(hub) as (client, _):
        await client.send("hi")
        assert 'pamlink_requests_total{outcome="answered"} 1' in client.metrics()
        assert "websocket_connections_active 1" in hub.metrics()
