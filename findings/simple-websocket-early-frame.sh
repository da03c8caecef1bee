#!/bin/sh
# PyPI simple-websocket 1.1.0: a server sends a message in the same segment as its 101. One would
# guess that the first `receive` has it. It waits: what came with the 101 is looked at when more
# bytes come, and then both messages are there at once.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check simple-websocket==1.1.0 wsproto==1.2.0
cat > main.py <<'PY'
import base64, hashlib, importlib.metadata, os, re, socket, sys, threading

import simple_websocket

listener = socket.create_server(("127.0.0.1", 0))
go_on = threading.Event()


def frame(text):
    return bytes([0x81, len(text)]) + text


def serve():
    link, _ = listener.accept()
    head = b""
    while b"\r\n\r\n" not in head:
        head += link.recv(4096)
    key = re.search(rb"(?i)sec-websocket-key: (\S+)", head)[1]
    accept = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
    answer = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    link.sendall(answer + b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n" + frame(b"first"))
    go_on.wait(20)
    link.sendall(frame(b"second"))
    link.recv(4096)


threading.Thread(target=serve, daemon=True).start()
print("simple-websocket", importlib.metadata.version("simple-websocket"))
client = simple_websocket.Client(f"ws://127.0.0.1:{listener.getsockname()[1]}/")
found = [client.receive(timeout=3)]
print("3 s after the 101 and `first` in one segment:", found[0])
go_on.set()
found += [client.receive(timeout=10), client.receive(timeout=10)]
print("after `second` was sent, too:", *found[1:])
sys.stdout.flush()
# Its thread would wait for the end of the link.
os._exit(0 if found == [None, "first", "second"] else 1)
PY
venv/bin/python main.py
