"""docs/guide/commands.md is what the program itself says of its commands."""

from pathlib import Path

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "guide" / "commands.md"


def test_commands_guide_is_up_to_date(headrace):
    printed = headrace("help", "--markdown", expect=0).stdout
    assert GUIDE.read_text() == printed, "run: headrace help --markdown > docs/guide/commands.md"
