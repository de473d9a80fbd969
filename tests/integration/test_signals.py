"""SIGINT and SIGTERM end a run cleanly; the next one goes on."""

import contextlib
import fcntl
import json
import os
import pathlib
import pty
import select
import shutil
import signal
import subprocess
import tempfile
import termios

import pytest
from harness import lake
from harness.gate import gate, until
from harness.job import SECONDS, Job, ended, next_line, postgres_job, said
from harness.shop import make_shop

SETUP = """
CREATE TABLE first (id int); INSERT INTO first SELECT generate_series(1, 9000);
CREATE TABLE second (id int); INSERT INTO second SELECT generate_series(1, 3000);
"""


@pytest.fixture
def tables(database):
    database.execute(SETUP)
    return database


def gated_job(headrace, tables):
    """`first` is the larger table and read first; the second one stops at the gate."""
    return postgres_job(headrace, tables, {"name": "public.first", "write": "append"},
                        {"name": "public.second", "write": "append", "where": "gate()", "partition": {"target_rows": 500}})


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_a_signal_ends_the_run_and_resume_finishes_it(tables, headrace, number):
    job = gated_job(headrace, tables)
    with gate(tables.uri) as held:
        process = job.start("--run-id", "interrupted")
        held.wait_for_reader(process)
        process.send_signal(number)
        said(ended(process, expect=130), "run the same command again: it continues this run")
    job.run("--resume")
    assert (lake.count(job.lake, "public.first"), lake.count(job.lake, "public.second")) == (9000, 3000)
    job.run("--run-id", "interrupted")
    assert (lake.count(job.lake, "public.first"), lake.count(job.lake, "public.second")) == (9000, 3000)


def test_two_signals_at_once_are_one(tables, headrace):
    """timeout(1) signals its child and then its group, which the child is part of."""
    job = gated_job(headrace, tables)
    with gate(tables.uri) as held:
        process = job.start("--json", "--log-format", "json")
        held.wait_for_reader(process)
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGINT)  # Of another kind: two of one kind may arrive as one.
        out, err = process.communicate(timeout=SECONDS)
    assert process.returncode == 130, err
    assert json.loads(out)["interrupted"]
    events = [json.loads(line) for line in err.splitlines()]
    assert [event["message"] for event in events if event["event"] == "interrupted"] == ["interrupted, ending cleanly"]


@pytest.mark.parametrize("options", [[], ["--json"], ["--log-format", "json"]], ids=["text", "json", "json_log"])
def test_a_second_signal_ends_it_at_once(tables, headrace, options):
    job = gated_job(headrace, tables)
    with gate(tables.uri) as held:
        process = job.start(*options)
        backend = held.wait_for_reader(process)[0]
        os.kill(backend, signal.SIGSTOP)  # A server that does not answer the cancel request.
        try:
            process.send_signal(signal.SIGINT)
            next_line(process, "still ending; interrupt once more to end at once")
            process.send_signal(signal.SIGINT)
            text = ended(process, expect=130)
            said(text, "ended at once", "run the same command again: it continues this run")
            assert "--log-format" not in options or json.loads(text)["event"] == "ended_at_once"
        finally:
            os.kill(backend, signal.SIGCONT)
    job.run("--resume")
    assert (lake.count(job.lake, "public.first"), lake.count(job.lake, "public.second")) == (9000, 3000)


def read_until(terminal, words):
    """What a terminal shows, up to `words`."""
    shown = ""
    while words not in shown:
        assert select.select([terminal], [], [], SECONDS)[0], f"{words!r} was not said\n{shown}"
        shown += os.read(terminal, 4096).decode()
    return shown


def test_a_second_ctrl_c_ends_it_at_once(tables, headrace):
    """Right behind the first: nobody waits for the time in which two signals of programs are one."""
    job = gated_job(headrace, tables)
    terminal, end = pty.openpty()
    with gate(tables.uri) as held, open(terminal, "rb", buffering=0), open(end, "rb", buffering=0):
        process = headrace.start("run", job.file, stdout=end, stderr=end, start_new_session=True,
                                 preexec_fn=lambda: fcntl.ioctl(1, termios.TIOCSCTTY, 0))
        backend = held.wait_for_reader(process)[0]
        os.kill(backend, signal.SIGSTOP)  # A server that does not answer the cancel request.
        try:
            os.write(terminal, b"\x03")
            read_until(terminal, "interrupted, ending cleanly")
            os.write(terminal, b"\x03")
            read_until(terminal, "ended at once")
            assert process.wait(timeout=SECONDS) == 130
        finally:
            os.kill(backend, signal.SIGCONT)
    job.run("--resume")
    assert (lake.count(job.lake, "public.first"), lake.count(job.lake, "public.second")) == (9000, 3000)


class UnreadPipe:
    """A pipe that nobody reads."""

    def __enter__(self):
        self.read_end, self.write_end = os.pipe()
        return self

    def __exit__(self, *_):
        os.close(self.read_end)
        os.close(self.write_end)

    def fill(self) -> None:
        """Until it takes no more. Of a description of its own: the process that writes to the pipe waits as before."""
        filler = os.open(f"/proc/self/fd/{self.write_end}", os.O_WRONLY | os.O_NONBLOCK)
        try:
            for size in (4096, 1):
                with contextlib.suppress(BlockingIOError):
                    while True:
                        os.write(filler, bytes(size))
        finally:
            os.close(filler)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_a_signal_ends_a_run_whose_log_nobody_reads(tables, headrace, number):
    job = gated_job(headrace, tables)
    with UnreadPipe() as pipe, gate(tables.uri) as held:
        process = headrace.start("run", job.file, stderr=pipe.write_end)
        held.wait_for_reader(process)
        pipe.fill()
        process.send_signal(number)
        assert process.wait(timeout=SECONDS) == 130
    job.run("--resume")
    assert (lake.count(job.lake, "public.first"), lake.count(job.lake, "public.second")) == (9000, 3000)


def test_further_signals_end_a_run_that_hangs_and_whose_log_nobody_reads(tables, headrace):
    job = gated_job(headrace, tables)
    with UnreadPipe() as pipe, gate(tables.uri) as held:
        process = headrace.start("run", job.file, stderr=pipe.write_end)
        backend = held.wait_for_reader(process)[0]
        os.kill(backend, signal.SIGSTOP)  # A server that does not answer the cancel request.
        try:
            pipe.fill()
            # Those right behind the first are its echoes, and nobody hears when they no longer are.
            until(lambda: process.poll() is not None or process.send_signal(signal.SIGINT), "the end of the run")
        finally:
            os.kill(backend, signal.SIGCONT)
        assert process.returncode == 130
    job.run("--resume")
    assert (lake.count(job.lake, "public.first"), lake.count(job.lake, "public.second")) == (9000, 3000)


@pytest.mark.parametrize("direct_socket", ["auto", "off"])
def test_one_signal_ends_a_run_whose_server_hangs(postgres, tables, headrace, direct_socket):
    """The machine stands still, or a pooler: the request to cancel gets a connection and no answer, as all else does."""
    job = gated_job(headrace, tables)
    job.document["source"]["direct_socket"] = direct_socket
    job.write()
    with gate(tables.uri) as held:
        process = job.start("--workers", "2")
        held.wait_for_reader(process, readers=2)
        with postgres.frozen():
            process.send_signal(signal.SIGINT)
            said(ended(process, expect=130), "run the same command again: it continues this run")
    job.run("--resume")
    assert (lake.count(job.lake, "public.first"), lake.count(job.lake, "public.second")) == (9000, 3000)


@contextlib.contextmanager
def held_lock(folder):
    """The lock of a lake, which another process hangs with."""
    folder.mkdir(exist_ok=True)
    directory = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(directory, fcntl.LOCK_EX)
        yield
    finally:
        os.close(directory)


def test_a_signal_ends_the_waiting_for_the_lock_of_the_lake(tables, headrace):
    """Before a row is read, and at the commit: what was decided is settled by the next run."""
    job = gated_job(headrace, tables)
    process = job.start("--run-id", "monday")
    with held_lock(job.lake):
        until(lambda: (lake.staging(job.lake) / "monday" / ".headrace-run.json").exists(), "the run's folder")
        process.send_signal(signal.SIGINT)
        said(ended(process, expect=130), "run the same command again: it continues this run")
    with gate(tables.uri) as held:
        process = job.start("--run-id", "monday")
        held.wait_for_reader(process)
        until(lambda: lake.count(job.lake, "public.first") == 9000, "the commit of the first table")
        with held_lock(job.lake):
            held.open()
            until(lambda: list(lake.staging(job.lake).glob("monday/public.second/*/_intent.json")), "a commit that is decided")
            process.send_signal(signal.SIGINT)
            said(ended(process, expect=130), "run the same command again: it continues this run")
    job.run("--resume")
    assert (lake.count(job.lake, "public.first"), lake.count(job.lake, "public.second")) == (9000, 3000)


def test_what_a_run_was_set_to_stays_open_in_what_show_proposes(headrace):
    job = Job(headrace, {"type": "sqlite", "path": str(make_shop(headrace.folder / "shop.db"))}, [{"name": "people"}, {"name": "none"}])
    job.run("--set", "tables[0].where=id > 5", expect=1)
    said(job.command("show"), "headrace run --set 'tables[0].where=…' --only none\n")
    said(job.command("show", "--set", "tables[0].where=id > 5"), "headrace run --set 'tables[0].where=id > 5' --only none\n")


def test_a_run_at_work_is_told_from_one_that_was_stopped(tables, headrace):
    """What is advised is what can be done then; who only looks is in nobody's way."""
    job = gated_job(headrace, tables)
    with gate(tables.uri) as held:
        process = job.start("--run-id", "monday")
        held.wait_for_reader(process)
        at_work = f"at work (pid {process.pid} on "
        shown = job.command("show")
        said(shown, f"Run monday of job test: {at_work}", f"next: wait for pid {process.pid} on ")
        assert "abandon" not in shown.stdout
        said(job.command("runs"), at_work)
        run = job.command("show", "--json").json()
        assert (run["state"], run["at_work"].split(" on ")[0]) == ("running", f"pid {process.pid}")
        process.send_signal(signal.SIGKILL)
        ended(process, expect=-signal.SIGKILL)
    said(job.command("show"), "Run monday of job test: stopped before its end", "headrace run --resume\n", "headrace abandon monday\n",
         "read anew from their start")
    said(job.command("runs"), "stopped before its end")
    listed, = job.command("runs", "--json").json()["runs"]
    assert (listed["state"], listed["at_work"]) == ("running", None)
    job.run("--resume")
    assert (lake.count(job.lake, "public.first"), lake.count(job.lake, "public.second")) == (9000, 3000)


# Evaluated while the server plans the statement that asks for the view's size.
PLANNED_AT_THE_GATE = """
CREATE OR REPLACE FUNCTION gate_of_plan() RETURNS boolean IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RETURN gate(); END $$;
CREATE OR REPLACE VIEW slow AS SELECT * FROM first WHERE gate_of_plan();
"""


@pytest.mark.parametrize("command", ["plan", "check", "run"])
def test_a_signal_ends_the_planning(tables, headrace, command):
    postgres_job(headrace, tables, {"name": "public.slow"})
    with gate(tables.uri) as held:
        tables.execute(PLANNED_AT_THE_GATE)
        process = headrace.start(command, "job.yaml")
        held.wait_for_reader(process)
        process.send_signal(signal.SIGINT)
        ended(process, expect=130)


@pytest.mark.parametrize("command", ["plan", "check", "run"])
def test_one_signal_ends_the_planning_of_a_server_that_hangs(postgres, tables, headrace, command):
    postgres_job(headrace, tables, {"name": "public.slow"})
    with gate(tables.uri) as held:
        tables.execute(PLANNED_AT_THE_GATE)
        process = headrace.start(command, "job.yaml")
        held.wait_for_reader(process)
        with postgres.frozen():
            process.send_signal(signal.SIGINT)
            ended(process, expect=130)


def wait_until_open(process, path) -> None:
    folder = pathlib.Path(f"/proc/{process.pid}/fd")
    until(lambda: any(os.path.realpath(entry) == str(path) for entry in folder.iterdir()), f"{path} is opened")


@pytest.mark.parametrize("place", ["job file", "password"])
def test_a_signal_ends_the_wait_for_a_pipe_that_nobody_writes_to(tables, headrace, place):
    pipe = headrace.folder / "pipe"
    os.mkfifo(pipe)
    job = postgres_job(headrace, tables, {"name": "public.first"})
    job.document["source"]["password"] = "${file:pipe}"
    job.write()
    process = headrace.start("plan", "pipe" if place == "job file" else job.file)
    wait_until_open(process, pipe)
    process.send_signal(signal.SIGTERM)
    said(ended(process, expect=130), "pipe was waited for")


def test_a_password_comes_from_a_program_that_takes_its_time(tables, headrace):
    pipe = headrace.folder / "pipe"
    os.mkfifo(pipe)
    job = postgres_job(headrace, tables, {"name": "public.first"})
    job.document["source"]["password"] = "${file:pipe}"
    job.write()
    process = job.start()
    wait_until_open(process, pipe)
    with open(pipe, "w") as writer:
        writer.write("hunter2\n")
    ended(process)
    assert lake.count(job.lake, "public.first") == 9000


def test_a_job_and_a_password_by_process_substitution(tables, headrace):
    job = postgres_job(headrace, tables, {"name": "public.first"})
    job.document["source"]["password"] = "${PASSWORD_FILE}"
    text = json.dumps(job.document).replace("${PASSWORD_FILE}", "${file:/dev/fd/3}")
    headrace.write("text", text)
    command = f'{headrace.program} plan -q <(cat text) 3< <(echo hunter2) && {headrace.program} plan -q /dev/stdin 3< <(echo x) <text'
    subprocess.run(["bash", "-c", command], cwd=headrace.folder, check=True, timeout=SECONDS)


def test_a_folder_of_memory_is_a_folder(tables, headrace):
    job = postgres_job(headrace, tables, {"name": "public.first"})
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        shutil.copy(headrace.folder / job.file, folder)
        headrace("run", f"{folder}/{job.file}", expect=0)
        assert lake.count(pathlib.Path(folder) / "lake", "public.first") == 9000


def test_the_folder_of_a_job_that_is_piped_in_is_the_present_one(tables, headrace):
    job = postgres_job(headrace, tables, {"name": "public.first"})
    here = {"cwd": headrace.folder, "check": True, "timeout": SECONDS}
    subprocess.run(["bash", "-c", f"{headrace.program} run -q <(cat {job.file})"], **here)
    assert lake.count(job.lake, "public.first") == 9000 and job.state.is_dir()
    with open(headrace.folder / job.file) as text:
        subprocess.run([headrace.program, "run", "-q", "/dev/stdin", "--set", "destination.path=./other"], stdin=text, **here)
    assert lake.count(headrace.folder / "other", "public.first") == 9000
