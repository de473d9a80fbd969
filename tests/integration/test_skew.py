"""Units that turn out to be far larger than planned: all workers read them in parts, and every row arrives once."""

import sqlite3

import pytest
from harness import lake
from harness.job import Job, planned, postgres_job, said

# Twenty days, known to the statistics, and then nearly all rows in one hour of them, ids and keys side by side.
CALM, CROWD = 20_000, 400_000

SETUP = f"""
CREATE TABLE t (id bigint PRIMARY KEY, at timestamptz NOT NULL, key text COLLATE "C" NOT NULL) WITH (autovacuum_enabled = off);
CREATE INDEX ON t (at);
CREATE INDEX ON t (key);
INSERT INTO t SELECT i * 1000000::bigint, timestamptz '2024-01-01' + i * interval '20 days' / {CALM}, 'k' || lpad(i::text, 6, '0')
  FROM generate_series(1, {CALM}) AS i;
ANALYZE t;
INSERT INTO t SELECT 9000000000 + n, timestamptz '2024-01-10 12:00' + n * interval '1 hour' / {CROWD}, 'k009000.' || lpad(n::text, 6, '0')
  FROM generate_series(1, {CROWD}) AS n;
"""
# The server counts the rows anew and keeps its histograms, and what it has counted of changes is gone, as behind a crash or
# on a new primary: nothing tells then that those do not hold any more.
COUNT_ANEW = "VACUUM FULL t"
FORGET_CHANGES = "SELECT pg_stat_reset_single_table_counters('t'::regclass)"

TWO_WORKERS = {"workers": {"initial": 2, "max": 2}}


def divisions(finished) -> list[dict]:
    return [event for event in finished.json_lines() if event.get("event") == "unit_divided"]


def run_divided(job: Job, table: str) -> list[int]:
    """Runs the job, of which a unit must be divided; the ids that arrived."""
    units = len(planned(job.headrace)["units"])
    finished = job.run("--log-format", "json")
    parts = divisions(finished)
    assert parts, f"no unit was divided\n{finished.stderr}"
    shown = job.command("show", "latest", "--json").json()["tables"][0]
    assert shown["units"] == units + sum(event["parts"] - 1 for event in parts)
    return lake.read(job.lake, table).column("id").sort().to_pylist()


@pytest.mark.parametrize("column", ["at", "id"])
def test_a_unit_that_has_most_rows_is_divided_while_it_is_read(database, headrace, column):
    database.execute(SETUP)
    database.execute(COUNT_ANEW)
    database.execute(FORGET_CHANGES)
    strategy = "date_range" if column == "at" else "id_range"
    table = {"name": "public.t", "partition": {"strategy": strategy, "column": column, "target_rows": 10_000}}
    job = postgres_job(headrace, database, table, verify="source", engine=TWO_WORKERS)
    expected = [row[0] for row in database.execute("SELECT id FROM t ORDER BY id")]
    assert run_divided(job, "public.t") == expected
    job.command("verify", "latest", "--level", "checksum")


@pytest.mark.parametrize("column", ["at", "id"])
def test_where_the_server_has_old_statistics_a_sample_tells_how_the_rows_lie(database, headrace, column):
    database.execute(SETUP)
    strategy = "date_range" if column == "at" else "id_range"
    table = {"name": "public.t", "partition": {"strategy": strategy, "column": column, "target_rows": 100_000}}
    job = postgres_job(headrace, database, table, engine=TWO_WORKERS)
    said(planned(headrace)["why"], "a sample of 1,001 values (the server's statistics of it are stale)")
    finished = job.run("--log-format", "json")
    assert divisions(finished) == []
    units = job.command("show", "latest", "--json").json()["tables"][0]["units"]
    assert units >= (CALM + CROWD) // 100_000
    assert lake.read(job.lake, "public.t").num_rows == CALM + CROWD


def rows_of_units(database, plan: dict) -> list[int]:
    """What each unit of a plan by ranges of t's id has at the source."""
    within = "SELECT count(*) FROM t WHERE id >= coalesce(%s::bigint, 0) AND (%s::bigint IS NULL OR id < %s)"
    return [database.execute(within, [unit["min_id"], unit["max_id"], unit["max_id"]])[0][0] for unit in plan["units"]]


# From one in a million to all in a row.
SKEWED = {
    "dense_and_sparse": "SELECT CASE WHEN i <= 90000 THEN i ELSE 90000 + (i - 90000) * 1000000::bigint END FROM generate_series(1, 100000) AS i",
    "ever_sparser": "SELECT i + (exp(i / 5000.0) * 1000)::bigint FROM generate_series(1, 100000) AS i",
    "islands": "SELECT (i % 7) * 1000000000 + i * i FROM generate_series(1::bigint, 100000) AS i ON CONFLICT DO NOTHING",
}


@pytest.mark.parametrize("skew", SKEWED)
def test_units_of_a_skewed_key_have_about_as_many_rows_as_they_should(database, headrace, skew):
    """The server's statistics of the key hold: nothing is sampled, and nothing divided."""
    database.execute(f"CREATE TABLE t (id bigint PRIMARY KEY, value int DEFAULT 1); INSERT INTO t (id) {SKEWED[skew]}")
    database.analyze("t")
    wanted = 5_000
    job = postgres_job(headrace, database, {"name": "public.t", "partition": {"strategy": "id_range", "target_rows": wanted}}, engine=TWO_WORKERS)
    plan = planned(headrace)
    said(plan["why"], "bounds from")
    assert "sample" not in plan["why"]
    rows = rows_of_units(database, plan)
    expected = [row[0] for row in database.execute("SELECT id FROM t ORDER BY id")]
    assert sum(rows) == len(expected)
    assert min(rows) > 0 and max(rows) < 2.5 * wanted, rows
    assert sum(wanted / 2.5 <= count for count in rows) >= len(rows) - 1, f"the last one may be a rest: {rows}"
    assert divisions(job.run("--log-format", "json")) == []
    assert lake.read(job.lake, "public.t").column("id").sort().to_pylist() == expected


def test_a_unit_of_a_sqlite_file_is_divided_too(headrace):
    """Its b-tree is looked into where it seems full, which the crowd does not: it begins behind calm rows."""
    file = headrace.folder / "crowd.db"
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)")
        connection.executemany("INSERT INTO t VALUES (?, 'calm')", ((i * 10**12,) for i in range(100)))
        connection.executemany("INSERT INTO t VALUES (?, 'crowd')", ((50 * 10**12 + n,) for n in range(1, CROWD + 1)))
        expected = [row[0] for row in connection.execute("SELECT id FROM t ORDER BY id")]
    connection.close()
    job = Job(headrace, {"type": "sqlite", "path": "crowd.db"}, [{"name": "t", "partition": {"target_rows": 10_000}}], engine=TWO_WORKERS)
    assert run_divided(job, "t") == expected
