"""A gate in a PostgreSQL table: a run that reads it stands still until the test opens it.

The `where:` of a table calls gate(), which takes a shared advisory lock; the test holds the exclusive one. No clock is involved:
the test waits until the server says that somebody stands at the gate.
"""

import contextlib
import subprocess
import time

import psycopg

from harness.job import PATIENCE

LOCK = 4242
SECONDS = 60 * PATIENCE

MAKE = f"""
CREATE OR REPLACE FUNCTION gate() RETURNS boolean VOLATILE LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_lock_shared({LOCK});
  PERFORM pg_advisory_unlock_shared({LOCK});
  RETURN true;
END $$
"""

WAITING = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = %s AND NOT granted"


def until(condition, what: str):
    """Polls `condition` until it holds, and returns what it returned."""
    end = time.monotonic() + SECONDS
    while not (found := condition()):
        assert time.monotonic() < end, f"waited in vain: {what}"
        time.sleep(0.01)
    return found


PAUSES = ("SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'headrace' AND state = 'idle'"
          " AND clock_timestamp() - state_change > interval '50 ms'")


def pauses(database) -> bool:
    """A run waits before it asks again what runs: elsewhere its statements follow on each other."""
    return database.execute(PAUSES) == [(True,)]


def waits_for_what_runs(database, run: subprocess.Popen) -> None:
    """Until `run` waits for the transactions that run."""

    def is_waiting():
        assert run.poll() is None, "".join(run.communicate())
        return pauses(database)

    until(is_waiting, "the run waits")


class Gate:
    def __init__(self, connection: psycopg.Connection, made: bool):
        self.connection = connection
        if not made:
            connection.execute("SET synchronous_commit = on")  # The gate outlives a server that is killed.
            connection.execute(MAKE)
        connection.execute("SELECT pg_advisory_lock(%s)", [LOCK])

    def waiting(self) -> list[int]:
        """Server processes that stand at the gate."""
        return [pid for pid, in self.connection.execute(WAITING, [LOCK])]

    def wait_for_reader(self, run: subprocess.Popen, readers: int = 1) -> list[int]:
        """Until `run` stands at the gate with so many connections; returns their server processes."""

        def arrived():
            assert run.poll() is None, f"the run ended before it came to the gate\n{''.join(run.communicate())}"
            return len(pids := self.waiting()) >= readers and pids

        return until(arrived, f"{readers} readers at the gate")

    def open(self) -> None:
        self.connection.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


@contextlib.contextmanager
def gate(uri: str, made: bool = False):
    """A closed gate; open at the end, whatever happened. `made`: gate() is there, as on a standby, where nothing can be made."""
    with psycopg.connect(uri, autocommit=True) as connection:
        yield Gate(connection, made)
