"""One measured run of one contender: what it cost, what it wrote, and what else the machine did meanwhile."""

import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, fields

HERE = pathlib.Path(__file__).resolve().parent
TICKS = os.sysconf("SC_CLK_TCK")
COUNT_ROWS = "import duckdb, sys; print(duckdb.sql(f\"SELECT count(*) FROM '{sys.argv[1]}/**/*.parquet'\").fetchone()[0])"


@dataclass(frozen=True)
class Trial:
    wall: float
    cpu: float  # of the client
    peak_rss: float
    output: float
    busy: float  # of the machine, all processes
    server: float  # CPU of the database server
    idle: float = 0  # share of their time that headrace's workers had nothing to do; 0: it is not told

    @property
    def foreign(self) -> float:
        """CPU seconds of the machine that were neither the client's nor the server's."""
        return max(0.0, self.busy - self.cpu - self.server)

    @property
    def available(self) -> float:
        """CPU seconds that the machine had to give meanwhile."""
        return os.cpu_count() * self.wall

    def alone(self) -> bool:
        """Nobody else took a noticeable share of the machine: the wall time means something."""
        return self.foreign <= 0.05 * self.available

    def fills_the_machine(self) -> bool:
        """A floor is one only when every core worked all the time, and for nothing else."""
        return self.busy >= 0.9 * self.available and self.alone()


def median(trials: list[Trial]) -> Trial:
    return Trial(*(statistics.median(getattr(trial, field.name) for trial in trials) for field in fields(Trial)))


def busy_seconds() -> float:
    """User, nice, system, irq and softirq time of all cores since boot."""
    ticks = [int(field) for field in pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]
    return (ticks[0] + ticks[1] + ticks[2] + ticks[5] + ticks[6]) / TICKS


class ServerClock:
    """CPU seconds of a PostgreSQL server: its own and those of backends that ended."""

    def __init__(self, pid: int | None):
        self.pid = pid
        self.at_rest = self._children()

    def _children(self) -> set[str]:
        return set(pathlib.Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()) if self.pid else set()

    def seconds(self) -> float:
        if self.pid is None:
            return 0.0
        while self._children() - self.at_rest:  # A backend's time counts once the postmaster has reaped it.
            time.sleep(0.002)
        ticks = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[11:15]
        return sum(map(int, ticks)) / TICKS


def written_bytes(folder: pathlib.Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*.parquet"))


def written_rows(folder: pathlib.Path) -> int:
    counted = subprocess.run([sys.executable, "-c", COUNT_ROWS, str(folder)], capture_output=True, text=True, check=True)
    return int(counted.stdout)


def idle_share(log: pathlib.Path) -> float:
    """By headrace's own summary: `2 workers, 97% busy`."""
    busy = re.search(r" workers?, (\d+)% busy", log.read_text(errors="replace"))
    return 1 - int(busy[1]) / 100 if busy else 0


def run(make_commands, folder: pathlib.Path, clock: ServerClock) -> Trial:
    """Empties `folder`, asks `make_commands(folder)` what to run there, runs it. Ends the program if a command failed."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    result, request = folder / "trial.json", folder / "commands.json"
    request.write_text(json.dumps(make_commands(folder)))
    os.sync()  # What the contender before left to be written is not this one's burden.
    busy, server = busy_seconds(), clock.seconds()
    subprocess.run([sys.executable, "-S", str(HERE / "measure.py"), str(result), str(request)], check=True)
    server, busy = clock.seconds() - server, busy_seconds() - busy
    cost = json.loads(result.read_text())
    if any(cost["exit_codes"]):
        sys.exit(f"exit codes {cost['exit_codes']}:\n{result.with_suffix('.log').read_text()[-4000:]}")
    return Trial(cost["wall"], cost["cpu"], cost["peak_rss"], written_bytes(folder), busy, server, idle_share(result.with_suffix(".log")))
