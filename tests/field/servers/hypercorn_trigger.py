"""hypercorn in a program of one's own, with the trigger that drains first."""

import asyncio
import sys

import hypercorn.asyncio
import hypercorn.config
from app import app_of, hub

from pamlink.starlette import shutdown_trigger

config = hypercorn.config.Config()
config.bind = [sys.argv[1]]
app = app_of(signals=False)
trigger = shutdown_trigger(hub, spread=1.0)
asyncio.run(hypercorn.asyncio.serve(app, config, shutdown_trigger=trigger))
