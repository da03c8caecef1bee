"""The console chats of Kotlin and Swift talk with the FastAPI example, through its five agents."""

import asyncio
import importlib.util
import json
import os
import socket
import time
from contextlib import asynccontextmanager
from pathlib import Path

import uvicorn
from pamlink import sansio
from tap import same, test

EXAMPLE = Path(__file__).parents[2] / "bindings/python/examples/fastapi_backend.py"
SECRET = b"a secret for development and nothing else"
SAID = {
    "what is left of my budget?": "You have spent 40 on fuel so far.",
    "plan a trip": "A route from where you are to the coast, with a stop for the night.",
    "I have a headache": "Rest, drink water, and see a doctor if it stays.",
    "read it aloud": "I can hear you as soon as somebody gives me ears.",
    "hello you": "You said: hello you",
}


@asynccontextmanager
async def backend():
    """The example behind uvicorn; its port."""
    spec = importlib.util.spec_from_file_location("fastapi_backend", EXAMPLE)
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(example.app, ws_ping_interval=None, log_level="error")
    server = uvicorn.Server(config)
    serving = asyncio.ensure_future(server.serve(sockets=[listener]))
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        await serving


async def chat(language):
    """Sends all requests, one a line, and reads what the chat prints."""
    command = json.loads(os.environ[f"CHAT_{language}"])
    async with backend() as port:
        user = language.lower()
        until = (time.time_ns() // 1_000) + 3_600_000_000
        process = await asyncio.create_subprocess_exec(
            *command,
            f"ws://127.0.0.1:{port}/api/v1/pam/ws/{user}",
            sansio.sign_token(SECRET, user, until),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        try:
            output, _ = await process.communicate("".join(f"{it}\n" for it in SAID).encode())
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    same(output.decode().splitlines(), list(SAID.values()), "the answers")
    same(process.returncode, 0, "how it ended")


for language in ("KOTLIN", "SWIFT"):

    @test(f"the console chat of {language.title()} talks with the FastAPI example", 60.0)
    async def _(language=language):
        await chat(language)
