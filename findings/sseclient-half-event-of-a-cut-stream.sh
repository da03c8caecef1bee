#!/bin/sh
# PyPI sseclient-py 1.8.0: a stream of server-sent events is cut in the middle of an event. The
# standard has an event end with an empty line, and one that is unfinished at the end of the stream
# thrown away, so one would guess that what is handed out was sent whole. It hands out the half, as
# an event like any other. httpx-sse and npm eventsource-parser hold it back.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet sseclient-py==1.8.0 httpx-sse==0.4.0 httpx==0.28.1
npm install --silent --no-audit --no-fund --ignore-scripts eventsource-parser@3.0.0
cat > main.py <<'PY'
import subprocess, sys
from importlib.metadata import version
import httpx, httpx_sse, sseclient

# Of "data: 1500 EUR" and an empty line, this is what came before the cut.
CUT = b"data: whole\n\ndata: 15"


def by_httpx_sse():
    cut = httpx.MockTransport(
        lambda _: httpx.Response(200, headers={"content-type": "text/event-stream"}, content=CUT))
    with httpx.Client(transport=cut) as client:
        with httpx_sse.connect_sse(client, "GET", "http://127.0.0.1/") as source:
            return [event.data for event in source.iter_sse()]


def by_npm():
    seen = subprocess.run(["node", "main.mjs"], input=CUT, capture_output=True, check=True)
    return seen.stdout.decode().split()


seen = {
    f"sseclient-py {version('sseclient-py')}": [e.data for e in sseclient.SSEClient([CUT]).events()],
    f"httpx-sse {version('httpx-sse')}": by_httpx_sse(),
    "eventsource-parser 3.0.0": by_npm(),
}
for name, events in seen.items():
    print(f"{name}: {events}")
sys.exit(list(seen.values()) != [["whole", "15"], ["whole"], ["whole"]])
PY
cat > main.mjs <<'JS'
import { readFileSync } from 'node:fs';
import { createParser } from 'eventsource-parser';
const parser = createParser({ onEvent: (event) => console.log(event.data) });
parser.feed(readFileSync(0, 'utf8'));
JS
venv/bin/python main.py
