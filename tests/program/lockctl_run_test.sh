#!/usr/bin/env bash
# Exercises `lockctl run` with a real server: lockctl_run_test.sh LOCKSERVER-CAF LOCKCTL
# shellcheck disable=SC2016 # what stands in '…' is for other shells
set -u
program=$1 lockctl=$2
# shellcheck source=tests/support/lockctl.sh
. "$(dirname "$0")/../support/lockctl.sh"

serve_locks

echo '-- a command and its lock'
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
check 'no server: 69' ends 69 --server 127.0.0.1:1 run key --wait 0 -- true
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
older() { [[ $("$lockctl" --json status key) =~ \"held_ms\":([0-9]+) && ${BASH_REMATCH[1]} -gt $1 ]]; }
check 'it is renewed beyond its ttl' wait_until older 1000
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

echo '-- a lock that outlives its command'
try run key --ttl 5m --at-least 1h30m -- sh -c 'exit 3'
check 'the status is the command'"'"'s' equal $status 3
check 'the lock is still held' held key
check 'for what is left' grep -qE ' 1h(30|29)m *$' <<<"$("$lockctl" status key)"
check 'a second run does not run: 75' ends 75 run key --wait 0 --at-least 1h -- touch "$scratch/never"
check 'really' [ ! -e "$scratch/never" ]
"$lockctl" force-unlock key
try run key --at-least 300ms -- true
check 'it ends by itself' wait_until is_free key
check 'a command that lasts longer' ends 0 run key --at-least 1ms -- sleep 0.01
check 'leaves no lock' is_free key
check 'a command that is not there' ends 127 run key --at-least 1h -- "$scratch/none"
check 'neither' is_free key
background run key --at-least 1h -- sh -c "$command"
ready
kill -TERM "$job"
ended "$job"
check 'after a signal' equal $status 143
check 'it lasts as long' held key
"$lockctl" force-unlock key

echo '-- a lock that ends with its connection'
try run --hold connection key -- sh -c 'exit 3'
check 'the status is the command'"'"'s' equal $status 3
check 'the lock is free again' is_free key
check 'its own time is as good: ttl' ends 0 run --hold ttl key -- true
background run --hold connection --ttl 300ms key -- sh -c "$command"
ready
check 'it is renewed beyond its ttl' wait_until older 1000
kill -KILL "$job"
check 'a lockctl that is killed' wait_until is_free key
background run --hold connection --ttl 1h key -- sh -c "$command"
ready
kill -KILL "$job"
check 'frees it at once, whatever its ttl' wait_until is_free key

echo '-- what the command finds'
check 'the files that it has without lockctl, and no other' \
  equal "$("$lockctl" run key -- ls /proc/self/fd)" "$(ls /proc/self/fd)"
check 'also those that are closed' \
  equal "$("$lockctl" run key -- sh -c 'ls /proc/$$/fd' <&-)" "$(sh -c 'ls /proc/$$/fd' <&-)"
ends_closed() { "$lockctl" run key -- sh -c "$(printf 'echo done >%q' "$scratch/closed")" <&- >&- 2>&- && [ -s "$scratch/closed" ]; }
check 'the signals that are ignored or blocked without it' \
  equal "$("$lockctl" run key -- grep -E '^Sig(Blk|Ign)' /proc/self/status)" \
  "$(grep -E '^Sig(Blk|Ign)' /proc/self/status)"
check 'without an environment' equal "$(env -i "$lockctl" -s "$LOCKSERVER_SERVER" run key -- env | grep -c '^LOCK_')" 3
check 'without standard streams' ends_closed

echo '-- a command that is stopped'
background run key --ttl 300ms -- sh -c "$command"
ready
kill -STOP "$(cat "$scratch/ready")"
check 'loses its lock when its time is over' wait_until is_free key
ended "$job"
check 'and is ended: 70' equal $status 70
check 'it says why' grep -q 'lost the lock key: the command was stopped' "$scratch/run.log"

background run key --ttl 3s -- sh -c "$command"
ready
kill -STOP "$(cat "$scratch/ready")"
kill -CONT "$(cat "$scratch/ready")"
check 'a command that was stopped for less than that keeps it' wait_until older 4000
kill -STOP "$(cat "$scratch/ready")"
kill -TERM "$job"
ended "$job"
check 'TERM ends it while it is stopped' equal $status 143
check 'before its lock is lost' is_free key

for signal in INT HUP QUIT; do
  background run key --ttl 1m -- sh -c "trap 'exit 5' $signal; $command"
  ready
  kill -STOP "$(cat "$scratch/ready")"
  kill -$signal "$job"
  ended "$job"
  check "a stopped command gets $signal" equal $status 5
done

background run key --ttl 1m -- sh -c "trap 'echo CONT >\$scratch/got' CONT; $command; sleep 100 & wait"
ready
kill -STOP "$(cat "$scratch/ready")"
stopped() { grep -qs '^State:.T' "/proc/$(cat "$scratch/ready")/status"; }
check 'a command is stopped' wait_until stopped
continued() { kill -CONT "$job" && [ -s "$scratch/got" ]; }
check 'CONT to lockctl continues it' wait_until continued
kill -TERM "$job"
ended "$job"

echo '-- more about signals'
try lock key --owner me --ttl 5m
background run key -- true
check 'it waits' wait_until waits key
while kill -HUP "$job" 2>/dev/null && kill -CONT "$job" 2>/dev/null; do :; done &
servers+=($!)
ended "$job"
check 'many signals while it waits: ends by the first' equal $status 129
try unlock key --owner me

# Needs the right to make a namespace.
if unshare -pf true 2>/dev/null; then
  echo '-- as process 1 of a container'
  container=(unshare -pf --kill-child "$lockctl")
  rm -f "$scratch/ready"
  "${container[@]}" run key --ttl 5m -- sh -c "$command" &
  job=$!
  servers+=("$job")
  ready
  "${container[@]}" run key -- touch "$scratch/second" &
  second=$!
  servers+=("$second")
  check 'one waits for the other: they have names of their own' wait_until waits key
  kill -KILL "$job"
  try force-unlock key
  ended "$second"
  check 'and gets the lock' [ -e "$scratch/second" ]
  cat >"$scratch/orphan" <<'END'
(sh -c 'echo $$ >"$scratch/pid"' &)
until [ -s "$scratch/pid" ] && ! [ -e "/proc/$(cat "$scratch/pid")" ]; do sleep 0.02; done
END
  check 'orphans are buried' timeout $patience unshare -pf --mount-proc --kill-child \
    "$lockctl" run key -- sh "$scratch/orphan"
  check 'a signal of its own ends it: 128 + n' equal "$("${container[@]}" run key -- sh -c 'kill -TERM 1; sleep 100' || echo $?)" 143
fi

rm -f "$scratch/ready"
"$lockctl" run --hold connection --ttl 1h other -- sh -c "$command" >"$scratch/bound.log" 2>&1 &
bound=$!
servers+=("$bound")
ready
bound_command=$(cat "$scratch/ready")
kill -STOP "$bound_command"
background run key --ttl 500ms -- sh -c "$command"
ready
kill -KILL "$server"
ended "$job"
check 'a server that is gone: the lock is lost in time: 70' equal $status 70
check 'and the command has ended' wait_until gone "$(cat "$scratch/ready")"
ended "$bound"
check 'one that is bound to the connection at once, whatever its ttl: 70' equal $status 70
check 'and its command, although it was stopped' wait_until gone "$bound_command"
check 'it says why' grep -q 'lost the lock other: the connection' "$scratch/bound.log"

echo "$passed checks passed, $failed failed"
[ $failed -eq 0 ]
