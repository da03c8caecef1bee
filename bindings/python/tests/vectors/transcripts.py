"""Conversations of the dialect, with the engine as either end."""

from __future__ import annotations

import json
from collections import deque
from typing import Any

from pamlink import ClientOptions, events, inputs, outputs
from pamlink.sansio import ClientEngine, HubEngine, Input, Output

from . import seed

NOW = (1_000_000, 1_800_000_000_000_000)
TYPES = {
    "$string": str,
    "$number": (int, float),
    "$boolean": bool,
    "$array": list,
    "$object": dict,
}


def run(file: Any) -> int:
    """The server's side of a transcript, then the client's."""
    _server(file["steps"])
    _client(file["steps"])
    return len(file["steps"])


class End:
    """One end, and the texts that it has to say."""

    def __init__(self, engine: ClientEngine | HubEngine) -> None:
        self.engine = engine
        self.said: deque[str] = deque()

    def give(self, record: Input) -> list[Output]:
        records = self.engine.step(*NOW, [record]).records
        assert not any(isinstance(it, (events.Closed, outputs.Fault)) for it in records), records
        self.said.extend(it.text for it in records if isinstance(it, outputs.WriteText))
        return records


def _server(steps: list[Any]) -> None:
    """The engine is the server, and answers every request."""
    end = End(HubEngine(seed=seed(1)))
    opened = end.give(inputs.AcceptOpened(None, None, False, "ada", subject="ada"))
    (link,) = [it.link for it in opened if isinstance(it, outputs.Accepted)]
    for step in steps:
        if step["from"] == "client":
            for it in end.give(inputs.TextIn(link, step["text"])):
                if isinstance(it, events.Request):
                    end.give(inputs.Reply(it.request, False, "well"))
        elif "expect" in step:
            assert _difference(end.said.popleft(), step["expect"]) is None, step
    # A chat that another server's words answer in the transcript was answered by this one, too.
    foreign = any(step["from"] == "server" and "expect" not in step for step in steps)
    for frame in end.said:
        assert foreign and '"type":"chat_response"' in frame, frame


def _client(steps: list[Any]) -> None:
    """The engine is the client, whose host sends the requests."""
    engine = ClientEngine(
        "ws://localhost:1/api/v1/pam/ws/ada",
        anonymous=True,
        options=ClientOptions(v1=False),
        seed=seed(1),
        mono_nanos=NOW[0],
        wall_micros=NOW[1],
    )
    end = End(engine)
    end.give(inputs.Connect())
    end.give(inputs.OpenedIn())
    open_: deque[int] = deque()
    for step in steps:
        if step["from"] == "server":
            records = end.give(inputs.TextIn(0, step["text"]))
            words = [word for it in records if (word := _word(it, open_)) is not None]
            assert len(words) <= 1, words
            assert (words or ["life"])[0] == step["reads"], step
        elif (request := _request(step)) is not None:
            records = end.give(inputs.Ask(False, request))
            open_.extend(it.request for it in records if isinstance(it, outputs.Asked))
            asked = {"type": "chat", "message": request, "id": "$string"}
            assert _difference(end.said.popleft(), asked) is None, step
        elif "expect" in step:
            # A pong to a ping that the transcript leaves unanswered may come before.
            while _difference(end.said.popleft(), step["expect"]) is not None:
                pass
    # Only pongs to pings of transcripts that show none are left.
    assert all(frame.startswith('{"type":"pong"') for frame in end.said), end.said


def _word(record: Output, open_: deque[int]) -> str | None:
    """What the client makes of a message, in the words of the file."""
    match record:
        case events.Welcomed():
            return "welcome"
        case outputs.Answer(request) | outputs.Rejected(request):
            assert open_.popleft() == request, "another request's end"
            return "answer" if isinstance(record, outputs.Answer) else "refusal"
        case outputs.Piece(request):
            assert open_[0] == request, "a piece of another answer"
            return "piece"
        case events.Late():
            return "late"
        case events.Message():
            return "message"
        case outputs.WriteText():
            return None
    raise AssertionError(f"unexpected {record}")


def _request(step: Any) -> str | None:
    """The request, if the step is a chat of a client."""
    try:
        frame = json.loads(step["text"])
    except ValueError:
        return None
    if not isinstance(frame, dict) or frame.get("type") != "chat":
        return None
    for name in ("message", "content"):
        if isinstance(frame.get(name), str):
            return str(frame[name])
    return None


def _difference(text: str, wanted: dict[str, Any]) -> str | None:
    """In what a frame differs from what is expected of it."""
    frame = json.loads(text)
    for name, value in wanted.items():
        if not _holds(frame, name, value):
            return f"{name} is not {value} in {text}"
    return None


def _holds(frame: dict[str, Any], name: str, wanted: Any) -> bool:
    if name not in frame or wanted == "$absent":
        return name not in frame and wanted == "$absent"
    found = frame[name]
    if not isinstance(wanted, str):
        return bool(found == wanted and type(found) is type(wanted))
    if wanted in TYPES:
        kinds: Any = TYPES[wanted]
        return isinstance(found, kinds) and (wanted == "$boolean") == isinstance(found, bool)
    if wanted.startswith("$same:"):
        return bool(frame.get(wanted.removeprefix("$same:")) == found)
    return bool(found == wanted)
