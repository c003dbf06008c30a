#!/usr/bin/env bash
# Packs dist/TARGET into DIRECTORY/triton-TARGET.tar.gz, licences included: pack.sh TARGET DIRECTORY
set -euo pipefail
target=$1 directory=$2
mkdir -p "$directory"
cp LICENSE "dist/$target/"
[[ -f dist/THIRD_PARTY_NOTICES ]] && cp dist/THIRD_PARTY_NOTICES "dist/$target/"
tar -czf "$directory/triton-$target.tar.gz" -C "dist/$target" .
