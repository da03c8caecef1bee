"""The examples do what they say."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest
import websockets.asyncio.client
from conftest import PATH, SOON, serving, take

import pamlink
from pamlink import Client, sansio

PACKAGE = Path(__file__).parents[1]
SECRET = b"a secret for development and nothing else"


def token(user: str = "ann") -> str:
    import time

    return sansio.sign_token(SECRET, user, int((time.time() + 3_600) * 1e6))


def load(name: str) -> ModuleType:
    path = PACKAGE / "examples" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name.replace("/", "_"), path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


async def test_the_backend_answers_through_its_five_agents() -> None:
    example = load("fastapi_backend")
    requests = {
        "what is left of my budget?": ("finance", "You have spent 40 on fuel so far."),
        "plan a trip to the coast": ("trips", "A route from Perth to the coast, with a stop"),
        "I have a headache": ("health", "Rest, drink water"),
        "hello you": ("chat", "You said: hello you"),
    }
    async with serving(example.app) as address:
        url = f"ws://{address}{PATH}ann"
        async with Client(url, token=lambda need: token()) as client:
            for text, (agent, start) in requests.items():
                asking = client.ask(text, context={"user_location": {"city": "Perth"}})
                pieces = [piece async for piece in asking]
                answer = asking.answer
                assert answer is not None and answer.text.startswith(start)
                assert "".join(piece.text for piece in pieces) == answer.text
                assert not any(piece.restart for piece in pieces)
                assert answer.envelope()["agent"] == agent
            spoken = await client.send("hi", agent="Voice Assistant")
            assert isinstance(spoken, pamlink.Answered) and "ears" in spoken.text
            actions = await client.send("my budget")
            assert isinstance(actions, pamlink.Answered)
            assert actions.envelope()["ui_actions"] == [{"type": "reload_expenses"}]
            async with httpx.AsyncClient(base_url=f"http://{address}") as http:
                headers = {"authorization": f"Bearer {token()}"}
                rung = await http.post("/api/v1/remind/ann?label=tea", headers=headers)
                assert rung.json() == {"devices": 1}
                other = await http.post("/api/v1/remind/bob?label=tea", headers=headers)
                assert other.status_code == 403
                assert "websocket_connections_active 1" in (await http.get("/metrics")).text
            message = await take(client, pamlink.Message)
            assert message.envelope()["label"] == "tea"


@pytest.mark.parametrize("side", ["before", "after"])
async def test_both_sides_of_the_migration_serve_the_same_clients(side: str) -> None:
    example = load(f"migration/{side}")
    async with serving(example.app) as address:
        url = f"ws://{address}{PATH}ann?token={token()}"
        async with websockets.asyncio.client.connect(url) as socket:

            async def hear() -> Any:
                return json.loads(await asyncio.wait_for(socket.recv(), SOON))

            welcome = await hear()
            assert (welcome["type"], welcome["status"]) == ("connection", "connected")
            await socket.send('{"type":"ping"}')
            assert (await hear())["type"] == "pong"
            await socket.send('{"type":"chat","message":"fuel so far?"}')
            answer = await hear()
            expected = "ann said: fuel so far?"
            assert answer["message"] == answer["content"] == expected
            assert (answer["error"], answer["ui_actions"]) == (False, [])
            await socket.send('{"type":"context_update","context":{}}')
            assert (await hear())["type"] == "context_updated"
            await socket.send('{"type":"nonsense"}')
            assert (await hear())["type"] == "error"
        bad = f"ws://{address}{PATH}ann?token={token('eve')}"
        async with websockets.asyncio.client.connect(bad) as socket:
            await asyncio.wait_for(socket.wait_closed(), SOON)
            assert socket.close_code == 4001
        # The engine's client can tell which side it talks to, and gets along with both.
        async with Client(url, token=lambda need: token()) as client:
            outcome = await client.send("hi")
            assert isinstance(outcome, pamlink.Answered) and outcome.text == "ann said: hi"


async def test_the_ten_lines_of_each_side_talk_to_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "jwt.secret").write_bytes(SECRET)
    monkeypatch.chdir(tmp_path)
    server, chat = load("server"), load("chat")
    async with serving(server.app) as address:
        await asyncio.wait_for(chat.chat(f"ws://{address}{PATH}ann", token()), SOON)
    assert capsys.readouterr().out == "Trip Planner is on it"


def test_the_consumer_runs() -> None:
    done = subprocess.run(
        [sys.executable, "-P", PACKAGE / "consumer" / "main.py"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout == f"ok {pamlink.__version__}\n", done.stderr
