"""How long what is sent may wait, as a word of a record."""

from __future__ import annotations

from .errors import UsageError


def time_to_wait(time_to_live: float | None) -> int | None:
    """Seconds as nanoseconds. Raises `UsageError` (`bad_option`)."""
    if time_to_live is None:
        return None
    if not 0 <= time_to_live < 1e9:
        raise UsageError("time_to_live is no number of seconds from 0 on", code=10)
    return round(time_to_live * 1e9)
