"""What a person sees: the program on a pseudo-terminal, held at a gate while the test reads the screen."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time

import pytest
from harness.gate import gate
from harness.job import FILE, SECONDS, postgres_job

ERASE = "\r\x1b[K"


class Terminal:
    """The far end of a pseudo-terminal of `columns` columns."""

    def __init__(self, columns):
        self.near, self.far = pty.openpty()
        fcntl.ioctl(self.far, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self.text = ""

    def read_more(self):
        ready, _, _ = select.select([self.near], [], [], 0.1)
        if ready:
            self.text += os.read(self.near, 65536).decode()

    def read_until(self, pattern):
        end = time.monotonic() + SECONDS
        while not (found := re.search(pattern, self.text)):
            assert time.monotonic() < end, f"waited in vain for {pattern}; the screen got {self.text!r}"
            self.read_more()
        return found

    def read_to_end(self, process):
        end = time.monotonic() + SECONDS
        while process.poll() is None:
            assert time.monotonic() < end, f"the run did not end; the screen got {self.text!r}"
            self.read_more()
        while select.select([self.near], [], [], 0)[0]:
            self.read_more()

    def close(self):
        os.close(self.near)
        os.close(self.far)


@pytest.fixture
def start(database, headrace):
    """Starts a run of a table whose rows wait at a gate, with standard error on a terminal."""
    database.execute("CREATE TABLE events (id int); INSERT INTO events SELECT generate_series(1, 3000); ANALYZE")
    postgres_job(headrace, database, {"name": "public.events", "where": "gate()"})
    opened = []

    def start_run(*arguments, columns=80, env=None):
        terminal = Terminal(columns)
        opened.append(terminal)
        process = headrace.start("run", FILE, *arguments, stderr=terminal.far, env={"TERM": "xterm-256color", **(env or {})})
        return terminal, process

    yield start_run
    for terminal in opened:
        terminal.close()


def drawn_lines(text):
    """Each state of the status line, without colours."""
    return [re.sub(r"\x1b\[[0-9;]*m", "", line.split("\r\n")[0]) for line in text.split(ERASE)[1:]]


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_a_bar_that_fits_and_leaves_nothing_behind(start, database, columns):
    with gate(database.uri) as held:
        terminal, process = start("--log-level", "error", columns=columns)
        held.wait_for_reader(process)
        terminal.read_until(r"0/1 units +1/1 busy" if columns >= 80 else r"(?<!\d)0 rows")
        held.open()
        terminal.read_to_end(process)
    assert process.returncode == 0
    lines = drawn_lines(terminal.text)
    assert all(len(line) < columns for line in lines), lines
    assert any("0%" in line and "rows" in line for line in lines), lines
    assert terminal.text.split(ERASE)[-1].strip() == "", "the bar is erased before the result is printed"


def test_log_lines_stand_above_the_bar(start, database):
    with gate(database.uri) as held:
        terminal, process = start(columns=100)
        held.wait_for_reader(process)
        terminal.read_until(r"(?<!\d)0 rows")
        held.open()
        terminal.read_to_end(process)
    assert process.returncode == 0
    assert re.search(r"\r\x1b\[K(?:\x1b\[2m)?\d\d:\d\d:\d\d(?:\x1b\[0m)? INFO", terminal.text), "a log line erases the bar first"
    assert "committed" in terminal.text


@pytest.mark.parametrize("env, color", [({}, True), ({"NO_COLOR": "1"}, False)], ids=["color", "NO_COLOR"])
def test_color_is_the_users_choice(start, database, env, color):
    with gate(database.uri) as held:
        terminal, process = start(env=env)
        held.wait_for_reader(process)
        terminal.read_until(r"(?<!\d)0 rows")
        held.open()
        terminal.read_to_end(process)
    assert process.returncode == 0
    assert bool(re.search(r"\x1b\[[0-9;]*m", terminal.text)) == color


def test_a_dumb_terminal_gets_lines_only(start, database):
    with gate(database.uri) as held:
        terminal, process = start(env={"TERM": "dumb"})
        held.wait_for_reader(process)
        held.open()
        terminal.read_to_end(process)
    assert process.returncode == 0
    assert "\x1b" not in terminal.text
    assert "committed" in terminal.text


def test_quiet_is_quiet(start, database):
    with gate(database.uri) as held:
        terminal, process = start("--quiet")
        held.wait_for_reader(process)
        held.open()
        terminal.read_to_end(process)
    assert process.returncode == 0
    assert terminal.text == ""


def test_an_interrupt_says_what_happens_now(start, database):
    with gate(database.uri) as held:
        terminal, process = start("--log-level", "error")
        held.wait_for_reader(process)
        terminal.read_until(r"(?<!\d)0 rows")
        process.send_signal(signal.SIGINT)
        terminal.read_to_end(process)
    assert process.returncode == 130
    assert "headrace: interrupted, ending cleanly\r\n" in terminal.text
    assert terminal.text.split(ERASE)[-1].strip() == ""
