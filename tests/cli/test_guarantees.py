"""docs/guarantees.md names tests that there are."""

import ast
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "guarantees.md").read_text()


def functions(file: pathlib.Path) -> set[str]:
    return {node.name for node in ast.parse(file.read_text()).body if isinstance(node, ast.FunctionDef)}


def test_every_test_that_is_named_is_there():
    named = re.findall(r"`((?:integration|crash|cli)/\w+\.py)(?:::(\w+))?`", PAGE)
    assert len(named) > 30
    for file, function in named:
        path = ROOT / "tests" / file
        assert path.is_file(), file
        assert not function or function in functions(path), f"{file}::{function}"


def test_every_promise_has_its_limit_and_is_held_by_something():
    for promise in PAGE.split("\n## ")[1:]:
        assert "**Limit.**" in promise, promise.splitlines()[0]
        assert "**Held by**" in promise, promise.splitlines()[0]
