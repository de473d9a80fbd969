"""What happens to the source while it is read does not happen to the lake."""

import threading

import psycopg
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
def tables(any_database):
    any_database.execute(SETUP)
    return any_database


@pytest.fixture
def plain_role(any_database):
    """A role without rights of its own, dropped after the test; its name."""
    name = f"plain_of_{any_database.name}"
    any_database.execute(f"CREATE ROLE {name} LOGIN")
    yield name
    any_database.execute(f"DROP OWNED BY {name}")
    any_database.execute(f"DROP ROLE {name}")


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


IDLE = ("SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'headrace'"
        " AND state = 'idle in transaction' AND clock_timestamp() - state_change > interval '200 ms'")


def test_a_database_that_ends_idle_transactions_does_not_end_the_snapshot(tables, headrace):
    """The leader asks nothing while others read."""
    tables.execute(f"ALTER DATABASE {tables.name} SET idle_in_transaction_session_timeout = '50ms'")
    job = big_and_later(tables, headrace)
    with gate(tables.uri) as held:
        process = job.start("--log-format", "json")
        held.wait_for_reader(process)
        until(lambda: tables.execute(IDLE) == [(True,)], "the leader is idle for longer than that")
        tables.execute(CHANGES)
        held.open()
        text = ended(process)
    expect_snapshot(job)
    assert "new_epoch" not in text


@pytest.mark.parametrize("statement", ["TRUNCATE {}", "DROP TABLE {}", "ALTER TABLE {} ADD COLUMN extra int DEFAULT 7"],
                         ids=["truncate", "drop", "alter"])
@pytest.mark.parametrize("table", ["big", "later"])
def test_a_statement_that_queues_behind_the_run(tables, headrace, statement, table):
    waits_behind_the_run(tables, headrace, statement.format(table), table)


@pytest.mark.parametrize("statement", ["REINDEX TABLE {0}", "REINDEX INDEX {0}_pkey", "ALTER INDEX {0}_pkey SET TABLESPACE pg_default"],
                         ids=["reindex_table", "reindex_index", "alter_index"])
@pytest.mark.parametrize("table", ["big", "later"])
def test_a_statement_that_queues_for_an_index(tables, headrace, statement, table):
    """LOCK TABLE does not take indexes, a read does: who comes to the table behind such a statement must not wait for it."""
    waits_behind_the_run(tables, headrace, statement.format(table), f"{table}_pkey", lock_timeout="0s")


def waits_behind_the_run(tables, headrace, statement: str, relation: str, **options) -> None:
    job = big_and_later(tables, headrace)
    job.document["source"] |= options
    job.write()
    with gate(tables.uri) as held:
        process = job.start()
        held.wait_for_reader(process, 2)
        waiting = queue(tables, statement, relation)
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


BY_ID = {"partition": {"strategy": "id_range", "target_rows": 1000}}
ONE_WORKER = {"engine": {"workers": {"initial": 1, "max": 1}}}
PARTED = """
CREATE TABLE parted (id int PRIMARY KEY, value int) PARTITION BY RANGE (id);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (4000);
CREATE TABLE parted_2 PARTITION OF parted FOR VALUES FROM (4000) TO (9000);
INSERT INTO parted SELECT i, i FROM generate_series(1, 8000) AS i;
CREATE TABLE more (id int NOT NULL, value int); INSERT INTO more SELECT i, 0 FROM generate_series(9001, 12000) AS i;
ANALYZE parted;
"""
GROWTH = {
    "partitioned": ("parted", "ALTER TABLE parted ATTACH PARTITION more FOR VALUES FROM (9000) TO (20000)"),
    "plain": ("parted_1", "ALTER TABLE parted DETACH PARTITION parted_1; ALTER TABLE more INHERIT parted_1"),
    "inheriting": ("family", "ALTER TABLE more INHERIT family"),
}
FAMILY = """
CREATE TABLE family (id int NOT NULL, value int); INSERT INTO family SELECT i, i FROM generate_series(1, 4000) AS i;
CREATE TABLE child () INHERITS (family); INSERT INTO child SELECT i, i FROM generate_series(4001, 8000) AS i;
CREATE INDEX ON family (id); CREATE INDEX ON child (id); ANALYZE family; ANALYZE child;
"""


@pytest.mark.parametrize("growth", ["partitioned", "inheriting", "plain"])
def test_a_table_that_grows_a_part_during_the_read(any_database, headrace, growth):
    """The new part's rows were committed before the snapshot, and no lock of a reader keeps it from being attached. Either all of
    its rows are the table's or none, and the run had begun without them."""
    any_database.execute(PARTED + FAMILY)
    table, grow = GROWTH[growth]
    if growth == "plain":
        before, grow = grow.split("; ")
        any_database.execute(before)
    wanted = any_database.execute(f"SELECT id, value FROM {table}")
    job = postgres_job(headrace, any_database, {"name": f"public.{table}", "where": "gate()"} | BY_ID, **ONE_WORKER)
    with gate(any_database.uri) as held:
        process = job.start()
        held.wait_for_reader(process)
        any_database.execute(grow)
        held.open()
        ended(process)
    assert lake.rows(job.lake, f"public.{table}") == lake.in_order(wanted)


ONE_UNIT_TABLES = {
    "wanted": ({"strategy": "none"}, "counts"),
    "wanted_and_counted": ({"strategy": "none"}, "source"),
    "small_and_counted": ({}, "source"),
}


@pytest.mark.parametrize("growth", ["partitioned", "inheriting", "plain"])
@pytest.mark.parametrize("kind", ONE_UNIT_TABLES)
def test_a_table_of_one_unit_that_grows_a_part_before_it_is_read(tables, headrace, growth, kind):
    """It is planned, and with `verify: source` counted, while the run stands at the gate for the other table."""
    tables.execute(PARTED + FAMILY)
    partition, verify = ONE_UNIT_TABLES[kind]
    table, grow = GROWTH[growth]
    if growth == "plain":
        before, grow = grow.split("; ")
        tables.execute(before)
    wanted = tables.execute(f"SELECT id, value FROM {table}")
    job = postgres_job(headrace, tables, {"name": f"public.{table}", "partition": partition},
                       {"name": "public.big", "where": "gate()"} | SMALL, verify=verify, **ONE_WORKER)
    with gate(tables.uri) as held:
        process = job.start()
        held.wait_for_reader(process)
        tables.execute(grow)
        held.open()
        ended(process)
    assert lake.rows(job.lake, f"public.{table}") == lake.in_order(wanted)


def test_a_part_that_cannot_be_left_out_is_no_bug_of_headrace(tables, headrace, plain_role):
    """Which partition a row is of only those may ask who may read the whole table."""
    tables.execute(PARTED + f"GRANT SELECT (id) ON parted TO {plain_role}; GRANT SELECT ON big TO {plain_role}")
    job = postgres_job(headrace, tables, {"name": "public.parted", "columns": ["id"]},
                       {"name": "public.big", "where": "gate()"} | SMALL, verify="source", **ONE_WORKER)
    job.document["source"]["uri"] = tables.uri.replace("postgres@", f"{plain_role}@")
    job.write()
    with gate(tables.uri) as held:
        process = job.start()
        held.wait_for_reader(process)
        tables.execute(GROWTH["partitioned"][1])
        held.open()
        told = " ".join(ended(process, 1).split())
    said(told, "some of its columns only", "a partition that was attached since")
    assert "please report it" not in told
    assert lake.count(job.lake, "public.big") == 20_000


def test_a_partition_whose_detachment_was_broken_off_is_no_part_of_the_table(any_database, headrace):
    """DETACH … CONCURRENTLY that was cancelled stays pending: the server leaves the partition out of every query."""
    any_database.execute(PARTED)
    [(version,)] = any_database.execute("SELECT current_setting('server_version_num')::int")
    if version < 140000:
        with pytest.raises(psycopg.Error, match="syntax error"):
            any_database.execute("ALTER TABLE parted DETACH PARTITION parted_2 CONCURRENTLY")
        return
    with any_database.connect() as reader, reader.transaction():
        reader.execute("SELECT count(*) FROM parted")
        detach = threading.Thread(target=cancelled, args=[any_database, "ALTER TABLE parted DETACH PARTITION parted_2 CONCURRENTLY"])
        detach.start()
        until(lambda: any_database.execute("SELECT inhrelid FROM pg_inherits WHERE inhdetachpending"), "the detachment is pending")
        any_database.execute("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE query LIKE 'ALTER TABLE parted DETACH%'")
        detach.join()
    assert any_database.execute("SELECT count(*) FROM parted") == [(3999,)]
    for partition in ({"target_rows": 1000}, BY_ID["partition"]):
        job = postgres_job(headrace, any_database, {"name": "public.parted", "partition": partition})
        job.run()
        assert lake.rows(job.lake, "public.parted") == lake.in_order((i, i) for i in range(1, 4000))


def cancelled(database, statement: str) -> None:
    with pytest.raises(psycopg.errors.QueryCanceled):
        database.execute(statement)


FOREIGN = """
CREATE EXTENSION postgres_fdw;
CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '127.0.0.1', port '{port}', dbname '{name}');
CREATE USER MAPPING FOR CURRENT_USER SERVER far OPTIONS (user 'postgres');
CREATE FOREIGN TABLE far_more (id int NOT NULL, value int) SERVER far OPTIONS (table_name 'more');
ALTER TABLE parted DROP CONSTRAINT parted_pkey;
ALTER TABLE parted ATTACH PARTITION far_more FOR VALUES FROM (9000) TO (20000);
"""


def test_rows_of_another_server_are_read_by_one_query_and_no_snapshot_is_promised(database, headrace):
    """Every session has a transaction of its own there, which begins when it reads first."""
    database.execute(PARTED)
    where = psycopg.conninfo.conninfo_to_dict(database.uri)
    database.execute(FOREIGN.format(port=where["port"], name=database.name))
    job = postgres_job(headrace, database, {"name": "public.parted"} | BY_ID, {"name": "public.far_more"})
    for planned in headrace("plan", "job.yaml", "--json", expect=0).json()["tables"]:
        assert len(planned["units"]) == 1
        said(" ".join(planned["warnings"]), "far_more", "another server", "snapshot")
    job.run()
    assert lake.rows(job.lake, "public.parted") == lake.in_order(database.execute("TABLE parted"))
    assert lake.rows(job.lake, "public.far_more") == lake.in_order(database.execute("TABLE more"))


RETYPES = {
    "other_bytes": "ALTER TABLE typed ALTER amount TYPE double precision",
    "other_zone": "ALTER TABLE typed ALTER at TYPE timestamptz USING at AT TIME ZONE 'America/New_York'",
    "swapped_names": "ALTER TABLE typed RENAME amount TO other; ALTER TABLE typed RENAME ratio TO amount",
}
NO_LONGER = "ALTER TABLE typed ALTER day DROP NOT NULL; UPDATE typed SET day = NULL WHERE id > 3000"
TYPED = """
CREATE TABLE typed (id int PRIMARY KEY, amount bigint, ratio double precision, at timestamp, day int NOT NULL);
INSERT INTO typed SELECT i, i * 1000, i / 7.0, timestamp '2024-03-01' + i * interval '1 hour', i % 7 FROM generate_series(1, 5000) AS i;
ANALYZE typed;
"""


@pytest.mark.parametrize("change", sorted(RETYPES))
def test_without_a_snapshot_a_column_that_changes_its_type_is_described_again(any_database, headrace, change):
    any_database.execute(TYPED)
    columns = ["id", "amount", "at"]
    job = postgres_job(headrace, any_database, {"name": "public.typed", "where": "gate()", "columns": columns} | SMALL, **ONE_WORKER)
    job.document["source"] |= {"snapshot": "off"}
    job.write()
    with gate(any_database.uri) as held:
        process = job.start()
        held.wait_for_reader(process)
        waiting = queue(any_database, RETYPES[change], "typed")
        held.open()
        said(" ".join(ended(process).split()), "when the table was described")
        waiting.join()
    wanted = any_database.execute(f"SELECT {', '.join(columns)} FROM typed")
    assert lake.rows(job.lake, "public.typed") == lake.in_order(wanted)


def test_temporary_tables_of_others_are_no_part_of_their_parent(any_database, headrace):
    """The server leaves them out of a read of the parent; nobody but their session can read them at all."""
    any_database.execute(FAMILY)
    with any_database.connect() as other:
        other.execute("CREATE TEMPORARY TABLE mine () INHERITS (family)")
        other.execute("INSERT INTO mine SELECT i, i FROM generate_series(9001, 9500) AS i")
        for partition in ({}, {"target_rows": 500}, BY_ID["partition"], {"strategy": "none"}):
            job = postgres_job(headrace, any_database, {"name": "public.family", "partition": partition})
            job.run()
            assert lake.rows(job.lake, "public.family") == lake.in_order((i, i) for i in range(1, 8001))


def test_without_a_snapshot_a_column_may_get_its_first_null(any_database, headrace):
    any_database.execute(TYPED)
    job = postgres_job(headrace, any_database, {"name": "public.typed", "where": "gate()", "columns": ["id", "day"]} | SMALL, **ONE_WORKER)
    job.document["source"] |= {"snapshot": "off"}
    job.write()
    with gate(any_database.uri) as held:
        process = job.start()
        held.wait_for_reader(process)
        waiting = queue(any_database, NO_LONGER, "typed")
        held.open()
        ended(process)
        waiting.join()
    assert (5000, None) in lake.rows(job.lake, "public.typed", "id", "day")


BEHIND = """
CREATE TABLE kept (id int PRIMARY KEY); INSERT INTO kept SELECT generate_series(1, 20000);
CREATE MATERIALIZED VIEW refreshed AS SELECT id FROM kept;
CREATE TABLE secured (id int PRIMARY KEY, value int); INSERT INTO secured SELECT i, i FROM generate_series(1, 20000) AS i;
ALTER TABLE secured ENABLE ROW LEVEL SECURITY; ALTER TABLE secured FORCE ROW LEVEL SECURITY;
CREATE POLICY of_kept ON secured USING (EXISTS (SELECT FROM kept WHERE kept.id = secured.id));
CREATE POLICY none_else ON secured AS RESTRICTIVE USING (gate());
CREATE VIEW shown AS SELECT * FROM secured;
DO $$ BEGIN CREATE ROLE reader_of_kept LOGIN; EXCEPTION WHEN duplicate_object THEN END $$;
GRANT SELECT ON kept, refreshed, secured, big, shown TO reader_of_kept; GRANT EXECUTE ON FUNCTION gate() TO reader_of_kept;
ALTER TABLE secured OWNER TO reader_of_kept; ALTER VIEW shown OWNER TO reader_of_kept;
"""
READS_OF_OTHERS = {
    "where": {"name": "public.big", "where": "id IN (SELECT kept.id FROM kept) AND gate()"},
    "policy": {"name": "public.secured", "partition": {"strategy": "none"}},
    "view": {"name": "public.shown"},
    "query": {"query": "SELECT * FROM big WHERE id IN (SELECT id FROM kept) AND gate()", "as": "queried"},
    "where_of_a_view": {"name": "public.big", "where": "EXISTS (SELECT FROM refreshed) AND id IN (SELECT kept.id FROM kept) AND gate()"},
}
ONE_UNIT = ("policy", "query", "view")


def make_what_is_behind(tables):
    tables.execute(BEHIND)
    tables.analyze("secured")  # A plan that looked at rows would stop at the gate.


def job_that_reads_others(tables, headrace, kind) -> Job:
    table = READS_OF_OTHERS[kind] | ({} if kind in ONE_UNIT else SMALL)
    job = postgres_job(headrace, tables, table, engine={"workers": {"initial": 2, "max": 2}})
    if kind in ("policy", "view"):
        job.document["source"] |= {"uri": tables.uri.replace("postgres@", "reader_of_kept@"), "row_security": "accept"}
        job.write()
    return job


@pytest.mark.parametrize("kind", READS_OF_OTHERS)
def test_what_a_table_is_read_with_is_locked_before_the_snapshot(tables, headrace, kind):
    """A TRUNCATE under way would show the other table empty: neither as it was nor as it becomes."""
    with gate(tables.uri) as held:
        make_what_is_behind(tables)
        held.open()
        job = job_that_reads_others(tables, headrace, kind)
        with tables.connect() as writer, writer.transaction():
            writer.execute("TRUNCATE kept; INSERT INTO kept SELECT generate_series(1, 10000)")
            process = job.start()
            waits = "SELECT 1 FROM pg_locks WHERE relation = 'kept'::regclass AND NOT granted"
            until(lambda: process.poll() is not None or tables.execute(waits), "the run waits")
        ended(process)
    [name] = [entry.name for entry in job.lake.iterdir()]
    assert lake.count(job.lake, name) == 10_000


@pytest.mark.parametrize(("kind", "statement", "other"),
                         [(kind, "TRUNCATE kept", "kept") for kind in READS_OF_OTHERS]
                         + [("where_of_a_view", "REFRESH MATERIALIZED VIEW refreshed", "refreshed")])
def test_a_statement_on_what_a_table_is_read_with_queues_behind_the_run(tables, headrace, kind, statement, other):
    """A worker that comes late gets no lock of the other table: the leader reads for it."""
    with gate(tables.uri) as held:
        make_what_is_behind(tables)
        job = job_that_reads_others(tables, headrace, kind)
        process = job.start()
        readers = held.wait_for_reader(process, 1 if kind in ONE_UNIT else 2)
        waiting = queue(tables, statement, other)
        tables.execute("SELECT pg_terminate_backend(%s)", [readers[0]])
        held.open()
        ended(process)
        waiting.join()
    [name] = [entry.name for entry in job.lake.iterdir()]
    assert lake.count(job.lake, name) == 20_000


ALTERED = {
    "another_type": ("ALTER TYPE pair DROP ATTRIBUTE b, ADD ATTRIBUTE c text", {"a": 1, "c": None}),
    "one_more": ("ALTER TYPE pair ADD ATTRIBUTE c int", {"a": 1, "b": -1, "c": None}),
    "one_less": ("ALTER TYPE pair DROP ATTRIBUTE a", {"b": -1}),
}


@pytest.mark.parametrize("change", ALTERED)
@pytest.mark.parametrize("direct_socket", ["auto", "off"])
def test_a_composite_type_that_is_altered_begins_a_new_epoch(database, headrace, change, direct_socket):
    """No lock keeps it from being altered, and its values are sent as the type is now."""
    statement, first = ALTERED[change]
    database.execute("CREATE TYPE pair AS (a int, b int); CREATE TABLE pairs (id int PRIMARY KEY, p pair);"
                     "INSERT INTO pairs SELECT i, ROW(i, -i)::pair FROM generate_series(1, 20000) AS i")
    job = postgres_job(headrace, database, {"name": "public.pairs", "where": "gate()"} | SMALL,
                       engine={"workers": {"initial": 2, "max": 2}})
    job.document["source"]["direct_socket"] = direct_socket
    job.write()
    with gate(database.uri) as held:
        process = job.start()
        held.wait_for_reader(process, 2)
        database.execute(statement)
        held.open()
        told = ended(process)
    said(told, "a composite type was altered while its values were read")
    assert lake.rows(job.lake, "public.pairs", "id", "p")[0] == (1, first)
    assert lake.count(job.lake, "public.pairs") == 20_000


SCHEMAS = """
CREATE SCHEMA live; CREATE TABLE live.big (id int PRIMARY KEY, v text); INSERT INTO live.big SELECT i, 'old' FROM generate_series(1, 20000) AS i;
CREATE SCHEMA fresh; CREATE TABLE fresh.big (id int PRIMARY KEY, v text); INSERT INTO fresh.big SELECT i, 'new' FROM generate_series(1, 15000) AS i;
CREATE TABLE live.flags (id int); INSERT INTO live.flags SELECT generate_series(0, 9); CREATE TABLE fresh.flags (id int);
CREATE TABLE live.parted (id int, v text) PARTITION BY RANGE (id); CREATE TABLE live.parted_1 PARTITION OF live.parted DEFAULT;
CREATE TABLE fresh.parted (id int, v text) PARTITION BY RANGE (id); CREATE TABLE fresh.parted_1 PARTITION OF fresh.parted DEFAULT;
INSERT INTO live.parted TABLE live.big; INSERT INTO fresh.parted TABLE fresh.big;
CREATE TABLE big (id int PRIMARY KEY); INSERT INTO big SELECT generate_series(1, 20000);
CREATE TABLE flags (id int); INSERT INTO flags SELECT generate_series(0, 9);
CREATE FUNCTION looked_up() RETURNS bool LANGUAGE plpgsql AS 'BEGIN RETURN EXISTS (SELECT FROM live.flags); END';
ANALYZE;
"""
SWAP = "BEGIN; ALTER SCHEMA live RENAME TO old; ALTER SCHEMA fresh RENAME TO live; ALTER SCHEMA old RENAME TO fresh; COMMIT"


def changed_at_the_gate(database, headrace, table: dict, change: str, snapshot: str = "require") -> tuple[Job, str]:
    """Runs a job of one worker and one table, whose `where` has it stand at the gate, and makes a change there."""
    job = postgres_job(headrace, database, {"name": "public.big", "where": "gate()"} | SMALL | table, **ONE_WORKER)
    if "query" in table:
        for key in ("name", "where", "partition"):
            del job.document["tables"][0][key]
    job.document["source"]["snapshot"] = snapshot
    job.write()
    with gate(database.uri) as held:
        process = job.start()
        held.wait_for_reader(process)
        database.execute(change)
        held.open()
        return job, " ".join(ended(process).split())


@pytest.mark.parametrize("snapshot", ["require", "off"])
@pytest.mark.parametrize("table", ["live.big", "live.parted"])
@pytest.mark.parametrize("partition", [SMALL, {"partition": {"strategy": "id_range", "column": "id", "target_rows": 1000}}],
                         ids=["default", "id_range"])
def test_a_schema_that_takes_anothers_name_begins_a_new_epoch(any_database, headrace, table, partition, snapshot):
    """No lock on a table keeps its schema from being renamed, and each unit looks its name up anew."""
    any_database.execute(SCHEMAS)
    job, told = changed_at_the_gate(any_database, headrace, {"name": table} | partition, SWAP, snapshot)
    said(told, f"{table} is another relation now", "not yet committed start")
    assert lake.rows(job.lake, table) == lake.in_order((i, "new") for i in range(1, 15001))


LOOKUPS = {
    "where": ({"where": "EXISTS (SELECT FROM live.flags AS f WHERE f.id = big.id % 10) AND gate()"}, SWAP),
    "quoted": ({"where": 'EXISTS (SELECT FROM Live . "flags" AS f WHERE f.id = big.id % 10) AND gate()'}, SWAP),
    "shadow": ({"where": "EXISTS (SELECT FROM flags AS f WHERE f.id = big.id % 10) AND gate()"},
               "CREATE SCHEMA postgres; CREATE TABLE postgres.flags (id int)"),
    "itself": ({"where": "EXISTS (SELECT FROM big AS b WHERE b.id = big.id) AND gate()"},
               "CREATE SCHEMA postgres; CREATE TABLE postgres.big (id int)"),
    "query": ({"query": "SELECT * FROM big WHERE EXISTS (SELECT FROM live.flags AS f WHERE f.id = big.id % 10) AND gate()", "as": "public.big"}, SWAP),
}


@pytest.mark.parametrize("kind", LOOKUPS)
def test_another_relation_of_a_name_in_a_condition_begins_a_new_epoch(any_database, headrace, kind):
    any_database.execute(SCHEMAS)
    table, change = LOOKUPS[kind]
    job, told = changed_at_the_gate(any_database, headrace, table, change)
    said(told, "is another relation now", "not yet committed start")
    assert lake.count(job.lake, "public.big") == 0


@pytest.mark.parametrize("where", ["looked_up() AND gate()", "EXISTS (SELECT FROM live.shown) AND gate()", "v = 'flags' OR gate()"])
def test_what_a_condition_does_not_name_begins_no_new_epoch(database, headrace, where):
    """Views stand for what they were made of, whatever its name is by now; locks of functions are their own."""
    database.execute(SCHEMAS + "CREATE VIEW live.shown AS TABLE flags; ALTER TABLE big ADD v text")
    job, told = changed_at_the_gate(database, headrace, {"where": where}, "ALTER TABLE fresh.flags RENAME TO x; CREATE SCHEMA postgres; CREATE TABLE postgres.flags (id int)")
    assert "new epoch" not in told
    assert lake.count(job.lake, "public.big") == 20_000


LABELS = """
CREATE SCHEMA kinds; CREATE TYPE kinds."Colour of it" AS ENUM ('red', 'a, "b"', 'blue'); CREATE DOMAIN hue AS kinds."Colour of it";
CREATE TYPE pairing AS (n int, c kinds."Colour of it");
CREATE TABLE coloured (id int PRIMARY KEY, plain kinds."Colour of it", many kinds."Colour of it"[], domain hue, paired pairing);
INSERT INTO coloured SELECT i, 'red', '{red,blue}', 'red', ROW(i, 'red')::pairing FROM generate_series(1, 20000) AS i; ANALYZE coloured;
"""
RED = """ALTER TYPE kinds."Colour of it" RENAME VALUE 'red' TO 'RED'"""
RENAMES = {
    "renamed": (RED, "RED"),
    "replaced": (f"""{RED}; ALTER TYPE kinds."Colour of it" ADD VALUE 'red' BEFORE 'RED'""", "RED"),
    "swapped": (f"{RED}; " + "; ".join(f"""ALTER TYPE kinds."Colour of it" RENAME VALUE '{old}' TO '{new}'""" for old, new in (("blue", "red"), ("RED", "blue"))),
                "blue"),
}


@pytest.mark.parametrize("change", RENAMES)
@pytest.mark.parametrize("column", ["plain", "many", "domain", "paired"])
def test_a_label_that_is_renamed_begins_a_new_epoch(any_database, headrace, column, change):
    any_database.execute(LABELS)
    statement, label = RENAMES[change]
    job, told = changed_at_the_gate(any_database, headrace, {"name": "public.coloured", "columns": ["id", column]}, statement)
    said(told, "Colour of it", "renamed", "not yet committed start")
    values = {str(value) for _, value in lake.rows(job.lake, "public.coloured", "id", column)}
    assert len(lake.rows(job.lake, "public.coloured")) == 20_000
    assert all(label in value and ("red" not in value or (change, column) == ("swapped", "many")) for value in values)


def test_a_label_that_is_added_begins_no_new_epoch(database, headrace):
    database.execute(LABELS)
    added = """ALTER TYPE kinds."Colour of it" ADD VALUE 'green' BEFORE 'blue'"""
    _, told = changed_at_the_gate(database, headrace, {"name": "public.coloured"}, added)
    assert "new epoch" not in told


@pytest.mark.parametrize("function", ["pg_export_snapshot()", "pg_advisory_xact_lock(bigint)", "pg_try_advisory_xact_lock_shared(bigint)"])
def test_what_a_snapshot_needs_may_be_forbidden(tables, headrace, plain_role, function):
    tables.execute(f"REVOKE EXECUTE ON FUNCTION {function} FROM PUBLIC; GRANT SELECT ON big, later TO {plain_role}")
    job = postgres_job(headrace, tables, {"name": "public.big"} | SMALL, {"name": "public.later"} | SMALL)
    job.document["source"]["uri"] = tables.uri.replace("postgres@", f"{plain_role}@")
    job.write()
    name = function.partition("(")[0]
    said(job.run(expect=2), "cannot export a snapshot", f"permission denied for function {name}", "snapshot: prefer or off")
    job.document["source"]["snapshot"] = "prefer"
    job.write()
    for command in ("check", "plan"):
        said(headrace(command, "job.yaml", expect=0), "no snapshot", name)
    job.run()
    expect_snapshot(job)
