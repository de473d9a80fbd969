"""A target that is full or may not be written: a sentence, nothing half, and the same command again when it is mended."""

import os
import subprocess

import pytest
from harness import lake
from harness.job import postgres_job, said

ROWS = 60_000
SETUP = f"CREATE TABLE big AS SELECT i::int AS id, md5(i::text) AS a, md5((-i)::text) AS b FROM generate_series(1, {ROWS}) AS i"


class Disk:
    """A small filesystem of the test's own."""

    def __init__(self, folder):
        if os.geteuid() != 0:
            pytest.fail("this test mounts a small filesystem: it needs root", pytrace=False)
        self.folder = folder
        folder.mkdir()
        self._mount("-t", "tmpfs", "-o", "size=2m", "headrace-test")

    def remount(self, options: str) -> None:
        self._mount("-o", f"remount,{options}")

    def _mount(self, *arguments: str) -> None:
        subprocess.run(["mount", *arguments, str(self.folder)], check=True)

    def unmount(self) -> None:
        subprocess.run(["umount", str(self.folder)], check=True)


@pytest.fixture
def disk(headrace):
    made = Disk(headrace.folder / "disk")
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
    disk.remount("size=64m")
    job.run()
    expect_every_row_once(job)


def test_disk_full_spares_what_is_published(job, disk, database):
    database.execute("CREATE TABLE all_of_it AS SELECT * FROM big; DELETE FROM big WHERE id > 100")
    job.run()
    database.execute("INSERT INTO big SELECT * FROM all_of_it WHERE id > 100")
    job.run(expect=1)
    assert lake.count(job.lake, "public.big") == 100
    disk.remount("size=64m")
    job.run()
    assert lake.count(job.lake, "public.big") == 100 + ROWS


def test_read_only_target(job, disk):
    disk.remount("ro")
    finished = job.run(expect=None)
    assert finished.returncode in (1, 2)
    said(finished, "Read-only file system")
    disk.remount("rw,size=64m")
    job.run()
    expect_every_row_once(job)


def test_read_only_target_is_found_by_check(job, disk, headrace):
    disk.remount("ro")
    finished = headrace("check", "job.yaml")
    assert finished.returncode != 0
    said(finished, "Read-only file system")


def test_full_state_disk(database, headrace, disk):
    """The journal's own disk is full: nothing is published that it does not know."""
    database.execute(SETUP)
    job = postgres_job(headrace, database, {"name": "public.big", "write": "append"}, state="./disk/state")
    filler = disk.folder / "filler"
    with open(filler, "wb", buffering=0) as out, pytest.raises(OSError, match="No space left"):
        while True:
            out.write(bytes(4096))
    assert job.run(expect=None).returncode in (1, 2)
    assert not lake.files(job.lake)
    filler.unlink()
    job.run()
    expect_every_row_once(job)
