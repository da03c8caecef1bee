"""Who decides whether a peer is who it says."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TypeAlias, Union

from .options import Keys


@dataclass(frozen=True, slots=True)
class Claims:
    """What was found about a peer."""

    subject: str
    """Who it is: the engine holds it against the user of the link."""
    expires: datetime | None = None
    """When that ends; a naive time is UTC. None: never."""

    def expires_micros(self) -> int | None:
        """The end in microseconds since 1970."""
        if self.expires is None:
            return None
        at = self.expires
        at = at if at.tzinfo is not None else at.replace(tzinfo=timezone.utc)
        return round(at.timestamp() * 1e6)


Authorizer: TypeAlias = Callable[[str, str], Awaitable[Union[Claims, str]]]
"""An async function that is given the user that a peer claims to be and the token that it presents.
It returns whose token it is, or raises `pamlink.AuthError`. After any other exception the peer is
told to try again later."""

Auth: TypeAlias = Union[Keys, Authorizer]
"""Keys with which the engine judges tokens itself, or a function that is asked."""
