"""`run --from --to`: rows of a range of the cursor that no run has loaded, once, with the watermark left where it is."""

import contextlib
import json
import signal
import sqlite3

import pytest
from harness import lake
from harness.gate import gate, until
from harness.job import Job, ended, postgres_job, said

ROWS = "INSERT INTO events SELECT i, '2024-01-01'::timestamptz + i * interval '1 day' FROM generate_series(1, 10) AS i"


@pytest.fixture
def events(database):
    database.execute("CREATE TABLE events (id bigserial PRIMARY KEY, created_at timestamptz DEFAULT now()); CREATE INDEX ON events (created_at)")
    database.execute(ROWS)
    database.execute("SELECT setval('events_id_seq', 10)")
    return database


def job_of(headrace, events, cursor="id", **load) -> Job:
    return postgres_job(headrace, events, {"name": "public.events", "mode": "transactional", "cursor": cursor, "load": load})


def ids(job, table="events") -> list[int]:
    return sorted(number for number, in lake.rows(job.lake, f"public.{table}", "id"))


def watermark(job) -> str:
    return job.command("state", "--json").json()[0]["watermark"]


@pytest.mark.parametrize("cursor, begin, low, high", [("id", "7", "3", "6"), ("created_at", "2024-01-08", "2024-01-04", "2024-01-07T00:00:00Z")])
def test_rows_below_the_first_window_are_loaded_and_the_watermark_stays(events, headrace, cursor, begin, low, high):
    job = job_of(headrace, events, cursor, initial=begin)
    job.run()
    assert ids(job) == [7, 8, 9, 10]
    before = watermark(job)
    said(job.run("--from", low, "--to", high), f"the rows with {cursor} from", "the watermark stays")
    assert ids(job) == [3, 4, 5, 7, 8, 9, 10]
    assert watermark(job) == before
    events.execute("INSERT INTO events DEFAULT VALUES")
    until(lambda: events.execute("SELECT clock_timestamp() - max(created_at) > interval '1.01 s' FROM events") == [(True,)], "a second is over")
    job.run()
    assert ids(job) == [3, 4, 5, 7, 8, 9, 10, 11], "the runs to come begin where they would have"
    said(job.run("--to", high, expect=2), "would be there twice")
    said(job.run("--from", low, expect=2), "would be there twice")
    job.run("--to", low)
    assert ids(job) == [1, 2, 3, 4, 5, 7, 8, 9, 10, 11]
    backfill = json.loads(max(job.lake.glob("public.events/run-*/_commit.json"), key=lambda path: path.stat().st_mtime_ns).read_text())
    assert backfill["cursor_column"] is None and backfill["window"]["column"] == cursor
    assert job.command("verify", "latest").returncode == 0


def test_rows_of_sqlite_below_the_first_window_too(headrace):
    shop = headrace.folder / "shop.db"
    with contextlib.closing(sqlite3.connect(shop)) as database:
        database.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY AUTOINCREMENT)")
        database.executemany("INSERT INTO orders VALUES (?)", [(None,)] * 10)
        database.commit()
        job = Job(headrace, {"type": "sqlite", "path": str(shop)}, [{"name": "orders", "mode": "transactional", "cursor": "id", "load": {"initial": 7}}])

        def loaded() -> list[int]:
            return sorted(number for number, in lake.rows(job.lake, "orders"))

        job.run()
        assert loaded() == [7, 8, 9, 10]
        before = watermark(job)
        said(job.run("--from", "3", "--to", "6"), "the rows with id from 3 to before 6 are loaded", "the watermark stays")
        assert loaded() == [3, 4, 5, 7, 8, 9, 10]
        assert watermark(job) == before == "11"
        said(job.run("--from", "5", "--to", "7", expect=2), "would be there twice")
        database.execute("INSERT INTO orders VALUES (NULL)")
        database.commit()
        job.run()
        job.run("--to", "3")
        job.run("--from", "6", "--to", "7")
        assert loaded() == list(range(1, 12)), "all of them, and none twice"
        assert watermark(job) == "12"
    job.command("verify", "latest", "--level", "checksum")


def test_what_the_next_run_loads_is_refused(events, headrace):
    job = job_of(headrace, events, initial="5")
    job.run()
    said(job.run("--from", "1", "--to", "12", expect=2), "--to must be 11 or lower", "its next run loads")
    plan = headrace("plan", "job.yaml", "--from", "1", "--to", "3", "--json", expect=0).json()["tables"][0]
    assert (plan["cursor"]["from"], plan["cursor"]["to"]) == ("1", "3")
    assert plan["cursor"]["waiting_rows"] is None
    assert ids(job) == [5, 6, 7, 8, 9, 10], "a plan loads nothing"


def runs(job) -> list[dict]:
    return job.command("runs", "--json").json()["runs"]


@pytest.mark.parametrize("words", [["--from", "junk"], ["--from", "1", "--to", "junk"], ["--from", "4", "--to", "4"], ["--from", "1", "--to", "6"]],
                         ids=["from", "to", "empty", "loaded"])
def test_a_backfill_that_is_refused_leaves_nothing_behind(events, headrace, words):
    job = job_of(headrace, events, initial="5")
    job.run()
    before = runs(job)
    refused = job.run("--run-id", "january", *words, expect=2)
    said(refused, "run january, a backfill that was refused, is not kept")
    assert "headrace abandon" not in refused.stdout
    assert runs(job) == before
    job.command("state", "set", "public.events", "11")
    said(job.run("--resume"), "nothing to resume")
    job.run("--run-id", "january", "--from", "1", "--to", "4")
    assert ids(job) == [1, 2, 3, 5, 6, 7, 8, 9, 10], "the id is free"
    assert lake.staged_files(job.lake) == []


def be_killed_in_a_backfill(job, held, *words: str) -> None:
    """While its first row stands at the gate, which is open then."""
    job.document["tables"][0]["where"] = "gate()"
    job.write()
    process = job.start(*words, "--from", "1", "--to", "4")
    held.wait_for_reader(process)
    process.send_signal(signal.SIGKILL)
    ended(process, -signal.SIGKILL)
    held.open()


def test_an_unfinished_backfill_does_not_keep_the_watermark_from_being_set(events, headrace):
    """It moves none. What it goes on with must fit then."""
    job = job_of(headrace, events, initial="5")
    job.run()
    with gate(events.uri) as held:
        be_killed_in_a_backfill(job, held)
        job.command("state", "set", "public.events", "3")
        said(job.run("--from", "1", "--to", "4", expect=2), "--to must be 3 or lower")
        job.command("state", "set", "public.events", "11")
        job.run("--from", "1", "--to", "4")
    assert ids(job) == [1, 2, 3, 5, 6, 7, 8, 9, 10]


def test_a_table_that_is_loaded_whole_has_no_backfill(events, headrace):
    job = postgres_job(headrace, events, {"name": "public.events", "write": "append"})
    said(job.run("--from", "1", expect=2), "is not in 'mode: transactional'")


def test_history_in_pieces_before_the_first_run(events, headrace):
    job = job_of(headrace, events)
    said(job.run("--from", "1", expect=2), "--to is missing")
    job.run("--from", "1", "--to", "4")
    job.run("--from", "4", "--to", "9")
    said(job.run("--run-id", "first", expect=2), "a backfill", "headrace state set public.events VALUE")
    job.command("abandon", "first")
    job.command("state", "set", "public.events", "9")
    job.run()
    assert ids(job) == list(range(1, 11))


def fail_in_orders(job, events) -> None:
    events.execute("ALTER TABLE orders RENAME TO away")
    said(job.run("--from", "1", "--to", "4", expect=1), "headrace run --from 1 --to 4 --only public.orders\n")
    events.execute("ALTER TABLE away RENAME TO orders")


def be_killed_in_orders(job, events) -> None:
    with gate(events.uri) as held:
        process = job.start("--from", "1", "--to", "4")
        held.wait_for_reader(process)
        until(lambda: 1 in ids(job), "events is published")
        process.send_signal(signal.SIGKILL)
        ended(process, -signal.SIGKILL)


@pytest.mark.parametrize("stop", [fail_in_orders, be_killed_in_orders])
def test_a_backfill_that_was_stopped_is_continued_by_its_own_range_alone(events, headrace, stop):
    """One of its tables is published then, the other is not."""
    events.execute("CREATE TABLE orders (LIKE events INCLUDING ALL); INSERT INTO orders SELECT * FROM events")
    with gate(events.uri):
        pass  # From here on it is there, and open.
    load = {"mode": "transactional", "cursor": "id", "load": {"initial": "5", "late_rows": "warn"}}
    job = postgres_job(headrace, events, {"name": "public.events"} | load, {"name": "public.orders", "where": "gate()"} | load)
    job.run()
    stop(job, events)
    loaded = [1, 2, 3, 5, 6, 7, 8, 9, 10]
    assert (ids(job), ids(job, "orders")) == (loaded, [5, 6, 7, 8, 9, 10])
    said(job.run(expect=2), "repeat it with its --from and --to", "headrace abandon")
    other = job.run("--from", "2", "--to", "3", expect=2)
    said(other, "headrace run --from … --to … --only public.orders`, whose range is that of the run that is given up")
    assert "--from 2" not in other.stdout + other.stderr, "of what is left that range would be a part"
    said(job.command("show", "latest"), "headrace run --from … --to …")
    job.run("--from", "1", "--to", "4")
    assert (ids(job), ids(job, "orders")) == (loaded, loaded)
    said(job.run("--from", "1", "--to", "4", expect=2), "would be there twice")
    assert (ids(job), ids(job, "orders")) == (loaded, loaded)


def test_a_range_that_is_refused_for_one_of_two_tables_is_given_up_and_chosen_anew(events, headrace):
    events.execute("CREATE TABLE orders (LIKE events INCLUDING ALL); INSERT INTO orders SELECT * FROM events")
    load = {"mode": "transactional", "cursor": "id"}
    late = {"late_rows": "warn"}
    job = postgres_job(headrace, events, {"name": "public.events"} | load | {"load": late | {"initial": "5"}},
                       {"name": "public.orders"} | load | {"load": late | {"initial": "3"}})
    job.run()
    refused = job.run("--from", "2", "--to", "5", expect=1)
    said(refused, "would be there twice", "next: choose another range for it, once what is left of this run is given up:")
    [abandon] = [line.split() for line in refused.stdout.splitlines() if line.startswith("      headrace ")]
    headrace(*abandon[1:], expect=0)
    job.run("--from", "2", "--to", "3", "--only", "public.orders")
    assert (ids(job), ids(job, "orders")) == ([2, 3, 4, 5, 6, 7, 8, 9, 10], [2, 3, 4, 5, 6, 7, 8, 9, 10])


def test_who_continues_a_backfill_by_its_id_with_another_range_is_told(events, headrace):
    """That is how a range that was wrong is mended: it is another one from then on."""
    job = job_of(headrace, events, initial="5")
    job.run()
    with gate(events.uri) as held:
        be_killed_in_a_backfill(job, held, "--run-id", "back")
        job.run("--run-id", "back", "--from", "2", "--to", "4")
    [note] = [note for note in json.loads(job.command("show", "back", "--json").stdout)["report"]["notes"] if note.startswith("continuing run back")]
    said(note, "with the job as it is now", "or --from and --to")
    assert ids(job) == [2, 3, 5, 6, 7, 8, 9, 10]
