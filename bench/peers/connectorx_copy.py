"""Copies one table into one Parquet file with ConnectorX, partitioned by its key, through Arrow.

    connectorx_copy.py URI TABLE KEY|- FILE
"""

import os
import sys

import connectorx
import pyarrow.parquet


def main(uri: str, table: str, key: str, file: str) -> None:
    partitions = {"partition_on": key, "partition_num": os.cpu_count()} if key != "-" else {}
    rows = connectorx.read_sql(uri, f"SELECT * FROM {table}", return_type="arrow", **partitions)
    pyarrow.parquet.write_table(rows, file)


if __name__ == "__main__":
    main(*sys.argv[1:])
