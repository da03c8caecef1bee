"""The transcripts of tests/vectors."""

import json
import pathlib

_FOLDER = pathlib.Path(__file__).parents[2] / "vectors" / "transcripts"

NAMES = sorted(path.stem for path in _FOLDER.glob("*.json"))

_TYPES = {
    "$array": list,
    "$boolean": bool,
    "$number": (int, float),
    "$object": dict,
    "$string": str,
}


def steps(name):
    """The steps of one."""
    return json.loads((_FOLDER / f"{name}.json").read_text())["steps"]


def request(step):
    """The text of a step that is a chat, else nothing."""
    try:
        frame = json.loads(step["text"])
    except ValueError:
        return None
    if not isinstance(frame, dict) or frame.get("type") != "chat":
        return None
    texts = (frame.get("message"), frame.get("content"))
    return next((text for text in texts if isinstance(text, str) and text), None)


def differences(frame, expect):
    """What `frame` lacks of what `expect` wants; empty when it has all."""
    found = []
    for name, wanted in expect.items():
        if wanted == "$absent":
            holds = name not in frame
        elif isinstance(wanted, str) and wanted in _TYPES:
            holds = isinstance(frame.get(name), _TYPES[wanted])
        elif isinstance(wanted, str) and wanted.startswith("$same:"):
            holds = name in frame and frame[name] == frame.get(wanted.removeprefix("$same:"))
        else:
            holds = name in frame and json.dumps(frame[name]) == json.dumps(wanted)
        if not holds:
            found.append(f"{name} is {frame.get(name)!r}, not {wanted!r}, in {frame!r}")
    return found
