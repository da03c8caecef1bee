"""A TCP proxy that cuts the connections of one client at seeded moments."""

import asyncio
import random
import time

# How an answer begins that opens a WebSocket.
ACCEPTED = b"HTTP/1.1 101"


class Proxy:
    """Cuts each of the first connections after so many bytes, in the middle of whatever they are
    then; those after them it leaves alone. Neither a request without an upgrade is one of them, by
    which a client asks why an opening failed, nor a connection whose opening the hub answers with
    another status than 101: a client that offers `pamlink.v1` to a hub without it is refused once,
    and dials again."""

    def __init__(self, target, cuts, seed):
        """Leads to the port `target` of this machine."""
        self._target = target
        self._random = random.Random(seed)
        self._limits = [self._limit(cut) for cut in range(cuts)]
        self._server = None
        self._relays = set()
        self._made = time.monotonic()
        self.cuts = 0
        # Connections, those among them that the hub refused included.
        self.connections = 0
        self.refused = 0
        # What happened when, in words.
        self.history = []

    def _limit(self, cut):
        # Of the first connections one breaks within its handshake, whose request alone has more
        # than 400 bytes; the others while requests and answers go to and fro.
        return self._random.randrange(50, 400) if cut == 1 else self._random.randrange(900, 2_500)

    def _note(self, what):
        self.history.append(f"{what} after {time.monotonic() - self._made:.1f} s")

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *error):
        self._server.close()
        for relay in self._relays:
            relay.cancel()
        await asyncio.gather(*self._relays, return_exceptions=True)

    @property
    def port(self):
        return self._server.sockets[0].getsockname()[1]

    def move(self, target):
        """Leads to another port from here on, and ends what there is, as when a server is gone."""
        self._target = target
        self._note("moved")
        for relay in self._relays:
            relay.cancel()

    async def _accept(self, reader, writer):
        relay = asyncio.current_task()
        self._relays.add(relay)
        try:
            await self._relay(reader, writer)
        finally:
            self._relays.discard(relay)
            writer.transport.abort()

    async def _relay(self, reader, writer):
        limit = None
        left = [limit]
        opens = False
        heard = b""
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)

        def hear(part):
            """Takes what the hub says, until it has said whether the connection is one to cut."""
            nonlocal heard
            said, heard = heard, (heard + part)[: len(ACCEPTED)]
            if len(said) < len(heard) == len(ACCEPTED) and heard != ACCEPTED:
                self.refused += 1
                self._note("refused by the hub")
                # Given back before the client hears of it: its next connection has this limit.
                if limit is not None:
                    self._limits.insert(0, limit)
                left[0] = None

        async def carry(part, sink):
            """Whether the connection is cut now."""
            if left[0] is not None and len(part) >= left[0]:
                sink.write(part[: left[0]])
                self.cuts += 1
                self._note("cut to the hub" if sink is far_writer else "cut to the client")
                return True
            if left[0] is not None:
                left[0] -= len(part)
            sink.write(part)
            await sink.drain()
            return False

        async def carry_up():
            nonlocal heard, limit, opens
            # A runtime may use the connection of a plain request for the opening that follows.
            while not opens:
                head = b""
                while b"\r\n\r\n" not in head:
                    part = await reader.read(65_536)
                    if not part:
                        return
                    head += part
                opens = b"\r\nupgrade: websocket\r\n" in head.lower()
                if opens:
                    self.connections += 1
                    self._note(f"connection {self.connections}")
                    limit = self._limits.pop(0) if self._limits else None
                    left[0], heard = limit, b""
                else:
                    self._note("asked why")
                if await carry(head, far_writer):
                    return
            while part := await reader.read(65_536):
                if await carry(part, far_writer):
                    return

        async def carry_down():
            while part := await far_reader.read(65_536):
                if opens:
                    hear(part)
                if await carry(part, writer):
                    return

        ways = [
            asyncio.ensure_future(carry_up()),
            asyncio.ensure_future(carry_down()),
        ]
        try:
            # An end of either way is one of both, as when a network is gone.
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            far_writer.transport.abort()
