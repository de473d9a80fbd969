"""A throw-away stand-in of BigQuery for the tests: local-bigquery, which keeps its tables in a folder of its own.

    with GcsServer() as storage, BigQueryServer(storage.uri()) as server:
        urllib.request.urlopen(server.uri() + "/bigquery/v2/projects/test/datasets")

From a shell the server outlives the command:

    bigquery.py start --storage "$(cat gcs.uri)" --state bigquery.json --uri-file bigquery.uri
    bigquery.py stop --state bigquery.json

How it differs from the service is in tests/servers/test_bigquery.py.
"""

import sys
import urllib.error
import urllib.request
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from servers.process import START_SECONDS, Server, ServerError, command_line, free_port, listens, run
from servers.stand_ins import installed

PROJECT = "test"
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class BigQueryServer(Server):
    """One server, which reads `gs://` at `storage`; any credential is taken. Not thread-safe.

    Its REST interface is at `port`, the Storage Read and Write APIs are at `grpc_port`, without TLS.
    """

    title = "the stand-in of BigQuery"
    kind = "bigquery"

    def __init__(self, storage):
        super().__init__()
        self.storage = storage
        self.grpc_port = None

    def uri(self):
        """What BIGQUERY_EMULATOR_HOST takes."""
        return f"http://127.0.0.1:{self.port}"

    def state(self):
        return {"storage": self.storage, "grpc_port": self.grpc_port, **super().state()}

    def adopt(self, state):
        super().adopt(state)
        self.grpc_port = state["grpc_port"]

    def _choose_ports(self):
        super()._choose_ports()
        self.grpc_port = free_port()

    def _command(self):
        return [installed("venv/bin/local-bigquery"), "--host", "127.0.0.1", "--port", str(self.port), "--grpc-port", str(self.grpc_port),
                "--project", PROJECT, "--data-dir", self.folder / "data"]

    def _environment(self):
        # DuckDB's extensions are in the home folder of the installation.
        return {**super()._environment(), "HOME": str(installed("home")), "STORAGE_EMULATOR_HOST": self.storage}

    def _ready(self):
        """The first request makes the database, for which every extension must be there."""
        if not listens(self.pid, self.port) or not listens(self.pid, self.grpc_port):
            return False
        try:
            with DIRECT.open(f"{self.uri()}/bigquery/v2/projects/{PROJECT}/datasets", timeout=START_SECONDS):
                return True
        except urllib.error.HTTPError as error:
            raise ServerError(f"{self.title} answers {error.code}: {error.read().decode(errors='replace')}") from error
        except OSError:  # It has ended.
            return False


def uri_or_file(text):
    """The URI file of gcs.py, for a caller that cannot read it."""
    return Path(text[1:]).read_text() if text.startswith("@") else text


if __name__ == "__main__":
    sys.exit(run(command_line(
        "A throw-away stand-in of BigQuery.", lambda arguments: BigQueryServer(arguments.storage),
        lambda start: start.add_argument("--storage", type=uri_or_file, required=True, help="URI of the GCS that gs:// means, or @FILE that holds it"))[0]))
