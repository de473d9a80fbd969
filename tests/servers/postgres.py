"""Throw-away PostgreSQL servers for the tests.

Each server is a new cluster in a temporary folder, owned by an unprivileged user, on a free loopback port and a Unix
socket. The pid is recorded, readiness is waited for, and only that pid is ever ended.

    with PostgresServer("15") as server:
        psycopg.connect(server.uri())

From a shell (the test suites of ctest do this), the server outlives the command:

    postgres.py start --version 15 --state server.json --uri-file server.uri
    postgres.py stop --state server.json
    postgres.py has 12        exit status 0 when that version can be started
    postgres.py tools         the folder of the versions that the distribution does not have
"""

import argparse
import contextlib
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

# Nothing of a test cluster has to survive a power cut. Nothing else is tuned: the tests meet the server's defaults.
THROW_AWAY = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
START_SECONDS = 60
STOP_SECONDS = 60


class ServerError(Exception):
    """A server that cannot be found, started or stopped; the text is for people."""


def tools_folder():
    """Where servers from Maven are unpacked: outside the build tree, readable by the user that runs them."""
    if "HEADRACE_TOOLS" in os.environ:
        return Path(os.environ["HEADRACE_TOOLS"])
    return Path("/var/cache/headrace") if os.geteuid() == 0 else Path.home() / ".cache/headrace"


def binaries(version):
    """The bin folder of a major version: the distribution's, else one from Maven."""
    for folder in (Path("/usr/lib/postgresql") / version, tools_folder() / f"postgresql-{version}"):
        if (folder / "bin/postgres").exists():
            return folder / "bin"
    raise ServerError(
        f"PostgreSQL {version} is not installed: run `make deps`, or scripts/install_postgres_versions.sh {version}"
    )


def versions_to_test():
    """The major versions that the tests are for."""
    return os.environ.get("HEADRACE_POSTGRES_VERSIONS", "12,15,17").split(",")


def unprivileged_user():
    """PostgreSQL refuses to run as root: the user to become, or None when this is not root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise ServerError("neither a user 'postgres' nor 'nobody' exists to run the server as")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(condition, seconds, what):
    """Polls `condition` until it holds; an error that says `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise ServerError(what)
        time.sleep(0.02)


class PostgresServer:
    """One cluster and its server process. Not thread-safe.

    `options` are server settings, such as {"max_connections": 5}; they win over the defaults here. `environment` is added to
    that of the server alone.
    """

    def __init__(self, version="15", options=None, environment=None):
        self.version = version
        self.options = {**THROW_AWAY, **(options or {})}
        self.environment = environment or {}
        self.bin = binaries(version)
        self.folder = None
        self.port = None
        self.pid = None
        self._user = unprivileged_user()
        self._process = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.remove()

    @property
    def data(self):
        return self.folder / "data"

    @property
    def log(self):
        return self.folder / "log"

    def uri(self, database="postgres", user="postgres"):
        """The server over TCP."""
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"

    def socket_uri(self, database="postgres", user="postgres"):
        """The server over its Unix socket."""
        return f"postgresql:///{database}?host={self.folder}&port={self.port}&user={user}"

    def start(self):
        """Starts the server, on the same port and data when it ran before; returns when it takes connections."""
        if self.folder is None:
            self._make_cluster()
        fresh = self.port is None
        for _ in range(5):
            if fresh:
                self.port = free_port()
            if self._try_start():
                return
            if not fresh:
                break  # clients know this port: another one would not do
        raise ServerError(f"PostgreSQL {self.version} did not start:\n{self.log.read_text(errors='replace')[-2000:]}")

    def stop(self, mode="fast"):
        """Ends the server: "fast" cuts its clients, "immediate" does not even write a checkpoint."""
        self._end({"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}[mode])

    def kill(self):
        """kill -9 of the postmaster; its children notice and go."""
        self._end(signal.SIGKILL)
        self._wait_for_children()

    @contextlib.contextmanager
    def frozen(self):
        """A machine that hangs: neither the postmaster nor any of its children answers while this is open."""
        stopped = []
        try:
            os.kill(self.pid, signal.SIGSTOP)  # First: from here on there are no new children.
            stopped.append(self.pid)
            for pid in self._children():
                if pid != self.pid:
                    os.kill(pid, signal.SIGSTOP)
                    stopped.append(pid)
            yield
        finally:
            for pid in reversed(stopped):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)

    def restart(self, mode="fast"):
        self.stop(mode)
        self.start()

    def remove(self):
        """Stops the server if it runs and removes its folder."""
        if self.folder is None:
            return
        self.stop("immediate")
        self._wait_for_children()
        if self.folder.exists():  # Who empties /tmp takes it with the rest.
            shutil.rmtree(self.folder)
        self.folder = None

    def state(self):
        """What another process needs to stop this server."""
        return {"version": self.version, "folder": str(self.folder), "port": self.port, "pid": self.pid}

    @classmethod
    def from_state(cls, state):
        server = cls(state["version"])
        server.folder, server.port, server.pid = Path(state["folder"]), state["port"], state["pid"]
        return server

    def _as_user(self):
        """Arguments for subprocess that drop root's rights."""
        if self._user is None:
            return {}
        return {"user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []}

    def _make_cluster(self):
        # /tmp and not the build tree: the server's user must reach it, and a socket's path may have 107 bytes.
        self.folder = Path(tempfile.mkdtemp(prefix=f"headrace-pg{self.version}-", dir="/tmp"))
        if self._user is not None:
            os.chown(self.folder, self._user.pw_uid, self._user.pw_gid)
        os.chmod(self.folder, 0o755)  # the socket is for every user here; the data folder is not
        self._fill_cluster()

    def _fill_cluster(self):
        made = subprocess.run(
            [self.bin / "initdb", "-D", self.data, "--auth=trust", "--username=postgres", "--encoding=UTF8",
             "--locale=C.UTF-8", "--no-sync"],
            capture_output=True, text=True, cwd=self.folder, check=False, **self._as_user())
        if made.returncode != 0:
            raise ServerError(f"initdb of PostgreSQL {self.version} failed: {made.stderr.strip()}")

    def _command(self):
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": self.folder,
            **self.options,
        }
        command = [str(self.bin / "postgres"), "-D", str(self.data)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        return command

    def _try_start(self):
        with open(self.log, "ab") as log:
            self._process = subprocess.Popen(
                self._command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder,
                start_new_session=True, env={**os.environ, **self.environment}, **self._as_user())
        self.pid = self._process.pid
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                self.pid = None
                return False
            if self._ready():
                return True
            time.sleep(0.02)
        self.stop("immediate")
        return False

    def _ready(self):
        """The server that answers is ours: its own pid file says so, with this pid and this port."""
        with contextlib.suppress(FileNotFoundError):
            lines = (self.data / "postmaster.pid").read_text().split("\n")
            return (len(lines) > 7 and lines[0] == str(self.pid) and lines[3] == str(self.port)
                    and lines[7].strip() == "ready")
        return False

    def _runs(self):
        if self.pid is None:
            return False
        if self._process is not None:
            return self._process.poll() is None
        with contextlib.suppress(OSError):
            # A recorded pid may belong to someone else by now: only a process with our data folder is ours.
            return str(self.data).encode() in Path(f"/proc/{self.pid}/cmdline").read_bytes()
        return False

    def _end(self, number):
        if self._runs():
            os.kill(self.pid, number)
            deadline = time.monotonic() + STOP_SECONDS
            while self._runs():
                if time.monotonic() > deadline:
                    raise ServerError(f"PostgreSQL {self.version}, pid {self.pid}, does not end")
                time.sleep(0.02)
        self.pid = None
        self._process = None

    def _wait_for_children(self):
        """Children of a killed postmaster hold the shared memory until they notice; a start before that is refused."""
        deadline = time.monotonic() + STOP_SECONDS
        while time.monotonic() < deadline and self._children():
            time.sleep(0.02)
        (self.data / "postmaster.pid").unlink(missing_ok=True)

    def _children(self):
        found = []
        for entry in Path("/proc").iterdir():
            with contextlib.suppress(OSError):
                if entry.name.isdigit() and os.readlink(entry / "cwd") == str(self.data):
                    found.append(int(entry.name))
        return found


def start_detached(arguments):
    """`postgres.py start`: leaves a server running that the state file knows."""
    if arguments.state.exists():  # of a test run that was cut off
        stop_detached(arguments)
    server = PostgresServer(arguments.version, dict(option.split("=", 1) for option in arguments.option))
    server.start()
    arguments.state.parent.mkdir(parents=True, exist_ok=True)
    arguments.state.write_text(json.dumps(server.state()))
    arguments.uri_file.write_text(server.uri())
    print(f"PostgreSQL {server.version} at {server.uri()}, pid {server.pid}")


def stop_detached(arguments):
    """`postgres.py stop`: ends the server of the state file and removes its cluster."""
    if arguments.state.exists():
        PostgresServer.from_state(json.loads(arguments.state.read_text())).remove()
        arguments.state.unlink()


def parser():
    top = argparse.ArgumentParser(description="Throw-away PostgreSQL servers for the tests.")
    commands = top.add_subparsers(dest="command", required=True)
    start = commands.add_parser("start", help="start a server and leave it running")
    start.add_argument("--version", default="15", help="major version")
    start.add_argument("--state", type=Path, required=True, help="file to write what `stop` needs to")
    start.add_argument("--uri-file", type=Path, required=True, help="file to write the server's URI to")
    start.add_argument("--option", action="append", default=[], metavar="NAME=VALUE", help="a server setting")
    start.set_defaults(call=start_detached)
    stop = commands.add_parser("stop", help="end a server that `start` left running")
    stop.add_argument("--state", type=Path, required=True)
    stop.set_defaults(call=stop_detached)
    has = commands.add_parser("has", help="can this version be started?")
    has.add_argument("version")
    has.set_defaults(call=lambda arguments: binaries(arguments.version))
    commands.add_parser("tools", help="print the tools folder").set_defaults(call=lambda _: print(tools_folder()))
    return top


def main():
    arguments = parser().parse_args()
    try:
        arguments.call(arguments)
    except ServerError as error:
        if arguments.command != "has":
            print(f"headrace: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
