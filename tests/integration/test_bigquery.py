"""Loads into BigQuery: each write mode, once and again, with the state folder and without it."""

import random

import pytest
from harness.job import ended, said
from harness.web import call
from servers.api_faults import answer, posts, rewritten
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


def test_a_table_that_others_have_dropped_has_all_rows_again_or_is_an_error(load, two, dataset):
    job = load(mode="transactional", cursor="id")
    job.run()
    assert call("DELETE", dataset.url("items")).status == 204
    two.add("three")
    finished = job.run(expect=None)
    assert finished.returncode != 0 or job.rows("items") == two.rows()


def test_rows_that_are_gone_are_not_verified(load, dataset):
    job = load(write="append")
    job.run("--run-id", "first")
    assert call("DELETE", dataset.url("items")).status == 204
    assert job.command("verify", "first", expect=None).returncode != 0


def test_a_job_that_has_loaded_other_rows_than_were_sent(load, bigquery_proxy):
    def change(job):
        job["statistics"]["load"]["outputRows"] = "1"

    bigquery_proxy.fault(rewritten(change), when=posts("/jobs$"))
    said(load(write="append").run(expect=3), "items", "2", "1")


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
    """A file ends with the row group that makes it large enough; there are so many that one worker writes several."""
    dice = random.Random(7)
    items.add(*(f"{dice.getrandbits(16000):04000x}" for _ in range(6000)))
    job = into_bigquery(items.source, {"name": "items", "write": "append", "partition": {"target_rows": 500}},
                        destination={"target_file_size": "1MiB"}, limits={"worker_memory": "16MiB"})
    job.run()
    assert job.dataset.get("items")["numRows"] == "6000"
    [record] = job.records("items")
    assert len(record["files"]) > 2 and record["rows"] == 6000


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


# Names that are parts of paths.


@pytest.mark.parametrize("staging", ["gs://{}", "gs://{}/", "gs://{}/deep/er"])
def test_where_files_are_staged(load, bucket, staging):
    job = load(write="append")
    job.change(staging=staging.format(bucket.name))
    job.run("--run-id", "first")
    job.lose_state()
    job.run("--run-id", "first")
    assert job.rows("items") == TWO
    job.command("clean")
    prefix = "deep/er/" if "deep" in staging else ""
    folder = f"{prefix}test/{PROJECT}.{job.dataset.name}.items"
    assert sorted(bucket.names()) == [f"{folder}/0000000001", f"{folder}/0000000001.commit.first"]


def test_a_dot_in_the_name_of_a_job(load, two):
    """Other characters that mean something in a path are none of a name."""
    job = load(mode="transactional", cursor="id")
    job.document["name"] = "a..b"
    job.write()
    for row in ("three", "four"):
        job.run()
        job.lose_state()
        two.add(row)
    job.run()
    assert job.rows("items") == two.rows()
    job.command("clean")
    assert not [path for path in job.bucket.names() if ".staged/" in path]


def test_a_table_whose_name_is_not_ascii(two, into_bigquery):
    two.connection.executescript('CREATE TABLE "Größen tabelle" (id INTEGER PRIMARY KEY); INSERT INTO "Größen tabelle" VALUES (1)')
    job = into_bigquery(two.source, {"name": '"Größen tabelle"', "write": "append"})
    job.run("--run-id", "first")
    job.lose_state()
    job.run("--run-id", "first")
    job.run("--run-id", "second")
    names = [table["tableReference"]["tableId"] for table in call("GET", f"{job.dataset.project}/datasets/{job.dataset.name}/tables").json()["tables"]]
    assert names == ["Größen_tabelle"]
    job.expect_nothing_staged()


@pytest.mark.parametrize("key", ["dataset", "table"])
def test_what_holds_for_the_whole_job_is_refused_at_a_table(load, key):
    job = load(destination={key: "other"})
    said(job.ask("plan", expect=2), f"tables[0].destination.{key}", "whole job")


def test_a_table_may_have_another_layout(items, into_bigquery):
    items.add("one", "two")
    items.connection.executescript("CREATE TABLE others (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO others VALUES (1, 'one')")
    job = into_bigquery(items.source, {"name": "items", "destination": {"cluster_by": ["name"]}}, "others", destination={"cluster_by": ["id"]})
    job.run()
    assert job.dataset.get("items")["clustering"] == {"fields": ["name"]} and job.dataset.get("others")["clustering"] == {"fields": ["id"]}


def test_rows_without_records_are_no_first_window(load, two):
    """As where the staging prefix is another one now, or a rule of the bucket has removed the records: all rows would be loaded again."""
    job = load(mode="transactional", cursor="id")
    job.run()
    job.document["destination"]["staging"] += "/elsewhere"
    job.write()
    for command in ("plan", "run"):
        said(job.ask(command, expect=2), "holds 2 rows and no commit record of this job", "headrace state set")
    assert job.rows("items") == TWO


def test_two_jobs_into_one_table(load, two):
    """Each has a log of its own, and both append."""
    job = load(write="append")
    for name in ("one", "two"):
        job.document["name"] = name
        job.write()
        job.run()
    assert job.rows("items") == sorted(TWO * 2)


# Other commands.


@pytest.mark.parametrize("level", ["counts", "checksum", "source"])
def test_levels_of_verification(load, level):
    """What cannot be done is refused before rows are loaded."""
    job = load(write="append")
    job.document["verify"] = level
    job.write()
    if job.ask("plan", expect=None).returncode == 0:
        job.run("--run-id", "first")
        assert job.rows("items") == TWO


def test_what_was_replaced_is_not_verified(load):
    job = load(write="replace")
    job.run("--run-id", "first")
    job.run("--run-id", "second")
    said(job.command("verify", "second"), "ok")
    finished = job.command("verify", "first", expect=None)
    said(finished, "its tables were replaced since", "by run second")


def test_a_run_is_abandoned(load, two, bigquery_proxy):
    """What it has staged goes, and the next one loads all."""
    bigquery_proxy.fault(answer(403, "quotaExceeded", "no more today"), when=posts("/jobs$"), times=None)
    job = load(mode="transactional", cursor="id")
    said(job.run("--run-id", "first", expect=1), "no more today")
    job.environment["BIGQUERY_EMULATOR_HOST"] = job.dataset.server.uri()
    finished = job.command("abandon", "first", expect=None)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    two.add("three")
    job.run()
    assert job.rows("items") == two.rows()
    job.expect_nothing_staged()


def test_a_backfill(load, two):
    job = load(mode="transactional", cursor="id", load={"initial": 2})
    job.run()
    assert job.rows("items") == [TWO[1]]
    job.run("--from", "1", "--to", "2")
    assert job.rows("items") == TWO
    two.add("three")
    job.run()
    assert job.rows("items") == two.rows()


def test_a_table_that_is_there_meanwhile(load, dataset, bigquery_proxy):
    """Of error_if_exists the service itself looks whether the table has rows."""
    held = bigquery_proxy.hold(when=posts("/jobs$"))
    job = load(write="error_if_exists")
    run = job.start()
    held.wait_for_request(run)
    dataset.make("items", "id INTEGER", "name STRING")
    assert "errors" not in dataset.query("INSERT INTO {}.items VALUES (9, 'nine')")["status"]
    held.release()
    said(ended(run, 1), "Already Exists")
    assert job.rows("items") == [["9", "nine"]]
    said(job.run(expect=2), "is there already")
    job.expect_nothing_staged()
