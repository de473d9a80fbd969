"""Rows cost no allocation of their own, from the socket to the Parquet file; through libpq, only the two that libpq makes."""

import pathlib
import subprocess

import pytest
from harness import lake
from harness.job import is_sanitized, postgres_job

FEW, MANY = 20_000, 220_000
PER_BATCH = 0.02  # of a row: what batches, pages and messages come to
COLUMNS = """
    i AS id, i * 7 AS big, (i % 100)::smallint AS small, md5(i::text) AS name, (i % 7)::text AS repeated, i::numeric(12,2) AS amount,
    i::numeric(38,9) AS wide, i % 2 = 0 AS flag, i / 3.0::float8 AS share, date '2024-01-01' + i % 365 AS day,
    timestamptz '2024-01-01 00:00+00' + i * interval '1 s' AS at, CASE WHEN i % 5 > 0 THEN i END AS hole, md5(i::text)::uuid AS uuid
    """


@pytest.fixture(scope="module")
def counter(tmp_path_factory):
    library = tmp_path_factory.mktemp("counter") / "count_allocations.so"
    source = pathlib.Path(__file__).with_name("count_allocations.c")
    subprocess.run(["cc", "-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o", library, source], check=True)
    return library


@pytest.mark.parametrize(("direct_socket", "most"), [("auto", 0), ("off", 2)])
def test_allocations_of_a_row(database, headrace, counter, direct_socket, most):
    if is_sanitized(headrace.program):
        pytest.skip("a sanitizer has an allocator of its own")
    database.execute(f"CREATE TABLE events AS SELECT {COLUMNS} FROM generate_series(1, {MANY}) AS i")

    def allocations(rows):
        table = {"query": f"SELECT * FROM events LIMIT {rows}", "as": "events"}  # a query is one unit
        job = postgres_job(headrace, database, table, engine={"workers": {"initial": 1, "max": 1}})
        job.document["source"]["direct_socket"] = direct_socket
        job.write()
        count = headrace.folder / "count"
        job.environment = {"LD_PRELOAD": str(counter), "ALLOCATIONS": str(count)}
        job.run()
        assert lake.count(job.lake, "events") == rows
        return int(count.read_text())

    per_row = (allocations(MANY) - allocations(FEW)) / (MANY - FEW)
    assert per_row <= most + PER_BATCH
    assert most == 0 or per_row > 0.5, "nothing was counted"
