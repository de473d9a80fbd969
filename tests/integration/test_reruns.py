"""What the same command does the second time."""

import pytest
from harness import lake
from harness.gate import gate
from harness.job import Job, ended, postgres_job, said

SETUP = """
CREATE TABLE good (id int); INSERT INTO good SELECT generate_series(1, 100);
CREATE TABLE bad (id int, at date); INSERT INTO bad VALUES (1, 'infinity');
"""
REPAIR = "UPDATE bad SET at = '2024-02-29'"


@pytest.fixture
def shop(database):
    database.execute(SETUP)
    return database


def append_job(shop, headrace, *names: str) -> Job:
    return postgres_job(headrace, shop, *({"name": f"public.{name}", "write": "append"} for name in names))


def count(job: Job, name: str) -> int:
    return lake.count(job.lake, f"public.{name}")


def test_a_run_id_is_done_once(shop, headrace):
    job = append_job(shop, headrace, "good")
    job.run("--run-id", "monday")
    job.run("--run-id", "monday")
    assert count(job, "good") == 100
    job.run("--run-id", "tuesday")
    assert count(job, "good") == 200


def test_a_run_id_is_remembered_by_the_lake_when_the_state_is_lost(shop, headrace):
    job = append_job(shop, headrace, "good")
    job.run("--run-id", "monday")
    job.state.rename(headrace.folder / "lost")
    job.run("--run-id", "monday")
    assert count(job, "good") == 100


def test_resume_with_nothing_to_resume(shop, headrace):
    job = append_job(shop, headrace, "good")
    job.run("--resume")
    assert count(job, "good") == 0


def test_one_failing_table_does_not_stop_the_others_and_the_next_run_does_the_rest(shop, headrace):
    job = append_job(shop, headrace, "bad", "good")
    said(job.run(expect=1), "public.bad", "infinity", '"at"')
    assert (count(job, "good"), count(job, "bad")) == (100, 0)
    shop.execute(REPAIR)
    job.run()
    assert (count(job, "good"), count(job, "bad")) == (100, 1)


def test_another_run_id_waits_for_the_unfinished_run(shop, headrace):
    job = append_job(shop, headrace, "bad", "good")
    job.run("--run-id", "monday", expect=1)
    said(job.run("--run-id", "tuesday", expect=2), "monday", "--resume", "abandon")
    job.command("abandon", "monday")
    shop.execute(REPAIR)
    job.run("--run-id", "tuesday")
    assert (count(job, "good"), count(job, "bad")) == (200, 1)


def test_a_changed_job_does_not_continue_a_run_that_has_committed(shop, headrace):
    job = append_job(shop, headrace, "bad", "good")
    job.run("--run-id", "monday", expect=1)
    job.document["tables"][0]["where"] = "id > 1"
    job.write()
    said(job.run(expect=2), "headrace abandon monday")
    job.command("abandon", "monday")
    job.run()
    assert (count(job, "good"), count(job, "bad")) == (200, 0)


def test_a_changed_job_continues_a_run_that_has_committed_nothing(shop, headrace):
    job = append_job(shop, headrace, "bad")
    job.run(expect=1)
    job.document["tables"][0]["where"] = "id > 1"
    job.write()
    job.run()


def test_only_runs_what_it_names(shop, headrace):
    job = append_job(shop, headrace, "bad", "good")
    job.run("--only", "public.good")
    assert (count(job, "good"), count(job, "bad")) == (100, 0)
    said(job.run("--only", "public.nothing", expect=2), "public.nothing")


def test_a_dry_run_leaves_nothing(shop, headrace):
    job = append_job(shop, headrace, "good")
    said(job.run("--dry-run"), "public.good")
    assert not job.lake.exists() or not lake.files(job.lake)
    job.run("--resume")
    assert count(job, "good") == 0


def test_two_processes_on_one_job(shop, headrace):
    job = postgres_job(headrace, shop, {"name": "public.good", "where": "gate()"})
    with gate(shop.uri) as held:
        first = job.start()
        held.wait_for_reader(first)
        said(job.run(expect=2), str(first.pid))
        held.open()
        ended(first)
    assert count(job, "good") == 100
