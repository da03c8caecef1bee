"""A client over `pamlink.v1` whose server is a few frames that are written here. The other languages
do the same work with the same frames, the npm package among them, which has no server.

Each method returns nanoseconds; what the server says is made outside the part that is timed.
"""

from __future__ import annotations

import json
from time import perf_counter_ns
from typing import Any

from pamlink import outputs
from pamlink.sansio import ClientEngine, Input, Step, inputs

TOKENS = 1_000
"""Tokens of an answer, between two looks at the clock."""
TOKEN = "twenty bytes of it. "
TOGETHER = 16
"""Tokens that come in one step, where they do not come alone."""
CANCELS = 50
RUNNING = 16
"""Requests that run when a snapshot is made."""
URL = "wss://example.org/api/v1/pam/ws/ann"
WALL = 1_800_000_000_000_000
Envelope = dict[str, Any]
# Positions of the server and of its log.
EPOCH, LOG = "5e7f00000000000a", "109e000000000001"


class Talk:
    """A client with its session open, and where both ends are."""

    def __init__(self) -> None:
        self._engine = ClientEngine(URL, mono_nanos=1, wall_micros=WALL, seed=bytes([7]) * 32)
        self._mono = 1
        # What each end has sent and its peer has received.
        self._sent = self._said = 0
        self._step(inputs.Connect())
        self._step(inputs.Token(None, "a.b.c"))
        said = texts(self._step(inputs.OpenedIn("pamlink.v1")))
        (self._epoch,) = (it["sent"][0] for it in said if it["type"] == "open")
        welcome: Envelope = {"type": "welcome", "version": 1, "features": 1, "heartbeat": 3_600_000}
        # A batch is what an end says that has heard that the other takes some.
        self._step(heard(welcome | {"limits": {"message": 1 << 20}}))
        opened: Envelope = {"type": "opened", "session": "9f" * 16, "answer": "begun"}
        opened |= {"received": [self._epoch, 0], "from": [EPOCH, 0], "sent": [EPOCH, 0], "log": LOG}
        opened |= {"window": {"envelopes": 512, "bytes": 1 << 18}, "keep": 120_000}
        self._step(heard(opened))

    def tokens(self, together: int) -> float:
        """A token to its event, so many in one step."""
        request, stream = self._asked()
        frames = [
            heard(piece(stream, number, number * len(TOKEN))) for number in range(TOKENS)
        ]
        steps = [frames[at : at + together] for at in range(0, TOKENS, together)]
        step, mono, grown = self._engine.step, self._mono, 0
        start = perf_counter_ns()
        for records in steps:
            for event in step(mono, WALL, records).records:
                if isinstance(event, outputs.Piece):
                    grown += len(event.text)
        nanos = perf_counter_ns() - start
        assert grown == TOKENS * len(TOKEN), f"{grown} bytes of pieces"
        end: Envelope = {"type": "end", "stream": stream, "at": [LOG, TOKENS + 1], "offset": grown}
        answer = {"type": "chat_response", "message": "whole", "reply_to": stream}
        ended = self._step(heard(end | {"how": "done", "body": answer}))
        assert any(isinstance(it, outputs.Answer) and it.request == request for it in ended.records)
        return nanos / TOKENS

    def cancels(self) -> float:
        """A cancel, to its result."""
        nanos = 0
        for _ in range(CANCELS):
            request, stream = self._asked()
            self._step(heard(piece(stream, 0, 0)))
            self._sent, self._said = self._sent + 1, self._said + 1
            results = [{"stream": stream, "outcome": "cancelled", "offset": len(TOKEN)}]
            result: Envelope = {"type": "cancel_result", "at": [EPOCH, self._said], "results": results}
            result["of"] = result["received"] = [self._epoch, self._sent]
            end: Envelope = {"type": "end", "stream": stream, "at": [LOG, 2], "offset": len(TOKEN)}
            frame = heard(result, end | {"how": "cancelled"})
            start = perf_counter_ns()
            first = self._engine.step(self._mono, WALL, (inputs.Cancel(request),))
            then = self._engine.step(self._mono, WALL, (frame,))
            nanos += perf_counter_ns() - start
            kinds = {type(it) for it in (*first.records, *then.records)}
            assert outputs.CancelResult in kinds and outputs.Cancelled in kinds, kinds
        return nanos / CANCELS

    def snapshot(self) -> bytes:
        """What a client goes on from that has answers running. It asks no more."""
        for _ in range(RUNNING):
            _, stream = self._asked()
            self._step(heard(piece(stream, 0, 0)))
        (taken,) = [
            it.bytes
            for it in self._step(inputs.Snapshot()).records
            if isinstance(it, outputs.SnapshotTaken)
        ]
        return taken

    def _asked(self) -> tuple[int, str]:
        """A request that the server has taken, and the name of its answer's stream."""
        step = self._step(inputs.Ask(True, "what is left of my budget for fuel this week?"))
        (request,) = (it.request for it in step.records if isinstance(it, outputs.Asked))
        self._sent += 1
        (stream,) = (it["stream"] for it in texts(step) if it["type"] == "item")
        ack: Envelope = {"type": "ack", "received": [self._epoch, self._sent]}
        self._step(heard(ack | {"sent": [EPOCH, self._said]}))
        return request, stream

    def _step(self, *records: Input) -> Step:
        """A step, before which all is written that the client has said."""
        self._mono += 1_000
        return self._engine.step(self._mono, WALL, (inputs.Written(0), *records))


def restores(snapshot: bytes) -> float:
    """A client that goes on from a snapshot, to the requests that it has."""
    times, restored = 20, 0
    seed = bytes([8]) * 32
    start = perf_counter_ns()
    for _ in range(times):
        engine = ClientEngine(URL, mono_nanos=1, wall_micros=WALL, seed=seed, snapshot=snapshot)
        records = engine.step(1, WALL).records
        restored += sum(isinstance(it, outputs.Restored) for it in records)
    nanos = perf_counter_ns() - start
    assert restored == times * RUNNING, f"{restored} requests"
    return nanos / times


def piece(stream: str, number: int, offset: int) -> Envelope:
    """The token of this number of an answer, from 0."""
    at = [LOG, number + 1]
    return {"type": "piece", "stream": stream, "at": at, "offset": offset, "append": TOKEN}


def heard(*envelopes: Envelope) -> inputs.TextIn:
    """What the server says, in one message."""
    return inputs.TextIn(0, "\x1e".join(json.dumps(it, separators=(",", ":")) for it in envelopes))


def texts(step: Step) -> list[Envelope]:
    """The envelopes that the client says."""
    said = (it.text for it in step.records if isinstance(it, outputs.WriteText))
    return [json.loads(envelope) for text in said for envelope in text.split("\x1e")]
