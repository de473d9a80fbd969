"""A clock for a throw-away server that a test can move, see clock.c.

with Clock() as clock, PostgresServer("15", environment=clock.environment) as server:
    clock.move(hours=-2)
    clock.set(datetime(2024, 10, 27, tzinfo=timezone.utc))
"""

import datetime
import mmap
import os
import shutil
import struct
import subprocess
import tempfile
from pathlib import Path

MICROSECOND = datetime.timedelta(microseconds=1)


class Clock:
    """That of the machine at first, and as fast at all times."""

    def __enter__(self):
        self._folder = Path(tempfile.mkdtemp(prefix="headrace-clock-", dir="/tmp"))  # Of every user's, as the server's.
        os.chmod(self._folder, 0o755)
        library, moved = self._folder / "clock.so", self._folder / "moved"
        subprocess.run(["cc", "-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o", library, Path(__file__).with_name("clock.c")], check=True)
        moved.write_bytes(struct.pack("q", 0))
        library.chmod(0o755)
        moved.chmod(0o644)
        with moved.open("r+b") as file:
            self._moved = mmap.mmap(file.fileno(), 0)
        self.environment = {"LD_PRELOAD": str(library), "MOVED_CLOCK": str(moved)}
        return self

    def __exit__(self, *_):
        self._moved.close()
        shutil.rmtree(self._folder)

    def _set(self, moved: datetime.timedelta) -> None:
        struct.pack_into("q", self._moved, 0, moved // MICROSECOND)

    def reset(self) -> None:
        """That of the machine again."""
        self._set(datetime.timedelta())

    def move(self, **by) -> None:
        """By what datetime.timedelta() takes."""
        [micros] = struct.unpack_from("q", self._moved)
        self._set(micros * MICROSECOND + datetime.timedelta(**by))

    def set(self, moment: datetime.datetime) -> None:
        """It is `moment` now."""
        self._set(moment - datetime.datetime.now(datetime.timezone.utc))
