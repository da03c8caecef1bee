#!/bin/sh
# PyPI httpx 0.28.1: an answer streams as lines of JSON. RFC 8259 section 7 lets U+2028 and U+0085
# stand in a string as they are, and a model that quotes a PDF writes them. One would guess that
# Response.iter_lines() ends a line at its newline, as aiohttp and requests' bytes do. It ends lines
# where str.splitlines() does: one line of JSON arrives as three, none of which is JSON. requests
# does the same with decode_unicode=True.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet httpx==0.28.1 requests==2.32.3 aiohttp==3.11.11
cat > main.py <<'PY'
import asyncio, http.server, json, sys, threading
import aiohttp, httpx, requests

SENT = [json.dumps({"text": "one\u2028two\x85three", "n": n}, ensure_ascii=False) for n in range(2)]


class Stream(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("content-type", "application/x-ndjson; charset=utf-8")
        self.end_headers()
        self.wfile.write("".join(line + "\n" for line in SENT).encode())

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stream)
threading.Thread(target=server.serve_forever, daemon=True).start()
URL = f"http://127.0.0.1:{server.server_port}/"


def by_httpx():
    with httpx.stream("GET", URL) as response:
        return list(response.iter_lines())


async def by_aiohttp():
    async with aiohttp.ClientSession() as session, session.get(URL) as response:
        return [line.decode().rstrip("\n") async for line in response.content]


seen = {
    f"httpx {httpx.__version__}": (by_httpx(), 6),
    f"requests {requests.__version__}, decoded": (
        list(requests.get(URL, stream=True).iter_lines(decode_unicode=True)), 6),
    f"requests {requests.__version__}, bytes": (
        [line.decode() for line in requests.get(URL, stream=True).iter_lines()], 2),
    f"aiohttp {aiohttp.__version__}": (asyncio.run(by_aiohttp()), 2),
}
for name, (lines, _) in seen.items():
    print(f"{name}: {len(lines)} lines of {len(SENT)}: {lines[:3]}")
sys.exit(any(len(lines) != expected for lines, expected in seen.values()))
PY
venv/bin/python main.py
