"""A job file with its lake and state, in the folder of a test's Headrace."""

import json
import os
import pathlib
import select
import subprocess
import sys
import time
from collections.abc import Iterator

ROOT = pathlib.Path(__file__).resolve().parents[2]
MEASURE = ROOT / "bench" / "measure.py"
PATIENCE = int(os.environ.get("HEADRACE_TEST_PATIENCE", "1"))  # Above 1 where all is slow, as under a sanitizer.
SECONDS = 120 * PATIENCE  # No run of these tests takes long: one that hangs fails.
FILE = "job.yaml"


class Job:
    """`document` is the job as a dict; change it and write() it again. Jobs of one folder have a `file` each."""

    def __init__(self, headrace, source: dict, tables: list[dict], file: str = FILE, **sections):
        self.headrace = headrace
        self.file = file
        self.document = {
            "name": "test",
            "source": source,
            "tables": tables,
            "destination": {"type": "parquet", "path": "./lake"},
        } | sections
        self.environment: dict[str, str] = {}
        self.write()

    def write(self) -> None:
        self.headrace.write_job(self.document, self.file)

    @property
    def lake(self) -> pathlib.Path:
        return self.headrace.folder / self.document["destination"]["path"]

    @property
    def state(self) -> pathlib.Path:
        return self.headrace.folder / self.document.get("state", ".headrace")

    def run(self, *arguments: str, expect: int | None = 0):
        return self.headrace("run", self.file, *arguments, expect=expect, env=self.environment, timeout=SECONDS)

    def command(self, command: str, *arguments: str, expect: int | None = 0):
        """A command whose own word is not the job: `abandon RUN`, `clean`."""
        return self.headrace(command, *arguments, "--job", self.file, expect=expect, env=self.environment, timeout=SECONDS)

    def start(self, *arguments: str) -> subprocess.Popen:
        return self.headrace.start("run", self.file, *arguments, env=self.environment)

    def measure(self, *arguments: str) -> dict:
        """Runs, and says what it cost, as measure_command() does."""
        return self._measure("run", str(self.headrace.folder / self.file), *arguments)

    def measure_command(self, command: str, *arguments: str) -> dict:
        """What a command whose own word is not the job costs: wall, cpu, peak_rss, exit_codes, see bench/measure.py; `text` is
        what was printed."""
        return self._measure(command, *arguments, "--job", str(self.headrace.folder / self.file))

    def _measure(self, *words: str) -> dict:
        result, commands = self.headrace.folder / "cost.json", self.headrace.folder / "commands.json"
        commands.write_text(json.dumps([[str(self.headrace.program), *words]]))
        subprocess.run([sys.executable, "-S", str(MEASURE), str(result), str(commands)], check=True, timeout=SECONDS)
        return json.loads(result.read_text()) | {"text": result.with_suffix(".log").read_text()}


def postgres_job(headrace, database, *tables: dict, **sections) -> Job:
    return Job(headrace, {"type": "postgresql", "uri": database.uri}, list(tables), **sections)


def ended(process: subprocess.Popen, expect: int = 0) -> str:
    """Waits for a started run to end with `expect`; returns what it printed. One that does not end fails the test."""
    try:
        out, err = process.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        raise AssertionError(f"the run did not end in {SECONDS} s\n{out}{err}") from None
    assert process.returncode == expect, f"ended with {process.returncode}, not {expect}\n{out}{err}"
    return out + err


def _error_lines(process: subprocess.Popen, wanted: str) -> Iterator[str]:
    """What a started run writes to standard error, line by line, until SECONDS are over, also where it says nothing.

    Read from the descriptor, a byte at a time: nothing is kept that the next reader, or communicate(), would miss."""
    end = time.monotonic() + SECONDS
    said_so_far = line = b""
    while True:
        left = end - time.monotonic()
        ready = left > 0 and select.select([process.stderr], [], [], left)[0]
        assert ready, f"waited {SECONDS} s in vain for {wanted}\n{(said_so_far + line).decode(errors='replace')}"
        byte = os.read(process.stderr.fileno(), 1)
        assert byte, f"the run ended before {wanted}\n{(said_so_far + line).decode(errors='replace')}"
        line += byte
        if byte == b"\n":
            yield line.decode(errors="replace")
            said_so_far, line = said_so_far + line, b""


def next_line(process: subprocess.Popen, words: str) -> str:
    """The next line on standard error of a started run that says `words`."""
    return next(line for line in _error_lines(process, repr(words)) if words in line)


def next_event(process: subprocess.Popen, name: str) -> dict:
    """The next event of that name in the log of a run that was started with `--log-format json`."""
    events = (json.loads(line) for line in _error_lines(process, name) if line.startswith("{"))
    return next(event for event in events if event["event"] == name)


def said(finished, *words: str) -> None:
    """Each of `words` is in what a command printed, on one line or broken between lines."""
    text = finished if isinstance(finished, str) else finished.stdout + finished.stderr
    unbroken = " ".join(text.split())
    for word in words:
        assert word in text or word in unbroken, f"{word!r} was not said\n{text}"


def is_sanitized(program: pathlib.Path) -> bool:
    """Built with a sanitizer, whose own memory no budget of ours covers."""
    binary = pathlib.Path(program).read_bytes()
    return b"__asan_init" in binary or b"__tsan_init" in binary


def planned(headrace):
    """The plan of the only table of job.yaml, as `plan --json` tells it."""
    [table] = headrace("plan", "job.yaml", "--json", expect=0).json()["tables"]
    return table
