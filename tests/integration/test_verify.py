"""What `headrace verify` sees when somebody was at the published files."""

import json
import shutil

import pytest
from harness.job import Job, said
from harness.shop import make_shop


@pytest.fixture
def published(headrace):
    """A table that a run has published; the folder of that run."""
    source = {"type": "sqlite", "path": str(make_shop(headrace.folder / "shop.db"))}
    job = Job(headrace, source, [{"name": "people"}])
    job.run()
    (folder,) = (job.lake / "people").glob("run-*")
    assert headrace("verify", "latest", "--level", "checksum", expect=0)
    return folder


def only_file(folder):
    (file,) = folder.glob("*.parquet")
    return file


def flip_a_byte(folder):
    file = only_file(folder)
    content = bytearray(file.read_bytes())
    content[len(content) * 2 // 3] ^= 0x40  # in the names; not every byte of compressed integers changes a value
    file.write_bytes(content)
    return file.name


def remove_the_file(folder):
    file = only_file(folder)
    file.unlink()
    return file.name


def add_a_copy(folder):
    shutil.copy(only_file(folder), folder / "mine.parquet")
    return "mine.parquet"


def break_the_record(folder):
    (folder / "_commit.json").write_text("{")
    return "_commit.json"


def remove_the_record(folder):
    (folder / "_commit.json").unlink()
    return "_commit.json"


def change_the_record(folder):
    record = folder / "_commit.json"
    content = json.loads(record.read_text())
    record.write_text(json.dumps(content | {"rows": content["rows"] - 1}))
    return "_commit.json"


def add_a_copy_beside_the_runs(folder):
    shutil.copy(only_file(folder), folder.parent / "beside.parquet")
    return "people/beside.parquet"


def add_a_folder_beside_the_runs(folder):
    (folder.parent / "run-mine").mkdir()
    shutil.copy(only_file(folder), folder.parent / "run-mine" / "part.parquet")
    return "people/run-mine"


def add_a_copy_below(folder):
    (folder / "below").mkdir()
    shutil.copy(only_file(folder), folder / "below" / "part.parquet")
    return "below"


def add_a_hidden_copy(folder):
    shutil.copy(only_file(folder), folder.parent / ".hidden.parquet")
    return "people/.hidden.parquet"


def copy_the_run(folder):
    shutil.copytree(folder, folder.parent / "run-copy")
    return "people/run-copy"


@pytest.mark.parametrize("tamper", [add_a_copy_below, add_a_hidden_copy, copy_the_run, flip_a_byte, remove_the_file, add_a_copy, break_the_record, remove_the_record, change_the_record,
                                    add_a_copy_beside_the_runs, add_a_folder_beside_the_runs])
def test_what_was_tampered_with_is_named(published, headrace, tamper):
    named = tamper(published)
    said(headrace("verify", "latest", "--level", "checksum", expect=3), named)


def test_counting_rows_does_not_say_that_values_agree(published, headrace):
    flip_a_byte(published)
    said(headrace("verify", "latest", "--level", "counts", expect=0), "everything has the rows that were written (values were not compared")


def test_notes_beside_the_runs_are_nobodys_business(published, headrace):
    (published.parent / "notes").mkdir()
    (published.parent / "notes" / "README.txt").write_text("mine")
    headrace("verify", "latest", "--level", "checksum", expect=0)
