"""Loads one table of PostgreSQL into BigQuery as users write it in Python.

    pandas_to_bigquery.py URI TABLE PROJECT.DATASET.TABLE            pandas.read_sql, then one load job of the frame
    pandas_to_bigquery.py URI TABLE PROJECT.DATASET.TABLE ROWS       the first ROWS rows, by insert_rows_json, 500 at a time
"""

import sys

import pandas
import psycopg
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

ROWS_PER_REQUEST = 500  # What the service advises.


def load(client: bigquery.Client, connection: psycopg.Connection, table: str, target: str) -> None:
    frame = pandas.read_sql(f"SELECT * FROM {table}", connection)
    client.load_table_from_dataframe(frame, target).result()


def insert(client: bigquery.Client, connection: psycopg.Connection, table: str, target: str, rows: int) -> None:
    types = {"int8": "INTEGER", "int4": "INTEGER", "numeric": "NUMERIC", "float8": "FLOAT", "bool": "BOOLEAN", "timestamptz": "TIMESTAMP", "date": "DATE"}
    with connection.cursor(name="rows", row_factory=psycopg.rows.dict_row) as cursor:
        cursor.itersize = ROWS_PER_REQUEST
        cursor.execute(f"SELECT * FROM {table} LIMIT {rows}")
        names = {oid.oid: oid.name for oid in psycopg.adapters.types}
        schema = [bigquery.SchemaField(column.name, types.get(names[column.type_code], "STRING")) for column in cursor.description]
        client.create_table(bigquery.Table(target, schema))
        while page := cursor.fetchmany(ROWS_PER_REQUEST):
            rows_as_json = [{name: value if isinstance(value, (bool, int, float, type(None))) else str(value) for name, value in row.items()} for row in page]
            failed = client.insert_rows_json(target, rows_as_json)
            if failed:
                sys.exit(f"{failed[0]}")


def main(uri: str, table: str, target: str, rows: str | None = None) -> None:
    client = bigquery.Client(project=target.split(".")[0], credentials=AnonymousCredentials())
    with psycopg.connect(uri) as connection:
        if rows is None:
            load(client, connection, table, target)
        else:
            insert(client, connection, table, target, int(rows))


if __name__ == "__main__":
    main(*sys.argv[1:])
