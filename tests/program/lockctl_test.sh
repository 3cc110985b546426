#!/usr/bin/env bash
# Exercises lockctl with a real server: lockctl_test.sh LOCKSERVER-CAF LOCKCTL
# shellcheck disable=SC2016 # what stands in '…' is for other shells
set -u
program=$1 lockctl=$2
# What the user's environment says must not count.
for name in $(compgen -e LOCKSERVER_); do unset "$name"; done
# shellcheck source=tests/support/server.sh
. "$(dirname "$0")/../support/server.sh"

# shellcheck source=tests/support/check.sh
. "$(dirname "$0")/../support/check.sh"
show_details() {
  echo "  status ${status-}, output: ${output-}"
  [ ! -s "$scratch/run.log" ] || sed 's/^/  run: /' "$scratch/run.log"
}

# try ARGUMENTS...: runs lockctl to its end; sets $status and $output.
try() {
  status=0
  output=$(timeout $patience "$lockctl" "$@" 2>&1) || status=$?
}

# ends STATUS ARGUMENTS...: whether lockctl ends with this status.
ends() {
  local expected=$1
  shift
  try "$@"
  equal $status "$expected"
}

# background ARGUMENTS...: runs lockctl beside this script, with the signals
# that a shell takes from what it runs so. Sets $job.
background() {
  rm -f "$scratch"/ready "$scratch"/got
  env --default-signal "$lockctl" "$@" >"$scratch/run.log" 2>&1 &
  job=$!
  servers+=("$job")
}
ready() { wait_until [ -s "$scratch/ready" ]; }
held() { "$lockctl" status -q "$1"; }
is_free() { ! held "$1"; }
waits() { contains "$("$lockctl" status "$1")" WAITER; }

# A command that says which process it is and then does nothing for a while.
# What it traps goes on after its sleep has been interrupted.
export scratch
command='echo $$ >"$scratch/ready.new"; mv "$scratch/ready.new" "$scratch/ready"; sleep 100 & wait'

serve --port 0
first_server=$server
export LOCKSERVER_SERVER=127.0.0.1:$port

echo '-- single locks'
check 'ping' ends 0 ping
check 'a free key: 1' ends 1 status key
check 'it says so' equal "$output" 'key is free'
check 'lock' ends 0 lock key --owner me --ttl 5m
check 'it prints owner and token' grep -qE '^locked key for .*: owner me, token [0-9]+$' <<<"$output"
check 'a held key: 0' ends 0 status key
check 'status names the holder' contains "$output" me
check 'a second lock that does not wait: 75' ends 75 lock key --wait 0
check 'it names the holder' contains "$output" '(held by me)'
check 'a second lock that waits for too long: 75' ends 75 lock key --wait 20ms
check 'list shows it' ends 0 list
check 'with its key' contains "$output" key
check 'list with another prefix does not' ends 0 list other
check 'only the heading' equal "$(wc -l <<<"$output")" 1
check 'list -q: only the keys' ends 0 list -q
check 'as they are' equal "$output" key
check 'unlock by somebody else: 1' ends 1 unlock key --owner other
check 'unlock by nobody: 64' ends 64 unlock key
check 'unlock by its owner' ends 0 unlock key --owner me
check 'once' ends 1 unlock key --owner me
token=$("$lockctl" lock -q key --ttl 5m)
check 'lock -q prints the token alone' grep -qE '^[0-9]+$' <<<"$token"
check 'renew by the token' ends 0 renew key --token "$token" --ttl 10m
check 'renew says until when' contains "$output" 'renewed key for 10m'
check 'unlock by another token: 1' ends 1 unlock key --token 1
check 'unlock by the token' ends 0 unlock key --token "$token"
check 'shared by two' ends 0 lock key --limit 2 --owner a
check 'this is the second' ends 0 lock key --limit 2 --owner b
check 'and no third' ends 75 lock key --limit 2 --owner c --wait 0
check 'force-unlock takes it from all' ends 0 force-unlock key
check 'of a free key: 1' ends 1 force-unlock key
check 'JSON of a lock' ends 0 --json lock key --owner me
check 'is that of the server' contains "$output" '{"key":"key","owner":"me","mode":"exclusive","token":'
check 'JSON of a list' ends 0 --json list
check 'has all locks' contains "$output" '{"locks":[{"key":"key","holders":[{"owner":"me"'
check 'the owner from the environment' env LOCKSERVER_OWNER=me "$lockctl" unlock key
check 'the server' ends 0 server
check 'tells its settings' contains "$output" lock_timeout
id=$("$lockctl" leases create --owner me --ttl 1m)
check 'a lease holds locks' ends 0 lock key --lease "$id" --owner me
check 'and shows them' ends 0 leases show "$id"
check 'by key' contains "$output" key
check 'it can be renewed' ends 0 leases renew "$id"
check 'and ended' ends 0 leases end "$id"
check 'once' ends 1 leases end "$id"

echo '-- run'
try run key --owner me -- sh -c 'echo "$LOCK_KEY $LOCK_OWNER $LOCK_TOKEN"; exit 3'
check 'the status is the command'"'"'s' equal $status 3
check 'it knows the lock' grep -qE '^key me [0-9]+$' <<<"$output"
check 'the lock is free again' is_free key
check 'arguments are passed as they are' ends 0 run key -- sh -c '[ "$*" = "--wait a  b" ]' sh --wait 'a  b'
check 'a command ended by a signal: 128 + n' ends 137 run key -- sh -c 'kill -KILL $$'
check 'a command that is not there: 127' ends 127 run key -- "$scratch/none"
check 'the lock is free again' is_free key
check 'a command that cannot be run: 126' ends 126 run key -- "$scratch"
check 'no command: 64' ends 64 run key
check 'no server: 69' ends 69 --server 127.0.0.1:1 run key -- true
try lock key --owner me
check 'not obtained in time: 75' ends 75 run key --wait 20ms -- touch "$scratch/never"
check 'the command did not run' [ ! -e "$scratch/never" ]

background run key -- sh -c "$command"
check 'it waits' wait_until waits key
kill -TERM "$job"
ended "$job"
check 'a signal while it waits: 128 + n' equal $status 143
nobody_waits() { ! "$lockctl" status key | grep -q WAITER; }
check 'it has left the queue' wait_until nobody_waits
try unlock key --owner me

for signal in INT TERM HUP QUIT USR1 USR2; do
  background run key -- sh -c "trap 'echo $signal >\$scratch/got; exit 5' $signal; $command"
  ready
  kill -$signal "$job"
  ended "$job"
  check "$signal is passed on" equal "$(cat "$scratch/got")" $signal
  check 'and the status is the command'"'"'s' equal $status 5
done

background run key --ttl 300ms -- sh -c "$command"
ready
token=$("$lockctl" --json status key | grep -o '"token":[0-9]*')
older() { [[ $("$lockctl" --json status key) =~ \"held_ms\":([0-9]+) && ${BASH_REMATCH[1]} -gt 1000 ]]; }
check 'it is renewed beyond its ttl' wait_until older
check 'it is the same grant' contains "$("$lockctl" --json status key)" "$token"
"$lockctl" force-unlock key
ended "$job"
check 'a lock that is taken away: 70' equal $status 70
check 'the command has ended' wait_until gone "$(cat "$scratch/ready")"
check 'it says why' grep -q 'lost the lock key' "$scratch/run.log"

background run key --ttl 300ms -- sh -c "trap 'echo TERM >\$scratch/got' TERM; $command; sleep 100 & wait; sleep 100"
ready
"$lockctl" force-unlock key
before=$SECONDS
ended "$job"
check 'a command that does not end is killed' equal $status 70
check 'after SIGTERM' equal "$(cat "$scratch/got")" TERM
check 'and five seconds' [ $((SECONDS - before)) -ge 4 ]

background run key --ttl 300ms -- sh -c "$command"
ready
kill -STOP "$job"
check 'a lockctl that is stopped loses its lock' wait_until is_free key
check 'to the next' ends 0 lock key --owner next
check 'the command still runs' [ -e "/proc/$(cat "$scratch/ready")" ]
kill -CONT "$job"
ended "$job"
check 'which it knows as soon as it goes on: 70' equal $status 70
check 'and ends the command' wait_until gone "$(cat "$scratch/ready")"
check 'the next still holds the lock' held key
try unlock key --owner next

background run key --ttl 300ms -- sh -c "$command"
ready
kill -KILL "$job"
check 'the command does not outlive a lockctl that is killed' \
  wait_until gone "$(cat "$scratch/ready")"
check 'and the lock ends with its ttl' wait_until is_free key

# Needs a terminal: script gives one.
if command -v script >/dev/null; then
  # Fields of stat: 5 the process group, 8 the terminal's foreground group.
  status=0
  script -qec "'$lockctl' run key -- sh -c 'awk \"{ exit \\\$5 != \\\$8 }\" /proc/\$\$/stat'" \
    "$scratch/terminal" >/dev/null </dev/null || status=$?
  check 'the command is in the foreground of the terminal' equal $status 0
fi

background run key --ttl 500ms -- sh -c "$command"
ready
kill -KILL "$first_server"
ended "$job"
check 'a server that is gone: the lock is lost in time: 70' equal $status 70
check 'and the command has ended' wait_until gone "$(cat "$scratch/ready")"

echo '-- wrong input'
for arguments in 'lock key --ttl 3x' 'lock key --wait -1' 'lock key --limit 0' 'unlock key --token x' \
  'frobnicate' 'lock' '--server : ping' '--server host:x ping' 'lock key --nonsense'; do
  # shellcheck disable=SC2086 # several words
  check "lockctl $arguments: 64" ends 64 $arguments
done
check 'a name that is none: 64' ends 64 lock key --owner $'a\nb'
try --help
check '--help: 0' equal $status 0
for word in run lock unlock renew status list leases ping server force-unlock LOCKSERVER_SERVER 75; do
  check "--help tells of $word" contains "$output" "$word"
done
try --version
check '--version' contains "$output" 'lockctl '

echo "$passed checks passed, $failed failed"
[ $failed -eq 0 ]
