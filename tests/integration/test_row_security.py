"""Rows that policies hide from the role are missing nowhere in silence: refused, or accepted and said."""

import pytest
from harness import lake
from harness.gate import gate
from harness.job import ended, said
from harness.role import job_of, role

ITEMS = """
CREATE TABLE items (id int PRIMARY KEY, owner text); INSERT INTO items SELECT i, 'team ' || i % 4 FROM generate_series(1, 1000) AS i;
ALTER TABLE items ENABLE ROW LEVEL SECURITY;
"""
OWN = 'CREATE POLICY "its own" ON items USING (owner = \'team 1\');'
ALL = lake.in_order((i,) for i in range(1, 1001))
SHOWN = lake.in_order((i,) for i in range(1, 1001) if i % 4 == 1)
COMMANDS = ("check", "plan", "run")
REMEDIES = ("BYPASSRLS", "source.row_security: accept")


@pytest.fixture
def etl(any_database):
    with role(any_database) as name:
        yield name


def words(finished) -> str:
    """What was printed, before it was wrapped."""
    return " ".join((finished.stdout + finished.stderr).split())


def is_refused(headrace, job, *expected: str) -> None:
    for command in COMMANDS:
        said(words(headrace(command, "job.yaml", expect=2)), *expected, *REMEDIES)
    assert not lake.files(job.lake)


@pytest.mark.parametrize("snapshot", ["require", "off"])
def test_a_table_under_a_policy_is_refused_unless_the_job_accepts_it(any_database, headrace, etl, snapshot):
    any_database.execute(ITEMS + OWN + f"GRANT SELECT ON items TO {etl}")
    job = job_of(etl, headrace, any_database, {"name": "public.items"}, snapshot=snapshot)
    hidden = f'row security of public.items shows {etl} what its policies allow ("its own")'
    is_refused(headrace, job, hidden)
    [table] = headrace("plan", "job.yaml", "--json", expect=2).json()["tables"]
    assert (table["error"]["class"], table["error"]["code"]) == ("user", "row_security")
    job = job_of(etl, headrace, any_database, {"name": "public.items"}, snapshot=snapshot, row_security="accept")
    for command in COMMANDS:
        said(words(headrace(command, "job.yaml", expect=0)), hidden, "not loaded")
    assert lake.rows(job.lake, "public.items", "id") == SHOWN


def test_nothing_is_refused_that_is_not_thinned(any_database, headrace, etl):
    """Owners, superusers and who bypasses policies see all rows, and without policies being on so does everybody."""
    any_database.execute(ITEMS + OWN + "CREATE TABLE open (id int); INSERT INTO open VALUES (1); CREATE POLICY off ON open USING (false);"
                         f"CREATE TABLE owned AS TABLE items; ALTER TABLE owned ENABLE ROW LEVEL SECURITY; ALTER TABLE owned OWNER TO {etl}; GRANT SELECT ON open TO {etl}")
    job = job_of(etl, headrace, any_database, {"name": "public.owned"}, {"name": "public.open"})
    job.run()
    assert lake.rows(job.lake, "public.owned", "id") == ALL
    assert lake.count(job.lake, "public.open") == 1
    any_database.execute(f"ALTER ROLE {etl} BYPASSRLS; GRANT SELECT ON items TO {etl}")
    for user in (etl, "postgres"):
        job = job_of(user, headrace, any_database, {"name": "public.items"})
        job.run()
        assert lake.rows(job.lake, "public.items", "id") == ALL


@pytest.mark.parametrize(("statements", "expected"), [
    ("ALTER TABLE items FORCE ROW LEVEL SECURITY; ALTER TABLE items OWNER TO {etl};" + OWN, "shows {etl} what its policies allow"),
    ("", "has row security and no policy for {etl}, who sees no row of it"),
    ("CREATE POLICY of_others ON items TO pg_monitor USING (true); CREATE POLICY writes ON items FOR INSERT WITH CHECK (true);", "no policy for {etl}"),
    ("CREATE POLICY everything ON items FOR SELECT TO {etl} USING (true);", "(no row is hidden now)"),
], ids=["forced_on_the_owner", "no_policy", "policies_of_others", "all_rows"])
def test_what_hides_rows_is_said(any_database, headrace, etl, statements, expected):
    any_database.execute(ITEMS + f"GRANT SELECT ON items TO {etl};" + statements.format(etl=etl))
    is_refused(headrace, job_of(etl, headrace, any_database, {"name": "public.items"}), expected.format(etl=etl))


@pytest.mark.parametrize(("statements", "rows", "warned"), [
    ("", ALL, False),
    ("CREATE POLICY besides ON items USING (owner = 'nobody');", ALL, False),
    ("CREATE POLICY none_else ON items AS RESTRICTIVE USING (owner = 'team 1');", SHOWN, True),
    ("CREATE POLICY none_else ON items AS RESTRICTIVE USING (true);", ALL, False),
], ids=["alone", "permissive", "restrictive", "restrictive_all"])
def test_who_accepts_policies_is_warned_where_they_can_hide_a_row(any_database, headrace, etl, statements, rows, warned):
    any_database.execute(ITEMS + f"CREATE POLICY everything ON items USING (true); GRANT SELECT ON items TO {etl};" + statements)
    job = job_of(etl, headrace, any_database, {"name": "public.items"}, row_security="accept")
    assert ("row security of" in words(headrace("check", "job.yaml", expect=0))) == warned
    job.run()
    assert lake.rows(job.lake, "public.items", "id") == rows


def test_a_role_whose_own_setting_refuses_policies_can_accept_them(any_database, headrace, etl):
    any_database.execute(ITEMS + OWN + f"GRANT SELECT ON items TO {etl}; ALTER ROLE {etl} SET row_security = off")
    job = job_of(etl, headrace, any_database, {"name": "public.items"}, row_security="accept")
    job.run()
    assert lake.rows(job.lake, "public.items", "id") == SHOWN


VIEWS = {
    "of_the_owner": ("", None),
    "of_another": ("ALTER VIEW shown OWNER TO {other};", "{other}"),
    "above_one_of_another": ("ALTER VIEW shown OWNER TO {other}; ALTER VIEW shown RENAME TO below; CREATE VIEW shown AS TABLE below;", "{other}"),
    "as_invoker": ("ALTER VIEW shown SET (security_invoker = true);", "{etl}"),
    "above_one_as_invoker": ("ALTER VIEW shown SET (security_invoker); ALTER VIEW shown RENAME TO below; CREATE VIEW shown AS TABLE below;", "{etl}"),
    "invoker_of_one_of_the_owner": ("ALTER VIEW shown RENAME TO below; CREATE VIEW shown WITH (security_invoker = on) AS TABLE below;", None),
}


@pytest.mark.parametrize("kind", VIEWS)
def test_a_view_shows_what_its_owner_sees_or_who_asks(any_database, headrace, etl, kind):
    statements, sees = VIEWS[kind]
    if "security_invoker" in statements and int(any_database.server.version) < 15:
        return  # There is no such view.
    with role(any_database, "NOSUPERUSER") as other:
        any_database.execute(ITEMS + OWN + f"CREATE VIEW shown AS SELECT * FROM items; GRANT SELECT ON items TO {etl}, {other};"
                             + statements.format(etl=etl, other=other) + f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {etl}, {other}")
        job = job_of(etl, headrace, any_database, {"name": "public.shown"})
        if sees is None:
            job.run()
            assert lake.rows(job.lake, "public.shown", "id") == ALL
            return
        hidden = f"row security of public.items shows {sees.format(etl=etl, other=other)} what"
        is_refused(headrace, job, hidden)
        job = job_of(etl, headrace, any_database, {"name": "public.shown"}, row_security="accept")
        said(words(job.run()), hidden)
        assert lake.rows(job.lake, "public.shown", "id") == SHOWN


OF_OTHERS = {
    "query": {"query": "SELECT id FROM items", "as": "found"},
    "query_of_a_view": {"query": "SELECT id FROM as_other", "as": "found"},
    "where": {"name": "public.found", "where": "id IN (SELECT items.id FROM items)"},
    "where_of_a_query": {"query": "SELECT id FROM found", "as": "found", "where": "id IN (SELECT items.id FROM items)"},
}


@pytest.mark.parametrize("kind", OF_OTHERS)
@pytest.mark.parametrize("snapshot", ["require", "off"])
def test_what_the_jobs_own_sql_reads_is_no_less_refused(any_database, headrace, etl, kind, snapshot):
    with role(any_database, "NOSUPERUSER") as other:
        any_database.execute(ITEMS + OWN + "CREATE TABLE found AS SELECT id FROM items; CREATE VIEW as_other AS TABLE items;"
                             f"GRANT SELECT ON items TO {other}; ALTER VIEW as_other OWNER TO {other}; GRANT SELECT ON items, as_other, found TO {etl}")
        job = job_of(etl, headrace, any_database, OF_OTHERS[kind], snapshot=snapshot)
        is_refused(headrace, job, 'row-level security policy for table "items"')
        job = job_of(etl, headrace, any_database, OF_OTHERS[kind], snapshot=snapshot, row_security="accept")
        said(words(job.run()), 'row-level security policy for table "items"', "not loaded")
        [name] = [entry.name for entry in job.lake.iterdir()]
        assert lake.rows(job.lake, name) == SHOWN


def test_a_policy_in_another_language_is_known_all_the_same(any_database, headrace, etl):
    """Who refuses is told by what the server does, not by its words."""
    any_database.execute(ITEMS + OWN + f"GRANT SELECT ON items TO {etl}; ALTER ROLE {etl} SET lc_messages = 'C'")
    is_refused(headrace, job_of(etl, headrace, any_database, {"query": "TABLE items", "as": "found"}), "items")


@pytest.mark.parametrize("cursor", ["id", "at"])
def test_a_cursor_under_a_policy_is_refused_too(any_database, headrace, etl, cursor):
    any_database.execute("CREATE TABLE items (id serial PRIMARY KEY, at timestamptz DEFAULT now()); INSERT INTO items DEFAULT VALUES;"
                         "ALTER TABLE items ENABLE ROW LEVEL SECURITY; CREATE POLICY few ON items USING (id > 5);"
                         f"GRANT SELECT ON items, items_id_seq TO {etl}")
    job = job_of(etl, headrace, any_database, {"name": "public.items", "mode": "transactional", "cursor": cursor})
    is_refused(headrace, job, "row security of public.items")


def test_a_policy_that_holds_for_the_role_since_a_moment_ago_thins_nothing(any_database, headrace, etl):
    """Nothing holds up a change of the role: units that come after are refused by the server."""
    any_database.execute(ITEMS + OWN + f"GRANT SELECT ON items TO {etl}; ALTER ROLE {etl} BYPASSRLS")
    table = {"name": "public.items", "where": "gate()", "partition": {"strategy": "id_range", "target_rows": 200}}
    job = job_of(etl, headrace, any_database, table)
    job.document["engine"] = {"type": "sequential"}
    job.write()
    with gate(any_database.uri) as held:
        process = job.start()
        held.wait_for_reader(process)
        any_database.execute(f"ALTER ROLE {etl} NOBYPASSRLS")
        held.open()
        said(ended(process, 2), "row-level security policy")
    assert not lake.files(job.lake)


def test_inspect_says_where_rows_are_hidden(any_database, headrace, etl):
    any_database.execute(ITEMS + OWN + "CREATE TABLE open (id int);" + f"GRANT SELECT ON items, open TO {etl}")
    user = etl.strip('"').replace(" ", "%20")
    uri = any_database.uri.replace("//postgres@", f"//{user}@")
    lines = headrace("inspect", uri, expect=0).stdout.splitlines()
    [items] = [line for line in lines if line.startswith("  public.items")]
    assert "row security of public.items shows" in items
    tables = {table["name"]: table for table in headrace("inspect", uri, "--json", expect=0).json()["tables"]}
    assert "its own" in tables["items"]["hidden_rows"] and "hidden_rows" not in tables["open"]


PARTED = """
CREATE TABLE parted (id int PRIMARY KEY, name text) PARTITION BY RANGE (id);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (2000); CREATE TABLE parted_2 PARTITION OF parted FOR VALUES FROM (2000) TO (9000);
INSERT INTO parted SELECT i, 'n' FROM generate_series(1, 4000) AS i; ANALYZE parted;
"""
HALF = "ALTER TABLE {0} ENABLE ROW LEVEL SECURITY; CREATE POLICY half ON {0} USING (id % 2 = 0);"


@pytest.mark.parametrize("under", ["parted", "parted_1"])
def test_policies_of_a_partitioned_table_are_those_of_its_parent(any_database, headrace, etl, under):
    any_database.execute(PARTED + HALF.format(under) + f"GRANT SELECT ON parted, parted_1, parted_2 TO {etl}")
    table = {"name": "public.parted", "partition": {"target_rows": 500}}
    job = job_of(etl, headrace, any_database, table)
    if under == "parted":
        is_refused(headrace, job, "row security of public.parted shows")
        job = job_of(etl, headrace, any_database, table, row_security="accept")
    [planned] = headrace("plan", "job.yaml", "--json", expect=0).json()["tables"]
    assert planned["strategy"] == "id_range" and len(planned["units"]) > 4
    if int(any_database.server.version) >= 14:
        said(planned["why"], "not by pages: public.parted_1 cannot be read by page ranges (row security of ")
    job.run()
    assert lake.rows(job.lake, "public.parted", "id") == lake.in_order((i,) for i in range(1, 4001) if under == "parted_1" or i % 2 == 0)
