"""Servers made of the PyPI package `websockets`, and `pamlink chat` as their client."""

import asyncio
import json
import urllib.parse

from websockets.asyncio.server import serve

from pamlink import ended, start, token
from peer import Wire, prose
from tap import check, same, test

WELCOME = {"type": "connection", "status": "connected", "message": "ready"}


def answer(frame, **members):
    """What the servers in use answer to a chat."""
    text = f"answer to {frame['message']}"
    reply = {"type": "chat_response", "message": text, "content": text, "ui_actions": []}
    return json.dumps({**reply, "source": "cloud", "error": False, **members})


class Chat:
    """A running `pamlink chat`."""

    def __init__(self, child):
        self.child = child

    @classmethod
    async def start(cls, port, user="ada", more=("--pam",)):
        """Starts one towards a server on this port, which speaks the pam dialect alone."""
        pipe = asyncio.subprocess.PIPE
        url = f"ws://127.0.0.1:{port}"
        flags = ["--user", user, "--token", token(user), *more]
        return cls(await start("chat", url, *flags, stdin=pipe, stderr=pipe))

    async def ask(self, text):
        """Types a request."""
        self.child.stdin.write(f"{text}\n".encode())
        await self.child.stdin.drain()

    async def line(self):
        """The next answer."""
        return (await self.child.stdout.readline()).decode().rstrip("\n")

    async def end(self):
        """Ends the input: what it printed since, what it told on the side, its exit code."""
        self.child.stdin.close()
        out, err = await self.child.communicate()
        return out.decode(), err.decode(), await ended(self.child)


class Listener:
    """A server whose links are handled by `handler`."""

    def __init__(self, handler, port=0):
        self.handler = handler
        self.port = port
        self.paths = []

    async def __aenter__(self):
        async def handle(link):
            self.paths.append(link.request.path)
            await self.handler(link)

        self.server = await serve(handle, "127.0.0.1", self.port)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_):
        self.server.close()
        await self.server.wait_closed()


async def chats(link):
    """The chats of a link; heartbeats are answered on the way."""
    async for text in link:
        frame = json.loads(text)
        if frame["type"] == "ping":
            await link.send('{"type":"pong"}')
        elif frame["type"] == "chat":
            yield frame


async def answering(link):
    """Welcomes a link, and answers its chats."""
    await link.send(json.dumps(WELCOME))
    async for frame in chats(link):
        await link.send(answer(frame))


def add():
    """Adds all tests."""

    @test("server: a request of `pamlink chat` is answered", limit=20)
    async def _():
        async with Listener(answering) as server:
            chat = await Chat.start(server.port)
            await chat.ask("fuel so far?")
            check("answer to fuel so far?" in await chat.line(), "no answer")
            await chat.ask("Grüße 🚐")
            check("answer to Grüße 🚐" in await chat.line(), "no answer")
            _, err, code = await chat.end()
            same(code, 0, "exit code")
            path, query = server.paths[0].split("?")
            same(path, "/api/v1/pam/ws/ada", "path")
            jwt = urllib.parse.parse_qs(query)["token"][0]
            check(jwt.count(".") == 2, "the token is not in the URL")
            check(jwt not in err, "the token is in the output")

    @test("server: `pamlink chat` offers sessions first, and goes back without them", limit=20)
    async def _():
        async with Listener(answering) as server:
            chat = await Chat.start(server.port, more=())
            await chat.ask("fuel so far?")
            check("answer to fuel so far?" in await chat.line(), "no answer")
            _, _, code = await chat.end()
            same(code, 0, "exit code")
            same(server.paths[0], "/api/v1/pam/ws/ada", "the first path has a token")
            same(len(server.paths), 2, "attempts")
            check("?token=" in server.paths[1], "the second path has no token")

    @test("server: `pamlink chat --compress` has its messages compressed, without it none", limit=40)
    async def _():
        wires = []

        async def handler(link):
            wire = Wire(link)
            wires.append(([it.name for it in link.protocol.extensions], wire))
            await link.send(json.dumps(WELCOME))
            async for frame in chats(link):
                text = answer(frame)
                pieces = [text[at : at + 500] for at in range(0, len(text), 500)]
                await link.send(pieces if len(frame["message"]) == 1_000 else text)

        requests = [prose(size) for size in [2, 150, 1_000, 4_000] * 2]
        async with Listener(handler) as server:
            for more in [[], ["--compress"]]:
                chat = await Chat.start(server.port, more=("--pam", *more))
                for request in requests:
                    await chat.ask(request)
                    check((await chat.line()).endswith(request), "another answer")
                same((await chat.end())[2], 0, "exit code")
        [(none, plain), (found, small)] = wires
        same([none, found], [[], ["permessage-deflate"]], "extensions")
        shrunk = small.read < plain.read / 2 and small.written < plain.written / 2
        check(shrunk, f"plain {plain}, compressed {small}")

    @test("server: answers with `reply_to` may come in any order", limit=20)
    async def _():
        async def handler(link):
            await link.send(json.dumps({**WELCOME, "features": ["reply_to"]}))
            waiting = []
            async for frame in chats(link):
                waiting.append(frame)
                if len(waiting) == 3:
                    for it in reversed(waiting):
                        await link.send(answer(it, reply_to=it["id"]))

        async with Listener(handler) as server:
            chat = await Chat.start(server.port)
            for text in ["one", "two", "three"]:
                await chat.ask(text)
            for text in ["one", "two", "three"]:
                line = await chat.line()
                check(f"answer to {text}" in line, f"{text}: {line}")
            same((await chat.end())[2], 0, "exit code")

    @test("server: after a restart an unanswered request comes again under its id", limit=40)
    async def _():
        asked = []

        async def dies(link):
            await link.send(json.dumps({**WELCOME, "features": ["reply_to", "repeat"]}))
            async for frame in chats(link):
                asked.append(frame)
                await link.close(1012, "restart")

        async def lives(link):
            await link.send(json.dumps({**WELCOME, "features": ["reply_to", "repeat"]}))
            async for frame in chats(link):
                asked.append(frame)
                await link.send(answer(frame, reply_to=frame["id"]))

        async with Listener(dies) as first:
            chat = await Chat.start(first.port)
            await chat.ask("book it")
            while not asked:
                await asyncio.sleep(0.02)
        async with Listener(lives, first.port):
            check("answer to book it" in await chat.line(), "no answer")
            same((await chat.end())[2], 0, "exit code")
        check(len(asked) >= 2, asked)
        same({frame["id"] for frame in asked}, {asked[0]["id"]}, "ids")

    @test("server: towards a server without `repeat` a broken request is not asked twice", limit=40)
    async def _():
        asked = []

        async def handler(link):
            await link.send(json.dumps(WELCOME))
            async for frame in chats(link):
                asked.append(frame["message"])
                if frame["message"] == "book it":
                    await link.close(1012, "restart")
                else:
                    await link.send(answer(frame))

        async with Listener(handler) as server:
            chat = await Chat.start(server.port)
            await chat.ask("book it")
            while not asked:
                await asyncio.sleep(0.02)
            await chat.ask("hello again")
            out, _, code = await chat.end()
            check("answer to hello again" in out, out)
            same(code, 1, "exit code")
        same(asked, ["book it", "hello again"], "requests")

    @test("server: a refused token stops `pamlink chat`", limit=40)
    async def _():
        async def handler(link):
            await link.close(4001, "token expired")

        async with Listener(handler) as server:
            chat = await Chat.start(server.port)
            await chat.ask("hello")
            _, err, code = await chat.end()
            same(code, 1, "exit code")
            check(1 <= len(server.paths) <= 2, f"dialled {len(server.paths)} times")
            check(err.strip() != "", "nothing was said")
