"""Filesystems that have no locks, or none of directories: said before a row is read, with the next step."""

import contextlib
import errno
import json
import sqlite3

import pytest
from harness import lake
from harness.job import Job, ended, said
from harness.refused_call import FLOCK, without_call

REFUSALS = [errno.EBADF, errno.EINVAL, errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP]


@pytest.fixture
def job(headrace, tmp_path):
    with contextlib.closing(sqlite3.connect(tmp_path / "items.db")) as connection:
        connection.executescript("CREATE TABLE items (id INTEGER PRIMARY KEY); INSERT INTO items VALUES (1)")
    return Job(headrace, {"type": "sqlite", "path": "items.db"}, [{"name": "items"}])


@pytest.mark.parametrize("error", REFUSALS, ids=errno.errorcode.get)
def test_a_lake_that_cannot_be_locked(headrace, job, error):
    process = headrace.start("check", job.file, "--json", preexec_fn=without_call(FLOCK, error))
    [failed] = [check["error"] for check in json.loads(ended(process, 2))["checks"] if check.get("error")]
    assert failed["class"] == "user"
    said(failed["message"], f"cannot lock {job.lake}: ", "destination.path", "destination.staging")
    assert not job.lake.exists() and not lake.staging(job.lake).exists()


@pytest.mark.parametrize("error", REFUSALS, ids=errno.errorcode.get)
def test_a_state_folder_without_locks(headrace, job, error):
    process = headrace.start("run", job.file, preexec_fn=without_call(FLOCK, error))
    said(ended(process, 2), f"lock file {job.state}/", "no locks", "`state:`")
    assert not job.lake.exists()
