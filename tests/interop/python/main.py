"""The PyPI package `websockets` with `pamlink`: as a client of it, and as its server."""

import asyncio
import signal
import sys

import client
import pamlink
import server
import tap


async def main():
    """Runs all tests; whether all passed."""
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, asyncio.current_task().cancel)
    try:
        config = {"rate": client.PLENTY, "heartbeat": {"interval_ms": 500}}
        client.add(await pamlink.Server.start(config))
        client.add_alone()
        client.add_last()
        server.add()
        return await tap.run()
    finally:
        await pamlink.end_all()


sys.exit(0 if asyncio.run(main()) else 1)
