"""Golden cases of the command line: text files that say what is typed and what comes out.

    # What the case is about.
    === file job.yaml            a file in the folder of the case
    === sqlite shop.db           SQL that makes a SQLite database there
    === env NAME=VALUE           for every command of the case
    === run headrace plan        a command; what follows belongs to it
    === damage PATTERN           overwrites the middle of the files that match, before the commands that follow
    === exit 2                   its exit status; without it 0
    === stdout                   everything on standard output; without it nothing
    === stderr                   everything on standard error; without it nothing
    === sometimes TEXT           lines of standard error with TEXT may be there or not: what a slow machine says of its progress
    === json                     instead of stdout: one JSON document, of which each line `path: value` must hold

Placeholders in expected texts stand for what differs from run to run: {run} is a run id, the same one wherever it stands,
commands included; the others are in PLACEHOLDERS. {...} alone on a line stands for any lines. Between columns any number of
spaces is as good as another, since columns are as wide as their cells. In paths `#` is a length.
"""

import json
import re
import shlex
import sqlite3
from dataclasses import dataclass, field

PLACEHOLDERS = {
    "run": r"\d{8}T\d{6}-[0-9a-f]{6}",
    "time": r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{3})?)?Z?",
    "seconds": r"\d+(?:\.\d+)? s",
    "count": r"\d[\d,]*",
    "bytes": r"\d+(?:\.\d)? [kMG]?B",
    "percent": r"\d+%",
    "version": r"\d+\.\d+(?:\.\d+)*",
    "hex": r"[0-9a-f]+",
    "text": r".+",
}
PLACEHOLDER = re.compile(r"\{(" + "|".join(PLACEHOLDERS) + r")\}")
ANY_LINES = "{...}"
WITH_LINES = ("file", "sqlite", "stdout", "stderr", "json")


@dataclass
class Step:
    """One command and what is expected of it."""

    command: list
    exit: int = 0
    stdout: list = field(default_factory=list)
    stderr: list = field(default_factory=list)
    json: list = None
    sometimes: list = field(default_factory=list)

    def certain(self, lines):
        """Those of `lines` that come at every speed."""
        return [line for line in lines if not any(text in line for text in self.sometimes)]


@dataclass
class Damage:
    """Files to be overwritten."""

    pattern: str

    def do(self, folder):
        paths = list(folder.glob(self.pattern))
        assert paths, f"nothing to damage: {self.pattern}"
        for path in paths:
            content = bytearray(path.read_bytes())
            for at in range(len(content) // 4, 3 * len(content) // 4):
                content[at] ^= 0xFF
            path.write_bytes(content)


@dataclass
class Case:
    """One text file."""

    files: dict = field(default_factory=dict)
    databases: dict = field(default_factory=dict)
    environment: dict = field(default_factory=dict)
    steps: list = field(default_factory=list)


def parse_case(text):
    case = Case()
    section = []
    for line in text.splitlines():
        if not line.startswith("=== "):
            if section is None and line.strip():
                raise ValueError(f"belongs to nothing: {line}")
            if section is not None:
                section.append(line)
            continue
        kind, _, argument = line[4:].partition(" ")
        section = [] if kind in WITH_LINES else None
        if kind == "file":
            case.files[argument] = section
        elif kind == "sqlite":
            case.databases[argument] = section
        elif kind == "env":
            name, _, value = argument.partition("=")
            case.environment[name] = value
        elif kind == "run":
            case.steps.append(Step(shlex.split(argument)))
        elif kind == "damage":
            case.steps.append(Damage(argument))
        elif kind == "exit":
            case.steps[-1].exit = int(argument)
        elif kind in ("stdout", "stderr", "json"):
            setattr(case.steps[-1], kind, section)
        elif kind == "sometimes":
            case.steps[-1].sometimes.append(argument)
        else:
            raise ValueError(f"unknown section: {line}")
    return case


def without_trailing_blanks(lines):
    end = len(lines)
    while end > 0 and not lines[end - 1].strip():
        end -= 1
    return lines[:end]


class Transcript:
    """Compares what a case expects with what came out, and remembers what placeholders stood for."""

    def __init__(self, folder):
        self.run = None
        self.folder = str(folder)

    def fill(self, text):
        """`text` with what is known in the place of {folder} and {run}."""
        text = text.replace("{folder}", self.folder)
        return text.replace("{run}", self.run) if self.run else text

    def pattern(self, line):
        """A regular expression for one expected line."""
        line = self.fill(line)
        indent = len(line) - len(line.lstrip())
        if not PLACEHOLDER.search(line):
            return re.escape(line[:indent]) + re.sub(r"(?:\\ ){2,}", " {2,}", re.escape(line[indent:]))
        seen_run = False
        parts = []
        for index, part in enumerate(PLACEHOLDER.split(line)):
            if index % 2 == 0:
                parts.append(re.sub(r"(?:\\ )+", " +", re.escape(part)))
            elif part == "run":
                parts.append("(?P=run)" if seen_run else f"(?P<run>{PLACEHOLDERS['run']})")
                seen_run = True
            else:
                parts.append(f"(?:{PLACEHOLDERS[part]})")
        return "".join(parts)

    def line_matches(self, expected, actual):
        match = re.fullmatch(self.pattern(expected), actual)
        if match and "run" in match.groupdict():
            self.run = match.group("run")
        return match is not None

    def mismatch(self, expected, actual):
        """None, or why the lines of `actual` are not those of `expected`."""
        expected = without_trailing_blanks(expected)
        actual = without_trailing_blanks(actual)
        at = 0
        for number, line in enumerate(expected):
            if line == ANY_LINES:
                rest = expected[number + 1:]
                while at < len(actual) and not (rest and self.line_matches(rest[0], actual[at])):
                    at += 1
                continue
            if at >= len(actual):
                return f"missing: {self.fill(line)}"
            if not self.line_matches(line, actual[at]):
                return f"expected: {self.fill(line)}\n but got: {actual[at]}"
            at += 1
        return None if at == len(actual) else f"too much: {actual[at]}"

    def json_mismatch(self, expected, text):
        """The same for a JSON document and lines `path: value`."""
        document = json.loads(text)
        for line in without_trailing_blanks(expected):
            path, _, value = line.partition(": ")
            actual = value_at(document, path)
            shown = json.dumps(actual, ensure_ascii=False)
            if not self.line_matches(value, shown):
                return f"{path}: expected {self.fill(value)}, got {shown}"
        return None


def value_at(document, path):
    for key in re.findall(r"[^.\[\]]+", path):
        if key == "#":
            document = len(document)
        elif isinstance(document, list):
            document = document[int(key)]
        else:
            document = document[key]
    return document


def make_database(path, statements):
    with sqlite3.connect(path) as connection:
        connection.executescript("\n".join(statements))
    connection.close()
