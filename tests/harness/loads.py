"""The loads that faults are tried on: {SQLite, PostgreSQL} × {replace, append, incremental by number, by time}, and what each must have left afterwards."""

import datetime
import os
import resource
import sqlite3
import subprocess

import psycopg

from harness import lake
from harness.gate import MAKE, pauses, until
from harness.job import Job, ended
from servers.clock import Clock

ROWS = 4000  # Of each batch; some 210 bytes each.
UNITS = 10  # Of each batch.

LOADS = {
    "replace": {"write": "replace"},
    "append": {"write": "append"},
    "incremental": {"mode": "transactional", "cursor": "id"},
    "incremental_by_time": {"mode": "transactional", "cursor": "created_at"},
}


class SqliteEvents:
    """`events` in a file of SQLite."""

    table = "events"
    loads = ("replace", "append", "incremental")  # Times are no cursor of SQLite.

    def __init__(self, folder):
        self.file = folder / "source.db"
        self.connection = sqlite3.connect(self.file, isolation_level=None)
        self.connection.execute("CREATE TABLE events (id INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT, amount REAL)")

    def job(self) -> tuple[dict, dict]:
        """Of a job that reads it: the source, and what belongs to the table."""
        return {"type": "sqlite", "path": str(self.file), "busy_timeout": "200ms"}, {}

    def write(self, rows: int) -> None:
        self.connection.execute("BEGIN")
        self.connection.executemany("INSERT INTO events (body, amount) VALUES (?, ?)",
                                    ((f"{i * 7919:032x}" * 6, i / 3 if i % 7 else None) for i in range(rows)))
        self.connection.execute("COMMIT")

    def replace(self, rows: int) -> None:
        self.connection.execute("DELETE FROM events")
        self.write(rows)

    def rows(self) -> list[tuple]:
        return self.connection.execute("SELECT id, body, amount FROM events").fetchall()

    def end_what_runs_late(self, run: subprocess.Popen | None) -> None:
        """Nothing does: SQLite has one writer at a time."""

    def close(self) -> None:
        self.connection.close()


class PostgresEvents:
    """`events` in a database of PostgreSQL, whose server has the clock. A row of each batch that write() adds is of a transaction that
    drew its number, and took its time, before the others of the batch, and that has not ended when the run begins."""

    table = "public.events"
    loads = tuple(LOADS)
    ROLE = "etl"  # No superuser: the server's limits are for it, and it may not see since when others' transactions run.

    def __init__(self, database, uri: str, clock: Clock):
        self.database = database
        self.uri = uri
        self.clock = clock
        self.late = None
        database.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
        database.execute(MAKE)
        database.execute(f"DO $$ BEGIN CREATE ROLE {self.ROLE} LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
        database.execute("DROP TABLE IF EXISTS events; CREATE TABLE events (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body text,"
                         " amount double precision, created_at timestamptz NOT NULL DEFAULT now());"
                         f"GRANT SELECT ON events, events_id_seq TO {self.ROLE}")

    def job(self) -> tuple[dict, dict]:
        return {"type": "postgresql", "uri": self.uri, "user": self.ROLE}, {"where": "gate()"}

    def _insert(self, connection, rows: int) -> None:
        connection.execute("INSERT INTO events (body, amount) SELECT repeat(md5(i::text), 6), CASE WHEN i %% 7 <> 0 THEN i / 3.0 END "
                           "FROM generate_series(1, %s) AS i", [rows])

    def write(self, rows: int) -> None:
        self.late = psycopg.connect(self.database.uri)
        self._insert(self.late, 1)
        with self.database.connect() as connection:
            self._insert(connection, rows - 1)
        self.clock.move(seconds=2)  # A run leaves the rows of its last second to the next one.

    def replace(self, rows: int) -> None:
        with self.database.connect() as connection:
            connection.execute("TRUNCATE events")
            self._insert(connection, rows)

    def rows(self) -> list[tuple]:
        return self.database.execute("SELECT id, body, amount FROM events")

    def times(self) -> tuple[datetime.datetime, datetime.datetime]:
        """Of the newest row, and now."""
        return self.database.execute("SELECT max(created_at), clock_timestamp() FROM events")[0]

    def end_what_runs_late(self, run: subprocess.Popen | None) -> None:
        """Once `run`, if there is one, waits for it or has ended before it came to that."""
        if self.late is not None:
            until(lambda: run is None or run.poll() is not None or pauses(self.database), "the run waits for the transaction")
            self.late.commit()
            self.close()

    def close(self) -> None:
        if self.late is not None:
            self.late.close()
        self.late = None


class Case:
    """One load of `events`, whose first run is over and whose second one, of another batch of rows, is the test's."""

    def __init__(self, headrace, knife, events, load: str, keyed: bool, retries: int, workers: int = 2, rows: int = ROWS, **source):
        self.events = events
        self.batch_rows = rows
        self.load = load
        self.cursor = LOADS[load].get("cursor")
        self.knife = knife
        self.words = ["--run-id", "second"] if keyed or load == "append" else []  # A scheduler's key: without it an append appends again.
        self._appended = []
        of_job, of_table = events.job()
        self.job = Job(headrace, of_job | source, [{"name": events.table, "partition": {"target_rows": rows // UNITS}} | LOADS[load] | of_table],
                       destination={"type": "parquet", "path": "./disk/lake", "compression": "none", "grace": "0s"},
                       engine={"workers": {"initial": workers, "max": workers}}, limits={"retries": retries}, verify="checksum",
                       state="./state_disk/state")

    def first_run(self) -> None:
        """And then there is more to load."""
        self.batch()
        ended(self.start("--run-id", "first"))
        self.batch()

    def count_calls(self) -> None:
        """One run more, as the one to come, in which durable calls are counted. They are as many in each if one worker makes them: of two,
        one may have read all units before the other begins, and a file less is written."""
        ended(self.start("--run-id", "before"))  # The first one that replaces rows has none to remove that were replaced.
        self.batch()
        trace = self.job.headrace.folder / "trace"
        ended(self.start("--run-id", "counted", environment=self.knife.trace(trace)))
        self.calls = len(trace.read_text().splitlines())
        self.batch()

    def batch(self, rows: int | None = None) -> None:
        """The next rows to load: those of a full load take the place of the former ones."""
        rows = rows or self.batch_rows
        if self.cursor is not None:
            self.events.write(rows)
            return
        if self.load == "append":
            self._appended += self.events.rows()
        self.events.replace(rows)

    def start(self, *words: str, environment: dict | None = None, **popen) -> subprocess.Popen:
        run = self.job.headrace.start("run", self.job.file, *words, env=environment, **popen)
        self.events.end_what_runs_late(run)
        return run

    def start_second(self, **how) -> subprocess.Popen:
        """The command that is to meet the fault."""
        return self.start(*self.words, **how)

    def start_second_and_stop(self) -> subprocess.Popen:
        """In the middle of what it makes durable, until it gets SIGCONT."""
        run = self.start_second(environment=self.knife.stop(self.calls // 2))
        state = os.WSTOPPED | os.WEXITED | os.WNOWAIT | os.WNOHANG
        assert until(lambda: os.waitid(os.P_PID, run.pid, state), "the run stops").si_code == os.CLD_STOPPED
        return run

    def found(self) -> list[tuple]:
        """Every row of the destination, as its readers find them."""
        return lake.rows(self.job.lake, self.events.table, "id", "body", "amount")

    def wanted(self) -> list[tuple]:
        return lake.in_order(self._appended + self.events.rows())

    def watermark(self) -> str | None:
        [table] = self.job.command("state", "--json").json() or [{"watermark": None}]
        return table["watermark"]

    def expect_the_watermark(self) -> None:
        """One above the greatest number; above all times, and a second below what may still come; none of a full load."""
        watermark = self.watermark()
        if self.cursor == "created_at":
            newest, now = self.events.times()
            assert newest < datetime.datetime.fromisoformat(watermark) < now - datetime.timedelta(seconds=1)
        else:
            assert watermark == (str(max(row[0] for row in self.events.rows()) + 1) if self.cursor else None)

    def expect_the_source(self) -> None:
        """By row, none twice, up to the right watermark."""
        assert self.found() == self.wanted()
        self.expect_the_watermark()

    def expect_nothing_left(self) -> None:
        """And what is there is what was written."""
        self.job.command("verify", "latest", "--level", "checksum")
        self.job.command("clean")
        assert lake.staged_files(self.job.lake) == []


def bounded_files(size: int):
    """A preexec_fn: no file of the process grows beyond `size`."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
