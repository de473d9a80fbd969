"""Values that the lake cannot hold: an error that names where they are, or what `on_overflow` says."""

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
)
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
    said(finished, "public.odd", "unit 0", f'"{value[0]}"', value[3].removeprefix("-"))
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


@pytest.mark.parametrize("value", VALUES[:-1], ids=IDS[:-1])
def test_string(database, headrace, value):
    job = make(database, headrace, value, on_overflow="string")
    job.run()
    shown = dict(lake.rows(job.lake, "public.odd"))
    assert shown == {7: value[2], 8: value[3], 9: None}


@pytest.mark.parametrize("value", VALUES[:-1], ids=IDS[:-1])
@pytest.mark.parametrize("policy", ["error", "null"])
def test_a_cast_to_string_holds_every_value(database, headrace, value, policy):
    job = make(database, headrace, value[:4] + ("string",), on_overflow=policy)
    report = job.run("--json").json()
    assert dict(lake.rows(job.lake, "public.odd")) == {7: value[2], 8: value[3], 9: None}
    assert report["tables"][0]["nulled_values"] == 0


def test_another_type_and_overflow_to_text_are_refused_in_plan(database, headrace):
    job = make(database, headrace, VALUES[-1], on_overflow="string")
    for finished in (headrace("plan", "job.yaml", expect=None), job.run(expect=1)):
        assert finished.returncode != 0
        said(finished, "public.odd", '"free"', "decimal", "on_overflow: string")
    assert not lake.files(job.lake)


def test_a_column_has_the_last_word(database, headrace):
    database.execute("CREATE TABLE odd (id int, a date, b date); INSERT INTO odd VALUES (1, 'infinity', 'infinity')")
    columns = ["id", {"name": "a", "on_overflow": "string"}, {"name": "b", "on_overflow": "null"}]
    job = postgres_job(headrace, database, {"name": "public.odd", "columns": columns, "on_overflow": "error"})
    job.run()
    assert lake.rows(job.lake, "public.odd") == [(1, "infinity", None)]
