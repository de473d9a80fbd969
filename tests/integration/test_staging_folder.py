"""`destination.staging` is a folder that headrace removes things from: none but those that it made."""

import pytest
from harness import lake
from harness.golden import make_database
from harness.job import Job, said

OTHERS = {"projects/thesis/chapters/one.tex": "\\chapter{One}\n", "warehouse/db/tables/2024/data.bin": "0123456789\n"}
FOLDERS = ["projects", "warehouse"]


@pytest.fixture
def job(headrace):
    make_database(headrace.folder / "shop.db", ["CREATE TABLE orders AS SELECT 1 AS id UNION ALL SELECT 2;"])
    return Job(headrace, {"type": "sqlite", "path": "./shop.db"}, [{"name": "orders", "write": "replace"}],
               destination={"type": "parquet", "path": "./lake", "staging": "./work"})


@pytest.fixture
def work(headrace):
    return headrace.folder / "work"


def write_others(work) -> None:
    for name, content in OTHERS.items():
        (work / name).parent.mkdir(parents=True, exist_ok=True)
        (work / name).write_text(content)


def tree(folder, *below) -> dict:
    """Files with their content, of `below` alone where it is given."""
    paths = [path for name in below or [""] for path in (folder / name).glob("**/*")]
    return {str(path.relative_to(folder)): path.read_text() for path in paths if path.is_file()}


@pytest.mark.parametrize("command", ["run", "check", "plan"])
def test_a_folder_with_something_in_it_is_no_staging(job, headrace, work, command):
    write_others(work)
    told = headrace(command, "job.yaml", expect=2)
    words = " ".join((told.stdout + told.stderr).split())
    said(words, f"the staging folder {work} holds", "the first is projects", "a folder that is empty or not there yet")
    assert tree(work) == OTHERS
    assert not job.lake.exists()


def test_of_a_folder_of_others_nothing_is_cleaned(job, work):
    write_others(work)
    said(job.command("clean"), "removed 0 folders", f"kept: {work}", "projects")
    assert tree(work) == OTHERS


def test_what_others_put_into_staging_later_is_left_and_told_by_clean(job, work):
    job.run()
    job.run()  # The table that it replaced stays in staging for a while.
    write_others(work)
    run = job.run()
    assert "projects" not in run.stdout + run.stderr, "not told by each run"
    said(job.command("clean"), *(f"kept: {work / name}: headrace did not make it" for name in FOLDERS))
    assert tree(work, *FOLDERS) == OTHERS
    assert lake.count(job.lake, "orders") == 2


@pytest.mark.parametrize("run_id", FOLDERS)
def test_a_run_is_not_staged_in_a_folder_of_others(job, work, run_id):
    job.run()
    job.run()
    write_others(work)
    said(job.run("--run-id", run_id, expect=2), f"{work / run_id}", "choose another --run-id")
    job.command("abandon", run_id)
    job.command("clean")
    assert tree(work, *FOLDERS) == OTHERS


def test_an_empty_folder_is_staging_and_is_left_as_it_was(job, headrace, work):
    job.document["destination"]["grace"] = "0s"
    job.write()
    work.mkdir()
    headrace("check", "job.yaml", expect=0)
    assert list(work.iterdir()) == []
    job.run()
    assert list(work.iterdir()) == []
    job.run()
    assert list(work.iterdir()) != [], "a table was replaced"
    job.command("clean")
    assert list(work.iterdir()) == []
    assert lake.count(job.lake, "orders") == 2


def test_a_folder_that_headrace_made_is_removed(job, headrace, work):
    headrace("check", "job.yaml", expect=0)
    assert not work.exists()
    job.run()
    assert not work.exists()


@pytest.mark.parametrize("state", ["./work", "./work/state"])
@pytest.mark.parametrize("command", ["run", "check", "plan"])
def test_the_state_folder_is_not_in_staging(job, headrace, command, state):
    job.document["state"] = state
    job.write()
    said(headrace(command, "job.yaml", expect=2), "destination.staging", "state folder")
    assert not job.lake.exists()
