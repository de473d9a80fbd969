"""A dataset on a stand-in of BigQuery, seen through its REST API."""

import uuid

from harness.gate import until
from harness.web import Answer, call
from servers.bigquery import PROJECT


class Dataset:
    def __init__(self, server, name: str):
        self.server = server
        self.name = name
        self.project = f"{server.uri()}/bigquery/v2/projects/{PROJECT}"
        self.uploads = f"{server.uri()}/upload/bigquery/v2/projects/{PROJECT}/jobs"
        made = call("POST", f"{self.project}/datasets", {"datasetReference": {"projectId": PROJECT, "datasetId": name}})
        assert made.status == 200, made.body

    def remove(self) -> None:
        assert call("DELETE", f"{self.project}/datasets/{self.name}", deleteContents="true").status == 204

    def url(self, table: str) -> str:
        return f"{self.project}/datasets/{self.name}/tables/{table}"

    def reference(self, table: str) -> dict:
        return {"projectId": PROJECT, "datasetId": self.name, "tableId": table}

    def make(self, table: str, *fields: str, **properties) -> dict:
        """Makes a table of fields such as "id INTEGER REQUIRED"; returns what the server says of it."""
        answer = call("POST", f"{self.project}/datasets/{self.name}/tables",
                      {"tableReference": self.reference(table), "schema": schema(*fields), **properties})
        assert answer.status == 200, answer.body
        return answer.json()

    def get(self, table: str) -> dict:
        answer = call("GET", self.url(table))
        assert answer.status == 200, answer.body
        return answer.json()

    def patch(self, table: str, **properties) -> dict:
        answer = call("PATCH", self.url(table), properties)
        assert answer.status == 200, answer.body
        return answer.json()

    def rows(self, table: str) -> list[list]:
        """The values of the rows as the server writes them: text, or None; sorted by their text."""
        answer = call("GET", self.url(table) + "/data")
        assert answer.status == 200, answer.body
        return sorted(([cell["v"] for cell in row["f"]] for row in answer.json().get("rows", [])), key=repr)

    def insert(self, configuration: dict, job: str) -> Answer:
        """Asks for a job of this id."""
        return call("POST", f"{self.project}/jobs", {"jobReference": {"projectId": PROJECT, "jobId": job}, "configuration": configuration})

    def done(self, job: str) -> dict:
        """The job of this id when it has ended, well or not."""
        def ended():
            answer = call("GET", f"{self.project}/jobs/{job}")
            assert answer.status == 200, answer.body
            return answer.json()["status"]["state"] == "DONE" and answer.json()

        return until(ended, f"job {job} ends")

    def run(self, configuration: dict) -> dict:
        """Runs a job of a new id to its end, well or not."""
        job = new_id()
        answer = self.insert(configuration, job)
        assert answer.status == 200, answer.body
        return self.done(job)

    def load(self, table: str, *uris: str, **options) -> dict:
        """Runs a load job of Parquet files."""
        return self.run(self.load_of(table, *uris, **options))

    def load_of(self, table: str, *uris: str, **options) -> dict:
        return {"load": {"destinationTable": self.reference(table), "sourceUris": list(uris), "sourceFormat": "PARQUET", **options}}

    def query(self, text: str, **options) -> dict:
        """Runs a query job; `{}` in its text is this dataset."""
        return self.run({"query": {"query": text.format(f"`{PROJECT}.{self.name}`"), "useLegacySql": False, **options}})


def new_id() -> str:
    return f"test_{uuid.uuid4().hex}"


def schema(*fields: str) -> dict:
    """Of fields such as "id INTEGER REQUIRED"."""
    return {"fields": [dict(zip(("name", "type", "mode"), field.split())) for field in fields]}


def error(job: dict) -> str | None:
    """Why a job has failed; None if it has not."""
    return job["status"].get("errorResult", {}).get("message")
