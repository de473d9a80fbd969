"""Every fault × {SQLite, PostgreSQL} × {replace, append, incremental by number, by time}: the same command again, and the destination equals the source by row.

The faults of a server (it ends, has no connection left, ends a session or a statement) and of the network to it are those of PostgreSQL alone: SQLite is a file, and what
others can do to that is to lock it.
"""

import contextlib
import shutil
import signal
from collections.abc import Callable
from dataclasses import dataclass, field

import psycopg
import pytest
from harness import mount
from harness.gate import gate, until
from harness.job import PATIENCE, ended, next_line, said
from harness.loads import Case, PostgresEvents, SqliteEvents, bounded_files
from servers.relay import Cut, Relay, Slow, Stall

LOADS_OF = {"sqlite": SqliteEvents.loads, "postgresql": PostgresEvents.loads}
SQLITE, POSTGRES = ("sqlite",), ("postgresql",)
BOTH = SQLITE + POSTGRES


@dataclass(frozen=True)
class Fault:
    """`meet` starts the second run of a case, causes the fault and yields the run, of which `answer` is expected with `says`. What it does
    then lifts the fault; where the answer is 0 it has lifted it before, or nothing has to."""

    name: str
    meet: Callable
    sources: tuple
    answer: int
    says: tuple = ()
    keyed: bool = False  # The command has a --run-id, whatever it loads.
    at_a_call: bool = False  # A durable call of which the case must know the number. The runs have one worker, see Case.count_calls().
    relay: bool = False  # The job reads through case.relay.
    source: dict = field(default_factory=dict)  # Keys of the job's source.


FAULTS: list[Fault] = []


def fault(sources, answer, *says, **options):
    def add(meet):
        FAULTS.append(Fault(meet.__name__, contextlib.contextmanager(meet), sources, answer, says, **options))
        return meet

    return add


@contextlib.contextmanager
def second_run_at_the_gate(case, readers=1):
    """The run, and the gate that it stands at: the server is in the middle of its queries."""
    with contextlib.suppress(psycopg.OperationalError), gate(case.events.database.uri) as held:  # Where the server ends, so does the gate.
        run = case.start_second()
        held.wait_for_reader(run, readers)
        yield run, held


@fault(POSTGRES, 0, "epoch")
def server_restarted(case):
    with second_run_at_the_gate(case) as (run, _):
        case.server.restart()
    yield run


@fault(POSTGRES, 1, "Connection refused")
def server_killed(case):
    with second_run_at_the_gate(case) as (run, _):
        case.server.kill()
    yield run
    case.server.start()


def allow_connections(database, most):
    """A database's limit has the code of the server's, and is nobody else's business."""
    database.execute(f"ALTER DATABASE {database.name} CONNECTION LIMIT {most}")


@fault(POSTGRES, 1, "too many connections")
def out_of_connections(case):
    allow_connections(case.events.database, 0)
    yield case.start_second()
    allow_connections(case.events.database, -1)


@fault(POSTGRES, 0)
def no_connection_for_a_worker_that_lost_its_own(case):
    with second_run_at_the_gate(case, 2) as (run, held):
        allow_connections(case.events.database, 0)
        case.events.database.execute("SELECT pg_terminate_backend(%s)", [held.waiting()[0]])
        next_line(run, "going on with fewer workers")
        held.open()
    yield run
    allow_connections(case.events.database, -1)


@fault(POSTGRES, 0)
def backend_terminated(case):
    with second_run_at_the_gate(case) as (run, held):
        victims = set(held.waiting())
        case.events.database.execute("SELECT pg_terminate_backend(pid) FROM unnest(%s) AS pid", [list(victims)])
        until(lambda: set(held.waiting()) - victims, "the worker comes back")
        held.open()
    yield run


LEADER = ("SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'headrace' "
          "ORDER BY backend_start LIMIT 1")  # Sessions come after it.


@fault(POSTGRES, 0, "handed the snapshot on")
def leader_and_a_worker_terminated(case):
    with second_run_at_the_gate(case, 2) as (run, held):
        [(leader,)] = case.events.database.execute(LEADER)
        case.events.database.execute("SELECT pg_terminate_backend(pid) FROM unnest(%s) AS pid", [[leader, held.waiting()[0]]])
        next_line(run, "a session that reads can hand it on")
        held.open()
    yield run


@fault(POSTGRES, 0, "epoch")
def every_backend_terminated(case):
    with second_run_at_the_gate(case) as (run, held):
        held.connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                                "WHERE datname = current_database() AND pid <> pg_backend_pid()")
        held.open()
    yield run


MIDSTREAM = 200_000  # Bytes of a connection: nothing but rows makes so many, and each of two workers reads twice as many.


@fault(POSTGRES, 0, relay=True)
def connection_cut(case):
    cut = case.relay.trouble = Cut(MIDSTREAM)
    yield case.start_second()
    assert cut.was_made


@fault(POSTGRES, 0, relay=True)
def network_stalled(case):
    with Stall(MIDSTREAM) as case.relay.trouble:
        run = case.start_second()
        until(case.relay.trouble.began.is_set, "the network stalls")
        assert run.poll() is None
    yield run


@fault(POSTGRES, 130, relay=True)
def network_stalled_until_sigterm(case):
    with Stall(MIDSTREAM) as case.relay.trouble:
        run = case.start_second()
        until(case.relay.trouble.began.is_set, "the network stalls")
        run.send_signal(signal.SIGTERM)
        yield run


@fault(POSTGRES, 1, "no connection within connect_timeout", relay=True, source={"connect_timeout": f"{PATIENCE}s"})
def nobody_answers(case):
    with Stall(0) as case.relay.trouble:
        yield case.start_second()


@fault(POSTGRES, 0, relay=True)
def network_slowed(case):
    case.relay.trouble = Slow(0.002)
    yield case.start_second()
    case.relay.trouble = None


@fault(POSTGRES, 1, "lock timeout", source={"lock_timeout": "300ms"})
def table_locked(case):
    case.events.end_what_runs_late(None)  # It has a lock itself.
    with case.events.database.connect() as other, other.transaction():
        other.execute("LOCK TABLE events IN ACCESS EXCLUSIVE MODE")
        yield case.start_second()


@fault(SQLITE, 1, "database is locked")
def file_locked(case):
    case.events.connection.execute("BEGIN EXCLUSIVE")
    yield case.start_second()
    case.events.connection.execute("ROLLBACK")


@fault(POSTGRES, 1, "statement timeout", source={"statement_timeout": f"{PATIENCE}s"})
def statement_timeout(case):
    with second_run_at_the_gate(case) as (run, _):
        yield run


@fault(BOTH, 1, "No space left on device")
def disk_full(case):
    filler = case.disk.fill(64 * 1024)
    yield case.start_second()
    filler.unlink()


@fault(BOTH, 1, "free space on")
def state_disk_full(case):
    filler = case.state_disk.fill(0)
    yield case.start_second()
    filler.unlink()


@fault(BOTH, 2, "Read-only file system")
def disk_read_only(case):
    case.disk.let_nobody_write()
    yield case.start_second()
    case.disk.let_write()


@fault(BOTH, 2, "Read-only file system")
def state_disk_read_only(case):
    case.state_disk.let_nobody_write()
    yield case.start_second()
    case.state_disk.let_write()


@fault(BOTH, 1, "File too large")
def file_size_limit(case):
    yield case.start_second(preexec_fn=bounded_files(100_000))


@fault(BOTH, 1, "disk quota")
def over_quota(case):
    """Simulated in the process, see quota.c: the calls that would exceed it answer EDQUOT."""
    yield case.start_second(environment=case.quota.of(case.disk.folder, 300_000))


@fault(BOTH, 130, "run the same command again: it continues this run", at_a_call=True)
def sigterm(case):
    run = case.start_second_and_stop()
    run.send_signal(signal.SIGTERM)
    run.send_signal(signal.SIGCONT)
    yield run


@fault(BOTH, 0, at_a_call=True)
def two_runs_at_once(case):
    run = case.start_second_and_stop()
    said(case.job.run(*case.words, expect=2), f"is being run by pid {run.pid} on ")
    run.send_signal(signal.SIGCONT)
    yield run


@fault(BOTH, -signal.SIGKILL, keyed=True, at_a_call=True)
def state_lost(case):
    run = case.start_second_and_stop()
    run.send_signal(signal.SIGKILL)
    yield run
    shutil.rmtree(case.job.state)


@fault(BOTH, -signal.SIGKILL, keyed=True, at_a_call=True)
def state_lost_behind_the_last_call(case):
    yield case.start_second(environment=case.knife.kill(case.calls, "after"))
    shutil.rmtree(case.job.state)


LAST = 6  # Of the sample of durable calls: the first, the last, and between. test_crash_points.py, test_crash_loads.py and test_crash_incremental.py take every one.


def add_kill(number, when):
    def meet(case):
        yield case.start_second(environment=case.knife.kill(1 + (case.calls - 1) * number // LAST, when))

    meet.__name__ = f"killed_{when}_call_{number}_of_{LAST}"
    fault(BOTH, -signal.SIGKILL, at_a_call=True)(meet)


for number in range(LAST + 1):
    add_kill(number, "before" if number % 2 else "after")


def cases():
    """Each fault of the sources that can have it, see above."""
    for each in FAULTS:
        for kind in each.sources:
            for load in LOADS_OF[kind]:
                yield pytest.param(each, kind, load, id=f"{each.name}-{kind}-{load}")


@pytest.fixture
def case(request, headrace, knife, quota, clock, each, kind, load):
    with contextlib.ExitStack() as stack:
        disk, state_disk = (mount.Disk(headrace.folder / name, "64m") for name in ("disk", "state_disk"))
        for each_disk in (disk, state_disk):
            stack.callback(each_disk.unmount)
        if kind == "sqlite":
            server = relay = None
            events = SqliteEvents(headrace.folder)
        else:
            database = request.getfixturevalue("own_database")
            server = database.server
            if server.pid is None:  # A test that failed has left it so, as what allow_connections() said.
                server.start()
            allow_connections(database, -1)
            relay = stack.enter_context(Relay(lambda: ("127.0.0.1", server.port))) if each.relay else server
            events = PostgresEvents(database, database.uri.replace(f":{server.port}/", f":{relay.port}/"), clock)
        stack.callback(events.close)
        made = Case(headrace, knife, events, load, each.keyed, retries=1 if each.answer else 5, workers=1 if each.at_a_call else 2, **each.source)
        made.server, made.relay, made.disk, made.state_disk, made.quota = server, relay, disk, state_disk, quota
        yield made


@pytest.mark.parametrize(("each", "kind", "load"), list(cases()))
def test_fault(case, each):
    case.first_run()
    if each.at_a_call:
        case.count_calls()
    before = case.found()
    with each.meet(case) as run:
        said(ended(run, each.answer), *each.says)
    assert case.found() in ([case.wanted()] if each.answer == 0 else [before, case.wanted()])
    ended(case.start_second())
    case.expect_the_source()
    case.expect_nothing_left()
    case.batch(10)
    ended(case.start("--run-id", "third"))
    case.expect_the_source()
