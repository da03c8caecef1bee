"""`pamlink` behind reverse proxies that have exactly the files of `docs/proxies`.

    PAMLINK=... PAMLINK_NGINX=... PAMLINK_HAPROXY=... PAMLINK_CADDY=... python main.py

Each variable is a program. Ports and folders of the files are replaced, and nothing else.
"""

import asyncio
import contextlib
import json
import os
import re
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

HERE = Path(__file__).parent
# Before the installed packages, one of which has the name of a file there.
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "interop/python")]

import pamlink  # noqa: E402
import proxies  # noqa: E402
import websockets  # noqa: E402
from proxies import PATIENCE  # noqa: E402
from tap import check, run, same, test  # noqa: E402
from websockets.asyncio.client import connect  # noqa: E402
from websockets.asyncio.server import serve  # noqa: E402

PREFIX = "/pam"
PATH = f"{PREFIX}/api/v1/pam/ws/"
DRAIN = {"drain": {"spread_ms": 200}}


@contextlib.asynccontextmanager
async def behind(kind):
    """`pamlink serve` behind a proxy: both."""
    server = await pamlink.Server.start(DRAIN)
    try:
        async with kind(port_of(server)) as proxy:
            yield server, proxy
    finally:
        if server.child.returncode is None:
            await server.stop()


def port_of(server):
    return int(server.address.rpartition(":")[2])


def url(proxy, user="ann", token=None):
    """Where `user` connects through the proxy."""
    token = pamlink.token(user) if token is None else token
    return f"ws://{proxy.address}{PATH}{user}?token={token}"


async def frame(link):
    """The next frame."""
    return json.loads(await asyncio.wait_for(link.recv(), PATIENCE))


async def ask(link, text):
    """The answer to a request."""
    await link.send(json.dumps({"type": "chat", "id": text, "message": text}))
    while True:
        answer = await frame(link)
        if answer.get("reply_to") == text and answer["type"] == "chat_response":
            return answer["message"]


async def close_of(link):
    """Reads to the end of a link: the frames before it, its close code and reason."""
    frames = []
    try:
        while True:
            frames.append(json.loads(await link.recv()))
    except websockets.ConnectionClosed as end:
        close = end.rcvd
        return frames, (close.code, close.reason) if close else None


def fetch(proxy, path):
    """The status and text of a page."""
    try:
        with urllib.request.urlopen(f"http://{proxy.address}{path}", timeout=PATIENCE) as page:
            return page.status, page.read().decode(errors="replace")
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


class Chat:
    """`pamlink chat` through a proxy."""

    def __init__(self, child):
        self.child = child
        self.said = []
        self._heard = asyncio.Event()
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def start(cls, proxy, token_file):
        """With the prefix in its URL and the user beside it."""
        pipes = {name: asyncio.subprocess.PIPE for name in ("stdin", "stderr")}
        base = f"ws://{proxy.address}{PREFIX}"
        arguments = ["chat", base, "--user", "ann", "--token-file", str(token_file)]
        return cls(await pamlink.start(*arguments, **pipes))

    async def _read(self):
        async for line in self.child.stderr:
            self.said.append(line.decode().rstrip())
            self._heard.set()

    async def sends(self, text):
        """Sends a request, and reads the answer, which repeats its text."""
        self.child.stdin.write(f"{text}\n".encode())
        line = await asyncio.wait_for(self.child.stdout.readline(), 2 * PATIENCE)
        answer = line.decode().rstrip()
        check(answer.endswith(f": {text}"), f"{answer!r}, having said {self.said}")

    async def says(self, word, limit):
        """Waits until a line about the link has this word in it."""

        async def waiting():
            while not any(word in line for line in self.said):
                self._heard.clear()
                await self._heard.wait()

        try:
            await asyncio.wait_for(waiting(), limit)
        except TimeoutError:
            raise AssertionError(f"chat never said {word!r}, but {self.said}") from None

    async def end(self):
        """Ends its input; its exit code."""
        self.child.stdin.close()
        code = await asyncio.wait_for(pamlink.ended(self.child), PATIENCE)
        await self._reading
        return code


def token_file(folder, token=None):
    file = folder / "ann.token.secret"
    file.write_text(pamlink.token("ann") if token is None else token)
    return file


def tests_of(kind):
    """Adds the tests of one proxy."""

    def named(what, limit=60.0):
        return test(f"- 3.6 {kind.name}: {what}", limit)

    @named("chat")
    async def chat():
        async with behind(kind) as (_, proxy), connect(url(proxy)) as link:
            welcome = await frame(link)
            same(welcome["type"], "connection", "the first frame")
            answer = await ask(link, "plan a trip to the coast")
            check("Mapping" in answer, answer)
            check("permessage-deflate" in link.response.headers["Sec-WebSocket-Extensions"], "plain")

    @named("a user id with a slash and a percent sign arrives as it was sent")
    async def odd_user():
        async with behind(kind) as (_, proxy):
            token = pamlink.token("a/b %2F\u00fc")
            async with connect(url(proxy, "a%2Fb%20%252F%C3%BC", token)) as link:
                same((await frame(link))["type"], "connection", "the first frame")

    @named("`pamlink chat` with a prefix in its URL")
    async def console_chat():
        async with behind(kind) as (_, proxy):
            console = await Chat.start(proxy, token_file(Path(pamlink._folder.name)))
            await console.sends("fuel so far?")
            same(await console.end(), 0, f"exit code, having said {console.said}")

    @named("pieces arrive as they are made")
    async def stream():
        heard = asyncio.Event()

        async def answers(link):
            for number in range(5):
                heard.clear()
                await link.send(f"piece {number}")
                # The next one is not made before this one has arrived.
                await asyncio.wait_for(heard.wait(), PATIENCE)

        def health(link, request):
            return link.respond(200, "") if request.path == "/health" else None

        async with serve(answers, "127.0.0.1", 0, process_request=health) as backend:
            port = backend.sockets[0].getsockname()[1]
            async with kind(port) as proxy, connect(url(proxy)) as link:
                for number in range(5):
                    piece = await asyncio.wait_for(link.recv(), PATIENCE)
                    same(piece, f"piece {number}", "piece")
                    heard.set()

    @named("4001 right behind the 101")
    async def refused():
        async with behind(kind) as (_, proxy):
            bad = pamlink.token("ann", key=b"another secret, as long as the one of the tests")
            async with connect(url(proxy, token=bad)) as link:
                same(await close_of(link), ([], (4001, "bad signature")), "frames and close")

    @named("a token of 16 KiB")
    async def long_token():
        token = pamlink.token("ann", {"n": ""})
        # Four characters for three bytes.
        token = pamlink.token("ann", {"n": "n" * ((16_384 - len(token)) // 4 * 3)})
        check(16_380 <= len(token) <= 16_384, f"{len(token)} bytes")
        async with behind(kind) as (_, proxy), connect(url(proxy, token=token)) as link:
            same((await frame(link))["type"], "connection", "the first frame")

    @named("the page and its files work under the prefix, /health and /metrics are not there")
    async def pages():
        async with behind(kind) as (server, proxy):
            status, page = await asyncio.to_thread(fetch, proxy, f"{PREFIX}/")
            same(status, 200, "status of the page")
            loaded = re.findall(r'(?:src|href)="(page/[^"]+)"', page)
            check("page/app.js" in loaded, "the page is another")
            loaded += ["page/pamlink/engine.js", "page/pamlink/pamlink.wasm"]
            for name in ["", *loaded]:
                status, text = await asyncio.to_thread(fetch, proxy, f"{PREFIX}/{name}")
                same(status, 200, f"status of {name}")
                if not name.endswith(".wasm"):
                    rooted = re.findall(r"""["'`](/\w[^"'`]*)""", text)
                    same(rooted, [], f"addresses that leave the prefix in {name}")
            for path in ["/health", "/metrics"]:
                check(await server.text(path), f"the server has no {path}")
                # Ways around: an escape, two slashes, a way up out of what is public.
                for way in [path, f"/{path}", path.replace("e", "%65"), f"/api/v1/pam/ws/..{path}",
                            f"/api/v1/pam/ws/x/../../../../..{path}",
                            f"/api/v1/pam/ws/%2e%2e/%2e%2e/%2e%2e/%2e%2e{path}",
                            f"/page/..{path}", f"/page/%2e%2e{path}", f"/page/x/../..{path}"]:
                    for root in ["", PREFIX]:
                        status, text = await asyncio.to_thread(fetch, proxy, root + way)
                        check(status >= 400, f"{root}{way}: {status} {text[:80]}")

    @named("a drain is told: going_away and 1012")
    async def drain():
        async with behind(kind) as (server, proxy), connect(url(proxy)) as link:
            await frame(link)
            server.child.terminate()
            frames, close = await asyncio.wait_for(close_of(link), PATIENCE)
            same([it["type"] for it in frames], ["going_away"], "frames")
            same(close[0], 1012, "close code")

    @named("the client comes back when the server was away")
    async def restart():
        async with behind(kind) as (server, proxy):
            console = await Chat.start(proxy, token_file(Path(pamlink._folder.name)))
            await console.sends("fuel so far?")
            await server.stop()
            await console.says("lost", PATIENCE)
            again = await pamlink.Server.start(DRAIN, listen=server.address)
            try:
                await console.sends("plan a trip to the coast")
                same(await console.end(), 0, f"exit code, having said {console.said}")
            finally:
                await again.stop()

    @named("a reload keeps the client or lets it come back", 90.0)
    async def reload():
        async with behind(kind) as (_, proxy):
            console = await Chat.start(proxy, token_file(Path(pamlink._folder.name)))
            await console.sends("fuel so far?")
            async with connect(url(proxy, "ben")) as link:
                await frame(link)
                began = time.monotonic()
                await proxy.reload()
                check("Mapping" in await ask(link, "plan a trip"), "the link was cut at once")
                if kind.lingers:
                    _, close = await asyncio.wait_for(close_of(link), kind.lingers + PATIENCE)
                    same(f"closed {close[0]}" if close else "cut", kind.ends, "end of the link")
                    check(time.monotonic() - began > kind.lingers / 2, "it was ended at once")
                    await console.says("lost", PATIENCE)
            await console.sends("plan a trip to the coast")
            same(await console.end(), 0, f"exit code, having said {console.said}")
            if not kind.lingers:
                check(not any("lost" in line for line in console.said), f"cut: {console.said}")

    @named("a token is in no log, whatever happens")
    async def logs():
        async with behind(kind) as (server, proxy):
            tokens = [pamlink.token("ann"), pamlink.token("ann", {"n": 1}), pamlink.token("x", {"n": 2})]
            async with connect(url(proxy, token=tokens[0])) as link:
                await frame(link)
            async with connect(url(proxy, token=tokens[1])) as link:
                await frame(link)
                await server.stop()
                await close_of(link)
            # Nobody is there: an error of the proxy's.
            with contextlib.suppress(websockets.InvalidHandshake):
                async with connect(url(proxy, token=tokens[2])):
                    raise AssertionError("a link to nobody")
            with contextlib.suppress(websockets.InvalidHandshake):
                async with connect(f"ws://{proxy.address}/elsewhere?token={tokens[2]}"):
                    raise AssertionError("a link to elsewhere")

            async def logged():
                while proxy.logs().count("/api/v1/pam/ws/ann") < 2:
                    await asyncio.sleep(0.05)

            try:
                await asyncio.wait_for(logged(), PATIENCE)
            except TimeoutError:
                raise AssertionError(f"nothing was logged: {proxy.logs()}") from None
            text = proxy.logs()
            for token in tokens:
                for part in [token, token.split(".")[2]]:
                    check(part not in text, f"a token was logged: {text}")


async def main():
    for kind in proxies.ALL:
        if kind.variable in os.environ:
            tests_of(kind)
    try:
        return await run()
    finally:
        await pamlink.end_all()


sys.exit(0 if asyncio.run(main()) else 1)
