"""kill -9 at every durable call of an incremental run; then the same command again: every row once, whatever the kill left."""

import itertools
import signal

import pytest
from harness import lake
from harness.job import postgres_job

SETUP = "CREATE TABLE events (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY)"


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_kill_at_every_durable_call_loses_and_doubles_no_new_row(database, headrace, knife, when):
    database.execute(SETUP)
    job = postgres_job(headrace, database, {"name": "public.events", "mode": "transactional", "cursor": "id", "partition": {"target_rows": 5}})
    for point in itertools.count(1):
        database.execute("INSERT INTO events SELECT FROM generate_series(1, 20)")
        job.environment = knife.kill(point, when)
        finished = job.run(expect=None)
        if finished.returncode == 0:
            break
        assert finished.returncode == -signal.SIGKILL, f"killed {when} durable call {point}\n{finished.stdout}{finished.stderr}"
        assert lake.count(job.lake, "public.events") in (20 * point - 20, 20 * point), f"killed {when} durable call {point}"
        job.environment = {}
        job.run()
        ids = sorted(number for number, in lake.rows(job.lake, "public.events", "id"))
        assert ids == list(range(1, 20 * point + 1)), f"killed {when} durable call {point}"
    assert point > 20, "too few durable calls to be true"
    job.environment = {}
    job.command("clean")
    assert lake.staged_files(job.lake) == []


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_kill_of_a_run_that_takes_another_over_loses_and_doubles_nothing(database, headrace, knife, when):
    """The run before has published `orders` and left `events`, which had another name for a while."""
    database.execute(SETUP + "; CREATE TABLE orders (LIKE events INCLUDING ALL)")
    window = {"mode": "transactional", "cursor": "id"}
    job = postgres_job(headrace, database, {"name": "public.orders"} | window, {"name": "public.events"} | window)
    for point in itertools.count(1):
        database.execute("INSERT INTO events SELECT FROM generate_series(1, 5); ALTER TABLE events RENAME TO away")
        job.run(expect=1)
        database.execute("ALTER TABLE away RENAME TO events; INSERT INTO orders SELECT FROM generate_series(1, 5)")
        job.environment = knife.kill(point, when)
        finished = job.run(expect=None)
        job.environment = {}
        if finished.returncode == 0:
            break
        assert finished.returncode == -signal.SIGKILL, f"killed {when} durable call {point}\n{finished.stdout}{finished.stderr}"
        job.run()
        for table in ("orders", "events"):
            ids = sorted(number for number, in lake.rows(job.lake, f"public.{table}", "id"))
            assert ids == list(range(1, 5 * point + 1)), f"{table}, killed {when} durable call {point}"
    assert point > 20, "too few durable calls to be true"
    job.command("clean")
    assert lake.staged_files(job.lake) == []


def call(job, where: str, *arguments: str, **expect):
    job.document["tables"][0]["where"] = where
    job.write()
    return job.run(*arguments, **expect)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("is_mended", [False, True], ids=["of_another_id", "of_a_mended_job"])
def test_a_kill_of_a_run_that_takes_one_over_that_published_nothing_loses_and_doubles_nothing(database, headrace, knife, when, is_mended):
    """Of full loads: the one before had staged a part, and its retry loads nothing once more. The new one has an id of its own, or the job
    was mended, and who calls it says none."""
    database.execute("CREATE TABLE events AS SELECT id, '2024-02-29'::date AS at FROM generate_series(1, 5) AS id")
    job = postgres_job(headrace, database, {"name": "public.events", "write": "append"})
    where = "id > -1" if is_mended else "id > 0"
    for point in itertools.count(1):
        first, second = ("--run-id", f"first-{point}"), ("--run-id", f"second-{point}")
        database.execute("INSERT INTO events VALUES (6, 'infinity')")
        call(job, "id > 0", *first, expect=1)
        database.execute("DELETE FROM events WHERE id = 6")
        job.environment = knife.kill(point, when)
        finished = call(job, where, *([] if is_mended else second), expect=None)
        job.environment = {}
        if finished.returncode == 0:
            break
        assert finished.returncode == -signal.SIGKILL, f"killed {when} durable call {point}\n{finished.stdout}{finished.stderr}"
        for night in (first, first) if is_mended else (second, first):
            job.run(*night)
            ids = sorted(number for number, in lake.rows(job.lake, "public.events", "id"))
            assert ids == sorted(list(range(1, 6)) * point), f"{night}, killed {when} durable call {point}"
    assert point > 15, "too few durable calls to be true"
    job.command("clean")
    assert lake.staged_files(job.lake) == []
