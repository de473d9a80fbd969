"""kill -9 around the moment in which a unit is divided that has far more rows than planned; then the same command again: every row once."""

import json
import shutil
import sqlite3
from contextlib import closing

import pytest
from harness import lake
from harness.job import Job

CALM, CROWD = 100, 150_000  # A unit is looked at after each batch, of 65,536 rows.
SPACE = 10**12


@pytest.fixture
def job(headrace):
    """Of a table whose ids are far apart, but for a crowd behind one of them, see integration/test_skew.py."""
    with closing(sqlite3.connect(headrace.folder / "crowd.db")) as connection, connection:
        connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)")
        connection.executemany("INSERT INTO t VALUES (?, 'calm')", ((i * SPACE,) for i in range(CALM)))
        connection.executemany("INSERT INTO t VALUES (?, 'crowd')", ((CALM // 2 * SPACE + n,) for n in range(1, CROWD + 1)))
    return Job(headrace, {"type": "sqlite", "path": "crowd.db"}, [{"name": "t", "partition": {"target_rows": 10_000}}],
               destination={"type": "parquet", "path": "./lake", "grace": "0s"}, engine={"workers": {"initial": 2, "max": 2}})


def begin_anew(job: Job) -> None:
    for folder in (job.lake, lake.staging(job.lake), job.state):
        shutil.rmtree(folder, ignore_errors=True)


def calls_of_reading(job: Job, knife) -> range:
    """The durable calls from the last one before a unit is read to the last one before the table is put together: about the same numbers
    in each run that begins without lake and state."""
    trace = job.headrace.folder / "trace"
    begin_anew(job)
    with trace.open("a") as file:  # What the run says is in its place among the calls: both append.
        run = job.headrace.start("run", job.file, "--log-format", "json", env=knife.trace(trace), stderr=file)
        assert run.wait() == 0, trace.read_text()
    first = last = None
    divided = False
    for line in trace.read_text().splitlines():
        if line.startswith("{"):
            event = json.loads(line)["event"]
            divided = divided or event == "unit_divided"
            if event == "run_started":
                first = last
            continue
        number, name, *path = line.split()
        if name == "mkdir" and path[0].endswith("/table"):
            break
        last = int(number)
    assert divided, f"no unit was divided\n{trace.read_text()}"
    return range(first, last + 1)


def how_far(job: Job) -> str:
    """What the journal knows after a kill; of a copy, as looking changes it."""
    copy = job.headrace.folder / "journal_copy"
    shutil.copytree(job.state, copy)
    with closing(sqlite3.connect(copy / "journal.db")) as journal:
        divisions = journal.execute("SELECT parts FROM division").fetchall()
        receipts = journal.execute("SELECT receipt FROM receipt").fetchall()
    shutil.rmtree(copy)
    parts = {part["unit_id"] for text, in divisions for part in json.loads(text)}
    read = {unit["unit_id"] for text, in receipts for unit in json.loads(text)["units"]}
    return "whole" if not parts else "divided" if not parts & read else "parts read"


def test_a_kill_around_a_division_loses_and_doubles_no_row(headrace, job, knife):
    with closing(sqlite3.connect(headrace.folder / "crowd.db")) as source:
        expected = source.execute("SELECT id FROM t ORDER BY id").fetchall()
    met = []
    for point in calls_of_reading(job, knife):
        for when in ("before", "after"):
            context = f"killed {when} durable call {point}"
            begin_anew(job)
            job.environment = knife.kill(point, when)
            if job.run(expect=None).returncode == 0:
                continue  # Which of two workers ends first decides how many calls there are.
            met.append(how_far(job))
            job.environment = {}
            job.run()
            assert sorted(lake.rows(job.lake, "t", "id")) == expected, f"{context}, {met[-1]}"
            job.command("verify", "latest", "--level", "checksum")
            job.command("clean")
            assert lake.staged_files(job.lake) == [], context
    assert set(met) == {"whole", "divided", "parts read"}, met
