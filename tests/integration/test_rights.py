"""A role that may read what the job asks for, and nothing else."""

import pytest
from harness import lake
from harness.job import postgres_job, said

ROLE = "etl_rights"


@pytest.fixture
def limited(any_database):
    any_database.execute(f"DO $$ BEGIN CREATE ROLE {ROLE} LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
    return any_database


def job_as_role(headrace, database, *tables, **sections):
    job = postgres_job(headrace, database, *tables, **sections)
    job.document["source"]["uri"] = database.server.uri(database.name, ROLE)
    job.write()
    return job


def test_grants_on_columns(limited, headrace):
    limited.execute("CREATE TABLE t (id bigint PRIMARY KEY, secret int UNIQUE, name text);"
                    "INSERT INTO t SELECT i, i, 'n' || i FROM generate_series(1, 3000) AS i")
    limited.execute(f"CREATE VIEW v AS TABLE t; GRANT SELECT (id, name) ON t, v TO {ROLE}")
    tables = [{"name": f"public.{name}", "columns": ["id", "name"], "partition": {"target_rows": 500}} for name in ("t", "v")]
    job = job_as_role(headrace, limited, *tables)
    job.run()
    for name in ("t", "v"):
        assert lake.rows(job.lake, f"public.{name}") == lake.in_order((i, f"n{i}") for i in range(1, 3001))


def test_a_right_that_is_missing_is_told_with_the_table(limited, headrace):
    limited.execute(f"CREATE TABLE t (id int, secret int); INSERT INTO t VALUES (1, 1); GRANT SELECT (id) ON t TO {ROLE}")
    said(job_as_role(headrace, limited, {"name": "public.t"}).run(expect=1), "public.t", "permission denied")


def test_a_partition_that_is_readable_through_its_parent_only(limited, headrace):
    """It was never analysed either, so that its rows would be counted if they could be."""
    limited.execute("CREATE TABLE p (id int, name text) PARTITION BY RANGE (id);"
                    "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (2000) WITH (autovacuum_enabled = off);"
                    "CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (2000) TO (9000) WITH (autovacuum_enabled = off);"
                    "INSERT INTO p SELECT i, 'n' FROM generate_series(1, 4000) AS i")
    limited.execute(f"GRANT SELECT ON p, p2 TO {ROLE}")
    job = job_as_role(headrace, limited, {"name": "public.p"})
    job.run()
    assert lake.rows(job.lake, "public.p") == lake.in_order((i, "n") for i in range(1, 4001))
