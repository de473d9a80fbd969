"""What happens to the source while it is read does not happen to the lake."""

import threading

import pytest
from harness import lake
from harness.gate import gate, until
from harness.job import Job, ended, postgres_job, said

SETUP = """
CREATE TABLE big (id int PRIMARY KEY, value int); INSERT INTO big SELECT i, i FROM generate_series(1, 20000) AS i;
CREATE TABLE later (id int PRIMARY KEY, value int); INSERT INTO later SELECT i, i FROM generate_series(1, 5000) AS i;
"""
BLOCKED = "SELECT 1 FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND NOT granted AND relation = '{}'::regclass"
SMALL = {"partition": {"target_rows": 1000}}


@pytest.fixture
def tables(database):
    database.execute(SETUP)
    return database


def big_and_later(tables, headrace) -> Job:
    """Two tables, of which the first stops at the gate in every unit, so that no worker has reached the second one."""
    return postgres_job(headrace, tables, {"name": "public.big", "where": "gate()"} | SMALL, {"name": "public.later"} | SMALL,
                        engine={"workers": {"initial": 2, "max": 2}})


def queue(tables, statement: str, table: str) -> threading.Thread:
    """Runs a statement that has to wait for the run, and returns once the server says that it waits."""
    thread = threading.Thread(target=tables.execute, args=[statement])
    thread.start()
    until(lambda: tables.execute(BLOCKED.format(table)), f"{statement} waits")
    return thread


def expect_snapshot(job: Job) -> None:
    assert lake.rows(job.lake, "public.big") == lake.in_order((i, i) for i in range(1, 20001))
    assert lake.rows(job.lake, "public.later") == lake.in_order((i, i) for i in range(1, 5001))


CHANGES = """
UPDATE big SET value = -value; DELETE FROM big WHERE id % 2 = 0; INSERT INTO big VALUES (90000, 0);
UPDATE later SET value = -value; DELETE FROM later WHERE id > 10;
"""


def test_updates_and_deletes_during_the_read(tables, headrace):
    job = big_and_later(tables, headrace)
    with gate(tables.uri) as held:
        process = job.start()
        held.wait_for_reader(process)
        tables.execute(CHANGES)
        held.open()
        ended(process)
    expect_snapshot(job)


@pytest.mark.parametrize("statement", ["TRUNCATE {}", "DROP TABLE {}", "ALTER TABLE {} ADD COLUMN extra int DEFAULT 7"],
                         ids=["truncate", "drop", "alter"])
@pytest.mark.parametrize("table", ["big", "later"])
def test_a_statement_that_queues_behind_the_run(tables, headrace, statement, table):
    job = big_and_later(tables, headrace)
    with gate(tables.uri) as held:
        process = job.start()
        held.wait_for_reader(process, 2)
        waiting = queue(tables, statement.format(table), table)
        held.open()
        ended(process)
        waiting.join()
    expect_snapshot(job)


@pytest.mark.parametrize("snapshot", ["require", "off"])
def test_a_table_that_somebody_holds_names_the_key_of_the_wait(tables, headrace, snapshot):
    job = postgres_job(headrace, tables, {"name": "public.big"}, limits={"retries": 0})
    job.document["source"] |= {"lock_timeout": "250ms", "snapshot": snapshot}
    job.write()
    with tables.connect() as holder, holder.transaction():
        holder.execute("LOCK TABLE big IN ACCESS EXCLUSIVE MODE")
        for command in ("check", "run"):
            finished = headrace(command, "job.yaml", expect=1)
            said(" ".join((finished.stdout + finished.stderr).split()), "lock timeout", "source.lock_timeout is 250ms")


def test_a_worker_that_comes_back_behind_a_queued_truncate(tables, headrace):
    """It has no lock any more and gets none: its units are read through the leader, to the snapshot's rows."""
    job = big_and_later(tables, headrace)
    with gate(tables.uri) as held:
        process = job.start()
        first, second = held.wait_for_reader(process, 2)
        waiting = queue(tables, "TRUNCATE big", "big")
        tables.execute("SELECT pg_terminate_backend(%s)", [first])
        # The leader stands there in its place: the worker that came back holds no lock of its own.
        until(lambda: len(pids := held.waiting()) == 2 and second in pids and first not in pids, "the leader reads")
        [leader] = set(held.waiting()) - {second}
        locks = tables.execute("SELECT pid FROM pg_locks WHERE relation = 'big'::regclass AND granted")
        assert {pid for pid, in locks} == {leader, second}
        assert waiting.is_alive()
        held.open()
        ended(process)
        waiting.join()
    expect_snapshot(job)
    assert tables.execute("SELECT count(*) FROM big") == [(0,)]
