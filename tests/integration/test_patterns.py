"""Names with wildcards: which tables they stand for, in a run and in the one that continues it."""

import signal
import sqlite3

import pytest
from harness import lake
from harness.gate import gate
from harness.job import Job, ended, postgres_job, said

SETUP = """
CREATE TABLE dim_a (id int PRIMARY KEY); INSERT INTO dim_a SELECT generate_series(1, 10);
CREATE TABLE dim_b (id int PRIMARY KEY); INSERT INTO dim_b SELECT generate_series(1, 20);
CREATE TABLE dim_tmp (id int PRIMARY KEY);
CREATE TABLE fact (id int PRIMARY KEY); INSERT INTO fact SELECT generate_series(1, 30);
"""


@pytest.fixture
def dims(database):
    database.execute(SETUP)
    return database


def tables_of(job: Job) -> dict[str, int]:
    """What is published, with its rows."""
    return {path.name: lake.count(job.lake, path.name) for path in sorted(job.lake.iterdir()) if path.is_dir()}


def planned_tables(headrace, *arguments: str) -> list[str]:
    return [table["table"] for table in headrace("plan", "job.yaml", "--json", *arguments, expect=0).json()["tables"]]


def test_a_pattern_is_its_tables_but_those_that_it_excludes(dims, headrace):
    job = postgres_job(headrace, dims, {"name": "public.dim_*", "exclude": ["public.dim_tmp"], "write": "replace"})
    said(job.run(), "public.dim_* stands for 2 tables; left out: public.dim_tmp (excluded)")
    assert tables_of(job) == {"public.dim_a": 10, "public.dim_b": 20}
    dims.execute("CREATE TABLE dim_c (id int); INSERT INTO dim_c VALUES (1); DROP TABLE dim_a")
    job.run()
    assert tables_of(job) == {"public.dim_a": 10, "public.dim_b": 20, "public.dim_c": 1}


def test_an_exclude_that_matches_nothing_is_said(dims, headrace):
    postgres_job(headrace, dims, {"name": "public.dim_*", "exclude": ["public.dim_tpm", "public.dim_tmp"]})
    for command in ("check", "plan"):
        said(" ".join(headrace(command, "job.yaml", expect=0).stdout.split()), "(excluded); `exclude` of public.dim_tpm matches nothing")


FAMILY = """
CREATE TABLE plain (id int); INSERT INTO plain VALUES (1);
CREATE TABLE parts (id int) PARTITION BY RANGE (id);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (10) PARTITION BY RANGE (id);
CREATE TABLE parts_1_1 PARTITION OF parts_1 FOR VALUES FROM (0) TO (10);
CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM (10) TO (20); INSERT INTO parts SELECT generate_series(1, 15);
CREATE TABLE parent (id int); INSERT INTO parent VALUES (1);
CREATE TABLE child () INHERITS (parent); INSERT INTO child VALUES (2);
CREATE TABLE grandchild () INHERITS (child); INSERT INTO grandchild VALUES (3);
CREATE VIEW a_view AS TABLE plain; CREATE MATERIALIZED VIEW a_matview AS TABLE plain;
CREATE SCHEMA other; CREATE TABLE other.far () INHERITS (parent); INSERT INTO other.far VALUES (4);
CREATE TABLE other.own (id int); INSERT INTO other.own VALUES (5), (6);
"""


def test_partitions_children_and_views_are_no_tables_of_a_pattern(any_database, headrace):
    any_database.execute(FAMILY)
    job = postgres_job(headrace, any_database, {"name": "*.*"})
    with any_database.connect() as other:
        other.execute("CREATE TEMP TABLE temporary AS TABLE plain")
        said(job.run(), "left out: other.far, public.child, public.grandchild (part of a table above it)",
             "public.a_matview, public.a_view (no table: taken by its name alone)")
    assert tables_of(job) == {"other.own": 2, "public.parent": 4, "public.parts": 15, "public.plain": 1}
    job.document["tables"] = [{"name": "public.*", "exclude": ["public.parent", "public.parts"]}, {"name": "public.a_view"}]
    job.write()
    assert planned_tables(headrace) == ["public.plain", "public.a_view"]
    job.document["tables"] = [{"name": "public.pl*"}, {"name": "public.child"}, {"name": "other.*"}]
    job.write()
    assert planned_tables(headrace) == ["public.plain", "public.child", "other.far", "other.own"]


def test_a_schema_may_have_wildcards(database, headrace):
    for tenant in ("tenant_1", "tenant_2", "customer"):
        database.execute(f"CREATE SCHEMA {tenant}; CREATE TABLE {tenant}.orders AS SELECT 1 AS id")
    job = postgres_job(headrace, database, {"name": "tenant_*.orders"})
    job.run()
    assert tables_of(job) == {"tenant_1.orders": 1, "tenant_2.orders": 1}


def test_quotes_protect_stars_and_dots(database, headrace):
    for name in ("odd*name", "odd_name", "odd*name.more", "Odd*name"):
        database.execute(f'CREATE TABLE "{name}" AS SELECT 1 AS id')
    job = postgres_job(headrace, database, {"name": 'public."odd*name"'})
    assert planned_tables(headrace) == ['public."odd*name"']
    job.document["tables"] = [{"name": 'public."odd*name"*'}]
    job.write()
    assert planned_tables(headrace) == ['public."odd*name"', 'public."odd*name.more"']
    assert planned_tables(headrace, "--only", 'public."odd*name"') == ['public."odd*name"']
    job.run()
    assert tables_of(job) == {"public.odd%2Aname": 1, "public.odd%2Aname%2Emore": 1}


def test_a_name_without_schema_is_found_along_the_search_path(dims, headrace):
    dims.execute("CREATE SCHEMA hidden; CREATE TABLE hidden.dim_z (id int)")
    job = postgres_job(headrace, dims, {"name": "dim_a", "write": "append"}, {"name": "*", "exclude": ["dim_tmp"]})
    said(job.run(), "* stands for 2 tables; left out: dim_tmp (excluded); dim_a (entry of its own)")
    assert tables_of(job) == {"dim_a": 10, "dim_b": 20, "fact": 30}
    job.document["tables"][1] = {"name": "public.*", "exclude": ["public.dim_tmp"]}
    job.write()
    assert planned_tables(headrace) == ["dim_a", "public.dim_b", "public.fact"]


def test_a_pattern_that_stands_for_nothing_is_refused_before_anything_is_read(dims, headrace):
    job = postgres_job(headrace, dims, {"name": "public.fact"}, {"name": "public.dmi_*"})
    for command in ("run", "plan", "check"):
        said(" ".join(headrace(command, "job.yaml", expect=2, env={"COLUMNS": "1000"}).stdout.split())
             + headrace(command, "job.yaml", expect=2).stderr, "tables[1].name 'public.dmi_*'", "stands for no table")
    said(headrace("run", "job.yaml", "--dry-run", expect=2).stderr, "public.dmi_*")
    assert not job.lake.exists() or tables_of(job) == {}
    job.run("--only", "public.fact")
    assert tables_of(job) == {"public.fact": 30}


def test_only_and_set_take_the_tables_and_the_pattern(dims, headrace):
    job = postgres_job(headrace, dims, {"name": "public.dim_*", "exclude": ["public.dim_tmp"]}, {"name": "public.fact"})
    assert planned_tables(headrace, "--only", "public.dim_b") == ["public.dim_b"]
    assert planned_tables(headrace, "--only", "public.dim_*") == ["public.dim_a", "public.dim_b"]
    said(job.run("--only", "public.dim_tmp", expect=2), "no table", "public.dim_tmp")
    assert planned_tables(headrace, "--only", "*") == planned_tables(headrace, "--only", "d*", "--only", "*.f?ct") == ["public.dim_a", "public.dim_b", "public.fact"]
    plan = headrace("plan", "job.yaml", "--json", "--set", "tables.public.dim_*.write=append", expect=0).json()
    assert [(table["table"], table["write"], table.get("pattern")) for table in plan["tables"]] == [
        ("public.dim_a", "append", "public.dim_*"), ("public.dim_b", "append", "public.dim_*"), ("public.fact", "replace", None)]
    listed = headrace("inspect", dims.uri, "--table", "public.dim_?", "--json", expect=0).json()
    assert [table["table"] for table in listed["tables"]] == ["public.dim_a", "public.dim_b"]


def test_a_table_that_may_not_be_read_is_told_and_the_others_are_loaded(dims, headrace):
    role = f"reader_of_{dims.name}"
    dims.execute(f"CREATE ROLE {role} LOGIN; GRANT SELECT ON dim_a, fact TO {role}")
    try:
        uri = dims.uri.replace("//postgres@", f"//{role}@")
        job = Job(headrace, {"type": "postgresql", "uri": uri}, [{"name": "public.*", "exclude": ["public.dim_tmp"]}])
        for command in ("check", "plan"):
            said(" ".join(headrace(command, "job.yaml", expect=1).stdout.split()), "public.dim_b", "permission denied")
        said(job.run(expect=1), "public.dim_b", "permission denied")
        assert tables_of(job) == {"public.dim_a": 10, "public.fact": 30}
    finally:
        dims.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")


def killed_run(job: Job, database, meanwhile: str) -> None:
    """A run that is killed while it reads the last of its tables; `meanwhile` happens before it is continued."""
    with gate(database.uri) as held:
        process = job.start()
        held.wait_for_reader(process)
        process.send_signal(signal.SIGKILL)
        ended(process, -signal.SIGKILL)
    database.execute(meanwhile)


@pytest.fixture
def stopped_at_big(dims, headrace):
    """A job of a pattern; its largest table comes first and stands at the gate."""
    dims.execute("CREATE TABLE dim_big AS SELECT generate_series(1, 10000) AS id; ANALYZE")
    return postgres_job(headrace, dims, {"name": "public.dim_*", "write": "append", "where": "CASE WHEN id > 5000 THEN gate() ELSE true END"},
                        engine={"type": "sequential"})


def test_a_killed_run_is_continued_with_the_tables_that_it_was_begun_with(stopped_at_big, dims):
    job = stopped_at_big
    killed_run(job, dims, "CREATE TABLE dim_new AS SELECT 1 AS id; DROP TABLE dim_tmp")
    said(job.run(), "continuing run", "for the next run to load: public.dim_new", "no part of it any more: public.dim_tmp")
    assert tables_of(job) == {"public.dim_a": 10, "public.dim_b": 20, "public.dim_big": 10000}
    job.run()
    assert tables_of(job) == {"public.dim_a": 20, "public.dim_b": 40, "public.dim_big": 20000, "public.dim_new": 1}


def test_a_published_table_that_is_dropped_before_the_run_goes_on_stays(dims, headrace):
    dims.execute("CREATE TABLE dim_bad (id int, at date); INSERT INTO dim_bad VALUES (1, 'infinity')")
    job = postgres_job(headrace, dims, {"name": "public.dim_*", "write": "append"})
    said(job.run(expect=1), "public.dim_bad", "infinity")
    dims.execute("DROP TABLE dim_a; UPDATE dim_bad SET at = '2024-02-29'; CREATE TABLE dim_c (id int)")
    report = job.run("--json").json()
    states = {table["table"]: table["state"] for table in report["tables"]}
    assert states == {"public.dim_a": "already_committed", "public.dim_b": "already_committed",
                      "public.dim_bad": "committed", "public.dim_tmp": "already_committed"}
    assert tables_of(job)["public.dim_a"] == 10 and "public.dim_c" not in tables_of(job)


def test_a_table_that_is_dropped_gives_way_and_the_run_is_done(dims, headrace):
    dims.execute("CREATE TABLE dim_bad (id int, at date); INSERT INTO dim_bad VALUES (1, 'infinity')")
    job = postgres_job(headrace, dims, {"name": "public.dim_*"})
    job.run("--run-id", "monday", expect=1)
    dims.execute("DROP TABLE dim_bad")
    said(job.run("--run-id", "monday"), "public.dim_bad")
    assert job.command("show", "monday", "--json").json()["state"] == "done"
    dims.execute("CREATE TABLE dim_c (id int)")
    said(job.run("--run-id", "monday"), "nothing to do")
    assert "public.dim_c" not in tables_of(job)


def test_a_pattern_of_incremental_loads(database, headrace):
    for name in ("log_a", "log_b"):
        database.execute(f"CREATE TABLE {name} (id serial PRIMARY KEY, v int); INSERT INTO {name} (v) VALUES (1), (2)")
    job = postgres_job(headrace, database, {"name": "public.log_*", "mode": "transactional", "cursor": "id"})
    job.run()
    database.execute("INSERT INTO log_a (v) VALUES (3); CREATE TABLE log_c (id serial PRIMARY KEY, v int);"
                     "INSERT INTO log_c (v) VALUES (1)")
    job.run()
    assert tables_of(job) == {"public.log_a": 3, "public.log_b": 2, "public.log_c": 1}
    shown = headrace("state", "show", "--json", expect=0).json()
    assert [(cursor["table"], cursor["watermark"]) for cursor in shown] == [
        ("public.log_a", "4"), ("public.log_b", "3"), ("public.log_c", "2")]
    said(headrace("state", "set", "public.log_*", "1", expect=2).stderr, "several tables")
    headrace("state", "set", "public.log_b", "2", expect=0)
    job.run()
    assert tables_of(job) == {"public.log_a": 3, "public.log_b": 3, "public.log_c": 1}
    job.document["source"]["uri"] = "postgresql://nobody@127.0.0.1:1/nowhere"
    job.write()
    unknown = headrace("state", "show", "--json", expect=1).json()
    assert [(cursor["table"], cursor["watermark"], "error" in cursor) for cursor in unknown] == [("public.log_*", None, True)]


def test_a_new_table_is_no_change_of_the_job(dims, headrace):
    dims.execute("CREATE TABLE dim_bad (id int, at date); INSERT INTO dim_bad VALUES (1, 'infinity')")
    job = postgres_job(headrace, dims, {"name": "public.dim_*"})
    job.run(expect=1)
    dims.execute("CREATE TABLE dim_c (id int); UPDATE dim_bad SET at = '2024-02-29'")
    said(job.run(), "continuing run")
    job.document["tables"][0]["exclude"] = ["public.dim_c"]
    job.write()
    job.run()


SHOP = """
CREATE TABLE orders (id INTEGER PRIMARY KEY AUTOINCREMENT, v); INSERT INTO orders (v) VALUES (1), (2);
CREATE TABLE "order*lines" (id INTEGER PRIMARY KEY); INSERT INTO "order*lines" VALUES (1);
CREATE TABLE people (id INTEGER PRIMARY KEY); INSERT INTO people VALUES (1);
CREATE VIEW order_view AS SELECT * FROM orders; CREATE VIRTUAL TABLE order_words USING fts5(body);
"""


def sqlite_job(headrace, *tables: dict) -> Job:
    with sqlite3.connect(headrace.folder / "shop.db") as connection:
        connection.executescript(SHOP)
    connection.close()
    return Job(headrace, {"type": "sqlite", "path": "shop.db"}, list(tables))


def test_sqlite_with_and_without_its_schema(headrace):
    job = sqlite_job(headrace, {"name": "order*"})
    said(job.run(), "order* stands for 2 tables; left out: order_view, order_words (no table: taken by its name alone)")
    assert tables_of(job) == {"order%2Alines": 1, "orders": 2}
    job.document["tables"] = [{"name": "main.*", "exclude": ["main.orders", "main.order_*"]}, {"name": "order_view"}]
    job.write()
    assert planned_tables(headrace) == ['main."order*lines"', "main.people", "order_view"]
    job.document["tables"] = [{"name": "main.orders"}, {"name": "*"}]
    job.write()
    assert planned_tables(headrace) == ["main.orders", '"order*lines"', "people"]


def test_sqlite_a_table_in_the_place_of_a_query_is_refused(headrace):
    job = sqlite_job(headrace, {"name": "peopl?"}, {"query": "SELECT 1 AS one", "as": "people"})
    said(job.run(expect=2), "people would be written to the same place")


def test_sqlite_a_killed_run_and_its_tables(headrace):
    job = sqlite_job(headrace, {"name": "*", "mode": "transactional", "cursor": "id", "exclude": ["order?lines", "bad"]})
    said(job.run(expect=1), "people")  # Its numbers may be used again.
    with sqlite3.connect(headrace.folder / "shop.db") as connection:
        connection.executescript("DROP TABLE people; CREATE TABLE later (id INTEGER PRIMARY KEY AUTOINCREMENT)")
    connection.close()
    said(job.run(), "for the next run to load: later", "no part of it any more: people")
    assert tables_of(job) == {"orders": 2}
