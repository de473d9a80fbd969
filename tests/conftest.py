"""Fixtures of every pytest suite: the program under test, real PostgreSQL servers, stand-ins of Google's services.

ctest says which program to test (HEADRACE_BIN); by hand it is the newest of the usual builds:

    build/venv/bin/python -m pytest tests/cli -k version
"""

import functools
import itertools
import json
import os
import re
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from harness.bigquery_job import BigQueryJob, SqliteItems
from harness.bucket import Bucket
from harness.dataset import Dataset
from harness.gate import until
from harness.job import PATIENCE
from servers.api_proxy import ApiProxy
from servers.bigquery import BigQueryServer
from servers.gcs import GcsServer
from servers.postgres import PostgresServer, versions_to_test

ROOT = Path(__file__).resolve().parent.parent
PROGRAM_SECONDS = 300 * PATIENCE
NONE_RAN = 77  # What ctest calls "Skipped", see cmake/HeadraceTest.cmake.
STAND_INS = pytest.StashKey[list]()  # The stand-ins of Google's services that run.
numbers = itertools.count(1)


def pytest_sessionfinish(session, exitstatus):
    """A suite of which every test was skipped has not passed."""
    outcomes = session.config.pluginmanager.get_plugin("terminalreporter").stats
    if exitstatus == pytest.ExitCode.OK and outcomes.get("skipped") and not outcomes.get("passed"):
        session.exitstatus = NONE_RAN


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    """A test that fails shows what the stand-ins have said: their folders go with them."""
    report = yield
    if report.failed:
        for server in item.session.stash.get(STAND_INS, []):
            report.sections.append((f"The end of the log of {server.title}", server.log_tail()))
    return report


@dataclass(frozen=True)
class Finished:
    """How a command ended and what it said."""

    arguments: list
    returncode: int
    stdout: str
    stderr: str

    def json(self):
        """The one JSON document on stdout."""
        return json.loads(self.stdout)

    def json_lines(self):
        """The JSON documents on stderr, one a line, as `--log-format json` writes them."""
        return [json.loads(line) for line in self.stderr.splitlines() if line.startswith("{")]


class Headrace:
    """The program, run in a folder of the test's own."""

    def __init__(self, program, folder):
        self.program = program
        self.folder = folder
        self.before_each = lambda: None
        """Called before each call that runs to the end: what has to be over by then is waited for here."""
        self._running = []

    def __call__(self, *arguments, expect=None, env=None, timeout=PROGRAM_SECONDS):
        """Runs to the end. `expect` is the exit status to insist on; without it the test looks for itself."""
        self.before_each()
        command = self._command(arguments)
        done = subprocess.run(command, cwd=self.folder, env=self._environment(env), stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=timeout, check=False)
        finished = Finished(command, done.returncode, done.stdout, done.stderr)
        if expect is not None and finished.returncode != expect:
            pytest.fail(f"{' '.join(command)}\nended with {finished.returncode}, not {expect}\n"
                        f"--- stdout\n{finished.stdout}\n--- stderr\n{finished.stderr}", pytrace=False)
        return finished

    def start(self, *arguments, env=None, **popen):
        """Starts the program and returns its subprocess.Popen; killed at the end of the test if it still runs."""
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **popen}
        process = subprocess.Popen(self._command(arguments), cwd=self.folder, env=self._environment(env),
                                   stdin=subprocess.DEVNULL, **streams)
        self._running.append(process)
        return process

    def write(self, name, text):
        """Writes a file into the folder; returns its path."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def write_job(self, job, name="job.yaml"):
        """Writes a job file from YAML text or from a dict (JSON is YAML); returns its name for the command line."""
        self.write(name, job if isinstance(job, str) else json.dumps(job, indent=1))
        return name

    def end(self):
        for process in self._running:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
            process.communicate()

    def _command(self, arguments):
        return [str(self.program), *map(str, arguments)]

    @staticmethod
    def _environment(extra):
        # What the shell of the developer has set must not decide a test.
        kept = {name: value for name, value in os.environ.items() if not re.match(r"(PG|HEADRACE_)", name)}
        return {**kept, "LC_ALL": "C.UTF-8", "TZ": "UTC", **(extra or {})}


class Database:
    """A new, empty database on a test server, dropped after the test."""

    def __init__(self, server, name):
        self.server = server
        self.name = name

    @property
    def uri(self):
        return self.server.uri(self.name)

    @property
    def socket_uri(self):
        return self.server.socket_uri(self.name)

    def connect(self, **options):
        return psycopg.connect(self.uri, autocommit=True, **options)

    def execute(self, statement, parameters=None):
        """Runs one statement, or several without parameters; returns the rows if it has any."""
        with self.connect() as connection, connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            return cursor.fetchall() if cursor.description else None

    def analyze(self, table):
        """ANALYZE behind which the server counts no changes: a session tells of its own when it ends, or later."""
        with self.connect() as connection:
            def changes():
                return connection.execute("SELECT pg_stat_get_mod_since_analyze(%s::regclass)", (table,)).fetchone()[0]
            until(changes, "the server counts the rows")
            connection.execute(f"ANALYZE {table}")
            until(lambda: changes() == 0, "the server counts from here")


class Servers:
    """The servers of a session, one per version, started when first asked for."""

    def __init__(self):
        self._servers = {}
        self._databases = 0

    def get(self, version):
        if version not in self._servers:
            server = PostgresServer(version, {"max_prepared_transactions": 10})
            self._servers[version] = server  # before the start: one that fails is removed too
            server.start()
        return self._servers[version]

    def make_database(self, server):
        self._databases += 1
        name = f"test_{self._databases}"
        with psycopg.connect(server.uri(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return Database(server, name)

    def drop_database(self, database):
        with psycopg.connect(database.server.uri(), autocommit=True) as connection:
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
                               (database.name,))
            connection.execute(f"DROP DATABASE {database.name}")

    def remove(self):
        for server in self._servers.values():
            server.remove()


def find_program():
    if "HEADRACE_BIN" in os.environ:
        return Path(os.environ["HEADRACE_BIN"])
    built = [path for path in (ROOT / "build" / preset / "headrace" for preset in ("test", "dev", "release"))
             if path.exists()]
    if not built:
        pytest.exit("no headrace is built: `make build`, or set HEADRACE_BIN")
    return max(built, key=lambda path: path.stat().st_mtime)


@pytest.fixture(scope="session")
def program():
    """Path of the program under test."""
    return find_program()


@pytest.fixture
def headrace(program, tmp_path):
    """The program, to be called with its arguments; see Headrace."""
    runner = Headrace(program, tmp_path)
    yield runner
    runner.end()


@pytest.fixture(scope="session")
def postgres_servers():
    """The servers of this session by version; for tests that need more than one of the fixtures below."""
    servers = Servers()
    yield servers
    servers.remove()


def main_version():
    """The version for tests that do not go through all of them."""
    return os.environ.get("HEADRACE_POSTGRES_MAIN", "15")


@pytest.fixture(scope="session")
def postgres(postgres_servers):
    """A running PostgreSQL of the main version. Tests that stop or restart it leave it running."""
    return postgres_servers.get(main_version())


@pytest.fixture(scope="session", params=versions_to_test())
def any_postgres(request, postgres_servers):
    """A running PostgreSQL of each tested version in turn."""
    return postgres_servers.get(request.param)


@pytest.fixture
def database(postgres, postgres_servers):
    """A new database on PostgreSQL of the main version; see Database."""
    made = postgres_servers.make_database(postgres)
    yield made
    postgres_servers.drop_database(made)


@pytest.fixture
def any_database(any_postgres, postgres_servers):
    """A new database on PostgreSQL of each tested version in turn."""
    made = postgres_servers.make_database(any_postgres)
    yield made
    postgres_servers.drop_database(made)


def stand_in(session, server):
    """Runs the server for the rest of the session."""
    with server:
        running = session.stash.setdefault(STAND_INS, [])
        running.append(server)
        yield server
        running.remove(server)


@pytest.fixture(scope="session")
def gcs(request):
    """A running stand-in of Google Cloud Storage."""
    yield from stand_in(request.session, GcsServer())


@pytest.fixture(scope="session")
def bigquery(request, gcs):
    """A running stand-in of BigQuery, which reads `gs://` at that of Google Cloud Storage."""
    yield from stand_in(request.session, BigQueryServer(gcs.uri()))


@pytest.fixture
def bucket(gcs):
    """A new bucket; see Bucket."""
    made = Bucket(gcs, f"bucket-{next(numbers)}")
    yield made
    made.remove()


@pytest.fixture
def dataset(bigquery):
    """A new dataset; see Dataset."""
    made = Dataset(bigquery, f"dataset_{next(numbers)}")
    yield made
    made.remove()


@pytest.fixture
def bigquery_proxy(bigquery):
    """A proxy in front of the stand-in of BigQuery, which shows what it is asked and makes faults; see ApiProxy."""
    with ApiProxy(bigquery.uri()) as proxy:
        yield proxy


@pytest.fixture
def gcs_proxy(gcs):
    """The same in front of the stand-in of Google Cloud Storage. That of BigQuery reads `gs://` past it."""
    with ApiProxy(gcs.uri()) as proxy:
        yield proxy


def google_environment(bigquery, gcs):
    """The environment in which the program takes these for Google's services; each is a URI."""
    return {"BIGQUERY_EMULATOR_HOST": bigquery, "STORAGE_EMULATOR_HOST": gcs}


@pytest.fixture
def proxied(bigquery_proxy, gcs_proxy):
    """The environment in which the program asks both services through their proxies."""
    return google_environment(bigquery_proxy.uri, gcs_proxy.uri)


@pytest.fixture
def into_bigquery(headrace, dataset, bucket, proxied):
    """Makes jobs that load into `dataset`, by `bucket` and through the proxies: called with a source and tables, see BigQueryJob."""
    return functools.partial(BigQueryJob, headrace, dataset, bucket, proxied)


@pytest.fixture
def items(tmp_path):
    """A small table of SQLite; see SqliteItems."""
    made = SqliteItems(tmp_path)
    yield made
    made.close()
