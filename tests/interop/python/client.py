"""The PyPI package `websockets` as a client of `pamlink serve`."""

import asyncio
import json
import time

from websockets.exceptions import InvalidStatus

from pamlink import Server, token
from peer import ANSWER, SEEN, Peer, Wire, like, prose, someone
from tap import check, same, test

# Requests that an agent has answered.
EFFECTS = "pamlink_request_latency_seconds_count"
PLENTY = {"messages": 100_000, "per_ms": 1_000}


def add(server):
    """Adds the tests that one server serves."""

    async def welcomed(user=None, **options):
        return await Peer.welcomed(server.url(user or someone()), **options)

    @test("client: the first frame is the welcome")
    async def _():
        peer = await welcomed()
        expect = {"type": "connection", "status": "connected", "timestamp": "$string"}
        like(peer.welcome, expect)
        await peer.close()
        same(peer.socket.close_code, 1000, "close code")

    @test("client: a chat is answered with equal message and content")
    async def _():
        peer = await welcomed()
        like(await peer.ask(message="hello"), ANSWER)
        await peer.close()

    @test("client: a ping is answered with a pong")
    async def _():
        peer = await welcomed()
        await peer.send({"type": "ping", "timestamp": int(time.time() * 1000)})
        like(await peer.next(), {"type": "pong"})
        await peer.close()

    @test("client: the server pings in the configured interval")
    async def _():
        peer = await welcomed()
        began = time.monotonic()
        for _ in range(3):
            while (await peer.receive())["type"] != "ping":
                pass
        took = time.monotonic() - began
        check(0.7 < took < 5, f"three pings took {took} s")
        await peer.close()

    @test("client: two chats in flight get their own answers by id")
    async def _():
        peer = await welcomed()
        await peer.send({"type": "chat", "id": "one", "agent": "finance", "message": "first"})
        await peer.send({"type": "chat", "id": "two", "agent": "trips", "message": "second"})
        answers = {frame["reply_to"]: frame for frame in [await peer.next(), await peer.next()]}
        check("Financial" in answers["one"]["message"], answers)
        check("Mapping" in answers["two"]["message"], answers)
        await peer.close()

    @test("client: chats without ids are answered in their order")
    async def _():
        peer = await welcomed()
        agents = {"finance": "Financial", "trips": "Mapping", "health": "Health", "voice": "Voice"}
        for agent in agents:
            await peer.send({"type": "chat", "agent": agent, "message": "who are you?"})
        for name in agents.values():
            answer = like(await peer.next(), ANSWER)
            check(name in answer["message"], f"{name}: {answer}")
        await peer.close()

    @test("client: an unknown agent is a typed error")
    async def _():
        peer = await welcomed()
        answer = await peer.ask(agent="astrologer", message="well?", id="a_1")
        like(answer, {"type": "error", "error_code": "UNKNOWN_AGENT", "reply_to": "a_1"})
        same(await peer.alive(), [])
        await peer.close()

    refusals = {
        "an unknown type": ('{"type":"teleport"}', "UNKNOWN_TYPE"),
        "malformed JSON": ('{"type":"chat","message":"x"', "FORMAT_ERROR"),
        "Python's NaN": ('{"type":"chat","message":"x","context":{"a":NaN}}', "FORMAT_ERROR"),
        "text that is no object": ('"chat"', "$string"),
        "deep nesting": ('{"type":"chat","context":' + "[" * 9000 + "]" * 9000 + "}", "$string"),
        "a message over its size": (
            '{"type":"chat","message":"' + prose(140_000) + '"}',
            "MESSAGE_TOO_LARGE",
        ),
    }
    for name, (text, code) in refusals.items():

        @test(f"client: {name} is refused and the link stays open")
        async def _(text=text, code=code):
            peer = await welcomed()
            await peer.socket.send(text)
            like(await peer.next(), {"type": "error", "message": "$string", "error_code": code})
            same(await peer.alive(), [])
            like(await peer.ask(message="still there?"), ANSWER)
            await peer.close()

    payloads = {
        "enums": {"context": {"input_mode": "voice", "event": "PAMEventType.USER_MESSAGE"}},
        "nesting": {"context": {"a": {"b": [{"c": [1, 2.5, -3e-7, True, None]}]}}},
        "unicode": {"message": "Grüße aus 東京 🚐👩\u200d🚀 \u2028 \x00 שלום"},
        "an escaped lone surrogate": {"message": "\ud800 alone"},
        "numbers beyond 2^53": {"context": {"big": 2**70, "far": 1e300}},
    }
    for name, payload in payloads.items():

        @test(f"client: {name} in a payload hurts nothing")
        async def _(payload=payload):
            peer = await welcomed()
            like(await peer.ask(**{"message": "payload", **payload}), ANSWER)
            same(await peer.alive(), [])
            await peer.close()

    @test("client: a repeated id gets the first answer and has no second effect")
    async def _():
        user = someone()
        peer = await welcomed(user)
        effects = await server.metric(EFFECTS)
        first = await peer.ask(id="d_1", message="spend 40 on fuel")
        same(await peer.ask(id="d_1", message="spend 40 on fuel"), first, "repeat")
        peer.socket.transport.abort()
        peer = await welcomed(user)
        again = await peer.ask(id="d_1", message="spend 40 on fuel")
        same(again["message"], first["message"], "repeat after a reconnect")
        same(await server.metric(EFFECTS) - effects, 1, "effects")
        await peer.close()

    now = int(time.time())
    bad_tokens = {
        "garbage": lambda user: "garbage",
        "empty": lambda user: "",
        "expired": lambda user: token(user, {"exp": now - 3600, "iat": now - 7200}),
        "of another user": lambda user: token("somebody-else"),
        "of a service role for another user": lambda user: token("x", {"role": "service_role"}),
        "with a forged signature": lambda user: token(user, key=b"another secret" * 4),
    }
    for name, make in bad_tokens.items():

        @test(f"client: a token {name} closes the link with 4001")
        async def _(make=make):
            user = someone()
            jwt = make(user)
            code, reason = await (await Peer.connected(server.url(user, jwt))).closed()
            same(code, 4001, "close code")
            check(len(reason.encode()) <= 123 and (not jwt or jwt not in reason), reason)

    @test("client: a missing token is refused with HTTP 403")
    async def _():
        try:
            await Peer.connected(server.base + someone())
        except InvalidStatus as refused:
            same(refused.response.status_code, 403, "status")
        else:
            raise AssertionError("was not refused")

    async def talked(compression):
        """Has the same talk on each link; the extensions, and how many bytes it took."""
        peer = await welcomed(compression=compression)
        wire = Wire(peer.socket)
        for size in [1, 90, 600, 4_900] * 2:
            message = prose(size)
            answer = like(await peer.ask(message=message, notes=message * 9), ANSWER)
            check(answer["message"].endswith(message), answer)
        extensions = [it.name for it in peer.socket.protocol.extensions]
        await peer.close()
        return extensions, wire

    @test("client: messages are compressed in both directions")
    async def _():
        none, plain = await talked(None)
        found, small = await talked("deflate")
        same([none, found], [[], ["permessage-deflate"]], "extensions")
        shrunk = small.read < plain.read / 2 and small.written < plain.written / 2
        check(shrunk, f"plain {plain}, compressed {small}")

    @test("client: fragments of a compressed message are one message")
    async def _():
        peer = await welcomed(compression="deflate")
        message = prose(4_000)
        text = json.dumps({"type": "chat", "message": message})
        for size in [1_000, 7]:
            await peer.socket.send(text[at : at + size] for at in range(0, len(text), size))
            answer = like(await peer.next(), ANSWER)
            check(answer["message"].endswith(message), answer)
        await peer.close()

    @test("client: fragments with a ping between them are one message")
    async def _():
        peer = await welcomed()
        text = '{"type":"chat","message":"in pieces"}'

        async def pieces():
            for at, letter in enumerate(text):
                if at == 5:
                    await peer.socket.ping(b"between")
                yield letter

        await peer.socket.send(pieces())
        like(await peer.next(), ANSWER)
        await peer.close()


def add_alone():
    """Adds the tests that need a server of their own."""

    @test("client: too fast is refused with the time to wait")
    async def _():
        slow = await Server.start({"rate": {"messages": 3, "per_ms": 60_000}})
        peer = await Peer.welcomed(slow.url(someone()))
        for at in range(3):
            like(await peer.ask(message=f"{at}"), ANSWER)
        refusal = await peer.ask(message="one more", id="r_4")
        expect = {"type": "error", "error_code": "RATE_LIMIT_EXCEEDED", "retry_after": "$number"}
        like(refusal, {**expect, "reply_to": "r_4"})
        check(0 < refusal["retry_after"] <= 60, refusal)
        same(await peer.alive(), [])
        await peer.close()
        await slow.stop()


    @test("client: an offer of permessage-deflate is declined, not failed, where it is off")
    async def _():
        off = await Server.start({"compression": {"level": 0}})
        peer = await Peer.welcomed(off.url(someone()), compression="deflate")
        same(list(peer.socket.protocol.extensions), [], "extensions")
        like(await peer.ask(message=prose(4_000)), ANSWER)
        await peer.close()
        await off.stop()

    @test("client: a restart tells every link with 1012, and the next server takes them")
    async def _():
        first = await Server.start({"drain": {"spread_ms": 200}})
        users = [someone(), someone()]
        peers = [await Peer.welcomed(first.url(user)) for user in users]
        stopped = asyncio.create_task(first.stop())
        for peer in peers:
            same((await peer.closed())[0], 1012, "close code")
        same(await stopped, 0, "exit code")
        second = await Server.start(listen=first.address)
        peer = await Peer.welcomed(second.url(users[0]))
        like(await peer.ask(message="back again"), ANSWER)
        await peer.close()
        await second.stop()


def add_last():
    """Adds the test of all that the others saw."""

    @test("client: no frame but an answer or an error reads as one to an old client")
    async def _():
        check(len(SEEN) > 50, f"only {len(SEEN)} frames were seen")
        for frame in SEEN:
            if frame["type"] not in ("chat_response", "error"):
                taken = {"message", "content", "response", "text"} & frame.keys()
                check(not taken and not frame.get("error"), frame)
