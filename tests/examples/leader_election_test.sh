#!/usr/bin/env bash
# Lets nodes elect a leader with a real server, and kills the one that leads:
# leader_election_test.sh PATH-OF-LOCKSERVER-CAF EXAMPLE
set -u
program=$1 example=$2
# shellcheck source=tests/support/server.sh
. "$(dirname "$0")/../support/server.sh"
# shellcheck source=tests/support/check.sh
. "$(dirname "$0")/../support/check.sh"
show_details() { tail -n +1 "$scratch"/out.* "$scratch"/log.* "$scratch"/node.* | sed 's/^/  /'; }

serve --port 0 --caf-port 0
lock_server=$server
caf_port=$(sed -n 's/.*CAF .* programs are served on .*:\([0-9]*\).*/\1/p' "$log")

# node NAME: starts one, which ends when the input that it reads does. Sets
# $pid_NAME, $input_NAME.
node() {
  local input
  mkfifo "$scratch/input.$1"
  "$example" "$1" 127.0.0.1 "$caf_port" <"$scratch/input.$1" >"$scratch/node.$1" 2>&1 &
  printf -v "pid_$1" %s $!
  servers+=($!)
  exec {input}>"$scratch/input.$1"
  printf -v "input_$1" %s "$input"
}
leads() { grep -q "^$1: leads, token " "$scratch/node.$1"; }
token_of() { sed -n "s/^$1: leads, token //p" "$scratch/node.$1"; }
state() { curl --silent --max-time $patience "http://127.0.0.1:$port/v1/locks/office"; }
queued() { contains "$(state)" '"queue":[{'; }
is_free() { contains "$(state)" '"holders":[]'; }

node anna
check 'the first node leads' wait_until leads anna
node bert
check 'the second waits' wait_until queued
check 'and does not lead' equal "$(cat "$scratch/node.bert")" ''
check 'the lock is the same over HTTP' contains "$(state)" "\"token\":$(token_of anna)"

# shellcheck disable=SC2154 # set by `node`
kill -KILL "$pid_anna"
check 'the leader dies: the other one leads' wait_until leads bert
check 'by a later token' [ "$(token_of bert)" -gt "$(token_of anna)" ]
check 'and nobody waits any more' contains "$(state)" '"queue":[]'

# shellcheck disable=SC2154 # set by `node`
exec {input_bert}>&-
# shellcheck disable=SC2154 # set by `node`
ended "$pid_bert"
check 'a leader that ends in order: 0' equal "$status" 0
check 'has given the lock back' is_free

kill -TERM "$lock_server"
ended "$lock_server"
check 'the server stops in order' equal "$status" 0

echo "$passed checks passed, $failed failed"
[ $failed -eq 0 ]
