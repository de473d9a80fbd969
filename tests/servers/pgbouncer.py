"""A throw-away transaction pooler in front of a test server: loopback, free port, own folder, ended by its own pid.

    with PgBouncer(server, pool_size=4) as pooler:
        psycopg.connect(pooler.uri("shop"))
"""

import os
import shutil

from servers.process import Server, ServerError, unprivileged_user

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
pidfile = {folder}/pid
"""


def program():
    found = shutil.which("pgbouncer", path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"]))
    if found is None:
        raise ServerError("pgbouncer is not installed: run `make deps`")
    return found


class PgBouncer(Server):
    """One pooler in front of `server`, a PostgresServer. Not thread-safe."""

    title = kind = "pgbouncer"

    def __init__(self, server, pool_size, max_clients=100):
        super().__init__(unprivileged_user())  # It refuses to run as root.
        self.server = server
        self.pool_size = pool_size
        self.max_clients = max_clients

    def uri(self, database, user="postgres"):
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"

    def _choose_ports(self):
        super()._choose_ports()
        users, settings = self.folder / "users", self.folder / "pgbouncer.ini"
        users.write_text('"postgres" ""\n')
        settings.write_text(CONFIGURATION.format(
            server_port=self.server.port, port=self.port, folder=self.folder, pool_size=self.pool_size, max_clients=self.max_clients))
        self._own(users, settings)

    def _command(self):
        return [program(), self.folder / "pgbouncer.ini"]
