"""The PyPI package `websockets` with `pamlink`: as a client of it, and as its server."""

import asyncio
import signal
import sys

import client
import pamlink
import server
import tap


async def main():
    """Runs all tests."""
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, asyncio.current_task().cancel)
    config = {"rate": client.PLENTY, "heartbeat": {"interval_ms": 500}}
    shared = await pamlink.Server.start(config)
    client.add(shared)
    client.add_alone()
    client.add_last()
    server.add()
    return await tap.run()


try:
    sys.exit(0 if asyncio.run(main()) else 1)
finally:
    pamlink.end_all()
