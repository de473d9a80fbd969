"""kill -9 at every request of a run that loads into BigQuery that changes something, then the same command again: each row is there once.

A request is killed at twice: right before it is passed on, and right after the services have done what it asks, before the answer comes."""

import collections
import itertools
import os
import signal
import threading

import pytest
from harness.job import SECONDS


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


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("state", ["kept", "lost"])
@pytest.mark.parametrize("load", list(LOADS))
def test_a_kill_at_every_request(items, into_bigquery, knife, load, state, when):
    """With a --run-id, as a scheduler has one: an append without it begins another run where the state is lost."""
    source = Source(items, load)
    job = into_bigquery(items.source, {"name": "items"} | LOADS[load], engine={"workers": {"initial": 1, "max": 1}})
    is_table_there = False
    for point in itertools.count(1):
        context, words = f"killed {when} request {point}", ["--run-id", f"point-{point}"]
        source.next()
        run = knife.start(job, point, when == "after", *words)
        text = "".join(run.communicate(timeout=SECONDS))
        knife.rest()
        if run.returncode == 0:
            break
        assert run.returncode == -signal.SIGKILL, f"{context}\n{text}"
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
