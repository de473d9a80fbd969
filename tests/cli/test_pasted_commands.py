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
