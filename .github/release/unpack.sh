#!/usr/bin/env bash
# Puts the executables of packed releases into dist/TARGET/: unpack.sh DIRECTORY
set -euo pipefail
for file in "$1"/triton-*-unknown-linux-gnu.tar.gz; do
  target=$(basename "$file" .tar.gz)
  mkdir -p "dist/${target#triton-}"
  tar -xzf "$file" -C "dist/${target#triton-}"
done
