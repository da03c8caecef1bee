"""The rows of a group, as those of `benches/src/rows.rs`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from statistics import median
from typing import Any


class Rows:
    """Rows, said on standard error as they come."""

    def __init__(self) -> None:
        self._rows: list[dict[str, Any]] = []

    def add(
        self,
        name: str,
        value: float,
        unit: str,
        *,
        beside: tuple[str, float] | None = None,
        at_most: float | None = None,
    ) -> None:
        """A figure; `beside` it that of a peer, of which it should be `at_most` so many times."""
        peer, peer_value = beside if beside is not None else (None, None)
        ratio = None if peer_value is None else value / peer_value
        said = "" if peer is None else f", {peer}: {peer_value:.1f}, {ratio:.3f} x"
        print(f"  python: {name}: {value:.1f} {unit}{said}", file=sys.stderr)
        self._rows.append(
            {
                "name": f"python: {name}",
                "value": value,
                "unit": unit,
                "peer": peer,
                "peer_value": peer_value,
                "ratio": ratio,
                "target": None if at_most is None else f"<= {at_most} x",
                "met": None if at_most is None or ratio is None else ratio <= at_most,
            }
        )

    def write(self, path: Path | None) -> None:
        """Writes them to a file, or to standard output."""
        text = json.dumps({"rows": self._rows})
        if path is None:
            print(text)
        else:
            path.write_text(text)


def middle(figures: list[float]) -> float:
    """The median."""
    return float(median(figures))
