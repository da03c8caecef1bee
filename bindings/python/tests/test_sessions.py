"""Sessions of `pamlink.v1`: answers that outlive their links, cancels, outcomes, snapshots."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

import pamlink
from pamlink import Client, ClientOptions, Hub, HubOptions, Request, memory

from conftest import KEYS, PATH, SOON, take, token

URL = f"ws://hub{PATH}ann"


class Story:
    """A handler that counts as long as it is listened to, and what has become of it."""

    def __init__(self, words: int = 1_000) -> None:
        self.words = words
        self.asked: list[Request] = []
        self.ends: list[str] = []
        self.go_on = asyncio.Event()

    async def __call__(self, request: Request) -> AsyncIterator[str]:
        self.asked.append(request)
        try:
            for number in range(self.words):
                yield f"{number} "
                if number % 2:
                    await asyncio.sleep(0.01)
            self.ends.append("done")
        except (asyncio.CancelledError, GeneratorExit):
            self.ends.append("cancelled" if request.cancelled else "left")
            raise


def client_of(network: memory.Network, **given: Any) -> Client:
    return Client(URL, token=token("ann"), dial=network.dial, **given)


async def text_of(stream: pamlink.AnswerStream, most: int = 1_000_000) -> str:
    text = ""
    async for piece in stream:
        text = piece.text if piece.restart else text + piece.text
        if len(text) >= most:
            break
    return text


def patient() -> tuple[Callable[[Request], str], threading.Event]:
    """A handler in a thread that waits to be cancelled, and what it sets then."""
    ended = threading.Event()

    def answer(request: Request) -> str:
        while not request.cancelled:
            time.sleep(0.005)
        ended.set()
        return "in vain"

    return answer, ended


def counted(words: int) -> str:
    return "".join(f"{number} " for number in range(words))


async def test_a_break_in_the_middle_is_a_pause_and_nothing_else() -> None:
    story = Story(60)
    async with Hub(story, auth=KEYS) as hub:
        network = memory.Network(hub)
        async with client_of(network) as client:
            stream = client.ask("count")
            pieces = [await anext(stream)]
            network.down = True
            await network.cut()
            while not stream.resuming:
                await asyncio.sleep(0.01)
            network.down = False
            client.network_changed()
            pieces += [piece async for piece in stream]
    assert not any(piece.restart for piece in pieces)
    assert "".join(piece.text for piece in pieces) == counted(60)
    assert stream.answer is not None and stream.answer.text == counted(60)
    assert (len(story.asked), story.ends) == (1, ["done"])


async def test_a_cancel_says_what_it_has_come_to_and_the_handler_learns_of_it() -> None:
    story = Story()
    async with Hub(story, auth=KEYS) as hub, client_of(memory.Network(hub)) as client:
        stream = client.ask("count")
        first = await anext(stream)
        result = await asyncio.wait_for(stream.cancel(), SOON)
        assert (result.outcome, result.error_code) == ("cancelled", None)
        text = first.text + await text_of(stream)
        assert (stream.outcome, stream.answer) == (pamlink.Cancelled(), None)
        assert result.offset == len(text) and counted(1_000).startswith(text)
        while not story.ends:
            await asyncio.sleep(0.01)
        assert story.ends == ["cancelled"] and story.asked[0].cancelled
        assert await stream.cancel() == pamlink.CancelResult("ended")
        event = await asyncio.wait_for(anext(hub), SOON)
        while not isinstance(event, pamlink.RequestCancelled):
            event = await asyncio.wait_for(anext(hub), SOON)
        assert event == pamlink.RequestCancelled(story.asked[0].request, "ann")


async def test_what_was_not_sent_is_cancelled_here() -> None:
    story = Story()
    async with Hub(story, auth=KEYS) as hub:
        network = memory.Network(hub)
        network.down = True
        async with client_of(network) as client:
            never = client.ask("never mind")
            assert await never.cancel() == pamlink.CancelResult("cancelled", 0)
            assert await text_of(never) == "" and never.outcome == pamlink.Cancelled()
            network.down = False
            client.network_changed()
            assert await text_of(never) == "" and never.outcome == pamlink.Cancelled()
            network.down = True
            await network.cut()
            waiting = client.ask("count")
            reading = asyncio.create_task(text_of(waiting))
            await asyncio.sleep(0)
            assert await waiting.cancel() == pamlink.CancelResult("cancelled", 0)
            assert await reading == ""
    assert story.asked == []


@pytest.mark.parametrize("how", ["break", "drop", "send"])
async def test_who_leaves_early_ends_the_answer(how: str) -> None:
    story = Story()
    async with Hub(story, auth=KEYS) as hub, client_of(memory.Network(hub)) as client:
        if how == "send":
            sending = asyncio.create_task(client.send("count"))
            while not story.asked:
                await asyncio.sleep(0.01)
            sending.cancel()
            with pytest.raises(asyncio.CancelledError):
                await sending
        else:
            stream = client.ask("count")
            await text_of(stream, most=1)
            if how == "break":
                await stream.aclose()
            del stream
        while not story.ends:
            await asyncio.sleep(0.01)
    assert story.ends == ["cancelled"]


async def test_what_was_detached_goes_on() -> None:
    story = Story(40)
    async with Hub(story, auth=KEYS) as hub, client_of(memory.Network(hub)) as client:
        stream = client.ask("count")
        await text_of(stream, most=1)
        stream.detach()
        while not story.ends:
            await asyncio.sleep(0.01)
    assert story.ends == ["done"]


async def test_who_waits_in_another_task_hears_that_an_answer_was_left() -> None:
    async with Hub(Story(), auth=KEYS) as hub, client_of(memory.Network(hub)) as client:
        for leave in ("aclose", "detach"):
            stream = client.ask("count")
            readings = [asyncio.create_task(text_of(stream)) for _ in range(2)]
            await asyncio.sleep(0.05)
            left = getattr(stream, leave)()
            if left is not None:
                await left
            await asyncio.wait_for(asyncio.gather(*readings), SOON)


async def test_a_request_that_expires_without_a_link_ends_its_cancel() -> None:
    options = ClientOptions(request_timeout=1)
    async with Hub(Story(), auth=KEYS) as hub:
        network = memory.Network(hub)
        async with client_of(network, options=options) as client:
            stream = client.ask("count")
            await anext(stream)
            network.down = True
            await network.cut()
            cancelling = asyncio.create_task(stream.cancel())
            with pytest.raises(pamlink.ExpiredError):
                await asyncio.wait_for(text_of(stream), SOON)
            assert await asyncio.wait_for(cancelling, SOON) == pamlink.CancelResult("unknown")


async def test_a_thread_hears_that_its_hub_has_closed() -> None:
    answer, ended = patient()
    async with Hub(answer, auth=KEYS) as hub, client_of(memory.Network(hub)) as client:
        reading = asyncio.create_task(text_of(client.ask("wait")))
        await asyncio.sleep(0.1)
        await hub.close()
        assert await asyncio.to_thread(ended.wait, SOON)
        reading.cancel()


async def test_a_push_waits_under_its_key_and_what_is_not_delivered_is_an_event() -> None:
    def news(number: int) -> dict[str, Any]:
        return {"type": "news", "n": number}

    async with Hub(Story(1), auth=KEYS) as hub:
        network = memory.Network(hub)
        async with client_of(network) as client:
            await take(client, pamlink.Welcomed)
            assert hub.push("ann", news(0), priority="bulk").queued == 1
            assert (await take(client, pamlink.Message)).envelope() == news(0)
            network.down = True
            await network.cut()
            await take(hub, pamlink.Closed)
            first = hub.push("ann", news(1), key="news", priority="bulk")
            hub.push("ann", news(2), priority="bulk")
            hub.push("ann", news(3), priority="urgent")
            hub.push("ann", news(4), key="news", priority="bulk")
            short = hub.push("ann", news(5), time_to_live=0)
            assert (first.queued, short.queued) == (1, 1)
            lost = [await take(hub, pamlink.Undelivered) for _ in range(2)]
            assert lost == [
                pamlink.Undelivered(first.push, None, "ann", "expired", "replaced"),
                pamlink.Undelivered(short.push, None, "ann", "expired", "age"),
            ]
            network.down = False
            client.network_changed()
            came = [(await take(client, pamlink.Message)).envelope()["n"] for _ in range(3)]
            assert came == [3, 2, 4]
            for wrong in ({"priority": "at once"}, {"key": ""}, {"time_to_live": -1.0}):
                with pytest.raises(pamlink.UsageError) as refused:
                    hub.push("ann", news(6), **wrong)
                assert refused.value.name == "bad_option"


async def test_a_server_of_pam_knows_no_cancel() -> None:
    story = Story(40)
    options = ClientOptions(v1=False)
    async with Hub(story, auth=KEYS) as hub:
        async with client_of(memory.Network(hub), options=options) as client:
            stream = client.ask("count")
            await anext(stream)
            with pytest.raises(pamlink.LinkError) as refused:
                await stream.cancel()
            assert refused.value.name == "needs_v1"
            snapshot = client.snapshot()
            await text_of(stream)
            assert stream.answer is not None
        # It has no session, and says so: no bytes at all are a file that a crash has emptied.
        url = f"ws://hub{PATH}ann"
        async with Client.restore(snapshot, url, token=lambda need: token()) as again:
            assert again.restored == []
        with pytest.raises(pamlink.UsageError) as refused_too:
            Client.restore(b"", url, token=lambda need: token())
        assert refused_too.value.name == "bad_snapshot"


async def test_a_handler_in_a_thread_sees_that_it_was_cancelled() -> None:
    answer, ended = patient()
    async with Hub(answer, auth=KEYS) as hub, client_of(memory.Network(hub)) as client:
        stream = client.ask("wait")
        reading = asyncio.create_task(text_of(stream))
        await asyncio.sleep(0.1)
        assert (await stream.cancel()).outcome == "cancelled"
        assert await reading == ""
        assert await asyncio.to_thread(ended.wait, SOON)


async def test_what_a_handler_has_begun_elsewhere_can_wait_for_the_cancel() -> None:
    ends = asyncio.Event()

    async def watch(request: Request) -> None:
        await request.cancelled
        ends.set()

    watching: list[asyncio.Task[None]] = []

    async def answer(request: Request) -> str:
        watching.append(asyncio.create_task(watch(request)))
        await asyncio.sleep(60)
        return "in vain"

    async with Hub(answer, auth=KEYS) as hub, client_of(memory.Network(hub)) as client:
        stream = client.ask("wait")
        reading = asyncio.create_task(text_of(stream))
        while not watching:
            await asyncio.sleep(0.01)
        await stream.cancel()
        await asyncio.wait_for(ends.wait(), SOON)
        await reading


async def test_what_is_submitted_has_an_outcome() -> None:
    hub = Hub(Story(), auth=KEYS, options=HubOptions(accepts=("presence",)))
    async with hub:
        network = memory.Network(hub)
        async with client_of(network) as client:
            result = await asyncio.wait_for(client.submit({"type": "presence"}), SOON)
            assert result == pamlink.SubmitResult("acknowledged")
            result = await asyncio.wait_for(client.submit({"type": "no_such_thing"}), SOON)
            assert (result.outcome, result.error_code) == ("rejected", "unknown_type")
            network.down = True
            await network.cut()
            await asyncio.sleep(0.05)
            older = asyncio.create_task(client.submit({"type": "presence"}, key="p"))
            await asyncio.sleep(0)
            newer = asyncio.create_task(client.submit({"type": "presence"}, key="p"))
            assert await older == pamlink.SubmitResult("expired", "replaced")
            network.down = False
            client.network_changed()
            assert (await asyncio.wait_for(newer, SOON)).outcome == "acknowledged"
            with pytest.raises(pamlink.UsageError) as refused:
                await client.submit("no JSON")
            assert refused.value.name == "not_an_envelope"


async def test_an_app_that_is_killed_in_mid_answer_goes_on_with_it() -> None:
    story = Story(60)
    async with Hub(story, auth=KEYS) as hub:
        network = memory.Network(hub)
        async with client_of(network) as client:
            stream = client.ask("count")
            await text_of(stream, most=1)
            snapshot = client.snapshot()
            assert snapshot
            # Nothing is said any more: as if its process were gone.
            network.down = True
            await network.cut()
            stream.detach()
            dial = memory.dialer(hub)
            async with Client.restore(snapshot, URL, token=token("ann"), dial=dial) as again:
                (restored,) = again.restored
                assert restored.request_text == "count"
                assert await asyncio.wait_for(text_of(restored), SOON) == counted(60)
                assert restored.answer is not None and restored.answer.text == counted(60)
    assert len(story.asked) == 1


def test_what_is_no_snapshot_is_an_error() -> None:
    for bytes_ in (b"", b"x", b"\x02" + bytes(40)):
        with pytest.raises(pamlink.UsageError) as refused:
            Client.restore(bytes_, URL)
        assert refused.value.name == "bad_snapshot"


async def test_a_hub_that_has_lost_its_memory_is_a_gap() -> None:
    story = Story()
    hubs = [Hub(story, auth=KEYS) for _ in range(2)]
    async with hubs[0], hubs[1]:
        networks = [memory.Network(hub) for hub in hubs]
        at = 0

        async def dial(target: pamlink.transports.Target) -> Any:
            return await networks[at].dial(target)

        async with Client(URL, token=token("ann"), dial=dial) as client:
            stream = client.ask("count")
            await anext(stream)
            at = 1
            await networks[0].cut()
            with pytest.raises(pamlink.UnknownError):
                await asyncio.wait_for(text_of(stream), SOON)
            event = await anext(client)
            while not isinstance(event, pamlink.Gap):
                event = await asyncio.wait_for(anext(client), SOON)
            assert event.error_code == "session_ended"


@pytest.mark.parametrize(
    "policy, ends", [("parallel", ["done", "done"]), ("replace", ["cancelled", "done"])]
)
async def test_the_program_says_what_becomes_of_a_second_request(
    policy: str, ends: list[str]
) -> None:
    story = Story(30)
    options = HubOptions(while_answering=policy)
    async with Hub(story, auth=KEYS, options=options) as hub:
        async with client_of(memory.Network(hub)) as client:
            first = client.ask("one")
            await anext(first)
            second = client.ask("two")
            assert await text_of(second) == counted(30)
            if policy == "replace":
                with pytest.raises(pamlink.RejectedError) as refused:
                    await text_of(first)
                assert refused.value.error_code == "REQUEST_REPLACED"
            else:
                await text_of(first)
    assert story.ends == ends


def test_a_policy_that_there_is_not_is_named() -> None:
    with pytest.raises(pamlink.UsageError, match="none of parallel, queue, reject, replace"):
        Hub(options=HubOptions(while_answering="shout"))
