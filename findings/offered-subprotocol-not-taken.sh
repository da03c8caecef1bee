#!/bin/sh
# A client offers a subprotocol to a server that knows none. The answer leaves the header out, as
# RFC 6455 section 4.2.2 has it, and 4.1 lets the connection stand. One would guess that clients go
# on without one, or that all fail, as browsers do. Three of seven fail: PyPI websocket-client 1.9.0
# ("Invalid WebSocket Header"), npm ws 8.18.3 and npm websocket 1.0.35. PyPI websockets 15.0.1,
# aiohttp 3.13.2 and autobahn 24.4.2 and npm faye-websocket 0.11.4 open. So a server that does not
# look at what it is offered works for some clients of each language and is unreachable for others.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet websockets==15.0.1 aiohttp==3.13.2 websocket-client==1.9.0 \
  autobahn==24.4.2
npm install --silent --no-audit --no-fund --ignore-scripts ws@8.18.3 websocket@1.0.35 \
  faye-websocket@0.11.4
cat > main.js <<'JS'
const [url, offered] = [process.argv[2], ['chat.v2']];
const opening = {
  ws: (settle) => {
    const link = new (require('ws'))(url, offered);
    link.on('open', () => settle('open')).on('error', (error) => settle(error.message));
  },
  websocket: (settle) => {
    const client = new (require('websocket').client)();
    client.on('connect', () => settle('open'));
    client.on('connectFailed', (error) => settle(error.message));
    client.connect(url, offered);
  },
  'faye-websocket': (settle) => {
    const link = new (require('faye-websocket').Client)(url, offered);
    link.on('open', () => settle('open')).on('error', (error) => settle(error.message));
  },
};
(async () => {
  for (const [name, open] of Object.entries(opening)) {
    const { version } = require(`${name}/package.json`);
    console.log(`${name} ${version}: ${await new Promise(open)}`);
  }
  process.exit(0);
})();
JS
cat > main.py <<'PY'
import asyncio
import subprocess
import sys
from importlib.metadata import version

import aiohttp
import websocket
from autobahn.asyncio.websocket import WebSocketClientFactory, WebSocketClientProtocol
from websockets.asyncio.client import connect
from websockets.asyncio.server import serve

OFFERED = ["chat.v2"]
EXPECTED = """\
websockets 15.0.1: open
aiohttp 3.13.2: open
autobahn 24.4.2: open
websocket-client 1.9.0: Invalid WebSocket Header
ws 8.18.3: Server sent no subprotocol
websocket 1.0.35: Expected a Sec-WebSocket-Protocol header.
faye-websocket 0.11.4: open
"""


async def with_websockets(url):
    async with connect(url, subprotocols=OFFERED):
        pass


async def with_aiohttp(url):
    async with aiohttp.ClientSession() as session, session.ws_connect(url, protocols=OFFERED):
        pass


async def with_autobahn(url):
    opened = asyncio.get_running_loop().create_future()

    class Client(WebSocketClientProtocol):
        def onOpen(self):
            opened.set_result(None)

        def onClose(self, clean, code, reason):
            opened.done() or opened.set_exception(ConnectionError(reason))

    factory = WebSocketClientFactory(url, protocols=OFFERED)
    factory.protocol = Client
    port = int(url.rsplit(":", 1)[1])
    await asyncio.get_running_loop().create_connection(factory, "127.0.0.1", port)
    await opened


async def with_websocket_client(url):
    create = websocket.create_connection
    await asyncio.to_thread(create, url, subprotocols=OFFERED, timeout=10)


async def quiet(link):
    await link.wait_closed()


async def main():
    said = ""
    async with serve(quiet, "127.0.0.1", 0) as server:
        url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        for name, opening in [
            ("websockets", with_websockets),
            ("aiohttp", with_aiohttp),
            ("autobahn", with_autobahn),
            ("websocket-client", with_websocket_client),
        ]:
            try:
                await asyncio.wait_for(opening(url), 20)
                outcome = "open"
            except Exception as error:
                outcome = str(error)
            said += f"{name} {version(name)}: {outcome}\n"
        node = ["node", "main.js", url]
        said += (await asyncio.to_thread(subprocess.check_output, node, timeout=30)).decode()
    print(said, end="")
    return said == EXPECTED


print("python", sys.version.split()[0])
sys.exit(0 if asyncio.run(main()) else 1)
PY
venv/bin/python main.py
