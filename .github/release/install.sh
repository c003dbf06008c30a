#!/bin/sh
# Installs triton from a release on GitHub, once its SHA-256 was checked:
#
#   sh install.sh
#
# TRITON_VERSION   such as 1.2.3; the newest release unless given
# TRITON_BIN       where it goes: /usr/local/bin where that can be written, else ~/.local/bin
# TRITON_RELEASES  where releases are, such as https://github.com/OWNER/REPOSITORY/releases
set -eu

RELEASES=${TRITON_RELEASES-@RELEASES@} # the release fills this in

fail() {
  echo "install.sh: $1" >&2
  exit 1
}

case $RELEASES in
  http*) ;;
  *) fail "set TRITON_RELEASES to where the releases are: https://github.com/OWNER/REPOSITORY/releases" ;;
esac

case $(uname -s) in
  Linux) system=unknown-linux-gnu ;;
  Darwin) system=apple-darwin ;;
  *) fail "there is no executable for $(uname -s) here; for Windows take it from $RELEASES" ;;
esac
case $(uname -m) in
  x86_64 | amd64) machine=x86_64 ;;
  aarch64 | arm64) machine=aarch64 ;;
  *) fail "there is no executable for $(uname -m)" ;;
esac

if [ -n "${TRITON_VERSION-}" ]; then
  from=$RELEASES/download/v${TRITON_VERSION#v}
else
  from=$RELEASES/latest/download
fi
if [ -n "${TRITON_BIN-}" ]; then
  directory=$TRITON_BIN
elif [ -w /usr/local/bin ]; then
  directory=/usr/local/bin
else
  directory=$HOME/.local/bin
fi

file=triton-$machine-$system.tar.gz
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for name in "$file" SHA256SUMS; do
  curl -fsSL --retry 3 -o "$work/$name" "$from/$name" || fail "cannot download $from/$name"
done

wanted=$(awk -v file="$file" '$2 == file { print $1 }' "$work/SHA256SUMS")
[ ${#wanted} -eq 64 ] || fail "SHA256SUMS has no sum of $file"
if command -v sha256sum >/dev/null 2>&1; then
  sum=$(sha256sum "$work/$file" | cut -d ' ' -f 1)
else
  sum=$(shasum -a 256 "$work/$file" | cut -d ' ' -f 1)
fi
[ "$sum" = "$wanted" ] || fail "$file has the sum $sum, but SHA256SUMS says $wanted: it was not installed"

tar -xzf "$work/$file" -C "$work"
mkdir -p "$directory"
# Beside the old one and then in its place: a triton that runs is not disturbed.
cp "$work/triton" "$directory/.triton.new"
chmod 755 "$directory/.triton.new"
mv "$directory/.triton.new" "$directory/triton"
echo "installed $("$directory/triton" --version) as $directory/triton"
case :$PATH: in
  *:"$directory":*) ;;
  *) echo "add $directory to PATH" ;;
esac
