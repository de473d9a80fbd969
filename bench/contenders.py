"""How each contender copies a workload's table: the commands, started together, and the folder that holds what they wrote."""

import datetime
import pathlib
import subprocess
import sys
from dataclasses import dataclass

from workloads import Workload

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent
PEERS = REPOSITORY / "bench" / "peers"

# Of datasets/pg_events_5m.sql.
EVENTS_BEGIN = datetime.datetime(2024, 1, 1)
EVENTS_APART = datetime.timedelta(seconds=6)

JOB = """\
name: bench
source: {source}
tables:
  - {{name: {table}, {settings}}}
destination: {{type: parquet, path: ./lake}}
state: ./state
"""

# Into the project, dataset and bucket of warehouse.py.
BIGQUERY_JOB = """\
name: bench
source: {{type: postgresql, uri: '{uri}'}}
tables:
  - public.{table}
destination: {{type: bigquery, project: test, dataset: bench, staging: gs://bench/headrace}}
state: ./state
"""
TARGET = "test.bench"

# The source section of the job, by contender and kind of source.
SOURCES = {
    ("headrace", "postgres"): "{{type: postgresql, uri: '{uri}'}}",
    ("headrace-libpq", "postgres"): "{{type: postgresql, uri: '{uri}', direct_socket: off}}",
    ("headrace", "sqlite"): "{{type: sqlite, path: '{uri}'}}",
}

# What a job says of its table, by contender; the others leave everything to the planner.
SETTINGS = {
    "headrace-by-id": "partition: {{strategy: id_range, column: id}}",
    "headrace-by-date": "partition: {{strategy: date_range, column: created_at}}",
    "headrace-by-hash": "partition: {{strategy: hash, column: id}}",
    "headrace-new-by-id": "mode: transactional, cursor: id, load: {{late_rows: warn}}",
    "headrace-new-tenth-by-id": "mode: transactional, cursor: id, load: {{late_rows: warn}}",
    "headrace-new-by-day": "mode: transactional, cursor: day",
}

# Contenders that copy what is new since a run before, and its share of the rows.
NEW = {
    "headrace-new-by-id": 0.01,
    "headrace-new-tenth-by-id": 0.1,
    "headrace-new-by-day": 0.01,
}

# From and to where a contender need not copy exactly so many: a day is more than a hundredth.
SHARES = {contender: (share, share) for contender, share in NEW.items()} | {"headrace-new-by-day": (0.01, 0.014), "insert-rows": (0.01, 0.01)}

# Contenders that throw away what they read, or only plan.
WRITE_NOTHING = {"floor", "headrace-plan", "plan_100k"}

# Contenders of a workload into BigQuery that write files all the same.
INTO_LAKE = {"headrace-to-lake"}

# A row is a unit, so that a small table makes many of them.
PLAN_JOB = """\
name: bench
source: {{type: sqlite, path: '{uri}'}}
tables:
  - {{name: {table}, partition: {{target_rows: 1}}}}
destination: {{type: parquet, path: ./lake}}
state: ./state
"""


@dataclass(frozen=True)
class Database:
    """Where a workload's table lies. `blocks` is its size in pages, for the floor's split."""

    uri: str
    blocks: int = 0
    rows: int = 0


def headrace(contender: str, program: pathlib.Path, workload: Workload, database: Database, folder: pathlib.Path):
    job = folder / "job.yaml"
    table = f"public.{workload.table}" if workload.kind == "postgres" else workload.table
    settings = SETTINGS.get(contender, "").format()
    source = SOURCES["headrace" if settings else contender, workload.kind].format(uri=database.uri)
    job.write_text(JOB.format(source=source, table=table, settings=settings))
    if contender in NEW:
        watermark = ["state", "set", table, first_new(contender, database), "--job", str(job), "--quiet"]
        subprocess.run([str(program), *watermark], check=True, stdout=subprocess.DEVNULL)
    return [[str(program), "run", str(job)]]


def first_new(contender: str, database: Database) -> str:
    """Where the run before has come to: an id, or a day."""
    new = database.rows - round(database.rows * NEW[contender]) + 1
    return str(new) if contender.endswith("id") else str((EVENTS_BEGIN + new * EVENTS_APART).date())


def headrace_plan(program: pathlib.Path, workload: Workload, database: Database, folder: pathlib.Path):
    job = folder / "job.yaml"
    job.write_text(PLAN_JOB.format(uri=database.uri, table=workload.table))
    return [["sh", "-c", 'exec "$1" plan "$2" --json --quiet > /dev/null', "plan", str(program), str(job)]]


def floor(workload: Workload, database: Database):
    """Two readers of half the pages each, which throw everything away."""
    middle = database.blocks // 2
    halves = (f"ctid < '({middle},0)'", f"ctid >= '({middle},0)'")
    copy = 'COPY (SELECT * FROM {table} WHERE {half}) TO STDOUT (FORMAT binary)'
    return [
        ["sh", "-c", 'exec psql "$1" -qc "$2" > /dev/null', "floor", database.uri, copy.format(table=workload.table, half=half)]
        for half in halves
    ]


def duckdb(workload: Workload, database: Database, folder: pathlib.Path):
    script = str(PEERS / "duckdb_copy.py")
    return [[sys.executable, script, workload.kind, database.uri, workload.table, str(folder / "out.parquet")]]


def connectorx(workload: Workload, database: Database, folder: pathlib.Path):
    uri = database.uri if workload.kind == "postgres" else f"sqlite://{database.uri}"
    script = str(PEERS / "connectorx_copy.py")
    return [[sys.executable, script, uri, workload.table, workload.key, str(folder / "out.parquet")]]


def into_bigquery(contender: str, program: pathlib.Path, workload: Workload, database: Database, folder: pathlib.Path):
    if contender in ("headrace", "headrace-to-lake"):
        job = folder / "job.yaml"
        source = SOURCES["headrace", "postgres"].format(uri=database.uri)
        lake = JOB.format(source=source, table=f"public.{workload.table}", settings="")
        job.write_text(lake if contender in INTO_LAKE else BIGQUERY_JOB.format(uri=database.uri, table=workload.table))
        return [[str(program), "run", str(job)]]
    share = [] if contender == "pandas" else [str(round(database.rows * SHARES[contender][0]))]
    return [[sys.executable, str(PEERS / "pandas_to_bigquery.py"), database.uri, workload.table, f"{TARGET}.{workload.table}", *share]]


def commands(contender: str, program: pathlib.Path, workload: Workload, database: Database, folder: pathlib.Path):
    if workload.kind == "bigquery":
        return into_bigquery(contender, program, workload, database, folder)
    if contender == "headrace-plan":
        return headrace_plan(program, workload, database, folder)
    if contender == "floor":
        return floor(workload, database)
    if contender == "duckdb":
        return duckdb(workload, database, folder)
    if contender == "connectorx":
        return connectorx(workload, database, folder)
    return headrace(contender, program, workload, database, folder)
