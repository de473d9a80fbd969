"""kill -9 before every durable call of a run, then the same command again, for the loads that are neither in test_crash_points.py nor in test_crash_incremental.py."""

import itertools
import signal

import pytest
from harness import lake
from harness.job import SECONDS, ended
from harness.loads import Case, PostgresEvents, SqliteEvents


@pytest.fixture
def case(request, headrace, knife, kind, load):
    if kind == "sqlite":
        events = SqliteEvents(headrace.folder)
    else:
        database = request.getfixturevalue("own_database")
        events = PostgresEvents(database, database.uri, request.getfixturevalue("clock"))
    yield Case(headrace, knife, events, load, keyed=False, retries=5, workers=1, rows=40)
    events.close()


@pytest.mark.parametrize(("kind", "load"), [("sqlite", "incremental"), ("postgresql", "replace"), ("postgresql", "append"),
                                              ("postgresql", "incremental_by_time")])
def test_a_kill_before_every_durable_call(case):
    case.first_run()
    for point in itertools.count(1):
        if case.words:
            case.words = ["--run-id", f"point-{point}"]
        before, context = case.found(), f"killed before durable call {point}"
        run = case.start_second(environment=case.knife.kill(point))
        said = "".join(run.communicate(timeout=SECONDS))
        if run.returncode == 0:
            break
        assert run.returncode == -signal.SIGKILL, f"{context}\n{said}"
        assert case.found() in (before, case.wanted()), context
        ended(case.start_second())
        assert case.found() == case.wanted(), context
        if case.cursor is not None:
            case.expect_the_watermark()
        if lake.staged_files(case.job.lake):
            case.expect_nothing_left()
        case.batch()
    assert point > 20, "too few durable calls to be true"
    case.expect_the_source()
    case.expect_nothing_left()
