#!/usr/bin/env bash
# Tests of what is the same on every system and with every Deno from 2.4 on: nothing that needs Linux, a
# database server, or TLS to PostgreSQL (which needs a newer Deno than 2.4).
set -euo pipefail
cd "$(dirname "$0")/../.."
exec "${DENO:-deno}" test --quiet --allow-all --no-check --no-lock \
  tests/objects tests/stream tests/codec/golden_test.ts tests/cli/usage_test.ts
