"""kill -9 right before and right behind the rename that publishes a table, where the commit is decided and the journal has no record of it;
then something else than the same command."""

import json
import signal

import pytest
from harness import lake
from harness.job import planned, postgres_job, said

SETUP = "CREATE TABLE events (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY)"
TEN_ROWS = "INSERT INTO events SELECT FROM generate_series(1, 10)"


@pytest.fixture
def job(database, headrace):
    """One worker: it makes as many durable calls each time."""
    database.execute(SETUP)
    database.execute(TEN_ROWS)
    return postgres_job(headrace, database, {"name": "public.events", "mode": "transactional", "cursor": "id"}, engine={"workers": {"initial": 1, "max": 1}})


def find_the_rename(job, knife, *words: str) -> int:
    """The durable call that publishes the table in a run like the one to come."""
    trace = job.headrace.folder / "trace"
    job.environment = knife.trace(trace)
    job.run(*words)
    calls = [line.split() for line in trace.read_text().splitlines()]
    [rename] = [int(call[0]) for call in calls if call[1] == "renameat2" and call[2].startswith(f"{job.lake}/public.events/run-")]
    return rename


def kill(job, knife, rename: int, when: str, *words: str) -> None:
    before = ids(job)
    job.environment = knife.kill(rename, when)
    assert job.run(*words, expect=None).returncode == -signal.SIGKILL
    job.environment = {}
    assert (ids(job) != before) == (when == "after"), "published"


def ids(job) -> list[int]:
    return sorted(number for number, in lake.rows(job.lake, "public.events", "id"))


def watermark(job) -> str:
    return job.command("state", "--json").json()[0]["watermark"]


def records(job) -> list[dict]:
    found = [json.loads(path.read_text()) for path in (job.lake / "public.events").glob("run-*/_commit.json")]
    return sorted(found, key=lambda record: record["sequence"])


BACKFILLED = [4, 5, 6, 7, 8]


@pytest.mark.parametrize("when, value, is_refused, told, repeated, at_last", [
    # Never to be published, and the next run loads those rows.
    ("before", "3", True, "can never be made and is given up", [], list(range(3, 11))),
    # Published before the watermark was set: as with the rows of any run, it asks for them once more.
    ("after", "3", False, "had succeeded; its record is now in the journal", BACKFILLED, BACKFILLED + list(range(3, 11))),
    # Never to be published as it was decided, but loaded anew.
    ("before", "9", False, "can never be made and is given up", BACKFILLED, BACKFILLED + [9, 10]),
    ("after", "9", False, "had succeeded; its record is now in the journal", BACKFILLED, BACKFILLED + [9, 10]),
], ids=["below_the_range", "below_what_is_published", "above_the_range", "above_what_is_published"])
def test_a_watermark_is_set_beside_the_open_commit_of_a_backfill(job, knife, when, value, is_refused, told, repeated, at_last):
    job.command("state", "set", "public.events", "11")
    rename = find_the_rename(job, knife, "--from", "1", "--to", "2")
    kill(job, knife, rename, when, "--from", "4", "--to", "9")
    job.command("state", "set", "public.events", value)
    again = job.run("--from", "4", "--to", "9", expect=2 if is_refused else 0)
    said(" ".join((again.stdout + again.stderr).split()), told, *[f"--to must be {value} or lower"] * is_refused)
    assert (ids(job), watermark(job)) == ([1] + repeated, value)
    job.run()
    assert (ids(job), watermark(job)) == (sorted([1] + at_last), "11")
    job.run()
    assert ids(job) == sorted([1] + at_last)
    job.command("clean")
    assert lake.staged_files(job.lake) == []


@pytest.mark.parametrize("when, told", [("before", "was finished (10 rows)"), ("after", "had succeeded; its record is now in the journal")])
def test_a_where_that_changes_beside_an_open_commit_is_not_taken_for_that_of_its_rows(database, job, headrace, knife, when, told):
    job.document["tables"][0]["where"] = "id > 0"
    job.write()
    job.run()
    database.execute(TEN_ROWS)
    rename = find_the_rename(job, knife)
    database.execute(TEN_ROWS)
    kill(job, knife, rename, when)
    job.document["tables"][0]["where"] = "id > -1"
    job.write()
    said(job.run(expect=2), "the job has changed since run", told)
    first, _, killed = records(job)
    assert killed["where_digest"] == first["where_digest"]
    warning = f"its `where` has changed since the watermark 31 of run {killed['run']}"
    assert [text for text in planned(headrace)["warnings"] if text.startswith(warning)]
    job.command("abandon", killed["run"])
    said(job.run(), warning)
    assert records(job)[-1]["where_digest"] != first["where_digest"]
    assert planned(headrace)["warnings"] == [], "the new one is known"
    assert ids(job) == list(range(1, 31))
