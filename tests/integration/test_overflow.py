"""Values that the lake cannot hold: an error that names where they are, or what `on_overflow` says."""

import contextlib

import pytest
from harness import lake
from harness.job import postgres_job, said

# column, its type, a value that fits and how the lake shows it, one that does not, a cast of the job or none
VALUES = (
    ("day", "date", "2024-02-29", "infinity", None),
    ("at", "timestamp", "2024-02-29 12:00:00", "-infinity", None),
    ("price", "numeric(6,2)", "12.50", "NaN", None),
    ("clock", "time", "23:59:59", "24:00:00", None),
    ("free", "numeric", "1.5", "12345678901234567890.5", "decimal(12,2)"),
    ("none", "numeric", "1.5", "NaN", "decimal(10,2)"),
    ("noon", "date", "2024-02-29", "infinity", "timestamp"),
    # Of these what does not fit is another number modulo 2^128 or 2^256, one that would.
    ("zeros", "numeric", "1234567890123456789012345.5000000000000000", "400000000000000000000000000000", "decimal(38,9)"),
    ("whole", "numeric", "0", "-400000000000000000000000000000000000000", "decimal(38,0)"),
    ("wide", "numeric", "1.5", "10000000000000000000000000000000000000", "decimal(76,70)"),
    ("count", "bigint", "9", "40", "decimal(38,37)"),
)
UNCAST = [value for value in VALUES if value[4] is None]
IDS = [value[0] for value in VALUES]


def make(database, headrace, value, **settings):
    column, kind, fits, other, cast = value
    database.execute(f"CREATE TABLE odd (id int PRIMARY KEY, {column} {kind})")
    database.execute(f"INSERT INTO odd VALUES (7, '{fits}'), (8, '{other}'), (9, NULL)")
    columns = ["id", {"name": column} | ({"type": cast} if cast else {})]
    return postgres_job(headrace, database, {"name": "public.odd", "columns": columns} | settings)


@pytest.mark.parametrize("value", VALUES, ids=IDS)
def test_error_names_table_column_and_row(database, headrace, value):
    job = make(database, headrace, value)
    finished = job.run(expect=1)
    said(finished, "public.odd", "unit 0", f'"{value[0]}"', value[3].removeprefix("-"), "does not fit", "on_overflow: null")
    assert "(0,2)" in finished.stdout or "id = 8" in finished.stdout, finished.stdout  # The row, by its ctid or its key.
    assert not lake.files(job.lake)


@pytest.mark.parametrize("value", VALUES, ids=IDS)
def test_null(database, headrace, value):
    job = make(database, headrace, value, on_overflow="null")
    report = job.run("--json").json()
    shown = dict(lake.rows(job.lake, "public.odd"))
    assert shown[7] is not None
    assert (shown[8], shown[9]) == (None, None)
    assert report["tables"][0]["nulled_values"] == 1


@pytest.mark.parametrize("value", UNCAST, ids=IDS[:len(UNCAST)])
def test_string(database, headrace, value):
    job = make(database, headrace, value, on_overflow="string")
    job.run()
    shown = dict(lake.rows(job.lake, "public.odd"))
    assert shown == {7: value[2], 8: value[3], 9: None}


@pytest.mark.parametrize("value", UNCAST, ids=IDS[:len(UNCAST)])
@pytest.mark.parametrize("policy", ["error", "null"])
def test_a_cast_to_string_holds_every_value(database, headrace, value, policy):
    job = make(database, headrace, value[:4] + ("string",), on_overflow=policy)
    report = job.run("--json").json()
    assert dict(lake.rows(job.lake, "public.odd")) == {7: value[2], 8: value[3], 9: None}
    assert report["tables"][0]["nulled_values"] == 0


def test_another_type_and_overflow_to_text_are_refused_in_plan(database, headrace):
    job = make(database, headrace, VALUES[len(UNCAST)], on_overflow="string")
    for finished in (headrace("plan", "job.yaml", expect=2), job.run(expect=2)):
        said(finished, "public.odd", '"free"', "decimal", "on_overflow: string")
    assert not lake.files(job.lake)


def test_a_cast_rounds_to_the_nearest_double(database, headrace):
    database.execute("CREATE TABLE odd (id int, price numeric(12,2)); INSERT INTO odd SELECT i, i * 7 + 0.01 * i + 2165720000 "
                     "FROM generate_series(1, 2000) i; INSERT INTO odd VALUES (0, 2165727388.22)")
    job = postgres_job(headrace, database, {"name": "public.odd", "columns": ["id", {"name": "price", "type": "double"}]})
    job.run()
    shown = dict(lake.rows(job.lake, "public.odd"))
    assert shown == {0: 2165727388.22} | {i: float(f"{2165720000 + 7 * i + i // 100}.{i % 100:02}") for i in range(1, 2001)}


def test_a_column_has_the_last_word(database, headrace):
    database.execute("CREATE TABLE odd (id int, a date, b date); INSERT INTO odd VALUES (1, 'infinity', 'infinity')")
    columns = ["id", {"name": "a", "on_overflow": "string"}, {"name": "b", "on_overflow": "null"}]
    job = postgres_job(headrace, database, {"name": "public.odd", "columns": columns, "on_overflow": "error"})
    job.run()
    assert lake.rows(job.lake, "public.odd") == [(1, "infinity", None)]


def test_a_cast_to_text_holds_every_value(database, headrace):
    database.execute("CREATE TABLE odd (id int, at timestamp, day date, price numeric(6,2));"
                     "INSERT INTO odd VALUES (1, 'infinity', '-infinity', 'NaN'), (2, '2024-02-29 12:00:00', '2024-02-29', 1.5)")
    columns = ["id"] + [{"name": name, "type": "string"} for name in ("at", "day", "price")]
    job = postgres_job(headrace, database, {"name": "public.odd", "columns": columns})
    job.run()
    assert lake.rows(job.lake, "public.odd") == [(1, "infinity", "-infinity", "NaN"), (2, "2024-02-29 12:00:00", "2024-02-29", "1.50")]


def test_times_inside_of_values_have_their_text_in_every_year(database, headrace):
    database.execute("CREATE TYPE moment AS (at timestamptz, day date);"
                     "CREATE TABLE odd (id int, list timestamptz[], pair moment);"
                     "INSERT INTO odd VALUES (1, ARRAY['40000-06-01 12:00+00', '2024-01-01 00:00+00']::timestamptz[],"
                     " ROW('0044-03-15 12:00+00 BC', '5874897-12-31'))")
    columns = ["id"] + [{"name": name, "type": "string"} for name in ("list", "pair")]
    job = postgres_job(headrace, database, {"name": "public.odd", "columns": columns})
    job.run()
    assert lake.rows(job.lake, "public.odd") == [
        (1, '["+40000-06-01 12:00:00.000000Z","2024-01-01 00:00:00.000000Z"]',
         '{"at":"-0043-03-15 12:00:00.000000Z","day":"+5874897-12-31"}')]


def test_zeros_behind_the_point_do_not_keep_a_numeric_from_being_an_integer(database, headrace):
    database.execute("CREATE TABLE odd (id int, whole numeric); INSERT INTO odd VALUES (1, 5.00), (2, -7), (3, 9223372036854775807.0)")
    job = postgres_job(headrace, database, {"name": "public.odd", "columns": ["id", {"name": "whole", "type": "int64"}]})
    job.run()
    assert dict(lake.rows(job.lake, "public.odd")) == {1: 5, 2: -7, 3: 9223372036854775807}
    database.execute("INSERT INTO odd VALUES (4, 5.5)")
    said(job.run(expect=1), "public.odd", '"whole"', "5.5", "does not fit int64", "not a whole number")


def test_a_char_that_is_no_utf8(any_database, headrace):
    """Before version 15 the server sends the bare byte, later its octal digits."""
    any_database.execute("CREATE TABLE odd AS SELECT i AS id, (CASE WHEN i < 128 THEN i ELSE i - 256 END)::\"char\" AS c"
                         " FROM generate_series(1, 255) AS i")
    job = postgres_job(headrace, any_database, {"name": "public.odd", "on_overflow": "null"})
    report = job.run("--json").json()
    as_digits = int(any_database.server.version) >= 15
    expected = {i: chr(i) if i < 128 else f"\\{i:o}" if as_digits else None for i in range(1, 256)}
    assert dict(lake.rows(job.lake, "public.odd")) == expected
    assert report["tables"][0]["nulled_values"] == (0 if as_digits else 128)


@contextlib.contextmanager
def database_of_encoding(database, encoding):
    """A database beside `database`, in another encoding."""
    name = f"{database.name}_{encoding.lower()}"
    database.execute(f"CREATE DATABASE {name} ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0")
    yield type(database)(database.server, name)
    database.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def ascii_database(database):
    """A database that vouches for no encoding."""
    with database_of_encoding(database, "SQL_ASCII") as made:
        yield made


def ascii_job(headrace, database, direct, **settings):
    with database.connect(client_encoding="SQL_ASCII") as connection:
        connection.execute("CREATE TABLE odd (id int PRIMARY KEY, name text, list text[])")
        connection.execute(rb"INSERT INTO odd VALUES (7, E'caf\303\251', ARRAY[E'\303\251']), (8, E'caf\351', NULL), (9, NULL, NULL)")
        connection.execute("ANALYZE odd")
    job = postgres_job(headrace, database, {"name": "public.odd"} | settings)
    job.document["source"]["direct_socket"] = direct
    job.write()
    return job


@pytest.mark.parametrize("direct", ["auto", "off"])
def test_text_that_is_not_utf8_is_an_error_that_names_column_and_row(ascii_database, headrace, direct):
    job = ascii_job(headrace, ascii_database, direct)
    finished = job.run(expect=1)
    said(finished, "public.odd", "unit 0", '"name"', "not UTF-8", "id = 8", "on_overflow: null")
    assert "string would load it" not in finished.stdout + finished.stderr
    assert not lake.files(job.lake)


@pytest.mark.parametrize("direct", ["auto", "off"])
def test_text_that_is_not_utf8_becomes_null_where_the_job_says_so(ascii_database, headrace, direct):
    job = ascii_job(headrace, ascii_database, direct, on_overflow="null")
    report = job.run("--json").json()
    assert lake.rows(job.lake, "public.odd") == [(7, "café", ["é"]), (8, None, None), (9, None, None)]
    assert report["tables"][0]["nulled_values"] == 1


def test_a_comment_that_is_not_utf8_stands_in_nobodys_way(ascii_database, headrace):
    job = ascii_job(headrace, ascii_database, "auto", on_overflow="null")
    with ascii_database.connect(client_encoding="SQL_ASCII") as connection:
        connection.execute(rb"COMMENT ON COLUMN odd.name IS E'caf\351'")
        connection.execute(rb"COMMENT ON TABLE odd IS E'th\351 et caf\303\251'")
    job.run()
    assert len(lake.rows(job.lake, "public.odd")) == 3
    said(headrace("inspect", ascii_database.uri, "--table", "public.odd"), "caf\ufffd", "th\ufffd et café")


def test_a_message_of_the_server_that_is_not_utf8_is_told_in_json(ascii_database, headrace):
    job = ascii_job(headrace, ascii_database, "auto", where="id <> 8 OR name::int = 1")
    finished = job.run("--json", expect=2)
    assert "caf\ufffd" in finished.json()["tables"][0]["error"]["message"], finished.stdout


def test_text_that_the_server_cannot_convert_is_told_with_the_way_around_it(database, headrace):
    with database_of_encoding(database, "WIN1252") as made:
        with made.connect(client_encoding="WIN1252") as connection:
            connection.execute("CREATE TABLE odd (id int, name text)")
            connection.execute(rb"INSERT INTO odd VALUES (1, E'caf\351'), (2, E'\201')")
        said(postgres_job(headrace, made, {"name": "public.odd", "on_overflow": "null"}).run(expect=1),
             "public.odd", "WIN1252", "convert_to(column, 'WIN1252')")
        query = "SELECT id, convert_to(name, 'WIN1252') AS name FROM odd"
        job = postgres_job(headrace, made, {"query": query, "as": "odd"})
        job.run()
        assert lake.rows(job.lake, "odd") == [(1, b"caf\xe9"), (2, b"\x81")]


def test_a_foreign_table_may_break_its_own_not_null(database, headrace):
    database.execute("CREATE EXTENSION file_fdw; CREATE SERVER files FOREIGN DATA WRAPPER file_fdw")
    database.execute("CREATE FOREIGN TABLE f (id int NOT NULL, name text) SERVER files "
                     r"""OPTIONS (program 'printf "1,a\n,b\n"', format 'csv')""")
    job = postgres_job(headrace, database, {"name": "public.f"})
    job.run()
    assert lake.rows(job.lake, "public.f") == [(1, "a"), (None, "b")]
