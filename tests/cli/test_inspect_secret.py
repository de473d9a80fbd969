"""A password in the URI of `inspect` is in nothing that is printed, however the URI is broken."""

import pytest

REFUSING = "127.0.0.1:1"


@pytest.mark.parametrize("password, pieces", [
    ("hunter2", ["hunter2"]),
    ("hunt%40er2", ["hunt%40er2", "hunt@er2"]),
    ("hunt/er2", ["hunt", "er2"]),
    ("hunt:er2", ["hunt", "er2"]),
    ("hunt@er2", ["hunt", "er2"]),
    ("hunt?er2", ["hunt", "er2"]),
    ("hunt er2", ["hunt", "er2"]),
    ("hunt%ZZer2", ["hunt", "er2"]),
])
@pytest.mark.parametrize("options", [[], ["--json"], ["--log-level", "debug"], ["--log-format", "json"]], ids=" ".join)
def test_no_piece_of_a_password_is_printed(headrace, password, pieces, options):
    finished = headrace("inspect", f"postgresql://etl:{password}@{REFUSING}/shop", *options)
    assert finished.returncode in (1, 2)
    assert "headrace: " in finished.stderr or "command_failed" in finished.stderr
    for piece in pieces:
        assert piece not in finished.stdout + finished.stderr


def test_an_at_in_a_password_is_said_before_anything_is_looked_up(headrace):
    finished = headrace("inspect", f"postgresql://etl:hunt@er2@{REFUSING}/shop", expect=2)
    assert "%40" in finished.stderr


def test_a_password_of_the_query_is_not_printed(headrace):
    finished = headrace("inspect", f"postgresql://{REFUSING}/shop?user=etl&password=hunter2&sslmode=sometimes")
    assert finished.returncode in (1, 2)
    assert "hunter2" not in finished.stdout + finished.stderr
