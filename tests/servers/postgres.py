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

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from servers.process import STOP_SECONDS, Server, ServerError, command_line, run, tools_folder, unprivileged_user, wait_until

# Nothing of a test cluster has to survive a power cut. Nothing else is tuned: the tests meet the server's defaults.
THROW_AWAY = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}


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


class PostgresServer(Server):
    """One cluster and its server process. Not thread-safe.

    `options` are server settings, such as {"max_connections": 5}; they win over the defaults here. `environment` is added to
    that of the server alone.
    """

    def __init__(self, version="15", options=None, environment=None):
        super().__init__(unprivileged_user())
        self.version = version
        self.title = f"PostgreSQL {version}"
        self.kind = f"pg{version}"
        self.options = {**THROW_AWAY, **(options or {})}
        self.environment = environment or {}
        self.bin = binaries(version)

    @property
    def data(self):
        return self.folder / "data"

    def uri(self, database="postgres", user="postgres"):
        """The server over TCP."""
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"

    def socket_uri(self, database="postgres", user="postgres"):
        """The server over its Unix socket."""
        return f"postgresql:///{database}?host={self.folder}&port={self.port}&user={user}"

    def stop(self, mode="fast"):
        """Ends the server: "fast" cuts its clients, "immediate" does not even write a checkpoint."""
        self._end({"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}[mode])

    def kill(self):
        """kill -9 of the postmaster; its children notice and go."""
        super().kill()
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

    def wait_for_sessions(self, database):
        """Until no session of `database` is left. A session counts against limits until its process ends, which is after
        its client has gone, and after it was last seen in pg_stat_activity."""
        wait_until(lambda: not any(f" {database} " in title for title in self._titles()), STOP_SECONDS, f"sessions of {database} do not end")

    def state(self):
        return {"version": self.version, **super().state()}

    def _fill_folder(self):
        made = subprocess.run(
            [self.bin / "initdb", "-D", self.data, "--auth=trust", "--username=postgres", "--encoding=UTF8",
             "--locale=C.UTF-8", "--no-sync"],
            capture_output=True, text=True, cwd=self.folder, check=False, **self._as_user())
        if made.returncode != 0:
            raise ServerError(f"initdb of PostgreSQL {self.version} failed: {made.stderr.strip()}")

    def _environment(self):
        return {**os.environ, **self.environment}

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

    def _ready(self):
        """The server that answers is ours: its own pid file says so, with this pid and this port."""
        with contextlib.suppress(FileNotFoundError):
            lines = (self.data / "postmaster.pid").read_text().split("\n")
            return (len(lines) > 7 and lines[0] == str(self.pid) and lines[3] == str(self.port)
                    and lines[7].strip() == "ready")
        return False

    def _is_ours(self):
        return str(self.data).encode() in Path(f"/proc/{self.pid}/cmdline").read_bytes()

    def _end_at_once(self):
        self.stop("immediate")
        self._wait_for_children()

    def _wait_for_children(self):
        """Children of a killed postmaster hold the shared memory until they notice; a start before that is refused."""
        deadline = time.monotonic() + STOP_SECONDS
        while time.monotonic() < deadline and self._children():
            time.sleep(0.02)
        (self.data / "postmaster.pid").unlink(missing_ok=True)

    def _titles(self):
        """What the server's processes call themselves: `postgres: <user> <database> <client> <state>` is a session."""
        for pid in self._children():
            with contextlib.suppress(OSError):
                yield Path(f"/proc/{pid}/cmdline").read_text(errors="replace")

    def _children(self):
        found = []
        for entry in Path("/proc").iterdir():
            with contextlib.suppress(OSError):
                if entry.name.isdigit() and os.readlink(entry / "cwd") == str(self.data):
                    found.append(int(entry.name))
        return found


def make(arguments):
    return PostgresServer(arguments.version, dict(option.split("=", 1) for option in getattr(arguments, "option", [])))


def add_options(start):
    start.add_argument("--version", default="15", help="major version")
    start.add_argument("--option", action="append", default=[], metavar="NAME=VALUE", help="a server setting")


def main():
    top, commands = command_line("Throw-away PostgreSQL servers for the tests.", make, add_options)
    has = commands.add_parser("has", help="can this version be started?")
    has.add_argument("version")
    has.set_defaults(call=lambda arguments: binaries(arguments.version))
    commands.add_parser("tools", help="print the tools folder").set_defaults(call=lambda _: print(tools_folder()))
    return run(top, quiet=["has"])


if __name__ == "__main__":
    sys.exit(main())
