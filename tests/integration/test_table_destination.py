"""What a table's own `destination:` changes, seen in the files that are published."""

import pyarrow.parquet
import pytest

from harness import lake
from harness.golden import make_database
from harness.job import Job, said

ROWS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000)"


@pytest.fixture
def job(headrace):
    make_database(headrace.folder / "shop.db", [
        "CREATE TABLE a (id INTEGER PRIMARY KEY, t TEXT);",
        f"INSERT INTO a {ROWS} SELECT i, 'value ' || i FROM n;",
        "CREATE TABLE b AS SELECT * FROM a;",
    ])
    return Job(headrace, {"type": "sqlite", "path": "./shop.db"}, [{"name": "a"}, {"name": "b"}])


def codecs(job, table):
    """The codecs of all column chunks of a published table."""
    found = set()
    for file in lake.files(job.lake, table):
        metadata = pyarrow.parquet.ParquetFile(file).metadata
        found |= {metadata.row_group(group).column(column).compression
                  for group in range(metadata.num_row_groups) for column in range(metadata.num_columns)}
    return found


def test_compression_of_one_table(job):
    job.document["destination"]["compression"] = "zstd"
    job.document["tables"][0]["destination"] = {"compression": "lz4"}
    job.write()
    job.run()
    assert codecs(job, "a") == {"LZ4"}
    assert codecs(job, "b") == {"ZSTD"}
    assert lake.rows(job.lake, "a") == lake.rows(job.lake, "b")


def test_compression_of_an_empty_table(job):
    job.document["tables"][0] |= {"where": "id < 0", "destination": {"compression": "zstd"}}
    job.write()
    job.run()
    assert lake.count(job.lake, "a") == 0
    assert len(lake.files(job.lake, "a")) == 1


def test_file_size_of_one_table(job):
    job.document["tables"][0]["destination"] = {"target_file_size": 200_000}
    job.document["engine"] = "sequential"
    job.document["limits"] = {"worker_memory": "16MiB"}
    job.document["partition"] = {"target_rows": 10_000}
    job.write()
    job.run()
    assert len(lake.files(job.lake, "a")) > 1
    assert len(lake.files(job.lake, "b")) == 1
    assert lake.count(job.lake, "a") == lake.count(job.lake, "b") == 200_000


def test_encodings_may_be_named_for_one_table(job):
    job.document["tables"][0]["destination"] = {"encodings": "compatible"}
    job.write()
    job.run()
    assert lake.count(job.lake, "a") == 200_000


@pytest.mark.parametrize("key, value, words", [
    ("path", "./elsewhere", "holds for the whole job"),
    ("staging", "./elsewhere", "holds for the whole job"),
    ("grace", "1h", "holds for the whole job"),
    ("type", "parquet", "one destination"),
    ("encodings", "compact", "later version"),
    ("compression", "gzip", "expected one of"),
])
def test_what_a_table_may_not_say(job, key, value, words):
    job.document["tables"][0]["destination"] = {key: value}
    job.write()
    said(job.run(expect=2), f"tables[0].destination.{key}", words)
    assert not job.lake.exists()
