"""Behind a pooler that gives a connection to somebody else after each transaction, and cleans nothing up in between."""

import contextlib
import signal

import psycopg
import pytest
from harness import lake
from harness.gate import gate, until
from harness.job import Job, ended, next_event, said
from servers.pgbouncer import PgBouncer

WORKERS = 3
POOL = WORKERS + 1  # The leader has one.

SETUP = """
CREATE TABLE orders (id int PRIMARY KEY, amount numeric(12,2), at timestamptz, note text);
INSERT INTO orders SELECT i, i / 7.0, '2024-01-01'::timestamptz + i * interval '1 hour', 'note ' || i FROM generate_series(1, 20000) AS i;
CREATE TABLE items (id bigint PRIMARY KEY, data bytea, span interval);
INSERT INTO items SELECT i, decode(md5(i::text), 'hex'), i * interval '1 minute' FROM generate_series(1, 5000) AS i;
CREATE TABLE parts (id int, kind text) PARTITION BY RANGE (id);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (2000);
CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM (2000) TO (9000);
INSERT INTO parts SELECT i, 'kind ' || i % 5 FROM generate_series(1, 4000) AS i;
"""
SMALL = {"partition": {"target_rows": 1000}}
TABLES = [
    {"name": "public.orders", "where": "id > 10"} | SMALL,
    {"name": "public.items"} | SMALL,
    {"name": "public.parts"} | SMALL,
    {"as": "sums", "query": "SELECT kind, count(*) AS n FROM parts GROUP BY kind"},
]
EXPECTED = {
    "public.orders": "SELECT id, note FROM orders WHERE id > 10",
    "public.items": "SELECT id, data FROM items",
    "public.parts": "SELECT id, kind FROM parts",
    "sums": "SELECT kind, count(*) FROM parts GROUP BY kind",
}
COLUMNS = {"public.orders": ["id", "note"], "public.items": ["id", "data"], "public.parts": ["id", "kind"], "sums": ["kind", "n"]}

# What a client can leave in a server's session. The pooler itself hands on the name of the last client that had one, and the gate of
# a test loads plpgsql.
LEFT = {
    "settings": "SELECT name, setting FROM pg_settings WHERE name <> 'application_name' AND name NOT LIKE 'plpgsql.%' ORDER BY name",
    "prepared statements": "SELECT name, statement FROM pg_prepared_statements",
    "cursors": "SELECT name FROM pg_cursors WHERE name <> ''",
    "advisory locks": "SELECT objid FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()",
    "temporary tables": "SELECT relname FROM pg_class WHERE relpersistence = 't'",
}


@pytest.fixture
def pooled(any_database):
    """A pooler in front of the tables of a database."""
    any_database.execute(SETUP)
    with PgBouncer(any_database.server, POOL) as pooler:
        yield pooler


def sessions(pooler, database):
    """What each session of the pool holds, by the pid of its server process: as many clients as it has, at the same time."""
    held = {}
    with contextlib.ExitStack() as stack:
        for _ in range(POOL):
            client = stack.enter_context(psycopg.connect(pooler.uri(database.name), prepare_threshold=None))
            [pid] = client.execute("SELECT pg_backend_pid()").fetchone()  # Its transaction is open from here on.
            held[pid] = {what: client.execute(query).fetchall() for what, query in LEFT.items()}
    assert len(held) == POOL
    return held


def job_through(pooler, database, headrace, tables=TABLES, **source):
    source = {"type": "postgresql", "uri": pooler.uri(database.name)} | source
    return Job(headrace, source, tables, engine={"workers": {"initial": WORKERS, "max": WORKERS}})


def expect_clean(pooler, database, before):
    """The pool is as it was: the same server processes, none in a transaction or with a lock, nothing changed in them."""
    pids = list(before)
    busy = "SELECT pid, state, query FROM pg_stat_activity WHERE pid = ANY (%s) AND (state <> 'idle' OR xact_start IS NOT NULL)"
    assert until(lambda: not database.execute(busy, [pids]), "no session of the pool is in a transaction")
    assert database.execute("SELECT relation::regclass, mode FROM pg_locks WHERE pid = ANY (%s)", [pids]) == []
    after = sessions(pooler, database)
    assert sorted(after) == sorted(before), pooler.log_tail()
    assert after == before


def expect_rows(job, database):
    for table, query in EXPECTED.items():
        assert lake.rows(job.lake, table, *COLUMNS[table]) == lake.in_order(database.execute(query)), table


@pytest.mark.parametrize("source", [{}, {"direct_socket": "off"}, {"snapshot": "off"}, {"application_name": "nightly"}],
                         ids=lambda source: "_".join(source) or "default")
def test_a_run_through_a_pooler_leaves_it_as_it_was(pooled, any_database, headrace, source):
    before = sessions(pooled, any_database)
    job = job_through(pooled, any_database, headrace, **source)
    for command in ("check", "plan"):
        headrace(command, "job.yaml", expect=0)
    job.run()
    expect_rows(job, any_database)
    name = source.get("application_name", "headrace")  # A pooler of this kind hands it on, and to the next client its own.
    served = "SELECT count(*) FROM pg_stat_activity WHERE pid = ANY (%s) AND application_name = %s"
    assert any_database.execute(served, [list(before), name]) >= [(1,)]
    expect_clean(pooled, any_database, before)


def test_workers_read_side_by_side_under_one_snapshot(pooled, any_database, headrace):
    job = job_through(pooled, any_database, headrace, [{"name": "public.orders", "where": "gate()"} | SMALL])
    rows = lake.in_order(any_database.execute("SELECT id, note FROM orders"))
    before = sessions(pooled, any_database)
    with gate(any_database.uri) as held:
        process = job.start()
        assert set(held.wait_for_reader(process, WORKERS)) <= set(before)
        any_database.execute("UPDATE orders SET note = 'changed'")
        held.open()
        ended(process)
    assert lake.rows(job.lake, "public.orders", *COLUMNS["public.orders"]) == rows
    expect_clean(pooled, any_database, before)


def test_a_pool_that_is_smaller_than_the_run_slows_it_down_only(any_database, headrace):
    any_database.execute(SETUP)
    with PgBouncer(any_database.server, 2) as pooler:
        # Long enough for a log-in on a machine that stands still for a moment, and more attempts than it can stand still.
        job = job_through(pooler, any_database, headrace, connect_timeout="3s")
        job.document["limits"] = {"retries": 10}
        job.write()
        job.run()
        expect_rows(job, any_database)


def test_a_pooler_that_takes_no_more_clients_slows_the_run_down_only(any_database, headrace):
    """It takes the leader and two workers at most: who connects at the same moment counts before it is refused."""
    any_database.execute(SETUP)
    with PgBouncer(any_database.server, POOL + 1, max_clients=3) as pooler, gate(any_database.uri) as held:
        job = job_through(pooler, any_database, headrace, [{"name": "public.orders", "where": "gate()"} | SMALL])
        job.document["engine"]["workers"] = {"initial": 4, "max": 4}
        job.write()
        process = job.start("--log-format", "json")
        held.wait_for_reader(process)
        refused = [next_event(process, "worker_retired") for _ in range(2)]
        held.open()
        assert "new_epoch" not in ended(process)
    said(refused[0]["message"], "no more connections allowed", "no room for another session")
    assert [event["level"] for event in refused] == ["warning", "info"]  # One reason.
    assert lake.rows(job.lake, "public.orders", *COLUMNS["public.orders"]) == lake.in_order(any_database.execute("SELECT id, note FROM orders"))


@pytest.mark.parametrize("source, parameter, environment", [({"connect_timeout": "2s"}, "", {}), ({"snapshot": "off"}, "?connect_timeout=1", {}),
                                                            ({}, "", {"PGCONNECT_TIMEOUT": "1"})], ids=["key", "uri", "environment"])
def test_a_pool_without_room_is_told_within_the_timeout_of_a_connection(database, headrace, source, parameter, environment):
    database.execute(SETUP)
    with PgBouncer(database.server, 1) as pooler, psycopg.connect(pooler.uri(database.name), prepare_threshold=None) as holder:
        holder.execute("SELECT 1")  # Its transaction is open, and it has the one session.
        job = job_through(pooler, database, headrace, **source)
        job.document["source"]["uri"] += parameter
        job.document["limits"] = {"retries": 1}
        job.write()
        for command in (["check", job.file], ["run", job.file]):
            finished = headrace(*command, expect=1, env=environment)
            said(" ".join((finished.stdout + finished.stderr).split()), "no answer within connect_timeout", "a pooler has no room")
        uri = job.document["source"]["uri"]
        if "connect_timeout" not in source:  # A key of the job, of which inspect has none.
            said(headrace("inspect", uri, expect=1, env=environment), "a pooler has no room")


def test_what_fails_leaves_nothing_either(pooled, any_database, headrace):
    before = sessions(pooled, any_database)
    tables = [{"name": "public.orders", "where": "nope = 1"}, {"name": "public.nowhere"}, {"name": "public.items", "where": "1 / (id - 7) = 0"}]
    finished = job_through(pooled, any_database, headrace, tables).run(expect=2)
    said(finished, "nope", "nowhere", "division by zero")
    expect_clean(pooled, any_database, before)


def test_a_run_that_is_interrupted_leaves_nothing_either(pooled, any_database, headrace):
    """A client that closes within a transaction would cost the pool its session."""
    job = job_through(pooled, any_database, headrace, [{"name": "public.orders", "where": "gate()"} | SMALL])
    before = sessions(pooled, any_database)
    with gate(any_database.uri) as held:
        process = job.start()
        held.wait_for_reader(process, WORKERS)
        process.send_signal(signal.SIGINT)
        ended(process, 130)
    expect_clean(pooled, any_database, before)


def test_a_startup_parameter_that_the_pooler_does_not_take_is_told_at_once(pooled, any_database, headrace):
    job = job_through(pooled, any_database, headrace)
    job.document["source"]["uri"] += "?options=-c%20work_mem%3D8MB"
    job.write()
    finished = job.run(expect=2)
    said(finished, "unsupported startup parameter", "options")
    assert "trying again" not in finished.stdout + finished.stderr
