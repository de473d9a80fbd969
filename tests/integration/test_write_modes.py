"""replace, append and error_if_exists, and what they refuse."""

import errno
import json

import pyarrow.parquet
import pytest
from harness import lake
from harness.job import SECONDS, Job, ended, postgres_job, said
from harness.refused_call import RENAMEAT2, without_call

TABLE = "public.items"


@pytest.fixture
def items(database):
    database.execute("CREATE TABLE items (id int PRIMARY KEY, name text); INSERT INTO items VALUES (1, 'one'), (2, 'two')")
    return database


def job_for(items, headrace, write: str, **table) -> Job:
    return postgres_job(headrace, items, {"name": TABLE, "write": write} | table)


FIRST = [(1, "one"), (2, "two")]
SECOND = [(2, "two"), (3, "three")]
CHANGE = "DELETE FROM items WHERE id = 1; INSERT INTO items VALUES (3, 'three')"


@pytest.mark.parametrize("write, exit_code, after", [
    ("replace", 0, SECOND),
    ("append", 0, lake.in_order(FIRST + SECOND)),
    ("error_if_exists", 2, FIRST),
])
def test_a_second_run(items, headrace, write, exit_code, after):
    job = job_for(items, headrace, write)
    job.run()
    assert lake.rows(job.lake, TABLE) == FIRST
    items.execute(CHANGE)
    job.run(expect=exit_code)
    assert lake.rows(job.lake, TABLE) == after


def test_replace_with_nothing_leaves_the_schema(items, headrace):
    job = job_for(items, headrace, "replace")
    job.run()
    items.execute("TRUNCATE items")
    job.run()
    data = lake.read(job.lake, TABLE)
    assert (data.num_rows, data.column_names, len(lake.files(job.lake))) == (0, ["id", "name"], 1)


@pytest.mark.parametrize("change, words", [
    ("ALTER TABLE items ADD COLUMN colour text", ["colour"]),
    ("ALTER TABLE items ALTER COLUMN id TYPE bigint", ["id", "int32", "int64"]),
    ("ALTER TABLE items DROP COLUMN name", ["name"]),
    ("ALTER TABLE items RENAME COLUMN name TO title", ["name", "title"]),
], ids=["added", "other_type", "dropped", "renamed"])
def test_append_refuses_another_schema_and_shows_the_difference(items, headrace, change, words):
    job = job_for(items, headrace, "append")
    job.run()
    items.execute(change)
    said(job.run(expect=2), *words)
    assert lake.rows(job.lake, TABLE) == FIRST


@pytest.mark.parametrize("before, after, shown", [
    (['" x" int'], ['" x" text', '"  y" real'], ['- " x": int32', '+ " x": string', '+ "  y": float']),
    (["a int", "b int"], ['"a: int32\nb" int'], ["- a: int32", "- b: int32", r'+ "a: int32\x0ab": int32']),
    (["p pair"], ["p odd"], ["- p: struct<a: int32, b: int32>", '+ p: struct<"a: int32, b": int32>']),
], ids=["blank", "newline", "composite"])
def test_append_compares_columns_whatever_their_names(items, headrace, before, after, shown):
    """Shown without quotes and escapes, the columns of each pair are alike, or look like a part of another column."""
    items.execute('CREATE TYPE pair AS (a int, b int); CREATE TYPE odd AS ("a: int32, b" int)')
    job = job_for(items, headrace, "append")
    for columns in (before, after):
        items.execute(f"DROP TABLE items; CREATE TABLE items (id int PRIMARY KEY, {', '.join(columns)}); INSERT INTO items (id) VALUES (1)")
        finished = job.run(expect=0 if columns is before else 2)
    said(finished, *shown)
    assert lake.count(job.lake, TABLE) == 1


def test_append_to_a_table_whose_record_has_its_schema_as_text(items, headrace):
    """A record of version 1."""
    job = job_for(items, headrace, "append")
    job.run()
    [file] = (job.lake / TABLE).glob("run-*/_commit.json")
    record = json.loads(file.read_text())
    assert (record["version"], [column["name"] for column in record["schema"]]) == (2, ["id", "name"])
    file.write_text(json.dumps(record | {"version": 1, "schema": "id: int32 not null\nname: string"}))
    items.execute("ALTER TABLE items ALTER COLUMN name TYPE bytea USING convert_to(name, 'UTF8')")
    said(job.run(expect=2), "- name: string", "+ name: binary")
    items.execute("ALTER TABLE items ALTER COLUMN name TYPE text USING convert_from(name, 'UTF8')")
    job.run()
    assert lake.rows(job.lake, TABLE) == lake.in_order(FIRST + FIRST)


def test_append_after_a_not_null_was_dropped(items, headrace, tmp_path):
    """The files of both runs agree for readers that take the columns of the first one for all."""
    items.execute("ALTER TABLE items ALTER COLUMN name SET NOT NULL")
    job = job_for(items, headrace, "append")
    job.run()
    items.execute("ALTER TABLE items ALTER COLUMN name DROP NOT NULL; UPDATE items SET name = NULL WHERE id = 1")
    job.run()
    whole = pyarrow.parquet.read_table(job.lake / TABLE)
    whole.validate(full=True)
    assert whole["name"].null_count == 1 and all(field.nullable for field in whole.schema)
    pyarrow.parquet.write_table(whole, tmp_path / "copy.parquet")


def test_lineage_columns_name_the_run(items, headrace):
    job = job_for(items, headrace, "append", load={"lineage": True})
    job.run("--run-id", "first")
    job.run("--run-id", "second")
    runs = [run for run, in lake.rows(job.lake, TABLE, "_headrace_run")]
    assert runs == ["first", "first", "second", "second"]
    assert len(set(lake.read(job.lake, TABLE)["_headrace_loaded_at"].to_pylist())) == 2


def test_a_table_directory_that_is_not_ours_is_left_alone(items, headrace):
    job = job_for(items, headrace, "replace")
    foreign = job.lake / TABLE / "mine.parquet"
    foreign.parent.mkdir(parents=True)
    foreign.write_text("not a table of headrace")
    job.run(expect=2)
    assert foreign.read_text() == "not a table of headrace"


def test_a_report_that_cannot_be_printed_does_not_make_a_run_look_failed(items, headrace):
    """A scheduler that runs it again because of the exit code would append every row twice."""
    job = job_for(items, headrace, "append")
    with open("/dev/full", "w") as full:
        process = headrace.start("run", "job.yaml", stdout=full)
        _, told = process.communicate(timeout=SECONDS)
    assert process.returncode == 0, told
    assert "what was done stays done" in told
    assert lake.rows(job.lake, TABLE) == FIRST


@pytest.mark.parametrize("words", [["run", "job.yaml", "--run-id", "monday"], ["clean", "--job", "job.yaml"], ["runs", "--job", "job.yaml"],
                                   ["show", "--job", "job.yaml"], ["plan", "job.yaml"], ["verify", "monday", "--job", "job.yaml"]], ids=lambda words: words[0])
def test_a_document_that_cannot_be_printed_is_a_failure(items, headrace, words):
    """Its reader would take what is cut off, or nothing, for the result. What was done is done all the same."""
    job = job_for(items, headrace, "append")
    if words[0] != "run":
        job.run("--run-id", "monday")
    with open("/dev/full", "w") as full:
        process = headrace.start(*words, "--json", stdout=full)
        _, told = process.communicate(timeout=SECONDS)
    assert process.returncode == 1, told
    assert "cannot write the result to standard output" in told
    job.run("--run-id", "monday")
    assert lake.rows(job.lake, TABLE) == FIRST


def test_a_plan_that_cannot_be_printed_is_none(items, headrace):
    job_for(items, headrace, "append")
    with open("/dev/full", "w") as full:
        process = headrace.start("run", "job.yaml", "--dry-run", stdout=full)
        _, told = process.communicate(timeout=SECONDS)
    assert process.returncode == 1, told
    assert "stays done" not in told


def test_a_null_is_appended_after_a_not_null_was_dropped(items, headrace):
    items.execute("ALTER TABLE items ALTER COLUMN name SET NOT NULL")
    job = job_for(items, headrace, "append")
    job.run()
    items.execute("ALTER TABLE items ALTER COLUMN name DROP NOT NULL; INSERT INTO items VALUES (3, NULL)")
    job.run()
    assert lake.count(job.lake, TABLE) == 5


@pytest.mark.parametrize("error", [errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP], ids=errno.errorcode.get)
@pytest.mark.parametrize("write, second", [("replace", 0), ("append", 0), ("error_if_exists", 2)])
def test_where_the_system_has_no_renameat2(items, headrace, write, second, error):
    job = job_for(items, headrace, write)

    def run(expect: int) -> None:
        ended(headrace.start("run", job.file, preexec_fn=without_call(RENAMEAT2, error)), expect)

    run(0)
    assert lake.rows(job.lake, TABLE) == FIRST
    items.execute(CHANGE)
    run(second)
    assert lake.rows(job.lake, TABLE) == {"replace": SECOND, "append": lake.in_order(FIRST + SECOND), "error_if_exists": FIRST}[write]
    if second == 0:
        said(job.command("verify", "latest"), "ok")


def test_a_rename_that_is_not_allowed_is_no_missing_call(items, headrace):
    """Only what says that the call is missing leads to the plain rename, which would replace what is in the way."""
    job = job_for(items, headrace, "append")
    process = headrace.start("run", job.file, preexec_fn=without_call(RENAMEAT2, errno.EPERM))
    assert "Operation not permitted" in ended(process, 2)
    assert not lake.files(job.lake, TABLE)
    job.run()
    assert lake.rows(job.lake, TABLE) == FIRST
