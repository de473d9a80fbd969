"""kill -9 at every request of a run that loads into BigQuery that changes something, then the same command again: each row is there once.

A request is killed at twice: right before it is passed on, and right after the services have done what it asks, before the answer comes."""

import collections
import itertools
import os
import signal
import threading

import pytest
from harness.job import SECONDS
from harness.web import call


def changes_something(request) -> bool:
    return request.method != "GET" and request.method != "HEAD"


class Knife:
    """Kills a run at its `point`-th request that changes something, of both services. Called on the proxies' threads."""

    def __init__(self, *proxies):
        self._lock = threading.Lock()
        self._armed = threading.Event()
        self._point = None
        self._seen = 0
        self._run = None
        self._is_late = False
        for proxy in proxies:
            proxy.fault(self, when=changes_something, times=None)

    def start(self, job, point: int, is_late: bool, *words: str):
        """A run that is killed there, or ends before."""
        with self._lock:
            self._point, self._is_late, self._seen = point, is_late, 0
            self._armed.clear()
        self._run = job.start(*words)
        self._armed.set()
        return self._run

    def rest(self) -> None:
        with self._lock:
            self._point = None

    def __call__(self, exchange):
        with self._lock:
            if self._point is not None:
                self._seen += 1
            is_here = self._point is not None and self._seen == self._point
        if not is_here:
            exchange.go_on()
            return
        self._armed.wait()
        if self._is_late:
            exchange.ask().read()
        os.kill(self._run.pid, signal.SIGKILL)
        self._run.wait()
        exchange.cut("killed")


@pytest.fixture
def knife(bigquery_proxy, gcs_proxy):
    return Knife(bigquery_proxy, gcs_proxy)


def rows_of(items) -> list[list]:
    return [[str(id), name] for id, name in items.execute("SELECT id, name FROM items")]


class Source:
    """Rows that each run is to find, and what the table is to have then."""

    def __init__(self, items, load: str):
        self.items = items
        self.load = load
        self.loaded = []
        self.numbers = itertools.count(1)

    def next(self) -> None:
        """The rows that the next run is to load, other ones each time."""
        if self.load == "append":
            self.loaded += rows_of(self.items)
        if self.load != "incremental":
            self.items.execute("DELETE FROM items")
        self.items.add(*(f"row {next(self.numbers)}" for _ in range(3)))

    def wanted(self) -> list[list]:
        return sorted(self.loaded + rows_of(self.items), key=repr)


LOADS = {"append": {"write": "append"}, "replace": {"write": "replace"}, "incremental": {"mode": "transactional", "cursor": "id"}}


def one_worker() -> dict:
    """The requests come in one order."""
    return {"workers": {"initial": 1, "max": 1}}


def kill(knife, job, point: int, when: str, *words: str) -> bool:
    """Runs and kills; False where the run has ended before the point."""
    run = knife.start(job, point, when == "after", *words)
    text = "".join(run.communicate(timeout=SECONDS))
    knife.rest()
    assert run.returncode in (0, -signal.SIGKILL), f"killed {when} request {point}\n{text}"
    return run.returncode != 0


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("state", ["kept", "lost"])
@pytest.mark.parametrize("load", list(LOADS))
def test_a_kill_at_every_request(items, into_bigquery, knife, load, state, when):
    """With a --run-id, as a scheduler has one: an append without it begins another run where the state is lost."""
    source = Source(items, load)
    job = into_bigquery(items.source, {"name": "items"} | LOADS[load], engine=one_worker())
    is_table_there = False
    for point in itertools.count(1):
        context, words = f"killed {when} request {point}", ["--run-id", f"point-{point}"]
        source.next()
        if not kill(knife, job, point, when, *words):
            break
        if state == "lost":
            job.lose_state()
        finished = job.run(*words, expect=None)
        assert finished.returncode == 0, f"{context}\n{finished.stdout}{finished.stderr}"
        is_table_there = True
        assert job.rows("items") == source.wanted(), context
        job.expect_nothing_staged()
    assert is_table_there and point > 8, "too few requests to be true"
    assert job.rows("items") == source.wanted()
    runs = collections.Counter(record["run"] for record in job.records("items"))
    assert set(runs.values()) == {1}


@pytest.mark.parametrize(("load", "state"), [("append", "kept"), ("replace", "kept"), ("replace", "lost"), ("incremental", "lost")])
def test_a_kill_of_a_run_without_an_id(items, into_bigquery, knife, load, state):
    """An append that was killed when it had been committed appends again: nothing tells its repetition from the next one."""
    source = Source(items, load)
    job = into_bigquery(items.source, {"name": "items"} | LOADS[load], engine=one_worker())
    for point in itertools.count(1):
        source.next()
        is_killed = kill(knife, job, point, "after")
        was_recorded = len(job.records("items")) == point
        if not is_killed:
            break
        if state == "lost":
            job.lose_state()
        job.run()
        if load == "append" and was_recorded and len(job.records("items")) > point:
            break
        assert job.rows("items") == source.wanted(), f"killed after request {point}"
        job.expect_nothing_staged()
    assert point > 4, "too few requests to be true"


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("load", ["append", "replace"])
def test_the_source_has_changed_when_the_run_is_repeated(items, into_bigquery, knife, load, when):
    """The state is lost. The rows are those of one moment, whichever: never some of each."""
    job = into_bigquery(items.source, {"name": "items", "partition": {"target_rows": 2}} | LOADS[load], engine=one_worker(), destination={"target_file_size": "1"})
    items.add(*["1000"] * 6)
    before, of_the_first_life = [], 0
    for point in itertools.count(1):
        killed = rows_of(items)
        is_killed = kill(knife, job, point, when, "--run-id", f"point-{point}")
        if not is_killed:
            break
        job.lose_state()
        items.execute("UPDATE items SET name = name + 1")
        repeated = rows_of(items)
        job.run("--run-id", f"point-{point}")
        found = job.rows("items")
        before = before if load == "append" else []
        wanted = [sorted(before + rows, key=repr) for rows in (killed, repeated)]
        assert found in wanted, f"killed {when} request {point}"
        of_the_first_life += found == wanted[0]
        before = found
        job.expect_nothing_staged()
    assert point > 8 and of_the_first_life > 0


@pytest.mark.parametrize(("write", "state", "when"), [("append", "kept", "before"), ("error_if_exists", "kept", "after"),
                                                      ("error_if_exists", "lost", "after")])
def test_a_kill_while_dataset_and_table_are_made(items, into_bigquery, knife, dataset, write, state, when):
    """The table has what no load job sets, too."""
    items.add("one", "two")
    for point in itertools.count(1):
        job = into_bigquery(items.source, {"name": "items", "write": write}, engine=one_worker(), name=f"job{point}",
                            destination={"dataset": f"{dataset.name}_{point}", "expiration": "2d"})
        url = f"{dataset.project}/datasets/{dataset.name}_{point}"
        try:
            words = ["--run-id", f"point-{point}"]
            is_killed = kill(knife, job, point, when, *words)
            if state == "lost":
                job.lose_state()
            job.run(*words)
            rows = [[cell["v"] for cell in row["f"]] for row in call("GET", f"{url}/tables/items/data").json()["rows"]]
            assert sorted(rows, key=repr) == items.rows(), f"killed {when} request {point}"
            assert "expirationTime" in call("GET", f"{url}/tables/items").json(), f"killed {when} request {point}"
            job.expect_nothing_staged()
        finally:
            call("DELETE", url, deleteContents="true")
        if not is_killed:
            break
    assert point > 10, "too few requests to be true"


def test_a_kill_of_a_run_of_two_tables(items, into_bigquery, knife):
    items.execute("CREATE TABLE others (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT)")
    job = into_bigquery(items.source, {"name": "items"} | LOADS["append"], {"name": "others"} | LOADS["incremental"], engine=one_worker())
    for point in itertools.count(1):
        items.add("one")
        items.execute("DELETE FROM items WHERE id < ?", point)
        items.execute("INSERT INTO others (name) VALUES ('other')")
        words = ["--run-id", f"point-{point}"]
        is_killed = kill(knife, job, point, "after", *words)
        job.run(*words)
        assert job.rows("items") == sorted([[str(number), "one"] for number in range(1, point + 1)], key=repr), f"killed after request {point}"
        assert len(job.rows("others")) == point, f"killed after request {point}"
        if not is_killed:
            break
    job.expect_nothing_staged()
    assert point > 15, "too few requests to be true"


def test_a_kill_of_a_run_from_postgres(database, into_bigquery, knife):
    database.execute("CREATE TABLE events (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body text)")
    job = into_bigquery({"type": "postgresql", "uri": database.uri}, {"name": "public.events"} | LOADS["incremental"], engine=one_worker())
    for point in itertools.count(1):
        database.execute("INSERT INTO events (body) VALUES ('a'), ('b')")
        is_killed = kill(knife, job, point, "after")
        if point % 2:
            job.lose_state()
        job.run()
        assert sorted(int(id) for id, _ in job.rows("events")) == list(range(1, 2 * point + 1)), f"killed after request {point}"
        if not is_killed:
            break
    job.expect_nothing_staged()
    assert point > 8, "too few requests to be true"
