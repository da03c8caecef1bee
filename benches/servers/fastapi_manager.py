"""What is written by hand with FastAPI: a manager of connections that does the same work as the hub.

The token is checked, the welcome sent, an `id` that was there before gets its first answer again,
the agent is found by keyword, the answer is sent. No bounds, no heartbeat, no renewal of tokens, no
schema: it is the least that does the work.
"""

from __future__ import annotations

import asyncio
import json
from collections import OrderedDict
from datetime import datetime, timezone
from typing import Any

import jwt
import uvicorn
from fastapi import FastAPI, WebSocket, WebSocketDisconnect
from world import PAUSE, PIECE, SECRET, listening, pieces

AGENTS = {
    ("Financial Advisor", "Financial Module"): ("budget", "expense", "spent", "money", "tax"),
    ("Trip Planner", "Mapping Module"): ("trip", "route", "drive", "fuel", "weather"),
    ("Health Advisor", "Health Module"): ("health", "doctor", "medicine", "symptom"),
    ("Voice Assistant", "Voice Module"): ("voice", "microphone", "speak"),
}
CHAT = ("Chat Agent", "Chat Module")
REMEMBERED = 262_144


class Manager:
    """Who is connected, and what was answered."""

    def __init__(self) -> None:
        self._links: dict[str, set[WebSocket]] = {}
        self._answers: OrderedDict[tuple[str, str], str | None] = OrderedDict()

    async def connect(self, socket: WebSocket, user: str) -> None:
        await socket.accept()
        self._links.setdefault(user, set()).add(socket)
        welcome = {"type": "connection", "status": "connected", "timestamp": now()}
        await socket.send_text(json.dumps(welcome))

    def disconnect(self, socket: WebSocket, user: str) -> None:
        links = self._links.get(user, set())
        links.discard(socket)
        if not links:
            self._links.pop(user, None)

    async def handle(self, socket: WebSocket, user: str, text: str) -> None:
        try:
            message = json.loads(text)
        except ValueError:
            await self._refuse(socket, "FORMAT_ERROR")
            return
        match message.get("type"):
            case "chat":
                await self._chat(socket, user, message)
            case "ping":
                await socket.send_text(json.dumps({"type": "pong", "timestamp": now()}))
            case "pong":
                pass
            case _:
                await self._refuse(socket, "VALIDATION_ERROR")

    async def _chat(self, socket: WebSocket, user: str, message: dict[str, Any]) -> None:
        key = (user, str(message.get("id")))
        if key in self._answers:
            if (first := self._answers[key]) is not None:
                await socket.send_text(first)
            return
        self._answers[key] = None
        if len(self._answers) > REMEMBERED:
            self._answers.popitem(last=False)
        said = message.get("message") or message.get("content") or ""
        text = await self._answer(socket, message, said)
        self._answers[key] = answer = json.dumps(
            {
                "type": "chat_response",
                "message": text,
                "content": text,
                "ui_actions": [],
                "error": False,
                "timestamp": now(),
                "reply_to": message.get("id"),
            }
        )
        await socket.send_text(answer)

    async def _answer(self, socket: WebSocket, message: dict[str, Any], said: str) -> str:
        if count := pieces(said):
            return await self._grow(socket, message, count)
        name, module = agent(said)
        return f"{name} ({module}): {said}"

    async def _grow(self, socket: WebSocket, message: dict[str, Any], count: int) -> str:
        for _ in range(count):
            await asyncio.sleep(PAUSE)
            piece = {
                "type": "chat_response_delta",
                "content": PIECE,
                "timestamp": now(),
                "reply_to": message.get("id"),
            }
            await socket.send_text(json.dumps(piece))
        return PIECE * count

    async def _refuse(self, socket: WebSocket, code: str) -> None:
        refusal = {"type": "error", "message": code, "error_code": code, "timestamp": now()}
        await socket.send_text(json.dumps(refusal))


def agent(said: str) -> tuple[str, str]:
    """Who answers: the first with a keyword in the text."""
    lower = said.lower()
    for who, keywords in AGENTS.items():
        if any(keyword in lower for keyword in keywords):
            return who
    return CHAT


def now() -> str:
    return datetime.now(timezone.utc).isoformat()


app = FastAPI()
manager = Manager()


@app.websocket("/api/v1/pam/ws/{user_id}")
async def pam(websocket: WebSocket, user_id: str, token: str) -> None:
    try:
        claims = jwt.decode(token, SECRET, algorithms=["HS256"], audience="authenticated")
    except jwt.InvalidTokenError:
        claims = {}
    if claims.get("sub") != user_id:
        await websocket.accept()
        await websocket.close(4001)
        return
    await manager.connect(websocket, user_id)
    try:
        while True:
            await manager.handle(websocket, user_id, await websocket.receive_text())
    except WebSocketDisconnect:
        pass
    finally:
        manager.disconnect(websocket, user_id)


if __name__ == "__main__":
    config = uvicorn.Config(app, log_level="warning", ws_ping_interval=None)
    uvicorn.Server(config).run(sockets=[listening()])
