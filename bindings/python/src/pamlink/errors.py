"""What goes wrong, as a tree of exceptions.

Every error has a number that never changes (`code`) and a name for it, says whether the same call
may succeed later (`retryable`) and how many seconds to wait before (`retry_after`). The classes
group the numbers; catch the widest one that you treat alike:

    PamlinkError
    ├── UsageError         the call was wrong
    │   └── AbiMismatch    the package and its library do not fit
    ├── BusyError          a bound is reached; later is another matter
    ├── LinkError          there is no link for it
    │   ├── ClientStopped  nor will there be one before `Client.connect`
    │   └── ClientClosed   the client was closed
    ├── AuthError          a token is none, or not good
    │   └── TokenDenied    raise it in a token provider: there will be no token
    ├── AnswerError        how a request of `Client.ask` ended
    │   ├── RejectedError  the server refused it, or failed at it
    │   ├── ExpiredError   no answer came in time
    │   ├── UnknownError   the link broke, and sending it again might do it twice
    │   └── UnsentError    the client stopped before it was sent
    └── InternalError      a fault of pamlink
        └── Poisoned       this engine has panicked; all others are well
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .events import Rejected

# Number, name, class, retryable: a copy of `errors.json`, against which a test holds it.
CODES: tuple[tuple[int, str, str, bool], ...] = (
    (1, "abi_mismatch", "usage", False),
    (2, "bad_input", "usage", False),
    (3, "wrong_machine", "usage", False),
    (4, "no_engine", "usage", False),
    (5, "output_pending", "usage", True),
    (6, "poisoned", "internal", False),
    (7, "forked", "usage", False),
    (8, "wrong_loop", "usage", False),
    (10, "bad_option", "usage", False),
    (11, "bad_url", "usage", False),
    (12, "bad_seed", "usage", False),
    (13, "bad_key", "usage", False),
    (14, "bad_routes", "usage", False),
    (15, "bad_snapshot", "usage", False),
    (20, "requests_full", "busy", True),
    (21, "not_open", "link", True),
    (22, "outbox_full", "busy", True),
    (23, "not_an_envelope", "usage", False),
    (24, "bad_context", "usage", False),
    (25, "too_large", "usage", False),
    (26, "needs_v1", "link", False),
    (27, "no_request", "usage", False),
    (30, "token_expired", "auth", False),
    (31, "token_malformed", "auth", False),
    (32, "token_denied", "auth", False),
    (33, "token_unavailable", "auth", True),
    (40, "hub_full", "busy", True),
    (41, "hub_draining", "busy", True),
    (42, "no_link", "link", False),
    (43, "not_running", "usage", False),
    (44, "bad_response", "usage", False),
    (45, "not_drained", "busy", True),
    (50, "frames_closed", "usage", False),
    (51, "close_code", "usage", False),
    (52, "control_too_long", "usage", False),
    (53, "message_open", "usage", False),
    (60, "bad_signature", "auth", False),
    (61, "expired", "auth", False),
    (62, "malformed", "auth", False),
    (63, "missing_claim", "auth", False),
    (64, "missing_token", "auth", False),
    (65, "not_yet_valid", "auth", False),
    (66, "verifier_unavailable", "auth", True),
    (67, "unknown_key", "auth", False),
    (68, "unsupported_algorithm", "auth", False),
    (69, "wrong_audience", "auth", False),
    (70, "wrong_subject", "auth", False),
    (80, "rejected", "answer", False),
    (81, "request_expired", "answer", False),
    (82, "request_unknown", "answer", False),
    (83, "stopped", "link", False),
    (84, "closed", "link", False),
    (85, "request_unsent", "answer", False),
    (86, "request_cancelled", "answer", False),
)

_BY_CODE = {row[0]: row for row in CODES}
_UNKNOWN = (0, "unknown", "internal", False)


class PamlinkError(Exception):
    """Anything that pamlink raises."""

    _code = 0

    code: int
    """The number. It never changes its meaning; 0 if this version has none."""
    name: str
    """The name of the number."""
    kind: str
    """`usage`, `busy`, `link`, `auth`, `answer` or `internal`."""
    retryable: bool
    """Whether the same call may succeed later."""
    retry_after: float | None
    """Seconds to wait before that, if they are known."""
    message: str
    """What is wrong and where, for people. It carries no token."""

    def __init__(
        self, message: str = "", *, code: int | None = None, retry_after: float | None = None
    ) -> None:
        code = self._code if code is None else code
        _, name, kind, retryable = _BY_CODE.get(code, _UNKNOWN)
        self.code, self.name, self.kind, self.retryable = code, name, kind, retryable
        self.retry_after = retry_after
        self.message = message or name.replace("_", " ")
        super().__init__(self.message)

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (type(self), self.message, self.__dict__)

    def __str__(self) -> str:
        return f"{self.message} ({self.name})"


class UsageError(PamlinkError):
    """The call was wrong, and would be again."""


class AbiMismatch(UsageError):
    """The package and its library are of different versions. The cause of an `ImportError`."""

    _code = 1


class BusyError(PamlinkError):
    """As much is under way as may be."""


class LinkError(PamlinkError):
    """There is no link that could carry it."""


class ClientStopped(LinkError):
    """The client has stopped: another attempt would end the same way. `Client.connect` starts it
    again."""

    _code = 83


class ClientClosed(LinkError):
    """The client is closed."""

    _code = 84


class AuthError(PamlinkError):
    """A token cannot be had, or is not good.

    Raised by an authorizer of a `Hub`, it refuses the peer; `code` says why, 60 (`bad_signature`)
    to 70 (`wrong_subject`).
    """

    _code = 62


class TokenDenied(AuthError):
    """There is no token for this user, and there will be none: the client stops."""

    _code = 32


class AnswerError(PamlinkError):
    """A request ended without an answer."""

    _code = 81


class RejectedError(AnswerError):
    """The server refused the request, or failed at it."""

    _code = 80

    outcome: Rejected
    """What the server said."""
    retryable: bool
    """Whether the server said when the request may be sent again."""

    def __init__(self, outcome: Rejected) -> None:
        super().__init__(outcome.message, retry_after=outcome.retry_after)
        self.outcome = outcome
        self.retryable = outcome.retry_after is not None

    @property
    def error_code(self) -> str | None:
        """The server's `error_code`, as `RATE_LIMIT_EXCEEDED`."""
        return self.outcome.error_code


class ExpiredError(AnswerError):
    """No answer came in time. Whether the request had an effect is not known."""

    _code = 81


class UnknownError(AnswerError):
    """The link broke after the request was sent, and the server cannot tell repeats, or the client
    stopped."""

    _code = 82


class UnsentError(AnswerError):
    """The client stopped before the request was sent: it had no effect, and may be sent again
    after `Client.connect`."""

    _code = 85


class InternalError(PamlinkError):
    """A fault of pamlink. Please report it."""

    _code = 6


class Poisoned(InternalError):
    """The engine has panicked: this one is of no more use, all others are."""

    _code = 6


_BY_KIND: dict[str, type[PamlinkError]] = {
    "usage": UsageError,
    "busy": BusyError,
    "link": LinkError,
    "auth": AuthError,
    "answer": AnswerError,
    "internal": InternalError,
}
_EXACT: dict[int, type[PamlinkError]] = {
    1: AbiMismatch,
    6: Poisoned,
    32: TokenDenied,
    81: ExpiredError,
    82: UnknownError,
    85: UnsentError,
    83: ClientStopped,
    84: ClientClosed,
}


def error(
    code: int,
    message: str,
    *,
    name: str | None = None,
    kind: str | None = None,
    retryable: bool | None = None,
    retry_after: float | None = None,
) -> PamlinkError:
    """The exception of a number. What the library says of a number that this package does not know
    is believed."""
    known = _BY_CODE.get(code)
    made = _EXACT.get(code) or _BY_KIND.get(kind or (known or _UNKNOWN)[2], PamlinkError)
    it = made(message, code=code, retry_after=retry_after)
    if known is None:
        it.name = name or it.name
        it.kind = kind or it.kind
        it.retryable = it.retryable if retryable is None else retryable
    return it


def _again(made: type[PamlinkError], message: str, state: dict[str, Any]) -> PamlinkError:
    """An exception as it was pickled."""
    it = made.__new__(made, message)
    it.__dict__.update(state)
    return it
