"""What a client's and a hub's engine have in common."""

from __future__ import annotations

import os
import threading
from typing import Any, NoReturn

from . import _native, _records
from .errors import PamlinkError, error


class Unique:
    """An object of the engine. There is one of each: a copy would be the same one, twice."""

    __slots__ = ()

    def __copy__(self) -> NoReturn:
        raise TypeError(f"a {type(self).__name__} cannot be copied: it is one engine")

    def __deepcopy__(self, memo: dict[int, Any]) -> NoReturn:
        self.__copy__()

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError(f"a {type(self).__name__} cannot be pickled: it is one engine")

    def __reduce__(self) -> NoReturn:
        self.__reduce_ex__(0)


class Stepped(Unique):
    """An engine that steps. Any thread may call it; the steps of one engine follow one another."""

    __slots__ = ("_handle", "_lock", "_object")

    def __init__(self, made: Any) -> None:
        # It keeps the engine that the handle names.
        self._object = made
        self._handle: int = made.handle()
        self._lock = threading.Lock()

    def step_packed(self, mono_nanos: int, wall_micros: int, data: bytes) -> bytes:
        """A step on packed records. Raises `Poisoned`."""
        return _native.step(self._handle, mono_nanos, wall_micros, data, self._lock)

    def step_records(
        self, mono_nanos: int, wall_micros: int, data: bytes
    ) -> tuple[list[Any], int | None, str | None]:
        """A step on packed records, whose output is read: the records, and the deadline with its
        reason."""
        return _records.read(
            _native.step(self._handle, mono_nanos, wall_micros, data, self._lock)
        )


def seed() -> bytes:
    """32 bytes from the operating system's source of entropy."""
    return os.urandom(32)


def given_seed(given: bytes | None) -> bytes:
    """The seed that was given, or a new one."""
    return seed() if given is None else given


def fault(record: _records.Fault) -> PamlinkError:
    """The exception for a record that the engine refused."""
    wait = record.retry_after
    return error(
        record.code,
        record.message,
        name=record.name,
        kind=record.class_,
        retryable=record.retryable,
        retry_after=None if wait is None else wait / 1e9,
    )
