"""The server goes away, cuts connections or has none left: the run backs off, goes on and ends with every row once."""

import concurrent.futures
import contextlib
import json
import threading

import psycopg
import pytest
from harness import lake
from harness.gate import gate
from harness.job import ended, next_event, postgres_job, said
from servers.postgres import PostgresServer, versions_to_test

ROWS = 20_000
SETUP = f"CREATE TABLE big (id int PRIMARY KEY, value text); INSERT INTO big SELECT i, md5(i::text) FROM generate_series(1, {ROWS}) AS i"
TABLE = {"name": "public.big", "where": "gate()", "partition": {"target_rows": 1000}}


@pytest.fixture(params=versions_to_test())
def own_server(request):
    """For tests that hurt it."""
    with PostgresServer(request.param) as server:
        yield server


@pytest.fixture
def own_database(own_server, postgres_servers):
    made = postgres_servers.make_database(own_server)
    made.execute(SETUP)
    made.execute("CHECKPOINT")  # The server syncs nothing: what is younger than a checkpoint may not outlive a kill.
    return made


def expect_every_row_once(job) -> None:
    ids = [number for number, in lake.rows(job.lake, "public.big", "id")]
    assert sorted(ids) == list(range(1, ROWS + 1))


@pytest.mark.parametrize("stop", [lambda server: server.kill(), lambda server: server.stop("immediate"), lambda server: server.stop("fast")],
                         ids=["kill", "immediate", "fast"])
def test_server_restarted_during_the_read(own_server, own_database, headrace, stop):
    job = postgres_job(headrace, own_database, TABLE)
    with contextlib.suppress(psycopg.OperationalError), gate(own_database.uri) as held:  # The gate's own connection is cut too.
        process = job.start()
        held.wait_for_reader(process)
        stop(own_server)
        own_server.start()
    said(ended(process), "epoch")
    expect_every_row_once(job)


def test_a_server_that_takes_its_time_to_restart_is_waited_for(own_server, own_database, headrace):
    """Longer than workers try: the coordinator is at it, for the second time, when the server comes back."""
    job = postgres_job(headrace, own_database, TABLE)
    with contextlib.suppress(psycopg.OperationalError), gate(own_database.uri) as held:
        process = job.start("--log-format", "json")
        held.wait_for_reader(process)
        own_server.stop("immediate")
        for _ in range(2):
            next_event(process, "snapshot_retry")
        own_server.start()
    said(ended(process), "epoch")
    expect_every_row_once(job)


def test_one_backend_terminated_during_the_read(own_database, headrace):
    job = postgres_job(headrace, own_database, TABLE)
    with gate(own_database.uri) as held:
        process = job.start("--log-format", "json")
        victim = held.wait_for_reader(process)[0]
        own_database.execute("SELECT pg_terminate_backend(%s)", [victim])
        held.open()
        lines = ended(process).splitlines()
    retries = [json.loads(line) for line in lines if '"event":"unit_retry"' in line]
    assert retries and all({"run", "table", "unit", "worker", "attempt"} <= retry.keys() for retry in retries), lines
    expect_every_row_once(job)


def test_every_backend_terminated_during_the_read(own_database, headrace):
    job = postgres_job(headrace, own_database, TABLE)
    with gate(own_database.uri) as held:
        process = job.start()
        held.wait_for_reader(process)
        held.connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                                "WHERE datname = current_database() AND pid <> pg_backend_pid()")
        held.open()
        said(ended(process), "epoch")
    expect_every_row_once(job)


LEADER = ("SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'headrace' "
          "ORDER BY backend_start LIMIT 1")  # Sessions come after it.


@pytest.mark.parametrize("workers", [1, 3])
def test_the_leader_terminated_during_the_read(own_database, headrace, workers):
    """Who reads hands its snapshot on: to a worker that has to connect again as well. What nobody had locked starts a new epoch, and that
    alone."""
    own_database.execute("CREATE TABLE small (id int); INSERT INTO small VALUES (1)")
    job = postgres_job(headrace, own_database, {"name": "public.small"}, TABLE, engine={"workers": {"initial": workers, "max": workers}})
    with gate(own_database.uri) as held:
        process = job.start("--log-format", "json")
        readers = held.wait_for_reader(process, workers)
        [(leader,)] = own_database.execute(LEADER)
        assert leader not in readers
        own_database.execute("SELECT pg_terminate_backend(pid) FROM unnest(%s) AS pid", [[leader, *readers[1:]]])
        own_database.execute(f"INSERT INTO big VALUES ({ROWS} + 1); TRUNCATE small; INSERT INTO small VALUES (2)")
        for _ in readers[1:]:
            said(next_event(process, "attach_retry")["message"], "a session that reads can hand it on")
        held.open()
        events = [json.loads(line) for line in ended(process).splitlines() if line.startswith("{")]
    told = {event["event"]: event["message"] for event in events}
    assert "snapshot_handed_on" in told and "worker_retired" not in told, events
    assert sum(event["event"] == "new_epoch" for event in events) == 1, events
    said(told["new_epoch"], "public.small", "1 table not yet committed starts a new epoch")
    expect_every_row_once(job)
    assert lake.rows(job.lake, "public.small") == [(2,)]


@contextlib.contextmanager
def watched(uri: str, role: str):
    """The sessions of `role`, as sets of process numbers, looked at again and again until the end."""
    seen, is_over = [], threading.Event()

    def watch() -> None:
        with psycopg.connect(uri, autocommit=True) as connection:
            while not is_over.is_set():
                seen.append({pid for pid, in connection.execute("SELECT pid FROM pg_stat_activity WHERE usename = %s", [role])})

    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        watching = pool.submit(watch)
        try:
            yield seen
        finally:
            is_over.set()
            watching.result()


@pytest.mark.parametrize("workers", [2, 3])
def test_no_more_connections_than_allowed_while_a_lost_snapshot_is_handed_on(own_database, headrace, workers):
    """A session that was ended may be seen for a moment after its client has heard of it: it counts no more."""
    own_database.execute("CREATE ROLE counted LOGIN; GRANT SELECT ON big TO counted")
    job = postgres_job(headrace, own_database, TABLE, limits={"connections": workers + 1}, engine={"workers": {"initial": 8, "max": 8}})
    job.document["source"]["user"] = "counted"
    job.write()
    with gate(own_database.uri) as held, watched(own_database.uri, "counted") as seen:
        process = job.start("--log-format", "json")
        readers = held.wait_for_reader(process, workers)
        [(leader,)] = own_database.execute(LEADER)
        ended_by_us = {leader, *readers[1:]}
        own_database.execute("SELECT pg_terminate_backend(pid) FROM unnest(%s) AS pid", [list(ended_by_us)])
        for _ in readers[1:]:
            next_event(process, "attach_retry")
        held.open()
        said(ended(process), "snapshot_handed_on")
    expect_every_row_once(job)
    assert max(len(pids) for pids in seen) > workers, "they were all there at once"
    assert max(len(pids - ended_by_us) for pids in seen) <= workers + 1
    assert len(set().union(*seen)) > workers + 1, "others have taken the places of those that were ended"
    own_database.execute("DROP OWNED BY counted; DROP ROLE counted")


ASKS_FOR_A_PASSWORD = "host all etl 127.0.0.1/32 md5\n"  # Of either kind.


def test_a_password_that_ends_during_the_read(own_server, own_database, headrace):
    """As a token does: the sessions that there are live on, and the one that has to connect again is refused."""
    own_database.execute("CREATE ROLE etl LOGIN PASSWORD 'first-word'; GRANT SELECT ON big TO etl")
    rules = own_server.data / "pg_hba.conf"
    rules.write_text(ASKS_FOR_A_PASSWORD + rules.read_text())
    own_database.execute("SELECT pg_reload_conf()")
    job = postgres_job(headrace, own_database, TABLE, engine={"workers": {"initial": 2, "max": 2}})
    job.document["source"] = {"type": "postgresql", "uri": own_server.uri(own_database.name, "etl"), "password": "${ETL_PASSWORD}"}
    job.environment = {"ETL_PASSWORD": "first-word"}
    job.write()
    with gate(own_database.uri) as held:
        process = job.start("--log-format", "json")
        victim = held.wait_for_reader(process, 2)[0]
        own_database.execute("ALTER ROLE etl PASSWORD 'second-word'")
        own_database.execute("SELECT pg_terminate_backend(%s)", [victim])
        retired = next_event(process, "worker_retired")
        held.open()
        log = ended(process)
    said(retired["message"], "password authentication failed", "going on with fewer workers")
    assert retired["level"] == "warning" and retired["workers"] == 1, retired
    assert "new_epoch" not in log and "first-word" not in log + str(retired)
    expect_every_row_once(job)


# The server calls it when it plans a statement: where the run looks what to lock, where its own plan is made, where it reads. Who has
# exported a snapshot holds an advisory lock from then on.
AT_PLANNING = """
CREATE FUNCTION at_planning() RETURNS boolean IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN
  IF {} THEN RETURN gate(); END IF; RETURN true;
END $$"""
HAS_EXPORTED = "EXISTS (SELECT FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory')"


@pytest.mark.parametrize(("snapshot", "when"), [("require", HAS_EXPORTED), ("off", "true")], ids=["require", "off"])
def test_the_connection_that_plans_terminated(own_database, headrace, snapshot, when):
    own_database.execute("CREATE TABLE small (id int); INSERT INTO small VALUES (1)")
    job = postgres_job(headrace, own_database, {"name": "public.small"}, TABLE | {"where": "at_planning()"})
    job.document["source"]["snapshot"] = snapshot
    job.write()
    with gate(own_database.uri) as held:
        held.connection.execute(AT_PLANNING.format(when))
        process = job.start()
        [leader] = held.wait_for_reader(process)
        own_database.execute("SELECT pg_terminate_backend(%s)", [leader])
        held.open()
        said(ended(process), "new epoch", "2 tables not yet committed start")
    expect_every_row_once(job)
    assert lake.rows(job.lake, "public.small") == [(1,)]


def test_what_headrace_was_asking_when_its_connection_was_lost_is_nobodys_business(own_database, headrace):
    """The server plans the view's query where headrace estimates it."""
    job = postgres_job(headrace, own_database, {"name": "public.shown"})
    with gate(own_database.uri) as held:
        held.connection.execute(AT_PLANNING.format(HAS_EXPORTED))
        held.connection.execute("CREATE VIEW shown AS SELECT * FROM big WHERE at_planning()")
        process = job.start()
        [leader] = held.wait_for_reader(process)
        own_database.execute("SELECT pg_terminate_backend(%s)", [leader])
        held.open()
        text = ended(process)
    said(text, "new epoch")
    assert "EXPLAIN" not in text and "SELECT" not in text
    assert lake.count(job.lake, "public.shown") == ROWS


@pytest.mark.parametrize("left", [2, 3])
def test_too_many_clients(headrace, postgres_servers, left):
    """The server has `left` connections: the run shrinks to what it gets."""
    with PostgresServer("15", {"max_connections": 8, "superuser_reserved_connections": 1}) as server, contextlib.ExitStack() as stack:
        database = postgres_servers.make_database(server)
        database.execute(SETUP)
        database.execute("CREATE ROLE etl LOGIN; GRANT SELECT ON big TO etl")
        for _ in range(7 - left):
            stack.enter_context(psycopg.connect(server.uri(database.name, "etl")))
        job = postgres_job(headrace, database, {"name": "public.big", "partition": {"target_rows": 1000}},
                           engine={"workers": {"initial": 4, "max": 8}})
        job.document["source"]["uri"] = server.uri(database.name, "etl")
        job.write()
        report = job.run("--json").json()
    expect_every_row_once(job)
    assert report["rows"] == ROWS


def test_no_more_connections_are_asked_for_than_the_job_allows(own_database, headrace):
    """The role has no more: one that is asked for in vain would be said."""
    own_database.execute("CREATE ROLE counted LOGIN CONNECTION LIMIT 3; GRANT SELECT ON big TO counted")
    job = postgres_job(headrace, own_database, {"name": "public.big", "partition": {"target_rows": 100}}, limits={"connections": 3},
                       engine={"workers": {"initial": 8, "max": 8}})
    job.document["source"]["user"] = "counted"
    job.write()
    finished = job.run("--json", "--log-format", "json")
    assert finished.json()["workers"] == 2, "and one for the snapshot"
    assert not {event["event"] for event in finished.json_lines()} & {"worker_retired", "attach_retry", "snapshot_retry"}
    expect_every_row_once(job)
    own_database.execute("DROP OWNED BY counted; DROP ROLE counted")


def test_no_server_at_all(own_server, own_database, headrace):
    job = postgres_job(headrace, own_database, {"name": "public.big"}, limits={"retries": 1})
    own_server.stop()
    said(job.run(expect=1), f"port {own_server.port}", "Connection refused", "this may pass")
    own_server.start()
    job.run()
    expect_every_row_once(job)
