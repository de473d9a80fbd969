"""Bytes that are not UTF-8, from wherever they come: refused where they would be needed again, shown as U+FFFD elsewhere."""

import os
import sqlite3
import subprocess

from harness.job import Job

LATIN1 = b"caf\xe9"
SECONDS = 60


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


def test_a_path_from_the_environment_that_is_not_utf8_is_refused(headrace):
    job = sqlite_job(headrace)
    for section, key in ((job.document["destination"], "path"), (job.document, "state")):
        section[key] = "./${FOLDER}"
        job.write()
        done = headrace("run", job.file, env={"FOLDER": os.fsdecode(LATIN1)}, expect=2)
        assert f"{key}: './${{FOLDER}}' stands for bytes that are not UTF-8" in done.stderr
        section[key] = "./there"
    assert not (headrace.folder / ".headrace").exists()


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
