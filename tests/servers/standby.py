"""A hot standby of a throw-away PostgreSQL server.

with PostgresServer("15", PRIMARY) as primary, Standby(primary) as standby:
    psycopg.connect(primary.uri()).execute("CREATE TABLE …")
    standby.catch_up()
    psycopg.connect(standby.uri())
"""

import shutil

import psycopg

from servers.postgres import PostgresServer
from servers.process import START_SECONDS, wait_until

# Of the server that it follows: what is not cleaned up by the test cancels nothing on the standby, and a commit is sent at once.
PRIMARY = {"autovacuum": "off", "synchronous_commit": "on"}


class Standby(PostgresServer):
    """Follows `primary`, which is restarted to be copied, and cancels at once what is in the way of its replay.

    hot_standby_feedback is off, as it is by default: the primary knows nothing of what is read here.
    """

    def __init__(self, primary, options=None):
        super().__init__(primary.version, {
            "primary_conninfo": f"host=127.0.0.1 port={primary.port} user=postgres",
            "max_standby_streaming_delay": 0,
            "wal_retrieve_retry_interval": "100ms",
            **(options or {}),
        })
        self.primary = primary

    def catch_up(self):
        """Returns when all that the primary has done by now is seen here.

        Of what changes no row, as VACUUM, the log is written some time later: a commit takes it along.
        """
        with psycopg.connect(self.primary.uri(), autocommit=True) as connection:
            connection.execute("SELECT pg_logical_emit_message(true, '', '')")
        self.wait_for_replay()

    def wait_for_replay(self):
        """Returns when what the primary has written to its log by now is seen here."""
        with psycopg.connect(self.primary.uri(), autocommit=True) as connection:
            [sent] = connection.execute("SELECT pg_current_wal_flush_lsn()::text").fetchone()
        with psycopg.connect(self.uri(), autocommit=True) as connection:
            replayed = "SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn"
            wait_until(lambda: connection.execute(replayed, [sent]).fetchone()[0], START_SECONDS,
                       f"the standby does not come to {sent}")

    def _fill_folder(self):
        """A server that has ended has all its data in its files."""
        self.primary.stop()
        shutil.copytree(self.primary.data, self.data, ignore=shutil.ignore_patterns("postmaster.*"))
        self.primary.start()
        (self.data / "standby.signal").touch()
        self._own(self.data, *self.data.rglob("*"))
