#!/usr/bin/env bash
# Writes SHA256SUMS of all that is in a directory, in that directory: sums.sh DIRECTORY
set -euo pipefail
export LC_ALL=C # the order of the names
cd "$1"
rm -f SHA256SUMS
sums=$(sha256sum -- *)
echo "$sums" >SHA256SUMS
