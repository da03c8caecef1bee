#!/bin/sh
# PyPI uvicorn 0.54.0 and how an application is called. ASGI 3 asks for a callable whose result is
# awaited, so one would guess that a plain function which returns the coroutine of another is as good as
# that other. uvicorn takes what is no coroutine function for ASGI 2, calls it with the scope alone, and
# every request ends with 500; told `interface="asgi3"` it answers. A middleware that only hands on is such a
# function, and works inside an app, where nobody looks.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check uvicorn==0.54.0
cat > main.py <<'PY'
import importlib.metadata, sys, threading, time, urllib.error, urllib.request

import uvicorn


async def inner(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"ok"})


def plain(scope, receive, send):
    return inner(scope, receive, send)


class Around:
    def __call__(self, scope, receive, send):
        return inner(scope, receive, send)


def status(app, **options):
    """What a GET is answered with."""
    config = uvicorn.Config(app, port=0, lifespan="off", log_level="critical", **options)
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        return urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10).status
    except urllib.error.HTTPError as error:
        return error.code
    finally:
        server.should_exit = True
        thread.join()


print("uvicorn", importlib.metadata.version("uvicorn"))
found = {
    "a coroutine function": status(inner),
    "a function that returns its coroutine": status(plain),
    "an object whose __call__ returns its coroutine": status(Around()),
    "the function, with interface='asgi3'": status(plain, interface="asgi3"),
}
for what, code in found.items():
    print(f"{what}: {code}")
sys.exit(0 if list(found.values()) == [200, 500, 500, 200] else 1)
PY
venv/bin/python main.py
