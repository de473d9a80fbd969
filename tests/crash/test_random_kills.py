"""kill -9 of runs from PostgreSQL at 40 random moments, some of them in a row: at durable calls, and at any read or write."""

import itertools
import random
import signal

import pyarrow
import pytest
from harness import lake
from harness.job import Job, postgres_job

ROWS = {"events": 40_000, "people": 3_000}
SETUP = f"""
CREATE TABLE events (id int PRIMARY KEY, payload text, at timestamptz);
INSERT INTO events SELECT i, md5(i::text), timestamptz '2024-01-01 00:00+00' + i * interval '1 s' FROM generate_series(1, {ROWS["events"]}) AS i;
CREATE TABLE people (id int PRIMARY KEY, name text);
INSERT INTO people SELECT i, 'person ' || i FROM generate_series(1, {ROWS["people"]}) AS i;
"""
SCHEMAS = {
    "events": pyarrow.schema({"id": pyarrow.int32(), "payload": pyarrow.string(), "at": pyarrow.timestamp("us", "UTC")}),
    "people": pyarrow.schema({"id": pyarrow.int32(), "name": pyarrow.string()}),
}
SEED = 20240229
KILLS = 10  # of each case; at most three in a row of one run


def make_job(headrace, database, write: str) -> Job:
    tables = [{"name": f"public.{name}", "write": write, "partition": {"target_rows": 4000}} for name in ROWS]
    return postgres_job(headrace, database, *tables, destination={"type": "parquet", "path": "./lake", "target_file_size": "1MiB", "grace": "0s"})


def source_tables(database) -> dict[str, pyarrow.Table]:
    """What the server holds, by an independent reader, ordered by id."""
    tables = {}
    for name, schema in SCHEMAS.items():
        columns = zip(*database.execute(f"SELECT * FROM {name} ORDER BY id"))
        tables[name] = pyarrow.table(dict(zip(schema.names, columns)), schema)
    return tables


def expect_the_source(job: Job, source: dict, run_id: str, runs: int) -> None:
    """The run's own directory holds every value of every row once; the table holds nothing else but the runs before it."""
    for name, expected in source.items():
        assert lake.holds(job.lake, f"public.{name}/run-{run_id}", expected, "id"), f"{name}, {run_id}"
        assert lake.count(job.lake, f"public.{name}") == runs * expected.num_rows, f"{name}, {run_id}"


def count_calls(job: Job, knife, calls: str) -> int:
    trace = job.headrace.folder / "trace"
    job.environment = knife.trace(trace, calls)
    job.run("--run-id", "untouched")
    return len(trace.read_text().splitlines())


@pytest.mark.parametrize("calls", ["durable", "all"])
@pytest.mark.parametrize("write", ["append", "replace"])
def test_random_kills(headrace, database, knife, write, calls):
    database.execute(SETUP)
    source = source_tables(database)
    job = make_job(headrace, database, write)
    dice = random.Random(f"{SEED} {write} {calls}")
    moments = count_calls(job, knife, calls)
    killed = 0
    for number in itertools.count():
        run_id = f"run-{number}"
        for _ in range(dice.randint(1, 3)):  # A run that has less left to do may end before its moment comes.
            job.environment = knife.kill(dice.randint(1, moments), dice.choice(["before", "after"]), calls)
            finished = job.run("--run-id", run_id, expect=None)
            assert finished.returncode in (0, -signal.SIGKILL), finished.stdout + finished.stderr
            killed += finished.returncode != 0
        job.environment = {}
        job.run("--run-id", run_id)
        expect_the_source(job, source, run_id, number + 2 if write == "append" else 1)
        if killed >= KILLS:
            break
    job.command("clean")
    assert lake.staged_files(job.lake) == []
