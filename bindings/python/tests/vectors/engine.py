"""Clients and hubs, record by record."""

from __future__ import annotations

from typing import Any

from pamlink import HS256, JWKS, ClientOptions, HubOptions, Keys, sansio

from . import seed
from .record import made, plain, wanted


def run(file: Any) -> int:
    """Every step of every machine has exactly its output."""
    first = file["steps"][0]
    machines = {
        name: machine(it, first["at_ms"], first["wall_ms"])
        for name, it in file["machines"].items()
    }
    for at, step in enumerate(file["steps"]):
        packed = b"".join(
            bytes.fromhex(it["hex"]) if it["record"] is None
            else sansio.pack([made(it["record"], it)])
            for it in step["input"]
        )
        output = machines[step["machine"]].step_packed(
            step["at_ms"] * 1_000_000, step["wall_ms"] * 1_000, packed
        )
        found = [plain(record) for record in sansio.read_records(output)]
        assert found == [wanted(it) for it in step["output"]], f"step {at}: {step}"
    return len(file["steps"])


def machine(it: Any, at_ms: int, wall_ms: int) -> sansio.ClientEngine | sansio.HubEngine:
    """The machine that a file describes."""
    options = {
        name.removesuffix("_ms"): value / 1_000 if name.endswith("_ms") else value
        for name, value in it["options"].items()
    }
    for name in ("subprotocols", "origins", "accepts"):
        if name in options:
            options[name] = tuple(options[name])
    if it["kind"] == "hub":
        auth = keys(options.pop("auth", {}))
        return sansio.HubEngine(auth=auth, options=HubOptions(**options), seed=seed(it["seed"]))
    assert it["kind"] == "client", it
    return sansio.ClientEngine(
        options.pop("url"),
        anonymous=options.pop("anonymous", False),
        options=ClientOptions(**options),
        snapshot=bytes.fromhex(it["snapshot"]) if "snapshot" in it else None,
        seed=seed(it["seed"]),
        mono_nanos=at_ms * 1_000_000,
        wall_micros=wall_ms * 1_000,
    )


def keys(options: dict[str, Any]) -> Keys | None:
    """Who decides about tokens."""
    if not options:
        return None
    leeway = options.pop("leeway_ms", None)
    audience = options.pop("audience", None)
    leeway = None if leeway is None else leeway / 1_000
    if "jwks" in options:
        return JWKS(options.pop("jwks"), audience, leeway)
    return HS256(bytes.fromhex(options.pop("hs256_secret")), audience, leeway)
