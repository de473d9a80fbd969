"""A throw-away transaction pooler in front of a test server: loopback, free port, own folder, ended by its own pid.

    with PgBouncer(server, pool_size=4) as pooler:
        psycopg.connect(pooler.uri("shop"))
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from servers.postgres import ServerError, free_port, unprivileged_user

START_SECONDS = 30
STOP_SECONDS = 30

# No reset query: between two transactions a pooler of this kind cleans nothing up, and what a client left would stay.
CONFIGURATION = """\
[databases]
* = host=127.0.0.1 port={server_port}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = trust
auth_file = {folder}/users
pool_mode = transaction
default_pool_size = {pool_size}
max_client_conn = {max_clients}
server_reset_query =
logfile = {folder}/log
pidfile = {folder}/pid
"""


def program():
    found = shutil.which("pgbouncer", path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"]))
    if found is None:
        raise ServerError("pgbouncer is not installed: run `make deps`")
    return found


class PgBouncer:
    """One pooler in front of `server`, a PostgresServer. Not thread-safe."""

    def __init__(self, server, pool_size, max_clients=100):
        self.server = server
        self.pool_size = pool_size
        self.max_clients = max_clients
        self.folder = None
        self.port = None
        self._process = None
        self._user = unprivileged_user()

    def __enter__(self):
        try:
            self._start()
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(self, *_):
        self._remove()

    def uri(self, database, user="postgres"):
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"

    def log(self):
        return (self.folder / "log").read_text(errors="replace")

    def _start(self):
        self.folder = Path(tempfile.mkdtemp(prefix="headrace-pgbouncer-", dir="/tmp"))
        self.port = free_port()
        (self.folder / "users").write_text('"postgres" ""\n')
        (self.folder / "pgbouncer.ini").write_text(CONFIGURATION.format(
            server_port=self.server.port, port=self.port, folder=self.folder, pool_size=self.pool_size, max_clients=self.max_clients))
        rights = {}
        if self._user is not None:  # It refuses to run as root.
            for path in (self.folder, *self.folder.iterdir()):
                os.chown(path, self._user.pw_uid, self._user.pw_gid)
            rights = {"user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []}
        self._process = subprocess.Popen(
            [program(), "--quiet", self.folder / "pgbouncer.ini"], cwd=self.folder, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True, **rights)
        self._wait_until_ready()

    def _wait_until_ready(self):
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return
            time.sleep(0.02)
        raise ServerError("pgbouncer did not start:\n" + (self.log() if (self.folder / "log").exists() else ""))

    def _remove(self):
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)  # At once, whoever is connected.
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._process = None
        if self.folder is not None:
            shutil.rmtree(self.folder)
            self.folder = None
