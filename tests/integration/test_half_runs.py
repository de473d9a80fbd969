"""A reader that looks all the time, during appends and replaces, sees whole runs and nothing else."""

import errno
import threading

import duckdb
import pytest
from harness import lake
from harness.job import ended, postgres_job
from harness.refused_call import RENAMEAT2, without_call

ROWS = 4000
RUNS = 12
SETUP = f"CREATE TABLE t AS SELECT i::int AS id, 0 AS version FROM generate_series(1, {ROWS}) AS i"
VERSIONS = "SELECT version, count(*) FROM read_parquet('{}/**/*.parquet') GROUP BY 1 ORDER BY 1"


class Reader(threading.Thread):
    """Reads the lake over and over, as any DuckDB user would, and keeps what it saw: [(version, rows), …] per look."""

    def __init__(self, folder, replaced=False, without_exchange=False):
        super().__init__()
        self.folder = folder
        self.replaced = replaced
        self.without_exchange = without_exchange
        self.seen: list[list[tuple]] = []
        # A glob walks folder by folder: what it found is replaced before it was opened, or listed. An error, not half a run.
        self.refused = 0
        self.enough = threading.Event()
        self.looked = threading.Condition()
        self.failure: BaseException | None = None  # Half a file ends the looks; stop() raises it.

    def run(self):
        try:
            connection = duckdb.connect()
            while not self.enough.is_set():
                self.look(connection)
        except BaseException as error:
            self.failure = error
        with self.looked:
            self.looked.notify_all()

    def look(self, connection) -> None:
        assert self.without_exchange or (self.folder / "public.t").is_dir(), "there is a moment without the table"
        try:
            seen = connection.execute(VERSIONS.format(self.folder)).fetchall()
            with self.looked:
                self.seen.append(seen)
                self.looked.notify_all()
        except duckdb.IOException as error:
            # Runs that are appended are always there.
            if not self.replaced or not any(words in str(error) for words in ("No such file", "No files found")):
                raise
            self.refused += 1

    def wait_for_look(self) -> None:
        """Until the lake was seen once more, or the thread has ended."""
        with self.looked:
            before = len(self.seen)
            self.looked.wait_for(lambda: len(self.seen) > before or self.failure is not None)

    def stop(self) -> list[list[tuple]]:
        """What was seen, with one more look, now that nobody writes."""
        self.enough.set()
        self.join()
        if self.failure is not None:
            raise self.failure
        before = len(self.seen)
        self.look(duckdb.connect())
        assert len(self.seen) == before + 1, "the last look failed"
        return self.seen


def test_a_reader_tells_of_half_a_file(tmp_path):
    (tmp_path / "public.t").mkdir()
    (tmp_path / "public.t" / "half.parquet").write_bytes(b"PAR1")
    reader = Reader(tmp_path)
    reader.start()
    with pytest.raises(duckdb.Error):
        reader.stop()


@pytest.mark.parametrize("write, enter", [("append", None), ("replace", None), ("replace", without_call(RENAMEAT2, errno.ENOSYS))],
                         ids=["append", "replace", "replace_without_exchange"])
def test_a_reader_never_sees_half_a_run(database, headrace, write, enter):
    database.execute(SETUP)
    job = postgres_job(headrace, database, {"name": "public.t", "write": write, "partition": {"target_rows": 500}},
                       destination={"type": "parquet", "path": "./lake", "target_file_size": "1MiB"})
    job.run()
    reader = Reader(job.lake, replaced=write == "replace", without_exchange=enter is not None)
    reader.start()
    for version in range(1, RUNS):
        database.execute(f"UPDATE t SET version = {version}")
        ended(headrace.start("run", job.file, preexec_fn=enter))
        reader.wait_for_look()
    seen = reader.stop()
    assert len(seen) >= RUNS
    last = RUNS - 1
    assert seen[-1] == [(version, ROWS) for version in (range(RUNS) if write == "append" else [last])]
    for look in seen:
        versions = [version for version, _ in look]
        assert {count for _, count in look} == {ROWS}, look
        assert len(versions) == 1 if write == "replace" else versions == list(range(len(versions))), look
    assert lake.count(job.lake, "public.t") == (ROWS if write == "replace" else ROWS * RUNS)
