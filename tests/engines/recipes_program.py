"""Makes an Iceberg and a Delta table of an export, as docs/analytics.md shows. Arguments: folder of the export.

Prints the places of the rows in each, as JSON. The Delta table keeps its log in the folder.
"""

import glob
import json
import sys

import pyarrow.parquet
from deltalake import DeltaTable, Field, Schema, convert_to_deltalake
from pyiceberg.catalog.sql import SqlCatalog

folder = sys.argv[1]
catalog = SqlCatalog("lake", uri=f"sqlite:///{folder}.db", warehouse=f"file://{folder}-warehouse")


def add_files(files):
    """Adds files that the table lacks, with their columns; returns how many."""
    catalog.create_namespace_if_not_exists("triton")
    schema = pyarrow.parquet.read_schema(files[-1])
    table = catalog.create_table_if_not_exists("triton.events", schema)
    with table.update_schema() as update:
        update.union_by_name(schema)
    known = set(table.inspect.files().column("file_path").to_pylist())
    new = [f"file://{file}" for file in files if f"file://{file}" not in known]
    table.add_files(new)
    return len(new)


def places(table):
    rows = table.select(["_file", "_index", "_rest"]).to_pylist()
    return sorted([row["_file"], row["_index"], row["_rest"]] for row in rows)


paths = sorted(glob.glob(f"{folder}/dt=*/*.parquet"))
added = [add_files(paths[:3]), add_files(paths), add_files(paths)]
iceberg = catalog.load_table("triton.events").scan()
days = Schema([Field("dt", "string")])
convert_to_deltalake(folder, partition_by=days, partition_strategy="hive")
delta = DeltaTable(folder)
print(json.dumps({
    "files": len(paths),
    "added": added,
    "iceberg": places(iceberg.to_arrow()),
    "delta": places(delta.to_pyarrow_table()),
    "days": sorted(set(delta.to_pyarrow_table(columns=["dt"]).column("dt").to_pylist())),
}))
