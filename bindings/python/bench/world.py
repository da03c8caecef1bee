"""A hub with one link that speaks whole messages, and what is done with it. The work is that of
`bindings/benches/ffi.rs`, through the public layer without sockets.

Each method returns the nanoseconds of one message. What a round needs is made, and what it leaves
behind is dismissed, outside the part that is timed.
"""

from __future__ import annotations

from time import perf_counter_ns

from pamlink import events, outputs
from pamlink.sansio import HubEngine, inputs
from pamlink.options import HubOptions

TURN = 1_000
"""Messages between two looks at the clock."""
CHAT = 300
"""Bytes of a chat."""
LARGE = 64 * 1024
WALL = 1_800_000_000_000_000
# As the limits of the backend allow: a hundred a minute.
APART = 600_000_000
# Written bytes after which a link says so, as `pamlink._link` does; and what each text counts.


class World:
    """The hub, its link and its clock."""

    def __init__(self) -> None:
        options = HubOptions(messages_per_minute=10_000_000, max_requests_per_link=65_536)
        self.hub = HubEngine(options=options, seed=bytes([7]) * 32)
        self.mono = 1
        self._next = 0
        opened = self.hub.step(1, WALL, [inputs.AcceptOpened(None, None, False, "ann", None, "ann")])
        (self.link,) = (it.link for it in opened.records if isinstance(it, outputs.Accepted))

    # A call in which nothing happened.

    def empty(self) -> float:
        step, mono = self.hub.step, self._later()
        start = perf_counter_ns()
        for _ in range(TURN):
            step(mono, WALL)
        return (perf_counter_ns() - start) / TURN

    def empty_entry(self) -> float:
        """The C entry as `step` calls it, whose output is not read."""
        step, mono = self.hub.step_packed, self._later()
        start = perf_counter_ns()
        for _ in range(TURN):
            step(mono, WALL, b"")
        return (perf_counter_ns() - start) / TURN

    def empty_uniffi(self) -> float:
        """The same step of the same engine through the generated module."""
        step, mono = self.hub._object.step, self._later()
        start = perf_counter_ns()
        for _ in range(TURN):
            step(mono, WALL, b"")
        return (perf_counter_ns() - start) / TURN

    def getter_uniffi(self) -> float:
        """The least that a call through the generated module costs: no argument, one number."""
        handle = self.hub._object.handle
        start = perf_counter_ns()
        for _ in range(TURN):
            handle()
        return (perf_counter_ns() - start) / TURN

    # Messages that come.

    def one_by_one(self, size: int = CHAT) -> float:
        """A chat to its event, whose members are read."""
        texts, requests = self._chats(size), list[int]()
        receive, link, mono = self.hub.receive, self.link, self._later()
        start = perf_counter_ns()
        for text in texts:
            for event in receive(mono, WALL, ((link, text),)).records:
                if isinstance(event, events.Request):
                    _text, _user, _agent = event.text, event.user, event.agent
                    requests.append(event.request)
        nanos = perf_counter_ns() - start
        return self._dismissed(requests, nanos, len(texts))

    def one_record(self) -> float:
        """The same through `step`, which takes any input."""
        texts, requests = self._chats(CHAT), list[int]()
        step, link, mono = self.hub.step, self.link, self._later()
        start = perf_counter_ns()
        for text in texts:
            for event in step(mono, WALL, (inputs.TextIn(link, text),)).records:
                if isinstance(event, events.Request):
                    _text, _user, _agent = event.text, event.user, event.agent
                    requests.append(event.request)
        nanos = perf_counter_ns() - start
        return self._dismissed(requests, nanos, len(texts))

    def ten_at_once(self) -> float:
        """Ten chats in one call."""
        texts, requests = self._chats(CHAT), list[int]()
        batches = [[(self.link, text) for text in texts[at : at + 10]] for at in range(0, TURN, 10)]
        receive, mono = self.hub.receive, self._later()
        start = perf_counter_ns()
        for batch in batches:
            for event in receive(mono, WALL, batch).records:
                if isinstance(event, events.Request):
                    _text, _user, _agent = event.text, event.user, event.agent
                    requests.append(event.request)
        nanos = perf_counter_ns() - start
        return self._dismissed(requests, nanos, len(texts))

    def large(self) -> float:
        """A message of 64 KiB to its event."""
        return self.one_by_one(LARGE)

    # Messages that go.

    def sends(self) -> float:
        """A message of 300 bytes to the link, and the text that is to be written."""
        head = '{"type":"proactive_alert","id":"a","category":"'
        envelope = head + "x" * (CHAT - len(head) - 2) + '"}'
        step, link, mono = self.hub.step, self.link, self._later()
        nanos = written = 0
        for _ in range(TURN // 50):
            start = perf_counter_ns()
            for _ in range(50):
                for record in step(mono, WALL, (inputs.SendTo(link, envelope),)).records:
                    if isinstance(record, outputs.WriteText):
                        written += len(record.text) > 0
            nanos += perf_counter_ns() - start
            step(mono, WALL, [inputs.Written(link)])
        assert written == TURN, f"{written} of {TURN} were handed out"
        return nanos / TURN

    def answered(self) -> float:
        """What a backend does with a chat: taken, its members read, and answered with its text."""
        texts = self.real_chats()
        receive, step, link, mono = self.hub.receive, self.hub.step, self.link, self.mono
        answered = 0
        start = perf_counter_ns()
        for text in texts:
            mono += APART
            for event in receive(mono, WALL, ((link, text),)).records:
                if isinstance(event, events.Request):
                    _user, _agent = event.user, event.agent
                    reply = inputs.Reply(event.request, False, event.text, model="m")
                    for record in step(mono, WALL, (reply,)).records:
                        if isinstance(record, outputs.WriteText):
                            answered += 1
                            if record.ack:
                                step(mono, WALL, (inputs.Written(link),))
                elif isinstance(event, outputs.WriteText) and event.ack:
                    # A ping: what comes after it waits for this.
                    step(mono, WALL, (inputs.Written(link),))
        nanos = perf_counter_ns() - start
        self.mono = mono
        step(mono, WALL, (inputs.Written(link),))
        assert answered >= TURN, f"{answered} answers to {TURN} chats"
        return nanos / TURN

    # What is not timed.

    def _later(self) -> int:
        self.mono += 1_000
        return self.mono

    def _chats(self, size: int) -> list[str]:
        texts = []
        for _ in range(TURN if size == CHAT else TURN // 10):
            self._next += 1
            texts.append(chat(self._next, size))
        return texts

    def real_chats(self) -> list[str]:
        first, self._next = self._next + 1, self._next + TURN
        return [real_chat(number) for number in range(first, first + TURN)]

    def _dismissed(self, requests: list[int], nanos: int, chats: int) -> float:
        assert len(requests) == chats, f"{len(requests)} requests of {chats} chats"
        self.hub.step(self.mono, WALL, [inputs.Dismiss(request) for request in requests])
        return nanos / chats


def chat(number: int, size: int) -> str:
    """A chat of so many bytes, with an id and a text of its own. A large one has members of its own:
    the dialect has a bound for what is said, and for each nested value."""
    text = (
        f'{{"type":"chat","id":"{number:016x}",'
        f'"message":"what is left of my budget for fuel in week {number:08}?",'
        '"context":{"timezone":"Australia/Brisbane"},'
    )
    at = 0
    while len(text) + 2_100 < size:
        text += f'"note{at}":"{"n" * 1_900}",'
        at += 1
    tail = '"pad":""}'
    text += f'"pad":"{"p" * (size - len(text) - len(tail))}"}}'
    assert len(text) == size
    return text


def real_chat(number: int) -> str:
    """A chat of 300 bytes as the backend's own client makes it, with less of its context and, for
    the engine, an id."""
    user = "7b1e0c52-3f4a-4d1b-9a55-0c2f6f6a1d10"
    text = (
        f'{{"type":"chat","id":"{number:08x}","user_id":"{user}",'
        f'"message":"budget left in my week {number:06}?",'
        f'"context":{{"user_id":"{user}","current_page":"wins","input_mode":"text",'
        '"timezone":"Australia/Brisbane","user_location":{"lat":-27.4,"lng":153.0}}}'
    )
    assert len(text) == CHAT, f"{len(text)} bytes"
    return text
