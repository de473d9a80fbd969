"""A database on a primary, seen through its hot standby."""

import contextlib
import os
import signal
import subprocess

import psycopg

from harness import gate
from servers.standby import Standby


class Replica:
    """`primary` is the database where it is written; this is the same one on `standby`, where it is read."""

    def __init__(self, primary, standby: Standby):
        self.primary = primary
        self.standby = standby

    @property
    def uri(self) -> str:
        return self.standby.uri(self.primary.name)

    def connect(self) -> psycopg.Connection:
        return psycopg.connect(self.uri, autocommit=True)

    def write(self, *statements: str) -> None:
        """Runs each by itself on the primary; returns when the standby has replayed them."""
        for statement in statements:
            self.primary.execute(statement)
        self.standby.catch_up()

    def write_beside(self, run: subprocess.Popen, *statements: str) -> None:
        """The same while `run` stands still: what it begins anew afterwards finds nothing of it on its way here, to be ended by once more."""
        run.send_signal(signal.SIGSTOP)
        state = os.waitid(os.P_PID, run.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
        assert state.si_code == os.CLD_STOPPED, "the run has ended"
        try:
            self.write(*statements)
        finally:
            run.send_signal(signal.SIGCONT)

    def gate(self):
        """A closed gate for those who read here, see harness/gate.py."""
        self.write(gate.MAKE)
        return gate.gate(self.uri, made=True)

    @contextlib.contextmanager
    def replay_paused(self):
        """While this is open nothing that the primary commits is seen here."""
        with self.connect() as connection:
            connection.execute("SELECT pg_wal_replay_pause()")
            try:
                yield
            finally:
                connection.execute("SELECT pg_wal_replay_resume()")
