"""Reads and writes the packed layout: what crosses the border in one buffer.

A record is its size (4 bytes), its kind (2), how many words and texts follow (1 each), the words (8
each), the lengths of the texts (4 each) and the texts. All numbers are little-endian.

Readers and writers are generated, one for each kind that is met, because they are what a message
costs: the texts of a record are decoded at once and cut where the lengths say, and the object is
filled before it becomes the frozen one that its user sees.
"""

from __future__ import annotations

import keyword
from collections.abc import Callable
from struct import Struct
from typing import Any

from ._table import RECORDS
from .events import State

NONE = 0xFFFF_FFFF_FFFF_FFFF
"""The word that says that there is none."""
ABSENT = 0xFFFF_FFFF
"""The length that says that there is no text."""

Reader = Callable[[bytes, int, int], Any]
"""Makes the object of the record at this place and of this size."""

HEAD = Struct("<IHBB")
_BY_KIND = {record[0]: record for record in RECORDS}
KINDS = {record[1]: record[0] for record in RECORDS}


def attribute(member: str) -> str:
    """What a member of the schema is called in Python."""
    name = member.rstrip("?*")
    return name + "_" if keyword.iskeyword(name) else name


def members(kind: int) -> list[str]:
    """The attributes of a record, in order."""
    _, _, _, words, texts = _BY_KIND[kind]
    return [attribute(member) for member in (words + " " + texts).split()]


def utf8(text: str) -> bytes:
    """A text as UTF-8. A surrogate alone, which UTF-8 cannot say, is U+FFFD."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()


def wtf8(text: str) -> bytes:
    """A text as WTF-8. A surrogate alone is said as if it were a character: it is half of one, and
    the engine waits for the other."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        joined = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
        return joined.encode("utf-8", "surrogatepass")


def pack(kind: int, words: tuple[int | None, ...], texts: tuple[str | bytes | None, ...]) -> bytes:
    """A record. A word that there is none of, and an absent text, is None.

    Raises `ValueError` if a number does not fit its word.
    """
    packed = [utf8(text) if isinstance(text, str) else text for text in texts]
    lengths = [ABSENT if text is None else len(text) for text in packed]
    layout = _layout(kind)
    size = layout.size + sum(len(text) for text in packed if text)
    whole = [NONE if word is None else word for word in words]
    try:
        head = layout.pack(size, kind, len(words), len(texts), *whole, *lengths)
    except Exception as error:
        name = _BY_KIND[kind][1]
        raise ValueError(f"`{name}`: {error}, of {words!r}") from None
    return head + b"".join(text for text in packed if text)


_LAYOUTS: dict[int, Struct] = {}


def _layout(kind: int) -> Struct:
    """The head, words and lengths of a record."""
    layout = _LAYOUTS.get(kind)
    if layout is None:
        _, _, _, words, texts = _BY_KIND[kind]
        layout = Struct(f"<IHBB{len(words.split())}Q{len(texts.split())}I")
        _LAYOUTS[kind] = layout
    return layout


def read_raw(buffer: bytes, at: int) -> tuple[int, dict[str, int | str | bytes | None] | None, int]:
    """The record at this place by the schema alone: its kind, its members (None if the kind is not
    known) and where the next one begins."""
    size, kind, _, _ = HEAD.unpack_from(buffer, at)
    if kind not in _BY_KIND:
        return kind, None, at + size
    _, _, _, words, texts = _BY_KIND[kind]
    numbers = iter(_layout(kind).unpack_from(buffer, at)[4:])
    found: dict[str, int | str | bytes | None] = {}
    for member in words.split():
        word = next(numbers)
        found[member.rstrip("?")] = None if member[-1] == "?" and word == NONE else word
    place = at + _layout(kind).size
    for member in texts.split():
        length = next(numbers)
        if length == ABSENT:
            found[member.rstrip("?*")] = None
            continue
        piece = buffer[place : place + length]
        found[member.rstrip("?*")] = piece if member[-1] == "*" else piece.decode()
        place += length
    return kind, found, at + size


def reader(kind: int, made: type[Any]) -> Reader:
    """A function that reads records of this kind as objects of a frozen dataclass with slots,
    whose fields are the members in order; the type of the field says what a word is."""
    _, _, _, words, texts = _BY_KIND[kind]
    scope: dict[str, Any] = {
        "filling": _filling(made),
        "made": made,
        "state": {int(state): state for state in State}.get,
        "unpack": Struct(f"<{len(words.split())}Q{len(texts.split())}I").unpack_from,
    }
    lines = _source(words.split(), texts.split(), made.__annotations__)
    source = ["def read(buffer, at, size):", " it = filling()", *lines]
    read: Reader = _compiled([*source, " it.__class__ = made", " return it"], scope)["read"]
    return read


def writer(kind: int) -> Callable[[Any], bytes]:
    """A function that packs records of this kind, which have the members as attributes."""
    _, name, _, words, texts = _BY_KIND[kind]
    lines = ["def write(it):"]
    # A piece may end within a character.
    encode = wtf8 if name == "reply_piece" else utf8
    sizes, values = [str(_layout(kind).size)], list[str]()
    parts: list[str] = []
    for member in words.split():
        value = f"it.{attribute(member)}"
        if member.endswith("?"):
            value = f"{NONE} if {value} is None else {value}"
        values.append(value)
    for n, member in enumerate(texts.split()):
        value = f"it.{attribute(member)}"
        bytes_ = value if member.endswith("*") else f"encode({value})"
        length = f"len(t{n})"
        if member.endswith("?"):
            lines.append(f" t{n} = b'' if {value} is None else {bytes_}")
            length = f"({ABSENT} if {value} is None else len(t{n}))"
        else:
            lines.append(f" t{n} = {bytes_}")
        sizes.append(f"len(t{n})")
        values.append(length)
        parts.append(f" + t{n}")
    counts = f"{len(words.split())}, {len(texts.split())}"
    packed = f"pack({' + '.join(sizes)}, {kind}, {counts}, {', '.join(values)})"
    lines += [
        " try:",
        f"  return {packed}{''.join(parts)}",
        " except Exception as error:",
        f"  raise ValueError(f'`{name}`: {{error}}') from None",
    ]
    write: Callable[[Any], bytes]
    write = _compiled(lines, {"pack": _layout(kind).pack, "encode": encode})["write"]
    return write


def _compiled(lines: list[str], scope: dict[str, Any]) -> dict[str, Any]:
    exec(compile("\n".join(lines), "<packed layout>", "exec"), scope)
    return scope


def _source(words: list[str], texts: list[str], types: dict[str, Any]) -> list[str]:
    """The lines that fill `it` from the record in `buffer`."""
    lines: list[str] = []
    names = [f"w{n}" for n in range(len(words))] + [f"l{n}" for n in range(len(texts))]
    if names:
        lines.append(f" {', '.join(names)}, = unpack(buffer, at + 8)")
    for n, word in enumerate(words):
        name, value = attribute(word), f"w{n}"
        if word.endswith("?"):
            value = f"None if {value} == {NONE} else {value}"
        elif types[name] == "bool":
            value = f"{value} != 0"
        elif types[name] == "State":
            # A state of a newer engine stays a number.
            value = f"state({value}, {value})"
        lines.append(f" it.{name} = {value}")
    start = 8 + 8 * len(words) + 4 * len(texts)
    if any(text.endswith("*") for text in texts):
        (text,) = texts
        lines.append(f" it.{attribute(text)} = buffer[at + {start} : at + {start} + l0]")
    elif texts:
        lines += [
            f" area = buffer[at + {start} : at + size]",
            " text = area.decode()",
            # All of it is ASCII: the places of bytes are the places of characters.
            f" if len(text) == size - {start}:",
            *_cuts(texts, "text[{}:{}]"),
            " else:",
            *_cuts(texts, "area[{}:{}].decode()"),
        ]
    return lines


def _cuts(texts: list[str], cut: str) -> list[str]:
    lines: list[str] = []
    start = ""
    for n, text in enumerate(texts):
        name, length = attribute(text), f"l{n}"
        end = f"{start} + {length}" if start else length
        if text.endswith("?"):
            lines += [
                f"  if {length} == {ABSENT}:",
                f"   it.{name} = None",
                f"   e{n} = {start or 0}",
                "  else:",
                f"   e{n} = {end}",
                f"   it.{name} = {cut.format(start, f'e{n}')}",
            ]
        else:
            lines += [f"  e{n} = {end}", f"  it.{name} = {cut.format(start, f'e{n}')}"]
        start = f"e{n}"
    return lines


def _filling(made: type[Any]) -> type[Any]:
    """A class for objects in the making, which become frozen ones by their class: a frozen
    dataclass makes each of its fields cost a call. So would either of the two methods that it has
    for that, if the other were left."""
    members = {
        "__slots__": (),
        "__init__": object.__init__,
        "__setattr__": object.__setattr__,
        "__delattr__": object.__delattr__,
        "__module__": made.__module__,
        "__qualname__": made.__qualname__,
    }
    return type(made.__name__, (made,), members)
