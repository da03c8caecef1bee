"""A peer without the engine, by hand: what a server writes is seen as it is."""

import asyncio
import base64
import json
import os

PATH = "/api/v1/pam/ws/"


class Peer:
    """One connection: the status of its opening, then messages, pings and the close."""

    def __init__(self, reader, writer, status):
        self._reader, self._writer = reader, writer
        self.status = status
        self.pings = 0
        self.closed = None

    @classmethod
    async def open(cls, port, target):
        """Asks for an upgrade of a target, as it stands."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        key = base64.b64encode(os.urandom(16)).decode()
        head = [
            f"GET {target} HTTP/1.1",
            f"Host: 127.0.0.1:{port}",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {key}",
        ]
        writer.write("\r\n".join([*head, "", ""]).encode())
        line = await reader.readline()
        if not line:
            raise ConnectionResetError("closed without a status")
        while (await reader.readline()).strip():
            pass
        return cls(reader, writer, int(line.split(b" ")[1]))

    def say(self, message):
        """Sends a message, masked with zeros."""
        text = json.dumps(message).encode()
        assert len(text) < 126
        self._writer.write(bytes([0x81, 0x80 | len(text), 0, 0, 0, 0]) + text)

    async def hear(self):
        """The next message; None after the end, of which `closed` has code and reason."""
        while True:
            try:
                first, second = await self._reader.readexactly(2)
                length = second & 0x7F
                if length > 125:
                    wide = 2 if length == 126 else 8
                    length = int.from_bytes(await self._reader.readexactly(wide), "big")
                body = await self._reader.readexactly(length)
            except (asyncio.IncompleteReadError, ConnectionError):
                return None
            if first & 0x0F == 0x9:
                self.pings += 1
            elif first & 0x0F == 0x8:
                self.closed = (int.from_bytes(body[:2], "big"), body[2:].decode())
                self._writer.write(bytes([0x88, 0x80 | len(body), 0, 0, 0, 0]) + body)
                return None
            elif first & 0x0F == 0x1:
                return json.loads(body)

    async def rest(self):
        """All messages until the end."""
        heard = []
        while (message := await self.hear()) is not None:
            heard.append(message)
        return heard

    def drop(self):
        """Cuts the connection."""
        self._writer.transport.abort()
