#!/bin/sh
# openai 3.57.0 and anthropic 2.14.0 (Python): whoever leaves a loop over an AsyncStream by `break`
# would guess that the answer stops, as it does where one leaves an `async with`. The response stays
# open, and the server goes on with an answer that nobody reads, until `close()` or the collector.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check openai==3.57.0 anthropic==2.14.0
cat > main.py <<'PY'
import asyncio
import json
import sys

import anthropic
import openai

OPENAI = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m",
          "choices": [{"index": 0, "delta": {"content": "a"}, "finish_reason": None}]}
ANTHROPIC = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "a"}}
ended: dict[str, asyncio.Event] = {}


async def serve(reader, writer):
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    of_openai = "/chat/completions" in head
    name, event = ("openai", OPENAI) if of_openai else ("anthropic", ANTHROPIC)
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n")
    kind = "" if of_openai else f"event: {event['type']}\n"
    writer.write(f"{kind}data: {json.dumps(event)}\n\n".encode())
    await writer.drain()
    while await reader.read(65536):
        pass
    ended[name].set()
    writer.close()


async def left(name, make):
    """Whether the server hears within a second that the loop was left, and after `close()`."""
    ended[name] = asyncio.Event()
    stream = await make()
    async for _ in stream:
        break
    heard = []
    for close in (None, stream.close):
        if close:
            await close()
        try:
            await asyncio.wait_for(ended[name].wait(), 1)
            heard.append(True)
        except asyncio.TimeoutError:
            heard.append(False)
    return heard


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    one = openai.AsyncOpenAI(api_key="k", base_url=url)
    other = anthropic.AsyncAnthropic(api_key="k", base_url=url)
    said = [{"role": "user", "content": "hello"}]
    seen = {
        f"openai {openai.__version__}": await left("openai", lambda: one.chat.completions.create(
            model="m", messages=said, stream=True)),
        f"anthropic {anthropic.__version__}": await left("anthropic", lambda: other.messages.create(
            model="m", max_tokens=9, messages=said, stream=True)),
    }
    for name, (by_break, by_close) in seen.items():
        print(f"{name}: the server hears of `break`: {by_break}, of `close()`: {by_close}")
    sys.stdout.flush()
    return all(heard == [False, True] for heard in seen.values())



sys.exit(0 if asyncio.run(main()) else 1)
PY
venv/bin/python main.py
