"""Where the system has no room for as many threads as a command would like."""

import shutil
import sqlite3
import subprocess
import tempfile
from pathlib import Path

import pytest
from harness.job import SECONDS, Job
from harness.stranger import own, start_with_threads


@pytest.fixture
def stranger(headrace):
    """The program in a folder of the stranger's, who runs nothing else: a limit on his processes is one on their threads."""
    folder = Path(tempfile.mkdtemp(prefix="headrace-threads-"))
    own(folder)
    runner = type(headrace)(headrace.program, folder)
    try:
        code, text = with_threads(None, runner, "version")
        assert code == 0, text
        yield runner
    finally:
        runner.end()
        shutil.rmtree(folder)


def with_threads(limit, headrace, *arguments):
    """Runs a command of the stranger's that may have `limit` threads; its exit code and what it said."""
    process = start_with_threads(headrace, limit, *arguments)
    try:
        out, err = process.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    return process.returncode, out + err


def make_job(headrace):
    database = headrace.folder / "wide.db"
    with sqlite3.connect(database) as connection:
        connection.execute("CREATE TABLE wide (id INTEGER PRIMARY KEY, name TEXT)")
        connection.execute("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)"
                           " INSERT INTO wide SELECT i, hex(randomblob(20)) FROM n")
    connection.close()
    for file in headrace.folder.iterdir():
        own(file)
    return Job(headrace, {"type": "sqlite", "path": str(database)}, [{"name": "wide", "partition": {"target_rows": 5000}}],
               verify="checksum", engine={"workers": {"initial": 4, "max": 8}})


def test_a_command_goes_on_with_the_threads_that_there_are_or_says_why_not(stranger):
    job = make_job(stranger)
    codes = []
    for limit in range(1, 12):
        code, text = with_threads(limit, stranger, "run", job.file, "--run-id", f"n{limit}")
        assert code in (0, 1), f"{limit} threads: {code}\n{text}"
        assert "this is a bug" not in text, f"{limit} threads:\n{text}"
        assert code == 0 or "thread" in text, f"{limit} threads:\n{text}"
        codes.append(code)
        again, text = with_threads(None, stranger, "run", job.file, "--run-id", f"n{limit}")
        assert again == 0, text
        code, text = with_threads(limit, stranger, "verify", f"n{limit}")
        assert code in (0, 1) and "this is a bug" not in text, f"{limit} threads: {code}\n{text}"
    assert codes[0] == 1 and 0 in codes, codes
