"""The tests' own PostgreSQL servers: a run that was cut off leaves nothing that the next one stumbles over."""

import json
import pathlib
import subprocess
import sys

PROGRAM = pathlib.Path(__file__).resolve().parent / "postgres.py"


def test_a_state_file_whose_cluster_is_gone(tmp_path):
    """As after a restart of the machine, which empties /tmp: its pid belongs to nobody, or to somebody else."""
    state = tmp_path / "state.json"
    state.write_text(json.dumps({"version": "15", "folder": str(tmp_path / "gone"), "port": 1, "pid": 1}))
    subprocess.run([sys.executable, PROGRAM, "stop", "--state", state], check=True)
    assert not state.exists()
