"""What SQLite's declared types do not bind: the job's `type:` is what a stored value has to fit."""

import datetime
import decimal
import sqlite3

import pytest
from harness import lake
from harness.job import Job, said

SETUP = """
CREATE TABLE orders (id INTEGER PRIMARY KEY, total DECIMAL(10,2), ordered DATE, qty INTEGER, note TEXT);
INSERT INTO orders VALUES
  (1, 12.5, '2024-01-01', 1, 'one'),
  (2, 123456789012.5, '2024-01-01 10:30:00', 1.5, x'FF'),
  (3, NULL, NULL, NULL, NULL);
"""
WIDER = [
    "id",
    {"name": "total", "type": "decimal(38,5)"},
    {"name": "ordered", "type": "timestamp"},
    {"name": "qty", "type": "double"},
    {"name": "note", "type": "bytes"},
]
ROWS = [
    (1, decimal.Decimal("12.50000"), datetime.datetime(2024, 1, 1), 1.0, b"one"),
    (2, decimal.Decimal("123456789012.50000"), datetime.datetime(2024, 1, 1, 10, 30), 1.5, b"\xff"),
    (3, None, None, None, None),
]


def orders(headrace, **table):
    with sqlite3.connect(headrace.folder / "shop.db") as shop:
        shop.executescript(SETUP)
    return Job(headrace, {"type": "sqlite", "path": "./shop.db"}, [{"name": "orders"} | table], verify="checksum")


@pytest.mark.parametrize("policy", ["error", "null"])
def test_a_wider_type_of_the_job_holds_what_the_declared_one_does_not(headrace, policy):
    job = orders(headrace, columns=WIDER, on_overflow=policy)
    [table] = job.run("--json").json()["tables"]
    assert table.get("nulled_values", 0) == 0
    assert lake.rows(job.lake, "orders") == ROWS
    job.command("verify", "latest", "--level", "checksum")


def test_what_does_not_fit_the_types_of_the_job_either_follows_the_policy(headrace):
    narrow = ["id", {"name": "qty", "type": "int32"}, {"name": "total", "type": "decimal(13,1)"}]
    job = orders(headrace, columns=narrow)
    said(job.run(expect=1), '"qty"', "REAL 1.5", "does not fit", "rowid 2")
    job.document["tables"][0]["on_overflow"] = "null"
    job.write()
    job.run()
    assert lake.rows(job.lake, "orders") == [(1, 1, decimal.Decimal("12.5")), (2, None, decimal.Decimal("123456789012.5")),
                                             (3, None, None)]


def test_the_plan_says_how_the_columns_are_read(headrace):
    orders(headrace, columns=WIDER)
    [table] = headrace("plan", "job.yaml", "--json", expect=0).json()["tables"]
    assert {column["name"]: column.get("note", "") for column in table["columns"]} == {
        "id": "",
        "total": "read as decimal128(38, 5), not as decimal128(10, 2)",
        "ordered": "read as timestamp[us], not as date32[day]",
        "qty": "read as double, not as int64, rounds to 53 bits",
        "note": "read as binary, not as string",
    }


def test_a_type_that_a_sample_would_choose_as_well_rounds_and_the_plan_says_so(headrace):
    """Without a `type` an integer that no double holds does not fit."""
    with sqlite3.connect(headrace.folder / "shop.db") as shop:
        shop.executescript("CREATE TABLE t (id INTEGER PRIMARY KEY, x);"
                           "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) INSERT INTO t SELECT i, 0.5 FROM n;"
                           "INSERT INTO t VALUES (2001, 9007199254740993)")
    job = Job(headrace, {"type": "sqlite", "path": "./shop.db"}, [{"name": "t", "columns": ["id", "x"]}])
    said(job.run(expect=1), "9007199254740993 does not fit double", "rowid 2001")
    job.document["tables"][0]["columns"][1] = {"name": "x", "type": "double"}
    job.write()
    [table] = headrace("plan", "job.yaml", "--json", expect=0).json()["tables"]
    assert [column.get("note", "") for column in table["columns"]] == ["", "read as double, rounds to 53 bits"]
    job.run()
    assert max(lake.rows(job.lake, "t")) == (2001, 9007199254740992.0)


def test_without_a_type_the_declared_one_binds(headrace):
    job = orders(headrace, columns=["id", "qty"])
    said(job.run(expect=1), "REAL 1.5 does not fit int64")
    job.document["tables"][0]["columns"][1] = {"name": "qty", "type": "string"}
    job.write()
    job.run()
    assert lake.rows(job.lake, "orders") == [(1, "1"), (2, "1.5"), (3, None)]


DATES_AS_DIGITS = """
CREATE TABLE days (id INTEGER PRIMARY KEY, at DATETIME, day DATE, second DATETIME, empty DATETIME);
INSERT INTO days VALUES
  (1, '20240101', '20240229', 1704067200, NULL),
  (2, '2024-01-02', '20241231', 20240101, NULL),
  (3, NULL, NULL, NULL, NULL);
"""


def test_dates_that_sqlite_keeps_as_numbers_are_warned_of(headrace):
    with sqlite3.connect(headrace.folder / "shop.db") as shop:
        shop.executescript(DATES_AS_DIGITS)
    job = Job(headrace, {"type": "sqlite", "path": "./shop.db"}, [{"name": "days"}])
    [table] = headrace("plan", "job.yaml", "--json", expect=0).json()["tables"]
    at, day = table["warnings"]
    for word in ('"at"', "20240101", "1970-08-23 06:15:01", "Unix seconds"):
        assert word in at
    for word in ('"day"', "20240229"):
        assert word in day
    said(headrace("check", "job.yaml", expect=0), '"at"', "20240101", "Unix seconds")
    said(job.run(expect=1), '"at"', "has the digits of a date")  # And the days do not fit.
    as_text = [{"name": "at", "type": "string"}, {"name": "day", "type": "string"}, "second"]
    job.document["tables"][0]["columns"] = as_text
    job.write()
    [table] = headrace("plan", "job.yaml", "--json", expect=0).json()["tables"]
    assert table["warnings"] == []


def test_text_that_is_no_utf16_follows_the_policy(headrace):
    """SQLite itself makes U+10078 of a surrogate without its other half and an `x`."""
    with sqlite3.connect(headrace.folder / "shop.db") as shop:
        shop.executescript("PRAGMA encoding = 'UTF-16le'; CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT);"
                           "INSERT INTO t VALUES (1, 'größe \U00010400'), (2, CAST(x'610000D87800' AS TEXT)), (3, CAST(x'6100FEFF' AS TEXT))")
    job = Job(headrace, {"type": "sqlite", "path": "./shop.db"}, [{"name": "t", "columns": ["id", "v"]}], verify="checksum")
    said(job.run(expect=1), "table t", '"v"', "rowid 2", "TEXT X'61EDA08078' does not fit string: it is not valid UTF-16")
    for policy, kept in (("null", None), ("string", "X'61EDA08078'")):
        job.document["tables"][0] |= {"on_overflow": policy, "write": "replace"}
        job.write()
        job.run()
        assert lake.rows(job.lake, "t") == [(1, "größe \U00010400"), (2, kept), (3, "a\ufffe")]
    job.document["tables"][0] |= {"columns": ["id", {"name": "v", "type": "bytes"}], "on_overflow": "error"}
    job.write()
    job.run()
    assert lake.rows(job.lake, "t") == [(1, "größe \U00010400".encode()), (2, b"a\xed\xa0\x80x"), (3, "a\ufffe".encode())]
