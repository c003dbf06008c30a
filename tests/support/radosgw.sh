#!/bin/sh
# Starts a real S3 server for the contract test of object stores: Debian's radosgw over a Ceph
# cluster of one monitor and one OSD that lives in memory. Everything listens on 127.0.0.1 alone.
#
#   radosgw.sh start DIR   installs what is missing (as root), starts it with its files in DIR and
#                          prints the environment that the test wants, as `export NAME=value` lines
#   radosgw.sh stop DIR    stops what was started in DIR and removes DIR
#
# As in `eval "$(tests/support/radosgw.sh start /tmp/radosgw)"`. Exits 1 with a reason on stderr if
# it cannot be done here. Ports: RADOSGW_PORT (18480 unless set) and the next.
set -eu

fail() {
  echo "radosgw.sh: $*" >&2
  exit 1
}

[ $# -eq 2 ] || fail "usage: radosgw.sh start|stop DIR"
command=$1
dir=$2
port=${RADOSGW_PORT:-18480}
bucket=triton-contract

# Runs a command, quietly unless it fails.
quietly() {
  "$@" >>"$dir/log/start.log" 2>&1 || {
    tail -n 20 "$dir/log/start.log" >&2
    fail "failed: $*"
  }
}

# Waits for a condition to come true: up to 30 seconds, ten looks a second.
await() {
  tries=0
  until "$@" >/dev/null 2>&1; do
    tries=$((tries + 1))
    [ "$tries" -lt 300 ] || fail "still waiting after 30 s for: $*"
    sleep 0.1
  done
}

install_packages() {
  command -v radosgw >/dev/null && command -v ceph-mon >/dev/null &&
    command -v ceph-osd >/dev/null && command -v ceph >/dev/null && return
  [ "$(id -u)" -eq 0 ] || fail "radosgw is not installed, and only root can install it"
  command -v apt-get >/dev/null || fail "radosgw is not installed, and there is no apt-get"
  export DEBIAN_FRONTEND=noninteractive
  {
    timeout 60 apt-get update -qq &&
      timeout 240 apt-get install -y -qq --no-install-recommends radosgw ceph-mon ceph-osd ceph-common
  } >"$dir/log/apt.log" 2>&1 || {
    tail -n 5 "$dir/log/apt.log" >&2
    fail "apt-get could not install radosgw, ceph-mon, ceph-osd and ceph-common"
  }
}

write_config() {
  fsid=$(cat /proc/sys/kernel/random/uuid)
  cat >"$dir/ceph.conf" <<CONF
[global]
fsid = $fsid
mon host = v1:127.0.0.1:$((port + 1))
public addr = 127.0.0.1
cluster addr = 127.0.0.1
auth cluster required = none
auth service required = none
auth client required = none
ms bind ipv6 = false
ms bind msgr2 = false
run dir = $dir/run
admin socket = $dir/run/\$name.asok
log file = $dir/log/\$name.log
pid file = $dir/run/\$name.pid
crash dir = $dir/log
mon data = $dir/mon
osd data = $dir/osd
osd objectstore = memstore
memstore device bytes = 1073741824
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 4
osd pool default pgp num = 4
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon max pg per osd = 1000
mon data avail warn = 1
mon data avail crit = 0
rgw frontends = beast endpoint=127.0.0.1:$port
rgw data = $dir/rgw
rgw enable gc threads = false
rgw enable lc threads = false
rgw crypt require ssl = false
rgw crypt s3 kms backend = testing
rgw crypt s3 kms encryption keys = triton-key=$(head -c 32 /dev/zero | base64)
CONF
}

# One monitor that knows itself alone. It speaks the older messenger protocol: radosgw 16 finds no
# way to log in over the newer one when authentication is off.
start_monitor() {
  quietly monmaptool --create --addv a "[v1:127.0.0.1:$((port + 1))]" --fsid "$fsid" "$dir/monmap"
  quietly ceph-mon --mkfs -i a --monmap "$dir/monmap"
  quietly ceph-mon -i a
  await ceph --connect-timeout 2 mon stat
}

# One OSD, its objects in memory.
start_osd() {
  uuid=$(cat /proc/sys/kernel/random/uuid)
  quietly ceph osd new "$uuid"
  quietly ceph-osd -i 0 --mkfs --osd-uuid "$uuid"
  # On a busy machine it may ask before it knows the id of the cluster ("wrong fsid"), and ends.
  ceph-osd -i 0 >>"$dir/log/start.log" 2>&1 || quietly ceph-osd -i 0
  await osd_is_up
}

osd_is_up() {
  ceph osd stat | grep -q "1 up"
}

# Runs a command of the gateway's own tool.
admin() {
  quietly timeout 60 radosgw-admin -n client.rgw --no-mon-config --admin-socket "" "$@"
}

# A storage class besides STANDARD, which the gateway learns of at its start.
add_storage_class() {
  class="--placement-id default-placement --storage-class STANDARD_IA"
  admin zonegroup placement add --rgw-zonegroup default $class
  admin zone placement add --rgw-zone default $class --data-pool default.rgw.ia.data
}

# A user, whose creation also makes the default zone; and the gateway.
start_gateway() {
  admin user create --uid test --display-name test --access-key test --secret-key testtest
  add_storage_class
  quietly timeout 60 radosgw -n client.rgw --no-mon-config
  await gateway_answers
}

gateway_answers() {
  timeout 2 sh -c "command -v curl >/dev/null && curl -sf http://127.0.0.1:$port/ ||
    command -v wget >/dev/null && wget -qO- http://127.0.0.1:$port/ ||
    command -v deno >/dev/null && deno eval -q 'await fetch(\"http://127.0.0.1:$port/\")'"
}

stop() {
  # A directory of ours is known by its configuration: nothing else is ever removed.
  [ -e "$dir/ceph.conf" ] || fail "$dir is not ours"
  for daemon in client.rgw osd.0 mon.a; do
    pid=$(cat "$dir/run/$daemon.pid" 2>/dev/null) || continue
    kill "$pid" 2>/dev/null || continue
    tries=0
    while kill -0 "$pid" 2>/dev/null; do
      tries=$((tries + 1))
      [ "$tries" -ne 50 ] || kill -9 "$pid" 2>/dev/null || true
      sleep 0.1
    done
  done
  rm -rf "$dir"
}

case $command in
start)
  [ ! -e "$dir/ceph.conf" ] || fail "$dir is in use; stop it first"
  mkdir -p "$dir/run" "$dir/log" "$dir/mon" "$dir/osd" "$dir/rgw"
  write_config
  export CEPH_CONF="$dir/ceph.conf"
  trap 'code=$?; [ $code -eq 0 ] || stop' EXIT
  install_packages
  start_monitor
  start_osd
  start_gateway
  echo "export TRITON_TEST_S3=http://127.0.0.1:$port"
  echo "export TRITON_TEST_S3_BUCKET=$bucket"
  echo "export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=testtest AWS_REGION=us-east-1"
  ;;
stop) stop ;;
*) fail "unknown command $command" ;;
esac
