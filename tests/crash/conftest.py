"""The library that kills the program at a chosen call, or records what a power cut there would leave."""

import subprocess
from pathlib import Path

import pytest
from harness.shop import make_shop

SOURCES = [Path(__file__).with_name(name) for name in ("kill_at_call.c", "disk_record.c")]


class Knife:
    """Environments for the program under test; see kill_at_call.c and disk_record.c."""

    def __init__(self, library: Path):
        self.library = library

    def _environment(self, calls: str, **settings) -> dict[str, str]:
        # A sanitizer's runtime insists on being the first library; the knife wraps calls that it does not mind.
        return {"LD_PRELOAD": str(self.library), "KILL_CALLS": calls, "ASAN_OPTIONS": "verify_asan_link_order=0",
                } | {name: str(value) for name, value in settings.items()}

    def kill(self, at: int, when: str = "before", calls: str = "durable") -> dict[str, str]:
        return self._environment(calls, KILL_AT=at, KILL_WHEN=when)

    def trace(self, file: Path, calls: str = "durable") -> dict[str, str]:
        return self._environment(calls, KILL_TRACE=file)

    def record(self, root: Path, record: Path) -> dict[str, str]:
        return self._environment("durable", DISK_ROOT=root, DISK_RECORD=record)


@pytest.fixture(scope="session")
def knife(tmp_path_factory):
    library = tmp_path_factory.mktemp("knife") / "kill_at_call.so"
    subprocess.run(["cc", "-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-pthread", "-o", library, *SOURCES, "-ldl"], check=True)
    return Knife(library)


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    return make_shop(tmp_path_factory.mktemp("source") / "shop.db")
