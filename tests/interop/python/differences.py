"""What a frame is to have, as the transcripts of tests/vectors write it."""

import json

_TYPES = {
    "$array": list,
    "$boolean": bool,
    "$number": (int, float),
    "$object": dict,
    "$string": str,
}


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
