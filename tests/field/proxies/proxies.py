"""Reverse proxies as children, each with the file of `docs/proxies` that its users are shown."""

import asyncio
import contextlib
import os
import pathlib
import shutil
import signal
import socket
import tempfile

DOCS = pathlib.Path(__file__).resolve().parents[3] / "docs/proxies"
# How long a proxy may take to listen or to reload on a machine that does much else.
PATIENCE = 20.0


class Proxy:
    """A running proxy in front of 127.0.0.1:`backend`; its links have the prefix `/pam`."""

    name = ""
    variable = ""
    file = ""
    # How many seconds a link goes on after a reload, and how it then ends for a client: for ever if
    # the old process serves it.
    lingers = None
    ends = None

    def __init__(self, backend):
        self.program = os.environ[self.variable]
        self.backend = backend
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"pamlink-{self.name}-"))
        self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"
        self.child = None

    def replacements(self):
        """What of the file is another here: ports and folders."""
        raise NotImplementedError

    def command(self, file):
        """How it is started in the foreground."""
        raise NotImplementedError

    async def reload(self):
        """Has it read its configuration again."""
        raise NotImplementedError

    async def __aenter__(self):
        # nginx gives up root, and its workers write to its folders.
        self.folder.chmod(0o755)
        text = (DOCS / self.file).read_text()
        for shown, here in self.replacements().items():
            if text.count(shown) == 0:
                raise AssertionError(f"{self.file} has no {shown!r}")
            text = text.replace(shown, here)
        file = self.folder / self.file
        file.write_text(text)
        # Files, because a pipe that nobody reads stops its writer.
        with open(self.folder / "output", "wb") as output:
            self.child = await asyncio.create_subprocess_exec(
                *self.command(file),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=self.folder,
                env={**os.environ, "HOME": str(self.folder)},
                start_new_session=True,
            )
        try:
            await asyncio.wait_for(self.listens(), PATIENCE)
        except BaseException:
            print(f"# {self.name}: {self.logs()}")
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_):
        # With its workers, and with the processes that a reload has left.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.child.pid, signal.SIGKILL)
        await self.child.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    async def listens(self):
        """Returns once it accepts connections."""
        while True:
            if self.child.returncode is not None:
                raise AssertionError(f"{self.name} ended with {self.child.returncode}")
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                writer.close()
                return
            await asyncio.sleep(0.05)

    def logs(self):
        """All that it has written: its outputs and the files in its folder but its configuration."""
        paths = [path for path in self.folder.rglob("*") if path.is_file()]
        return "".join(path.read_text(errors="replace") for path in paths if path.name != self.file)

    def signal(self, number):
        """Tells its first process something."""
        os.kill(self.child.pid, number)

    async def run(self, *command):
        """Runs a command beside it, to its end."""
        child = await asyncio.create_subprocess_exec(
            *command,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={**os.environ, "HOME": str(self.folder)},
        )
        output, _ = await asyncio.wait_for(child.communicate(), PATIENCE)
        if child.returncode != 0:
            raise AssertionError(f"{command}: {output.decode()}")


class Nginx(Proxy):
    name = "nginx"
    variable = "PAMLINK_NGINX"
    file = "nginx.conf"
    lingers, ends = 10.0, "cut"

    def replacements(self):
        # The folders that it was built with are those of an installed nginx.
        kinds = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        folders = "".join(f"{kind}_temp_path {self.folder}/{kind};\n" for kind in kinds)
        return {
            "listen 80;": f"listen {self.address};",
            "127.0.0.1:8080": f"127.0.0.1:{self.backend}",
            "/var/log/nginx/": f"{self.folder}/",
            "http {": f"http {{\n{folders}",
        }

    def command(self, file):
        main = f"daemon off; pid {self.folder}/pid;"
        return [self.program, "-p", self.folder, "-e", "stderr", "-c", file, "-g", main]

    async def reload(self):
        self.signal(signal.SIGHUP)


class Haproxy(Proxy):
    name = "haproxy"
    variable = "PAMLINK_HAPROXY"
    file = "haproxy.cfg"

    def replacements(self):
        return {
            "bind :80": f"bind {self.address}",
            "127.0.0.1:8080": f"127.0.0.1:{self.backend}",
        }

    def command(self, file):
        return [self.program, "-W", "-db", "-f", file]

    async def reload(self):
        self.signal(signal.SIGUSR2)


class Caddy(Proxy):
    name = "caddy"
    variable = "PAMLINK_CADDY"
    file = "Caddyfile"
    lingers, ends = 10.0, "closed 1001"

    def replacements(self):
        self.admin = f"127.0.0.1:{free_port()}"
        return {
            ":80 {": f"http://{self.address} {{",
            "127.0.0.1:2019": self.admin,
            "127.0.0.1:8080": f"127.0.0.1:{self.backend}",
            "/var/log/caddy/": f"{self.folder}/",
        }

    def command(self, file):
        return [self.program, "run", "--config", file]

    async def reload(self):
        file = self.folder / self.file
        # A configuration that is the same is not loaded again without `--force`.
        await self.run(self.program, "reload", "--force", "--config", file, "--address", self.admin)


class Apache(Proxy):
    name = "apache"
    variable = "PAMLINK_APACHE"
    file = "apache.conf"

    def replacements(self):
        modules = os.environ["PAMLINK_APACHE_MODULES"]
        names = ["mpm_event", "authz_core", "proxy", "proxy_http"]
        loads = "".join(f"LoadModule {name}_module {modules}/mod_{name}.so\n" for name in names)
        main = f"ServerName localhost\nPidFile {self.folder}/pid\nErrorLog {self.folder}/error.log\n"
        main += f"{loads}DefaultRuntimeDir {self.folder}\n"
        return {
            "Listen 80": f"{main}Listen {self.address}",
            "127.0.0.1:8080": f"127.0.0.1:{self.backend}",
            "<VirtualHost *:80>": f"<VirtualHost {self.address}>",
            "/var/log/apache2/": f"{self.folder}/",
        }

    def command(self, file):
        return [self.program, "-D", "FOREGROUND", "-d", self.folder, "-f", file]

    async def reload(self):
        self.signal(signal.SIGUSR1)


class Lighttpd(Proxy):
    name = "lighttpd"
    variable = "PAMLINK_LIGHTTPD"
    file = "lighttpd.conf"
    lingers, ends = 2.0, "cut"

    def replacements(self):
        return {
            "server.port = 80\n": f'server.bind = "127.0.0.1"\nserver.port = {self.port}\n',
            '"port" => 8080': f'"port" => {self.backend}',
            "/var/empty": str(self.folder),
            "/var/log/lighttpd/": f"{self.folder}/",
        }

    def command(self, file):
        modules = os.environ["PAMLINK_LIGHTTPD_MODULES"]
        return [self.program, "-D", "-f", file, "-m", modules]

    async def reload(self):
        self.signal(signal.SIGUSR1)


class Envoy(Proxy):
    name = "envoy"
    variable = "PAMLINK_ENVOY"
    file = "envoy.yaml"
    lingers, ends = 10.0, "cut"
    second = None

    def replacements(self):
        return {
            "address: 0.0.0.0, port_value: 80 ": f"address: 127.0.0.1, port_value: {self.port} ",
            "port_value: 8080": f"port_value: {self.backend}",
        }

    def command(self, file):
        self.base = str(1 + self.port)
        return [*self.words(file), "--restart-epoch", "0"]

    def words(self, file):
        times = ["--drain-time-s", "5", "--parent-shutdown-time-s", str(int(self.lingers))]
        return [self.program, "-c", file, "--base-id", self.base, "--concurrency", "1", *times]

    async def reload(self):
        # A second process takes over from the first.
        self.second = await asyncio.create_subprocess_exec(
            *self.words(self.folder / self.file),
            "--restart-epoch",
            "1",
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )

    async def __aexit__(self, *_):
        if self.second:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.second.pid, signal.SIGKILL)
            await self.second.wait()
        await super().__aexit__()


def free_port():
    """A port of the loopback address that nobody has at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


# The first three are those of the tests; the others take part where their variable is set.
ALL = [Nginx, Haproxy, Caddy, Apache, Lighttpd, Envoy]
