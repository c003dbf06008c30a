"""Parses the SQL of `triton export --ddl` with sqlglot. Arguments: engines; standard input: their SQL, as JSON.

Prints, for each engine, the types of columns and what else the statement says.
"""

import json
import sys

import sqlglot
from sqlglot import exp

# The only words that sqlglot does not know, of what Spark and BigQuery document.
UNKNOWN = {"spark": "\n\nMSCK REPAIR TABLE `user_activity`;", "bigquery": "WITH PARTITION COLUMNS (`dt` DATE)\n"}


def describe(engine, sql):
    unknown = UNKNOWN.get(engine, "")
    assert sql.count(unknown) == 1 or unknown == "", f"{engine}: {unknown}"
    statement = sqlglot.parse_one(sql.replace(unknown, "") if unknown else sql, read=engine)
    assert isinstance(statement, exp.Create), f"{engine}: {type(statement)}"
    schema = statement.this
    columns = schema.expressions if isinstance(schema, exp.Schema) else []
    return {
        "kind": statement.kind,
        "table": statement.find(exp.Table).name,
        "columns": {column.name: column.kind.sql(engine) for column in columns},
        "texts": sorted({text.name for text in statement.find_all(exp.Literal) if text.is_string}),
    }


print(json.dumps({engine: describe(engine, sql) for engine, sql in json.load(sys.stdin).items()}))
