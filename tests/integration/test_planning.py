"""How a table is cut, and what is said of it."""

import contextlib
import sqlite3

import pytest
from harness import lake
from harness.gate import gate
from harness.job import Job, ended, postgres_job, said
from servers.postgres import PostgresServer

SETUP = """
CREATE TABLE big (id int PRIMARY KEY, value int) WITH (fillfactor = 100);
INSERT INTO big SELECT i, i FROM generate_series(1, 20000) AS i;
CREATE TABLE keyless (value int); INSERT INTO keyless SELECT generate_series(1, 5000);
"""
UNITS = {"partition": {"target_rows": 1000}}


def plan(headrace, *arguments):
    return {table["table"]: table for table in headrace("plan", "job.yaml", "--json", *arguments, expect=0).json()["tables"]}


def without_snapshot(headrace, database, *tables, **sections):
    job = postgres_job(headrace, database, *tables, **sections)
    job.document["source"]["snapshot"] = "off"
    job.write()
    return job


def test_without_a_snapshot_nothing_is_cut_by_pages(database, headrace):
    database.execute(SETUP)
    tables = ({"name": "public.big"} | UNITS, {"name": "public.keyless"} | UNITS)
    postgres_job(headrace, database, *tables)
    with_one = plan(headrace)
    assert [with_one[f"public.{name}"]["strategy"] for name in ("big", "keyless")] == ["pages", "pages"]
    without_snapshot(headrace, database, *tables)
    without = plan(headrace)
    assert [without[f"public.{name}"]["strategy"] for name in ("big", "keyless")] == ["id_range", "none"]
    assert len(without["public.big"]["units"]) > 10
    for table in without.values():
        said(table["why"], "not by pages", "without a snapshot")


def test_pages_without_a_snapshot_are_for_those_who_ask_for_them(database, headrace):
    database.execute(SETUP)
    without_snapshot(headrace, database, {"name": "public.big", "partition": {"strategy": "pages", "target_rows": 1000}})
    [table] = plan(headrace).values()
    assert table["strategy"] == "pages"
    said(" ".join(table["warnings"]), "without a snapshot", "missed or doubled")


def test_rows_that_move_while_they_are_read_without_a_snapshot(database, headrace):
    """The first half of the table moves to its end, behind the units that are still to come."""
    database.execute(SETUP)
    job = without_snapshot(headrace, database, {"name": "public.big", "where": "gate()"} | UNITS, engine={"type": "sequential"})
    with gate(database.uri) as held:
        process = job.start()
        held.wait_for_reader(process)
        database.execute("UPDATE big SET value = -value WHERE id <= 10000")
        held.open()
        ended(process)
    assert sorted(number for number, in lake.rows(job.lake, "public.big", "id")) == list(range(1, 20001))


@pytest.mark.parametrize("where", ["value = 5) OR (value = 6", "value = 5) OR (value = 6 -- and", "value = 5;"])
@pytest.mark.parametrize("strategy", ["pages", "id_range", "none"])
def test_a_condition_that_leaves_its_brackets_is_refused(database, headrace, where, strategy):
    database.execute(SETUP)
    job = postgres_job(headrace, database, {"name": "public.big", "where": where, "partition": {"strategy": strategy, "target_rows": 1000}})
    finished = on_one_line(job.run(expect=2))
    said(finished, "public.big", "where", "syntax error")
    assert ("leave the semicolon out" in finished) == (";" in where)
    assert not lake.files(job.lake)


@pytest.mark.parametrize("where", ["value = 5;", "value = 5; SELECT 1"])
@pytest.mark.parametrize("source", ["postgresql", "sqlite"])
def test_a_semicolon_in_a_condition_is_told_from_other_mistakes(database, headrace, source, where):
    database.execute(SETUP)
    postgres_job(headrace, database, {"name": "public.keyless", "where": where})
    if source == "sqlite":
        with contextlib.closing(sqlite3.connect(headrace.folder / "shop.db")) as shop:
            shop.execute("CREATE TABLE big (value)")
        Job(headrace, {"type": "sqlite", "path": "shop.db"}, [{"name": "big", "where": where}])
    for command in ("check", "plan", "run"):
        said(on_one_line(headrace(command, "job.yaml", expect=2)), "`where` is a condition, not a statement: leave the semicolon out")


def on_one_line(finished):
    """What was printed, before it was wrapped."""
    return " ".join((finished.stdout + finished.stderr).split())


WRONG_CONDITIONS = {
    "nope = 5": ["where, character 1:", 'column "nope" does not exist'],
    "value = 5 AND\n  'ö' < nope": ["where, line 2, character 9:", 'column "nope" does not exist'],
    "value = 'five'": ["where, character 9:", "invalid input syntax"],
    "value": ["where, character 1:", "must be type boolean"],
    "value = $1": ["there is no parameter $1"],
    "value = 5 AND": ["where, character 14:", "syntax error"],
    "value IN (SELECT 1 FROM nowhere)": ["where, character 25:", 'relation "nowhere" does not exist'],
}


@pytest.mark.parametrize("where", WRONG_CONDITIONS)
@pytest.mark.parametrize("snapshot", ["require", "off"])
def test_a_condition_that_the_server_does_not_understand_is_told_before_a_row_is_read(database, headrace, where, snapshot):
    """By check, plan and run alike, with the table, the key and the place; the other table is as it was."""
    database.execute(SETUP)
    job = postgres_job(headrace, database, {"name": "public.big", "where": where} | UNITS, {"name": "public.keyless"})
    job.document["source"]["snapshot"] = snapshot
    job.write()
    for command in ("check", "plan", "run"):
        finished = headrace(command, "job.yaml", "--only", "public.big", expect=2)
        said(on_one_line(finished), "table public.big: ", *WRONG_CONDITIONS[where])
    assert not lake.files(job.lake)
    said(on_one_line(job.run(expect=1)), "public.big", *WRONG_CONDITIONS[where])
    assert lake.count(job.lake, "public.keyless") == 5000


@pytest.mark.parametrize("where", ["nope = 5", "value = 5 AND"])
def test_sqlite_answers_the_same_mistake_the_same_way(headrace, where):
    with contextlib.closing(sqlite3.connect(headrace.folder / "shop.db")) as shop:
        shop.execute("CREATE TABLE big (value)")
    job = Job(headrace, {"type": "sqlite", "path": "shop.db"}, [{"name": "big", "where": where}])
    for command in ("check", "plan", "run"):
        said(on_one_line(headrace(command, "job.yaml", expect=2)), "table big: where: ")
    assert not lake.files(job.lake)


@pytest.mark.parametrize("command", ["check", "plan"])
def test_looking_at_a_condition_leaves_no_lock_of_what_it_reads(database, headrace, command):
    database.execute(SETUP + "CREATE TABLE aside (value int)")
    postgres_job(headrace, database, {"name": "public.keyless", "where": "value IN (SELECT 1 FROM aside)"})
    headrace(command, "job.yaml", expect=0)
    database.execute("SET lock_timeout = '20s'; TRUNCATE aside")


def test_a_condition_of_two_parts_is_one(database, headrace):
    database.execute(SETUP)
    job = postgres_job(headrace, database, {"name": "public.big", "where": "(value = 5) OR (value = 6)"} | UNITS)
    job.run()
    assert lake.rows(job.lake, "public.big") == [(5, 5), (6, 6)]


def test_locks_that_the_server_has_no_room_for(headrace, postgres_servers):
    """It says which setting to raise; nothing is tried again."""
    small = {"max_locks_per_transaction": 10, "max_connections": 10, "autovacuum_max_workers": 1, "max_worker_processes": 0,
             "max_wal_senders": 0}
    with PostgresServer("15", small) as server:
        database = postgres_servers.make_database(server)
        database.execute("CREATE TABLE p (id int) PARTITION BY RANGE (id)")
        with database.connect() as connection:
            for part in range(1500):
                connection.execute(f"CREATE TABLE p{part} PARTITION OF p FOR VALUES FROM ({part}) TO ({part + 1})")
        finished = postgres_job(headrace, database, {"name": "public.p"}).run(expect=1)
    said(finished, "out of shared memory", "max_locks_per_transaction")
    assert "trying again" not in finished.stdout + finished.stderr


def test_a_table_under_two_names_is_warned_of(database, headrace):
    database.execute(SETUP)
    job = postgres_job(headrace, database, {"name": "keyless"}, {"name": "public.keyless"}, {"name": "public.big"})
    warnings = {name: " ".join(table["warnings"]) for name, table in plan(headrace).items()}
    assert "the same table as keyless" in warnings["public.keyless"]
    assert "the same table" not in warnings["keyless"] + warnings["public.big"]
    said(headrace("check", "job.yaml", expect=0), "the same table as keyless")
    said(job.run(), "the same table as keyless")


def test_a_sqlite_table_under_two_names_is_warned_of(headrace):
    with sqlite3.connect(headrace.folder / "shop.db") as shop:
        shop.execute("CREATE TABLE t (id INTEGER)")
    Job(headrace, {"type": "sqlite", "path": "./shop.db"}, [{"name": "t"}, {"name": "main.t"}])
    assert "the same table as t," in " ".join(plan(headrace)["main.t"]["warnings"])


def test_names_that_differ_by_case_alone_are_said(database, headrace):
    database.execute('CREATE TABLE t ("A" int, b int, a int)')
    postgres_job(headrace, database, {"name": "public.t"})
    [table] = headrace("plan", "job.yaml", "--json", expect=0).json()["tables"]
    said(" ".join(table["warnings"]), 'columns "A" and "a" differ by case alone')
    postgres_job(headrace, database, {"name": "public.t", "columns": [{"name": "A", "as": "upper"}, "a"]})
    [table] = headrace("plan", "job.yaml", "--json", expect=0).json()["tables"]
    assert table["warnings"] == []


def test_each_table_is_looked_up_and_the_catalogue_never_read_through(database, headrace):
    """Else planning takes time in proportion to the whole database, for each table."""
    database.execute("""
DO $$ BEGIN
  FOR i IN 1..1500 LOOP EXECUTE format('CREATE TABLE t%s (id int PRIMARY KEY, a int, b int, c int)', i); END LOOP;
END $$;
CREATE TABLE parent (id int NOT NULL) PARTITION BY RANGE (id);
CREATE TABLE part_1 PARTITION OF parent FOR VALUES FROM (0) TO (10);
CREATE TABLE part_2 PARTITION OF parent FOR VALUES FROM (10) TO (20);
ANALYZE pg_class; ANALYZE pg_attribute""")
    wanted = ["public.parent"] + [f"public.t{i}" for i in range(1, 20)]
    postgres_job(headrace, database, *wanted)
    log = database.server.log
    begun = log.stat().st_size
    explain = "-c session_preload_libraries=auto_explain -c auto_explain.log_min_duration=0"
    headrace("plan", "job.yaml", expect=0, env={"PGOPTIONS": explain})
    statements = log.read_bytes()[begun:].decode().split("Query Text: ")[1:]
    assert len(statements) > 3 * len(wanted)
    through = [text for text in statements if "Seq Scan on pg_class" in text or "Seq Scan on pg_attribute" in text]
    assert len(through) < len(wanted), through[0]  # once for all of them is no harm


LAYOUTS = """
CREATE TABLE family (id int, a text, note text); INSERT INTO family SELECT i, 'a', NULL FROM generate_series(1, 1000) AS i;
CREATE TABLE child (extra text, hot bool) INHERITS (family); INSERT INTO child SELECT i, 'a', 'n', NULL, false FROM generate_series(1001, 2000) AS i;
INSERT INTO child SELECT NULL, NULL, NULL, 'e', NULL FROM generate_series(1, 500);
CREATE FUNCTION hot(family) RETURNS bool IMMUTABLE LANGUAGE sql AS 'SELECT true';
CREATE TABLE named (id int); INSERT INTO named SELECT generate_series(1, 500);
CREATE TABLE named_child (named int) INHERITS (named); INSERT INTO named_child SELECT i, NULL FROM generate_series(501, 1000) AS i;
CREATE TABLE parted (id int, a text) PARTITION BY RANGE (id); CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (1000);
CREATE TABLE parted_2 (a text, id int); ALTER TABLE parted ATTACH PARTITION parted_2 FOR VALUES FROM (1000) TO (2000);
INSERT INTO parted SELECT i, 'x' FROM generate_series(0, 1999) AS i;
CREATE TABLE other (x text, extra text); INSERT INTO other VALUES ('e', 'z');
ANALYZE;
"""
OF_WHOLE_ROWS = [
    ("family", "family is not null"),
    ("family", "not (\"family\" is null)"),
    ("family", "row_to_json(Family)::text NOT LIKE '%extra%'"),
    ("family", "family.hot"),
    ("family", "num_nonnulls(family.*) = 1"),
    ("family", "exists (SELECT FROM other WHERE other.x = extra) or id < 10"),
    ("named", "named is not null"),
    ("parted", "parted::text LIKE '(%,x)'"),
    ("parted", "parted > row(500, 'a'::text)"),
    ("parted", "hashtext(parted /* . */ ::text) % 2 = 0"),
]


@pytest.mark.parametrize(("table", "where"), OF_WHOLE_ROWS)
def test_a_condition_on_the_whole_row_is_one_of_the_tables_own_rows(any_database, headrace, table, where):
    """A part that is read by itself has rows of its own type: more columns, or in another order."""
    any_database.execute(LAYOUTS)
    wanted = any_database.execute(f"SELECT id FROM {table} WHERE {where}")
    job = postgres_job(headrace, any_database, {"name": f"public.{table}", "where": where} | UNITS)
    job.run()
    assert sorted(lake.rows(job.lake, f"public.{table}", "id"), key=str) == sorted(wanted, key=str)
    [planned] = plan(headrace).values()
    assert planned["strategy"] != "pages"


def test_a_condition_on_columns_is_no_condition_on_the_whole_row(database, headrace):
    database.execute(LAYOUTS)
    for table, where in (("parted", "parted.a = 'x' and id > 5 and 'parted' <> a -- parted"), ("family", "family.\"id\" > 5")):
        postgres_job(headrace, database, {"name": f"public.{table}", "where": where} | UNITS)
        [planned] = plan(headrace).values()
        assert planned["strategy"] == "pages"
    postgres_job(headrace, database, {"name": "public.parted", "where": "parted is not null"} | UNITS)
    [planned] = plan(headrace).values()
    said(planned["why"], "parted_2", "whole row")


def test_a_materialized_view_is_read_in_many_units(database, headrace):
    database.execute("CREATE MATERIALIZED VIEW doubled AS SELECT i AS id, 2 * i AS twice FROM generate_series(1, 20000) AS i; ANALYZE doubled")
    job = postgres_job(headrace, database, {"name": "public.doubled"} | UNITS, verify="source")
    [planned] = plan(headrace).values()
    assert planned["strategy"] == "pages"
    assert len(planned["units"]) > 10
    job.run()
    assert lake.rows(job.lake, "public.doubled") == lake.in_order((i, 2 * i) for i in range(1, 20001))


@pytest.mark.parametrize("key", ["PRIMARY KEY", ""], ids=["with_a_key", "without"])
def test_what_is_stored_by_another_access_method_is_not_read_by_pages(any_database, headrace, key):
    """It is the heap under another name: of that alone headrace knows that row addresses are of pages."""
    any_database.execute(f"""
        CREATE ACCESS METHOD columnar TYPE TABLE HANDLER heap_tableam_handler;
        CREATE TABLE stored (id int {key}, twice int) USING columnar; INSERT INTO stored SELECT i, 2 * i FROM generate_series(1, 20000) AS i; ANALYZE stored""")
    job = postgres_job(headrace, any_database, {"name": "public.stored"} | UNITS, verify="source")
    [planned] = plan(headrace).values()
    assert (planned["strategy"], len(planned["units"]) > 10) == (("id_range", True) if key else ("none", False))
    [asked] = plan(headrace, "--set", "tables[0].partition.strategy=pages").values()
    assert asked["strategy"] == "none"
    if int(any_database.server.version) >= 14:
        said(planned["why"], "its access method is columnar, not heap")
        said(" ".join(asked["warnings"]), "its access method is columnar, not heap")
    job.run()
    assert lake.rows(job.lake, "public.stored") == lake.in_order((i, 2 * i) for i in range(1, 20001))


def test_chunks_of_timescaledb_are_read_through_their_parent(any_database, headrace):
    """The extension is not here: what it makes of a table looks like this. What of it is compressed, only a read of the table shows."""
    any_database.execute("""
        CREATE SCHEMA _timescaledb_internal;
        CREATE TABLE metrics (at timestamptz PRIMARY KEY, v int NOT NULL);
        CREATE TABLE _timescaledb_internal._hyper_1_1_chunk (PRIMARY KEY (at)) INHERITS (metrics);
        INSERT INTO _timescaledb_internal._hyper_1_1_chunk SELECT timestamptz '2024-01-01' + i * interval '1 hour', i FROM generate_series(1, 500) AS i;
        ANALYZE metrics; ANALYZE _timescaledb_internal._hyper_1_1_chunk""")
    chunk = "_timescaledb_internal._hyper_1_1_chunk"
    job = postgres_job(headrace, any_database, {"name": "public.metrics"} | UNITS, {"name": chunk} | UNITS, verify="source")
    for planned in plan(headrace).values():
        assert planned["strategy"] != "pages"
    job.run()
    for table in ("public.metrics", chunk):
        assert lake.rows(job.lake, table, "v") == lake.in_order((v,) for v in range(1, 501))


def test_a_table_of_which_no_column_is_left_is_refused(any_database, headrace):
    any_database.execute("CREATE TABLE bare (); CREATE TABLE one (id int)")
    for table in ({"name": "public.bare"}, {"name": "public.one", "exclude": ["id"]}):
        postgres_job(headrace, any_database, table)
        said(headrace("plan", "job.yaml", expect=2), "no column is left to load")


def test_the_plan_tells_of_lineage_columns_and_queries_in_json_too(database, headrace):
    postgres_job(headrace, database, {"query": "SELECT 1 AS one", "as": "daily", "lineage": True})
    [planned] = headrace("plan", "job.yaml", "--json", expect=0).json()["tables"]
    assert planned["query"] == "SELECT 1 AS one"
    assert [column["name"] for column in planned["columns"]] == ["one", "_headrace_run", "_headrace_loaded_at"]


def test_a_foreign_table_whose_own_table_is_gone_is_there_all_the_same(database, headrace):
    database.execute(f"""CREATE EXTENSION postgres_fdw; CREATE TABLE renamed (id int);
        CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '127.0.0.1', port '{database.server.port}', dbname '{database.name}');
        CREATE USER MAPPING FOR CURRENT_USER SERVER far OPTIONS (user 'postgres');
        CREATE FOREIGN TABLE far_away (id int) SERVER far OPTIONS (table_name 'gone')""")
    postgres_job(headrace, database, {"name": "public.far_away"})
    finished = headrace("check", "job.yaml", expect=2)
    said(" ".join(finished.stdout.split()), "table public.far_away is there, and what it reads is not", 'relation "public.gone" does not exist')
    assert "did you mean" not in finished.stdout
