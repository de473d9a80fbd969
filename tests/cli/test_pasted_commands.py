"""A command that a message proposes does what the message says once it is pasted into a shell."""

import re
import subprocess

import pytest
from harness.golden import make_database

JOB = """
name: shop
source: {{type: sqlite, path: shop.db}}
tables: [orders, "{name}"]
destination: {{type: parquet, path: ./lake}}
"""


@pytest.mark.parametrize("file", ["my jobs/ada's shop.yaml", "job.yaml"])
def test_the_starter_job_is_checked(headrace, file):
    (headrace.folder / file).parent.mkdir(exist_ok=True)
    proposed = headrace("init", file, expect=0).stdout
    check, run = re.findall(r"^  (headrace (?:check|run) [^#\n]*)", proposed, re.MULTILINE)
    for command in (check, run):
        pasted = subprocess.run(["bash", "-c", command.replace("headrace", str(headrace.program), 1)], cwd=headrace.folder,
                                capture_output=True, text=True, check=False)
        assert "one too many" not in pasted.stderr and "cannot read" not in pasted.stderr, pasted.stderr


def test_a_starter_job_that_does_not_fit_on_the_disk_leaves_the_old_one(headrace):
    old = headrace.write("job.yaml", "name: mine\n")
    command = f"ulimit -f 1; exec {headrace.program} init --force job.yaml"
    done = subprocess.run(["bash", "-c", command], cwd=headrace.folder, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "Success" not in done.stderr, done.stderr
    assert [file.name for file in headrace.folder.iterdir()] == ["job.yaml"] and old.read_text() == "name: mine\n"


def test_a_starter_job_takes_the_place_of_the_old_one_alone(headrace):
    old = headrace.write("job.yaml", "name: mine\n")
    old.chmod(0o600)
    headrace.write("job.yaml.new/draft", "of mine")
    headrace("init", "--force", expect=0)
    assert "mine" not in old.read_text() and old.stat().st_mode & 0o777 == 0o600
    assert (headrace.folder / "job.yaml.new/draft").exists()
    headrace("init", "--force", "job.yaml.new", expect=2)
    headrace("init", "--force", "nowhere/job.yaml", expect=2)


@pytest.mark.parametrize(("written", "name"), [(r"nl\nx", "nl\nx"), (r"ada's \\ \e[2J\t1", "ada's \\ \x1b[2J\t1"), (r"\u0085é", "\x85é")],
                         ids=["newline", "controls", "c1"])
def test_the_table_that_was_left_is_loaded(headrace, written, name):
    make_database(headrace.folder / "shop.db", ["CREATE TABLE orders (id INTEGER PRIMARY KEY);"])
    headrace.write("job.yaml", JOB.format(name=written))
    report = headrace("run", expect=1).stdout
    (abandon, run) = re.findall(r"^ +(headrace (?:abandon|run) .*)$", report, re.MULTILINE)
    make_database(headrace.folder / "shop.db", [f'CREATE TABLE "{name}" (id INTEGER PRIMARY KEY);'])
    for command in (abandon, run):
        pasted = subprocess.run(["bash", "-c", command.replace("headrace", str(headrace.program), 1)], cwd=headrace.folder,
                                capture_output=True, text=True, check=False)
        assert pasted.returncode == 0, pasted.stdout + pasted.stderr
    assert len(list((headrace.folder / "lake").glob("*/run-*"))) == 2
