"""Where the stand-ins of Google's services are installed: scripts/install_stand_ins.sh asks, gcs.py and bigquery.py look there.

    stand_ins.py folder       print the folder of the pinned versions
    stand_ins.py has          exit status 0 when they are installed
"""

import hashlib
import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from servers.process import ServerError, tools_folder

REQUIREMENTS = Path(__file__).resolve().parents[2] / "requirements-stand-ins.txt"
COMPLETE = "complete"  # Written last: a folder without it is of an installation that was cut off.


def folder():
    """One for each version of the requirements: branches that pin others do not take it from one another."""
    return tools_folder() / f"stand-ins-{hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:12]}"


def is_complete():
    """An interpreter of a version manager may be gone since."""
    return (folder() / COMPLETE).exists() and (folder() / "venv/bin/python").exists()


def installed(path):
    """A file of the stand-ins, by its path or pattern in their folder."""
    found = list(folder().glob(path)) if is_complete() else []
    if not found:
        raise ServerError("the stand-ins of BigQuery and GCS are not installed: run `make deps`, or scripts/install_stand_ins.sh")
    return found[0]


def main():
    if sys.argv[1:] == ["folder"]:
        print(folder())
        return 0
    if sys.argv[1:] == ["has"]:
        return 0 if is_complete() else 1
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
