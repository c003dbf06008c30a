"""Prints the rows of tables as PyArrow and DuckDB read them. Arguments: folders that `triton export` made.

One line per folder, in which an engine has its rows: arrays of texts, which tell apart what JSON cannot.
"""

import datetime
import json
import struct
import sys

import duckdb
import pyarrow
import pyarrow.dataset
import pyarrow.parquet

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
ORDER = [("_file", "ascending"), ("_index", "ascending")]


def text(value):
    """A value as `tables_engine.ts` writes it, too."""
    match value:
        case None | bool():
            return json.dumps(value)
        case int():
            return f"int {value}"
        case float():
            return f"double {struct.pack('>d', value).hex()}"
        case str():
            return f"text {value}"
        case bytes():
            return f"bytes {value.hex()}"
        case datetime.datetime():
            return f"time {(value - EPOCH) // datetime.timedelta(microseconds=1)}"
        case list():
            return [text(item) for item in value]
        case dict():
            return {key: text(item) for key, item in value.items()}
    raise TypeError(f"{type(value)} is unknown")


def rows(table):
    return [text(row) for row in table.sort_by(ORDER).to_pylist()]


def by_pyarrow(folder):
    """With the columns of all files: the default are those of the first."""
    files = pyarrow.dataset.dataset(folder).files
    schema = pyarrow.unify_schemas([pyarrow.parquet.read_schema(file) for file in files])
    return pyarrow.dataset.dataset(folder, schema=schema).to_table()


def by_duckdb(folder):
    files = f"read_parquet('{folder}/dt=*/*.parquet', union_by_name = true, hive_partitioning = false)"
    result = connection.sql(f"select * from {files}").arrow()
    return result.read_all() if hasattr(result, "read_all") else result


connection = duckdb.connect()
connection.sql("set TimeZone = 'UTC'; set enable_progress_bar = false")
for folder in sys.argv[1:]:
    read = {"pyarrow": rows(by_pyarrow(folder)), "duckdb": rows(by_duckdb(folder))}
    print(json.dumps(read))
