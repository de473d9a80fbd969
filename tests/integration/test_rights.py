"""What the role of a job needs: the GRANTs of docs/guide/postgresql.md, and no more."""

import psycopg
import pytest

from harness import lake
from harness.job import Job, said


@pytest.fixture
def reader(database):
    """A role that may log in and nothing else, dropped after the test; its name."""
    name = f"reader_of_{database.name}"
    database.execute(f"CREATE ROLE {name} LOGIN")
    yield name
    database.execute(f"DROP OWNED BY {name}")
    database.execute(f"DROP ROLE {name}")


def job_of(headrace, database, role, *tables):
    where = psycopg.conninfo.conninfo_to_dict(database.uri)
    source = {"type": "postgresql", "host": where["host"], "port": int(where["port"]), "user": role,
              "database": where["dbname"]}
    return Job(headrace, source, list(tables))


def test_select_on_the_table_is_enough(database, headrace, reader):
    database.execute("CREATE SCHEMA shop; CREATE TABLE shop.items AS SELECT i AS id FROM generate_series(1, 1000) i")
    job = job_of(headrace, database, reader, {"name": "shop.items"})
    said(headrace("check", "job.yaml", expect=2), "permission denied for schema shop")
    database.execute(f"GRANT USAGE ON SCHEMA shop TO {reader}")
    said(headrace("check", "job.yaml", expect=2), "permission denied for table items")
    database.execute(f"GRANT SELECT ON shop.items TO {reader}")
    job.run()
    assert lake.count(job.lake, "shop.items") == 1000


@pytest.mark.parametrize("analyse", [False, True], ids=["never_analysed", "analysed"])
def test_select_on_a_partitioned_table_without_its_partitions(database, headrace, reader, analyse):
    database.execute("CREATE TABLE part (id int PRIMARY KEY) PARTITION BY RANGE (id);"
                     "CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (0) TO (50000);"
                     "CREATE TABLE part_2 PARTITION OF part FOR VALUES FROM (50000) TO (200000);"
                     "INSERT INTO part SELECT generate_series(1, 120000);"
                     f"GRANT SELECT ON part TO {reader}")
    if analyse:
        database.execute("ANALYZE part")
    job = job_of(headrace, database, reader, {"name": "part"})
    plan = headrace("plan", "job.yaml", "--json", expect=0).json()["tables"][0]
    assert plan["strategy"] == "id_range", plan["why"]
    assert 60_000 < plan["estimated_rows"] < 240_000
    job.run()
    assert lake.count(job.lake, "part") == 120_000


def test_select_on_some_columns(database, headrace, reader):
    database.execute("CREATE TABLE items (id int PRIMARY KEY, note text, secret text);"
                     "INSERT INTO items SELECT i, 'n', 's' FROM generate_series(1, 1000) i;"
                     f"GRANT SELECT (id, note) ON items TO {reader}")
    job = job_of(headrace, database, reader, {"name": "items", "columns": ["id", "note"]})
    job.run()
    assert lake.read(job.lake, "items").column_names == ["id", "note"]
    assert lake.count(job.lake, "items") == 1000


def test_row_security_holds_for_the_role(database, headrace, reader):
    database.execute("CREATE TABLE items (id int, owner text);"
                     f"INSERT INTO items VALUES (1, 'other'), (2, '{reader}');"
                     "ALTER TABLE items ENABLE ROW LEVEL SECURITY;"
                     "CREATE POLICY own ON items USING (owner = current_user);"
                     f"GRANT SELECT ON items TO {reader}")
    job = job_of(headrace, database, reader, {"name": "items"})
    job.run()
    assert lake.rows(job.lake, "items", "id") == [(2,)]
