"""Where a client's tokens come from."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypeAlias, Union

Need: TypeAlias = Literal["missing", "rejected", "renewal"]
"""Why a token is wanted: there is none yet; the server refused the last one; it ends soon."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token that does not say itself when it ends, as a JSON Web Token does."""

    text: str = field(repr=False)
    """The token."""
    expires: datetime | None = None
    """When it ends; a naive time is UTC."""


TokenProvider: TypeAlias = Callable[
    [Need], Union[str, Token, Awaitable[str], Awaitable[Token], Awaitable[Union[str, Token]]]
]
"""Gives a token that is good now. It raises `pamlink.TokenDenied` if there will be none, and the
client stops; after any other exception it is called again later. It may be an async function; if it
is none it runs in the event loop and must not block."""


async def fetch(source: str | Token | TokenProvider, need: Need) -> Token:
    """A token of a source. Raises `TokenDenied` and whatever the source raises."""
    from .errors import TokenDenied

    if isinstance(source, (str, Token)):
        if need == "rejected":
            raise TokenDenied("the only token was refused")
        found: object = source
    else:
        found = source(need)
        if inspect.isawaitable(found):
            found = await found
    match found:
        case str():
            return Token(found)
        case Token():
            return found
    raise TypeError(f"a token provider gives a str or a Token, not {type(found).__name__}")
