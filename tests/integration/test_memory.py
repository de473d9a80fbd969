"""Peak memory stays below workers × 64 MiB + 64 MiB, whatever the rows look like."""

import random
import sqlite3
from dataclasses import dataclass

import pytest
from harness import lake
from harness.job import Job, is_sanitized, postgres_job

MIB = 1 << 20
WORKERS = 2
WIDE = ", ".join(f"c{i} int" for i in range(1600))
FIELDS = 100


def bound(workers):
    return (workers * 64 + 64) * MIB


def worker_settings(workers):
    return {"workers": {"initial": workers, "max": workers}}


@dataclass(frozen=True)
class Shape:
    name: str
    setup: str
    rows: int


SHAPES = (
    # 400 MB: each row a megabyte of text that does not compress, stored as it is.
    Shape("rows_of_1_mb", """
        CREATE TABLE shape (id int, body text);
        ALTER TABLE shape ALTER COLUMN body SET STORAGE EXTERNAL;
        INSERT INTO shape SELECT i, (SELECT string_agg(md5((i * 40000 + j)::text), '') FROM generate_series(1, 32768) AS j)
        FROM generate_series(1, 400) AS i
        """, 400),
    Shape("1600_columns", f"""
        CREATE TABLE shape ({WIDE});
        INSERT INTO shape SELECT {", ".join(f"i * {i + 1}" for i in range(1600))} FROM generate_series(1, 8000) AS i
        """, 8000),
    # A dictionary for each column.
    Shape("1600_columns_of_few_values", f"""
        CREATE TABLE shape ({WIDE});
        INSERT INTO shape SELECT {", ".join(f"i % 700 * {i + 1}" for i in range(1600))} FROM generate_series(1, 8000) AS i
        """, 8000),
    Shape("narrow_rows", "CREATE TABLE shape AS SELECT i::int AS id FROM generate_series(1, 3000000) AS i", 3_000_000),
)

# What is small at the server, or on the wire, and large in memory.
GROWING_SHAPES = (
    # 400 MB as text, 448 kB at the server.
    Shape("numbers_of_40000_digits", "CREATE TABLE shape AS SELECT i AS id, 1e40000 AS n FROM generate_series(1, 10000) AS i", 10_000),
    # 500 MB, of which the server stores the exponents.
    Shape("numbers_of_1000_decimals", f"""
        CREATE TABLE shape ({", ".join(f"n{i} numeric(1000,1000)" for i in range(5))});
        INSERT INTO shape SELECT 0, 0, 0, 0, 0 FROM generate_series(1, 100000)
        """, 100_000),
    # 320 MB: twenty composites of a hundred numbers in each row, from texts of a fourth of that.
    Shape("arrays_of_composites", f"""
        CREATE TYPE wide AS ({", ".join(f"f{i} bigint" for i in range(FIELDS))});
        CREATE TABLE shape AS
        SELECT i AS id, array_fill(ROW({", ".join(["i"] * FIELDS)})::wide, ARRAY[20]) AS composites FROM generate_series(1, 20000) AS i
        """, 20_000),
    # As large, and four bytes each on the wire.
    Shape("arrays_of_null_composites", f"""
        CREATE TYPE wide AS ({", ".join(f"f{i} bigint" for i in range(FIELDS))});
        CREATE TABLE shape AS SELECT i AS id, array_fill(NULL::wide, ARRAY[20]) AS composites FROM generate_series(1, 20000) AS i
        """, 20_000),
)


def check_cost(job, cost, workers):
    assert cost["exit_codes"] == [0], cost["text"]
    print(f"peak {cost['peak_rss'] / MIB:.0f} MiB of {bound(workers) / MIB:.0f}")
    if not is_sanitized(job.headrace.program):
        assert cost["peak_rss"] <= bound(workers), f"{cost['peak_rss'] / MIB:.0f} MiB"


def check_peak(job, table, rows, workers=WORKERS):
    check_cost(job, job.measure(), workers)
    assert lake.count(job.lake, table) == rows


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_peak_memory(database, headrace, shape):
    database.execute(shape.setup)
    job = postgres_job(headrace, database, {"name": "public.shape"}, engine=worker_settings(WORKERS))
    check_peak(job, "public.shape", shape.rows)


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_peak_memory_of_one_unit(database, headrace, shape):
    """A query is one unit, whatever its size: its rows are written and read back within the same bounds."""
    database.execute(shape.setup)
    table = {"query": "SELECT * FROM shape", "as": "one_unit"}
    job = postgres_job(headrace, database, table, verify="checksum", engine=worker_settings(1))
    check_peak(job, "one_unit", shape.rows, workers=1)


@pytest.mark.parametrize("shape", GROWING_SHAPES, ids=lambda shape: shape.name)
def test_peak_memory_of_values_that_grow(database, headrace, shape):
    database.execute(shape.setup)
    job = postgres_job(headrace, database, {"name": "public.shape"}, engine=worker_settings(1))
    check_peak(job, "public.shape", shape.rows, workers=1)


# Many columns share what a batch may hold: small buffers, and many of them.
TEXT_COLUMNS = ((400, 1000, 1000), (1600, 200, 800))
TEXT_COLUMN_IDS = [f"{columns} columns of {width} bytes" for columns, width, _ in TEXT_COLUMNS]


def texts(width):
    """2,000 texts that neither compress nor repeat within a batch."""
    dice = random.Random(width)
    return [f"{dice.getrandbits(4 * width):0{width}x}" for _ in range(2000)]


@pytest.mark.parametrize(("columns", "width", "rows"), TEXT_COLUMNS, ids=TEXT_COLUMN_IDS)
def test_peak_memory_of_text_columns_of_sqlite(headrace, columns, width, rows):
    connection = sqlite3.connect(headrace.folder / "shape.db")
    connection.execute(f"CREATE TABLE shape ({', '.join(f'c{i} TEXT' for i in range(columns))}) STRICT")
    values = texts(width)
    connection.executemany(f"INSERT INTO shape VALUES ({', '.join('?' * columns)})",
                           ([values[(37 * row + i) % 2000] for i in range(columns)] for row in range(rows)))
    connection.commit()
    connection.close()
    job = Job(headrace, {"type": "sqlite", "path": "shape.db"}, [{"name": "shape"}], engine=worker_settings(WORKERS))
    check_peak(job, "shape", rows)


@pytest.mark.parametrize("direct_socket", ["auto", "off"])
def test_peak_memory_of_text_columns_of_postgresql(database, headrace, direct_socket):
    """A row is 880 kB: by columns, many small buffers; by messages, few large ones."""
    columns, width, rows = 400, 2200, 400
    database.execute(f"CREATE TABLE shape ({', '.join(f'c{i} text' for i in range(columns))})")
    database.execute("; ".join(f"ALTER TABLE shape ALTER c{i} SET STORAGE EXTERNAL" for i in range(columns)))
    database.execute(f"CREATE TABLE texts AS SELECT i, left(repeat(md5(i::text), 100), {width}) AS t FROM generate_series(0, 499) AS i")
    database.execute("INSERT INTO shape SELECT " + ", ".join(f"a[1 + (37 * i + {c}) % 500]" for c in range(columns)) +
                     f" FROM (SELECT array_agg(t ORDER BY i) AS a FROM texts) AS t, generate_series(1, {rows}) AS i")
    job = postgres_job(headrace, database, {"name": "public.shape"}, engine=worker_settings(WORKERS))
    job.document["source"]["direct_socket"] = direct_socket
    job.write()
    check_peak(job, "public.shape", rows)


# Rows of about a third of the budget, or a sixth where libpq has a copy, every other one a MiB larger: what doubles, or keeps a row
# that was taken, shows.
LARGE_ROW = {"auto": 20 * MIB, "off": 10 * MIB}
LARGE_ROWS = """
    CREATE TABLE {table} (id int, body bytea);
    ALTER TABLE {table} ALTER COLUMN body SET STORAGE EXTERNAL;
    INSERT INTO {table} SELECT i, (SELECT string_agg(sha512((i * 1000000 + j)::text::bytea), ''::bytea)
                                   FROM generate_series(1, {size} / 64 + (i + 1) % 2 * 16384) AS j) FROM generate_series(1, 6) AS i
"""


@pytest.mark.parametrize("direct_socket", LARGE_ROW)
@pytest.mark.parametrize("workers", [1, WORKERS])
def test_peak_memory_of_large_rows(database, headrace, workers, direct_socket):
    """A table for each worker: so few rows are one unit."""
    tables = [f"shape{i}" for i in range(workers)]
    for table in tables:
        database.execute(LARGE_ROWS.format(table=table, size=LARGE_ROW[direct_socket]))
    job = postgres_job(headrace, database, *({"name": f"public.{table}"} for table in tables), engine=worker_settings(workers))
    job.document["source"]["direct_socket"] = direct_socket
    job.write()
    for table in tables:
        check_peak(job, f"public.{table}", 6, workers)


def test_peak_memory_of_many_tables(headrace):
    """What the plan of a table was made from, 8,191 sampled keys of 900 bytes, does not add up over the tables of a job."""
    tables = [f"shape{i}" for i in range(16)]
    connection = sqlite3.connect(headrace.folder / "shape.db")
    for table in tables:
        connection.execute(f"CREATE TABLE {table} (code TEXT PRIMARY KEY) WITHOUT ROWID")
        connection.execute("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 8191)"
                           f" INSERT INTO {table} SELECT printf('%0900d', i) FROM n")
    connection.commit()
    connection.close()
    source = {"type": "sqlite", "path": "shape.db"}
    job = Job(headrace, source, [{"name": table} for table in tables], engine=worker_settings(1))
    check_cost(job, job.measure(), workers=1)
    check_cost(job, job.measure("--dry-run"), workers=1)
    assert lake.count(job.lake, tables[-1]) == 8191


@pytest.mark.parametrize("where", ["id > 0", "id > 50000"], ids=["one row each", "half of them empty"])
def test_peak_memory_of_many_units(headrace, where):
    """What is known of each of 100,000 units: the plan, what was read, and the receipts."""
    connection = sqlite3.connect(headrace.folder / "shape.db")
    connection.execute("CREATE TABLE shape (id INTEGER PRIMARY KEY)")
    connection.execute("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) INSERT INTO shape SELECT i FROM n")
    connection.commit()
    connection.close()
    table = {"name": "shape", "where": where, "partition": {"target_rows": 1}}
    job = Job(headrace, {"type": "sqlite", "path": "shape.db"}, [table], engine=worker_settings(1))
    check_peak(job, "shape", 50_000 if "50000" in where else 100_000, workers=1)


def test_row_groups_are_bounded(database, headrace):
    """What a worker buffers before it writes, and what a reader has to hold."""
    database.execute("CREATE TABLE shape AS SELECT i AS id, md5(i::text) AS text FROM generate_series(1, 600000) AS i")
    job = postgres_job(headrace, database, {"name": "public.shape"})
    job.run()
    groups = [group for file in lake.files(job.lake) for group in lake.row_group_bytes(file)]
    assert len(groups) > 2
    assert max(groups) <= 12 * MIB  # 8 MiB, or one unit, with what Parquet puts around the values.


# Lists of what takes less room in memory than Parquet's levels of each element do.
FLAGS = "CREATE TYPE flags AS (a bool, b bool, c bool, d bool);"
NULL_FLAGS = "ROW(NULL, NULL, NULL, NULL)::flags"
NESTED_SHAPES = (
    Shape("bool_lists", "CREATE TABLE shape AS SELECT i AS id, array_fill(i % 2 = 0, ARRAY[2000]) AS list FROM generate_series(1, 40000) AS i", 40_000),
    Shape("long_bool_lists", "CREATE TABLE shape AS SELECT i AS id, array_fill(i % 2 = 0, ARRAY[200000]) AS list FROM generate_series(1, 200) AS i", 200),
    Shape("int2_lists", """
        CREATE TABLE shape AS
        SELECT i AS id, list FROM (SELECT array_agg(j::int2) AS list FROM generate_series(1, 2000) AS j) AS same, generate_series(1, 20000) AS i
        """, 20_000),
    Shape("lists_of_structs", f"""
        {FLAGS}
        CREATE TABLE shape AS SELECT i AS id, array_fill({NULL_FLAGS}, ARRAY[1000]) AS list FROM generate_series(1, 20000) AS i
        """, 20_000),
)
LONG_NAMES = ", ".join(f"a_rather_long_name_of_a_field_of_a_composite_type_number_{i} bool" for i in range(20))

# As text: each element with the names of its fields.
TEXT_SHAPES = (
    NESTED_SHAPES[-1],
    Shape("lists_of_structs_with_long_names", f"""
        CREATE TYPE flags AS ({LONG_NAMES});
        CREATE TABLE shape AS
        SELECT i AS id, array_fill(ROW({", ".join(["NULL"] * 20)})::flags, ARRAY[300]) AS list FROM generate_series(1, 3000) AS i
        """, 3000),
)


@pytest.mark.parametrize("workers", [1, WORKERS])
@pytest.mark.parametrize("shape", NESTED_SHAPES, ids=lambda shape: shape.name)
def test_peak_memory_of_lists(database, headrace, shape, workers):
    """Written, and read again."""
    database.execute(shape.setup)
    job = postgres_job(headrace, database, {"name": "public.shape"}, engine=worker_settings(workers))
    check_peak(job, "public.shape", shape.rows, workers)
    check_cost(job, job.measure_command("verify", "latest", "--level", "checksum"), workers)


@pytest.mark.parametrize("shape", TEXT_SHAPES, ids=lambda shape: shape.name)
def test_peak_memory_of_lists_as_text(database, headrace, shape):
    database.execute(shape.setup)
    table = {"name": "public.shape", "columns": ["id", {"name": "list", "type": "string"}]}
    job = postgres_job(headrace, database, table, engine=worker_settings(1))
    check_peak(job, "public.shape", shape.rows, workers=1)
