"""The bridges to `prometheus_client` and `logging`."""

from __future__ import annotations

import logging

import prometheus_client
import pytest
from conftest import KEYS, connected, take, token

import pamlink
from pamlink import Hub, Request, logs, outputs
from pamlink.prometheus import EngineCollector


async def echo(request: Request) -> str:
    return request.text


async def test_a_registry_collects_from_several_engines() -> None:
    registry = prometheus_client.CollectorRegistry()
    async with Hub(echo, auth=KEYS) as hub, connected(hub) as (client, _):
        registry.register(EngineCollector(hub, {"engine": "hub"}))
        registry.register(EngineCollector(client, {"engine": "client"}))
        await client.send("hi")
        value = registry.get_sample_value
        assert value("websocket_connections_active", {"engine": "hub"}) == 1
        requests = {"outcome": "answered", "engine": "client"}
        assert value("pamlink_requests_total", requests) == 1
        text = prometheus_client.generate_latest(registry).decode()
        assert 'websocket_connections_active{engine="hub"} 1.0' in text


async def test_what_was_counted_needs_no_labels() -> None:
    registry = prometheus_client.CollectorRegistry()
    hub = Hub(echo, auth=KEYS)
    registry.register(EngineCollector(hub))
    assert registry.get_sample_value("websocket_connections_active") == 0


async def test_events_are_log_records(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "pamlink.events")
    caplog.set_level(logging.DEBUG, "chat")
    async with Hub(echo, auth=KEYS) as hub:
        assert logs.attach(hub) is hub
        async with connected(hub) as (client, _):
            logs.attach(client, logging.getLogger("chat"))
            await client.send("hi")
            hub.push("ann", {"type": "timer_expired", "id": "t1", "message": "a private thing"})
            await take(client, pamlink.Message)
    mine = [record for record in caplog.records if record.name == "chat"]
    messages = [record.getMessage() for record in mine]
    assert any(text.startswith("Welcomed(correlates=True") for text in messages)
    assert "Message(kind='timer_expired', id='t1')" in messages
    assert not any("private" in text for text in messages)
    kinds = {type(record.event): record.levelno for record in mine}  # type: ignore[attr-defined]
    assert kinds[pamlink.Message] == logging.DEBUG and kinds[pamlink.Welcomed] == logging.INFO
    hubs = [record.getMessage() for record in caplog.records if record.name == "pamlink.events"]
    assert any(text.startswith("Opened(") and "user='ann'" in text for text in hubs)


def test_tokens_are_not_logged() -> None:
    secret = token()
    for event in (
        pamlink.Closed(
            0, 4001, True, 0, 0, 0, None, "authentication", f"bad {secret}", "peer", "ann"
        ),
        pamlink.Stopped(404, None, "refused", f"GET /ws?token={secret}&x=1", ""),
        outputs.Dial(0, True, 443, f"wss://h/?token={secret}", "h", f"/?token={secret}"),
    ):
        line = logs.line(event)
        assert secret not in line and "eyJ" not in line
    assert logs.redact("a?token=opaque&x=1 b") == "a?token=***&x=1 b"
    assert logs.redact("nothing to hide") == "nothing to hide"


def test_what_a_server_logs_has_no_token(caplog: pytest.LogCaptureFixture) -> None:
    logs.hide_tokens()
    logs.hide_tokens()
    server = logging.getLogger("uvicorn.error")
    with caplog.at_level(logging.INFO):
        line = '%s - "WebSocket %s" [accepted]'
        server.info(line, "127.0.0.1:1", "/api/v1/pam/ws/ann?x=1&token=swordfish&y=2")
        server.info("/api/v1/pam/ws/ann?token=swordfish")
        logging.getLogger("gunicorn.access").info("%(r)s", {"r": "GET /x?token=swordfish"})
        server.info("%d links, %s", 3, None)
    said = [record.getMessage() for record in caplog.records]
    assert said == [
        '127.0.0.1:1 - "WebSocket /api/v1/pam/ws/ann?x=1&token=***&y=2" [accepted]',
        "/api/v1/pam/ws/ann?token=***",
        "GET /x?token=***",
        "3 links, None",
    ]
