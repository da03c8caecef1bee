"""A hand-written endpoint with its `ConnectionManager`, as such backends have it."""

from __future__ import annotations

import json
import os
import time
from collections import defaultdict
from datetime import datetime, timezone
from typing import Any

import jwt
from fastapi import FastAPI, WebSocket, WebSocketDisconnect

SECRET = os.environ.get("PAMLINK_SECRET", "a secret for development and nothing else")
MESSAGES_A_MINUTE = 60


class ConnectionManager:
    """Which sockets a user has."""

    def __init__(self) -> None:
        self.connections: dict[str, dict[str, WebSocket]] = defaultdict(dict)
        self.timestamps: dict[str, list[float]] = defaultdict(list)
        self.violations: dict[str, int] = defaultdict(int)

    async def connect(self, websocket: WebSocket, user_id: str, connection_id: str) -> None:
        self.connections[user_id][connection_id] = websocket

    def disconnect(self, user_id: str, connection_id: str) -> None:
        self.connections[user_id].pop(connection_id, None)
        if not self.connections[user_id]:
            del self.connections[user_id]

    def limited(self, user_id: str) -> float | None:
        now = time.monotonic()
        recent = [at for at in self.timestamps[user_id] if now - at < 60]
        self.timestamps[user_id] = recent
        if len(recent) >= MESSAGES_A_MINUTE:
            return 60 - (now - recent[0])
        recent.append(now)
        return None

    async def send_message_to_user(self, user_id: str, message: dict[str, Any]) -> None:
        for connection_id, websocket in list(self.connections.get(user_id, {}).items()):
            try:
                await websocket.send_text(json.dumps(message, default=str))
            except Exception:
                self.disconnect(user_id, connection_id)


manager = ConnectionManager()
app = FastAPI()


def now() -> str:
    return datetime.now(timezone.utc).replace(tzinfo=None).isoformat()


async def think(user_id: str, text: str) -> str:
    """Where the work is done."""
    return f"{user_id} said: {text}"


@app.websocket("/api/v1/pam/ws/{user_id}")
async def pam(websocket: WebSocket, user_id: str, token: str) -> None:
    await websocket.accept()
    try:
        claims = jwt.decode(token, SECRET, algorithms=["HS256"], audience="authenticated")
        if claims["sub"] != user_id:
            raise ValueError("user mismatch")
    except Exception:
        await websocket.close(4001, "authentication failed")
        return
    connection_id = f"{user_id}-{time.time_ns()}"
    await manager.connect(websocket, user_id, connection_id)
    await websocket.send_text(
        json.dumps({"type": "connection", "status": "connected", "timestamp": now()})
    )
    try:
        while True:
            try:
                data = json.loads(await websocket.receive_text())
            except ValueError:
                continue
            kind = data.get("type")
            if kind == "ping":
                await websocket.send_text(json.dumps({"type": "pong"}))
                continue
            if kind in ("pong", "auth", "init"):
                continue
            wait = manager.limited(user_id)
            if wait is not None:
                error = {"type": "error", "error_code": "RATE_LIMIT_EXCEEDED", "retry_after": wait}
                await websocket.send_text(json.dumps(error | {"message": "slow down"}))
                manager.violations[user_id] += 1
                if manager.violations[user_id] >= 5:
                    await websocket.close(4008, "rate limited")
                    return
                continue
            if kind == "chat":
                text = data.get("message") or data.get("content") or ""
                try:
                    answer, failed = await think(user_id, text), False
                except Exception as error:
                    answer, failed = str(error), True
                reply = {
                    "type": "chat_response",
                    "message": answer,
                    "content": answer,
                    "ui_actions": [],
                    "error": failed,
                    "timestamp": now(),
                }
                await websocket.send_text(json.dumps(reply, default=str))
            elif kind == "context_update":
                await websocket.send_text(
                    json.dumps({"type": "context_updated", "timestamp": now()})
                )
            else:
                error = {"type": "error", "message": f"Unknown message type: {kind}"}
                await websocket.send_text(json.dumps(error))
    except WebSocketDisconnect:
        pass
    finally:
        manager.disconnect(user_id, connection_id)
