#!/bin/sh
# Processes the events of a stream as one member of a consumer group, in a shell: any language can do
# the same. Start it as many times as you like; each event goes to one of them. An event counts as
# processed once its number was written back: whoever dies before gets it again, or another member does.
#
# usage: group.sh STREAM GROUP COMMAND...    COMMAND gets each event as a JSON line on standard input
set -eu

stream=$1 group=$2
shift 2

fifos=$(mktemp -d)
mkfifo "$fifos/events" "$fifos/done"
# shellcheck disable=SC2086 # TRITON may be a command with arguments
${TRITON:-triton} tail --stream "$stream" --group "$group" --ack stdin \
  <"$fifos/done" >"$fifos/events" &
triton=$!
trap 'kill "$triton" 2>/dev/null || true' INT TERM
exec 3>"$fifos/done" 4<"$fifos/events"
rm -r "$fifos" # both programs have them open

count=0
while IFS= read -r event <&4; do
  printf '%s\n' "$event" | "$@"
  count=$((count + 1))
  echo "$count" >&3
done
exec 3>&-
wait "$triton"
