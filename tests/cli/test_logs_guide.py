"""docs/guide/logs.md names every event that the program has, and no other."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
EMITTED = re.compile(r'(?:\bEmit|\bTell)\(\s*Level::k\w+,\s*"(\w+)"|\.level = Level::k\w+,\s*\.name = "(\w+)"')
EVENT_ROW = re.compile(r"^\| (`\w+`(?:, `\w+`)*) \| (?:debug|info|warning|error) \|", re.MULTILINE)


def emitted_events() -> set[str]:
    sources = [path for path in (ROOT / "src").rglob("*.cc") if not path.name.endswith("_test.cc")]
    found = (EMITTED.findall(path.read_text()) for path in sources)
    return {name or other for names in found for name, other in names}


def test_every_event_is_explained():
    guide = (ROOT / "docs" / "guide" / "logs.md").read_text()
    explained = {name for row in EVENT_ROW.findall(guide) for name in re.findall(r"\w+", row)}
    assert explained == emitted_events()
