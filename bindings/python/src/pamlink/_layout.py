"""Reads and writes the packed layout: what crosses the border in one buffer.

A record is its size (4 bytes), its kind (2), how many words and texts follow (1 each), the words (8
each), the lengths of the texts (4 each) and the texts. All numbers are little-endian.

Readers are generated, one for each kind that was met, because they are what a message costs: the
texts of a record are decoded at once and cut where the lengths say, and the object is filled before
it becomes the frozen one that its user sees.
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


def word_count(kind: int) -> int:
    """How many of the members of a record are words."""
    return len(_BY_KIND[kind][3].split())


def utf8(text: str) -> bytes:
    """A text as UTF-8. A surrogate alone, which UTF-8 cannot say, is U+FFFD."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()


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
    # What is filled has the same slots and becomes the other by its class: a frozen dataclass
    # makes each of its fields cost a call.
    twin = type(made.__name__, made.__bases__, {"__slots__": made.__slots__})
    flags = {name for name, type_ in made.__annotations__.items() if type_ == "bool"}
    states = {name for name, type_ in made.__annotations__.items() if type_ == "State"}
    scope = {
        "twin": twin,
        "made": made,
        "state": {int(state): state for state in State}.get,
        "unpack": Struct(f"<{len(words.split())}Q{len(texts.split())}I").unpack_from,
    }
    source = "\n".join(_source(words.split(), texts.split(), flags, states))
    exec(compile(source, f"<reader of {made.__name__}>", "exec"), scope)
    read: Reader = scope["read"]  # type: ignore[assignment]
    return read


def _source(
    words: list[str], texts: list[str], flags: set[str], states: set[str]
) -> list[str]:
    names = [f"w{n}" for n in range(len(words))] + [f"l{n}" for n in range(len(texts))]
    lines = ["def read(buffer, at, size):", " it = twin()"]
    if names:
        lines.append(f" {', '.join(names)}, = unpack(buffer, at + 8)")
    for n, word in enumerate(words):
        name, value = attribute(word), f"w{n}"
        if word.endswith("?"):
            value = f"None if {value} == {NONE} else {value}"
        elif name in flags:
            value = f"{value} != 0"
        elif name in states:
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
    return [*lines, " it.__class__ = made", " return it"]


def _cuts(texts: list[str], cut: str) -> list[str]:
    lines = []
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
