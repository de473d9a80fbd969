"""The named workloads, their peers and what is wanted of headrace on them. Names never change: results are compared by them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Workload:
    name: str
    kind: str  # postgres, sqlite: copied by headrace and its peers; bigquery: PostgreSQL's table into BigQuery; plan: planned and not read
    rows: int
    doc: str
    table: str = ""
    key: str = "-"  # what ConnectorX partitions on; -: it cannot
    peers: tuple[str, ...] = ()
    dataset: str = ""  # datasets/<this>.sql makes the table; empty: the workload's own name
    analyzed: bool = True  # the statistics are those of the whole table; else those that the script made halfway


@dataclass(frozen=True)
class Wanted:
    """`contender`'s figure is to be at most `limit` times that of `base`, or at most `limit` itself where there is no base."""

    workload: str
    contender: str
    figure: str
    limit: float
    base: str = ""
    unit: float = 1


POSTGRES_PEERS = ("headrace", "headrace-libpq", "floor", "duckdb", "connectorx")

WORKLOADS = (
    Workload("pg_events_5m", "postgres", 5_000_000, "10 mixed columns, one of them incompressible", "events", "id", POSTGRES_PEERS),
    Workload(
        "pg_events_5m_cuts",
        "postgres",
        5_000_000,
        "the table of pg_events_5m by pages, by ranges of its key and of an indexed time, in whose order it lies, and by hash",
        "events",
        peers=("headrace", "headrace-by-id", "headrace-by-date", "headrace-by-hash"),
        dataset="pg_events_5m",
    ),
    Workload(
        "pg_incremental",
        "postgres",
        5_000_000,
        "a second run, of the newest hundredth and tenth of the rows of pg_events_5m by an indexed cursor (id), and by one without an index (day), beside all of them",
        "events",
        peers=("headrace", "headrace-new-by-id", "headrace-new-tenth-by-id", "headrace-new-by-day"),
        dataset="pg_events_5m",
    ),
    Workload(
        "pg_skew",
        "postgres",
        5_000_000,
        "60 % of the rows in one hour of a year, by pages and by ranges of the indexed time",
        "skewed",
        peers=("headrace", "headrace-by-date"),
    ),
    Workload(
        "pg_skew_unseen",
        "postgres",
        5_000_000,
        "the same rows, the statistics from before that hour: its unit is divided while it is read",
        "skewed_since",
        peers=("headrace", "headrace-by-date"),
        dataset="pg_skew",
        analyzed=False,
    ),
    Workload("pg_taxi", "postgres", 5_000_000, "19 columns in the shape of the NYC yellow taxi table", "taxi", "pu_location_id", POSTGRES_PEERS),
    Workload("pg_wide_text", "postgres", 300_000, "9 columns, long text", "wide_text", "id", POSTGRES_PEERS),
    Workload("sqlite_orders", "sqlite", 3_000_000, "8 columns from one SQLite file", "orders", "id", ("headrace", "duckdb", "connectorx")),
    Workload(
        "pg_to_bigquery_1m",
        "bigquery",
        1_000_000,
        "the table of pg_events_5m, shorter, into BigQuery, beside what users write in Python, from PostgreSQL to job done on one stand-in, whose own work is "
        "in the wall times; headrace-to-lake is the same copy to a local directory; insert-rows loads a hundredth",
        "events",
        peers=("headrace", "headrace-to-lake", "pandas", "insert-rows"),
        dataset="pg_events_5m",
    ),
    Workload(
        "plan_100k",
        "plan",
        100_000,
        "about as many units, planned by the planner alone (plan_100k) and by the command with its JSON (headrace-plan)",
        "orders",
        peers=("plan_100k", "headrace-plan"),
        dataset="sqlite_orders",
    ),
)

MEGABYTE = 1_000_000

WANTED = (
    Wanted("pg_events_5m", "headrace", "wall", 0.70, "duckdb"),
    Wanted("pg_events_5m", "headrace", "wall", 1.30, "floor"),
    Wanted("pg_events_5m", "headrace", "cpu", 0.45, "duckdb"),
    Wanted("pg_events_5m", "headrace-libpq", "cpu", 0.55, "duckdb"),
    Wanted("pg_events_5m", "headrace", "wall", 0.40, "connectorx"),
    Wanted("pg_events_5m", "headrace", "peak_rss", 96, unit=MEGABYTE),
    Wanted("pg_events_5m", "headrace", "output", 1.15, "duckdb"),
    Wanted("pg_events_5m_cuts", "headrace-by-id", "wall", 1.25, "headrace"),
    Wanted("pg_events_5m_cuts", "headrace-by-date", "wall", 1.25, "headrace"),
    Wanted("pg_incremental", "headrace-new-by-id", "wall", 0.10, "headrace"),
    Wanted("pg_incremental", "headrace-new-tenth-by-id", "wall", 0.25, "headrace"),
    Wanted("pg_incremental", "headrace-new-by-day", "wall", 1.0, "headrace"),
    Wanted("pg_skew", "headrace-by-date", "idle", 0.15),
    Wanted("pg_skew_unseen", "headrace-by-date", "idle", 0.15),
    Wanted("pg_to_bigquery_1m", "headrace", "cpu", 0.10, "pandas"),
    Wanted("pg_to_bigquery_1m", "headrace", "cpu", 1.15, "headrace-to-lake"),
    Wanted("plan_100k", "plan_100k", "wall", 1.0),
    Wanted("plan_100k", "plan_100k", "peak_rss", 100, unit=MEGABYTE),
    Wanted("plan_100k", "headrace-plan", "wall", 1.0),
    Wanted("plan_100k", "headrace-plan", "peak_rss", 100, unit=MEGABYTE),
)
