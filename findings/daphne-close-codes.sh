#!/bin/sh
# PyPI daphne 4.2.3: an ASGI application closes a WebSocket with 1001 (going away), 1011 (internal
# error), 1012 (service restart) or 1013 (try again later), for which RFC 6455 and IANA have a server
# in mind. One would guess that the client is told so, as with 4001. The application gets an exception,
# and the client 1011 in every case; a reason is left out.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check daphne==4.2.3 websockets==17.4 \
  twisted==26.10.0 autobahn==26.10.2
cat > app.py <<'PY'
async def app(scope, receive, send):
    await receive()
    await send({"type": "websocket.accept"})
    code = int(scope["query_string"])
    try:
        await send({"type": "websocket.close", "code": code, "reason": "why"})
    except Exception as error:
        print(f"the application closes with {code}: {type(error).__name__}: {error}", flush=True)
        raise
PY
cat > main.py <<'PY'
import importlib.metadata, socket, subprocess, sys, time

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    port = probe.getsockname()[1]
server = subprocess.Popen(
    [sys.executable, "-m", "daphne", "-v", "0", "-b", "127.0.0.1", "-p", str(port), "app:app"],
    stderr=subprocess.DEVNULL,
)
try:
    print("daphne", importlib.metadata.version("daphne"))
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            break
        except OSError:
            time.sleep(0.1)
    found = {}
    for code in (1000, 1001, 1011, 1012, 1013, 4001):
        with connect(f"ws://127.0.0.1:{port}/?{code}") as link:
            try:
                link.recv(timeout=10)
            except ConnectionClosed as end:
                found[code] = end.rcvd and (end.rcvd.code, end.rcvd.reason)
            except TimeoutError:
                found[code] = "nothing"
        print(f"the client is told {found[code]} for {code}", flush=True)
finally:
    server.kill()
    server.wait()
expected = {1000: 1000, 1001: 1011, 1011: 1011, 1012: 1011, 1013: 1011, 4001: 4001}
sys.exit(0 if found == {sent: (told, "") for sent, told in expected.items()} else 1)
PY
venv/bin/python main.py
