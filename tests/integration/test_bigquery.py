"""Loads into BigQuery: each write mode, once and again, with the state folder and without it."""

import pytest
from harness.job import said
from harness.web import call
from servers.bigquery import PROJECT

TWO = [["1", "one"], ["2", "two"]]
OTHERS = [["2", "two"], ["3", "three"]]


@pytest.fixture
def two(items):
    """`items` with two rows."""
    items.add("one", "two")
    return items


@pytest.fixture
def load(into_bigquery, two):
    """Makes a job of `items`; called with keys of its table."""
    return lambda **table: into_bigquery(two.source, {"name": "items"} | table)


def change_rows(items) -> None:
    items.execute("DELETE FROM items WHERE id = 1")
    items.add("three")


# Write modes.


@pytest.mark.parametrize(("write", "status", "after"), [
    ("append", 0, sorted(TWO + OTHERS, key=repr)),
    ("replace", 0, OTHERS),
    ("error_if_exists", 2, TWO),
])
def test_a_second_run(load, two, write, status, after):
    job = load(write=write)
    job.run()
    assert job.rows("items") == TWO
    change_rows(two)
    finished = job.run(expect=status)
    assert job.rows("items") == after
    if status:
        said(finished, f"{PROJECT}.{job.dataset.name}.items", "error_if_exists", "already")
        said(job.ask("plan", expect=status), "error_if_exists")
    job.expect_nothing_staged()


@pytest.mark.parametrize("write", ["append", "replace", "error_if_exists"])
def test_a_table_without_rows(load, two, write):
    two.execute("DELETE FROM items")
    job = load(write=write)
    job.run()
    assert job.rows("items") == []
    assert job.fields("items") == {"id": ("INTEGER", "NULLABLE"), "name": ("STRING", "NULLABLE")}  # Where REQUIRED is: see servers/test_bigquery.py.
    if write != "error_if_exists":
        job.run()
        two.add("three")
        job.run()
        assert job.rows("items") == [["3", "three"]]
        two.execute("DELETE FROM items")
        job.run()
        assert job.rows("items") == ([["3", "three"]] if write == "append" else [])
    job.expect_nothing_staged()


@pytest.mark.parametrize("write", ["append", "replace"])
def test_a_table_that_others_have_made_and_filled(load, dataset, write):
    dataset.make("items", "id INTEGER", "name STRING", description="theirs")
    assert "errors" not in dataset.query("INSERT INTO {}.items VALUES (9, 'nine')")["status"]
    job = load(write=write)
    job.run()
    assert job.rows("items") == TWO + ([["9", "nine"]] if write == "append" else [])
    assert dataset.get("items")["description"] == "theirs"


def test_a_table_that_others_have_dropped_is_made_again(load, dataset):
    job = load(write="append")
    job.run()
    assert call("DELETE", dataset.url("items")).status == 204
    job.run()
    assert job.rows("items") == TWO


def test_a_view_is_refused(load, dataset):
    dataset.make("base", "id INTEGER", "name STRING")
    made = call("POST", f"{dataset.project}/datasets/{dataset.name}/tables", {
        "tableReference": dataset.reference("items"), "view": {"query": f"SELECT * FROM {dataset.name}.base", "useLegacySql": False}})
    assert made.status == 200 and dataset.get("items")["type"] == "VIEW"
    job = load(write="append")
    for finished in (job.ask("plan", expect=2), job.ask("check", expect=2), job.run(expect=2)):
        said(finished, "is a VIEW, into which nothing can be loaded")


def test_nothing_is_made_where_create_is_never(load, dataset):
    job = load(write="append")
    job.change(create="never")
    for finished in (job.ask("check", expect=2), job.run(expect=2)):
        said(finished, f"{PROJECT}.{dataset.name}.items is not there", "destination.create is never")
    dataset.make("items", "id INTEGER", "name STRING")
    job.run()
    assert job.rows("items") == TWO
    job.change(dataset="nowhere")
    said(job.ask("check", expect=2), f"dataset {PROJECT}.nowhere is not there", "destination.create is never")


def test_several_tables(items, into_bigquery):
    items.add("one", "two")
    items.connection.executescript("CREATE TABLE others (id INTEGER PRIMARY KEY, price DECIMAL(6,2)); INSERT INTO others VALUES (1, 1.5), (2, NULL)")
    job = into_bigquery(items.source, "items", "others")
    report = job.run("--json").json()
    assert [table["rows"] for table in report["tables"]] == [2, 2]
    assert job.rows("items") == TWO and job.rows("others") == [["1", "1.5"], ["2", None]]
    assert job.fields("others")["price"] == ("NUMERIC", "NULLABLE")


def test_several_files(items, into_bigquery):
    items.add(*(f"name {number}" for number in range(5000)))
    job = into_bigquery(items.source, {"name": "items", "write": "append", "partition": {"target_rows": 500}},
                        destination={"target_file_size": "1KiB"})
    job.run()
    assert job.rows("items") == items.rows()
    [record] = job.records("items")
    assert len(record["files"]) > 1 and record["rows"] == 5000


# State.


def test_a_run_id_is_loaded_once(load, two):
    job = load(write="append")
    job.run("--run-id", "monday")
    change_rows(two)
    job.run("--run-id", "monday")
    assert job.rows("items") == TWO
    job.lose_state()
    job.run("--run-id", "monday")
    assert job.rows("items") == TWO
    job.run("--run-id", "tuesday")
    assert job.rows("items") == sorted(TWO + OTHERS, key=repr)
    assert [record["run"] for record in job.records("items")] == ["monday", "tuesday"]


@pytest.fixture
def incremental(load):
    return load(mode="transactional", cursor="id")


def test_each_incremental_run_loads_what_is_new(incremental, two):
    incremental.run()
    two.add("three")
    incremental.run()
    incremental.run()
    assert incremental.rows("items") == two.rows()
    first, second, third = incremental.records("items")
    assert [record["rows"] for record in (first, second, third)] == [2, 1, 0]
    assert [record["watermark"] for record in (first, second, third)] == ["3", "4", "4"]
    assert third["files"] == []
    incremental.expect_nothing_staged()


def test_the_watermark_outlives_the_state_folder(incremental, two):
    for name in ("three", "four"):
        incremental.run()
        incremental.lose_state()
        two.add(name)
    incremental.run()
    assert incremental.rows("items") == two.rows()
    said(incremental.command("state"), "5")


def test_the_watermark_is_shown_set_and_reset(incremental, two):
    assert [table["watermark"] for table in incremental.command("state", "show", "--json").json()] == [None]
    incremental.run()
    assert [table["watermark"] for table in incremental.command("state", "show", "--json").json()] == ["3"]
    incremental.command("state", "set", "items", "2")
    incremental.run()
    assert incremental.rows("items") == sorted([*TWO, TWO[1]])
    incremental.command("state", "reset", "items")
    incremental.lose_state()
    incremental.run()
    assert incremental.rows("items") == sorted([*TWO, *TWO, TWO[1]])


def test_incremental_from_postgres(database, into_bigquery):
    database.execute("CREATE TABLE events (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body text); INSERT INTO events (body) VALUES ('a'), ('b')")
    job = into_bigquery({"type": "postgresql", "uri": database.uri}, {"name": "public.events", "mode": "transactional", "cursor": "id"})
    job.run()
    database.execute("INSERT INTO events (body) VALUES ('c')")
    job.lose_state()
    job.run()
    job.run()
    assert job.rows("events") == [["1", "a"], ["2", "b"], ["3", "c"]]


# What is asked.


def test_check_and_plan_change_nothing(load, dataset, bucket):
    job = load()
    job.ask("check")
    said(job.ask("plan"), f"{PROJECT}.{dataset.name}.items, which is made", "load job", bucket.uri("headrace"))
    assert call("GET", dataset.url("items")).status == 404
    assert bucket.names() == []


def test_a_bucket_that_is_not_there(load):
    job = load()
    job.change(staging="gs://nothing-of-this-name/headrace")
    for finished in (job.ask("check", expect=2), job.run(expect=None)):
        said(finished, "nothing-of-this-name")
        assert finished.returncode in (1, 2)


def test_verify(load, two):
    job = load(write="append")
    job.run("--run-id", "first")
    said(job.command("verify", "first"), "ok")


def test_the_run_is_shown(load, dataset):
    job = load(write="append")
    job.run("--run-id", "first")
    said(job.command("show", "first"), f"{PROJECT}.{dataset.name}.items")
