"""kill -9 at every durable call of a run, one after the other; then the same command again: every row once, nothing left."""

import itertools
import random
import signal
import sqlite3

import pytest
from harness import lake
from harness.job import Job

ROWS = {"orders": 50_000, "people": 2_000}
SETUP = """
CREATE TABLE orders (id INTEGER PRIMARY KEY, person INTEGER, amount REAL, note TEXT);
CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT);
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """An SQLite file whose text does not shrink, so that a small target makes several files."""
    file = tmp_path_factory.mktemp("source") / "shop.db"
    dice = random.Random(7)
    connection = sqlite3.connect(file)
    connection.executescript(SETUP)
    connection.executemany("INSERT INTO orders VALUES (?, ?, ?, ?)",
                           ((i, i % 2000, i / 3, f"{dice.getrandbits(256):064x}") for i in range(1, ROWS["orders"] + 1)))
    connection.executemany("INSERT INTO people VALUES (?, ?)", ((i, f"person {i}") for i in range(1, ROWS["people"] + 1)))
    connection.commit()
    connection.close()
    return file


def make_job(headrace, shop, write: str) -> Job:
    tables = [{"name": name, "write": write, "partition": {"target_rows": 5000}} for name in ROWS]
    return Job(headrace, {"type": "sqlite", "path": str(shop)}, tables,
               destination={"type": "parquet", "path": "./lake", "target_file_size": "1MiB", "grace": "0s"})


def expect_whole_runs(job: Job, write: str, runs: int, context: str) -> None:
    """What a reader finds between kill and repair: each table with or without the killed run, nothing between."""
    before = runs - 1 if write == "append" else runs
    for name, rows in ROWS.items():
        assert lake.count(job.lake, name) in (before * rows, runs * rows), f"{name}, {context}"


def expect_the_source(job: Job, run_id: str, runs: int, context: str) -> None:
    """The run's own directory holds every row once; the table holds nothing else but the runs before it."""
    for name, rows in ROWS.items():
        ids = lake.read(job.lake, f"{name}/run-{run_id}")["id"].to_pylist()
        assert len(ids) == rows and set(ids) == set(range(1, rows + 1)), f"{name}: {len(ids)} rows, {context}"
        assert lake.count(job.lake, name) == runs * rows, f"{name}, {context}"


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("write", ["append", "replace"])
def test_a_kill_at_every_durable_call(headrace, shop, knife, write, when):
    job = make_job(headrace, shop, write)
    job.run("--run-id", "point-0")
    for point in itertools.count(1):
        run_id, context = f"point-{point}", f"killed {when} durable call {point}"
        runs = point + 1 if write == "append" else 1
        job.environment = knife.kill(point, when)
        finished = job.run("--run-id", run_id, expect=None)
        if finished.returncode == 0:
            break
        assert finished.returncode == -signal.SIGKILL, f"{context}\n{finished.stdout}{finished.stderr}"
        expect_whole_runs(job, write, runs, context)
        job.environment = {}
        job.run("--run-id", run_id)
        expect_the_source(job, run_id, runs, context)
    assert point > 20, "too few durable calls to be true"
    job.environment = {}
    job.command("clean")
    assert lake.staged_files(job.lake) == []


def people_job(headrace, shop, **sections) -> Job:
    """One small table: few durable calls, so that a case at each of them is cheap."""
    return Job(headrace, {"type": "sqlite", "path": str(shop)}, [{"name": "people", "write": "append"}],
               destination={"type": "parquet", "path": "./lake", "grace": "0s"}, **sections)


def killed_at_every_call(job: Job, knife, when: str):
    """Run ids that were killed at the first, second, … durable call, until one is not."""
    for point in itertools.count(1):
        run_id = f"point-{point}"
        job.environment = knife.kill(point, when)
        finished = job.run("--run-id", run_id, expect=None)
        job.environment = {}
        if finished.returncode == 0:
            assert point > 10, "too few durable calls to be true"
            return
        assert finished.returncode == -signal.SIGKILL, f"{run_id}\n{finished.stdout}{finished.stderr}"
        yield run_id


def published(job: Job, run_id: str) -> int:
    return lake.count(job.lake, f"people/run-{run_id}")


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("give_up", [False, True], ids=["run_again", "abandon"])
def test_another_writer_between_kill_and_repair(headrace, shop, knife, when, give_up):
    """Whoever comes first, each run's rows are there once or not at all, and no run stays open for good."""
    job = people_job(headrace, shop)
    other = people_job(headrace, shop, name="other", file="other.yaml")
    others = 0
    for run_id in killed_at_every_call(job, knife, when):
        there = published(job, run_id)
        other.run("--run-id", f"other-{run_id}")
        others += 1
        if give_up and state_of(job, run_id) == "running":
            job.command("abandon", run_id)
            assert published(job, run_id) == there, f"{run_id}: what another job overtook is not published late"
        else:
            job.run("--run-id", run_id)
            assert published(job, run_id) == ROWS["people"], run_id
        ids = lake.read(job.lake, f"people/run-other-{run_id}")["id"].to_pylist()
        assert len(ids) == ROWS["people"], run_id
    assert others > 10
    job.command("clean")
    assert lake.staged_files(job.lake) == []


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_killed_run_is_verified_by_the_one_that_ends_it(headrace, shop, knife, when):
    """Whatever the kill left undone: a file that was damaged meanwhile is found before the run is called done."""
    job = people_job(headrace, shop, verify="checksum")
    damaged = 0
    for run_id in killed_at_every_call(job, knife, when):
        if published(job, run_id) == 0 or state_of(job, run_id) == "done":
            job.run("--run-id", run_id)
            continue
        for file in lake.files(job.lake, f"people/run-{run_id}"):
            with file.open("ab") as damage:
                damage.write(b"x")
        damaged += 1
        job.run("--run-id", run_id, expect=3)
        job.run("--run-id", run_id, expect=3)
        for file in lake.files(job.lake, f"people/run-{run_id}"):
            file.unlink()  # So that the next look at the lake does not stumble over it.
    assert damaged > 2, "no kill came between the commit and the end of the run"


def state_of(job: Job, run_id: str) -> str | None:
    """What the journal says of a run; None if it does not know it."""
    runs = job.command("runs", "--json").json()["runs"]
    return next((run["state"] for run in runs if run["run"] == run_id), None)
