"""kill -9 at every durable call of a run, one after the other; then the same command again: every row once, nothing left."""

import itertools
import signal

import pytest
from harness import lake
from harness.job import Job
from harness.shop import ROWS, shop_tables


def make_job(headrace, shop, write: str) -> Job:
    tables = [{"name": name, "write": write, "partition": {"target_rows": 5000}} for name in ROWS]
    return Job(headrace, {"type": "sqlite", "path": str(shop)}, tables,
               destination={"type": "parquet", "path": "./lake", "target_file_size": "1MiB", "grace": "0s"})


def expect_whole_runs(job: Job, write: str, runs: int, context: str) -> None:
    """What a reader finds between kill and repair: each table with or without the killed run, nothing between."""
    before = runs - 1 if write == "append" else runs
    for name, rows in ROWS.items():
        assert lake.count(job.lake, name) in (before * rows, runs * rows), f"{name}, {context}"


def expect_the_source(job: Job, source: dict, run_id: str, runs: int, context: str) -> None:
    """The run's own directory holds every value of every row once; the table holds nothing else but the runs before it."""
    for name, expected in source.items():
        assert lake.holds(job.lake, f"{name}/run-{run_id}", expected, "id"), f"{name}, {context}"
        assert lake.count(job.lake, name) == runs * expected.num_rows, f"{name}, {context}"


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("write", ["append", "replace"])
def test_a_kill_at_every_durable_call(headrace, shop, knife, write, when):
    job = make_job(headrace, shop, write)
    source = shop_tables(shop)
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
        expect_the_source(job, source, run_id, runs, context)
    assert point > 20, "too few durable calls to be true"
    job.environment = {}
    job.command("clean")
    assert lake.staged_files(job.lake) == []
