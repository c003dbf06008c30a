#!/bin/sh
# Starts the systemd unit of examples/deploy in a systemd of its own (started_unit.ts), with the
# executable dist/triton. Nothing of the machine is touched: mounts and network are the tests' own.
# Exits 77, with the reason on stderr, where that cannot be done.
#
#   start_unit.sh DENO...   the command that runs Deno, such as `deno`
set -eu
cd "$(dirname "$0")/../.."

cannot() {
  echo "start_unit.sh: $*" >&2
  exit 77
}

[ "$(id -u)" -eq 0 ] || cannot "only root can boot a systemd"
[ -x dist/triton ] || cannot "there is no dist/triton: deno task compile"
if ! command -v systemd-nspawn >/dev/null || ! command -v ip >/dev/null; then
  export DEBIAN_FRONTEND=noninteractive
  { timeout 60 apt-get update &&
    timeout 300 apt-get install -y --no-install-recommends systemd systemd-container iproute2; } \
    >/dev/null 2>&1 ||
    cannot "Debian's systemd-container and iproute2 cannot be installed"
fi
unshare --mount --net sh -c '
  ip link set lo up
  cd "$(mktemp -d)" && trap "umount -l . ; rmdir \"$PWD\"" EXIT
  mount -t tmpfs tmpfs "$PWD" && cd "$PWD" && mkdir upper work root
  mount -t overlay -o lowerdir=/,upperdir=upper,workdir=work overlay root && umount root
' >/dev/null 2>&1 || cannot "no namespaces, or no overlay of /, can be mounted here"
exec unshare --mount --net sh -c \
  'ip link set lo up && exec "$@"' sh "$@" test --quiet --allow-all tests/deploy/started_unit.ts
