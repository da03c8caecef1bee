"""What the Python servers of `cargo xtask bench serve` have in common.

Each takes its secret from the environment, listens on a port of the system's choice and says which
on its first line.
"""

from __future__ import annotations

import os
import socket

SECRET = os.environ["PAMLINK_BENCH_SECRET"].encode()
"""The HS256 secret of all tokens."""
PIECE = "a word of 25. "
"""One piece of an answer that grows."""
PAUSE = 0.04
"""Seconds before each piece."""


def listening() -> socket.socket:
    """A socket that listens on loopback, and whose port has been said."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=2_048)
    say(listener.getsockname()[1])
    return listener


def say(port: int) -> None:
    """The first line."""
    print(f"listening on http://127.0.0.1:{port}", flush=True)


def pieces(text: str) -> int:
    """How many pieces the answer is to come in: `stream 75`; none for any other text."""
    first, _, rest = text.partition(" ")
    return int(rest) if first == "stream" else 0
