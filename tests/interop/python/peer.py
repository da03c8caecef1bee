"""A client on the PyPI package `websockets`, as the clients in use are."""

import itertools
import json
import os

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from differences import differences
from tap import check

SEEN = []
_numbers = itertools.count(1)

ANSWER = {
    "type": "chat_response",
    "message": "$string",
    "content": "$same:message",
    "ui_actions": "$array",
    "error": False,
    "timestamp": "$string",
}


def someone():
    """A user that nobody else is."""
    return f"user-{os.getpid()}-{next(_numbers)}"


def like(frame, expect):
    """Fails unless `frame` has what `expect` wants."""
    check(not differences(frame, expect), "; ".join(differences(frame, expect)))
    return frame


def prose(length):
    """Text of so many characters, as people write it: it repeats itself, but not all the time."""
    days = range(length // 20 + 1)
    legs = (f"day {it}: {it * 7919 % 997} km of coast, {it * 31 % 89} litres; " for it in days)
    return "".join(legs)[:length]


class Wire:
    """Counts the bytes of a link from now on."""

    def __init__(self, socket):
        self.read = self.written = 0
        data_received, write = socket.data_received, socket.transport.write

        def reads(data):
            self.read += len(data)
            data_received(data)

        def writes(data):
            self.written += len(data)
            write(data)

        socket.data_received, socket.transport.write = reads, writes

    def __str__(self):
        return f"{self.read} bytes read, {self.written} written"


class Peer:
    """One link."""

    def __init__(self, socket, answers_pings):
        self.socket = socket
        self.answers_pings = answers_pings
        self.welcome = None

    @classmethod
    async def connected(cls, url, answers_pings=True, **options):
        """A link that is open, welcomed or not."""
        return cls(await connect(url, proxy=None, **options), answers_pings)

    @classmethod
    async def welcomed(cls, url, **options):
        """A link that has been welcomed."""
        peer = await cls.connected(url, **options)
        peer.welcome = await peer.next()
        return peer

    async def receive(self):
        """The next frame, heartbeats included."""
        frame = json.loads(await self.socket.recv())
        SEEN.append(frame)
        if frame["type"] == "ping" and self.answers_pings:
            await self.send({"type": "pong", "timestamp": frame.get("timestamp")})
        return frame

    async def next(self):
        """The next frame that is no heartbeat."""
        while True:
            frame = await self.receive()
            if frame["type"] != "ping":
                return frame

    async def send(self, frame):
        """Sends a frame."""
        await self.socket.send(json.dumps(frame))

    async def ask(self, **members):
        """Asks; the next frame."""
        await self.send({"type": "chat", **members})
        return await self.next()

    async def alive(self):
        """Fails unless the link still answers; what was unread before the answer."""
        await self.send({"type": "ping", "id": f"alive-{next(_numbers)}"})
        unread = []
        while (frame := await self.next())["type"] != "pong":
            unread.append(frame)
        return unread

    async def closed(self):
        """The close code and reason of the server, when it has closed."""
        try:
            while True:
                SEEN.append(json.loads(await self.socket.recv()))
        except ConnectionClosed:
            pass
        return self.socket.close_code, self.socket.close_reason

    async def close(self):
        """Ends it."""
        await self.socket.close()
