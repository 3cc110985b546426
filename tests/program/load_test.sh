#!/usr/bin/env bash
# Four I/O threads under a load that crosses them: for ThreadSanitizer, which ends the
# server when it sees a race, and for anything else that such a load breaks.
#
#   load_test.sh PROGRAM SECONDS
#
# 77: wrk is missing.
set -u
program=$1
seconds=$2
for name in $(compgen -e LOCKSERVER_); do unset "$name"; done
here=$(dirname "$0")
# shellcheck source=tests/support/server.sh
. "$here/../support/server.sh"
# shellcheck source=tests/support/check.sh
. "$here/../support/check.sh"
if ! command -v wrk >/dev/null; then
  [ -z "${CI-}" ] || exit 1
  exit 77
fi

serve --port 0 --threads 4 --data-dir "$scratch/data" --sync off --log-level warning
show_details() { tail -n 40 "$log"; }
check 'it listens' [ -n "$port" ]

# 64 connections, few keys: owners wait for each other, on all threads.
wrk -t1 -c64 "-d${seconds}s" -s "$here/../../bench/hot_keys.lua" "http://127.0.0.1:$port" -- 7 \
  >"$scratch/wrk" &
load=$!
# What else there is, meanwhile: leases, lists, waits that are given up.
end=$((SECONDS + seconds)) leased=0
while [ $SECONDS -lt $end ]; do
  curl -sS --max-time 20 -d '{"ttl_ms":60000}' -H 'Content-Type: application/json' \
    "http://127.0.0.1:$port/v1/leases" >"$scratch/lease"
  lease=$(sed -n 's/.*"lease":"\([^"]*\)".*/\1/p' "$scratch/lease")
  curl -sS --max-time 20 -d "{\"owner\":\"o\",\"wait_ms\":100,\"lease\":\"$lease\"}" \
    -H 'Content-Type: application/json' "http://127.0.0.1:$port/v1/locks/leased" >/dev/null
  curl -sS --max-time 20 "http://127.0.0.1:$port/v1/locks?limit=5" >/dev/null
  curl -sS --max-time 20 -X DELETE "http://127.0.0.1:$port/v1/leases/$lease" >/dev/null
  curl -s --max-time 0.05 "http://127.0.0.1:$port/LOCK/key1/other?timeout=5" >/dev/null || true
  leased=$((leased + 1))
done
wait "$load" || true
check 'the load had answers' grep -q 'requests in' "$scratch/wrk"
check 'leases were made meanwhile' [ "$leased" -gt 0 ]
kill -TERM "$server"
ended "$server"
check 'it ends in order, so nothing was found' equal "$status" 0
echo "$passed passed, $failed failed; $(sed -n 's/^ *\([0-9]* requests in.*\)/\1/p' "$scratch/wrk"), $leased leases"
[ "$failed" -eq 0 ]
