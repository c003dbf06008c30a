#!/usr/bin/env bash
# Starts an executable, and reads an archive with it: smoke.sh BINARY VERSION [COMMIT]
set -euo pipefail
binary=$1 version=$2 commit=${3-}
golden=$(dirname "$0")/../../tests/testdata/golden/onetiny

fail() {
  echo "smoke: $1" >&2
  exit 1
}

printed=$("$binary" --version | tr -d '\r')
[[ $printed == "$version" ]] || fail "it is version $printed, not $version"
described=$("$binary" version --json)
[[ -z $commit || $described == *"\"commit\":\"$commit\""* ]] || fail "it is not of $commit: $described"
"$binary" cat "$golden.tri" | tr -d '\r' | cmp - <(tr -d '\r' <"$golden.ndjson") ||
  fail "it does not print what $golden.tri holds"
if "$binary" stor >/dev/null 2>&1; then fail "it takes a command that it does not have"; fi
echo "$described"
