#!/bin/sh
# PyPI websocket-client 1.9.2: the server sends an empty text, which is a valid message, and then
# closes with 4001. One would guess that recv() raises at the close, or that the two can be told
# apart by what it returns. Both return the empty string: only the next recv() raises, and the code
# is in neither.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet websocket-client==1.9.2 websockets==15.0.1
cat > main.py <<'PY'
import asyncio, sys
import websocket
from websockets.asyncio.server import serve


def read(port):
    link = websocket.create_connection(f"ws://127.0.0.1:{port}/", timeout=10)
    returned = [link.recv() for _ in range(3)]
    try:
        link.recv()
    except websocket.WebSocketConnectionClosedException as closed:
        return returned, str(closed)


async def close_with_4001(link):
    await link.send("")
    await link.send("text")
    await link.close(4001, "token")


async def main():
    async with serve(close_with_4001, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        return await asyncio.to_thread(read, port)


returned, raised = asyncio.run(main())
print("websocket-client", websocket.__version__, "python", sys.version.split()[0])
print("an empty text, a text and a close frame are returned as", returned)
print("the recv() after it raises:", raised)
sys.exit(returned != ["", "text", ""] or "4001" in raised)
PY
venv/bin/python main.py
