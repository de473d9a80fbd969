"""SQLite files that the role may read, in folders that it may not write."""

import shutil
import sqlite3
import tempfile
from pathlib import Path

import pytest
from harness import stranger
from harness.job import SECONDS, said


@pytest.fixture
def folder():
    """One that everybody may enter."""
    made = Path(tempfile.mkdtemp(prefix="headrace-sqlite-"))
    made.chmod(0o755)
    yield made
    made.chmod(0o755)
    shutil.rmtree(made)


def test_a_wal_database_says_that_it_needs_a_folder_that_can_be_written(headrace, folder):
    file = folder / "shop.db"
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE t (id INTEGER)")
    connection.close()
    folder.chmod(0o555)  # Nobody but root may write there.
    process = stranger.start(type(headrace)(headrace.program, folder), "inspect", f"sqlite://{file}")
    out, err = process.communicate(timeout=SECONDS)
    assert process.returncode == 2, out + err
    said(out + err, "a WAL database needs a folder that can be written")
