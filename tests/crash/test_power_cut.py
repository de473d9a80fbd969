"""The power goes at every durable call of a run, and with it what was not synced; then the same command again: every row once."""

import contextlib
import errno
import json
import pathlib
import shutil
import signal
import sqlite3
import tempfile

import pytest
from harness import lake
from harness.job import Job, ended
from harness.power_cut import Cut, Recording
from harness.refused_call import RENAMEAT2, without_call

ROWS = {"items": 1000, "no_items": 0}
RUN = "recorded"


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    file = tmp_path_factory.mktemp("source") / "source.db"
    with contextlib.closing(sqlite3.connect(file)) as connection:
        for name, rows in ROWS.items():
            connection.execute(f"CREATE TABLE {name} (id INTEGER PRIMARY KEY, name TEXT)")
            connection.executemany(f"INSERT INTO {name} VALUES (?, ?)", ((i, f"item {i}") for i in range(rows)))
        connection.commit()
    return file


@pytest.fixture
def disk(headrace):
    """Where the program works: in memory where that can be, for what is durable is told by the record alone, and there are
    thousands of syncs."""
    memory = pathlib.Path("/dev/shm")
    with tempfile.TemporaryDirectory(prefix="headrace-power-cut-", dir=memory if memory.is_dir() else headrace.folder) as folder:
        headrace.folder = pathlib.Path(folder)
        yield headrace.folder


class Journal:
    """What a journal holds of the recorded run, read from a copy: SQLite writes where it reads. The columns are those of
    docs/format/journal.md."""

    def __init__(self, state: pathlib.Path, scratch: pathlib.Path):
        shutil.rmtree(scratch, ignore_errors=True)
        self.intents, self.records, self.receipts = {}, {}, []
        if not (state / "journal.db").exists():
            return
        shutil.copytree(state, scratch)
        with contextlib.closing(sqlite3.connect(scratch / "journal.db")) as connection:
            if not connection.execute("SELECT * FROM sqlite_master WHERE name = 'receipt'").fetchall():
                return
            tables = connection.execute("SELECT directory, intent, record FROM run_table WHERE run = ?", [RUN]).fetchall()
            self.intents = {table: json.loads(intent) for table, intent, _ in tables if intent}
            self.records = {table: json.loads(record) for table, _, record in tables if record}
            self.receipts = [json.loads(receipt) for receipt, in
                             connection.execute("SELECT receipt FROM receipt WHERE run = ?", [RUN])]


def sizes(folder: pathlib.Path) -> dict[str, int]:
    return {file.name: file.stat().st_size for file in folder.glob("**/*.parquet")}


def sizes_of(files: list[dict]) -> dict[str, int]:
    return {file["name"]: file["bytes"] for file in files}


def published(intent: dict) -> pathlib.Path:
    target = pathlib.Path(intent["target"])
    return target if intent["mode"] == "append" else target / f"run-{RUN}"


def expect_promises(job: Job, cut: Cut, journal: Journal) -> None:
    """docs/format/commit.md, receipt.md and journal.md: what is said was durable before what."""
    for file in job.headrace.folder.rglob("*.json"):
        json.loads(file.read_text())
    if cut.kind == "named":  # A receipt says nothing of names: those are durable with the intent.
        staged = sizes(job.headrace.folder)
        for receipt in journal.receipts:
            for name, size in sizes_of(receipt["files"]).items():
                assert staged.get(name, size) == size, f"{name} has a receipt"
    for table, intent in journal.intents.items():
        there = published(intent)
        if not there.exists() and table not in journal.records:
            there = pathlib.Path(intent["staging"]) / f"run-{RUN}"
        assert sizes(there) == sizes_of(intent["files"]), f"{table} has an intent"
        assert table not in journal.records or (there / "_commit.json").exists(), f"{table} has a record"
    for name in ROWS:
        assert name in journal.intents or not (job.lake / name / f"run-{RUN}").exists(), f"{name} is published without an intent"


def expect_whole_tables(job: Job, runs: dict[str, int], old_runs: int) -> None:
    """Readers see a table with or without the run. One that is not there has been put aside, or was never there."""
    for name, rows in ROWS.items():
        found = lake.count(job.lake, name)
        assert found in (old_runs * rows, runs * rows) or found == 0, name
        if found == 0:
            assert lake.count(lake.staging(job.lake) / ".replaced", name) == old_runs * rows, f"the old {name} is gone"


CASES = {
    "append_to_nothing": ("append", 0, None),
    "append": ("append", 1, None),
    "replace_nothing": ("replace", 0, None),
    "replace": ("replace", 1, None),
    "replace_without_exchange": ("replace", 1, without_call(RENAMEAT2, errno.ENOSYS)),
    "error_if_exists": ("error_if_exists", 0, None),
}


@pytest.mark.parametrize("write, old_runs, enter", CASES.values(), ids=CASES)
def test_a_power_cut_at_every_durable_call(headrace, disk, source, knife, tmp_path, write, old_runs, enter):
    job = Job(headrace, {"type": "sqlite", "path": str(source)}, [{"name": name, "write": write} for name in ROWS],
              destination={"type": "parquet", "path": "./lakes/deep/lake"}, state="./states/deep/state")
    for old in range(old_runs):
        job.run("--run-id", f"old-{old}")
    record = tmp_path / "record"
    record.mkdir()
    recording = Recording(disk, record)
    ended(headrace.start("run", job.file, "--run-id", RUN, env=knife.record(disk, record), preexec_fn=enter))
    runs = old_runs + 1 if write == "append" else 1
    cuts = list(recording.cuts())
    assert len(cuts) > 40, "too few different disks to be true"
    for cut in cuts:
        cut.restore(disk)
        try:
            expect_promises(job, cut, Journal(job.state, tmp_path / "state"))
            expect_whole_tables(job, runs, old_runs)
            ended(headrace.start("run", job.file, "--run-id", RUN, preexec_fn=enter))
            for name, rows in ROWS.items():
                assert lake.count(job.lake, f"{name}/run-{RUN}") == rows and lake.count(job.lake, name) == runs * rows, name
        except Exception as failed:
            raise AssertionError(str(cut)) from failed


def synced_by_next_run(job: Job, knife, record: pathlib.Path) -> set[int]:
    """The inodes of what it syncs."""
    shutil.rmtree(record, ignore_errors=True)
    record.mkdir()
    ended(job.headrace.start("run", job.file, "--run-id", RUN, env=knife.record(job.headrace.folder, record)))
    return {int(file.read_text()) for file in record.glob("*.synced")}


def test_a_directory_that_a_killed_run_made_is_made_durable_by_the_next(headrace, disk, source, knife, tmp_path):
    """Its name may not be synced, and what is published below it would go with it when the power does."""
    job = Job(headrace, {"type": "sqlite", "path": str(source)}, [{"name": "items", "write": "append"}],
              destination={"type": "parquet", "path": "./lakes/deep/lake"}, state="./states/deep/state")
    trace = tmp_path / "trace"
    ended(headrace.start("run", job.file, "--run-id", RUN, env=knife.trace(trace)))
    calls = [line.split(" ", 2) for line in trace.read_text().splitlines()]
    above = {parent for file in (*job.lake.rglob("*"), *job.state.iterdir()) for parent in file.parents}
    made = [(int(number), pathlib.Path(path)) for number, call, path in calls if call == "mkdir" and pathlib.Path(path) in above]
    assert {"lakes", "deep", "lake", "items", "states", "state"} <= {folder.name for _, folder in made}
    for number, folder in made:
        Cut("lost", number, {job.file: (disk / job.file).read_bytes()}).restore(disk)
        finished = headrace("run", job.file, "--run-id", RUN, env=knife.kill(number, "after"), expect=None)
        assert finished.returncode == -signal.SIGKILL and folder.is_dir(), folder
        above_it = folder.parent.stat().st_ino
        assert above_it in synced_by_next_run(job, knife, tmp_path / "record"), folder
