"""The program `pamlink` as a child, and tokens for it."""

import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
import os
import pathlib
import re
import tempfile
import time
import urllib.request

PROGRAM = os.environ.get("PAMLINK", "target/debug/pamlink")
SECRET = b"a secret of the tests, and of nothing else: 0123456789"

_folder = tempfile.TemporaryDirectory(prefix="pamlink-")
_secret_file = pathlib.Path(_folder.name, "secret")
_secret_file.write_bytes(SECRET)
_children = set()


async def end_all():
    """Ends every child that still runs."""
    for child in list(_children):
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        await ended(child)
    _folder.cleanup()


def token(user, claims=None, header=None, key=SECRET):
    """A token signed with the secret of the tests; `claims` and `header` overlay good ones."""
    now = int(time.time())
    good = {"sub": user, "aud": "authenticated", "iat": now - 1, "exp": now + 3600}

    def part(value):
        return base64.urlsafe_b64encode(value).rstrip(b"=")

    parts = [{"alg": "HS256", "typ": "JWT", **(header or {})}, {**good, **(claims or {})}]
    signed = b".".join(part(json.dumps(it).encode()) for it in parts)
    signature = hmac.new(key, signed, hashlib.sha256).digest()
    return (signed + b"." + part(signature)).decode()


async def start(*arguments, **options):
    """Starts `pamlink` with pipes for what `options` does not say."""
    pipes = {"stdin": asyncio.subprocess.DEVNULL, "stdout": asyncio.subprocess.PIPE}
    child = await asyncio.create_subprocess_exec(PROGRAM, *arguments, **{**pipes, **options})
    _children.add(child)
    return child


async def ended(child):
    """The exit code of a child, when it has ended."""
    code = await child.wait()
    _children.discard(child)
    return code


class Server:
    """A running `pamlink serve`."""

    def __init__(self, child, address):
        self.child = child
        self.address = address
        self.base = f"ws://{address}/api/v1/pam/ws/"

    @classmethod
    async def start(cls, config=None, listen="127.0.0.1:0"):
        """Starts one; returns when it is ready."""
        arguments = ["serve", "--listen", listen, "--jwt-secret-file", str(_secret_file)]
        if config is not None:
            file = pathlib.Path(_folder.name, f"config-{len(_children)}.json")
            file.write_text(json.dumps(config))
            arguments += ["--config", str(file)]
        child = await start(*arguments)
        line = (await child.stdout.readline()).decode().strip()
        ready = re.fullmatch(r"listening on http://(\S+)", line)
        if not ready:
            raise AssertionError(f"the first line is no address: {line!r}")
        return cls(child, ready[1])

    def url(self, user, jwt=None):
        """Where `user` connects."""
        return f"{self.base}{user}?token={token(user) if jwt is None else jwt}"

    async def text(self, path):
        """What a plain HTTP request gets."""

        def fetch():
            with urllib.request.urlopen(f"http://{self.address}{path}", timeout=5) as response:
                return response.read().decode()

        return await asyncio.to_thread(fetch)

    async def metric(self, name):
        """The sum of a metric's samples."""
        samples = re.findall(rf"^{name}(?:{{[^}}]*}})? (\S+)$", await self.text("/metrics"), re.M)
        return sum(float(sample) for sample in samples)

    async def stop(self):
        """Asks it to end; its exit code."""
        self.child.terminate()
        return await ended(self.child)
