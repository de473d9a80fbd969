"""A small shop in an SQLite file, for tests that load it many times."""

import pathlib
import random
import sqlite3

import pyarrow

ROWS = {"orders": 50_000, "people": 2_000}
SETUP = """
CREATE TABLE orders (id INTEGER PRIMARY KEY, person INTEGER, amount REAL, note TEXT);
CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT);
"""


def make_shop(file: pathlib.Path) -> pathlib.Path:
    """Its text does not shrink, so that a small target makes several files."""
    dice = random.Random(7)
    connection = sqlite3.connect(file)
    connection.executescript(SETUP)
    connection.executemany("INSERT INTO orders VALUES (?, ?, ?, ?)",
                           ((i, i % 2000, i / 3, f"{dice.getrandbits(256):064x}") for i in range(1, ROWS["orders"] + 1)))
    connection.executemany("INSERT INTO people VALUES (?, ?)", ((i, f"person {i}") for i in range(1, ROWS["people"] + 1)))
    connection.commit()
    connection.close()
    return file


def shop_tables(file: pathlib.Path) -> dict[str, pyarrow.Table]:
    """What the file holds, by an independent reader, ordered by id."""
    connection = sqlite3.connect(file)
    tables = {}
    for name in ROWS:
        cursor = connection.execute(f"SELECT * FROM {name} ORDER BY id")
        columns = [column for column, *_ in cursor.description]
        tables[name] = pyarrow.table(dict(zip(columns, zip(*cursor.fetchall()))))
    connection.close()
    return tables
