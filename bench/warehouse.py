"""What the bench loads into: stand-ins of BigQuery and of Cloud Storage, empty before each run."""

import contextlib
import os
import sys

from contenders import REPOSITORY

sys.path.insert(0, str(REPOSITORY / "tests"))
from harness.bucket import Bucket  # noqa: E402
from harness.dataset import Dataset  # noqa: E402
from harness.web import call  # noqa: E402
from servers.bigquery import PROJECT, BigQueryServer  # noqa: E402
from servers.gcs import GcsServer  # noqa: E402

DATASET = "bench"
BUCKET = "bench"


class Warehouse:
    """An empty dataset and an empty bucket. Commands that the bench starts find the servers by the environment."""

    def __init__(self, bigquery: BigQueryServer, gcs: GcsServer):
        self.bigquery = bigquery
        self.gcs = gcs
        self._dataset = Dataset(bigquery, DATASET)
        self._bucket = Bucket(gcs, BUCKET)
        os.environ |= {"BIGQUERY_EMULATOR_HOST": bigquery.uri(), "STORAGE_EMULATOR_HOST": gcs.uri(), "GOOGLE_CLOUD_PROJECT": PROJECT}

    def empty(self) -> None:
        self._dataset.remove()
        self._bucket.remove()
        self._dataset = Dataset(self.bigquery, DATASET)
        self._bucket = Bucket(self.gcs, BUCKET)

    def rows(self, table: str) -> int:
        """Of a table that may not be there."""
        answer = call("GET", self._dataset.url(table))
        return int(answer.json()["numRows"]) if answer.status == 200 else 0


@contextlib.contextmanager
def running():
    with GcsServer() as gcs, BigQueryServer(gcs.uri()) as bigquery:
        yield Warehouse(bigquery, gcs)
