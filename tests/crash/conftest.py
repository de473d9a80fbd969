"""Libraries that kill or stop the program at a chosen call, record what a power cut there would leave, or refuse it bytes as a quota does."""

import subprocess
from pathlib import Path

import pytest
from harness import mount

mount.prepare()  # Before anything else is imported, see there.

from harness.shop import make_shop
from servers.clock import Clock
from servers.postgres import PostgresServer


def preloaded(library: Path) -> dict[str, str]:
    # A sanitizer's runtime insists on being the first library; ours wrap calls that it does not mind.
    return {"LD_PRELOAD": str(library), "ASAN_OPTIONS": "verify_asan_link_order=0"}


class Knife:
    """Environments for the program under test; see kill_at_call.c and disk_record.c."""

    def __init__(self, library: Path):
        self.library = library

    def _environment(self, calls: str, **settings) -> dict[str, str]:
        return preloaded(self.library) | {"KILL_CALLS": calls} | {name: str(value) for name, value in settings.items()}

    def kill(self, at: int, when: str = "before", calls: str = "durable") -> dict[str, str]:
        return self._environment(calls, KILL_AT=at, KILL_WHEN=when)

    def stop(self, at: int) -> dict[str, str]:
        """The process stands still before the call, until it gets SIGCONT."""
        return self._environment("durable", KILL_AT=at, KILL_SIGNAL="STOP")

    def trace(self, file: Path, calls: str = "durable") -> dict[str, str]:
        return self._environment(calls, KILL_TRACE=file)

    def record(self, root: Path, record: Path) -> dict[str, str]:
        return self._environment("durable", DISK_ROOT=root, DISK_RECORD=record)


class Quota:
    """Environments for the program under test; see quota.c."""

    def __init__(self, library: Path):
        self.library = library

    def of(self, folder: Path, size: int) -> dict[str, str]:
        return preloaded(self.library) | {"QUOTA_ROOT": str(folder), "QUOTA_BYTES": str(size)}


def make_library(folder: Path, *sources: str) -> Path:
    library = folder / Path(sources[0]).with_suffix(".so").name
    subprocess.run(["cc", "-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-pthread", "-o", library,
                    *(Path(__file__).with_name(name) for name in sources), "-ldl"], check=True)
    return library


@pytest.fixture(scope="session")
def knife(tmp_path_factory):
    return Knife(make_library(tmp_path_factory.mktemp("knife"), "kill_at_call.c", "disk_record.c"))


@pytest.fixture(scope="session")
def quota(tmp_path_factory):
    return Quota(make_library(tmp_path_factory.mktemp("quota"), "quota.c"))


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    return make_shop(tmp_path_factory.mktemp("source") / "shop.db")


@pytest.fixture(scope="module")
def clock():
    """Of `server`."""
    with Clock() as made:
        yield made


@pytest.fixture(scope="module")
def server(clock):
    """For tests that hurt it."""
    with PostgresServer("15", {"synchronous_commit": "on"}, clock.environment) as started:  # What is committed outlives a server that is killed.
        yield started


@pytest.fixture(scope="module")
def own_database(server, postgres_servers):
    return postgres_servers.make_database(server)
