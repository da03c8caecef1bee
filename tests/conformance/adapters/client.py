"""The client of the Python package behind the adapter protocol of `tests/conformance`."""

import asyncio
import json
from collections import deque
from datetime import datetime, timedelta, timezone

from lines import Cannot, Tasks, event, serve
from pamlink import (
    BusyError,
    Client,
    ClientClosed,
    ClientOptions,
    ExpiredError,
    RejectedError,
    Token,
    UnknownError,
    UnsentError,
    UsageError,
    events,
)

READY = {
    "ends": ["whole_client"],
    "options": ["anonymous", "max_message_bytes", "v1"],
    "commands": ["connect", "disconnect", "token", "send", "ask", "cancel", "snapshot"],
    "events": ["need_token", "retrying", "stopped", "welcomed", "message", "repeated", "gap",
               "unreadable", "outcome", "answered", "rejected", "expired", "unknown", "unsent",
               "cancelled", "cancel_result", "piece", "late"],
}


class Machine(Tasks):
    def __init__(self, url, options, before=None):
        super().__init__()
        anonymous = options.pop("anonymous", False)
        token = None if anonymous else self.token
        snapshot = bytes(before["bytes"]) if before else None
        self.client = Client(url, token=token, options=ClientOptions(**options), snapshot=snapshot)
        self.asked = dict(before["asked"]) if before else {}
        """What has not ended, in its order, and whether its answer is read as it grows."""
        self.streams = {}
        self.wanted = deque()
        self.opened = self.closed = False

    async def open(self):
        """Nothing comes of it before it is to connect."""

    async def token(self, need):
        given = asyncio.get_running_loop().create_future()
        self.wanted.append(given)
        event("need_token", why=need)
        return await given

    async def follow(self):
        async for it in self.client:
            match it:
                case events.Retrying():
                    event("retrying")
                case events.Stopped():
                    event("stopped")
                case events.Welcomed():
                    event("welcomed")
                case events.Message():
                    event("message", body=json.loads(it.json))
                case events.Repeated():
                    event("repeated", body=json.loads(it.json))
                case events.Gap():
                    event("gap", lost=it.lost, reason=it.error_code)
                case events.Late():
                    event("late")
                case events.Unreadable():
                    event("unreadable", text=it.text)

    async def ask(self, name, message, stream=False):
        self.asked[name] = stream
        if stream:
            return await self.read(name, self.client.ask(message))
        self.ended(name, await self.client.send(message))

    async def read(self, name, stream):
        self.streams[name] = stream
        try:
            async for piece in stream:
                if self.asked[name]:
                    event("piece", command=name, text=piece.text, restart=piece.restart)
        except (RejectedError, ExpiredError, UnknownError, UnsentError):
            """Its outcome says which it was."""
        self.ended(name, stream.outcome)

    def ended(self, name, outcome):
        del self.asked[name]
        event(type(outcome).__name__.lower(), command=name)

    async def cancel(self, name):
        it = await self.streams[name].cancel()
        event("cancel_result", command=name, outcome=it.outcome, offset=it.offset,
              code=it.error_code)

    async def outcome(self, name, submitted):
        try:
            it = await submitted
        except ClientClosed:
            return
        members = {"command": name, "outcome": it.outcome}
        if it.outcome == "expired":
            members["reason"] = it.error_code
        else:
            members["code"] = it.error_code
        if it.retry_after is not None:
            members["retry_after"] = round(it.retry_after * 1e3)
        event("outcome", **members)

    async def do(self, command, its, name):
        try:
            return await self.command(command, its, name)
        except UsageError as why:
            raise Cannot(f"`{command}`: {why.name}") from why

    async def command(self, command, its, name):
        if command == "connect":
            if self.closed:
                raise Cannot("a client that was closed is not opened again")
            (self.client.connect if self.opened else self.client.open)()
            if not self.opened:
                for name, stream in zip(self.asked, self.client.restored, strict=True):
                    self.spawn(self.read(name, stream))
            self.opened = True
            self.spawn(self.follow())
        elif command == "disconnect":
            self.closed = True
            self.spawn(self.client.close())
        elif command == "token":
            if not self.wanted:
                raise Cannot("a token is given when it is wanted")
            expires = its.get("expires")
            if expires is not None:
                expires = datetime.now(timezone.utc) + timedelta(milliseconds=expires)
            self.wanted.popleft().set_result(Token(its["token"], expires))
        elif command == "ask":
            self.spawn(self.ask(name, **its))
            await asyncio.sleep(0)
        elif command == "cancel":
            self.spawn(self.cancel(its["command"]))
            await asyncio.sleep(0)
        elif command == "snapshot":
            return {"bytes": list(self.client.snapshot()), "asked": list(self.asked.items())}
        elif command == "send":
            ttl = its.pop("ttl", None)
            body = json.dumps(its.pop("body"))
            if more := its.keys() - {"priority", "key", "agent"}:
                raise Cannot(f"`send` has no `{min(more)}`")
            lives = None if ttl is None else ttl / 1e3
            submitted = asyncio.ensure_future(self.client.submit(body, time_to_live=lives, **its))
            await asyncio.sleep(0)
            if submitted.done() and (error := submitted.exception()):
                if isinstance(error, ClientClosed):
                    raise Cannot("nothing is sent before it connects")
                return {"error": "full" if isinstance(error, BusyError) else error.name}
            self.spawn(self.outcome(name, submitted))
        return None

    def drop(self):
        super().drop()
        if self.opened and not self.closed:
            self.last = asyncio.ensure_future(self.client.close())


asyncio.run(serve(READY, lambda line: Machine(line["url"], line["options"],
                                                    line.get("snapshot"))))
