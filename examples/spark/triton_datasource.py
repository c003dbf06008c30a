"""Reads Triton's archives into Spark 4: a data source in Python.

    spark.dataSource.register(TritonDataSource)
    lines = spark.read.format("triton").option("bucket", "s3://triton-prod") \
        .option("stream", "user_activity").option("startDate", "20150701").load()
    events = lines.select(from_json("value", "page STRING, user STRUCT<id: BIGINT>").alias("event"))

There is one column, `value`: a JSON line for each event, exactly as `triton cat` prints it, so that
Spark's from_json decides about types. The driver lists the archives, with `triton ls`; groups of
about `partitionBytes` (compressed) become partitions, and each is read by one `triton cat`. A
partition that fails fails the job, with what `triton` said.

The program `triton` must be on every executor, with permission to read the bucket; the driver also
needs its configuration. Put this file there with `--py-files`. It needs pyspark 4 and pyarrow.

Options: `bucket` and `stream` (required), `startDate`, `endDate`, `clientName`, `config`,
`withKey` (true adds _file and _index to each line), `partitionBytes` (default: 33554432) and
`triton` (the program; default: triton).
"""

import json
import subprocess
import tempfile
from typing import IO, Iterator, List, Mapping, Sequence

import pyarrow as pa
from pyspark.sql.datasource import DataSource, DataSourceReader, InputPartition

# Bytes of lines in one Arrow batch.
BATCH_BYTES = 1 << 20

# Options of `triton ls`, by the option of Spark, which ignores case.
LS_OPTIONS = {
    "bucket": "--bucket",
    "stream": "--stream",
    "startdate": "--start-date",
    "enddate": "--end-date",
    "clientname": "--client-name",
    "config": "--config",
}


class TritonDataSource(DataSource):
    """The format "triton"."""

    @classmethod
    def name(cls) -> str:
        return "triton"

    def schema(self) -> str:
        return "value STRING"

    def reader(self, schema: object) -> "TritonReader":
        return TritonReader(self.options)


class KeysPartition(InputPartition):
    """Archives that one task reads."""

    def __init__(self, keys: Sequence[str]) -> None:
        self.keys = keys


class TritonReader(DataSourceReader):
    """Reads the archives of a stream."""

    def __init__(self, options: Mapping[str, str]) -> None:
        settings = {name.lower(): value for name, value in options.items()}
        for name in ("bucket", "stream"):
            if name not in settings:
                raise ValueError(f'Cannot read archives: set the option "{name}"')
        self.triton = settings.pop("triton", "triton")
        self.partition_bytes = int(settings.pop("partitionbytes", 32 << 20))
        self.with_key = settings.pop("withkey", "false").lower() == "true"
        unknown = sorted(set(settings) - set(LS_OPTIONS))
        if unknown:
            raise ValueError(f'Cannot read archives: there is no option "{unknown[0]}"')
        self.settings = settings

    def partitions(self) -> Sequence[InputPartition]:
        command = [self.triton, "ls", "--json"]
        for name, value in self.settings.items():
            command += [LS_OPTIONS[name], value]
        groups: List[List[str]] = []
        size = self.partition_bytes
        for line in lines_of(command):
            for text in line:
                archive = json.loads(text)
                if size + archive["size"] > self.partition_bytes:
                    groups.append([])
                    size = 0
                groups[-1].append(archive["key"])
                size += archive["size"]
        # Of an empty list, Spark would make one partition without keys at all.
        return [KeysPartition(keys) for keys in groups or [[]]]

    def read(self, partition: InputPartition) -> Iterator[pa.RecordBatch]:
        command = [self.triton, "cat", "--bucket", self.settings["bucket"], "--keys-from", "-"]
        if self.with_key:
            command.append("--with-key")
        for lines in lines_of(command, "".join(f"{key}\n" for key in partition.keys)):
            yield pa.record_batch([pa.array(lines, pa.string())], names=["value"])


def lines_of(command: Sequence[str], stdin: str = "") -> Iterator[List[bytes]]:
    """Runs a command, and yields the lines that it prints, many at a time.

    Its exit code is checked after the last line: a command that fails raises an error.
    """
    # Files, because a pipe that is full would block one of the two.
    with tempfile.TemporaryFile() as keys, tempfile.TemporaryFile() as errors:
        keys.write(stdin.encode())
        keys.seek(0)
        with subprocess.Popen(command, stdin=keys, stdout=subprocess.PIPE, stderr=errors) as process:
            assert process.stdout is not None
            yield from split_lines(process.stdout)
        if process.returncode != 0:
            errors.seek(0)
            said = errors.read().decode(errors="replace").strip()
            raise RuntimeError(f"{' '.join(command[:2])} exited with {process.returncode}: {said}")


def split_lines(stream: IO[bytes]) -> Iterator[List[bytes]]:
    rest = b""
    while block := stream.read(BATCH_BYTES):
        lines = (rest + block).split(b"\n")
        rest = lines.pop()
        if lines:
            yield lines
    if rest:
        yield [rest]
