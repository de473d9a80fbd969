"""What the role of a job needs: the GRANTs of docs/guide/postgresql.md, and no more. What is said of those that are missing:
test_grants.py; of policies: test_row_security.py."""

import json
import psycopg
import pytest

from harness import lake
from harness.gate import until
from harness.job import Job, ended, postgres_job, said


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
    said(plan["why"], "part_1 cannot be read by page ranges (the role has SELECT on it through its parent only)")
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


def test_row_security_that_shows_other_rows_each_time_is_no_bug_of_headrace(database, headrace, reader):
    database.execute("CREATE TABLE items AS SELECT i AS id FROM generate_series(1, 10000) AS i;"
                     "ALTER TABLE items ENABLE ROW LEVEL SECURITY; CREATE POLICY shaken ON items USING (random() < 0.5);"
                     f"GRANT SELECT ON items TO {reader}")
    job = job_of(headrace, database, reader, {"name": "items"})
    job.document["verify"] = "source"
    job.document["source"]["row_security"] = "accept"
    job.write()
    said(job.run(expect=2), "table items, verify: source: ", "rows were read, the source has", "Row security may show other rows each time")
    assert not lake.files(job.lake)


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
    said(job_as_role(headrace, limited, {"name": "public.t"}).run(expect=2), "public.t", "permission denied")


def test_inspect_says_beside_its_row_what_the_role_may_not_see(limited, headrace):
    limited.execute("CREATE TABLE open (id int PRIMARY KEY, name text); CREATE TABLE secret (id int PRIMARY KEY)")
    limited.execute(f"GRANT SELECT ON open TO {ROLE}")
    lines = headrace("inspect", limited.server.uri(limited.name, ROLE), expect=0).stdout.splitlines()
    [header] = [line for line in lines if line.startswith("  TABLE")]
    rows = {line.split()[0]: line for line in lines if line.startswith("  public.")}
    key, note = header.index("KEY"), header.index("NOTE")
    assert rows["public.open"][key:].split() == ["id"]
    assert rows["public.secret"][key:note].split() == ["?"]
    assert rows["public.secret"][note:] == "permission denied for table secret"
    limited.execute(f"GRANT SELECT ON secret TO {ROLE}")
    assert "NOTE" not in headrace("inspect", limited.server.uri(limited.name, ROLE), expect=0).stdout


def test_a_right_that_only_the_condition_needs_is_missed_before_a_row_is_read(limited, headrace):
    limited.execute(f"CREATE TABLE t (id int, secret int); INSERT INTO t VALUES (1, 1); GRANT SELECT (id) ON t TO {ROLE}")
    job_as_role(headrace, limited, {"name": "public.t", "columns": ["id"], "where": "secret = 1"})
    for command in ("check", "plan", "run"):
        said(headrace(command, "job.yaml", expect=2), "public.t", "permission denied")


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


# What a partitioned table is cut by, and what its 20,000 rows have as that.
KEYS = {
    "date": ("date", "date '2024-01-01' + i / 100", "date_range"),
    "timestamptz": ("timestamptz", "timestamptz '2024-01-01 00:00+00' + i * interval '10 minutes'", "date_range"),
    "text": ("text PRIMARY KEY", "md5(i::text)", "key_range"),
}


@pytest.mark.parametrize("analyse", [False, True], ids=["never_analysed", "analysed"])
@pytest.mark.parametrize("kind", KEYS)
def test_partitions_that_are_readable_through_their_parent_only_are_cut_by_its_key(limited, headrace, kind, analyse):
    key, value, strategy = KEYS[kind]
    limited.execute(f"""
        CREATE TABLE p (key {key} NOT NULL, id int) PARTITION BY HASH (key);
        CREATE TABLE p0 PARTITION OF p FOR VALUES WITH (MODULUS 2, REMAINDER 0) WITH (autovacuum_enabled = off);
        CREATE TABLE p1 PARTITION OF p FOR VALUES WITH (MODULUS 2, REMAINDER 1) WITH (autovacuum_enabled = off);
        CREATE INDEX ON p (key);
        INSERT INTO p SELECT {value}, i FROM generate_series(1, 20000) AS i;
        GRANT SELECT ON p TO {ROLE}""")
    if analyse:
        limited.execute("ANALYZE p")
    job = job_as_role(headrace, limited, {"name": "public.p", "partition": {"target_rows": 1000}}, verify="source")
    [planned] = headrace("plan", "job.yaml", "--json", expect=0).json()["tables"]
    if int(limited.server.version) >= 14:
        said(planned["why"], "p0 cannot be read by page ranges (the role has SELECT on it through its parent only)")
    assert planned["strategy"] == strategy, planned["why"]
    assert len(planned["units"]) > 10
    job.run()
    assert lake.rows(job.lake, "public.p", "id") == lake.in_order((i,) for i in range(1, 20001))


PARTED = """
CREATE TABLE p (id int PRIMARY KEY, name text) PARTITION BY RANGE (id);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (2000);
CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (2000) TO (9000);
INSERT INTO p SELECT i, 'n' FROM generate_series(1, 4000) AS i;
"""


# What stands in the way of those who read a partition by its own name, and of nobody who reads it through its parent.
IN_THE_WAY = {
    "row_security": ("p1", "row security of its own does not hold for reads of its parent",
                     "ALTER TABLE p1 ENABLE ROW LEVEL SECURITY; CREATE POLICY few ON p1 USING (id % 2 = 0)"),
    "schema": ("parts.p1", "the role lacks USAGE on schema parts", "CREATE SCHEMA parts; ALTER TABLE p1 SET SCHEMA parts"),
}


@pytest.mark.parametrize("obstacle", sorted(IN_THE_WAY))
def test_a_partition_that_is_another_one_by_its_own_name(limited, headrace, obstacle):
    name, why, statements = IN_THE_WAY[obstacle]
    limited.execute(PARTED + statements)
    limited.execute(f"GRANT SELECT ON p, {name}, p2 TO {ROLE}")
    job = job_as_role(headrace, limited, {"name": "public.p", "partition": {"target_rows": 500}})
    [planned] = headrace("plan", "job.yaml", "--json", expect=0).json()["tables"]
    assert planned["strategy"] == "id_range"
    if int(limited.server.version) >= 14:
        said(planned["why"], f"p1 cannot be read by page ranges ({why})")
    job.run()
    assert lake.rows(job.lake, "public.p") == lake.in_order((i, "n") for i in range(1, 4001))


def test_grants_on_columns_of_a_partitioned_table(limited, headrace):
    """Several queries need a right on the table: only with it are its partitions told apart."""
    limited.execute(PARTED + f"GRANT SELECT (id) ON p TO {ROLE}")
    table = {"name": "public.p", "columns": ["id"], "partition": {"target_rows": 500}}
    job = job_as_role(headrace, limited, table)
    [planned] = headrace("plan", "job.yaml", "--json", expect=0).json()["tables"]
    assert len(planned["units"]) == 1
    said(planned["why"], "SELECT on some of its columns")
    job.run()
    assert lake.rows(job.lake, "public.p") == lake.in_order((i,) for i in range(1, 4001))


NO_LOCK = """
CREATE TABLE base (id int); INSERT INTO base SELECT generate_series(1, 100);
CREATE MATERIALIZED VIEW stored AS SELECT id FROM base; CREATE VIEW above AS SELECT id FROM stored;
CREATE TABLE t (id int, secret int) PARTITION BY RANGE (id); CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (1000);
INSERT INTO t SELECT i, i FROM generate_series(1, 100) AS i;
"""
REWRITES = {
    "grants_on_columns": ("t", "TRUNCATE t; INSERT INTO t SELECT i, i FROM generate_series(1, 10) AS i"),
    "grants_on_columns_of_a_partition": ("t1", "TRUNCATE t1; INSERT INTO t SELECT i, i FROM generate_series(1, 10) AS i"),
    "materialized_view": ("stored", "DELETE FROM base WHERE id > 10; REFRESH MATERIALIZED VIEW stored"),
}


@pytest.mark.parametrize("kind", REWRITES)
def test_what_cannot_be_locked_and_is_rewritten_in_the_moment_of_the_snapshot(limited, headrace, kind):
    """The run waits for a transaction that began before its snapshot and commits behind it: a snapshot that is kept shows the
    table empty, or the view as of later than its table."""
    name, statements = REWRITES[kind]
    limited.execute(NO_LOCK + f"GRANT SELECT ON base, stored, above TO {ROLE}; GRANT SELECT (id) ON t TO {ROLE}")
    tables = [{"name": "public.base"}] + ([{"name": "public.t", "columns": ["id"]}] if name != "stored" else [{"name": "public.stored"}])
    job = job_as_role(headrace, limited, *tables)
    with limited.connect() as writer, writer.transaction():
        writer.execute(statements)
        process = job.start()
        waits = f"SELECT 1 FROM pg_locks WHERE relation = '{name}'::regclass AND NOT granted"
        until(lambda: process.poll() is not None or limited.execute(waits), "the run waits")
    ended(process)
    rows = lake.in_order((i,) for i in range(1, 11))
    if name == "stored":
        assert lake.rows(job.lake, "public.base") == lake.rows(job.lake, "public.stored") == rows
    else:
        assert lake.rows(job.lake, "public.t") == rows


def test_what_cannot_be_locked_needs_no_warning(limited, headrace):
    limited.execute(NO_LOCK + f"GRANT SELECT ON base, stored, above TO {ROLE}; GRANT SELECT (id) ON t TO {ROLE}")
    job = job_as_role(headrace, limited, {"name": "public.stored"}, {"name": "public.above"}, {"name": "public.t", "columns": ["id"]}, {"name": "stored", "where": "id < 5"})
    plan = headrace("plan", "job.yaml", "--json", expect=0).json()
    assert plan["warnings"] == []
    job.run()
    assert [lake.count(job.lake, name) for name in ("public.stored", "public.above", "public.t", "stored")] == [100, 100, 100, 4]


def test_inspect_lists_what_somebody_has_for_himself(database, headrace):
    database.execute("CREATE TABLE held (id int); CREATE TABLE free (id int)")
    with database.connect() as holder, holder.transaction():
        holder.execute("LOCK TABLE held IN ACCESS EXCLUSIVE MODE")
        lines = {line.split()[0]: line for line in headrace("inspect", database.uri, expect=0).stdout.splitlines() if line.strip()}
    assert "lock timeout" in lines["public.held"]
    assert lines["public.free"].split()[1] == "table" and "timeout" not in lines["public.free"]


def test_a_view_holds_what_its_owner_may_read(limited, headrace):
    """LOCK TABLE of a view takes the tables below it, whatever the role may do with them: there is nothing to warn of."""
    limited.execute("CREATE SCHEMA hidden; CREATE TABLE hidden.t AS SELECT generate_series(1, 10) AS id; CREATE TABLE secret AS TABLE hidden.t;"
                    f"CREATE VIEW shown AS SELECT id FROM hidden.t JOIN secret USING (id); GRANT SELECT ON shown TO {ROLE}")
    job = job_as_role(headrace, limited, {"name": "public.shown"})
    plan = headrace("plan", "job.yaml", "--json", expect=0).json()
    assert "cannot be locked" not in json.dumps(plan)
    job.run()
    assert lake.count(job.lake, "public.shown") == 10


def test_types_in_a_schema_that_the_role_may_not_use(database, headrace, reader):
    """As COPY, which asks for no right on the types of a table that the role may read."""
    database.execute(f"""
        CREATE SCHEMA ext; CREATE EXTENSION hstore SCHEMA ext; CREATE TYPE ext.mood AS ENUM ('fine');
        CREATE TYPE ext.pair AS (h ext.hstore, m ext.mood); CREATE DOMAIN ext.attributes AS ext.hstore;
        CREATE TABLE t (id int, h ext.hstore, d ext.attributes, l ext.hstore[], m ext.mood, p ext.pair, r ext.pair[]);
        INSERT INTO t VALUES (1, 'a=>1', 'b=>2', ARRAY['c=>3', NULL]::ext.hstore[], 'fine', ROW('d=>4', 'fine')::ext.pair, ARRAY[ROW(NULL, 'fine')::ext.pair]),
          (2, NULL, NULL, NULL, NULL, NULL, NULL);
        GRANT SELECT ON t TO {reader}""")
    job = job_of(headrace, database, reader, {"name": "public.t"})
    job.run()
    [first, second] = sorted(lake.rows(job.lake, "public.t"))
    assert first == (1, '"a"=>"1"', '"b"=>"2"', ['"c"=>"3"', None], "fine", {"h": '"d"=>"4"', "m": "fine"}, [{"h": None, "m": "fine"}])
    assert second == (2, None, None, None, None, None, None)
