"""One incremental table that fails run after run: the new rows of the others are loaded all the same, and its own once it can be."""

import pytest
from harness import lake
from harness.job import postgres_job, said

TABLES = """
CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY);
CREATE TABLE events (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY);
CREATE TABLE plain AS SELECT 1 AS id;
"""
WINDOW = {"mode": "transactional", "cursor": "id"}


@pytest.fixture
def shop(database):
    database.execute(TABLES)
    return database


def job_of(headrace, shop, **keys):
    return postgres_job(headrace, shop, {"name": "public.orders"} | WINDOW, {"name": "public.events"} | WINDOW, {"name": "public.plain", "write": "append"}, **keys)


def grow(shop) -> None:
    shop.execute("INSERT INTO orders DEFAULT VALUES")
    events = "events" if shop.execute("SELECT to_regclass('events')") != [(None,)] else "away"
    shop.execute(f"INSERT INTO {events} DEFAULT VALUES")


def ids(job, table: str) -> list[int]:
    return sorted(number for number, in lake.rows(job.lake, f"public.{table}", "id"))


def runs(job) -> list[dict]:
    return job.command("runs", "--json").json()["runs"]


def test_the_others_are_loaded_on(shop, headrace):
    job = job_of(headrace, shop)
    shop.execute("ALTER TABLE events RENAME TO away")
    for count in range(1, 4):
        grow(shop)
        said(job.run(expect=1), "public.events")
        assert ids(job, "orders") == list(range(1, count + 1))
    shop.execute("ALTER TABLE away RENAME TO events")
    grow(shop)
    said(job.run(), "has not loaded public.events: a new run takes that over")
    assert ids(job, "orders") == ids(job, "events") == [1, 2, 3, 4]
    assert ids(job, "plain") == [1], "a full load that is published is not read again"
    assert [run["state"] for run in runs(job)] == ["done"] + ["superseded"] * 3
    assert [run["successor"] for run in runs(job)] == [None] + [run["run"] for run in runs(job)[:-1]]
    first = runs(job)[-1]
    said(job.command("show", first["run"]), f"superseded: run {first['successor']} has taken over")
    assert job.command("verify", first["run"]).returncode == 0
    job.command("clean")
    assert lake.staged_files(job.lake) == []


def test_a_scheduler_that_gives_each_run_an_id_goes_on_too(shop, headrace):
    job = job_of(headrace, shop)
    del job.document["tables"][2]
    job.write()
    shop.execute("ALTER TABLE events RENAME TO away")
    grow(shop)
    job.run("--run-id", "monday", expect=1)
    grow(shop)
    job.run("--run-id", "tuesday", expect=1)
    assert ids(job, "orders") == [1, 2]
    shop.execute("ALTER TABLE away RENAME TO events")
    said(job.run("--run-id", "monday"), "run monday was taken over by run tuesday")
    assert ids(job, "events") == [1, 2]
    said(job.run("--run-id", "monday"), "nothing to do")


def test_a_full_load_that_is_left_is_not_passed_over_by_another_id(shop, headrace):
    job = job_of(headrace, shop)
    shop.execute("ALTER TABLE plain RENAME TO away")
    job.run("--run-id", "monday", expect=1)
    said(job.run("--run-id", "tuesday", expect=2), "run monday of this job is unfinished (public.plain is left)")


def test_an_alarm_goes_over_to_the_run_that_takes_over(shop, headrace):
    job = job_of(headrace, shop)
    for _ in range(3):
        grow(shop)
    job.run()
    shop.execute("TRUNCATE events RESTART IDENTITY")
    grow(shop)
    said(job.run(expect=1), "lie behind the watermark")
    for _ in range(3):
        grow(shop)  # In the end the sequence has passed the watermark.
        said(job.run(expect=1), "found at 20", "lie behind the watermark", f"abandon {runs(job)[0]['run']}")
    assert ids(job, "orders") == [1, 2, 3, 4, 5, 6, 7]
    assert ids(job, "events") == [1, 2, 3]
