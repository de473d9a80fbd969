"""A job that loads into a dataset of the stand-in of BigQuery, by a bucket of that of Google Cloud Storage."""

import json
import shutil
import sqlite3

from harness.bucket import Bucket
from harness.dataset import Dataset
from harness.job import FILE, SECONDS, Job
from servers.bigquery import PROJECT

PREFIX = "headrace"  # Of destination.staging.


class BigQueryJob(Job):
    """`environment` is one of conftest's for Google's services. `destination` has keys beyond those that a job needs; sections as Job's."""

    def __init__(self, headrace, dataset: Dataset, bucket: Bucket, environment: dict, source: dict, *tables: dict | str, file: str = FILE,
                 destination: dict | None = None, **sections):
        self.dataset = dataset
        self.bucket = bucket
        into = {"type": "bigquery", "project": PROJECT, "dataset": dataset.name, "staging": bucket.uri(PREFIX)} | (destination or {})
        super().__init__(headrace, source, list(tables), file, **({"destination": into} | sections))
        self.environment = dict(environment)

    def change(self, **keys) -> None:
        """Of the destination; None removes one."""
        into = self.document["destination"] | keys
        self.document["destination"] = {key: value for key, value in into.items() if value is not None}
        self.write()

    def change_table(self, **keys) -> None:
        """Of the first table."""
        self.document["tables"][0] |= keys
        self.write()

    def ask(self, command: str, *arguments: str, expect: int | None = 0):
        """A command whose word is the job: `plan`, `check`."""
        return self.headrace(command, self.file, *arguments, expect=expect, env=self.environment, timeout=SECONDS)

    def lose_state(self) -> None:
        """The machine with the state folder is gone."""
        shutil.rmtree(self.state, ignore_errors=True)

    def rows(self, table: str) -> list[list]:
        """As Dataset.rows."""
        return self.dataset.rows(table)

    def fields(self, table: str) -> dict[str, tuple[str, str]]:
        """Type and mode of a table's columns."""
        fields = self.dataset.get(table)["schema"]["fields"]
        return {field["name"]: (field["type"], field.get("mode", "NULLABLE")) for field in fields}

    def staged(self) -> list[str]:
        """What lies in the bucket until it is loaded."""
        return self.bucket.names(f"{PREFIX}/.staged/")

    def records(self, table: str) -> list[dict]:
        """The commit records of a table, in their order."""
        folder = f"{PREFIX}/{self.document['name']}/{PROJECT}.{self.dataset.name}.{table}/"
        return [json.loads(self.bucket.read(name)) for name in sorted(self.bucket.names(folder)) if ".commit." in name]

    def expect_nothing_staged(self) -> None:
        """When all runs have ended, `clean` leaves nothing."""
        self.command("clean")
        assert self.staged() == []


def loads_asked(proxy) -> list[dict]:
    """The configurations of the load jobs that were asked for, in their order."""
    asked = [request.json() for request in proxy.requests if request.method == "POST" and request.path.endswith("/jobs")]
    return [job["configuration"] for job in asked if "load" in job["configuration"]]


class SqliteItems:
    """`items` in a file of SQLite, which is a source too."""

    def __init__(self, folder):
        self.file = folder / "source.db"
        self.connection = sqlite3.connect(self.file, isolation_level=None)
        self.connection.execute("CREATE TABLE items (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT)")

    @property
    def source(self) -> dict:
        return {"type": "sqlite", "path": str(self.file)}

    def execute(self, text: str, *parameters) -> list[tuple]:
        return self.connection.execute(text, parameters).fetchall()

    def add(self, *names: str | None) -> None:
        self.connection.execute("BEGIN")
        self.connection.executemany("INSERT INTO items (name) VALUES (?)", [(name,) for name in names])
        self.connection.execute("COMMIT")

    def rows(self) -> list[list]:
        """As the stand-in of BigQuery shows them."""
        return sorted(([str(id), name] for id, name in self.execute("SELECT id, name FROM items")), key=repr)

    def close(self) -> None:
        self.connection.close()
