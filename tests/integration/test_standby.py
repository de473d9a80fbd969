"""A hot standby as the source: it can be read as a primary can, until its replay needs what a run holds."""

import json

import pytest
from harness import lake
from harness.gate import until
from harness.job import Job, ended, planned, postgres_job, said
from harness.standby import Replica
from servers.postgres import PostgresServer, versions_to_test
from servers.standby import PRIMARY, Standby

ROWS = 20_000
SETUP = f"CREATE TABLE big (id int PRIMARY KEY, value int); INSERT INTO big SELECT i, i FROM generate_series(1, {ROWS}) AS i; ANALYZE big"
TABLE = {"name": "public.big", "partition": {"target_rows": 1000}}
HELD = TABLE | {"where": "gate()"}
TWO_WORKERS = {"engine": {"workers": {"initial": 2, "max": 2}}}


@pytest.fixture(scope="module", params=versions_to_test())
def pair(request):
    """A primary and the standby that follows it."""
    with PostgresServer(request.param, PRIMARY) as primary, Standby(primary) as standby:
        yield primary, standby


@pytest.fixture
def replica(pair, postgres_servers):
    """A new database with the table big, on both; see Replica."""
    primary, standby = pair
    made = Replica(postgres_servers.make_database(primary), standby)
    made.write(SETUP)
    yield made
    postgres_servers.drop_database(made.primary)


EXPLAINED = ("conflict with recovery", "hot_standby_feedback = on", "max_standby_streaming_delay")


def unchanged(rows: int = ROWS) -> list[tuple]:
    return [(i, i) for i in range(1, rows + 1)]


def expect_rows(job: Job, values, table: str = "public.big") -> None:
    assert lake.rows(job.lake, table) == lake.in_order(values)


def events(log: str, name: str) -> list[dict]:
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    return [line for line in lines if line["event"] == name]


def expect_explained_once(log: str) -> None:
    [epoch] = events(log, "new_epoch")
    said(epoch["message"], *EXPLAINED)
    in_log = [line for line in log.splitlines() if line.startswith("{") and EXPLAINED[1] in line]
    assert len(in_log) == 1, log


@pytest.mark.parametrize("strategy", ["auto", "id_range", "pages", "none"])
def test_a_quiet_standby_is_read_as_a_primary_is(replica, headrace, strategy):
    table = TABLE | {"partition": {"target_rows": 1000, "strategy": strategy}}
    job = postgres_job(headrace, replica, table, verify="source")
    headrace("check", "job.yaml", expect=0)
    plan = headrace("plan", "job.yaml", "--json", expect=0).json()
    assert plan["snapshot"]["kind"] == "transaction" and "exported snapshot" in plan["snapshot"]["about"]
    cannot_cut = strategy == "none" or strategy == "pages" and replica.standby.version in {"12", "13"}
    assert (len(plan["tables"][0]["units"]) == 1) == cannot_cut
    job.run()
    expect_rows(job, unchanged())


def run_in_conflict(replica, job, *statements, expect=0) -> str:
    """What a run says beside whose units `statements` are replayed: why a new epoch begins, once."""
    with replica.gate() as held:
        process = job.start("--log-format", "json")
        held.wait_for_reader(process, 2)
        replica.write_beside(process, *statements)
        held.open()
        log = ended(process, expect=expect)
    expect_explained_once(log)
    return log


# What the primary does, and the values of big that a run has which begins behind it. The log of none of them is replayed beside a run
# that reads big: of the first two for its snapshot, of the others for its locks.
CONFLICTS = {
    "delete": (["DELETE FROM big WHERE id % 2 = 0", "VACUUM big"], [(i, i) for i in range(1, ROWS + 1, 2)]),
    "update": (["UPDATE big SET value = -value", "VACUUM big"], [(i, -i) for i in range(1, ROWS + 1)]),
    "truncate": (["TRUNCATE big", "INSERT INTO big VALUES (7, 8)"], [(7, 8)]),
    "alter": (["ALTER TABLE big ALTER value TYPE bigint"], unchanged()),
    "another_table": (["ALTER TABLE big RENAME TO small", "CREATE TABLE big AS SELECT 7 AS id, 8 AS value"], [(7, 8)]),
}


@pytest.mark.parametrize("conflict", CONFLICTS)
def test_a_conflict_while_units_are_read_begins_a_new_epoch(replica, headrace, conflict):
    statements, expected = CONFLICTS[conflict]
    job = postgres_job(headrace, replica, HELD, **TWO_WORKERS)
    run_in_conflict(replica, job, *statements)
    expect_rows(job, expected)


def test_a_table_that_is_dropped_fails_alone(replica, headrace):
    replica.write("CREATE TABLE later AS SELECT i AS id, i AS value FROM generate_series(1, 100) AS i")
    job = postgres_job(headrace, replica, HELD, {"name": "public.later"}, **TWO_WORKERS)
    log = run_in_conflict(replica, job, "DROP TABLE later", expect=1)
    said(log, "there is no table public.later")
    expect_rows(job, unchanged())


def test_a_conflict_over_a_table_that_only_the_leader_holds(replica, headrace):
    """Workers read on under their snapshot; that its locks are gone shows when they take their own."""
    replica.write("CREATE TABLE later AS SELECT i AS id, i AS value FROM generate_series(1, 100) AS i")
    job = postgres_job(headrace, replica, HELD, {"name": "public.later"}, **TWO_WORKERS)
    run_in_conflict(replica, job, "TRUNCATE later", "INSERT INTO later VALUES (7, 8)")
    expect_rows(job, unchanged())
    expect_rows(job, [(7, 8)], "public.later")


def test_a_leader_that_is_ended_hands_nothing_on(replica, headrace):
    """A standby goes on replaying as soon as those have ended that it waited for, whoever has their snapshot from them."""
    job = postgres_job(headrace, replica, HELD, **TWO_WORKERS)
    with replica.gate() as held:
        process = job.start("--log-format", "json")
        readers = held.wait_for_reader(process, 2)
        with replica.connect() as connection:
            [leader] = connection.execute("SELECT pid FROM pg_stat_activity WHERE application_name = 'headrace' ORDER BY backend_start LIMIT 1").fetchone()
            connection.execute("SELECT pg_terminate_backend(pid) FROM unnest(%s) AS pid", [[leader, readers[0]]])
        held.open()
        log = ended(process)
    assert len(events(log, "new_epoch")) == 1 and events(log, "snapshot_handed_on") == []
    expect_rows(job, unchanged())


def test_a_conflict_while_the_source_counts_begins_a_new_epoch(replica, headrace):
    """The leader's own statement is ended, before a unit is read."""
    job = postgres_job(headrace, replica, HELD, verify="source")
    with replica.gate() as held:
        process = job.start("--log-format", "json")
        held.wait_for_reader(process)
        replica.write_beside(process, "DELETE FROM big WHERE id > 10", "VACUUM big")
        held.open()
        log = ended(process)
    expect_explained_once(log)
    expect_rows(job, unchanged(10))


def test_conflicts_without_end_are_told_with_what_to_set(replica, headrace):
    job = postgres_job(headrace, replica, HELD, limits={"retries": 1}, **TWO_WORKERS)
    with replica.gate() as held:
        process = job.start("--log-format", "json")
        for sign in (-1, 1):
            held.wait_for_reader(process, 2)  # Those of the epoch before are gone, or the standby would not have caught up.
            replica.write_beside(process, f"UPDATE big SET value = {sign} * id", "VACUUM big")
        held.open()
        log = ended(process, expect=1)
    said(log, *EXPLAINED)
    assert not lake.files(job.lake)


@pytest.mark.parametrize("direct_socket", ["auto", "off"])
def test_a_conflict_without_a_snapshot_is_tried_again_and_explained(replica, headrace, direct_socket):
    job = postgres_job(headrace, replica, HELD, **TWO_WORKERS)
    job.document["source"] |= {"snapshot": "off", "direct_socket": direct_socket}
    job.write()
    with replica.gate() as held:
        process = job.start("--log-format", "json")
        held.wait_for_reader(process, 2)
        replica.write_beside(process, "UPDATE big SET value = -value", "VACUUM big")
        held.open()
        log = ended(process)
    assert not events(log, "new_epoch")
    said(events(log, "unit_retry")[0]["message"], *EXPLAINED)
    assert sorted(number for number, in lake.rows(job.lake, "public.big", "id")) == list(range(1, ROWS + 1))


WANTS_A_TABLE = "SELECT 1 FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND NOT granted"
IS_TOLD = "SELECT 1 FROM pg_stat_replication WHERE backend_xmin IS NOT NULL"


def test_what_is_advised_keeps_a_run(pair, postgres_servers, headrace):
    """Rows are not removed while the primary knows that they are read, and a TRUNCATE waits for the run to end."""
    primary, _ = pair
    with Standby(primary, {"hot_standby_feedback": "on", "max_standby_streaming_delay": -1}) as patient:
        replica = Replica(postgres_servers.make_database(primary), patient)
        replica.write(SETUP)
        job = postgres_job(headrace, replica, HELD, **TWO_WORKERS)
        with replica.gate() as held:
            process = job.start("--log-format", "json")
            held.wait_for_reader(process, 2)
            until(lambda: replica.primary.execute(IS_TOLD), "the primary is told what is read")
            replica.write("UPDATE big SET value = -value", "VACUUM big")
            replica.primary.execute("TRUNCATE big")
            until(lambda: held.connection.execute(WANTS_A_TABLE).fetchall(), "the replay waits for the run")
            held.open()
            log = ended(process)
        assert not events(log, "new_epoch") + events(log, "unit_retry"), log
        expect_rows(job, unchanged())
        patient.catch_up()
        postgres_servers.drop_database(replica.primary)


LOG = "CREATE TABLE log (id bigint GENERATED ALWAYS AS IDENTITY, at timestamptz DEFAULT now())"
IN_RECOVERY = "a standby does not show what runs on its primary"
BY_TIME = {"name": "public.log", "mode": "transactional", "cursor": "at"}
ALLOWED = {"load": {"late_rows": "warn"}}


@pytest.mark.parametrize("cursor", ["id", "at"])
def test_an_incremental_load_has_to_allow_late_rows(replica, headrace, cursor):
    replica.write(LOG, "INSERT INTO log (at) SELECT now() - interval '1 day' FROM generate_series(1, 100)")
    table = BY_TIME | {"cursor": cursor}
    job = postgres_job(headrace, replica, table)
    for answer in (headrace("check", "job.yaml"), headrace("plan", "job.yaml"), job.run(expect=None)):
        assert answer.returncode == 2, answer
        said(answer, IN_RECOVERY, "late_rows: warn")
    assert not job.lake.exists()
    job.document["tables"] = [table | ALLOWED]
    job.write()
    said(job.run(), IN_RECOVERY, "they are never loaded")
    replica.write("INSERT INTO log (at) SELECT now() - interval '1 day' FROM generate_series(1, 10)")
    job.run()
    assert lake.count(job.lake, "public.log") == (110 if cursor == "id" else 100)  # One that comes with an old time is late.


def pass_a_second(database) -> None:
    """Until the newest row is older than what a window leaves to the next one."""
    until(lambda: database.execute("SELECT max(at) < clock_timestamp() - interval '1.01 s' FROM log") == [(True,)], "a second is over")


def test_rows_that_the_standby_has_yet_to_replay_are_in_the_next_window(replica, headrace):
    job = postgres_job(headrace, replica, BY_TIME | ALLOWED)
    replica.write(LOG, "INSERT INTO log DEFAULT VALUES")
    pass_a_second(replica.primary)
    replica.standby.catch_up()
    job.run()
    assert lake.count(job.lake, "public.log") == 1
    with replica.replay_paused():
        replica.primary.execute("INSERT INTO log DEFAULT VALUES")
        pass_a_second(replica.primary)
        said(planned(headrace)["cursor"]["about"], "the last commit that the standby has replayed")
        job.run()
        assert lake.count(job.lake, "public.log") == 1
    replica.standby.catch_up()
    job.run()
    assert lake.count(job.lake, "public.log") == 2


NOT_REPLAYED = "the standby has replayed no commit since it was started"


def write_one_row_and_begin_the_standby_anew(replica) -> None:
    """Where it begins there is the row, and behind it no commit."""
    replica.write(LOG, "INSERT INTO log DEFAULT VALUES")
    pass_a_second(replica.primary)
    replica.primary.execute("CHECKPOINT")  # A standby that is started again begins with it.
    replica.standby.wait_for_replay()
    replica.standby.restart()


def test_a_standby_that_has_replayed_no_commit_bounds_no_window(replica, headrace):
    job = postgres_job(headrace, replica, BY_TIME | ALLOWED)
    write_one_row_and_begin_the_standby_anew(replica)
    assert planned(headrace)["cursor"]["about"] == NOT_REPLAYED
    job.run()
    assert lake.count(job.lake, "public.log") == 0
    replica.standby.catch_up()
    job.run()
    assert lake.count(job.lake, "public.log") == 1


def test_a_standby_that_has_replayed_no_commit_bounds_no_backfill(replica, headrace):
    """What it replays later may lie in any range, and no range is loaded a second time."""
    job = postgres_job(headrace, replica, BY_TIME | ALLOWED)
    write_one_row_and_begin_the_standby_anew(replica)
    said(job.run("--to", "2999-01-01", expect=1), NOT_REPLAYED)
    replica.standby.catch_up()
    said(job.run("--to", "2999-01-01", expect=2), "--to must be ", "may still be committed")
    job.run()
    assert lake.count(job.lake, "public.log") == 1
