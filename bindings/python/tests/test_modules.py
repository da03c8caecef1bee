"""The modules of the package stand in an order: none knows one that knows it, and none reaches into
an object of another."""

from __future__ import annotations

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import pamlink

SOURCES = {
    path.stem: ast.parse(path.read_text(encoding="utf-8"))
    for path in Path(pamlink.__file__).parent.glob("*.py")
}
# Underscores that mean something else: of a named tuple, and of generated code.
PUBLIC = {"_replace", "_class"}


def imports(module: ast.Module, known: set[str]) -> set[str]:
    """The modules of the package that a module imports: at its top, inside functions, and for its
    types alone."""
    found: set[str] = set()
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            whole = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            origin = node.module or ""
            if node.level:
                origin = f"pamlink.{origin}".rstrip(".")
            whole = [f"{origin}.{alias.name}" for alias in node.names]
        else:
            continue
        parts = [name.split(".") for name in whole]
        found |= {part[1] for part in parts if part[0] == "pamlink" and len(part) > 1}
    return found & known


def circle(sources: dict[str, ast.Module]) -> list[str]:
    """Modules that import each other in a circle; none if there is none."""
    known = set(sources)
    graph = {name: imports(module, known) for name, module in sources.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        found: list[str] = error.args[1]
        return found
    return []


def reaches(module: ast.Module) -> list[str]:
    """Where a module uses what is private to an object that is not its own."""
    return [
        ast.unparse(node)
        for node in ast.walk(module)
        if isinstance(node, ast.Attribute)
        and node.attr.startswith("_")
        and not node.attr.startswith("__")
        and not (isinstance(node.value, ast.Name) and node.value.id in ("self", "cls"))
        and node.attr not in PUBLIC
    ]


def test_no_module_imports_one_that_imports_it() -> None:
    assert {"hub", "_answering", "_turns", "tcp"} <= set(SOURCES)
    assert circle(SOURCES) == []


@pytest.mark.parametrize(
    "back",
    [
        "from .one import A",
        "from . import one",
        "from pamlink.one import A",
        "import pamlink.one as it",
        "def late():\n    from .one import A",
        "if TYPE_CHECKING:\n    from .one import A",
    ],
)
def test_a_circle_is_found_wherever_it_is_closed(back: str) -> None:
    one = ast.parse("from ._two import B")
    assert circle({"one": one, "_two": ast.parse("import asyncio")}) == []
    assert set(circle({"one": one, "_two": ast.parse(back)})) == {"one", "_two"}


@pytest.mark.parametrize("name", sorted(SOURCES))
def test_no_module_reaches_into_an_object_of_another(name: str) -> None:
    assert reaches(SOURCES[name]) == []


def test_a_reach_is_found() -> None:
    assert reaches(ast.parse("self._hub._turns = self._mine")) == ["self._hub._turns"]
