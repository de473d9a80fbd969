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


# Decimals of more than 38 digits: pyarrow gives every digit, DuckDB doubles, Polars has no such type.
WIDE = {"n39": (39, 5), "n45": (45, 10), "n50": (50, 10), "n60": (60, 20), "n76": (76, 38)}
DIGITS = decimal.Context(prec=80)
SHAPES = {
    "flat": "{0} numeric({1},{2})",
    "beside a list": "{0} numeric({1},{2})",
    "in lists": "{0} numeric({1},{2})[]",
    "in composites": "{0} of{1}",
}


def wide_decimals(precision, scale, distinct):
    """Of both signs, with the longest ones and zero; row by row, every seventh NULL."""
    def value(i):
        digits = [10**precision - 1, 1 - 10**precision, 10**scale, -(10**scale), 1, -1, 0]
        number = digits[i % len(digits)] if i < 50 or distinct < BATCH else (-1)**i * (7**i % 10**precision)
        return decimal.Decimal(number).scaleb(-scale, DIGITS)
    return [None if i % 11 == 5 else value(i) for i in range(BATCH)]


def make_wide_table(database, shape):
    for precision, scale in WIDE.values():
        database.execute(f"CREATE TYPE of{precision} AS (n numeric({precision},{scale}), t text)")
    declared = ", ".join(SHAPES[shape].format(name, *digits) for name, digits in WIDE.items())
    beside = ", l int4[]" if shape == "beside a list" else ""
    database.execute(f"CREATE TABLE t (number int4, {declared}{beside})")


def insert_wide_rows(database, shape, columns, numbers):
    literal = {"in lists": "'{{{0:f},NULL,{0:f}}}'", "in composites": "'({0:f},x)'"}.get(shape, "'{0:f}'")
    rows = ", ".join(
        "(" + ", ".join([str(i)] + ["NULL" if values[i] is None else literal.format(values[i])
                                    for values in columns.values()]) + ")"
        for i in numbers)
    database.execute(f"INSERT INTO t (number, {', '.join(columns)}) VALUES {rows}")


def shaped(shape, value):
    if value is None:
        return None
    return {"in lists": [value, None, value], "in composites": {"n": value, "t": "x"}}.get(shape, value)


def as_doubles(value):
    if isinstance(value, list):
        return [as_doubles(item) for item in value]
    if isinstance(value, dict):
        return {key: as_doubles(item) for key, item in value.items()}
    return pytest.approx(float(value), rel=1e-14) if isinstance(value, decimal.Decimal) else value


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("distinct", [7, BATCH], ids=["dictionary", "plain"])
def test_decimals_of_more_than_38_digits_are_read_by_pyarrow_and_as_doubles_by_duckdb(database, headrace, shape, distinct):
    columns = {name: wide_decimals(*digits, distinct) for name, digits in WIDE.items()}
    make_wide_table(database, shape)
    insert_wide_rows(database, shape, columns, range(BATCH))
    job = postgres_job(headrace, database, {"name": "public.t", "partition": {"target_rows": 300}}, verify="checksum")
    job.run()
    files = lake.files(job.lake, "public.t")
    exact, doubles = rows_of("pyarrow", files), rows_of("duckdb", files)
    assert len(exact) == len(doubles) == BATCH
    for name, values in columns.items():
        wanted = [shaped(shape, value) for value in values]
        assert [row[name] for row in exact] == wanted, name
        assert [row[name] for row in doubles] == [as_doubles(value) for value in wanted], name
    for file in files:
        with pytest.raises(polars.exceptions.ComputeError):
            polars.read_parquet(file)
        assert polars.read_parquet(file, columns=["number"]).height > 0


# Each run's file holds numbers of its own part of the range, so that bounds that were wrong would leave rows out.
@pytest.mark.parametrize("shape", ["flat", "beside a list"])
def test_duckdb_skips_no_row_by_the_bounds_of_wide_decimals(database, headrace, shape):
    columns = {name: sorted(value for value in wide_decimals(*digits, BATCH) if value is not None)
               for name, digits in WIDE.items()}
    make_wide_table(database, shape)
    job = postgres_job(headrace, database, {"name": "public.t", "write": "append"})
    rows = len(columns["n39"])
    for first in range(0, rows, 300):
        database.execute("TRUNCATE t")
        insert_wide_rows(database, shape, columns, range(first, min(first + 300, rows)))
        job.run()
    files = [str(file) for file in lake.files(job.lake, "public.t")]
    assert len(files) > 5
    connection = duckdb.connect()
    for name, values in columns.items():
        numbers = [float(value) for value in values]
        for bound in [*[numbers[i] * 1.001 for i in range(100, rows, 300)], -0.5, 0.5, 2 * numbers[0], 2 * numbers[-1]]:
            for condition, matches in {"<": float(bound).__gt__, ">": float(bound).__lt__}.items():
                found = connection.execute(
                    f"SELECT count(*) FROM read_parquet(?) WHERE {name} {condition} {bound!r}::double", [files]).fetchone()[0]
                assert found == sum(map(matches, numbers)), (name, condition, bound)
        least, greatest = connection.execute(
            "SELECT min(stats_min::double), max(stats_max::double) FROM parquet_metadata(?) WHERE path_in_schema = ?",
            [files, name]).fetchone()
        assert (least, greatest) == (pytest.approx(numbers[0]), pytest.approx(numbers[-1])), name


def test_source_types_and_comments_travel_in_the_footer(database, headrace):
    database.execute("CREATE TABLE t (amount numeric(12,2), note text); COMMENT ON COLUMN t.note IS 'as said by phone'")
    job = postgres_job(headrace, database, {"name": "public.t"})
    job.run()
    [file] = lake.files(job.lake, "public.t")
    found = duckdb.connect().execute(
        "SELECT decode(value) FROM parquet_kv_metadata(?) WHERE decode(key) = 'headrace.columns'", [str(file)]).fetchone()[0]
    assert '"source_type":"numeric(12,2)"' in found
    assert '"comment":"as said by phone"' in found
