"""What a client's engine asks of a dialer, and what it is told when there is no transport."""

from __future__ import annotations

from . import outputs
from ._records import KINDS, pack
from .options import ClientOptions
from .transports import Dialer, DialFailed, Target


def target_of(dial: outputs.Dial, options: ClientOptions) -> Target:
    """Where to connect, and what to offer there."""
    first = () if dial.subprotocol is None else (dial.subprotocol,)
    return Target(
        dial.attempt,
        dial.tls,
        dial.host,
        dial.port,
        dial.target,
        dial.url,
        options.max_message_bytes or 1 << 20,
        (*first, *options.subprotocols),
        options.origin,
    )


def no_transport(error: Exception) -> bytes:
    """The record that says why there is none."""
    if not isinstance(error, DialFailed):
        said = f"{type(error).__name__}: {error}"
        return pack(KINDS["dial_failed"], (None, None), ("network", said))
    after = error.retry_after
    words = (error.status, None if after is None else round(max(0.0, after) * 1e9))
    said = str(error) if error.status is None else error.body
    return pack(KINDS["dial_failed"], words, (error.class_, said))


def default_dialer() -> Dialer:
    """The dialer of asyncio, which is imported only where it is used."""
    from .tcp import dial

    return dial
