"""A Parquet lake, seen as its readers see it."""

import pathlib

import pyarrow
import pyarrow.parquet


def files(lake: pathlib.Path, table: str = "") -> list[pathlib.Path]:
    """Published Parquet files, of one table directory or of all: what `**/*.parquet` finds."""
    return sorted((lake / table).glob("**/*.parquet"))


def read(lake: pathlib.Path, table: str) -> pyarrow.Table:
    """All rows of a table directory. Every file must have the same schema."""
    parts = [pyarrow.parquet.ParquetFile(file).read() for file in files(lake, table)]
    assert parts, f"no file of {table} in {lake}: {sorted(lake.glob('*'))}"
    return pyarrow.concat_tables(parts)


def holds(lake: pathlib.Path, table: str, expected: pyarrow.Table, key: str) -> bool:
    """Every row of `expected`, which is ordered by its unique column `key`, with every value, once, and nothing else."""
    found = read(lake, table).sort_by(key)
    return found.schema.equals(expected.schema) and found.equals(expected)


def rows(lake: pathlib.Path, table: str, *columns: str) -> list[tuple]:
    """The rows as tuples, sorted by their text: rows of a lake have no order."""
    data = read(lake, table)
    if columns:
        data = data.select(columns)
    return in_order(zip(*(column.to_pylist() for column in data.columns)))


def in_order(some_rows) -> list[tuple]:
    return sorted(map(tuple, some_rows), key=repr)


def staging(lake: pathlib.Path) -> pathlib.Path:
    """Where headrace stages for `lake`: beside it, out of every reader's glob."""
    return lake.parent / f".{lake.name}.headrace"


def staged_files(lake: pathlib.Path) -> list[pathlib.Path]:
    return [path for path in staging(lake).glob("**/*") if path.is_file()]


def count(lake: pathlib.Path, table: str) -> int:
    """Rows of a table directory, 0 if it is not there, by the files' own footers."""
    return sum(pyarrow.parquet.ParquetFile(file).metadata.num_rows for file in files(lake, table))


def row_group_bytes(file: pathlib.Path) -> list[int]:
    """Uncompressed size of each row group of a file."""
    metadata = pyarrow.parquet.ParquetFile(file).metadata
    return [metadata.row_group(group).total_byte_size for group in range(metadata.num_row_groups)]
