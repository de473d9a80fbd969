"""Copies one table into one Parquet file with DuckDB's scanner and its default settings.

    duckdb_copy.py postgres|sqlite URI TABLE FILE
"""

import importlib.util
import pathlib
import sys

import duckdb

EXTENSIONS = {
    "postgres": ("duckdb_extension_postgres_scanner", "postgres_scanner.duckdb_extension"),
    "sqlite": ("duckdb_extension_sqlite_scanner", "sqlite_scanner.duckdb_extension"),
}


def extension_file(kind: str) -> pathlib.Path:
    """The extension as its PyPI package ships it: nothing is downloaded at run time."""
    package, name = EXTENSIONS[kind]
    spec = importlib.util.find_spec(package)
    if spec is None:
        sys.exit(f"The package {package.replace('_', '-')} is not installed; see requirements-bench.txt.")
    found = sorted(pathlib.Path(spec.submodule_search_locations[0]).rglob(name))
    if not found:
        sys.exit(f"The package {package.replace('_', '-')} holds no {name}.")
    return found[-1]


def main(kind: str, uri: str, table: str, file: str) -> None:
    connection = duckdb.connect(config={"allow_unsigned_extensions": "true"})
    connection.execute(f"LOAD '{extension_file(kind)}'")
    connection.execute(f"ATTACH '{uri}' AS peer (TYPE {kind}, READ_ONLY)")
    schema = "public" if kind == "postgres" else "main"
    connection.execute(f"COPY (SELECT * FROM peer.{schema}.{table}) TO '{file}' (FORMAT parquet)")


if __name__ == "__main__":
    main(*sys.argv[1:])
