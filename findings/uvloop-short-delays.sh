#!/bin/sh
# PyPI uvloop 0.23.0: what `loop.call_later` returns for a delay of less than a millisecond. The
# documentation of asyncio says that `call_later` returns a `TimerHandle`, whose `when()` is the time
# at which it fires, and asyncio does so for every delay. One would guess the same of a drop-in loop,
# and that 0.4 ms is a delay. uvloop counts in whole milliseconds: below half of one it returns a plain
# `Handle`, which has no `when()`, and calls it in the next turn of the loop.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check uvloop==0.23.0
cat > main.py <<'PY'
import asyncio, importlib.metadata, sys

import uvloop


def handles(loop):
    """Whether the handle of each delay tells when it fires."""
    try:
        made = [loop.call_later(delay, lambda: None) for delay in (0.0, 0.0004, 0.0006, 0.01)]
        return [hasattr(handle, "when") for handle in made]
    finally:
        loop.close()


found = {"asyncio": handles(asyncio.new_event_loop()), "uvloop": handles(uvloop.new_event_loop())}
version = importlib.metadata.version("uvloop")
for name, told in found.items():
    print(f"{name}: `when` of delays of 0, 0.4, 0.6 and 10 ms: {told}")
print(f"uvloop {version}")
expected = {"asyncio": [True] * 4, "uvloop": [False, False, True, True]}
sys.exit(0 if found == expected else 1)
PY
venv/bin/python -W ignore main.py
