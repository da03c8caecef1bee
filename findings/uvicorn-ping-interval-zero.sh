#!/bin/sh
# PyPI uvicorn 0.54.0 with `--ws-ping-interval 0`. One would guess that 0 means the same for each of
# the WebSocket implementations that it can be told to use: no pings. With `--ws websockets` a peer
# that sends nothing but its pongs gets one ping after the other without a pause, thousands in a second;
# with the two others it gets none.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check uvicorn==0.54.0 websockets==17.4 wsproto==1.3.2
cat > app.py <<'PY'
async def app(scope, receive, send):
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        await receive()
PY
cat > main.py <<'PY'
import base64, importlib.metadata, os, socket, subprocess, sys, time


def pings(implementation):
    """How many pings a peer that sends nothing gets in two seconds."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = ["--port", str(port), "--ws", implementation, "--ws-ping-interval", "0", "app:app"]
    server = subprocess.Popen([sys.executable, "-W", "ignore", "-m", "uvicorn", "--log-level", "error", *words])
    try:
        for _ in range(200):
            try:
                link = socket.create_connection(("127.0.0.1", port))
                break
            except OSError:
                time.sleep(0.1)
        key = base64.b64encode(os.urandom(16)).decode()
        head = f"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        link.sendall(f"{head}Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode())
        heard, count, end = b"", 0, time.monotonic() + 2
        while (left := end - time.monotonic()) > 0:
            link.settimeout(left)
            try:
                heard += link.recv(65536)
            except TimeoutError:
                break
            if b"\r\n\r\n" in heard:
                heard = heard.partition(b"\r\n\r\n")[2]
            while len(heard) >= 2 and len(heard) >= 2 + heard[1]:
                kind, payload, heard = heard[0], heard[2 : 2 + heard[1]], heard[2 + heard[1] :]
                if kind == 0x89:
                    count += 1
                    # A pong, masked with zeros.
                    link.sendall(bytes([0x8A, 0x80 | len(payload), 0, 0, 0, 0]) + payload)
        return count
    finally:
        server.kill()
        server.wait()


print("uvicorn", importlib.metadata.version("uvicorn"))
found = {}
for implementation in ("websockets", "websockets-sansio", "wsproto"):
    found[implementation] = pings(implementation)
    print(f"--ws {implementation}: {found[implementation]} pings in 2 s to a peer that sends nothing")
sys.exit(0 if found.pop("websockets") > 100 and not any(found.values()) else 1)
PY
venv/bin/python main.py
