"""Bytes that are not UTF-8, from wherever they come: refused where they would be needed again, shown as U+FFFD elsewhere."""

import json
import os
import sqlite3
import subprocess

import duckdb
import pyarrow.parquet
import pytest
from harness import lake
from harness.job import SECONDS, Job

LATIN1 = b"caf\xe9"


def run_bytes(headrace, *arguments, cwd=None):
    """The program with arguments and output as bytes."""
    return subprocess.run([os.fsencode(headrace.program), *arguments], cwd=cwd or headrace.folder, stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=SECONDS, check=False)


def sqlite_job(headrace, rows="VALUES (1, x'00')", **table):
    with sqlite3.connect(headrace.folder / "shop.db") as shop:
        shop.execute("CREATE TABLE t (id INTEGER, v BLOB)")
        shop.execute(f"INSERT INTO t {rows}")
    return Job(headrace, {"type": "sqlite", "path": "./shop.db"}, [{"name": "t", **table}])


def test_a_folder_that_is_not_utf8_is_refused_before_anything_is_written(headrace):
    job = sqlite_job(headrace)
    folder = os.fsencode(headrace.folder) + b"/" + LATIN1
    os.mkdir(folder)
    os.rename(os.fsencode(headrace.folder / job.file), folder + b"/job.yaml")
    for command in (b"run", b"check", b"plan"):
        done = run_bytes(headrace, command, b"job.yaml", cwd=folder)
        assert done.returncode == 2, done
        assert b"not UTF-8" in done.stderr
        done.stderr.decode()
    assert os.listdir(folder) == [b"job.yaml"]


@pytest.mark.parametrize("linked", ["path", "staging"])
def test_a_link_to_a_folder_that_is_not_utf8_is_refused(headrace, linked):
    """What a commit intends is found again by the path that the link leads to."""
    folder = os.fsencode(headrace.folder) + b"/" + LATIN1
    os.mkdir(folder)
    os.symlink(folder, headrace.folder / "link")
    job = sqlite_job(headrace)
    job.document["destination"][linked] = "./link/there"
    job.write()
    done = job.run(expect=2)
    assert "that path is not UTF-8" in done.stderr
    assert os.listdir(folder) == []


def test_a_path_from_the_environment_that_is_not_utf8_is_refused(headrace):
    job = sqlite_job(headrace)
    for section, key in ((job.document["destination"], "path"), (job.document, "state")):
        section[key] = "./${FOLDER}"
        job.write()
        done = headrace("run", job.file, env={"FOLDER": os.fsdecode(LATIN1)}, expect=2)
        assert f"{key}: './${{FOLDER}}' stands for bytes that are not UTF-8" in done.stderr
        section[key] = "./there"
    assert not (headrace.folder / ".headrace").exists()


def with_names_in_bytes(headrace, sql: bytes):
    """The table `t` of sqlite_job() with the statement that made it as bytes, which Python's sqlite3 does not send."""
    with sqlite3.connect(headrace.folder / "shop.db") as shop:
        shop.execute("PRAGMA writable_schema = ON")
        shop.execute("UPDATE sqlite_schema SET sql = CAST(? AS TEXT) WHERE name = 't'", [sql])


def test_a_column_whose_name_is_not_utf8_is_refused_before_a_row_is_read(headrace):
    """Readers refuse a Parquet file that has one; neither `as` nor `exclude` of a job can name it."""
    job = sqlite_job(headrace)
    with_names_in_bytes(headrace, b'CREATE TABLE t (id INTEGER, "v\xff" BLOB)')
    for command in ("run", "plan", "check"):
        told = headrace(command, job.file, expect=2)
        assert r'column "v\xff": its name is not UTF-8' in told.stdout + told.stderr
        assert "`columns`" in told.stdout + told.stderr
    assert not lake.files(job.lake)
    job.document["tables"] = [{"query": "WITH t2 (id, v) AS (SELECT * FROM t) SELECT * FROM t2", "as": "named"},
                              {"name": "t", "columns": ["id"]}]
    job.write()
    job.run()
    assert lake.rows(job.lake, "named") == [(1, b"\0")]
    assert lake.rows(job.lake, "t") == [(1,)]


def test_a_key_whose_name_is_not_utf8_need_not_be_loaded(headrace):
    """No unit is cut by it: a unit has a form in JSON, which has to name it."""
    job = sqlite_job(headrace, columns=["id"], partition={"target_rows": 1000})
    with sqlite3.connect(headrace.folder / "shop.db") as shop:
        shop.executescript("DROP TABLE t; CREATE TABLE t (id INTEGER, key INTEGER PRIMARY KEY) WITHOUT ROWID;"
                           "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) INSERT INTO t SELECT i, i FROM n")
    with_names_in_bytes(headrace, b'CREATE TABLE t (id INTEGER, "k\xff" INTEGER PRIMARY KEY) WITHOUT ROWID')
    job.run()
    assert lake.count(job.lake, "t") == 3000


def test_a_declared_type_that_is_not_utf8_is_shown_as_such(headrace):
    """It lies in the footer of the file, for people."""
    job = sqlite_job(headrace)
    with_names_in_bytes(headrace, b'CREATE TABLE t (id INTEGER, v "BLOB\xff")')
    headrace("plan", job.file, "--json", expect=0).json()
    job.run()
    [file] = lake.files(job.lake)
    footer = pyarrow.parquet.ParquetFile(file).metadata.metadata
    assert json.loads(footer[b"headrace.columns"])["v"] == {"source_type": "BLOB\ufffd"}
    assert duckdb.sql(f"SELECT * FROM '{file}'").fetchall() == [(1, b"\0")]


def test_an_error_that_holds_such_bytes_is_still_one_json_document(headrace):
    job = sqlite_job(headrace, "VALUES (1, x'61ff1b62')", columns=["id", {"name": "v", "type": "string"}])
    done = run_bytes(headrace, b"run", os.fsencode(job.file), b"--json", b"--log-format", b"json")
    assert done.returncode == 1, done
    assert b"type_error" not in done.stdout + done.stderr
    assert '"v"' in job.run("--json", expect=1).json()["tables"][0]["error"]["message"]
    plain = run_bytes(headrace, b"run", os.fsencode(job.file))
    assert b"\x1b" not in plain.stdout + plain.stderr
    (plain.stdout + plain.stderr).decode()


def test_a_run_id_that_cannot_be_shown_is_refused(headrace):
    job = sqlite_job(headrace)
    for run in (b"\xff", b"a\x1b[31m", b"a\nb"):
        done = run_bytes(headrace, b"run", os.fsencode(job.file), b"--run-id", run)
        assert done.returncode == 2, done
        assert b"--run-id" in done.stderr
        assert b"\x1b" not in done.stderr
    assert not job.lake.exists()
    job.run("--run-id", "\u00dcbersicht 2025/01")
