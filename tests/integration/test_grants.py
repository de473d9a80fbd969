"""What check and plan say of missing rights can be run as it stands, and is enough."""

import re

import psycopg
import pytest
from harness import lake
from harness.job import said
from harness.role import job_of, role

SHOP = """
CREATE SCHEMA "Odd shop"; CREATE TABLE "Odd shop"."it;ems" (id int PRIMARY KEY, "No te" text, secret text);
INSERT INTO "Odd shop"."it;ems" SELECT i, 'n', 's' FROM generate_series(1, 100) AS i;
CREATE TABLE kept (id serial PRIMARY KEY, at timestamptz NOT NULL DEFAULT now() - interval '1 hour', flag int, note text);
INSERT INTO kept (flag) SELECT i % 2 FROM generate_series(1, 100) AS i;
CREATE VIEW shown AS SELECT id FROM kept; CREATE MATERIALIZED VIEW stored AS SELECT id FROM kept;
CREATE TABLE parted (id int PRIMARY KEY) PARTITION BY RANGE (id); CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (1000);
INSERT INTO parted SELECT generate_series(1, 100);
CREATE SCHEMA hidden; CREATE TABLE hidden.other AS SELECT id FROM kept; CREATE TABLE hidden.besides (id int);
"""
SECRETS = '"Odd shop"."it;ems"'

# A table of a job, what is there beforehand, and the statements that it takes.
CASES = {
    "schema_and_table": ({"name": SECRETS}, "", ['USAGE ON SCHEMA "Odd shop"', f"SELECT ON {SECRETS}"]),
    "columns": ({"name": SECRETS, "columns": ["id", "No te"]}, "", ['USAGE ON SCHEMA "Odd shop"', f'SELECT (id, "No te") ON {SECRETS}']),
    "a_column_more": ({"name": "public.kept", "columns": ["id", "note"]}, "GRANT SELECT (id) ON kept TO {etl}", ["SELECT (note) ON public.kept"]),
    "without_columns": ({"name": "public.kept", "exclude": ["note", "at"]}, "", ["SELECT (id, flag) ON public.kept"]),
    "all_columns_but_some": ({"name": "public.kept"}, "GRANT SELECT (id, at, flag) ON kept TO {etl}", ["SELECT ON public.kept"]),
    "all_columns_one_by_one": ({"name": "public.kept"}, "GRANT SELECT (id, at, flag, note) ON kept TO {etl}", []),
    "columns_of_a_condition": ({"name": "public.kept", "columns": ["id"], "where": "FLAG = 1 AND 'note' <> ''"}, "GRANT SELECT (note) ON kept TO {etl}", ["SELECT (id, flag) ON public.kept"]),
    "the_row_in_a_condition": ({"name": "public.kept", "columns": ["id"], "where": "kept::text <> ''"}, "", ["SELECT ON public.kept"]),
    "column_to_cut_by": ({"name": "public.kept", "columns": ["note"], "partition": {"column": "id"}}, "", ["SELECT (id, note) ON public.kept"]),
    "view": ({"name": "public.shown"}, "", ["SELECT ON public.shown"]),
    "materialized_view": ({"name": "public.stored"}, "", ["SELECT ON public.stored"]),
    "partitioned": ({"name": "public.parted"}, "", ["SELECT ON public.parted"]),
    "query": ({"query": "SELECT k.id FROM kept AS k JOIN parted ON parted.id = k.id", "as": "found"}, "GRANT SELECT ON parted TO {etl}", ["SELECT ON public.kept"]),
    "query_of_hidden": ({"query": "SELECT other.id FROM hidden.other", "as": "found"}, "", ["USAGE ON SCHEMA hidden", "SELECT ON hidden.other"]),
    "query_of_more_columns": ({"query": "SELECT k.id, k.flag FROM kept AS k", "as": "found"}, "GRANT SELECT (id) ON kept TO {etl}", ["SELECT ON public.kept"]),
    "condition": ({"name": "public.kept", "where": "id IN (SELECT parted.id FROM parted)"}, "GRANT SELECT ON kept TO {etl}", ["SELECT ON public.parted"]),
    "condition_of_hidden": ({"name": "public.kept", "where": "id IN (SELECT o.id FROM hidden.other AS o)"}, "GRANT SELECT ON kept TO {etl}", ["USAGE ON SCHEMA hidden", "SELECT ON hidden.other"]),
    "integer_cursor": ({"name": "public.kept", "mode": "transactional", "cursor": "id"}, "GRANT SELECT ON kept TO {etl}", ["SELECT ON SEQUENCE public.kept_id_seq"]),
    "cursor_beside_columns": ({"name": "public.kept", "columns": ["note"], "mode": "transactional", "cursor": "at"}, "", ["SELECT (at, note) ON public.kept"]),
    "nothing": ({"name": "public.kept"}, "GRANT SELECT ON kept TO {etl}", []),
    "not_there": ({"name": "public.none"}, "", []),
}


@pytest.fixture
def shop(any_database):
    any_database.execute(SHOP)
    return any_database


@pytest.fixture
def etl(shop):
    with role(shop) as name:
        yield name


def in_full(rights, etl) -> list[str]:
    return [f"GRANT {right} TO {etl}" for right in rights]


@pytest.mark.parametrize("case", CASES)
def test_the_statements_are_enough_and_no_more(shop, headrace, etl, case):
    table, before, rights = CASES[case]
    if before:
        shop.execute(before.format(etl=etl))
    job = job_of(etl, headrace, shop, table)
    statements = in_full(rights, etl)
    checked = headrace("check", "job.yaml", "--json", expect=2 if statements or case == "not_there" else 0).json()
    assert checked["grants"] == statements
    planned = headrace("plan", "job.yaml", "--json").json()
    assert planned["grants"] == statements
    for statement in statements:
        shop.execute(statement)
    if case == "not_there":
        return
    assert headrace("check", "job.yaml", "--json", expect=0).json()["grants"] == []
    job.run()
    [name] = [entry.name for entry in job.lake.iterdir()]
    assert lake.count(job.lake, name) in (50, 100)


def test_all_of_a_job_at_once_to_be_pasted(shop, headrace, etl):
    tables = [CASES[case][0] for case in ("schema_and_table", "view", "integer_cursor", "query_of_hidden")]
    job = job_of(etl, headrace, shop, *tables)
    statements = [
        'GRANT USAGE ON SCHEMA "Odd shop"', f"GRANT SELECT ON {SECRETS}", "GRANT SELECT ON public.shown", "GRANT SELECT ON public.kept",
        "GRANT SELECT ON SEQUENCE public.kept_id_seq", "GRANT USAGE ON SCHEMA hidden", "GRANT SELECT ON hidden.other"]
    block = "".join(f"    {statement} TO {etl};\n" for statement in statements)
    for command in ("check", "plan"):
        finished = headrace(command, "job.yaml", expect=2)
        said(finished, "rights that the job needs and the role lacks", block)
    assert finished.stdout.endswith(block)
    shop.execute(block)
    job.run()
    assert "GRANT" not in headrace("plan", "job.yaml", expect=0).stdout


def test_the_right_on_a_table_is_that_on_its_columns(shop, headrace, etl):
    some = {"name": "public.kept", "columns": ["id"]}
    all_of_them = {"query": "SELECT k.id, k.flag FROM kept AS k", "as": "found"}
    for tables in ([some, all_of_them], [all_of_them, some]):
        job_of(etl, headrace, shop, *tables)
        assert headrace("check", "job.yaml", "--json", expect=2).json()["grants"] == [f"GRANT SELECT ON public.kept TO {etl}"]


def test_what_is_not_needed_and_helps_is_said_by_check(shop, headrace, etl):
    shop.execute(f"GRANT SELECT ON kept TO {etl}")
    by_time = {"name": "public.kept", "mode": "transactional", "cursor": "at"}
    job_of(etl, headrace, shop, by_time)
    checked = headrace("check", "job.yaml", "--json", expect=0).json()
    assert (checked["grants"], checked["helpful_grants"]) == ([], [f"GRANT pg_read_all_stats TO {etl}"])
    said(headrace("check", "job.yaml", expect=0), f"    GRANT pg_read_all_stats TO {etl};\n")
    assert "pg_read_all_stats" not in headrace("plan", "job.yaml", expect=0).stdout
    by_number = by_time | {"cursor": "id", "load": {"late_rows": "warn"}}
    job_of(etl, headrace, shop, by_number)
    checked = headrace("check", "job.yaml", "--json", expect=0).json()
    assert (checked["grants"], checked["helpful_grants"]) == ([], [f"GRANT SELECT ON SEQUENCE public.kept_id_seq TO {etl}"])
    shop.execute(f"GRANT pg_read_all_stats TO {etl}; GRANT SELECT ON SEQUENCE kept_id_seq TO {etl}")
    job_of(etl, headrace, shop, by_time, by_number | {"name": "kept"})
    assert headrace("check", "job.yaml", "--json", expect=0).json()["helpful_grants"] == []


def test_rights_of_a_views_owner_and_of_who_asks(shop, headrace, etl):
    """What a view reads, by the columns that it reads."""
    with role(shop, "NOSUPERUSER") as other:
        shop.execute(f"ALTER VIEW shown OWNER TO {other}; GRANT SELECT ON shown TO {etl}")
        job = job_of(etl, headrace, shop, {"name": "public.shown"})
        [statement] = headrace("check", "job.yaml", "--json", expect=2).json()["grants"]
        assert statement == f"GRANT SELECT (id) ON public.kept TO {other}"
        shop.execute(statement)
        job.run()
        if int(shop.server.version) < 15:
            return
        shop.execute("ALTER VIEW shown SET (security_invoker = true)")
        [statement] = headrace("check", "job.yaml", "--json", expect=2).json()["grants"]
        assert statement == f"GRANT SELECT (id) ON public.kept TO {etl}"
        shop.execute(statement)
        job.run()
        assert lake.count(job.lake, "public.shown") == 100


def test_columns_that_the_role_may_not_read_are_named(shop, headrace, etl):
    shop.execute(f"GRANT SELECT (id, flag) ON kept TO {etl}")
    job = job_of(etl, headrace, shop, {"name": "public.kept"})
    for command in ("check", "plan", "run"):
        finished = headrace(command, "job.yaml", expect=2)
        said(" ".join((finished.stdout + finished.stderr).split()), "permission denied for table kept", "but not at, note", "`exclude`")
    job = job_of(etl, headrace, shop, {"name": "public.kept", "exclude": ["at", "note"]})
    job.run()
    assert lake.read(job.lake, "public.kept").column_names == ["id", "flag"]


def test_a_right_to_lock_is_none_to_read(shop, headrace, etl):
    """MAINTAIN (17 and later) lets the role lock a table, as UPDATE does in all versions; since 16 also in the mode of a read."""
    right = "MAINTAIN" if int(shop.server.version) >= 17 else "UPDATE, DELETE"
    shop.execute(f"GRANT {right} ON kept TO {etl}")
    with psycopg.connect(shop.uri, user=etl.strip('"')) as connection:
        connection.execute("LOCK TABLE kept IN SHARE UPDATE EXCLUSIVE MODE")
        connection.rollback()
    job = job_of(etl, headrace, shop, {"name": "public.kept"})
    assert headrace("check", "job.yaml", "--json", expect=2).json()["grants"] == [f"GRANT SELECT ON public.kept TO {etl}"]
    assert not lake.files(job.lake)


@pytest.fixture
def alone(headrace, shop):
    """The program behind whose client no session is left, neither of an earlier call nor of the test, that a limit would count."""
    headrace.before_each = lambda: shop.server.wait_for_sessions(shop.name)
    return headrace


@pytest.mark.parametrize("limited", ["role", "database", "both"])
def test_a_limit_of_one_connection_is_told_before_a_run_meets_it(shop, alone, etl, limited):
    """One connection holds the snapshot, and none is left for a worker."""
    shop.execute(f"GRANT SELECT ON kept TO {etl}")
    limits = [limit for name, limit in (("role", f"ROLE {etl}"), ("database", f"DATABASE {shop.name}")) if limited in (name, "both")]
    for limit in limits:
        shop.execute(f"ALTER {limit} CONNECTION LIMIT 1")
    job = job_of(etl, alone, shop, {"name": "public.kept"})
    told = "CONNECTION LIMIT 1, and a run needs a connection for its snapshot and one for each worker"
    found = {check["check"]: check for check in alone("check", "job.yaml", "--json", expect=2).json()["checks"]}
    error = found["table public.kept"]["error"]
    assert told in error["message"] and error["class"] == "user"
    said(alone("plan", "job.yaml", expect=2), "cannot run")
    said(job.run("--dry-run", expect=2), "cannot run")
    finished = job.run(expect=2)
    said(finished, "CONNECTION LIMIT 1")
    assert "trying again" not in finished.stderr
    advised = re.findall("`(ALTER .*?)`", error["message"])
    assert advised == [f"ALTER {limit} CONNECTION LIMIT 3" for limit in limits]
    for statement in advised:
        shop.execute(statement)
    alone("check", "job.yaml", expect=0)
    job.run()
    for limit in limits:
        shop.execute(f"ALTER {limit} CONNECTION LIMIT 2")
    alone("check", "job.yaml", expect=0)


def test_a_limit_of_one_connection_hides_no_other_error(shop, alone, etl):
    """What has nothing to read is published without a worker, and what is wrong besides is said."""
    shop.execute(f"CREATE TABLE fresh (id serial PRIMARY KEY); GRANT SELECT ON kept, fresh, fresh_id_seq TO {etl}; ALTER ROLE {etl} CONNECTION LIMIT 1")
    job = job_of(etl, alone, shop, {"name": "public.kept"}, {"name": "public.none"},
                 {"name": "public.fresh", "mode": "transactional", "cursor": "id"})
    for command in (["check", "job.yaml"], ["plan", "job.yaml"], ["run", "job.yaml", "--dry-run"]):
        said(alone(*command, expect=1), "CONNECTION LIMIT 1", "there is no table public.none")
    tables = {table["table"]: table for table in job.run("--json", expect=1).json()["tables"]}
    assert "CONNECTION LIMIT 1" in tables["public.kept"]["error"]["message"]
    assert "CONNECTION LIMIT 1" not in tables["public.none"]["error"]["message"]
    assert tables["public.fresh"]["state"] == "committed"


@pytest.mark.parametrize("snapshot", ["require", "prefer"])
def test_a_limit_of_one_connection_is_none_for_an_empty_window(shop, alone, etl, snapshot):
    """No worker is needed for it; for the first row there is."""
    shop.execute(f"CREATE TABLE fresh (id serial PRIMARY KEY); GRANT SELECT ON fresh, fresh_id_seq TO {etl}; ALTER ROLE {etl} CONNECTION LIMIT 1")
    job = job_of(etl, alone, shop, {"name": "public.fresh", "mode": "transactional", "cursor": "id"}, snapshot=snapshot)
    commands = (["check"], ["plan"], ["run", "--dry-run"], ["run"])
    for command, *words in commands:
        assert "CONNECTION LIMIT" not in alone(command, "job.yaml", *words, expect=0).stdout
    shop.execute("INSERT INTO fresh DEFAULT VALUES")
    for command, *words in commands:
        said(alone(command, "job.yaml", *words, expect=2), "CONNECTION LIMIT 1, and a run needs")
    assert lake.count(job.lake, "public.fresh") == 0
    shop.execute(f"ALTER ROLE {etl} CONNECTION LIMIT 2")
    job.run()
    assert lake.rows(job.lake, "public.fresh") == [(1,)]


def test_a_limit_of_one_connection_is_not_told_where_a_preferred_snapshot_cannot_be_had(shop, alone, etl):
    """None holds the connection then, and behind a pooler workers may have it."""
    shop.execute(f"GRANT SELECT ON kept TO {etl}; ALTER ROLE {etl} CONNECTION LIMIT 1; REVOKE EXECUTE ON FUNCTION pg_export_snapshot() FROM PUBLIC")
    job_of(etl, alone, shop, {"name": "public.kept"}, snapshot="prefer")
    for command in ("check", "plan"):
        finished = alone(command, "job.yaml", expect=0)
        said(finished, "no snapshot: permission denied for function pg_export_snapshot")
        assert "CONNECTION LIMIT" not in finished.stdout


def test_no_connection_beside_the_plans_own_is_needed(shop, alone, etl):
    shop.execute(f"ALTER ROLE {etl} CONNECTION LIMIT 1")
    job_of(etl, alone, shop, {"name": "public.kept"})
    assert alone("check", "job.yaml", "--json", expect=2).json()["grants"] == [f"GRANT SELECT ON public.kept TO {etl}"]
