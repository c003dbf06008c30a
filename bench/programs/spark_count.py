"""Counts the events of a bucket with Spark. Arguments: number of cores, bucket, stream, path of `triton`, number expected.

Prints the peak memory of its largest process, in MB.
"""

import resource
import sys

from pyspark.sql import SparkSession
from triton_datasource import TritonDataSource

cores, bucket, stream, triton, expected = sys.argv[1:]
builder = SparkSession.builder.master(f"local[{cores}]").config("spark.ui.enabled", "false")
spark = builder.config("spark.driver.memory", "1g").getOrCreate()
spark.sparkContext.setLogLevel("OFF")
spark.dataSource.register(TritonDataSource)
options = {"bucket": bucket, "stream": stream, "triton": triton}
count = spark.read.format("triton").options(**options).load().count()
java = spark.sparkContext._gateway.proc
spark.stop()
# Java ends with its input; a process that was not waited for is not measured.
java.stdin.close()
java.wait()
if count != int(expected):
    sys.exit(f"Spark counted {count} events, not {expected}")
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024 / 1e6)
