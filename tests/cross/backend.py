"""The hub of the cross test: a FastAPI backend under uvicorn, in this process."""

import asyncio
import random
import socket
import time

import fastapi
import uvicorn

import pamlink
from pamlink import sansio
from pamlink.starlette import endpoint

SECRET = b"a secret for the cross test only"


class Backend:
    """Answers `re: TEXT` in three pieces, never ends by itself what is to be stopped, and remembers what
    it worked on, stopped and was sent."""

    def __init__(self, seed):
        self._random = random.Random(seed)
        options = pamlink.HubOptions(
            connects_per_minute=60, messages_per_minute=10_000, accepts=("note",)
        )
        self.hub = pamlink.Hub(self._answer, auth=pamlink.HS256(SECRET), options=options)
        self.effects = {}
        self.stopped = {}
        self.notes = {}
        app = fastapi.FastAPI()
        app.add_api_websocket_route("/api/v1/pam/ws/{user_id:path}", endpoint(self.hub))
        config = uvicorn.Config(app, ws_ping_interval=None, log_level="error")
        self._server = uvicorn.Server(config)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._tasks = []

    @property
    def port(self):
        return self._socket.getsockname()[1]

    def token(self, user):
        """A token of a user, good for an hour."""
        until = (time.time_ns() // 1_000) + 3_600_000_000
        return sansio.sign_token(SECRET, user, until)

    async def __aenter__(self):
        self.hub.open()
        serving = self._server.serve(sockets=[self._socket])
        self._tasks = [asyncio.ensure_future(work) for work in (serving, self._take_notes())]
        return self

    async def __aexit__(self, *error):
        await self.hub.close()
        self._server.should_exit = True
        await asyncio.gather(*self._tasks)

    def counted(self, series):
        """The value of a series of the hub's metrics; 0 where there is none yet."""
        lines = (line.rpartition(" ") for line in self.hub.metrics().splitlines())
        return next((int(float(value)) for name, _, value in lines if name == series), 0)

    async def _take_notes(self):
        async for event in self.hub:
            if isinstance(event, pamlink.events.Received):
                self.notes.setdefault(event.user, []).append(event.json)

    async def _answer(self, request):
        self.effects.setdefault(request.user, []).append(request.text)
        if request.text.endswith(" stop"):
            try:
                while True:
                    yield "on and on "
                    await asyncio.sleep(0.05)
            finally:
                self.stopped.setdefault(request.user, []).append(request.text)
        for part in ("re: ", request.text[:3], request.text[3:]):
            # Longer than what is sent together.
            await asyncio.sleep(self._random.uniform(0.0, 0.06))
            yield part
