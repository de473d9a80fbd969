"""Tables cut by the calendar: every row is in exactly one unit, whatever the server's settings and however far away a time is."""

import contextlib
import sqlite3

import pytest
from harness import lake
from harness.job import Job, planned, postgres_job, said

# Settings that must not matter: days begin at 18:30 UTC of the day before, and 01/02 is in February.
ODD_SETTINGS = """
ALTER DATABASE {name} SET timezone = 'Asia/Kolkata';
ALTER DATABASE {name} SET datestyle = 'SQL, DMY';
"""

# About 90 days, times to the microsecond beside midnights of UTC and of the server, and what is not on the calendar of most.
SETUP = """
SET timezone = 'UTC'; SET datestyle = 'ISO, YMD';
CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY, at {type}) WITH (autovacuum_enabled = off);
INSERT INTO t (at) SELECT (timestamp '2024-01-01' + i * interval '64.8 minutes'){cast} FROM generate_series(0, 1999) AS i;
INSERT INTO t (at) SELECT (timestamp '2024-01-01' + d * interval '1 day' + s * interval '1 microsecond' + h * interval '30 minutes'){cast}
  FROM generate_series(0, 89) AS d, generate_series(-1, 1) AS s, unnest(ARRAY[0, 37]) AS h;
INSERT INTO t (at) SELECT NULL FROM generate_series(1, 50);
INSERT INTO t (at) SELECT 'infinity' FROM generate_series(1, 300);
INSERT INTO t (at) VALUES ('-infinity'), ('-infinity'), ('4713-01-01 BC'), ('0044-03-15 BC'), ('0001-12-31 BC'), ('0001-01-01'),
  ('1969-12-31'), ('1970-01-01'), ('9999-12-31'), ('10000-01-01'), ('294247-01-10'), ('{latest}');
CREATE INDEX ON t (at);
"""

TYPES = {
    "timestamptz": {"cast": " AT TIME ZONE 'UTC'", "latest": "294276-12-31 23:59:59.999999+00"},
    "timestamp": {"cast": "", "latest": "294276-12-31 23:59:59.999999"},
    "date": {"cast": "::date", "latest": "5874897-12-31"},
}


def odd_database(database, kind, analyze):
    database.execute(ODD_SETTINGS.format(name=database.name))
    with database.connect() as connection:
        connection.execute(SETUP.format(type=kind, **TYPES[kind]))
    if analyze:
        database.analyze("t")
    return database


def in_utc(database, statement):
    with database.connect() as connection:
        connection.execute("SET timezone = 'UTC'; SET datestyle = 'ISO, YMD'")
        return connection.execute(statement).fetchall()


def time_sql(text, kind):
    """A bound of a unit's JSON as SQL. Only what the planner makes of these rows: years of four to six digits."""
    if text.startswith("-"):
        year, rest = text[1:].split("-", 1)
        text = f"{int(year) + 1:04}-{rest} BC"
    return f"'{text.lstrip('+').replace('T', ' ')}'::{kind}"


def unit_condition(unit, kind):
    if unit["type"] == "db_null":
        return f"{unit['null_column']} IS NULL"
    assert unit["type"] == "db_date_range" and unit["timestamp_column"] == "at"
    bounds = [f"at {sign} {time_sql(unit[key], kind)}" for key, sign in (("start_date", ">="), ("end_date", "<")) if unit[key]]
    return " AND ".join(bounds)


@pytest.mark.parametrize("analyze", [True, False], ids=["analysed", "never_analysed"])
@pytest.mark.parametrize("kind", TYPES)
def test_the_lake_holds_what_the_table_holds(any_database, headrace, kind, analyze):
    database = odd_database(any_database, kind, analyze)
    job = postgres_job(headrace, database, {"name": "public.t", "partition": {"strategy": "date_range", "column": "at", "target_rows": 100}},
                       verify="checksum", on_overflow="string")
    table = planned(headrace)
    units = table["units"]
    assert (table["strategy"], table.get("split_column")) == ("date_range", "at"), table
    assert len(units) > 10
    assert units[0]["start_date"] is None and units[-2]["end_date"] is None and units[-1]["type"] == "db_null"
    assert all(left["end_date"] == right["start_date"] for left, right in zip(units[:-2], units[1:-1]))

    counts = [count for unit in units for (count,) in in_utc(database, f"SELECT count(*) FROM t WHERE {unit_condition(unit, kind)}")]
    [(total,)] = in_utc(database, "SELECT count(*) FROM t")
    assert sum(counts) == total
    assert counts[-1] == 50

    report = job.run("--workers", "3", "--json").json()
    assert report["rows"] == total
    assert lake.rows(job.lake, "public.t") == lake.in_order(in_utc(database, "SELECT id, at::text FROM t"))


@pytest.mark.parametrize("kind", TYPES)
def test_units_are_about_as_large_as_planned(any_database, headrace, kind):
    """Statistics there are: no empty unit, and none that holds far more than wanted, but infinity, which is one."""
    database = odd_database(any_database, kind, analyze=True)
    postgres_job(headrace, database, {"name": "public.t", "partition": {"strategy": "date_range", "column": "at", "target_rows": 100}},
                 on_overflow="string")
    units = planned(headrace)["units"]
    counts = [count for unit in units for (count,) in in_utc(database, f"SELECT count(*) FROM t WHERE {unit_condition(unit, kind)}")]
    assert counts[-2] >= 300, "infinity"
    assert max(counts[:-2]) < 250
    assert len([count for count in counts if count == 0]) <= 3
    said(" ".join(planned(headrace)["warnings"]), "1 unit holds more than 100 rows", "; the fullest, at from ", ", holds about 300")


@pytest.mark.parametrize("rows", [120_000])
def test_a_year_is_a_unit_a_day(any_database, headrace, rows):
    any_database.execute(f"""
        CREATE TABLE events (id bigint, at timestamptz NOT NULL, day date NOT NULL);
        INSERT INTO events SELECT i, at, at::date FROM generate_series(0, {rows} - 1) AS i,
          LATERAL (SELECT timestamptz '2025-01-01 00:00+00' + i * interval '365 days' / {rows}) AS t(at);
        CREATE INDEX ON events (at); CREATE INDEX ON events (day); ANALYZE events""")
    for column in ("at", "day"):
        target = {"target_rows": rows // 100}
        postgres_job(headrace, any_database, {"name": "public.events", "partition": target | {"column": column}})
        table = planned(headrace)
        assert (table["strategy"], table["split_column"]) == ("date_range", column)
        assert len(table["units"]) == 365, column
        assert table["units"][1]["start_date"] == "2025-01-02T00:00:00" and table["units"][1]["end_date"] == "2025-01-03T00:00:00"
        assert table["warnings"] == []
    postgres_job(headrace, any_database, {"name": "public.events", "partition": target | {"strategy": "date_range"}})
    assert planned(headrace)["split_column"] == "at"
    text = " ".join(headrace("plan", "job.yaml", expect=0).stdout.split())
    said(text, "date_range, 365 units: the job wants it;", "at before 2025-01-02", "at from 2025-01-02 to 2025-01-03", "at from 2025-12-31")


def test_ten_days_of_a_year(any_database, headrace):
    """As rows that have one time a day, and as rows all over their days."""
    for at in ("d", "d + i * interval '17 seconds'"):
        any_database.execute(f"""
            DROP TABLE IF EXISTS events; CREATE TABLE events (id bigint, at timestamptz NOT NULL);
            INSERT INTO events SELECT i, {at} FROM generate_series(0, 4999) AS i,
              LATERAL (SELECT timestamptz '2025-01-01 00:00+00' + n * interval '36 days' FROM generate_series(0, 9) AS n) AS t(d);
            CREATE INDEX ON events (at); ANALYZE events""")
        for target, least, most in ((5000, 10, 10), (500, 10, 150)):
            job = postgres_job(headrace, any_database, {"name": "public.events", "partition": {"column": "at", "target_rows": target}})
            units = planned(headrace)["units"]
            assert least <= len(units) <= most, at
            counts = [count for unit in units
                      for (count,) in in_utc(any_database, f"SELECT count(*) FROM events WHERE {unit_condition(unit, 'timestamptz')}")]
            assert counts.count(0) == 0, at
        job.run()
        assert lake.count(job.lake, "public.events") == 50_000


def test_an_index_of_the_column_is_used(any_database, headrace):
    """A literal of another type, or a function around the column, would read the whole table for each unit."""
    for kind in TYPES:
        any_database.execute(f"""
            DROP TABLE IF EXISTS events; CREATE TABLE events (id bigint, at {kind} NOT NULL);
            INSERT INTO events SELECT i, timestamp '2025-01-01' + i * interval '10 minutes' FROM generate_series(0, 49999) AS i;
            CREATE INDEX events_at ON events (at); ANALYZE events""")
        before = index_scans(any_database)
        job = postgres_job(headrace, any_database, {"name": "public.events", "partition": {"column": "at", "target_rows": 1000}})
        units = len(planned(headrace)["units"])
        job.run()
        assert lake.count(job.lake, "public.events") == 50_000
        assert index_scans(any_database, before + units) >= before + units, kind


@pytest.mark.parametrize("setting", ["on", "off"])
def test_an_index_is_read_by_a_bitmap(any_database, headrace, setting):
    """Days lie in their order and the times of a day do not: the server would follow the index from page to page, many times to each."""
    any_database.execute(f"""
        ALTER DATABASE {any_database.name} SET enable_bitmapscan = {setting};
        CREATE TABLE events (id bigint, at timestamp NOT NULL) WITH (fillfactor = 10);
        INSERT INTO events SELECT i, timestamp '2025-01-01' + (i / 1000) * interval '1 day' + (i * 331 % 1000) * interval '1 minute'
            FROM generate_series(0, 49999) AS i;
        CREATE INDEX events_at ON events (at); ANALYZE events""")
    before = index_scans(any_database)
    job = postgres_job(headrace, any_database, {"name": "public.events", "partition": {"column": "at", "target_rows": 1000}})
    units = len(planned(headrace)["units"])
    job.run()
    assert lake.count(job.lake, "public.events") == 50_000
    assert index_scans(any_database, before + units) >= before + units
    assert known_of_index(any_database, "idx_tup_fetch") < 1000, "that of the planner, which looks at both ends of the index"


def index_scans(database, at_least=0):
    """How often the index was scanned; a server tells it a moment later, so that what is known to come is waited for."""
    for _ in range(100_000):
        scans = known_of_index(database, "idx_scan")
        if scans >= at_least:
            break
    return scans


def known_of_index(database, counter):
    with database.connect() as connection:
        [(count,)] = connection.execute(f"SELECT coalesce(sum({counter}), 0) FROM pg_stat_user_indexes WHERE indexrelname = 'events_at'")
        return count


def test_partitions_are_read_through_their_parent(any_database, headrace):
    """As many units as the whole needs, not those of each partition; with a filter as without."""
    any_database.execute("""
        CREATE TABLE events (id int, at timestamptz NOT NULL) PARTITION BY RANGE (at);
        CREATE TABLE events_old PARTITION OF events FOR VALUES FROM (MINVALUE) TO ('2025-02-01 00:00+05');
        CREATE TABLE events_new PARTITION OF events DEFAULT;
        INSERT INTO events SELECT i, timestamptz '2025-01-01 00:00+00' + i * interval '5 minutes' FROM generate_series(0, 19999) AS i;
        CREATE INDEX ON events (at); ANALYZE events""")
    by_date = {"partition": {"strategy": "date_range", "target_rows": 300}}
    job = postgres_job(headrace, any_database, {"name": "public.events"} | by_date, verify="checksum")
    table = planned(headrace)
    assert (table["strategy"], len(table["units"])) == ("date_range", 70), "a unit a day: 19,999 times 5 minutes"
    job.run()
    assert lake.rows(job.lake, "public.events", "id") == lake.in_order((i,) for i in range(20000))
    job = postgres_job(headrace, any_database, {"name": "public.events", "where": "id % 7 = 3"} | by_date, verify="checksum")
    job.run()
    assert lake.rows(job.lake, "public.events", "id") == lake.in_order((i,) for i in range(3, 20000, 7))


def test_what_cannot_be_cut_is_said(any_database, headrace):
    any_database.execute("""
        CREATE TABLE t (id bigint, at timestamp); INSERT INTO t SELECT i, '2024-05-05 12:00' FROM generate_series(1, 10000) AS i;
        CREATE INDEX ON t (at); ANALYZE t;
        CREATE TABLE sampled (id bigint, at timestamp); INSERT INTO sampled SELECT i, timestamp '2024-05-05' FROM generate_series(1, 10000) AS i;
        CREATE TABLE unknown (id bigint, at timestamp); INSERT INTO unknown SELECT i, 'infinity' FROM generate_series(1, 10000) AS i""")
    by_date = {"strategy": "date_range", "target_rows": 1000}

    def warnings(table, **partition):
        postgres_job(headrace, any_database, {"name": f"public.{table}", "partition": by_date | partition})
        plan = planned(headrace)
        assert [unit["type"] for unit in plan["units"]] == ["db_date_range_full"]
        return " ".join(plan["warnings"])

    said(warnings("t", column="at"), "1 unit holds more than 1,000 rows, because no range is shorter than 15 minutes")
    said(warnings("t"), "it has no date or timestamp column that is never NULL, has an index")
    said(warnings("t", column="id"), 'the numbers of "id" are no seconds, milliseconds or microseconds since 1970')
    said(warnings("sampled", column="at"), "1 unit holds more than 1,000 rows, because no range is shorter than 15 minutes")
    said(warnings("unknown", column="at"), 'nothing is known of the values of "at"')
    postgres_job(headrace, any_database, {"name": "public.t", "partition": by_date | {"strict": True}})
    said(" ".join(headrace("plan", "job.yaml", expect=2).stdout.split()), "date_range does not fit table public.t")


def test_without_a_snapshot_times_that_change_are_said(database, headrace):
    database.execute("CREATE TABLE t (at timestamp NOT NULL); CREATE INDEX ON t (at);"
                     "INSERT INTO t SELECT timestamp '2024-05-05' + i * interval '1 hour' FROM generate_series(1, 10000) AS i; ANALYZE t")
    job = postgres_job(headrace, database, {"name": "public.t", "partition": {"column": "at", "target_rows": 1000}})
    assert planned(headrace)["warnings"] == []
    job.document["source"]["snapshot"] = "off"
    job.write()
    said(" ".join(planned(headrace)["warnings"]), '"at": without a snapshot a row whose value of it an UPDATE changes', "missed or doubled")


# Hour i of 2024 as SQLite keeps times, and what of other kinds may lie beside it.
SQLITE_FORMS = {
    "text": ("TIMESTAMP", "datetime('2024-01-01', '+' || i || ' hours')"),
    "text with T": ("DATETIME", "replace(datetime('2024-01-01', '+' || i || ' hours'), ' ', 'T') || 'Z'"),
    "dates": ("DATE", "date('2024-01-01', '+' || (i / 24) || ' days')"),
    "Unix seconds": ("TIMESTAMP", "unixepoch('2024-01-01') + i * 3600"),
    "seconds in an integer": ("INTEGER", "unixepoch('2024-01-01') + i * 3600"),
    "milliseconds in an integer": ("BIGINT", "(unixepoch('2024-01-01') + i * 3600) * 1000"),
}


@pytest.mark.parametrize("form", SQLITE_FORMS)
def test_sqlite_is_cut_in_the_form_that_its_times_have(headrace, form):
    declared, value = SQLITE_FORMS[form]
    with contextlib.closing(sqlite3.connect(headrace.folder / "shop.db")) as shop:
        shop.execute(f"CREATE TABLE t (id INTEGER PRIMARY KEY, at {declared})")
        shop.execute(f"WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 3999) INSERT INTO t SELECT i, {value} FROM n")
        shop.execute("INSERT INTO t (at) VALUES (NULL), (NULL), (0), (86400)" + ("" if "integer" in form else ", ('0001-01-01'), ('9999-12-31')"))
        shop.execute("CREATE INDEX i ON t (at)")
        shop.commit()
        rows, nulls = shop.execute("SELECT count(*), count(*) - count(at) FROM t").fetchone()
    job = Job(headrace, {"type": "sqlite", "path": "shop.db"},
              [{"name": "t", "partition": {"strategy": "date_range", "column": "at", "target_rows": 30}}], verify="checksum")
    plan = planned(headrace)
    ranges = [unit for unit in plan["units"] if unit["type"] == "db_date_range"]
    assert 100 <= len(ranges) <= 250, f"166 days or so: {len(ranges)}"
    assert [unit["type"] for unit in plan["units"]].count("db_null") == 1
    assert plan["warnings"] == []
    job.run()
    assert lake.count(job.lake, "t") == rows
    assert len(set(lake.rows(job.lake, "t", "id"))) == rows
    job.document["tables"][0]["partition"]["nulls"] = "exclude"
    job.write()
    said(" ".join(planned(headrace)["warnings"]), f'{nulls} rows have NULL in "at" and are not loaded')
    job.run()
    assert lake.count(job.lake, "t") == rows - nulls


def test_sqlite_times_of_several_forms_are_one_unit(headrace):
    with contextlib.closing(sqlite3.connect(headrace.folder / "shop.db")) as shop:
        shop.execute("CREATE TABLE t (at TIMESTAMP)")
        shop.execute("WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 999) INSERT INTO t "
                     "SELECT CASE WHEN i % 2 = 0 THEN '2024-01-01' ELSE 1704067200 + i END FROM n")
        shop.commit()
    Job(headrace, {"type": "sqlite", "path": "shop.db"}, [{"name": "t", "partition": {"strategy": "date_range", "column": "at", "target_rows": 30}}])
    plan = planned(headrace)
    assert len(plan["units"]) == 1
    said(" ".join(plan["warnings"]), 'nothing is known of the values of "at"', "it is read as one unit")


@pytest.mark.parametrize(("unit", "kind"), [(1, "int"), (1000, "bigint"), (1000000, "bigint")])
def test_epochs_of_postgresql_are_cut_by_the_calendar(database, headrace, unit, kind):
    database.execute(f"CREATE TABLE t (id int, at {kind}); CREATE INDEX ON t (at);"
                     f"INSERT INTO t SELECT i, ((extract(epoch FROM timestamptz '2024-01-01 00:00Z') + i * 3600) * {unit})::{kind} FROM generate_series(0, 3999) i;"
                     "INSERT INTO t VALUES (-1, NULL), (-2, 0), (-3, -7); ANALYZE t")
    job = postgres_job(headrace, database, {"name": "public.t", "partition": {"strategy": "date_range", "column": "at", "target_rows": 30}})
    units = planned(headrace)["units"]
    assert 160 <= len(units) <= 170, len(units)
    assert units[1]["time_encoding"] == {1: "epoch_s", 1000: "epoch_ms", 1000000: "epoch_us"}[unit]
    assert units[5]["end_date"].endswith("T00:00:00")
    job.run()
    assert sorted(lake.rows(job.lake, "public.t", "id")) == [(i,) for i in range(-3, 4000)]
