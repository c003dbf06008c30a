"""Counts the events of each network with Dask. Arguments: bucket, the output of `triton ls --json`."""

import json
import subprocess
import sys

import dask.bag

bucket, keys = sys.argv[1:]


def read(lines):
    """Reads a group of archives; a failed process is an error."""
    command = ["triton", "cat", "--bucket", bucket, "--keys-from", "-"]
    done = subprocess.run(command, input="".join(lines).encode(), stdout=subprocess.PIPE, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def network(event):
    return event.get("properties", {}).get("net", "none")


if __name__ == "__main__":
    with open(keys, encoding="utf-8") as file:
        groups = dask.bag.from_sequence(file.readlines(), npartitions=4)
    counts = groups.map_partitions(read).map(network).frequencies().compute()
    print(json.dumps(dict(sorted(counts))))
