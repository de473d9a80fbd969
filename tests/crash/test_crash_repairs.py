"""kill -9 at every durable call of a run, and what else may happen before it is repaired: another writer, a damaged file."""

import itertools
import signal

import pytest
from harness import lake
from harness.job import Job
from harness.shop import ROWS


def people_job(headrace, shop, **sections) -> Job:
    """One small table: few durable calls, so that a case at each of them is cheap."""
    return Job(headrace, {"type": "sqlite", "path": str(shop)}, [{"name": "people", "write": "append"}],
               destination={"type": "parquet", "path": "./lake", "grace": "0s"}, **sections)


def killed_at_every_call(job: Job, knife, when: str):
    """Run ids that were killed at the first, second, … durable call, until one is not."""
    for point in itertools.count(1):
        run_id = f"point-{point}"
        job.environment = knife.kill(point, when)
        finished = job.run("--run-id", run_id, expect=None)
        job.environment = {}
        if finished.returncode == 0:
            assert point > 10, "too few durable calls to be true"
            return
        assert finished.returncode == -signal.SIGKILL, f"{run_id}\n{finished.stdout}{finished.stderr}"
        yield run_id


def published(job: Job, run_id: str) -> int:
    return lake.count(job.lake, f"people/run-{run_id}")


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("give_up", [False, True], ids=["run_again", "abandon"])
def test_another_writer_between_kill_and_repair(headrace, shop, knife, when, give_up):
    """Whoever comes first, each run's rows are there once or not at all, and no run stays open for good."""
    job = people_job(headrace, shop)
    other = people_job(headrace, shop, name="other", file="other.yaml")
    others = given_up = 0
    for run_id in killed_at_every_call(job, knife, when):
        there = published(job, run_id)
        other.run("--run-id", f"other-{run_id}")
        others += 1
        if give_up and state_of(job, run_id) == "running":
            given_up += 1
            job.command("abandon", run_id)
            assert published(job, run_id) == there, f"{run_id}: what another job overtook is not published late"
        else:
            job.run("--run-id", run_id)
            assert published(job, run_id) == ROWS["people"], run_id
        ids = lake.read(job.lake, f"people/run-other-{run_id}")["id"].to_pylist()
        assert len(ids) == ROWS["people"], run_id
    assert others > 10
    assert given_up > 5 or not give_up, "hardly a kill left a run that can be given up"
    job.command("clean")
    assert lake.staged_files(job.lake) == []


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_killed_run_is_verified_by_the_one_that_ends_it(headrace, shop, knife, when):
    """Whatever the kill left undone: a file that was damaged meanwhile is found before the run is called done."""
    job = people_job(headrace, shop, verify="checksum")
    damaged = 0
    for run_id in killed_at_every_call(job, knife, when):
        if published(job, run_id) == 0 or state_of(job, run_id) == "done":
            job.run("--run-id", run_id)
            continue
        for file in lake.files(job.lake, f"people/run-{run_id}"):
            with file.open("ab") as damage:
                damage.write(b"x")
        damaged += 1
        job.run("--run-id", run_id, expect=3)
        job.run("--run-id", run_id, expect=3)
        for file in lake.files(job.lake, f"people/run-{run_id}"):
            file.unlink()  # So that the next look at the lake does not stumble over it.
    assert damaged > 2, "no kill came between the commit and the end of the run"


def state_of(job: Job, run_id: str) -> str | None:
    """What the journal says of a run; None if it does not know it."""
    runs = job.command("runs", "--json").json()["runs"]
    return next((run["state"] for run in runs if run["run"] == run_id), None)
