"""Transactional mode: after any number of runs each row is in the lake once, whenever its transaction committed."""

import concurrent.futures
import contextlib
import json
import random
import shlex
import shutil
import signal
import sqlite3
import threading

import psycopg
import pytest
from harness import lake
from harness.gate import until, waits_for_what_runs
from harness.job import Job, ended, planned, postgres_job, said

EVENTS = """
CREATE TABLE events (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, created_at timestamptz NOT NULL DEFAULT now(), body text);
CREATE INDEX ON events (created_at);
"""


MANY = "INSERT INTO events (created_at, body) SELECT '2024-01-01'::timestamptz + i * interval '1 minute', i FROM generate_series(1, 20000) AS i; ANALYZE events"


@pytest.fixture
def events(database):
    database.execute(EVENTS)
    return database


def incremental(headrace, database, cursor="created_at", table="public.events", **keys) -> Job:
    return postgres_job(headrace, database, {"name": table, "mode": "transactional", "cursor": cursor} | keys)


def insert(where, *bodies: str) -> None:
    for body in bodies:
        where.execute("INSERT INTO events (body) VALUES (%s)", [body])


def bodies(job: Job) -> list[str]:
    return sorted(body for body, in lake.rows(job.lake, "public.events", "body"))


def pass_a_second(database) -> None:
    """Until the server's clock is more than a second behind the newest row: a run leaves those of its last second to the next."""
    passed = "SELECT coalesce(max(created_at), '-infinity') < clock_timestamp() - interval '1.01 s' FROM events"
    until(lambda: database.execute(passed) == [(True,)], "a second is over")


def records(job: Job, table="public.events") -> list[dict]:
    found = [json.loads(path.read_text()) for path in (job.lake / table).glob("run-*/_commit.json")]
    return sorted(found, key=lambda record: record["sequence"])


@contextlib.contextmanager
def writer(database):
    """A transaction that has begun, and so has its now(), and has not ended."""
    with psycopg.connect(database.uri) as connection:
        connection.execute("SELECT 1")
        yield connection


def test_each_run_loads_what_is_new(events, headrace):
    job = incremental(headrace, events)
    insert(events, "a", "b")
    pass_a_second(events)
    job.run()
    assert bodies(job) == ["a", "b"]
    insert(events, "c")
    pass_a_second(events)
    job.run()
    job.run()
    assert bodies(job) == ["a", "b", "c"]
    first, second, third = records(job)
    assert [record["rows"] for record in (first, second, third)] == [2, 1, 0]
    assert first["cursor_column"] == "created_at"
    assert first["watermark"] < second["watermark"] <= third["watermark"]
    assert third["files"] == []


def test_rows_of_the_last_second_and_of_the_future_wait_and_are_counted(events, headrace):
    job = incremental(headrace, events)
    insert(events, "now")
    events.execute("INSERT INTO events (created_at, body) VALUES (now() + interval '1 day', 'tomorrow'), ('infinity', 'never')")
    assert planned(headrace)["cursor"]["waiting_rows"] == 3
    said(headrace("plan", "job.yaml", expect=0), "window", "the next run", "the server's clock less 1 s")
    job.run()
    assert lake.count(job.lake, "public.events") == 0
    events.execute("DELETE FROM events WHERE body <> 'now'")
    pass_a_second(events)
    job.run()
    assert bodies(job) == ["now"]


@pytest.mark.parametrize("end", ["commit", "rollback"])
def test_a_transaction_that_commits_late_is_waited_for_by_its_start(events, headrace, end):
    job = incremental(headrace, events)
    with writer(events) as late:
        insert(late, "late")
        insert(events, "after")
        pass_a_second(events)
        plan = planned(headrace)
        assert f"process {late.info.backend_pid} is in a transaction since" in plan["cursor"]["about"]
        job.run()
        assert lake.count(job.lake, "public.events") == 0
        getattr(late, end)()
    job.run()
    assert bodies(job) == ["after"] + (["late"] if end == "commit" else [])
    job.run()
    assert [record["rows"] for record in records(job)] == [0, len(bodies(job)), 0]


@pytest.mark.parametrize("end", ["commit", "rollback"])
def test_numbers_are_waited_for_until_their_transactions_have_ended(events, headrace, end):
    job = incremental(headrace, events, cursor="id", load={"settle": "60s"})
    with writer(events) as late:
        insert(late, "late")
        insert(events, "after")
        run = job.start()
        waits_for_what_runs(events, run)
        getattr(late, end)()
        ended(run)
    assert bodies(job) == ["after"] + (["late"] if end == "commit" else [])
    job.run()
    assert [record["rows"] for record in records(job)] == [len(bodies(job)), 0]
    assert [record["watermark"] for record in records(job)] == ["3", "3"]


@pytest.mark.parametrize("late_rows, code", [("error", 1), ("warn", 0)])
def test_a_transaction_that_does_not_end_is_named(events, headrace, late_rows, code):
    job = incremental(headrace, events, cursor="id", load={"settle": "100ms", "late_rows": late_rows})
    insert(events, "before")
    with writer(events) as late:
        insert(late, "late")
        insert(events, "after")
        said(job.run(expect=code), f"process {late.info.backend_pid} is in a transaction that may still commit rows with a lower \"id\"", "load.settle")
        late.commit()
    if late_rows == "warn":
        job.run()
        assert bodies(job) == ["after", "before"]
    else:
        job.run()
        assert bodies(job) == ["after", "before", "late"]


@pytest.mark.parametrize("cursor", ["created_at", "id"])
def test_a_prepared_transaction_is_waited_for(events, headrace, cursor):
    job = incremental(headrace, events, cursor=cursor, load={"settle": "100ms"})
    with writer(events) as late:
        insert(late, "prepared")
        name = f"{events.name}_{cursor}"
        late.execute(f"PREPARE TRANSACTION '{name}'")
    insert(events, "after")
    pass_a_second(events)
    failed = job.run(expect=None)
    checked = headrace("check", job.file, expect=None)
    events.execute(f"COMMIT PREPARED '{name}'")
    assert failed.returncode == checked.returncode == 1
    said(checked, "next: this may pass: check again")
    assert "address" not in checked.stdout, "the server was reached"
    said(failed, f"the prepared transaction '{name}' may still commit rows")
    pass_a_second(events)
    job.run()
    assert bodies(job) == ["after", "prepared"]


def test_where_the_role_may_not_see_since_when_a_transaction_runs_it_is_waited_for(events, headrace):
    events.execute("CREATE ROLE blind LOGIN; GRANT SELECT ON events TO blind")
    try:
        job = Job(headrace, {"type": "postgresql", "uri": events.uri, "user": "blind"},
                  [{"name": "public.events", "mode": "transactional", "cursor": "created_at", "load": {"settle": "100ms"}}])
        with writer(events) as late:
            insert(late, "late")
            pass_a_second(events)
            said(job.run(expect=1), "is in a transaction that may still commit rows with a lower \"created_at\"")
            late.commit()
        pass_a_second(events)
        job.run()
        assert bodies(job) == ["late"]
    finally:
        events.execute("DROP OWNED BY blind; DROP ROLE blind")


@pytest.mark.parametrize("cursor, low, high", [("created_at", "2024-01-01T00:00:00Z", "2024-01-03T00:00:00Z"), ("id", "2", "3")])
def test_the_first_run_can_begin_later_and_a_watermark_can_be_set_and_reset(events, headrace, cursor, low, high):
    events.execute("INSERT INTO events (created_at, body) VALUES ('2023-12-31', 'old'), ('2024-01-01', 'a'), ('2024-01-02', 'b'), ('2024-01-03', 'c')")
    job = incremental(headrace, events, cursor=cursor, load={"initial": low})
    assert job.command("state", "--json").json() == [{"table": "public.events", "cursor": cursor, "watermark": None, "run": None, "committed_at": None}]
    job.run()
    assert bodies(job) == ["a", "b", "c"]
    first, = records(job)
    shown, = job.command("state", "show", "--json").json()
    assert (shown["watermark"], shown["run"]) == (first["watermark"], first["run"])
    job.command("state", "set", "public.events", high)
    said(job.command("state"), high)
    job.run()
    assert bodies(job) == sorted(["a", "b", "c"] + (["c"] if cursor == "created_at" else ["b", "c"]))
    job.command("state", "reset", "public.events")
    assert job.command("state", "--json").json()[0]["watermark"] is None
    assert planned(headrace)["cursor"]["from"] == low
    assert lake.staged_files(job.lake) == []
    assert job.command("verify", first["run"]).returncode == 0


@pytest.mark.parametrize("words, message", [
    (("set", "public.events"), "expected `headrace state set TABLE VALUE`"),
    (("set", "public.events", "yesterday"), "expected a moment as 2024-01-31T09:15:00Z or 2024-01-31T09:15:00+02:00, or a day in UTC as 2024-01-31, found 'yesterday'"),
    (("reset", "public.orders"), "public.orders"),
    (("move",), "can show, set or reset"),
])
def test_a_watermark_that_is_none_is_refused(events, headrace, words, message):
    job = incremental(headrace, events)
    said(job.command("state", *words, expect=2), message)
    assert not job.lake.exists() or records(job) == []


def test_the_watermark_lies_with_the_data(events, headrace):
    job = incremental(headrace, events)
    insert(events, "a")
    pass_a_second(events)
    job.run()
    shutil.rmtree(job.state)
    insert(events, "b")
    pass_a_second(events)
    job.run()
    assert bodies(job) == ["a", "b"]


def test_a_table_that_is_there_without_a_watermark_is_not_doubled(events, headrace):
    insert(events, "a")
    pass_a_second(events)
    job = incremental(headrace, events)
    transactional = job.document["tables"]
    job.document["tables"] = [{"name": "public.events"}]
    job.write()
    job.run()
    job.document["tables"] = transactional
    job.write()
    said(job.run("--run-id", "doubling", expect=2), "is there already", "headrace state set")
    job.command("abandon", "doubling")
    job.command("state", "set", "public.events", "2024-01-01")
    job.run()
    assert bodies(job) == ["a", "a"]


def test_rows_without_a_cursor_are_left_out_and_counted(events, headrace):
    events.execute("ALTER TABLE events ALTER created_at DROP NOT NULL")
    insert(events, "a")
    events.execute("INSERT INTO events (created_at, body) VALUES (NULL, 'never')")
    pass_a_second(events)
    job = incremental(headrace, events)
    report = job.run("--json").json()["tables"][0]
    assert (report["rows"], report["excluded_rows"]) == (1, 1)
    job.run()
    assert bodies(job) == ["a"]
    job.document["tables"][0]["partition"] = {"nulls": "error"}
    job.write()
    said(job.run(expect=2), '1 row has NULL in "created_at"', "error wants none. 'exclude' leaves them out")


def test_an_empty_table_leaves_a_watermark_or_none(events, headrace):
    by_id = incremental(headrace, events, cursor="id")
    by_id.run()
    assert records(by_id)[0]["watermark"] is None
    insert(events, "a")
    by_id.run()
    by_id.run()
    assert bodies(by_id) == ["a"]
    assert [record["watermark"] for record in records(by_id)] == [None, "2", "2"]


def test_a_number_that_no_sequence_fills_may_come_late(database, headrace):
    database.execute("CREATE TABLE events (id int, body text); INSERT INTO events VALUES (1, 'a'), (3, 'c')")
    job = incremental(headrace, database, cursor="id")
    said(job.run(expect=2), 'no sequence fills "id"', "late_rows: warn")
    job.document["tables"][0]["load"] = {"late_rows": "warn"}
    job.write()
    said(job.run(), 'no sequence fills "id"', "they are never loaded")
    database.execute("INSERT INTO events VALUES (2, 'late'), (4, 'd')")
    job.run()
    assert bodies(job) == ["a", "c", "d"]
    database.execute("ALTER TABLE events ADD serial int GENERATED ALWAYS AS IDENTITY (CACHE 5)")
    job.document["tables"][0] |= {"cursor": "serial", "load": {}}
    job.write()
    said(job.run(expect=None), "hands out numbers in advance")


CALENDAR = """
CREATE TABLE events (id int, created_at {type}, body text);
INSERT INTO events SELECT 1, ({now} - interval '2 days')::{type}, 'old' UNION ALL SELECT 2, {now}::{type}, 'now' UNION ALL SELECT 3, {now} + interval '2 days', 'new';
"""


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"])
@pytest.mark.parametrize("kind", ["date", "timestamp"])
def test_a_cursor_without_a_zone_is_compared_in_the_one_of_the_job(database, headrace, zone, kind):
    database.execute(CALENDAR.format(type=kind, now=f"(clock_timestamp() AT TIME ZONE '{zone}' - interval '2 seconds')"))
    job = incremental(headrace, database, load={"cursor_timezone": zone})
    job.run()
    assert bodies(job) == (["old"] if kind == "date" else ["now", "old"])
    assert zone in planned(headrace)["cursor"]["about"]
    database.execute(f"ALTER DATABASE {database.name} SET timezone = '{zone}'")
    del job.document["tables"][0]["load"]
    job.write()
    assert zone in planned(headrace)["cursor"]["about"]


def test_a_column_that_is_no_cursor_is_refused(events, headrace):
    said(incremental(headrace, events, cursor="body").run(expect=2), '"body" is text', "a date, a timestamp or an integer")
    said(incremental(headrace, events, cursor="at").run(expect=2), 'no column "at"')


@pytest.mark.parametrize("kind", ["date", "timestamp"])
def test_a_zone_that_the_server_does_not_know_is_refused(database, headrace, kind):
    database.execute(CALENDAR.format(type=kind, now="now()"))
    job = incremental(headrace, database, load={"cursor_timezone": "Mars/Olympus"})
    said(job.run(expect=2), "table public.events", 'time zone "Mars/Olympus" not recognized')
    said(headrace("check", job.file, expect=2), 'time zone "Mars/Olympus" not recognized')
    assert not lake.files(job.lake)


def test_a_cursor_with_a_zone_needs_none(events, headrace):
    """`cursor_timezone` may be that of all tables of a job: those whose cursor has a zone do not ask the server for it."""
    job = incremental(headrace, events, load={"cursor_timezone": "Mars/Olympus"})
    insert(events, "a")
    pass_a_second(events)
    job.run()
    assert bodies(job) == ["a"]
    assert "Mars" not in planned(headrace)["cursor"]["about"]


def keep_writing(database, seed: int, done: threading.Event) -> None:
    """Transactions that overlap, of which some are rolled back, and some prepared first."""
    dice = random.Random(seed)
    with psycopg.connect(database.uri) as connection:
        for number in range(1_000):
            if done.is_set():
                return
            for _ in range(dice.randrange(1, 4)):
                connection.execute("INSERT INTO events (body) VALUES (%s)", [f"{seed}-{number}"])
                connection.execute("SELECT pg_sleep(%s)", [dice.random() * 0.05])
            end = dice.choice(["COMMIT", "COMMIT", "ROLLBACK", "PREPARE"])
            if end != "PREPARE":
                connection.execute(end)
                continue
            name = f"{database.name}-{seed}-{number}"
            connection.execute(f"PREPARE TRANSACTION '{name}'")
            connection.autocommit = True
            connection.execute("SELECT pg_sleep(%s)", [dice.random() * 0.1])
            connection.execute(f"{dice.choice(['COMMIT', 'ROLLBACK'])} PREPARED '{name}'")
            connection.autocommit = False


@pytest.mark.parametrize("cursor", ["created_at", "id"])
def test_while_others_write_each_row_is_loaded_once(events, headrace, cursor):
    job = incremental(headrace, events, cursor=cursor, partition={"target_rows": 20})
    done = threading.Event()
    with concurrent.futures.ThreadPoolExecutor() as pool:
        writers = [pool.submit(keep_writing, events, seed, done) for seed in range(4)]
        try:
            until(lambda: job.run() and sum(record["rows"] > 0 for record in records(job)) >= 6, "runs that see new rows")
        finally:
            done.set()
        for each in writers:
            each.result()
    pass_a_second(events)
    job.run()
    ids = sorted(number for number, in lake.rows(job.lake, "public.events", "id"))
    assert ids == [number for number, in events.execute("SELECT id FROM events ORDER BY id")]


def test_a_clock_that_was_set_back_is_noticed(events, headrace):
    """A watermark in the future is what it looks like."""
    job = incremental(headrace, events)
    insert(events, "a")
    pass_a_second(events)
    job.run()
    job.command("state", "set", "public.events", "2999-01-01")
    insert(events, "b")
    pass_a_second(events)
    said(job.run(expect=2), "lie behind the watermark 2999-01-01T00:00:00Z", "set back", "headrace state set")
    job.run("--set", "tables[0].load.late_rows=warn", expect=None)
    assert bodies(job) == ["a"]
    assert records(job)[-1]["watermark"] == "2999-01-01T00:00:00Z"


@pytest.mark.parametrize("load", [{}, {"initial": "2000-01-01"}], ids=["from the first row", "initial"])
def test_a_table_that_another_load_filled_since_is_not_doubled(events, headrace, load):
    """`load.initial` stays in the job: it says nothing of what a repair, another job or another cursor has loaded since."""
    insert(events, "a", "b")
    pass_a_second(events)
    job = incremental(headrace, events, load=load)
    job.run()
    repair = ["--set", "tables[0].mode=catalog", "--set", "tables[0].write=replace", *(["--set", "tables[0].load={}"] if load else [])]
    job.run(*repair)
    refused = job.run(expect=2)
    said(refused, "is there already", "headrace state set public.events VALUE")
    assert bodies(job) == ["a", "b"]
    for other in ({"cursor": "id", "load": {}}, {"load": load}):
        job.document["tables"][0] |= other
        job.document["name"] = "other"
        job.write()
        said(job.run(expect=2), "is there already")
    said(headrace("plan", job.file), "is there already")
    assert bodies(job) == ["a", "b"]


@pytest.mark.parametrize("cursor, initial, strategy", [("created_at", "2024-01-08", "date_range"), ("id", "10001", "id_range")])
def test_the_window_is_cut_by_an_indexed_cursor(events, headrace, cursor, initial, strategy):
    events.execute(MANY)
    job = incremental(headrace, events, cursor=cursor, load={"initial": initial}, partition={"target_rows": 1000})
    plan = planned(headrace)
    wanted = events.execute(f"SELECT id FROM events WHERE {cursor} >= '{initial}'")
    assert plan["strategy"] == strategy
    assert 5 < len(plan["units"]) < 40
    # 20,000 minutes behind 2024-01-01; that of an integer is told by where its window ends.
    assert plan["cursor"]["greatest"] == ("2024-01-14T21:20:00Z" if cursor == "created_at" else None)
    assert len(wanted) * 0.8 < plan["estimated_rows"] < len(wanted) * 1.2
    assert not any("no index" in warning for warning in plan["warnings"])
    job.run()
    assert sorted(lake.rows(job.lake, "public.events", "id")) == sorted(wanted)


def test_without_an_index_the_table_is_read_once_by_pages(events, headrace):
    events.execute("DROP INDEX events_created_at_idx")
    events.execute(MANY)
    job = incremental(headrace, events, load={"initial": "2024-01-08"}, partition={"target_rows": 1000})
    plan = planned(headrace)
    assert plan["strategy"] == "pages"
    said("\n".join(plan["warnings"]), 'no index leads with the cursor "created_at"')
    said(plan["why"], "upper bounds, because of the cursor's window")
    assert plan["cursor"]["waiting_rows"] is None
    assert plan["cursor"]["greatest"] is None
    job.run()
    assert sorted(lake.rows(job.lake, "public.events", "id")) == sorted(events.execute("SELECT id FROM events WHERE created_at >= '2024-01-08'"))


def test_rows_of_sqlite_are_loaded_once_too(headrace):
    shop = headrace.folder / "shop.db"
    with contextlib.closing(sqlite3.connect(shop)) as database:
        database.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY AUTOINCREMENT)")
        job = Job(headrace, {"type": "sqlite", "path": str(shop)}, [{"name": "orders", "mode": "transactional", "cursor": "id"}])
        for count in (0, 5, 3):
            database.executemany("INSERT INTO orders VALUES (?)", [(None,)] * count)
            database.commit()
            job.run()
        assert lake.rows(job.lake, "orders") == [(number,) for number in range(1, 9)]
    assert [record["rows"] for record in records(job, "orders")] == [0, 5, 3]


def test_what_is_no_number_is_warned_of(headrace):
    with contextlib.closing(sqlite3.connect(headrace.folder / "shop.db")) as shop:
        shop.executescript("CREATE TABLE t (c INTEGER); INSERT INTO t VALUES (1), (2), ('n/a')")
    job = Job(headrace, {"type": "sqlite", "path": "./shop.db"},
              [{"name": "t", "mode": "transactional", "cursor": "c", "load": {"late_rows": "warn"}}])
    said(job.run(), 'rows whose "c" is no integer but text: they are never loaded')
    assert lake.rows(job.lake, "t", "c") == [(1,), (2,)]


def proposed(finished) -> list[list[str]]:
    """Commands that stand in lines of their own, as a shell takes them apart."""
    return [shlex.split(line) for line in finished.stdout.splitlines() if line.startswith("      headrace ")]


def test_the_commands_that_are_proposed_behind_a_backfill_load_the_rest(events, headrace):
    """Nothing was loaded before it: where this job begins is not known, and running again does not tell."""
    job = incremental(headrace, events, cursor="id")
    insert(events, "a", "b", "c")
    job.run("--from", "1", "--to", "3")
    assert "abandon" not in headrace("plan", job.file, expect=2).stdout
    refused = job.run(expect=2)
    said(refused, "it is there already", "give this run up, say where the load begins")
    commands = proposed(refused)
    assert [command[1] for command in commands] == ["abandon", "state", "run"]
    for _, *words in commands:
        headrace(*(word.replace("VALUE", "3") for word in words), expect=0)
    assert bodies(job) == ["a", "b", "c"]


def test_what_is_published_beside_it_is_not_loaded_once_more_by_the_proposed_commands(events, headrace):
    events.execute("CREATE TABLE others AS SELECT 1 AS n")
    insert(events, "a", "b")
    incremental(headrace, events, cursor="id").run()
    window = {"name": "public.events", "mode": "transactional", "cursor": "id"}
    job = postgres_job(headrace, events, {"name": "public.others", "write": "append"}, window, file="other.yaml", name="other")
    refused = job.run("--run-id", "x; touch 'pwned'", expect=1)
    insert(events, "c")
    commands = proposed(refused)
    assert [command[1] for command in commands] == ["abandon", "state", "run"]
    assert commands[0][2] == "x; touch 'pwned'"
    for _, *words in commands:
        headrace(*(word.replace("VALUE", "3") for word in words), expect=0)
    assert bodies(job) == ["a", "b", "c"]
    assert lake.rows(job.lake, "public.others", "n") == [(1,)]


def test_the_proposed_commands_are_for_the_tables_that_were_asked_for(events, headrace):
    """Another one of the job has been appended before."""
    events.execute("CREATE TABLE others AS SELECT 1 AS n")
    insert(events, "a", "b")
    incremental(headrace, events, cursor="id").run()
    window = {"name": "public.events", "mode": "transactional", "cursor": "id"}
    job = postgres_job(headrace, events, {"name": "public.others", "write": "append"}, window, file="other.yaml", name="other")
    job.run("--only", "public.others")
    commands = proposed(job.run("--only", "public.events", expect=2))
    assert commands[-1][1:] == ["run", job.file, "--only", "public.events"]
    for _, *words in commands:
        headrace(*(word.replace("VALUE", "3") for word in words), expect=0)
    assert lake.rows(job.lake, "public.others", "n") == [(1,)]


def test_of_a_sequence_that_was_set_back_it_is_said(events, headrace):
    job = incremental(headrace, events, cursor="id")
    insert(events, "a", "b", "c")
    job.run()
    events.execute("INSERT INTO events (body) VALUES ('d'); SELECT setval('events_id_seq', 1)")
    said(job.run(expect=2), "which its sequence has not come to: it was given by hand, or the sequence was set back")


def test_a_sequence_that_was_begun_anew_is_noticed(events, headrace):
    job = incremental(headrace, events, cursor="id")
    insert(events, "a", "b", "c")
    job.run()
    events.execute("DELETE FROM events")
    insert(events, "d")
    job.run()  # Rows that are gone are no reason.
    events.execute("TRUNCATE events RESTART IDENTITY")
    insert(events, "new")
    said(job.run(expect=2), 'with "id" from 2 on, lie behind the watermark 5', "RESTART IDENTITY", "headrace state reset")


def test_a_loss_that_was_noticed_does_not_go_away_by_itself(events, headrace):
    """A scheduler tries again: by then the sequence has passed the watermark, and nothing else shows what was lost."""
    job = incremental(headrace, events, cursor="id")
    insert(events, "a", "b", "c")
    job.run()
    events.execute("DELETE FROM events WHERE id > 1; SELECT setval('events_id_seq', 1)")  # a backup of the first row
    insert(events, "d")
    said(job.run("--run-id", "behind", expect=2), "lie behind the watermark 4", "headrace state reset")
    insert(events, "e", "f", "g")
    for arguments in ([], ["--only", "public.events"], ["--resume"], ["--dry-run"]):
        said(job.run(*arguments, expect=2), "found at 20", "lie behind the watermark 4", "abandon behind")
    assert bodies(job) == ["a", "b", "c"]
    job.command("abandon", "behind")
    job.command("state", "set", "public.events", "2")
    job.run()
    assert bodies(job) == ["a", "b", "c", "d", "e", "f", "g"]


@pytest.mark.parametrize("runs", [1, 2])
def test_rows_whose_record_is_missing_are_not_doubled(events, headrace, runs):
    """A copy of a lake that was cut short."""
    job = incremental(headrace, events, cursor="id")
    for _ in range(runs):
        insert(events, "a")
        job.run()
    record = max(job.lake.glob("public.events/run-*/_commit.json"), key=lambda path: json.loads(path.read_text())["sequence"])
    text = record.read_text()
    record.unlink()
    insert(events, "b")
    said(job.run(expect=2), record.parent.name, "_commit.json")
    said(job.command("state", "show", expect=1), "not known", record.parent.name)
    [state] = job.command("state", "--json", expect=1).json()
    assert state["watermark"] is None and state["error"]["code"] == "unrecorded_rows"
    record.write_text(text)
    job.run()
    assert bodies(job) == ["a"] * runs + ["b"]


def test_rows_whose_record_is_missing_are_not_doubled_behind_those_of_another_job(events, headrace):
    job = incremental(headrace, events, cursor="id")
    for body in ("a", "b"):
        insert(events, body)
        job.run()
    missing = max(job.lake.glob("public.events/run-*/_commit.json"), key=lambda path: json.loads(path.read_text())["sequence"])
    other = postgres_job(headrace, events, {"name": "public.events", "write": "append", "where": "false"}, file="other.yaml", name="other")
    other.run()
    missing.unlink()
    said(job.run(expect=2), missing.parent.name, "_commit.json")


def test_a_window_without_rows_is_one_unit(events, headrace):
    """By the index that finds none, however large the table is."""
    events.execute(MANY)
    incremental(headrace, events, load={"initial": "2024-06-01"}, partition={"target_rows": 1000})
    plan = planned(headrace)
    assert len(plan["units"]) == 1 and plan["strategy"] != "pages", plan["strategy"]


def test_an_empty_table_says_nothing_of_a_column_to_cut_by(events, headrace):
    incremental(headrace, events)
    assert planned(headrace)["warnings"] == []


def test_a_column_that_was_added_is_not_answered_by_replace(events, headrace):
    job = incremental(headrace, events, cursor="id")
    insert(events, "a")
    job.run()
    events.execute("ALTER TABLE events ADD COLUMN colour text")
    refused = job.run(expect=2)
    said(refused, "+ colour: string", "load into another place")
    assert "replace" not in refused.stdout


@pytest.mark.parametrize("default", ["-nextval('numbers')", "nextval('numbers') % 1000"])
def test_a_default_that_makes_something_of_the_number_may_come_late(any_database, headrace, default):
    any_database.execute(f"CREATE SEQUENCE numbers; CREATE TABLE events (id bigint PRIMARY KEY DEFAULT {default}, body text)")
    insert(any_database, "a", "b")
    job = incremental(headrace, any_database, cursor="id")
    said(job.run(expect=2), "the DEFAULT of", "nextval", "late_rows: warn")


@pytest.mark.parametrize("column", ["bigserial", "smallserial", "int GENERATED BY DEFAULT AS IDENTITY", "int DEFAULT nextval('public.\"it''s\"')"])
def test_a_default_that_is_the_number_grows(any_database, headrace, column):
    any_database.execute(f'CREATE SEQUENCE "it\'s"; CREATE TABLE events (id {column} PRIMARY KEY, body text)')
    insert(any_database, "a", "b")
    incremental(headrace, any_database, cursor="id").run()


def test_a_cursor_without_its_mode_is_refused(events, headrace):
    """A line that is lost in an edit would make each run replace the table."""
    job = incremental(headrace, events, cursor="id")
    insert(events, "a")
    job.run()
    del job.document["tables"][0]["mode"]
    job.write()
    said(job.run(expect=2), "tables[0].cursor", "mode: transactional", "mode: catalog")
    job.run("--set", "tables[0].mode=catalog")


def test_utc_is_one_zone_under_all_its_names(database, headrace):
    database.execute("CREATE TABLE events (id bigserial, created_at timestamp DEFAULT (now() AT TIME ZONE 'UTC'), body text); CREATE INDEX ON events (created_at)")
    for zone in ("Etc/UTC", "UTC", "GMT"):
        incremental(headrace, database, load={"cursor_timezone": zone}).run()


def test_late_rows_that_are_allowed_end_the_alarm(events, headrace):
    job = incremental(headrace, events, cursor="id")
    insert(events, "a", "b")
    job.run()
    events.execute("TRUNCATE events RESTART IDENTITY")
    job.run(expect=2)
    insert(events, "c", "d", "e")
    job.run("--set", "tables[0].load.late_rows=warn")
    assert bodies(job) == ["a", "b", "e"]


def test_a_watermark_that_another_process_moved_meanwhile_is_no_alarm(events, headrace):
    """One job from two machines, each with a state of its own: the sequence was asked before the other one's commit."""
    job = incremental(headrace, events, cursor="id", load={"settle": "60s"})
    insert(events, "a")
    job.run()
    with writer(events) as late:
        insert(late, "b")
        slow = job.start("--set", "state=./elsewhere")
        waits_for_what_runs(events, slow)
        slow.send_signal(signal.SIGSTOP)
        late.commit()
    insert(events, "c", "d")
    job.run()
    slow.send_signal(signal.SIGCONT)
    ended(slow)
    job.run()
    assert bodies(job) == ["a", "b", "c", "d"]


def test_rows_that_a_full_load_has_appended_since_are_warned_of(events, headrace):
    job = incremental(headrace, events, cursor="id")
    insert(events, "a")
    job.run()
    insert(events, "b")
    job.run("--set", "tables[0].mode=catalog", "--set", "tables[0].write=append", "--set", "tables[0].where=id > 1")
    warnings = planned(headrace)["warnings"]
    assert any("appended rows without the cursor" in warning for warning in warnings), warnings


def test_transactions_of_one_message_all_have_its_time(events, headrace):
    """Between two of them the session runs none, and the next one has the old now(): it is at work all the while."""
    incremental(headrace, events)
    with events.connect() as writer, events.connect() as gate:
        pid = writer.info.backend_pid
        script = "BEGIN; INSERT INTO events (body) VALUES ('first'); COMMIT; " + "BEGIN; COMMIT; " * 100_000 + "SELECT pg_advisory_lock(1)"
        gate.execute("SELECT pg_advisory_lock(1)")
        thread = threading.Thread(target=writer.execute, args=[script], kwargs={"prepare": False})
        thread.start()
        until(lambda: events.execute("SELECT count(*) FROM events") == [(1,)], "the first transaction is committed")
        bounds = []
        while not bounds or not gate.execute("SELECT count(*) > 0 FROM pg_locks WHERE pid = %s AND NOT granted", [pid]).fetchone()[0]:
            bounds.append(planned(headrace)["cursor"])
        gate.execute("SELECT pg_advisory_unlock(1)")
        thread.join()
    written = events.execute("SELECT created_at AT TIME ZONE 'UTC' FROM events")[0][0].isoformat()
    assert all(bound["to"] < written and f"process {pid} is " in bound["about"] for bound in bounds), bounds


def test_a_transaction_that_has_failed_holds_nothing_back(events, headrace):
    incremental(headrace, events)
    with psycopg.connect(events.uri) as failed:
        with pytest.raises(psycopg.errors.DivisionByZero):
            failed.execute("SELECT 1 / 0")
        assert planned(headrace)["cursor"]["about"] == "the server's clock less 1 s"


def test_numbers_by_hand_are_noticed_also_of_a_sequence_that_was_never_asked(database, headrace):
    database.execute("CREATE TABLE events (id serial, body text); INSERT INTO events (id) SELECT generate_series(1, 100)")
    said(incremental(headrace, database, cursor="id").run(expect=2), "has the number 100, which its sequence has not come to")


def test_a_subscriber_by_its_root_is_noticed(database, headrace):
    """The catalogue alone is what is asked: no publisher is needed."""
    database.execute("CREATE TABLE events (id int, created_at timestamptz, body text) PARTITION BY RANGE (id); CREATE TABLE low PARTITION OF events FOR VALUES FROM (0) TO (100);"
                     f"CREATE SUBSCRIPTION {database.name}_s CONNECTION 'dbname=nobody' PUBLICATION p WITH (connect = false)")
    try:
        database.execute("SET allow_system_table_mods = on; INSERT INTO pg_subscription_rel SELECT oid, 'public.events'::regclass, 'r', '0/0' FROM pg_subscription")
        for table in ("public.events", "public.low"):
            incremental(headrace, database, table=table)
            said(headrace("plan", "job.yaml", expect=2), "logical subscriber", "late_rows: warn")
    finally:
        database.execute(f"ALTER SUBSCRIPTION {database.name}_s DISABLE; ALTER SUBSCRIPTION {database.name}_s SET (slot_name = NONE); DROP SUBSCRIPTION {database.name}_s")


@pytest.mark.parametrize("change, words", [
    ("ALTER SEQUENCE events_id_seq INCREMENT BY 50", "INCREMENT above 1"),
    ("ALTER SEQUENCE events_id_seq CACHE 5", "CACHE"),
    ("INSERT INTO events (id, body) OVERRIDING SYSTEM VALUE VALUES (1000, 'by hand')", 'has the number 1000, which its sequence has not come to'),
    ("ALTER TABLE events ALTER id DROP IDENTITY", 'no sequence fills "id"'),
])
def test_a_sequence_that_does_not_grow_one_by_one_may_come_late(events, headrace, change, words):
    insert(events, "a")
    job = incremental(headrace, events, cursor="id")
    job.run()
    events.execute(change)
    said(job.run(expect=2), words, "late_rows: warn")


def test_a_sequence_that_was_set_ahead_is_no_matter(events, headrace):
    insert(events, "a")
    job = incremental(headrace, events, cursor="id")
    job.run()
    events.execute("ALTER TABLE events ALTER id RESTART WITH 5000")
    job.run()
    insert(events, "b")
    job.run()
    assert bodies(job) == ["a", "b"]


OTHER_RELATIONS = """
CREATE MATERIALIZED VIEW kept AS SELECT * FROM events;
CREATE VIEW seen AS SELECT * FROM events;
"""


def test_rows_of_views_may_show_late(events, headrace):
    insert(events, "a")
    events.execute(OTHER_RELATIONS)
    pass_a_second(events)
    kept = incremental(headrace, events, table="public.kept")
    said(kept.run("--run-id", "kept", expect=2), "REFRESH of a materialized view", "late_rows: warn")
    kept.command("abandon", "kept")
    job = incremental(headrace, events, table="public.seen")
    said(job.run("--run-id", "view"), "below the watermark: they are never loaded")
    assert lake.count(job.lake, "public.seen") == 1


@pytest.mark.parametrize("cursor", ["created_at", "id"])
def test_a_query_has_a_cursor_too(any_database, headrace, cursor):
    any_database.execute(EVENTS)
    insert(any_database, "a", "b")
    pass_a_second(any_database)
    job = postgres_job(headrace, any_database, {"query": "SELECT * FROM events WHERE body <> 'b'", "as": "some", "mode": "transactional", "cursor": cursor, "load": {"late_rows": "warn"}})
    job.run()
    insert(any_database, "c")
    pass_a_second(any_database)
    job.run()
    assert lake.rows(job.lake, "some", "body") == [("a",), ("c",)]


def test_partitions_are_read_within_the_window(any_database, headrace):
    any_database.execute("CREATE TABLE events (id bigint, created_at timestamptz DEFAULT now(), body text) PARTITION BY RANGE (id);"
                         "CREATE TABLE low PARTITION OF events FOR VALUES FROM (0) TO (100); CREATE TABLE high PARTITION OF events FOR VALUES FROM (100) TO (1000);"
                         "INSERT INTO events (id, created_at, body) SELECT i, '2024-01-01'::timestamptz + i * interval '1 hour', i FROM generate_series(1, 200) AS i")
    job = incremental(headrace, any_database, load={"initial": "2024-01-03"}, partition={"target_rows": 20})
    job.run()
    assert sorted(lake.rows(job.lake, "public.events", "id")) == [(number,) for number in range(48, 201)]
    any_database.execute("INSERT INTO events VALUES (300, now() - interval '1 hour', 'new')")
    job.run()
    assert lake.count(job.lake, "public.events") == 153  # What is written with an earlier time than the watermark is not seen.


def test_the_zone_of_a_client_is_not_taken_for_the_columns(database, headrace):
    database.execute("CREATE TABLE events (created_at timestamp, body text)")
    job = incremental(headrace, database)
    job.environment = {"PGTZ": "Pacific/Kiritimati"}
    said(job.run("--run-id", "one", expect=2), "PGTZ", "load.cursor_timezone")
    job.command("abandon", "one")
    job.document["load"] = {"cursor_timezone": "UTC"}
    job.write()
    job.run()


def test_a_first_run_cannot_begin_in_the_future(events, headrace):
    said(incremental(headrace, events, load={"initial": "2999-01-01"}).run(expect=2), "load.initial, 2999-01-01T00:00:00Z, lies in the future")


def test_a_zone_that_is_not_the_columns_is_suspected(database, headrace):
    database.execute("CREATE TABLE events (created_at timestamp, body text); CREATE INDEX ON events (created_at);"
                     "INSERT INTO events VALUES ((clock_timestamp() AT TIME ZONE 'America/Phoenix') - interval '2 seconds', 'a'); ANALYZE events")
    incremental(headrace, database, load={"cursor_timezone": "UTC"})
    said("\n".join(planned(headrace)["warnings"]), "more than 15 minutes from now", "load.cursor_timezone")
    incremental(headrace, database, load={"cursor_timezone": "America/Phoenix"})
    assert planned(headrace)["warnings"] == []


ROOTS = {
    "partitioned": "CREATE TABLE events (id bigserial, part int, body text) PARTITION BY LIST (part)",
    "inherited": "CREATE TABLE events (id bigserial, part int, body text)",
}


@pytest.mark.parametrize("root, leaf, words", [
    ("partitioned", "CREATE TABLE one (id bigserial, part int, body text); ALTER TABLE events ATTACH PARTITION one FOR VALUES IN (1)",
     "into public.one itself has its \"id\" from public.one_id_seq, not from public.events_id_seq"),
    ("partitioned", "CREATE SEQUENCE other_seq; CREATE TABLE one PARTITION OF events (id DEFAULT nextval('other_seq')) FOR VALUES IN (1)", "from public.other_seq"),
    ("partitioned", "CREATE TABLE mid PARTITION OF events FOR VALUES IN (1) PARTITION BY LIST (body); CREATE TABLE one PARTITION OF mid (id DEFAULT 7) FOR VALUES IN ('late')",
     "from a DEFAULT that asks no sequence"),
    ("inherited", "CREATE TABLE one (id bigserial) INHERITS (events); CREATE TABLE two (id bigserial) INHERITS (events)", "(and so of 1 more)"),
], ids=["attached", "default", "constant", "inherited"])
def test_a_part_that_another_sequence_fills_may_bring_lower_numbers(any_database, headrace, root, leaf, words):
    any_database.execute(f"{ROOTS[root]}; {leaf}")
    job = incremental(headrace, any_database, cursor="id")
    said(job.run(expect=2), "what is inserted into public.one itself", words, "late_rows: warn")
    job.document["tables"][0]["load"] = {"late_rows": "warn"}
    job.write()
    said(job.run(), words, "they are never loaded")


@pytest.mark.parametrize("table", [
    "CREATE TABLE events (id bigserial, part int, body text) PARTITION BY LIST (part)",
    "CREATE SEQUENCE numbers; CREATE TABLE events (id bigint DEFAULT nextval('numbers'), part int, body text) PARTITION BY LIST (part)",
    "CREATE TABLE events (id bigint GENERATED ALWAYS AS IDENTITY, part int, body text) PARTITION BY LIST (part)",
], ids=["serial", "default", "identity"])
def test_partitions_that_their_root_fills_need_no_word(any_database, headrace, table):
    any_database.execute(f"{table}; CREATE TABLE one PARTITION OF events FOR VALUES IN (1); CREATE TABLE two PARTITION OF events FOR VALUES IN (2) PARTITION BY LIST (body);"
                         "CREATE TABLE two_b PARTITION OF two FOR VALUES IN ('b'); CREATE TABLE loose (id bigint NOT NULL, part int, body text);"
                         "ALTER TABLE events ATTACH PARTITION loose FOR VALUES IN (3)")
    job = incremental(headrace, any_database, cursor="id")
    any_database.execute("INSERT INTO events (part, body) VALUES (1, 'a'), (2, 'b'), (3, 'c')")
    assert not any("lower number" in warning for warning in planned(headrace)["warnings"])
    job.run()
    assert bodies(job) == ["a", "b", "c"]


def test_a_partition_by_itself_is_filled_through_its_root_too(database, headrace):
    database.execute(f"{ROOTS['partitioned']}; CREATE TABLE one (id bigserial, part int, body text); ALTER TABLE events ATTACH PARTITION one FOR VALUES IN (1)")
    said(incremental(headrace, database, cursor="id", table="public.one").run(expect=2), "into public.events itself has its \"id\" from public.events_id_seq, not from public.one_id_seq")


def test_tables_that_inherit_a_default_need_no_word(database, headrace):
    database.execute(f"{ROOTS['inherited']}; CREATE TABLE one () INHERITS (events)")
    job = incremental(headrace, database, cursor="id")
    insert(database, "a")
    database.execute("INSERT INTO one (body) VALUES ('b')")
    job.run()
    assert bodies(job) == ["a", "b"]


@pytest.fixture
def limited(database):
    """A role that may read tables, as the guide has it for full loads; its name."""
    name = f"limited_of_{database.name}"
    database.execute(f"CREATE ROLE {name} LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO {name}")
    yield name
    database.execute(f"DROP OWNED BY {name}; DROP ROLE {name}")


def test_a_sequence_that_the_role_may_not_read_is_no_proof(events, headrace, limited):
    insert(events, "a", "b")
    job = incremental(headrace, events, cursor="id")
    job.document["source"]["uri"] = events.server.uri(events.name, limited)
    job.write()
    grant = f"GRANT SELECT ON SEQUENCE public.events_id_seq TO {limited}"
    said(job.run(expect=2), "the role may not read public.events_id_seq", "RESTART IDENTITY", f"({grant} lets it)", "late_rows: warn")
    warned = job.run("--set", "tables[0].load.late_rows=warn")
    said(warned, "the role may not read public.events_id_seq", "they are never loaded")
    events.execute(grant)
    job.run()
    events.execute("TRUNCATE events RESTART IDENTITY")
    insert(events, "new")
    said(job.run(expect=2), "RESTART IDENTITY", "headrace state reset")


def test_a_sequence_in_a_schema_that_the_role_may_not_use_is_named_too(database, headrace, limited):
    database.execute("CREATE SCHEMA \"Numbers\"; CREATE SEQUENCE \"Numbers\".s; CREATE TABLE events (id bigint DEFAULT nextval('\"Numbers\".s'), body text);"
                     f"GRANT SELECT ON events TO {limited}")
    job = incremental(headrace, database, cursor="id")
    job.document["source"]["uri"] = database.server.uri(database.name, limited)
    job.write()
    grants = f"GRANT USAGE ON SCHEMA \"Numbers\" TO {limited}; GRANT SELECT ON SEQUENCE \"Numbers\".s TO {limited}"
    said(job.run(expect=2), f"({grants} lets it)")
    database.execute(grants)
    job.run()


BY_ROLE = "ALTER DATABASE {name} SET timezone = '{zone}'"


def test_a_zone_that_changes_between_runs_is_noticed(any_database, headrace):
    """Neither the job nor the table has changed: the window would jump by hours."""
    any_database.execute("CREATE TABLE events (created_at timestamp, body text); INSERT INTO events VALUES ('2024-01-01', 'a')")
    any_database.execute(BY_ROLE.format(name=any_database.name, zone="Asia/Tokyo"))
    job = incremental(headrace, any_database)
    job.run()
    assert records(job)[-1]["cursor_timezone"] == "Asia/Tokyo"
    said(job.command("state"), "(Asia/Tokyo)")
    assert job.command("state", "--json").json()[0]["cursor_timezone"] == "Asia/Tokyo"
    any_database.execute(BY_ROLE.format(name=any_database.name, zone="America/New_York"))
    refused = job.run("--run-id", "other", expect=2)
    said(refused, "is in the time zone Asia/Tokyo", '"created_at" is read in America/New_York now',
         "`cursor_timezone: Asia/Tokyo` in the job keeps it", "headrace state set public.events VALUE")
    said(headrace("plan", "job.yaml"), "is in the time zone Asia/Tokyo")
    assert [command[1] for command in proposed(refused)] == ["abandon", "state", "run"]
    job.command("abandon", "other")
    job.document["tables"][0]["load"] = {"cursor_timezone": "asia/tokyo"}
    job.write()
    job.run()
    del job.document["tables"][0]["load"]
    job.write()
    said(job.run("--run-id", "without", expect=2), "is in the time zone asia/tokyo")
    job.command("abandon", "without")
    job.command("state", "set", "public.events", "2024-01-02T00:00:00")
    assert "cursor_timezone" not in records(job)[-1]
    job.run()
    assert records(job)[-1]["cursor_timezone"] == "America/New_York"
    assert bodies(job) == ["a"]


def test_a_cursor_with_a_zone_does_not_care_for_that_of_the_role(events, headrace):
    job = incremental(headrace, events)
    for zone in ("Asia/Tokyo", "America/New_York"):
        events.execute(BY_ROLE.format(name=events.name, zone=zone))
        job.run()
    assert all("cursor_timezone" not in record for record in records(job))


@pytest.mark.parametrize("kind, index", [("timestamp", False), ("date", False), ("date", True)])
def test_a_zone_that_nothing_quick_tells_is_said_once(database, headrace, kind, index):
    database.execute(f"CREATE TABLE events (created_at {kind}, body text); INSERT INTO events VALUES ('2024-01-01', 'a')")
    database.execute(BY_ROLE.format(name=database.name, zone="Asia/Tokyo"))
    if index:
        database.execute("CREATE INDEX ON events (created_at)")
    unchecked = '"created_at" has no time zone and is taken to be in Asia/Tokyo, that of the role'
    for load, is_said in (({}, True), ({"initial": "2023-01-01"}, True), ({"cursor_timezone": "Asia/Tokyo"}, False)):
        job = incremental(headrace, database, load=load)
        assert any(unchecked in warning for warning in planned(headrace)["warnings"]) == is_said
    job = incremental(headrace, database)
    said(job.run(), unchecked, "load.cursor_timezone says for good")
    assert unchecked not in headrace("plan", "job.yaml", expect=0).stdout


def test_a_zone_that_an_index_tells_needs_no_word(database, headrace):
    database.execute("CREATE TABLE events (created_at timestamp, body text); CREATE INDEX ON events (created_at); INSERT INTO events VALUES (now() AT TIME ZONE 'UTC', 'a')")
    database.execute(BY_ROLE.format(name=database.name, zone="UTC"))
    incremental(headrace, database)
    assert planned(headrace)["warnings"] == []


def test_a_first_run_cannot_begin_above_the_sequence(events, headrace):
    insert(events, "a", "b", "c")
    job = incremental(headrace, events, cursor="id", load={"initial": 5000})
    said(job.run(expect=2), 'load.initial, 5000, lies above what the sequence of "id" gives next, 4', "begin at 4 or below")
    job.document["tables"][0]["load"] = {"initial": 4}
    job.write()
    job.run()
    insert(events, "d")
    job.run()
    assert bodies(job) == ["d"]


def test_of_sqlite_a_first_run_cannot_begin_above_the_sequence_either(headrace):
    shop = headrace.folder / "shop.db"
    with contextlib.closing(sqlite3.connect(shop)) as database:
        database.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY AUTOINCREMENT)")
        job = Job(headrace, {"type": "sqlite", "path": str(shop)}, [{"name": "orders", "mode": "transactional", "cursor": "id", "load": {"initial": 5000}}])
        job.run()  # Nothing tells yet what the sequence gives.
        database.executemany("INSERT INTO orders VALUES (?)", [(None,)] * 3)
        database.commit()
        said(job.run(expect=2), "load.initial, 5000, lies above what the sequence")


def test_a_moment_may_have_an_offset(events, headrace):
    events.execute("INSERT INTO events (created_at, body) VALUES ('2024-01-01 09:00Z', 'a'), ('2024-01-01 11:00Z', 'b'), ('2024-01-01 12:00Z', 'c')")
    job = incremental(headrace, events, load={"initial": "2024-01-01T12:00:00+02:00"})
    job.run()
    assert bodies(job) == ["b", "c"]
    job.command("state", "set", "public.events", "2024-01-01T06:30:00-05:00")
    assert records(job)[-1]["watermark"] == "2024-01-01T11:30:00Z"
    job.run()
    assert bodies(job) == ["b", "c", "c"]


def test_a_moment_with_an_offset_is_none_of_a_cursor_without_zone(database, headrace):
    database.execute("CREATE TABLE events (created_at timestamp, body text)")
    job = incremental(headrace, database)
    said(job.command("state", "set", "public.events", "2024-01-01T12:00:00+02:00", expect=2), "expected a moment without zone")


@pytest.mark.parametrize("kind, last", [("smallint", 32767), ("integer", 2147483647)])
def test_a_watermark_is_a_value_of_its_type(database, headrace, kind, last):
    database.execute(f"CREATE TABLE events (id {kind} GENERATED ALWAYS AS IDENTITY, body text)")
    job = incremental(headrace, database, cursor="id")
    said(job.command("state", "set", "public.events", str(last + 1), expect=2), f"expected an integer from {-last - 1} to {last}, found '{last + 1}'")
    job.command("state", "set", "public.events", str(last))
    job.command("state", "reset", "public.events")
    database.execute(f"INSERT INTO events (id, body) OVERRIDING SYSTEM VALUE VALUES ({last}, 'last')")
    database.execute(f"SELECT setval('events_id_seq', {last})")
    job.run()
    job.run()  # Its watermark lies one above what the type holds.
    assert bodies(job) == ["last"]


@pytest.mark.parametrize("kind", ["bigint", "bigint PRIMARY KEY", "bigint GENERATED BY DEFAULT AS IDENTITY"], ids=["no index", "key", "sequence"])
def test_the_very_last_number_hides_no_other_and_is_told(database, headrace, kind):
    """It is mostly a mark, and would be a watermark behind which nothing is new."""
    database.execute(f"CREATE TABLE events (id {kind}, body text); INSERT INTO events VALUES (1, 'a'), (9223372036854775807, 'mark')")
    job = incremental(headrace, database, cursor="id")
    said(job.run(expect=2), 'a row has 9223372036854775807 in "id"', "late_rows: warn loads the other rows")
    job.document["tables"][0]["load"] = {"late_rows": "warn"}
    job.write()
    told = 'a row has 9223372036854775807 in "id", the greatest number that there is, behind which no window can end: it is never loaded'
    said(job.run(), told)
    database.execute("INSERT INTO events VALUES (2, 'b')")
    assert any(told in warning for warning in planned(headrace)["warnings"])
    job.run()
    assert bodies(job) == ["a", "b"]
    database.execute("UPDATE events SET id = 3 WHERE body = 'mark'")
    assert told not in job.run().stderr
    assert bodies(job) == ["a", "b", "mark"]


@pytest.mark.parametrize("kind", ["INTEGER PRIMARY KEY AUTOINCREMENT", "INTEGER"])
def test_the_very_last_number_of_sqlite_hides_no_other_either(headrace, kind):
    with contextlib.closing(sqlite3.connect(headrace.folder / "shop.db", isolation_level=None)) as shop:
        shop.executescript(f"CREATE TABLE t (c {kind}); INSERT INTO t VALUES (1), (9223372036854775807)")
        job = Job(headrace, {"type": "sqlite", "path": "./shop.db"}, [{"name": "t", "mode": "transactional", "cursor": "c"}])
        said(job.run(expect=2), 'a row has 9223372036854775807 in "c"')
        job.document["tables"][0]["load"] = {"late_rows": "warn"}
        job.write()
        said(job.run(), 'a row has 9223372036854775807 in "c"')
        shop.execute("INSERT INTO t VALUES (2)")
        job.run()
        assert lake.rows(job.lake, "t", "c") == [(1,), (2,)]


def test_a_where_that_has_changed_is_told_once(events, headrace):
    """What it left out lies below the watermark; the record of the next run has the new one."""
    job = incremental(headrace, events, cursor="id", where="body <> 'no'")
    insert(events, "a", "no")
    job.run()
    assert planned(headrace)["warnings"] == []
    del job.document["tables"][0]["where"]
    job.write()
    told = "its `where` has changed since the watermark 3 of run "
    assert [warning for warning in planned(headrace)["warnings"] if told in warning]
    insert(events, "no")
    said(job.run(), told, "headrace state set public.events VALUE")
    assert bodies(job) == ["a", "no"]
    assert told not in job.run().stderr
    job.document["tables"][0]["where"] = "id > 0"
    job.write()
    job.command("state", "set", "public.events", "2")
    assert told not in job.run().stderr, "who says where to begin knows what is selected"
    assert bodies(job) == ["a", "no", "no", "no"]
    assert {len(record["where_digest"]) for record in records(job)} == {32}


def test_a_record_of_before_the_where_was_kept_tells_nothing_of_it(events, headrace):
    job = incremental(headrace, events, cursor="id")
    insert(events, "a")
    job.run()
    [path] = (job.lake / "public.events").glob("run-*/_commit.json")
    record = json.loads(path.read_text())
    del record["where_digest"]
    path.write_text(json.dumps(record))
    job.document["tables"][0]["where"] = "body <> 'no'"
    job.write()
    assert planned(headrace)["warnings"] == []
    job.run()
