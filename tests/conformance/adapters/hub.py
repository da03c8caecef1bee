"""The hub of the Python package behind the adapter protocol of `tests/conformance`."""

import asyncio
import json
import logging
from collections import deque
from datetime import datetime, timedelta, timezone

from lines import Cannot, Tasks, event, serve
from pamlink import AuthError, Claims, Error, Hub, HubOptions, Request, events
from pamlink.tcp import listen

READY = {
    "ends": ["whole_server"],
    "options": ["while_answering", "max_message_bytes", "heartbeat_interval_ms", "origins",
                "window_result_bytes"],
    "commands": ["authorize", "refuse", "disconnect", "shut_down", "push", "piece", "reply"],
    "events": ["authorize", "request", "message", "cancelled", "drained"],
}


def reply(message):
    """An answer of this text alone: the hub's own says which agent it is of."""
    words = {"message": message, "content": message, "ui_actions": [], "error": False}
    return {"type": "chat_response", **words, "timestamp": "2027-01-15T08:00:00.000Z"}


class Machine(Tasks):
    def __init__(self, options):
        super().__init__()
        if (span := options.pop("heartbeat_interval_ms", None)) is not None:
            options["heartbeat_interval"] = span / 1e3
        self.hub = Hub(self.answer, auth=self.judge, options=HubOptions(**options))
        self.judged = deque()
        self.requests = deque()
        self.links = []

    async def open(self):
        self.hub.open()
        self.server = await listen(self.hub, "127.0.0.1", 0)
        self.spawn(self.follow())
        host, port = self.server.sockets[0].getsockname()
        return {"address": f"{host}:{port}"}

    async def judge(self, user, token):
        verdict = asyncio.get_running_loop().create_future()
        self.judged.append(verdict)
        event("authorize", user=user, token=token)
        return await verdict

    async def answer(self, request: Request):
        said = asyncio.Queue()
        self.requests.append(said)
        event("request", user=request.user, body=json.loads(request.json))
        try:
            while isinstance(it := await said.get(), str):
                yield it
                said.task_done()
            yield it
        finally:
            # One that was cancelled waits for nothing more.
            if said in self.requests:
                self.requests.remove(said)

    async def follow(self):
        async for it in self.hub:
            match it:
                case events.Received():
                    event("message", user=it.user, body=json.loads(it.json))
                case events.RequestCancelled():
                    event("cancelled", user=it.user)
                case events.Drained():
                    event("drained")
                case events.Opened():
                    self.links.append(it.link)
                case events.Closed() if it.link in self.links:
                    self.links.remove(it.link)

    async def do(self, command, its, _name):
        if command == "authorize":
            expires = datetime.now(timezone.utc) + timedelta(milliseconds=its["expires"])
            self.judged.popleft().set_result(Claims(its["user"], expires))
        elif command == "refuse":
            why = RuntimeError("unavailable") if its["why"] == "unavailable" else AuthError("bad")
            self.judged.popleft().set_exception(why)
        elif command == "disconnect":
            if len(self.links) != 1:
                raise Cannot("`disconnect` is of a link that is welcomed")
            self.hub.disconnect(self.links[0], **its)
        elif command == "shut_down":
            self.spawn(self.hub.drain(its["within"] / 1e3))
        elif command == "push":
            body = json.dumps(its["body"], separators=(",", ":"))
            if self.hub.push(its["user"], body).refused:
                return {"error": "too_large"}
        elif command == "piece":
            said = self.requests[0]
            said.put_nowait(its["text"])
            # The hub has it once the next is asked for; one that was cancelled asks for none.
            await asyncio.wait([asyncio.ensure_future(said.join())], timeout=1)
        elif command == "reply":
            code = its.get("error_code")
            said = reply(its["message"]) if code is None else Error(code, "")
            place = its.get("left", 0)
            self.requests[place].put_nowait(said)
            del self.requests[place]
        # What was set is seen by who waits for it.
        await asyncio.sleep(0)
        return None

    def drop(self):
        super().drop()
        self.server.close()
        self.last = asyncio.ensure_future(self.hub.close())


# A host that cannot judge a token fails, and the hub says so.
logging.disable()
asyncio.run(serve(READY, lambda line: Machine(line["options"])))
