"""Whole runs against every server version: what arrives in the lake is what the server says, for every kind of relation."""

from dataclasses import dataclass, field

import psycopg
import pytest
from harness import lake
from harness.job import postgres_job

SETUP = """
CREATE TABLE events (
  id bigint PRIMARY KEY, kind text, amount numeric(12,2), price float8, ok boolean, day date, at timestamptz, raw bytea);
INSERT INTO events
SELECT i, CASE WHEN i % 7 > 0 THEN 'kind ' || i % 5 END, (i * 7919 % 100000) / 100.0, i / 3.0, i % 2 = 0,
       date '2024-01-01' + i % 400, timestamptz '2024-01-01 00:00+00' + i * interval '61 seconds', decode(md5(i::text), 'hex')
FROM generate_series(1, 30000) AS i;

CREATE TABLE measures (id int, region text, value int) PARTITION BY LIST (region);
CREATE TABLE measures_eu PARTITION OF measures FOR VALUES IN ('eu');
CREATE TABLE measures_us PARTITION OF measures FOR VALUES IN ('us') PARTITION BY RANGE (id);
CREATE TABLE measures_us_low PARTITION OF measures_us FOR VALUES FROM (0) TO (5000);
CREATE TABLE measures_us_high PARTITION OF measures_us DEFAULT;
INSERT INTO measures SELECT i, CASE WHEN i % 3 = 0 THEN 'eu' ELSE 'us' END, i * 2 FROM generate_series(1, 9000) AS i;

CREATE VIEW big_events AS SELECT id, amount FROM events WHERE amount > 900;
CREATE MATERIALIZED VIEW by_kind AS SELECT kind, count(*) AS events FROM events GROUP BY kind;

CREATE TABLE "Odd ""Näme"".x" ("Key" int, "select" text, "a.b" text);
INSERT INTO "Odd ""Näme"".x" VALUES (1, 'one', 'ä'), (2, NULL, '');

CREATE TABLE changed (id int, dropped text, kept text, doubled int GENERATED ALWAYS AS (id * 2) STORED);
INSERT INTO changed (id, dropped, kept) SELECT i, 'gone', 'kept ' || i FROM generate_series(1, 100) AS i;
ALTER TABLE changed DROP COLUMN dropped;
ALTER TABLE changed ADD COLUMN added text DEFAULT 'later';

CREATE TABLE empty (id int, name text);
CREATE TABLE keyless (value int);
INSERT INTO keyless SELECT i % 10 FROM generate_series(1, 5000) AS i;
"""


@dataclass(frozen=True)
class Case:
    name: str
    table: dict
    directory: str  # in the lake
    expected: str  # a query whose rows the lake must hold
    columns: tuple[str, ...] = field(default=())


SMALL = {"partition": {"target_rows": 1000}}

CASES = (
    Case("table", {"name": "public.events"}, "public.events", "SELECT * FROM events"),
    Case("table_in_many_units", {"name": "public.events"} | SMALL, "public.events", "SELECT * FROM events"),
    Case("id_range", {"name": "public.events", "partition": {"strategy": "id_range", "column": "id", "target_rows": 700}},
         "public.events", "SELECT * FROM events"),
    Case("one_unit", {"name": "public.events", "partition": {"strategy": "none"}}, "public.events", "SELECT * FROM events"),
    Case("where", {"name": "public.events", "where": "kind = 'kind 3' OR kind IS NULL"} | SMALL, "public.events",
         "SELECT * FROM events WHERE kind = 'kind 3' OR kind IS NULL"),
    Case("where_without_rows", {"name": "public.events", "where": "false"}, "public.events", "SELECT * FROM events WHERE false"),
    Case("columns", {"name": "public.events", "columns": ["amount", {"name": "id", "as": "event"}]}, "public.events",
         "SELECT amount, id FROM events", ("amount", "event")),
    Case("exclude", {"name": "public.events", "exclude": ["raw", "price"]}, "public.events",
         "SELECT id, kind, amount, ok, day, at FROM events", ("id", "kind", "amount", "ok", "day", "at")),
    Case("cast", {"name": "public.events", "columns": ["id", {"name": "amount", "as": "cents", "type": "decimal(18,4)"},
                                                     {"name": "day", "type": "string"}]},
         "public.events", "SELECT id, amount::numeric(18,4), day::text FROM events", ("id", "cents", "day")),
    Case("partitioned", {"name": "public.measures"} | SMALL, "public.measures", "SELECT * FROM measures"),
    Case("leaf_partition", {"name": "public.measures_eu"}, "public.measures_eu", "SELECT * FROM measures_eu"),
    Case("view", {"name": "public.big_events"}, "public.big_events", "SELECT * FROM big_events"),
    Case("materialized_view", {"name": "public.by_kind"}, "public.by_kind", "SELECT * FROM by_kind"),
    Case("query", {"query": "SELECT kind, sum(amount)::numeric(20,2) AS total FROM events GROUP BY 1", "as": "totals"}, "totals",
         "SELECT kind, sum(amount)::numeric(20,2) FROM events GROUP BY 1", ("kind", "total")),
    Case("odd_names", {"name": 'public."Odd ""Näme"".x"'}, "public.Odd%20%22N%C3%A4me%22%2Ex", 'SELECT * FROM "Odd ""Näme"".x"',
         ("Key", "select", "a.b")),
    Case("changed_table", {"name": "public.changed"}, "public.changed", "SELECT id, kept, doubled, added FROM changed",
         ("id", "kept", "doubled", "added")),
    Case("empty", {"name": "public.empty"}, "public.empty", "SELECT * FROM empty", ("id", "name")),
    Case("keyless", {"name": "public.keyless"} | SMALL, "public.keyless", "SELECT * FROM keyless"),
)


@pytest.fixture(scope="module")
def shop(any_postgres, postgres_servers):
    made = postgres_servers.make_database(any_postgres)
    made.execute(SETUP)
    yield made
    postgres_servers.drop_database(made)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_lake_holds_what_the_server_holds(shop, headrace, case):
    job = postgres_job(headrace, shop, case.table, verify="checksum")
    report = job.run("--json").json()
    expected = lake.in_order(shop.execute(case.expected))
    assert lake.rows(job.lake, case.directory, *case.columns) == expected
    assert report["rows"] == len(expected)
    assert [table["state"] for table in report["tables"]] == ["committed"]


def test_tables_of_one_run(shop, headrace):
    names = ["events", "measures", "empty", "keyless", "big_events"]
    job = postgres_job(headrace, shop, *({"name": f"public.{name}"} | SMALL for name in names))
    job.run("--workers", "3")
    for name in names:
        [(expected,)] = shop.execute(f"SELECT count(*) FROM {name}")
        assert lake.read(job.lake, f"public.{name}").num_rows == expected, name


def test_generated_columns_are_columns_like_others(any_database, headrace):
    """Those of PostgreSQL 18 are not stored but computed where they are read: also where they cut the table or filter it."""
    kind = "VIRTUAL" if int(any_database.server.version) >= 18 else "STORED"
    any_database.execute(f"CREATE TABLE t (id int, twice bigint NOT NULL GENERATED ALWAYS AS (id * 2) {kind},"
                         f" word text GENERATED ALWAYS AS ('w' || id) {kind}) WITH (fillfactor = 10);"
                         "INSERT INTO t (id) SELECT generate_series(1, 5000); ANALYZE t")
    for partition in (SMALL["partition"], {"strategy": "id_range", "column": "twice", "target_rows": 1000}):
        job = postgres_job(headrace, any_database, {"name": "public.t", "where": "twice > 10 AND word <> 'w77'", "partition": partition},
                           verify="checksum")
        job.run()
        assert lake.rows(job.lake, "public.t") == lake.in_order((i, i * 2, f"w{i}") for i in range(6, 5001) if i != 77)


def test_a_virtual_column_is_the_one_of_the_table(any_database, headrace):
    """A partition may compute it otherwise (18): who reads the table reads the table's, and NULL where that is NULL. Before 18
    there is none."""
    if int(any_database.server.version) < 18:
        with pytest.raises(psycopg.errors.SyntaxError):
            any_database.execute("CREATE TABLE p (id int, v text GENERATED ALWAYS AS ('p' || id) VIRTUAL)")
        return
    any_database.execute("""
        CREATE TABLE p (id int, v text GENERATED ALWAYS AS ('p' || id) VIRTUAL, w int GENERATED ALWAYS AS (nullif(id, 7)) VIRTUAL)
        PARTITION BY RANGE (id);
        CREATE TABLE part (id int, v text GENERATED ALWAYS AS ('q' || id) VIRTUAL, w int NOT NULL GENERATED ALWAYS AS (id) VIRTUAL);
        ALTER TABLE p ATTACH PARTITION part FOR VALUES FROM (0) TO (100000);
        INSERT INTO p (id) SELECT generate_series(1, 5000); ANALYZE p""")
    expected = lake.in_order((i, f"p{i}", None if i == 7 else i) for i in range(1, 5001))
    for partition in ({"target_rows": 1000}, {"strategy": "id_range", "column": "w", "target_rows": 1000}, {"strategy": "none"}):
        job = postgres_job(headrace, any_database, {"name": "public.p", "partition": partition}, verify="source")
        job.run()
        assert lake.rows(job.lake, "public.p") == expected, partition


def test_rows_that_are_older_than_a_not_null_constraint(any_database, headrace):
    """A constraint that was never validated (18) promises nothing; nor does one of a parent whose child let go of it."""
    if int(any_database.server.version) >= 18:
        any_database.execute("CREATE TABLE t (id int); INSERT INTO t VALUES (NULL), (1); ALTER TABLE t ADD CONSTRAINT c NOT NULL id NOT VALID")
    else:
        any_database.execute("CREATE TABLE t (id int NOT NULL); CREATE TABLE child () INHERITS (t); INSERT INTO t VALUES (1);"
                             "ALTER TABLE child ALTER id DROP NOT NULL; INSERT INTO child VALUES (NULL)")
    job = postgres_job(headrace, any_database, {"name": "public.t"}, verify="checksum")
    job.run()
    assert lake.rows(job.lake, "public.t") == lake.in_order([(1,), (None,)])


def test_a_role_that_reads_null_as_a_word_loads_null(database, headrace):
    """Arrays of types without a binary form are read as text, and taken apart again by the server."""
    database.execute(f"ALTER DATABASE {database.name} SET array_nulls = off")
    database.execute("""CREATE TABLE t (a inet[], b interval[]);
        SET array_nulls = on; INSERT INTO t VALUES (ARRAY['10.0.0.1', NULL]::inet[], ARRAY[NULL, interval '1 day']), ('{NULL}', '{NULL}')""")
    job = postgres_job(headrace, database, {"name": "public.t"})
    job.run()
    assert lake.rows(job.lake, "public.t") == [(["10.0.0.1", None], [None, "P1D"]), ([None], [None])]
