"""Files written for every type are read identically by DuckDB, pyarrow and Polars: the same values, to the last digit."""

import datetime
import decimal
import math

import duckdb
import polars
import pyarrow.parquet
import pytest
from harness import lake
from harness.job import postgres_job

UTC = datetime.timezone.utc
BATCH = 2000  # Rows of one kind: enough for dictionaries, page and row group borders, runs of NULLs.


def moment(*parts, zone=None):
    return datetime.datetime(*parts, tzinfo=zone)


# column: PostgreSQL's type, and pairs of what is inserted and what a reader must give
TYPES = {
    "b": ("bool", [("true", True), ("false", False)]),
    "i2": ("int2", [("-32768", -32768), ("32767", 32767)]),
    "i4": ("int4", [("-2147483648", -2147483648), ("2147483647", 2147483647)]),
    "i8": ("int8", [("-9223372036854775808", -9223372036854775808), ("9223372036854775807", 9223372036854775807)]),
    "f4": ("float4", [("1.5", 1.5), ("'-Infinity'", -math.inf), ("'NaN'", math.nan)]),
    "f8": ("float8", [("0.1", 0.1), ("'Infinity'", math.inf), ("'NaN'", math.nan), ("1e-300", 1e-300)]),
    "n4": ("numeric(4,2)", [("-99.99", decimal.Decimal("-99.99")), ("0.05", decimal.Decimal("0.05"))]),
    "n12": ("numeric(12,2)", [("-9999999999.99", decimal.Decimal("-9999999999.99")), ("0", decimal.Decimal("0.00"))]),
    "n18": ("numeric(18,6)", [("-999999999999.999999", decimal.Decimal("-999999999999.999999"))]),
    "n19": ("numeric(19,0)", [("9999999999999999999", decimal.Decimal("9999999999999999999"))]),
    "n38": ("numeric(38,9)", [("-" + "9" * 29 + "." + "9" * 9, decimal.Decimal("-" + "9" * 29 + "." + "9" * 9))]),
    "txt": ("text", [("'größer 日本 🙂'", "größer 日本 🙂"), ("''", ""), ("repeat('x', 5000)", "x" * 5000)]),
    "vc": ("varchar(9)", [("'DE'", "DE"), ("'US'", "US")]),
    "un": ("numeric", [("'12345678901234567890123456789012345678901234567890.5'",
                        "12345678901234567890123456789012345678901234567890.5")]),
    "u": ("uuid", [("'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11")]),
    "by": ("bytea", [(r"'\x00ff10'", b"\x00\xff\x10"), (r"'\x'", b"")]),
    "d": ("date", [("'0001-01-01'", datetime.date(1, 1, 1)), ("'9999-12-31'", datetime.date(9999, 12, 31))]),
    "ts": ("timestamp", [("'2024-02-29 23:59:59.999999'", moment(2024, 2, 29, 23, 59, 59, 999999)),
                         ("'0001-01-01 00:00:00'", moment(1, 1, 1))]),
    "tz": ("timestamptz", [("'2024-02-29 23:59:59.000001+02'", moment(2024, 2, 29, 21, 59, 59, 1, zone=UTC)),
                           ("'1969-12-31 00:00:00+00'", moment(1969, 12, 31, zone=UTC))]),
    "tm": ("time", [("'00:00:00'", datetime.time(0)), ("'23:59:59.999999'", datetime.time(23, 59, 59, 999999))]),
}
NESTED = {
    "li": ("int4[]", [("'{1,NULL,3}'", [1, None, 3]), ("'{}'", [])]),
    "lt": ("text[]", [("""'{"a b",NULL,""}'""", ["a b", None, ""])]),
    "ln": ("numeric(12,2)[]", [("'{1.25,-3}'", [decimal.Decimal("1.25"), decimal.Decimal("-3.00")])]),
    "st": ("pair", [("row(1, 'x')::pair", {"n": 1, "t": "x"}), ("row(null, null)::pair", {"n": None, "t": None})]),
    "ls": ("pair[]", [("array[row(1, 'x')::pair, null]", [{"n": 1, "t": "x"}, None])]),
}


def by_pyarrow(files):
    return pyarrow.concat_tables([pyarrow.parquet.read_table(file) for file in files]).to_pylist()


def by_duckdb(files):
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    result = connection.execute("SELECT * FROM read_parquet(?)", [[str(file) for file in files]])
    return result.to_arrow_table().to_pylist()  # Rows as Python objects would need pytz for the zone.


def by_polars(files):
    return polars.concat([polars.read_parquet(file) for file in files]).to_dicts()


READERS = {"pyarrow": by_pyarrow, "duckdb": by_duckdb, "polars": by_polars}


def plain(value):
    """One form of what the readers give in several: NaN equal to itself, zones as UTC, numbers of one type."""
    if isinstance(value, float):
        return "NaN" if math.isnan(value) else value
    if isinstance(value, datetime.datetime) and value.tzinfo is not None:
        return value.astimezone(UTC)
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value


def make_table(database, columns):
    """Row i takes the (i mod n)-th value of each column, every seventh is NULL, the last column numbers them."""
    database.execute("CREATE TYPE pair AS (n int4, t text)")
    declared = ", ".join(f"{name} {kind}" for name, (kind, _) in columns.items())
    database.execute(f"CREATE TABLE t ({declared}, number int4 NOT NULL)")
    values = ", ".join(
        "CASE WHEN i % 7 = 6 THEN NULL " + " ".join(
            f"WHEN i % {len(pairs)} = {n} THEN ({literal})::{kind}" for n, (literal, _) in enumerate(pairs)) + " END"
        for kind, pairs in columns.values())
    database.execute(f"INSERT INTO t SELECT {values}, i FROM generate_series(0, {BATCH - 1}) AS i")


def expected_rows(columns):
    return [{name: None if i % 7 == 6 else plain(pairs[i % len(pairs)][1]) for name, (_, pairs) in columns.items()}
            | {"number": i} for i in range(BATCH)]


def rows_of(reader, files):
    rows = [{name: plain(value) for name, value in row.items()} for row in READERS[reader](files)]
    return sorted(rows, key=lambda row: row["number"])


@pytest.mark.parametrize("columns", [TYPES, NESTED], ids=["flat", "nested"])
@pytest.mark.parametrize("compression", ["auto", "none", "snappy", "zstd", "lz4"])
def test_every_reader_gives_what_was_inserted(database, headrace, columns, compression):
    make_table(database, columns)
    job = postgres_job(headrace, database, {"name": "public.t", "write": "replace", "partition": {"target_rows": 300}},
                       destination={"type": "parquet", "path": "./lake", "compression": compression})
    job.run()
    files = lake.files(job.lake, "public.t")
    expected = expected_rows(columns)
    for reader in READERS:
        found = rows_of(reader, files)
        assert len(found) == BATCH, reader
        for row, wanted in zip(found, expected):
            assert row == wanted, reader


# NaN is the greatest number for DuckDB, and no bound of Parquet's takes it in: bounds beside it would have it skipped.
@pytest.mark.parametrize("more", ["", ", list int4[]"], ids=["flat", "beside a nested column"])
def test_filters_find_nan_and_zeros_of_both_signs(database, headrace, more):
    database.execute(f"CREATE TABLE t (f float4, d float8, zero float8, s float8{more})")
    database.execute("INSERT INTO t VALUES ('NaN', 'NaN', 0, 1), (1.5, 1.5, '-0', 2), (-1, -1, NULL, 3)")
    job = postgres_job(headrace, database, {"name": "public.t"})
    job.run()
    files = [str(file) for file in lake.files(job.lake, "public.t")]

    def count(condition):
        return duckdb.connect().execute(f"SELECT count(*) FROM read_parquet(?) WHERE {condition}", [files]).fetchone()[0]

    for column in ("f", "d"):
        found = {condition: count(f"{column} {condition}") for condition in ("= 'nan'", "<= 1.5", "> 1.5", "= -1", "IS NULL")}
        assert found == {"= 'nan'": 1, "<= 1.5": 2, "> 1.5": 1, "= -1": 1, "IS NULL": 0}, column
    assert count("zero = 0") == count("zero = '-0'::double") == 2
    assert count("s > 3") == 0


# Decimals of more than 38 digits: DuckDB gives doubles, Polars has no such type. What is left is pyarrow.
def test_decimals_of_more_than_38_digits_are_read_by_pyarrow(database, headrace):
    value = "9" * 40 + "." + "9" * 10
    database.execute(f"CREATE TABLE t AS SELECT ({value})::numeric(50,10) AS n")
    job = postgres_job(headrace, database, {"name": "public.t"})
    job.run()
    assert by_pyarrow(lake.files(job.lake, "public.t")) == [{"n": decimal.Decimal(value)}]


def test_source_types_and_comments_travel_in_the_footer(database, headrace):
    database.execute("CREATE TABLE t (amount numeric(12,2), note text); COMMENT ON COLUMN t.note IS 'as said by phone'")
    job = postgres_job(headrace, database, {"name": "public.t"})
    job.run()
    [file] = lake.files(job.lake, "public.t")
    found = duckdb.connect().execute(
        "SELECT decode(value) FROM parquet_kv_metadata(?) WHERE decode(key) = 'headrace.columns'", [str(file)]).fetchone()[0]
    assert '"source_type":"numeric(12,2)"' in found
    assert '"comment":"as said by phone"' in found
