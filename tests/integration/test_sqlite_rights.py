"""SQLite files that the role may read, in folders that it may not write."""

import os
import shutil
import sqlite3
import tempfile
from pathlib import Path

import pytest
from harness.job import SECONDS, said

STRANGER = 54321  # Owns nothing.

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can run the program as somebody else")


@pytest.fixture
def folder():
    """One that everybody may enter, and only root may write."""
    made = Path(tempfile.mkdtemp(prefix="headrace-sqlite-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


def test_a_wal_database_says_that_it_needs_a_folder_that_can_be_written(headrace, folder):
    file = folder / "shop.db"
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE t (id INTEGER)")
    connection.close()
    try:
        process = type(headrace)(headrace.program, folder).start("inspect", f"sqlite://{file}", user=STRANGER, group=STRANGER, extra_groups=[])
    except PermissionError:
        pytest.skip("the program lies where only root can run it")
    out, err = process.communicate(timeout=SECONDS)
    assert process.returncode == 2, out + err
    said(out + err, "a WAL database needs a folder that can be written")
