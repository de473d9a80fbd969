"""Ranges of texts, UUIDs and decimals in the order of the source, and parts by hash: every row once, units of about one size."""

import contextlib
import sqlite3

import pytest
from harness import lake
from harness.job import Job, planned, postgres_job, said

KEYS = {
    "text": "md5(i::text)",
    "varchar(40)": "'Straße ' || chr(65 + i % 26) || chr(97 + i % 23) || ' ' || i",
    "char(20)": "'k' || i % 3000",
    "uuid": "md5(i::text)::uuid",
    "numeric": "(i * 7919 % 10000)::numeric / 7",
    "numeric(20,0)": "i::numeric * 100000000000000",
    'text COLLATE "C"': "CASE WHEN i % 2 = 0 THEN upper(md5(i::text)) ELSE md5(i::text) END",
    'text COLLATE "und-x-icu"': "CASE WHEN i % 2 = 0 THEN upper(md5(i::text)) ELSE md5(i::text) END",
    "text COLLATE blind": "CASE WHEN i % 2 = 0 THEN upper(md5((i / 2)::text)) ELSE md5((i / 2)::text) END",
}


def loaded_ids(job, table):
    job.run()
    return sorted(row[0] for row in lake.rows(job.lake, table, "id"))


@pytest.mark.parametrize("kind", KEYS)
def test_keys_are_cut_in_the_servers_own_order(any_database, headrace, kind):
    if "blind" in kind:
        any_database.execute("CREATE COLLATION blind (provider = icu, locale = 'und-u-ks-level2', deterministic = false)")
    any_database.execute(f"""
        CREATE TABLE t (id int, key {kind});
        INSERT INTO t SELECT i, {KEYS[kind]} FROM generate_series(1, 10000) AS i;
        INSERT INTO t VALUES (0, NULL), (-1, NULL);
        CREATE INDEX ON t (key); ANALYZE t""")
    job = postgres_job(headrace, any_database, {"name": "public.t", "partition": {"strategy": "key_range", "column": "key", "target_rows": 1000}},
                       verify="checksum")
    plan = planned(headrace)
    kinds = [unit["type"] for unit in plan["units"]]
    assert kinds.count("db_null") == 1
    assert 8 <= kinds.count("db_key_range") <= 14, kinds
    assert plan["warnings"] == []
    assert loaded_ids(job, "public.t") == list(range(-1, 10001))
    sizes = [unit["estimated_rows"] for unit in plan["units"] if unit["type"] == "db_key_range"]
    assert max(sizes) < 2000


def test_rows_of_each_range_are_about_as_many_as_planned(database, headrace):
    """Half of the rows have one key, and the table lies in another order than its keys."""
    database.execute("""
        CREATE TABLE t (id int, key text);
        INSERT INTO t SELECT i, CASE WHEN i % 2 = 0 THEN 'm' ELSE md5(i::text) END FROM generate_series(1, 20000) AS i;
        CREATE INDEX ON t (key); ANALYZE t""")
    postgres_job(headrace, database, {"name": "public.t", "partition": {"column": "key", "target_rows": 2000}})
    plan = planned(headrace)
    assert plan["strategy"] == "key_range"
    said(" ".join(plan["warnings"]), "units hold up to 1", 'key from "m"')
    for unit in plan["units"]:
        if unit["type"] == "db_null":
            continue
        where = " AND ".join(f"key {op} '{unit[name]}'" for op, name in ((">=", "min_key"), ("<", "max_key")) if unit[name] is not None)
        rows = database.execute(f"SELECT count(*) FROM t WHERE {where}")[0][0]
        assert abs(rows - unit["estimated_rows"]) <= 0.1 * max(rows, 1000), unit


def test_a_key_cuts_a_table_that_cannot_be_cut_by_pages(database, headrace):
    database.execute("""
        CREATE TABLE t (code uuid PRIMARY KEY, id int);
        INSERT INTO t SELECT md5(i::text)::uuid, i FROM generate_series(1, 10000) AS i; ANALYZE t""")
    job = postgres_job(headrace, database, {"name": "public.t", "partition": {"target_rows": 1000}})
    job.document["source"]["snapshot"] = "off"
    job.write()
    plan = planned(headrace)
    assert plan["strategy"] == "key_range"
    said(plan["why"], '"code" is the primary key', "in the source's own order")
    assert loaded_ids(job, "public.t") == list(range(1, 10001))


def test_partitions_are_cut_by_key_through_their_parent(any_database, headrace):
    any_database.execute("""
        CREATE TABLE t (id int, key text) PARTITION BY HASH (key);
        CREATE TABLE t0 PARTITION OF t FOR VALUES WITH (MODULUS 2, REMAINDER 0);
        CREATE TABLE t1 PARTITION OF t FOR VALUES WITH (MODULUS 2, REMAINDER 1);
        INSERT INTO t SELECT i, md5(i::text) FROM generate_series(1, 5000) AS i; ANALYZE t""")
    job = postgres_job(headrace, any_database, {"name": "public.t", "partition": {"strategy": "key_range", "column": "key", "target_rows": 500}})
    plan = planned(headrace)
    assert len(plan["units"]) > 8
    said(" ".join(plan["warnings"]), 'no index on "key"')
    assert loaded_ids(job, "public.t") == list(range(1, 5001))


def test_what_has_no_order_is_said(database, headrace):
    database.execute("CREATE TABLE t (id int, span interval, empty text); INSERT INTO t SELECT i, i * interval '1 s' FROM generate_series(1, 5000) AS i; ANALYZE t")
    by_key = {"strategy": "key_range", "target_rows": 500}
    for column, reason in (("span", "nothing is known of the values"), ("id", "holds no text, UUID or decimal"),
                           ("empty", 'nothing is known of the values of "empty": a sample of its rows has none')):
        postgres_job(headrace, database, {"name": "public.t", "partition": by_key | {"column": column}})
        plan = planned(headrace)
        assert len(plan["units"]) == 1
        said(" ".join(plan["warnings"]), reason)


@contextlib.contextmanager
def database_of(database, encoding):
    """Another database on the server of `database`, in an encoding of its own."""
    name = f"{database.name}_{encoding.lower()}"
    with database.connect() as connection:
        connection.execute(f"CREATE DATABASE {name} ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
    try:
        yield type(database)(database.server, name)
    finally:
        database.execute(f"DROP DATABASE {name}")


# ∪ and № as NEC and JIS X 0212 write them: UTF-8 has one of each, and on the way back they become the codes of others, which sort elsewhere.
OF_TWO_CODES = ["ADFC", "8FA2F1"]


@pytest.mark.parametrize("starts", [["A3C1", "A3C2", "A3C3", "A4A2", "A5A2", *OF_TWO_CODES, "B0A1", "B0A2"], OF_TWO_CODES], ids=["some", "all"])
def test_keys_that_are_other_ones_on_their_way_back_are_no_bounds(any_database, headrace, starts):
    with database_of(any_database, "EUC_JP") as euc:
        values = ", ".join(f"({place}, '\\x{code}')" for place, code in enumerate(starts))
        euc.execute(f"""
            CREATE TABLE t (id int, key text);
            INSERT INTO t SELECT i, convert_from(code::bytea, 'EUC_JP') || i FROM (VALUES {values}) AS start(place, code)
              JOIN generate_series(1, 4000) AS i ON i % {len(starts)} = place;
            ANALYZE t""")
        job = postgres_job(headrace, euc, {"name": "public.t", "partition": {"strategy": "key_range", "column": "key", "target_rows": 250}}, verify="source")
        plan = planned(headrace)
        assert (len(plan["units"]) > 8) == (len(starts) > len(OF_TWO_CODES)), plan
        assert loaded_ids(job, "public.t") == list(range(1, 4001))


@pytest.mark.parametrize("encoding, code", [("EUC_JP", "ADFC"), ("SQL_ASCII", "FC")])
def test_labels_need_not_survive_the_way_to_utf8(any_database, headrace, encoding, code):
    """They are compared behind each unit, also those of a column that is not copied."""
    with database_of(any_database, encoding) as other:
        other.execute(f"""
            DO $$ BEGIN EXECUTE format('CREATE TYPE kind AS ENUM (''a'', %L)', convert_from('\\x{code}'::bytea, '{encoding}')); END $$;
            CREATE TABLE t (id int PRIMARY KEY, kind kind); INSERT INTO t SELECT i, 'a' FROM generate_series(1, 100) AS i""")
        job = postgres_job(headrace, other, {"name": "public.t", "exclude": ["kind"]})
        assert "new epoch" not in job.run().stderr
        assert loaded_ids(job, "public.t") == list(range(1, 101))


@pytest.mark.parametrize("kind", ["text", "double precision", "timestamptz", "jsonb", "pair"])
def test_hashes_hold_every_row_once_whatever_the_type(any_database, headrace, kind):
    value = {"text": "'x' || i % 700", "double precision": "i / 7.0", "timestamptz": "now() + i * interval '1 s'",
             "jsonb": "to_jsonb(i)", "pair": "ROW(i, NULL)::pair"}[kind]
    any_database.execute(f"""
        CREATE TYPE pair AS (a int, b int);
        CREATE TABLE t (id int, v {kind});
        INSERT INTO t SELECT i, {value} FROM generate_series(1, 5000) AS i; INSERT INTO t VALUES (0, NULL); ANALYZE t""")
    job = postgres_job(headrace, any_database, {"name": "public.t", "partition": {"strategy": "hash", "column": "v", "target_rows": 1000}})
    plan = planned(headrace)
    assert [unit["type"] for unit in plan["units"]].count("db_hash_partition") >= 5
    said(" ".join(plan["warnings"]), "units reads the whole table")
    assert loaded_ids(job, "public.t") == list(range(5001))


def test_rows_whose_text_is_null_have_a_hash_all_the_same(any_database, headrace):
    any_database.execute("""
        CREATE TYPE pair AS (a int, b int);
        CREATE FUNCTION pair_text(pair) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT CASE WHEN $1.a % 3 > 0 THEN $1.a::text END';
        CREATE CAST (pair AS text) WITH FUNCTION pair_text(pair);
        CREATE TABLE t (id int, v pair);
        INSERT INTO t SELECT i, ROW(i, NULL)::pair FROM generate_series(1, 5000) AS i; INSERT INTO t VALUES (0, NULL); ANALYZE t""")
    job = postgres_job(headrace, any_database, {"name": "public.t", "columns": ["id"], "partition": {"strategy": "hash", "column": "v", "target_rows": 1000}})
    assert len(planned(headrace)["units"]) > 5
    assert loaded_ids(job, "public.t") == list(range(5001))


def test_a_view_is_cut_by_hash_where_the_job_says_so(database, headrace):
    database.execute("""
        CREATE TABLE t (id int, v text); INSERT INTO t SELECT i, 'x' || i FROM generate_series(1, 5000) AS i; ANALYZE t;
        CREATE VIEW shown AS SELECT id, v FROM t WHERE id > 100""")
    for table in ({"name": "public.shown"}, {"query": "SELECT id, v FROM shown", "as": "public.shown"}):
        job = postgres_job(headrace, database, table | {"partition": {"strategy": "hash", "column": "id", "target_rows": 1000}})
        plan = planned(headrace)
        assert len(plan["units"]) > 2
        said(" ".join(plan["warnings"]), "evaluates it as a whole", "LIMIT or random()")
        job.run()
        assert sorted(row[0] for row in lake.rows(job.lake, "public.shown", "id")) == list(range(101, 5001))


def test_nulls_of_a_composite_are_those_that_are_loaded(database, headrace):
    database.execute("""
        CREATE TYPE pt AS (a int, b int); CREATE DOMAIN dpt AS pt;
        CREATE TABLE t (id int, p pt, d dpt);
        INSERT INTO t VALUES (1, (1, NULL), (1, NULL)), (2, NULL, NULL), (3, (1, 2), (1, 2)), (4, (NULL, NULL), (NULL, NULL))""")
    for column in ("p", "d"):
        job = postgres_job(headrace, database, {"name": "public.t", "columns": ["id"], "partition": {"column": column, "nulls": "exclude"}})
        said(" ".join(planned(headrace)["warnings"]), f'1 row has NULL in "{column}" and is not loaded')
        [report] = job.run("--json").json()["tables"]
        assert report["excluded_rows"] == 1
        said(headrace("show", "latest", "--state", ".headrace").stdout, "1 row left out (partition.nulls: exclude)")
        assert sorted(row[0] for row in lake.rows(job.lake, "public.t", "id")) == [1, 3, 4]


@pytest.mark.parametrize("collation", ["BINARY", "NOCASE", "RTRIM"])
def test_sqlite_cuts_a_table_without_rowid_by_its_texts(headrace, collation):
    with contextlib.closing(sqlite3.connect(headrace.folder / "shop.db")) as shop:
        shop.execute(f"CREATE TABLE t (code TEXT COLLATE {collation}, n INTEGER, id INTEGER, PRIMARY KEY (code, n)) WITHOUT ROWID")
        shop.execute("WITH RECURSIVE c(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM c WHERE i < 9999) INSERT INTO t "
                     "SELECT CASE WHEN i % 3 = 0 THEN 'same' ELSE char(65 + i % 26 + 32 * (i % 2)) || ' it''s ' || (i * 7919 % 5000) || substr('   ', 1, i % 4) END, i, i FROM c")
        shop.execute("INSERT INTO t VALUES (x'00ff', 1, -1), ('', 2, -2), ('größe', 3, -3)")
        shop.commit()
    job = Job(headrace, {"type": "sqlite", "path": "shop.db"}, [{"name": "t", "columns": ["id"], "partition": {"target_rows": 1000}}], verify="checksum")
    plan = planned(headrace)
    assert plan["strategy"] == "key_range"
    assert 6 <= len(plan["units"]) <= 10
    said(" ".join(plan["warnings"]), "no more values of")
    assert loaded_ids(job, "t") == sorted([*range(10000), -1, -2, -3])


# As UTF-16, little-endian: U+FFFE, which SQLite reads as U+FFFD from UTF-8, and surrogates without their other half, which it merges with what follows.
UTF16_KEYS = {
    "no_character": ["a", "aþ", "aǾ", b"a\0\xfe\xff", "b", "c"],
    "surrogate": ["a", "a\U00010400", b"a\0\0\xd8x\0", b"a\0\0\xd8y\0", b"a\0\0\xdcz\0", b"a\0\1\xd8", "a\uffff", "b", "c", "d"],
    "characters": ["Zoë", "größe", "a\U00010400", "a\U0010fffd", "a\ue000", "b", "c", "d"],
}


@pytest.mark.parametrize("encoding", ["UTF-16le", "UTF-16be"])
@pytest.mark.parametrize("keys", UTF16_KEYS)
def test_sqlite_cuts_by_no_text_that_utf8_does_not_repeat(headrace, keys, encoding):
    texts = [key if isinstance(key, bytes) else key.encode("utf-16-le") for key in UTF16_KEYS[keys]]
    if encoding == "UTF-16be":
        texts = [b"".join(text[i:i + 2][::-1] for i in range(0, len(text), 2)) for text in texts]
    with contextlib.closing(sqlite3.connect(headrace.folder / "shop.db")) as shop:
        shop.execute(f"PRAGMA encoding = '{encoding}'")
        shop.execute("CREATE TABLE t (code TEXT PRIMARY KEY, id INTEGER) WITHOUT ROWID")
        for place, text in enumerate(texts):
            shop.execute(f"INSERT INTO t VALUES (CAST(x'{text.hex()}' AS TEXT), {place})")
        shop.commit()
    job = Job(headrace, {"type": "sqlite", "path": "shop.db"}, [{"name": "t", "columns": ["id"], "partition": {"target_rows": 1}}], verify="source")
    assert len(planned(headrace)["units"]) > 3
    assert loaded_ids(job, "t") == list(range(len(texts)))


# As a migration from a database leaves them that takes letters of either case for the same.
OTHER_OPERATORS = """
CREATE SCHEMA blind;
CREATE FUNCTION blind.lt(text, text) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT pg_catalog.lower($1) OPERATOR(pg_catalog.<) pg_catalog.lower($2)';
CREATE FUNCTION blind.ge(text, text) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT pg_catalog.lower($1) OPERATOR(pg_catalog.>=) pg_catalog.lower($2)';
CREATE FUNCTION blind.never(tid, tid) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT false';
CREATE FUNCTION blind.never(int, int) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT false';
CREATE FUNCTION blind.never(timestamp, timestamp) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT false';
CREATE OPERATOR blind.< (LEFTARG = text, RIGHTARG = text, FUNCTION = blind.lt);
CREATE OPERATOR blind.>= (LEFTARG = text, RIGHTARG = text, FUNCTION = blind.ge);
CREATE OPERATOR blind.< (LEFTARG = tid, RIGHTARG = tid, FUNCTION = blind.never);
CREATE OPERATOR blind.>= (LEFTARG = tid, RIGHTARG = tid, FUNCTION = blind.never);
CREATE OPERATOR blind.>= (LEFTARG = timestamp, RIGHTARG = timestamp, FUNCTION = blind.never);
CREATE OPERATOR blind.= (LEFTARG = int, RIGHTARG = int, FUNCTION = blind.never);
"""


@pytest.mark.parametrize("partition", [{"strategy": "pages"}, {"strategy": "key_range", "column": "key"}, {"strategy": "date_range", "column": "at"},
                                       {"strategy": "id_range", "column": "id"}, {"strategy": "hash", "column": "key"}], ids=lambda partition: partition["strategy"])
def test_operators_of_the_roles_search_path_compare_no_bounds(database, headrace, partition):
    database.execute("""
        CREATE TABLE t (id int, key text, at timestamp NOT NULL);
        INSERT INTO t SELECT i, CASE WHEN i % 2 = 0 THEN upper(md5(i::text)) ELSE md5(i::text) END, timestamp '2024-01-01' + i * interval '1 hour'
          FROM generate_series(1, 10000) AS i;
        ANALYZE t;""" + OTHER_OPERATORS + f"ALTER DATABASE {database.name} SET search_path = blind, public, pg_catalog")
    job = postgres_job(headrace, database, {"name": "public.t", "partition": partition | {"target_rows": 500}})
    assert len(planned(headrace)["units"]) > 5
    assert loaded_ids(job, "public.t") == list(range(1, 10001))


def test_a_key_that_is_no_text_of_utf8_costs_the_ranges_not_the_table(any_database, headrace):
    with database_of(any_database, "SQL_ASCII") as ascii_database:
        ascii_database.execute(r"CREATE TABLE t (id int, code varchar(30) PRIMARY KEY); INSERT INTO t SELECT i, E'M\374ller' || i FROM generate_series(1, 5000) AS i; ANALYZE t")
        job = postgres_job(headrace, ascii_database, {"name": "public.t", "columns": ["id"], "partition": {"strategy": "key_range", "column": "code", "target_rows": 500}})
        said(" ".join(planned(headrace)["warnings"]), "it is read as one unit")
        assert loaded_ids(job, "public.t") == list(range(1, 5001))
