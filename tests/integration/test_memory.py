"""Peak memory stays below workers × 64 MiB + 64 MiB, whatever the rows look like."""

from dataclasses import dataclass

import pytest
from harness import lake
from harness.job import is_sanitized, postgres_job

MIB = 1 << 20
WORKERS = 2
BOUND = (WORKERS * 64 + 64) * MIB
WIDE = ", ".join(f"c{i} int" for i in range(1600))


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
    Shape("narrow_rows", "CREATE TABLE shape AS SELECT i::int AS id FROM generate_series(1, 3000000) AS i", 3_000_000),
)


def check_peak(job, table, rows):
    cost = job.measure()
    assert cost["exit_codes"] == [0], cost["text"]
    assert lake.count(job.lake, table) == rows
    if not is_sanitized(job.headrace.program):
        assert cost["peak_rss"] <= BOUND, f"{cost['peak_rss'] / MIB:.0f} MiB"


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_peak_memory(database, headrace, shape):
    database.execute(shape.setup)
    job = postgres_job(headrace, database, {"name": "public.shape"}, engine={"workers": {"initial": WORKERS, "max": WORKERS}})
    check_peak(job, "public.shape", shape.rows)


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_peak_memory_of_one_unit(database, headrace, shape):
    """A query is one unit, whatever its size: its rows are written and read back within the same bounds."""
    database.execute(shape.setup)
    table = {"query": "SELECT * FROM shape", "as": "one_unit"}
    check_peak(postgres_job(headrace, database, table, verify="checksum"), "one_unit", shape.rows)


def test_row_groups_are_bounded(database, headrace):
    """What a worker buffers before it writes, and what a reader has to hold."""
    database.execute("CREATE TABLE shape AS SELECT i AS id, md5(i::text) AS text FROM generate_series(1, 600000) AS i")
    job = postgres_job(headrace, database, {"name": "public.shape"})
    job.run()
    groups = [group for file in lake.files(job.lake) for group in lake.row_group_bytes(file)]
    assert len(groups) > 2
    assert max(groups) <= 12 * MIB  # 8 MiB, or one unit, with what Parquet puts around the values.
