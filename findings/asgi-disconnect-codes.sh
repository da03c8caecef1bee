#!/bin/sh
# PyPI uvicorn 0.54.0 and hypercorn 0.18.0: the code of `websocket.disconnect` when a peer vanishes
# without a Close frame, and when it closes with 4100. The ASGI specification says that the code is
# the one of the WebSocket specification, 1005 where the peer sent none: one would guess 1006
# (abnormal) for the first, as RFC 6455 has it, and 4100 for the second. uvicorn says 1006 or 1005 for
# the first, by the implementation that it uses; hypercorn says 1006 for both.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check uvicorn==0.54.0 hypercorn==0.18.0 \
  websockets==17.4 wsproto==1.3.2
cat > app.py <<'PY'
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    await receive()
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.send", "text": "ready"})
    event = await receive()
    with open("seen", "a") as seen:
        print(event.get("code"), file=seen)
PY
cat > main.py <<'PY'
import importlib.metadata, pathlib, socket, subprocess, sys, time

from websockets.sync.client import connect

SEEN = pathlib.Path("seen")


def codes(server):
    """What the application sees: of a peer that vanishes, and of one that closes with 4100."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = {"hypercorn": ["--bind", f"127.0.0.1:{port}"]}.get(server[0], ["--port", str(port)])
    words = [sys.executable, "-m", *server, *address, "app:app"]
    child = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                time.sleep(0.1)
        SEEN.write_text("")
        for vanishes in (True, False):
            link = connect(f"ws://127.0.0.1:{port}/")
            link.recv(timeout=10)
            before = SEEN.read_text()
            if vanishes:
                link.socket.shutdown(socket.SHUT_RDWR)
            else:
                link.close(4100)
            for _ in range(100):
                if SEEN.read_text() != before:
                    break
                time.sleep(0.1)
        return tuple(int(code) for code in SEEN.read_text().split())
    finally:
        child.kill()
        child.wait()


expected = {
    ("uvicorn", "--ws", "websockets"): (1006, 4100),
    ("uvicorn", "--ws", "websockets-sansio"): (1005, 4100),
    ("uvicorn", "--ws", "wsproto"): (1005, 4100),
    ("hypercorn",): (1006, 1006),
}
found = {server: codes(server) for server in expected}
for server, (vanished, closed) in found.items():
    version = importlib.metadata.version(server[0])
    print(f"{' '.join(server)} ({version}): vanished {vanished}, closed with 4100 {closed}")
sys.exit(0 if found == expected else 1)
PY
venv/bin/python -W ignore main.py
