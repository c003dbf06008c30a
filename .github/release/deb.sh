#!/usr/bin/env bash
# Makes a Debian package of an executable: deb.sh BINARY ARCHITECTURE VERSION DIRECTORY
# Architectures are Debian's: amd64, arm64.
set -euo pipefail
binary=$1 architecture=$2 version=$3 directory=$4
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
deploy=$(dirname "$0")/../../examples/deploy
licenses=$(dirname "$0")/../..

install -D -m 755 "$binary" "$root/usr/bin/triton"
install -d "$root/usr/lib/systemd/system"
sed 's,/usr/local/bin/triton,/usr/bin/triton,g' "$deploy/systemd/triton-store@.service" \
  >"$root/usr/lib/systemd/system/triton-store@.service"
install -D -m 644 -t "$root/usr/share/doc/triton/examples" "$deploy/systemd/triton.env" "$deploy/systemd/triton.yaml"
install -D -m 644 "$licenses/LICENSE" "$root/usr/share/doc/triton/copyright"
[[ -f $licenses/dist/THIRD_PARTY_NOTICES ]] &&
  install -m 644 "$licenses/dist/THIRD_PARTY_NOTICES" "$root/usr/share/doc/triton/"
chmod -R go+rX "$root"
install -d "$root/DEBIAN"
cat >"$root/DEBIAN/control" <<CONTROL
Package: triton
Version: $version
Architecture: $architecture
Maintainer: The Triton authors <triton@localhost>
Installed-Size: $(du -sk "$root" | cut -f1)
Depends: libc6
Recommends: ca-certificates
Section: utils
Priority: optional
Description: archives Kinesis streams to S3, exactly once
 Archives Amazon Kinesis streams to S3, each record into exactly one file, and
 reads both back.
CONTROL
mkdir -p "$directory"
dpkg-deb --build --root-owner-group -Zgzip "$root" "$directory/triton_${version}_$architecture.deb"
