"""Reads the archives of a bucket into Spark, in every way that docs/analytics.md shows.

Arguments: bucket, stream, a stream with a damaged archive, a folder for what is read. In it are exports ("ten", and
"grown", whose last files have more columns) and the SQL of a table of the first. Prints what was counted, as JSON.
"""

import json
import os
import subprocess
import sys

from pyspark.errors import PySparkException
from pyspark.sql import SparkSession
from pyspark.sql.functions import col, from_json
from triton_datasource import TritonDataSource

bucket, stream, damaged, folder = sys.argv[1:]
builder = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
# A failure is final: the default are four attempts.
spark = builder.config("spark.task.maxFailures", "1").getOrCreate()
spark.sparkContext.setLogLevel("OFF")
spark.dataSource.register(TritonDataSource)
found = {}


def triton(**options):
    frame = spark.read.format("triton").option("bucket", bucket).option("stream", stream)
    return frame.options(**options).load()


def write(name, lines):
    with open(f"{folder}/{name}", "w", encoding="utf-8", newline="") as file:
        file.writelines(f"{line}\n" for line in lines)


def failure(action):
    try:
        action()
    except Exception as error:
        return str(error)
    return None


# The data source, in several partitions and in one.
small = triton(partitionBytes=100_000)
found["partitions"] = small.rdd.getNumPartitions()
found["count"] = small.count()
write("small", (row.value for row in small.collect()))
whole = triton()
found["whole partitions"] = whole.rdd.getNumPartitions()
write("whole", (row.value for row in whole.toLocalIterator()))
found["none"] = triton(startDate="20200101").count()

# Typed columns.
typed = small.select(from_json("value", "properties STRUCT<mag: DOUBLE>").alias("event"))
found["strong"] = typed.where(col("event.properties.mag") >= 5).count()

# The keys that are added are unique, and tell the order.
keyed = triton(withKey=True, partitionBytes=100_000)
place = keyed.select(from_json("value", "_file STRING, _index BIGINT").alias("at"), "value")
found["places"] = place.select("at._file", "at._index").distinct().count()
write("keyed", (row.value for row in place.orderBy("at._file", "at._index").collect()))

# Any program, by pipe().
config = ["--bucket", bucket, "--stream", stream]
listed = subprocess.run(["triton", "ls", "--json", *config], stdout=subprocess.PIPE, check=True)
keys = [json.loads(line)["key"] for line in listed.stdout.splitlines()]
cat = f"triton cat --bucket {bucket} --keys-from -"
sc = spark.sparkContext
# Without env, the command gets no variables at all: no PATH, no credentials.
env = dict(os.environ)
write("pipe", sc.parallelize(keys, 3).pipe(cat, env, checkCode=True).collect())

# Exports, as Parquet.
table = spark.read.parquet(f"file://{folder}/ten")
found["table"] = table.count()
found["table places"] = table.select("_file", "_index").distinct().count()
found["table strong"] = table.where(col("properties.mag") >= 5).count()
found["table days"] = [str(row.dt) for row in table.select("dt").distinct().collect()]
grown = spark.read.option("mergeSchema", True).parquet(f"file://{folder}/grown")
found["grown"] = grown.count()
found["grown strong"] = grown.where(col("properties.mag") >= 5).count()
with open(f"{folder}/spark.sql", encoding="utf-8") as file:
    for statement in file.read().split(";"):
        if statement.strip():
            spark.sql(statement)
found["table of SQL"] = spark.table(stream).where("dt = DATE '2015-10-01'").count()

# Failures. Without checkCode, a process that failed is not noticed.
wrong = ["20151001/user_activity-store-1.tri"]
found["pipe fails"] = failure(lambda: sc.parallelize(wrong, 1).pipe(cat, env, checkCode=True).count())
found["pipe hides"] = sc.parallelize(wrong, 1).pipe(cat, env).count()
found["read fails"] = failure(lambda: triton(stream=damaged).count())
found["option fails"] = failure(lambda: triton(steam="typo").count())
spark.stop()
print(json.dumps(found))
