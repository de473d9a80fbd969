"""Makes the tables of the workloads, once per machine: what was made from the same text with as many rows is used again."""

import hashlib
import os
import pathlib
import sqlite3
import subprocess

from contenders import Database
from workloads import Workload

DATASETS = pathlib.Path(__file__).resolve().parent / "datasets"


def say(text: str) -> None:
    print(text, flush=True)


def script(workload: Workload) -> pathlib.Path:
    return DATASETS / f"{workload.dataset or workload.name}.sql"


def fingerprint(workload: Workload, rows: int) -> str:
    text = script(workload).read_text()
    return hashlib.sha256(f"{rows}\n{text}".encode()).hexdigest()[:16]


def psql(uri: str, *arguments: str) -> str:
    command = ["psql", uri, "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", *arguments]
    quiet = os.environ | {"PGOPTIONS": "-c client_min_messages=warning"}
    return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE, env=quiet).stdout.strip()


def load_postgres(uri: str, workload: Workload, rows: int) -> Database:
    """The table, frozen, analysed and in the server's memory. Its comment says what it was made from."""
    table, wanted = workload.table, fingerprint(workload, rows)
    if psql(uri, "-c", f"SELECT obj_description(to_regclass('{table}'))") != wanted:
        say(f"{workload.name}: making {rows:,} rows")
        psql(uri, "-c", f"DROP TABLE IF EXISTS {table}")
        psql(uri, "-1", "-v", f"rows={rows}", "-v", f"table={table}", "-f", str(script(workload)))
        psql(uri, "-c", f"COMMENT ON TABLE {table} IS '{wanted}'")
        psql(uri, "-c", f"VACUUM (FREEZE{', ANALYZE' if workload.analyzed else ''}) {table}")
        if not workload.analyzed:
            # As behind a crash, or on a new primary: nothing tells that the statistics do not hold.
            psql(uri, "-c", f"SELECT pg_stat_reset_single_table_counters('{table}'::regclass)")
    psql(uri, "-c", "CREATE EXTENSION IF NOT EXISTS pg_prewarm", "-c", f"SELECT pg_prewarm('{table}')")
    blocks = psql(uri, "-c", f"SELECT pg_relation_size('{table}') / current_setting('block_size')::bigint")
    return Database(uri, int(blocks), rows)


def load_sqlite(folder: pathlib.Path, workload: Workload, rows: int) -> Database:
    file = folder / f"{workload.name}-{fingerprint(workload, rows)}.db"
    if not file.exists():
        say(f"{workload.name}: making {rows:,} rows")
        unfinished = file.with_suffix(".new")
        unfinished.unlink(missing_ok=True)
        connection = sqlite3.connect(unfinished)
        text = script(workload).read_text().replace(":rows", str(rows))
        connection.executescript(f"BEGIN; {text} COMMIT;")
        connection.close()
        unfinished.rename(file)
    return Database(str(file))
