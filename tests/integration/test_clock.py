"""Incremental loads by a time while the server's clock is moved, and where that of its zone is: each row is loaded once, or is told to be lost."""

import concurrent.futures
import contextlib
import datetime
import random
import threading

import psycopg
import pytest
from harness import lake
from harness.gate import gate
from harness.job import ended, planned, postgres_job, said
from servers.clock import Clock
from servers.postgres import PostgresServer, versions_to_test

BEHIND = ("lie behind the watermark", "the clock of the source was set back", "headrace state set")


@pytest.fixture(scope="module")
def clock():
    with Clock() as made:
        yield made


@pytest.fixture(scope="module", params=versions_to_test())
def server(request, clock):
    with PostgresServer(request.param, {"max_prepared_transactions": 1}, environment=clock.environment) as started:
        yield started


@pytest.fixture
def database(server, clock, postgres_servers):
    clock.reset()
    made = postgres_servers.make_database(server)
    yield made
    postgres_servers.drop_database(made)


@pytest.fixture
def events(database):
    database.execute("CREATE TABLE events (body text, created_at timestamptz NOT NULL DEFAULT now()); CREATE INDEX ON events (created_at)")
    return database


def incremental(headrace, database, **keys):
    return postgres_job(headrace, database, {"name": "public.events", "mode": "transactional", "cursor": "created_at"} | keys)


def insert(where, body: str) -> None:
    where.execute("INSERT INTO events (body) VALUES (%s)", [body])


def bodies(job) -> list[str]:
    return sorted(body for body, in lake.rows(job.lake, "public.events", "body"))


def pass_seconds(clock) -> None:
    """A run leaves the rows of its last second to the next one."""
    clock.move(seconds=2)


def run_with(job, database, clock, *some_bodies: str) -> None:
    for body in some_bodies:
        insert(database, body)
    pass_seconds(clock)
    job.run()


def expect_behind(job, *arguments: str) -> None:
    said(job.run(*arguments, expect=2), *BEHIND)


def test_a_clock_that_is_set_back_between_two_runs_is_noticed(events, clock, headrace):
    job = incremental(headrace, events)
    run_with(job, events, clock, "a")
    clock.move(hours=-2)
    insert(events, "lost")
    pass_seconds(clock)
    expect_behind(job, "--run-id", "behind")
    clock.move(hours=3)  # What was lost by then shows no more.
    insert(events, "b")
    pass_seconds(clock)
    expect_behind(job)
    assert bodies(job) == ["a"]
    job.command("abandon", "behind")
    run_with(job, events, clock, "c")
    assert bodies(job) == ["a", "b", "c"]


@pytest.mark.parametrize("kind, step", [("timestamp", {"hours": 2}), ("date", {"days": 2})])
def test_of_a_cursor_without_a_zone_a_clock_that_is_set_back_is_noticed_too(database, clock, headrace, kind, step):
    database.execute(f"CREATE TABLE events (body text, created_at {kind} NOT NULL DEFAULT (now() AT TIME ZONE 'Asia/Tokyo')::{kind})")
    job = incremental(headrace, database, load={"cursor_timezone": "Asia/Tokyo"})
    insert(database, "a")
    clock.move(**step)
    run_with(job, database, clock)
    insert(database, "b")
    clock.move(**{unit: -2 * count for unit, count in step.items()})
    insert(database, "lost")
    pass_seconds(clock)
    expect_behind(job)
    assert bodies(job) == ["a"]


def test_a_day_that_goes_on_loses_no_row_of_a_clock_that_is_set_back_within_it(database, clock, headrace):
    """Its rows wait for the next day anyway."""
    clock.set(datetime.datetime(2024, 5, 2, 12, tzinfo=datetime.timezone.utc))
    database.execute("CREATE TABLE events (body text, created_at date NOT NULL DEFAULT (now() AT TIME ZONE 'UTC'))")
    job = incremental(headrace, database, load={"cursor_timezone": "UTC"})
    run_with(job, database, clock, "a")
    clock.move(hours=-2)
    run_with(job, database, clock, "b")
    clock.move(days=1)
    run_with(job, database, clock)
    assert bodies(job) == ["a", "b"]


def test_a_clock_that_is_set_ahead_loses_nothing_until_it_is_set_right(events, clock, headrace):
    job = incremental(headrace, events)
    run_with(job, events, clock, "a")
    clock.move(hours=2)
    run_with(job, events, clock, "b")
    clock.move(hours=1)
    run_with(job, events, clock)
    assert bodies(job) == ["a", "b"]
    clock.move(hours=-3)
    insert(events, "lost")
    pass_seconds(clock)
    expect_behind(job)
    assert bodies(job) == ["a", "b"]


def test_a_clock_that_is_set_back_by_less_than_what_waits_loses_nothing(events, clock, headrace):
    job = incremental(headrace, events)
    run_with(job, events, clock, "a")
    insert(events, "b")
    clock.move(seconds=-0.9)
    run_with(job, events, clock, "c")
    run_with(job, events, clock)
    assert bodies(job) == ["a", "b", "c"]


def test_a_clock_that_is_set_back_while_rows_are_read_is_noticed_by_the_next_run(events, clock, headrace):
    with gate(events.uri) as held:
        job = incremental(headrace, events, where="gate()")
        insert(events, "a")
        pass_seconds(clock)
        run = job.start()
        held.wait_for_reader(run)
        clock.move(hours=-2)
        insert(events, "lost")
        held.open()
        ended(run)
    pass_seconds(clock)
    expect_behind(job)
    assert bodies(job) == ["a"]


@pytest.mark.parametrize("hours", [2, -2], ids=["ahead", "back"])
def test_a_clock_that_is_set_while_a_transaction_runs(events, clock, headrace, hours):
    """What it writes has the time of its start, before or after that of all that is written since."""
    job = incremental(headrace, events)
    with psycopg.connect(events.uri) as late:
        insert(late, "late")
        clock.move(hours=hours)
        run_with(job, events, clock, "after")
        assert lake.count(job.lake, "public.events") == (0 if hours > 0 else 1)
        late.commit()
    run_with(job, events, clock)
    clock.move(hours=abs(hours))
    run_with(job, events, clock)
    assert bodies(job) == ["after", "late"]


def behind_the_watermark(job, database) -> set[str]:
    """Rows that no window is to come for."""
    [state] = job.command("state", "--json").json()
    return {body for body, in database.execute("SELECT body FROM events WHERE created_at < %s", [state["watermark"]])}


@pytest.mark.parametrize("seed", range(3))
def test_after_any_number_of_jumps_each_row_is_there_once_or_was_told(events, clock, headrace, seed):
    """Each time that the clock was set back is followed by a run before it is set ahead: what none sees leaves no trace."""
    dice = random.Random(seed)
    job = incremental(headrace, events)
    told, alarms, late = set(), 0, None
    with contextlib.ExitStack() as stack:
        for step in range(12):
            clock.move(minutes=dice.choice([1, -1, 0, 0]) * dice.randrange(1, 200))
            for number in range(dice.randrange(1, 4)):
                insert(events, f"{step}, {number}")
            if late is None:
                late = stack.enter_context(psycopg.connect(events.uri))
                insert(late, f"{step}, late")
            elif dice.random() < 0.6:
                late.commit()
                late = None
            pass_seconds(clock)
            finished = job.run("--run-id", f"step-{step}", expect=None)
            if finished.returncode == 0:
                continue
            assert finished.returncode == 2, finished.stdout + finished.stderr
            said(finished, *BEHIND)
            alarms += 1
            if late is not None:
                late.commit()
                late = None
            told |= behind_the_watermark(job, events)
            job.command("abandon", f"step-{step}")
            clock.move(hours=10)
    run_with(job, events, clock)
    in_lake = bodies(job)
    assert len(set(in_lake)) == len(in_lake)
    assert {body for body, in events.execute("SELECT body FROM events")} - set(in_lake) <= told
    assert alarms > 0 and len(in_lake) > 5


def write_out_of_order(uri: str, seed: int, is_over: threading.Event) -> list[str]:
    """Five transactions are open at a time, ended in another order than they were begun in, some of them by a rollback, until `is_over`."""
    dice, written, number = random.Random(seed), [], 0
    with contextlib.ExitStack() as stack:
        open_ones = []
        while not is_over.is_set() or open_ones:
            if not is_over.is_set() and len(open_ones) < 5:
                connection = stack.enter_context(psycopg.connect(uri))
                insert(connection, f"{seed}, {number}")
                open_ones.append((connection, f"{seed}, {number}"))
                number += 1
                continue
            connection, body = open_ones.pop(dice.randrange(len(open_ones)))
            if dice.random() < 0.2:
                connection.rollback()
            else:
                insert(connection, f"{body} late")
                connection.commit()
                written += [body, f"{body} late"]
            connection.close()
    return written


NOON = datetime.datetime(2024, 5, 2, 12, tzinfo=datetime.timezone.utc)
JUMPS = {"timestamptz": {"minutes": 300}, "date": {"days": 3}}
PER_DAY = "CREATE TABLE events (body text, created_at date NOT NULL DEFAULT (now() AT TIME ZONE 'UTC')); CREATE INDEX ON events (created_at)"


@pytest.mark.parametrize("kind", JUMPS)
@pytest.mark.parametrize("seed", range(2))
def test_writers_that_commit_out_of_order_beside_a_clock_that_jumps(database, clock, headrace, seed, kind):
    """The clock jumps ahead, and back by less than what waits: no row is to be lost, and none is told to be."""
    clock.set(NOON)
    database.execute(PER_DAY.replace("date", kind))
    dice = random.Random(seed)
    job = incremental(headrace, database, load={"cursor_timezone": "UTC"})
    [(unit, most)] = JUMPS[kind].items()
    is_over, counts = threading.Event(), []
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        writers = [pool.submit(write_out_of_order, database.uri, seed * 2 + writer, is_over) for writer in range(2)]
        try:
            for _ in range(5):
                for step in (dice.choice([{unit: dice.randrange(1, most)}, {"seconds": 2}]), {"seconds": -0.9}):
                    clock.move(**step)
                    job.run()
                counts.append(lake.count(job.lake, "public.events"))
        finally:
            is_over.set()
        written = [body for writer in writers for body in writer.result()]
    clock.move(**JUMPS[kind])
    run_with(job, database, clock)
    assert counts[0] < counts[-1] < len(written), "there was something to load in between"
    assert bodies(job) == sorted(written)


@pytest.mark.parametrize("end", ["COMMIT", "ROLLBACK", "COMMIT PREPARED"])
def test_a_day_is_complete_once_the_transactions_that_began_on_it_have_ended(database, clock, headrace, end):
    """Nothing tells when one that is prepared has begun: the run gives up, and the rows wait for the next."""
    clock.set(NOON)
    database.execute(PER_DAY)
    job = incremental(headrace, database, load={"cursor_timezone": "UTC", "settle": "100ms"})
    run_with(job, database, clock, "a")
    clock.move(days=1)
    with psycopg.connect(database.uri, autocommit=True) as late:
        late.execute("BEGIN")
        insert(late, "late")
        clock.move(days=1)
        run_with(job, database, clock, "b")
        assert bodies(job) == ["a"]
        if end == "COMMIT PREPARED":
            late.execute(f"PREPARE TRANSACTION '{database.name}'")
            said(job.run(expect=1), f"the prepared transaction '{database.name}' may still commit rows")
            end = f"{end} '{database.name}'"
        late.execute(end)
    clock.move(days=1)
    run_with(job, database, clock)
    assert bodies(job) == (["a", "b"] if end == "ROLLBACK" else ["a", "b", "late"])


SET_BACK, SET_AHEAD = ("2024-10-27T01:00:00+00:00", "Europe/Berlin"), ("2025-03-30T01:00:00+00:00", "Europe/Berlin")
BY_HALF_AN_HOUR = ("2024-04-06T15:00:00+00:00", "Australia/Lord_Howe")


@pytest.mark.parametrize("moment, zone", [SET_BACK, SET_AHEAD, BY_HALF_AN_HOUR], ids=["set_back", "set_ahead", "set_back_by_half_an_hour"])
def test_an_hour_of_local_time_that_comes_twice(database, clock, headrace, moment, zone):
    """Rows are written every quarter of an hour around the moment, each beside one of a transaction that ends a quarter later."""
    clock.set(datetime.datetime.fromisoformat(moment) - datetime.timedelta(minutes=80))
    database.execute(f"CREATE TABLE events (body text, created_at timestamp NOT NULL DEFAULT (now() AT TIME ZONE '{zone}')); CREATE INDEX ON events (created_at)")
    job = incremental(headrace, database, load={"cursor_timezone": zone})
    for number in range(12):
        with psycopg.connect(database.uri) as late:
            insert(late, f"{number} late")
            insert(database, f"{number}")
            pass_seconds(clock)
            assert planned(headrace)["warnings"] == []
            job.run()
            clock.move(minutes=15)
    run_with(job, database, clock)
    assert bodies(job) == sorted([f"{number}" for number in range(12)] + [f"{number} late" for number in range(12)])
