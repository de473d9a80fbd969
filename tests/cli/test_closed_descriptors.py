"""Daemons start programs with standard descriptors closed: no file that is opened may take their place."""

import sqlite3
import subprocess

import pytest
from harness.job import SECONDS, Job

CLOSED = {"output": ">&-", "error": "2>&-", "both": ">&- 2>&-", "all": "<&- >&- 2>&-"}


def closed(headrace, which, *words):
    """The exit code of the program without these descriptors."""
    command = f'exec "$0" "$@" {CLOSED[which]}'
    return subprocess.run(["sh", "-c", command, headrace.program, *words], cwd=headrace.folder, timeout=SECONDS, check=False).returncode


@pytest.mark.parametrize("which", CLOSED)
def test_a_run_ends_and_what_it_prints_goes_nowhere(headrace, which):
    with sqlite3.connect(headrace.folder / "shop.db") as shop:
        shop.execute("CREATE TABLE t AS SELECT 1 AS id")
    job = Job(headrace, {"type": "sqlite", "path": "./shop.db"}, [{"name": "t"}])
    assert closed(headrace, which, "version") == 0
    assert closed(headrace, which, "run", job.file, "--run-id", "r") == 0
    job.run("--run-id", "r")
    assert closed(headrace, which, "verify", "r", "--job", job.file) == 0
    assert closed(headrace, which, "run", "no.yaml") == 2
