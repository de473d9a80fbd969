"""A target that is full or may not be written: a sentence, nothing half, and the same command again when it is mended."""

import shutil
import signal
import sqlite3

import pytest
from harness import lake, mount
from harness.gate import gate
from harness.job import Job, ended, postgres_job, said
from harness.shop import make_shop

ROWS = 60_000
SETUP = f"CREATE TABLE big AS SELECT i::int AS id, md5(i::text) AS a, md5((-i)::text) AS b FROM generate_series(1, {ROWS}) AS i"


@pytest.fixture
def disk(headrace):
    made = mount.Disk(headrace.folder / "disk", "2m")
    yield made
    made.unmount()


@pytest.fixture
def job(database, headrace, disk):
    database.execute(SETUP)
    return postgres_job(headrace, database, {"name": "public.big", "write": "append"},
                        destination={"type": "parquet", "path": "./disk/lake", "compression": "none"}, limits={"retries": 1})


def expect_every_row_once(job) -> None:
    assert sorted(number for number, in lake.rows(job.lake, "public.big", "id")) == list(range(1, ROWS + 1))


def test_disk_full(job, disk):
    said(job.run(expect=1), "No space left on device", "public.big")
    assert not lake.files(job.lake)
    disk.grow()
    job.run()
    expect_every_row_once(job)


def test_disk_full_spares_what_is_published(job, disk, database):
    database.execute("CREATE TABLE all_of_it AS SELECT * FROM big; DELETE FROM big WHERE id > 100")
    job.run()
    database.execute("INSERT INTO big SELECT * FROM all_of_it WHERE id > 100")
    job.run(expect=1)
    assert lake.count(job.lake, "public.big") == 100
    disk.grow()
    job.run()
    assert lake.count(job.lake, "public.big") == 100 + ROWS


def test_read_only_target(job, disk):
    disk.let_nobody_write()
    said(job.run(expect=2), "Read-only file system")
    disk.grow()
    job.run()
    expect_every_row_once(job)


def test_read_only_target_is_found_by_check(job, disk, headrace):
    disk.let_nobody_write()
    said(headrace("check", "job.yaml", expect=2), "Read-only file system")


def test_full_state_disk(database, headrace, disk):
    """The journal's own disk is full: nothing is published that it does not know."""
    database.execute(SETUP)
    job = postgres_job(headrace, database, {"name": "public.big", "write": "append"}, state="./disk/state")
    filler = disk.fill(0)
    job.run(expect=1)
    assert not lake.files(job.lake)
    filler.unlink()
    job.run()
    expect_every_row_once(job)


def test_a_full_state_disk_is_called_full_wherever_it_is_met(headrace, disk):
    """In the lock file, in the journal, in the file beside it that is mapped, in the middle of a run."""
    job = Job(headrace, {"type": "sqlite", "path": str(make_shop(headrace.folder / "shop.db"))}, [{"name": "people"}],
              state="./disk/state")
    full = 0
    for pages in (0, *range(1, 40)):
        filler = disk.fill(pages * 4096)
        finished = job.run(expect=None)
        filler.unlink()
        shutil.rmtree(disk.folder / "state", ignore_errors=True)
        if finished.returncode == 0:
            continue
        full += 1
        text = finished.stdout + finished.stderr
        assert finished.returncode == 1, text
        said(" ".join(text.split()), "free space on", "disk/state")
        assert "disk I/O error" not in text
        assert "rights" not in text
        for event in finished.stderr.splitlines():
            assert " ERROR " not in event or "disk/state" in event, event
    assert full > 10


def read_only_state_job(database, headrace, **table):
    """The journal and the locks are on the small filesystem, the lake is not."""
    database.execute(SETUP)
    return postgres_job(headrace, database, {"name": "public.big", "write": "append", **table}, state="./disk/state")


def look(job) -> None:
    """What only looks at the journal of run `monday` can do so."""
    assert [run["run"] for run in job.command("runs", "--json").json()["runs"]] == ["monday"]
    assert job.command("show", "monday", "--json").json()["run"] == "monday"
    said(job.headrace("runs", "--state", "disk/state", expect=0), "monday")


def test_a_journal_that_may_not_be_written_can_be_read(database, headrace, disk):
    job = read_only_state_job(database, headrace)
    job.run("--run-id", "monday")
    disk.let_nobody_write()
    look(job)
    job.command("verify", "monday")
    said(job.run(expect=2), "Read-only file system")


def test_a_journal_of_the_former_format_that_may_not_be_written_can_be_read(database, headrace, disk):
    job = read_only_state_job(database, headrace)
    job.run("--run-id", "monday")
    with sqlite3.connect(job.state / "journal.db") as journal:
        journal.executescript("DROP TABLE void_intent; ALTER TABLE run DROP COLUMN source; PRAGMA user_version = 1;")
    journal.close()
    disk.let_nobody_write()
    look(job)
    job.command("verify", "monday")
    assert job.command("show", "monday", "--json").json()["void_commits"] == []


def killed_run(job, database) -> None:
    """Leaves the journal as a dead process does: what it last wrote is in the -wal alone."""
    with gate(database.uri) as held:
        process = job.start("--run-id", "monday")
        held.wait_for_reader(process)
        process.send_signal(signal.SIGKILL)
        ended(process, -signal.SIGKILL)


def test_the_journal_of_a_killed_run_that_may_not_be_written_can_be_read(database, headrace, disk):
    job = read_only_state_job(database, headrace, where="gate()")
    killed_run(job, database)
    disk.let_nobody_write()
    look(job)
    said(job.command("show"), "Run monday of job test: stopped before its end", "not committed")


def test_a_journal_that_cannot_be_read_without_writing_says_so(database, headrace, disk):
    job = read_only_state_job(database, headrace, where="gate()")
    killed_run(job, database)
    (job.state / "journal.db-shm").unlink()
    disk.let_nobody_write()
    said(job.command("show", expect=2), "journal.db-wal", "copy the folder")
    disk.let_write()
    said(job.command("show"), "Run monday of job test: stopped before its end")


def test_the_journal_of_a_run_at_work_can_be_read_through_a_read_only_mount(database, headrace, disk):
    job = read_only_state_job(database, headrace, where="gate()")
    with gate(database.uri) as held, disk.seen_read_only() as seen:
        process = job.start("--run-id", "monday")
        held.wait_for_reader(process)
        shown = headrace("show", "--state", seen / "state", expect=0)
        said(shown, "Run monday of job test: at work (pid ", "not committed")
        held.open()
        ended(process)
        said(headrace("show", "--state", seen / "state", expect=0), "Run monday of job test: done")
