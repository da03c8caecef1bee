#!/bin/sh
# PyPI picows 2.3.1: the server closes with 1012. One would guess that the client's library answers
# the close frame, as RFC 6455 section 5.5.1 asks of an endpoint, and as it answers pings by itself.
# It hands the frame to the listener and does nothing: a listener that only reads texts keeps the
# server waiting until the server's own timeout cuts the connection.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet picows==2.3.1 websockets==15.0.1
cat > main.py <<'PY'
import asyncio, sys, time
from importlib.metadata import version
import picows
from websockets.asyncio.server import serve

WAIT = 2.0
took = []


class Texts(picows.WSListener):
    def on_ws_frame(self, transport, frame):
        print("the listener is given", frame.msg_type.name)


async def close_with_1012(link):
    await (await link.ping())
    print("the client has answered a ping")
    began = time.monotonic()
    await link.close(1012, "restart")
    took.append(time.monotonic() - began)


async def main():
    async with serve(close_with_1012, "127.0.0.1", 0, close_timeout=WAIT) as server:
        port = server.sockets[0].getsockname()[1]
        transport, _ = await picows.ws_connect(Texts, f"ws://127.0.0.1:{port}/")
        await asyncio.wait_for(transport.wait_disconnected(), 10 * WAIT)


print("picows", version("picows"), "python", sys.version.split()[0])
asyncio.run(main())
print(f"the server waited {took[0]:.1f} s of {WAIT} s for the answer to its close frame")
sys.exit(took[0] < WAIT / 2)
PY
venv/bin/python main.py
