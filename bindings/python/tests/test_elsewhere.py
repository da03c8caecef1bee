"""Other threads, other event loops, other processes."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
import uvloop
from conftest import KEYS, PLENTY, SOON, connected, provider, take, token
from peer import Peer, echo, serve

import pamlink
from pamlink import Client, Hub, memory, sansio
from pamlink.sansio import inputs, outputs


def in_another_loop(work: Callable[[], Coroutine[Any, Any, object]]) -> Coroutine[Any, Any, object]:
    """What comes of something in an event loop of its own, in a thread of its own."""
    return asyncio.wait_for(asyncio.to_thread(lambda: asyncio.run(work())), SOON)


async def test_a_push_from_a_thread_arrives_at_once_and_in_order() -> None:
    async with Hub(echo, auth=KEYS, options=PLENTY) as hub:
        peer = Peer()
        serve(hub, peer)
        await peer.hear("connection")
        # The loop sleeps, and nothing but the push wakes it.
        await asyncio.sleep(0.05)
        began = time.monotonic()
        pushed = await asyncio.to_thread(hub.push, "ann", {"type": "timer_expired", "id": 0})
        assert pushed.queued == 1
        await peer.hear("timer_expired")
        # Its heartbeat would wake the loop only after 20 s.
        assert time.monotonic() - began < 5

        def burst() -> None:
            for number in range(200):
                hub.push("ann", {"type": "news", "id": number})

        bursting = asyncio.create_task(asyncio.to_thread(burst))
        for number in range(200, 400):
            hub.push("ann", {"type": "other", "id": number})
            await asyncio.sleep(0)
        await bursting
        numbers: dict[str, list[int]] = {"news": [], "other": []}
        while len(numbers["news"]) + len(numbers["other"]) < 400:
            message = json.loads(await asyncio.wait_for(peer.sent.get(), SOON))
            if message["type"] in numbers:
                numbers[message["type"]].append(message["id"])
        assert numbers == {"news": list(range(200)), "other": list(range(200, 400))}


async def test_commands_from_a_thread_say_what_became_of_them() -> None:
    async with Hub(echo, auth=KEYS, options=PLENTY) as hub:
        peer = Peer()
        serve(hub, peer)
        await peer.hear("connection")
        with pytest.raises(pamlink.UsageError) as bad:
            await asyncio.to_thread(hub.push, "ann", {"no": "type"})
        assert bad.value.name == "not_an_envelope"
        assert (await asyncio.to_thread(hub.broadcast, {"type": "news"})).queued == 1
        (link,) = await asyncio.to_thread(hub.links_of, "ann")
        assert await asyncio.to_thread(hub.disconnect, link, 4000, "enough")
        assert await asyncio.wait_for(peer.closed, SOON) == (4000, "enough")
        assert (await take(hub, pamlink.Closed)).code == 4000


async def test_another_loop_is_refused_at_once() -> None:
    async with Hub(echo, auth=KEYS) as hub, connected(hub) as (client, _):
        await client.send("hi")

        async def first(events: Any) -> object:
            return await events.__anext__()

        async def ask() -> object:
            return [piece async for piece in client.ask("hi")]

        stranger = Peer()
        waiting: list[Callable[[], Coroutine[Any, Any, object]]] = [
            lambda: client.send("hi"),
            ask,
            lambda: client.post({"type": "x"}),
            lambda: first(client),
            client.close,
            lambda: first(hub),
            lambda: hub.serve(stranger, user="ann", token=token()),
            hub.drain,
            hub.close,
        ]
        for work in waiting:
            with pytest.raises(pamlink.UsageError) as wrong:
                await in_another_loop(work)
            assert wrong.value.name == "wrong_loop"
        # These want no answer.
        await asyncio.to_thread(client.wake)
        await asyncio.to_thread(client.network_changed)
        assert isinstance(await asyncio.wait_for(client.send("hi"), SOON), pamlink.Answered)


# Forks. The child says in a pipe what it found, and ends at once: nothing of pytest runs in it.


def in_a_child(work: Callable[[], str]) -> str:
    """What comes of something in a forked process."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            said = work()
        except BaseException as error:
            said = f"{type(error).__name__}: {getattr(error, 'name', error)}"
        os.write(writer, said.encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    return said


def test_a_hub_that_was_made_before_a_fork_has_an_epoch_in_each_process() -> None:
    hub = Hub(echo, auth=KEYS, options=PLENTY)
    hub.replace_routes({
        "version": "2",
        "error_handler": {"id": "errors"},
        "default": "only",
        "agents": [{"id": "only", "name": "The Only One"}],
    })

    async def served() -> str:
        async with hub:
            peer = Peer()
            serve(hub, peer)
            epoch = (await peer.hear("connection"))["epoch"]
            peer.say('{"type":"chat","id":"1","message":"hi"}')
            answer = await peer.hear("chat_response")
            return f"{epoch} {answer['message']}"

    said = [in_a_child(lambda: asyncio.run(served())) for _ in range(3)]
    said.append(asyncio.run(served()))
    epochs = {line.split(" ")[0] for line in said}
    assert len(epochs) == 4 and all(line.endswith(" only: hi") for line in said), said


def test_a_hub_that_has_served_before_a_fork_is_refused_after_it() -> None:
    async def parent() -> tuple[str, str]:
        async with Hub(echo, auth=KEYS) as hub, connected(hub) as (client, _):
            await client.send("hi")

            def push() -> str:
                return str(hub.push("ann", {"type": "x"}))

            def ask() -> str:
                client._command(b"")
                return "asked"

            found = in_a_child(push), in_a_child(ask)
            assert isinstance(await asyncio.wait_for(client.send("hi"), SOON), pamlink.Answered)
            return found

    assert asyncio.run(parent()) == ("UsageError: forked", "UsageError: forked")


def test_a_client_that_was_made_before_a_fork_makes_ids_of_its_own() -> None:
    async def asked(client: Client, hub: Hub) -> str:
        async with hub, client:
            await asyncio.wait_for(client.send("hi"), SOON)
        return ids[-1]

    ids: list[str] = []

    async def note(request: pamlink.Request) -> str:
        ids.append(str(request.envelope()["id"]))
        return "noted"

    def made() -> tuple[Client, Hub]:
        hub = Hub(note, auth=KEYS, options=PLENTY)
        dial = memory.Network(hub).dial
        return Client("ws://hub/api/v1/pam/ws/ann", token=provider(), dial=dial), hub

    client, hub = made()
    said = [in_a_child(lambda: asyncio.run(asked(client, hub))) for _ in range(2)]
    said.append(asyncio.run(asked(client, hub)))
    assert len(set(said)) == 3 and all(len(one) > 8 for one in said), said


def test_the_engines_themselves_begin_no_link_in_another_process() -> None:
    """Also where the fork was none of Python's: the library compares process numbers."""
    hub = sansio.HubEngine(auth=KEYS)
    codec = sansio.FrameCodec(client=True)

    def accept() -> str:
        hub._here()
        fault = hub.step(0, 0, [inputs.Accept()]).records[0]
        assert isinstance(fault, outputs.Fault)
        hub.reseed()
        accepted = hub.step(0, 0, [inputs.Accept()]).records[0]
        assert isinstance(accepted, outputs.Accepted)
        return fault.name

    assert in_a_child(accept) == "forked"
    assert in_a_child(lambda: str(codec.text("hi"))) == "UsageError: forked"
    hub.step(0, 0, [inputs.Accept()])
    assert in_a_child(lambda: str(hub.reseed())) == "UsageError: forked"


def test_a_deadline_that_is_due_at_once_is_set_on_uvloop_too() -> None:
    async def twice() -> None:
        async with Hub(echo, auth=KEYS, options=PLENTY) as hub:
            # uvloop makes no timer of what is due within the millisecond.
            hub._deadline = 0
            hub._arm()
            hub._arm()

    loop = uvloop.new_event_loop()
    try:
        loop.run_until_complete(twice())
    finally:
        loop.close()
