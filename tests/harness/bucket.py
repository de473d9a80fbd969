"""A bucket on a stand-in of Google Cloud Storage, seen through its JSON API."""

import io
import urllib.parse

import pyarrow
import pyarrow.parquet

from harness.web import Answer, call, multipart


class Bucket:
    def __init__(self, server, name: str):
        self.server = server
        self.name = name
        self.objects = f"{server.uri()}/storage/v1/b/{name}/o"
        self.uploads = f"{server.uri()}/upload/storage/v1/b/{name}/o"
        made = call("POST", f"{server.uri()}/storage/v1/b", {"name": name}, project="test")
        assert made.status == 200, made.body

    def remove(self) -> None:
        for name in self.names():
            self.delete(name)
        assert call("DELETE", f"{self.server.uri()}/storage/v1/b/{self.name}").status == 200

    def uri(self, name: str) -> str:
        """What a load job takes; `*` is for any characters."""
        return f"gs://{self.name}/{name}"

    def url(self, name: str) -> str:
        return f"{self.objects}/{urllib.parse.quote(name, safe='')}"

    def upload(self, name: str, data: bytes, description: dict | None = None, **query) -> Answer:
        """One request with name and data; the only kind of upload on which the stand-in looks at `ifGenerationMatch`."""
        return call("POST", self.uploads, **multipart({"name": name, **(description or {})}, data), uploadType="multipart", **query)

    def write(self, name: str, data: bytes) -> str:
        """Writes an object; returns its gs:// URI."""
        assert self.upload(name, data).status == 200
        return self.uri(name)

    def write_parquet(self, name: str, table: pyarrow.Table | dict) -> str:
        return self.write(name, parquet(table))

    def read(self, name: str) -> bytes:
        answer = call("GET", self.url(name), alt="media")
        assert answer.status == 200, answer.body
        return answer.body

    def names(self, prefix: str = "") -> list[str]:
        return [item["name"] for item in call("GET", self.objects, prefix=prefix).json().get("items", [])]

    def delete(self, name: str) -> Answer:
        return call("DELETE", self.url(name))


def parquet(table: pyarrow.Table | dict) -> bytes:
    file = io.BytesIO()
    pyarrow.parquet.write_table(table if isinstance(table, pyarrow.Table) else pyarrow.table(table), file)
    return file.getvalue()
