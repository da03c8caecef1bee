"""The library: found, compared with this package, and called.

The one hot call goes to the plain C entry of the library, everything else through the private module
that UniFFI generates. Both lie in the folder `_pamlink`. The C entry is called through `ctypes.CDLL`,
which lets other threads run in the meantime.
"""

from __future__ import annotations

import ctypes
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, cast

from ._table import ABI
from .errors import AbiMismatch, PamlinkError, error

if TYPE_CHECKING:
    from ._pamlink import pamlink as _generated

T = TypeVar("T")

_NAMES = {"darwin": "libpamlink_ffi.dylib", "win32": "pamlink_ffi.dll"}
# Bytes of an output that are read without a second call.
_ROOM = 128 * 1024


def check_abi(library: ctypes.CDLL, where: str) -> None:
    """Compares the versions of the border. Raises `AbiMismatch`."""
    try:
        library.pamlink_abi.restype = ctypes.c_uint32
        found = library.pamlink_abi()
    except AttributeError:
        raise AbiMismatch(f"{where} is no library of pamlink") from None
    if found != ABI:
        raise AbiMismatch(
            f"this package speaks version {ABI} of the border, but {where} speaks version {found}: "
            "install the package again, as a whole"
        )


def _load() -> ctypes.CDLL:
    path = Path(__file__).parent / "_pamlink" / _NAMES.get(sys.platform, "libpamlink_ffi.so")
    try:
        library = ctypes.CDLL(str(path))
    except OSError as fault:
        raise ImportError(f"the library of pamlink cannot be loaded: {fault}") from fault
    try:
        check_abi(library, str(path))
    except AbiMismatch as fault:
        raise ImportError(fault.message) from fault
    return library


_library = _load()
if not TYPE_CHECKING:
    # After the library was compared: the generated module checks the same in its own words.
    from ._pamlink import pamlink as _generated

native = _generated
"""The private module."""
# The generated types say that it is no exception.
_Failure: type[Exception] = cast(Any, native.Failure)

# Numbers of 64 bits go as addresses where those have as many: ctypes passes an address in half the
# time that it takes for a number.
_WORD: Any = ctypes.c_void_p if ctypes.sizeof(ctypes.c_void_p) == 8 else ctypes.c_uint64
_step = _library.pamlink_step
_step.restype = ctypes.c_int64
_step.argtypes = [_WORD, _WORD, _WORD, ctypes.c_char_p, _WORD, ctypes.c_void_p, _WORD]
_output = _library.pamlink_output
_output.restype = ctypes.c_int64
_output.argtypes = [ctypes.c_uint64, ctypes.c_void_p, ctypes.c_uint64]


class _Room(threading.local):
    """Where the outputs of one thread are written to."""

    def __init__(self) -> None:
        # Its slices are bytes, of which the types know nothing.
        self.buffer: Any = ctypes.create_string_buffer(_ROOM)
        self.address = ctypes.c_void_p(ctypes.addressof(self.buffer))


_room = _Room()
_capacity = _WORD(_ROOM)


def step(handle: int, mono: int, wall: int, data: bytes, lock: threading.Lock) -> bytes:
    """The output of a step of an engine. `lock` is the engine's own: no other step comes between
    this one and its output."""
    room = _room
    # Half as dear as `with`, and this is the hot call.
    lock.acquire()
    try:
        length = _step(handle, mono, wall, data, len(data), room.address, _capacity)
        if length > _ROOM:
            return _rest(handle, length)
    finally:
        lock.release()
    if length < 0:
        _refused(-length)
    output: bytes = room.buffer[:length]
    return output


def _rest(handle: int, length: int) -> bytes:
    """An output that was too large for its room, which waits in the engine."""
    buffer = ctypes.create_string_buffer(length)
    length = _output(handle, buffer, length)
    if length < 0:
        _refused(-length)
    return buffer.raw[:length]


def _refused(code: int) -> NoReturn:
    raise error(code, {4: "the engine is gone", 6: "the engine has panicked"}.get(code, ""))


def call(function: Callable[..., T], *args: object) -> T:
    """Calls the private module. Its errors become those of this package."""
    try:
        return function(*args)
    except _Failure as failure:
        raise _translated(failure) from None


def _translated(failure: Any) -> PamlinkError:
    """The exception for an error of the private module."""
    wait = failure.retry_after_ms
    return error(
        failure.code,
        failure.what,
        name=failure.name,
        kind=failure._class,
        retryable=failure.retryable,
        retry_after=None if wait is None else wait / 1_000,
    )
