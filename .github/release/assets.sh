#!/usr/bin/env bash
# Makes all that a release has beside the packed executables of DIRECTORY, from these:
# assets.sh DIRECTORY VERSION COMMIT OWNER/REPOSITORY
# Writes what is new in this version to dist/notes.md.
set -euo pipefail
directory=$1 version=$2 commit=$3 repository=$4
here=$(dirname "$0")

deno run --quiet --allow-all "$here/notices.ts" >"$directory/THIRD_PARTY_NOTICES"
deno run --quiet --allow-all "$here/sbom.ts" "$commit" >"$directory/triton.spdx.json"
sed "s,@RELEASES@,https://github.com/$repository/releases," "$here/install.sh" >"$directory/install.sh"
"$here/unpack.sh" "$directory"
for platform in amd64:x86_64 arm64:aarch64; do
  "$here/deb.sh" "dist/${platform#*:}-unknown-linux-gnu/triton" "${platform%:*}" "$version" "$directory"
done
"$here/sums.sh" "$directory"
deno run --quiet "$here/formula.ts" "$repository" "$version" <"$directory/SHA256SUMS" >"$directory/triton.rb"
"$here/sums.sh" "$directory"
awk -v heading="## $version - " 'index($0, "## ") == 1 { on = index($0, heading) == 1; next } on' \
  CHANGELOG.md >dist/notes.md
