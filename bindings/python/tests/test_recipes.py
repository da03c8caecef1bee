"""The programs that docs/recipes/python-servers.md shows do what it says."""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest
from ag_ui.core import Event
from conftest import KEYS, PATH, SECRET, SOON, connected, serving, take, token, until
from pydantic import TypeAdapter
from test_examples import load

import pamlink
from pamlink import Client, tcp

# Says who it is and what it was asked, goes on when it is let, and then does not end.
TOOL = """
import os, sys, time
print("begun", os.getpid(), sys.argv[2], flush=True)
while not os.path.exists(sys.argv[1]): time.sleep(0.01)
print("half of it is done", flush=True)
if sys.argv[2] == "for ever": time.sleep(60)
"""


class Wire:
    """The dialer of a client whose links a test breaks."""

    def __init__(self) -> None:
        self.transports: list[Any] = []

    async def dial(self, target: Any) -> Any:
        self.transports.append(await tcp.dial(target))
        return self.transports[-1]


@pytest.fixture
def go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a secret, and the file that lets the tool go on."""
    (tmp_path / "jwt.secret").write_bytes(SECRET)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOOL", shlex.join([sys.executable, "-c", TOOL, str(tmp_path / "go on")]))
    return tmp_path / "go on"


async def test_a_tool_outlives_the_link_of_whoever_asked(go_on: Path) -> None:
    async with serving(load("recipes/minutes").app) as address:
        wire = Wire()
        async with Client(f"ws://{address}{PATH}ann", token=token(), dial=wire.dial) as client:
            answer = client.ask("a report")
            first = await asyncio.wait_for(anext(answer), SOON)
            begun, pid, *asked = first.text.split()
            assert (begun, asked) == ("begun", ["a", "report"])
            await wire.transports[0].close()
            await until(lambda: answer.resuming)
            go_on.touch()
            rest = "".join([piece.text async for piece in answer])
            assert rest == "half of it is done\nDone." and len(wire.transports) == 2
            assert answer.answer is not None
            assert answer.answer.text == first.text + rest


async def test_a_tool_ends_with_the_request_that_wanted_it(go_on: Path) -> None:
    async with serving(load("recipes/minutes").app) as address:
        async with Client(f"ws://{address}{PATH}ann", token=token()) as client:
            answer = client.ask("for ever")
            pid = int((await asyncio.wait_for(anext(answer), SOON)).text.split()[1])
            os.kill(pid, 0)
            result = await asyncio.wait_for(answer.cancel(), SOON)
            assert result.outcome == "cancelled"

            def has_ended() -> bool:
                try:
                    os.kill(pid, 0)
                except ProcessLookupError:
                    return True
                return False

            await until(has_ended)


async def test_a_graph_streams_into_an_answer() -> None:
    example = load("recipes/graph")
    example.hub.set_auth(KEYS)
    async with example.hub as hub, connected(hub) as (client, _):
        answer = client.ask("fuel so far?")
        said = "".join([piece.text async for piece in answer])
        assert said == "One moment. You have spent 40."
        whole = await client.send("anything else?")
        assert isinstance(whole, pamlink.Answered) and whole.text.endswith("spent 0.")


async def test_the_events_of_ag_ui_arrive_as_they_are() -> None:
    example = load("recipes/ag_ui_events")
    example.hub.set_auth(KEYS)
    async with example.hub as hub, connected(hub) as (client, network):
        answer = client.ask("fuel so far?")
        events: list[Any] = []

        async def read() -> None:
            while not events or events[-1]["type"] != "RUN_FINISHED":
                message = await take(client, pamlink.Message)
                assert message.kind == "ag_ui"
                events.append(message.envelope()["event"])

        reading = asyncio.create_task(read())
        said = "".join([piece.text async for piece in answer])
        await asyncio.wait_for(reading, SOON)
    assert said == "40 liters – since Monday"
    # Each is what the real package reads, and as it wrote it.
    known: TypeAdapter[Any] = TypeAdapter(Event)
    again = [
        json.loads(known.validate_python(it).model_dump_json(by_alias=True, exclude_none=True))
        for it in events
    ]
    assert again == events
    assert [it["type"] for it in events][:2] == ["RUN_STARTED", "STATE_SNAPSHOT"]
    deltas = [it["delta"] for it in events if it["type"] == "TEXT_MESSAGE_CONTENT"]
    assert "".join(deltas) == said
