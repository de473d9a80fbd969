"""kill -9 at every durable call of a run, and the state folder goes with the machine: a scheduler runs the same --run-id elsewhere."""

import itertools
import shutil
import signal
import sqlite3

import pytest
from harness import lake
from harness.job import Job

ROWS = 4000
FIRST_GENERATION = 1000  # Generations are of one width: files of two of them have the same size.


@pytest.fixture
def source(tmp_path):
    file = tmp_path / "source.db"
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, generation INTEGER)")
    connection.execute("WITH RECURSIVE ids(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM ids LIMIT ?) "
                       "INSERT INTO orders SELECT id, ? FROM ids", (ROWS, FIRST_GENERATION))
    yield connection
    connection.close()


def make_job(headrace, write: str, workers: int) -> Job:
    table = {"name": "orders", "write": write, "partition": {"target_rows": 500}}
    return Job(headrace, {"type": "sqlite", "path": "./source.db"}, [table], engine={"type": "local", "workers": {"initial": workers, "max": workers}},
               destination={"type": "parquet", "path": "./lake", "compression": "none", "target_file_size": "1MiB", "grace": "0s"})


def start_generation(source, generation: int) -> None:
    source.execute("UPDATE orders SET generation = ?", (generation,))


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("write", ["append", "replace"])
def test_a_run_whose_state_is_lost_publishes_the_source_as_it_is(headrace, source, knife, write, workers):
    job = make_job(headrace, write, workers)
    job.run("--run-id", "point-0")
    generations = itertools.count(FIRST_GENERATION + 1)
    published_before = 0
    for point in itertools.count(1):
        run_id, context = f"point-{point}", f"killed after durable call {point}"
        killed = next(generations)
        start_generation(source, killed)
        job.environment = knife.kill(point, "after")
        finished = job.run("--run-id", run_id, expect=None)
        job.environment = {}
        if finished.returncode == 0:
            break
        assert finished.returncode == -signal.SIGKILL, f"{context}\n{finished.stdout}{finished.stderr}"
        shutil.rmtree(job.state, ignore_errors=True)  # The first calls of a run make it.
        was_published = lake.count(job.lake, f"orders/run-{run_id}") > 0
        published_before += was_published
        now = killed if was_published else next(generations)
        start_generation(source, now if not was_published else next(generations))

        job.run("--run-id", run_id)
        expected = [(id, now) for id in range(1, ROWS + 1)]
        assert sorted(zip(*lake.read(job.lake, f"orders/run-{run_id}").to_pydict().values())) == expected, context
        assert lake.count(job.lake, "orders") == (ROWS * (point + 1) if write == "append" else ROWS), context
    assert point > 10 and published_before > 0, "too few durable calls to be true"


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_window_whose_state_is_lost_needs_no_run_id(headrace, source, knife, when):
    """The watermark lies with the data: the next run begins where the last commit ended, wherever the one before was killed."""
    source.executescript("DROP TABLE orders; CREATE TABLE orders (id INTEGER PRIMARY KEY AUTOINCREMENT)")
    table = {"name": "orders", "mode": "transactional", "cursor": "id", "partition": {"target_rows": 5}}
    job = Job(headrace, {"type": "sqlite", "path": "./source.db"}, [table])
    for point in itertools.count(1):
        source.executemany("INSERT INTO orders VALUES (?)", [(None,)] * 20)
        job.environment = knife.kill(point, when)
        finished = job.run(expect=None)
        job.environment = {}
        shutil.rmtree(job.state, ignore_errors=True)
        if finished.returncode != 0:
            assert finished.returncode == -signal.SIGKILL, f"killed {when} durable call {point}\n{finished.stdout}{finished.stderr}"
            job.run()
        assert sorted(lake.rows(job.lake, "orders")) == [(id,) for id in range(1, 20 * point + 1)], f"killed {when} durable call {point}"
        if finished.returncode == 0:
            break
    assert point > 20, "too few durable calls to be true"
