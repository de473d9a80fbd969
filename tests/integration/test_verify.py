"""What `headrace verify` sees when somebody was at the published files."""

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


@pytest.mark.parametrize("tamper", [flip_a_byte, remove_the_file, add_a_copy, break_the_record, remove_the_record])
def test_what_was_tampered_with_is_named(published, headrace, tamper):
    named = tamper(published)
    said(headrace("verify", "latest", "--level", "checksum", expect=3), named)
