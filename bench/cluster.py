"""The bench's PostgreSQL 15: a throw-away server whose cluster is kept between runs, because its tables take minutes to make."""

import contextlib
import pathlib
import shutil
import sys

from contenders import REPOSITORY

sys.path.insert(0, str(REPOSITORY / "tests"))
from servers.postgres import PostgresServer  # noqa: E402

VERSION = "15"
# The tables lie in memory whole: what is measured is the copy, not the disk. minimal: loading them writes no log.
OPTIONS = {
    "shared_buffers": "3GB",
    "autovacuum": "off",
    "wal_level": "minimal",
    "max_wal_senders": 0,
    "max_wal_size": "8GB",
}


@contextlib.contextmanager
def kept_cluster(folder: pathlib.Path):
    """A running server. `folder` remembers where its cluster lies."""
    memory = folder / "cluster"
    server = PostgresServer(VERSION, OPTIONS)
    if memory.exists() and pathlib.Path(memory.read_text(), "data").exists():
        server.folder = pathlib.Path(memory.read_text())
    server.start()
    memory.write_text(str(server.folder))
    try:
        yield server
    finally:
        server.stop()


def forget(folder: pathlib.Path) -> None:
    memory = folder / "cluster"
    if memory.exists():
        shutil.rmtree(memory.read_text(), ignore_errors=True)
        memory.unlink()
