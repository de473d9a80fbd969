"""Each type of PostgreSQL in BigQuery: the column that it becomes, the values that come back, and those that BigQuery does not hold."""

import pytest
from harness.bigquery_job import loads_asked
from harness.job import said

# Type of PostgreSQL, value in SQL, the column's type, and the value as the stand-in shows it. BYTES are not here: the stand-in cannot load them
# with a schema (servers/test_bigquery.py).
TYPES = [
    ("boolean", "true", "BOOLEAN", "true"),
    ("smallint", "-32768", "INTEGER", "-32768"),
    ("integer", "-2147483648", "INTEGER", "-2147483648"),
    ("bigint", "-9223372036854775808", "INTEGER", "-9223372036854775808"),
    ("bigint", "9223372036854775807", "INTEGER", "9223372036854775807"),
    ("oid", "4294967295", "INTEGER", "4294967295"),
    ("real", "1.5", "FLOAT", "1.5"),
    ("double precision", "1e-300", "FLOAT", "1e-300"),
    ("double precision", "'NaN'", "FLOAT", "NaN"),
    ("double precision", "'Infinity'", "FLOAT", "Infinity"),
    ("double precision", "'-Infinity'", "FLOAT", "-Infinity"),
    ("real", "'-Infinity'", "FLOAT", "-Infinity"),
    ("numeric(6,2)", "-1234.50", "NUMERIC", "-1234.5"),
    ("numeric(38,9)", "12345678901234567890123456789.123456789", "NUMERIC", "12345678901234567890123456789.123456789"),
    ("numeric(20,13)", "1.1234567890123", "BIGNUMERIC", "1.1234567890123"),
    ("numeric(38,18)", "12345678901234567890.123456789012345678", "BIGNUMERIC", "12345678901234567890.123456789012345678"),
    ("numeric(60,50)", "1.5", "STRING", "1." + "5".ljust(50, "0")),
    ("numeric", "12345678901234567890123456789012345678901234567890.5", "STRING", "12345678901234567890123456789012345678901234567890.5"),
    ("numeric", "'NaN'", "STRING", "NaN"),
    ("text", "'ä\n\"'", "STRING", "ä\n\""),
    ("text", "''", "STRING", ""),
    ("varchar(3)", "'abc'", "STRING", "abc"),
    ("uuid", "'123e4567-e89b-12d3-a456-426614174000'", "STRING", "123e4567-e89b-12d3-a456-426614174000"),
    ("json", """'{"b": 1,  "a": [1.0]}'""", "STRING", '{"b": 1,  "a": [1.0]}'),
    ("jsonb", """'{"b": 1,  "a": [1.0]}'""", "STRING", '{"a": [1.0], "b": 1}'),
    ("interval", "'1 day 02:00'", "STRING", "P1DT2H"),
    ("inet", "'10.0.0.1'", "STRING", "10.0.0.1"),
    ("mood", "'good'", "STRING", "good"),
    ("date", "'0001-01-01'", "DATE", "0001-01-01"),
    ("date", "'9999-12-31'", "DATE", "9999-12-31"),
    ("timestamp", "'0001-01-01 00:00'", "DATETIME", "0001-01-01T00:00:00"),
    ("timestamp", "'9999-12-31 23:59:59.999999'", "DATETIME", "9999-12-31T23:59:59.999999"),
    ("timestamptz", "'1970-01-01 01:00:01.000001+01'", "TIMESTAMP", "1.000001"),
    ("time", "'23:59:59.999999'", "TIME", "23:59:59.999999"),
    ("integer[]", "'{1,2,3}'", "INTEGER", [{"v": "1"}, {"v": "2"}, {"v": "3"}]),
    ("text[]", "'{}'", "STRING", []),
    ("date[]", "'{2024-02-29}'", "DATE", [{"v": "2024-02-29"}]),
    ("numeric(6,2)[]", "'{1.5}'", "NUMERIC", [{"v": "1.5"}]),
    ("point_of", "ROW(1, 'x')", "RECORD", {"f": [{"v": "1"}, {"v": "x"}]}),
    ("point_of", "ROW(NULL, NULL)", "RECORD", {"f": [{"v": None}, {"v": None}]}),
    ("point_of[]", "ARRAY[ROW(1, 'x')::point_of]", "RECORD", [{"v": {"f": [{"v": "1"}, {"v": "x"}]}}]),
]
MAKE = "CREATE TYPE mood AS ENUM ('good'); CREATE TYPE point_of AS (n int, name text)"


@pytest.fixture
def postgres_job(database, into_bigquery):
    """Makes a job of `t`, of the columns and rows given as SQL."""
    def make(columns, *rows, keys=None, **sections):
        database.execute(f"{MAKE}; CREATE TABLE t ({columns})")
        for row in rows:
            database.execute(f"INSERT INTO t VALUES ({row})")
        return into_bigquery({"type": "postgresql", "uri": database.uri}, {"name": "public.t", "write": "append"} | (keys or {}), **sections)
    return make


def is_array(kind):
    return kind.endswith("[]")


def test_types(postgres_job, bigquery_proxy):
    """All at once: a row of values, and one of NULL, of which an array is empty."""
    columns = ", ".join(f"c{number} {kind}" for number, (kind, *_) in enumerate(TYPES))
    job = postgres_job(columns, ", ".join(value for _, value, *_ in TYPES), ", ".join(["NULL"] * len(TYPES)))
    job.run()
    [asked] = loads_asked(bigquery_proxy)
    names = {"BOOL": "BOOLEAN"}
    schema = {field["name"]: (names.get(field["type"], field["type"]), field["mode"]) for field in asked["load"]["schema"]["fields"]}
    wanted = {f"c{number}": (there, "REPEATED" if is_array(kind) else "NULLABLE") for number, (kind, _, there, _) in enumerate(TYPES)}
    assert schema == wanted
    assert job.fields("t") == wanted
    nulls, values = sorted(job.rows("t"), key=lambda row: row[0] is not None)
    assert dict(zip(wanted, values)) == {f"c{number}": shown for number, (*_, shown) in enumerate(TYPES)}
    assert dict(zip(wanted, nulls)) == {f"c{number}": [] if is_array(kind) else None for number, (kind, *_) in enumerate(TYPES)}


def test_not_null_is_required(postgres_job, bigquery_proxy):
    """The table that the stand-in makes has forgotten it (servers/test_bigquery.py)."""
    job = postgres_job("id int NOT NULL, tags int[] NOT NULL, at timestamptz NOT NULL", "1, '{}', '1970-01-01 00:00+00'")
    job.run()
    [asked] = loads_asked(bigquery_proxy)
    assert [field["mode"] for field in asked["load"]["schema"]["fields"]] == ["REQUIRED", "REPEATED", "REQUIRED"]
    assert job.rows("t") == [["1", [], "0.0"]]


def test_the_plan_shows_the_columns(postgres_job):
    job = postgres_job("a numeric(60,50), b int[]")
    [table] = job.ask("plan", "--json").json()["tables"]
    assert [column["note"] for column in table["columns"]] == [
        "as text: BIGNUMERIC has 38 digits on each side of the point",
        "an element that is NULL follows on_overflow; NULL becomes an empty array"]


# Type, a value that fits and how it comes back, one that does not and how PostgreSQL shows it.
UNHELD = [
    ("date", "2024-02-29", "2024-02-29", "10000-01-01", "10000-01-01"),
    ("date", "2024-02-29", "2024-02-29", "0001-12-31 BC", "0001-12-31 BC"),
    ("date", "2024-02-29", "2024-02-29", "infinity", "infinity"),
    ("timestamp", "2024-02-29 12:00", "2024-02-29T12:00:00", "10000-01-01 00:00", "10000-01-01 00:00:00"),
    ("timestamp", "2024-02-29 12:00", "2024-02-29T12:00:00", "-infinity", "-infinity"),
    ("timestamptz", "1970-01-01 00:00:01+00", "1.0", "0044-03-15 12:00+00 BC", "0044-03-15 12:00:00+00 BC"),
    ("timestamptz", "1970-01-01 00:00:01+00", "1.0", "infinity", "infinity"),
    ("time", "12:00", "12:00:00", "24:00:00", "24:00:00"),
    ("numeric(6,2)", "1.50", "1.5", "NaN", "NaN"),
    ("date[]", "{2024-02-29}", [{"v": "2024-02-29"}], "{10000-01-01}", "{10000-01-01}"),
    ("integer[]", "{1}", [{"v": "1"}], "{1,NULL}", "{1,NULL}"),
    ("text[]", "{a}", [{"v": "a"}], "{NULL}", "{NULL}"),
    ("integer[]", "{1}", [{"v": "1"}], "{{1,2},{3,4}}", "{{1,2},{3,4}}"),
]
NAMES = [f"{kind} {other}" for kind, _, _, other, _ in UNHELD]


@pytest.fixture
def unheld(postgres_job):
    return lambda case, **keys: postgres_job(f"id int PRIMARY KEY, c {case[0]}", f"7, '{case[1]}'", f"8, '{case[3]}'", "9, NULL", keys=keys)


@pytest.mark.parametrize("case", UNHELD, ids=NAMES)
def test_what_is_not_held_is_an_error_that_names_the_row(unheld, case):
    job = unheld(case)
    finished = job.run(expect=1)
    said(finished, "public.t", '"c"', "on_overflow: null")
    assert "(0,2)" in finished.stdout or "id = 8" in finished.stdout, finished.stdout
    job.expect_nothing_staged()


@pytest.mark.parametrize("case", UNHELD, ids=NAMES)
def test_what_is_not_held_becomes_null(unheld, case):
    job = unheld(case, on_overflow="null")
    report = job.run("--json").json()
    none = [] if is_array(case[0]) else None
    assert job.rows("t") == [["7", case[2]], ["8", none], ["9", none]]
    assert report["tables"][0]["nulled_values"] == 1


@pytest.mark.parametrize("case", UNHELD, ids=NAMES)
def test_what_is_not_held_becomes_text(unheld, case):
    job = unheld(case, on_overflow="string")
    job.run()
    assert job.fields("t")["c"] == ("STRING", "NULLABLE")
    [first, other, none] = job.rows("t")
    assert none == ["9", None] and other == ["8", case[4]]
