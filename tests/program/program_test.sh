#!/usr/bin/env bash
# Exercises the real program: program_test.sh PATH-OF-LOCKSERVER-CAF
set -u
program=$1
# What the user's environment says must not count.
for name in $(compgen -e LOCKSERVER_); do unset "$name"; done
# shellcheck source=tests/support/server.sh
. "$(dirname "$0")/../support/server.sh"

# shellcheck source=tests/support/check.sh
. "$(dirname "$0")/../support/check.sh"
show_details() {
  echo "  status ${status-}, output: ${output-}"
  [ ! -s "${log-}" ] || sed 's/^/  log: /' "$log"
}
logged() { grep -qs -- "$1" "$log"; }
# The kinds of threads that a process has.
threads() { sort -u "/proc/$1"/task/*/comm; }
has_threads() { equal "$(threads "$1")" "$2"; }

# try ARGUMENTS...: runs the program to its end; sets $status and $output.
try() {
  status=0
  output=$(timeout $patience "$program" "$@" 2>&1) || status=$?
}

echo '-- CAF programs'
serve --port 0 --caf-port 0
check 'the log says where they are served' \
  grep -qE 'info CAF [0-9.]+ programs are served on 127\.0\.0\.1:[1-9][0-9]*$' "$log"
caf_port=$(sed -n 's/.* programs are served on .*://p' "$log")
try --port 0 --caf-port "$caf_port"
check 'a busy port: 69' equal $status 69
check 'the message names it' contains "$output" "127.0.0.1:$caf_port for CAF"
kill -TERM "$server"
ended "$server"
check 'SIGTERM: exit status 0' equal $status 0
try --port 0 --caf-port 0 --caf-tls-key k
check 'half a set of TLS files: 64' equal $status 64
try --port 0 --caf-port 0 --caf-tls-certificate no --caf-tls-key no --caf-tls-authority no
check 'TLS files that are not there: 69' equal $status 69
check 'the message names the file' contains "$output" "the certificate 'no' cannot be used: No such file or directory"

echo '-- foreground'
serve run --port 0
check 'it prints one line that says where it listens' \
  equal "$(cat "$out")" "listening on 127.0.0.1:$port"
check 'the log says version and address' \
  grep -qE "info lockserver-caf [0-9.]+ listening on 127.0.0.1:$port" "$log"
check 'it answers a bare request by the bare answer' equal "$(ask "$port" /PING)" 1
foreground_threads=$(threads "$server")
try ping --port "$port"
check 'ping: 0 when the server answers' equal $status 0
check '/SHUTDOWN is refused unless allowed' equal "$(ask "$port" /SHUTDOWN)" 0
try stop --port "$port"
check 'stop: 77 when the server refuses' equal $status 77
check 'stop explains why' contains "$output" 'without --allow-shutdown'
kill -INT "$server"
ended "$server"
check 'SIGINT: exit status 0' equal $status 0
check 'the log says what ended it' logged 'ended by SIGINT'
try ping --port "$port"
check 'ping: 69 when no server answers' equal $status 69
try stop --port "$port"
check 'stop: 69 when no server answers' equal $status 69

serve --port 0 --log-level debug
check 'run is the default command' equal "$(ask "$port" '/CHECK/k')" 0
ask "$port" '/LOCK/k/holder?lock_timeout=100' >"$scratch/holder"
ask "$port" '/LOCK/k/waiter?lock_attempt_timeout=100' >"$scratch/waiter" &
waiter=$!
check 'a second LOCK waits' wait_until logged 'waits: .*key=k\>'
before=${EPOCHREALTIME/[.,]/}
kill -TERM "$server"
ended "$server"
check 'SIGTERM: exit status 0' equal $status 0
check 'within two seconds' [ $((${EPOCHREALTIME/[.,]/} - before)) -lt 2000000 ]
check 'the log says so' logged 'ended by SIGTERM'
ended "$waiter"
check 'the waiting LOCK was answered 0' equal "$(cat "$scratch/waiter")" 0

# Both signals are there before the program can act on the first.
serve --port 0
stopped() { ! awk '{ print $3 }' "/proc/$server"/task/*/stat | grep -qv T; }
kill -STOP "$server"
check 'it can be paused' wait_until stopped
kill -INT "$server"
kill -TERM "$server"
kill -CONT "$server"
ended "$server"
check 'a second signal ends it at once: 128 + its number' equal $status 143

serve --port 0 --allow-shutdown
check 'an allowed /SHUTDOWN is answered 1' equal "$(ask "$port" /SHUTDOWN)" 1
ended "$server"
check 'and ends the program: exit status 0' equal $status 0
check 'the log says so' logged 'ended by a client'

serve --port 0 --allow-shutdown
try stop --port "$port"
check 'stop asks a server that allows it to: 0' equal $status 0
ended "$server"
check 'and it has stopped' equal $status 0

serve --port 0 --log-level off --log-file "$scratch/other.log"
check 'nothing goes to standard error with --log-file' [ ! -s "$log" ]
check 'nothing is logged at level off' [ ! -s "$scratch/other.log" ]
kill -TERM "$server"
ended "$server"

echo '-- log rotation and other signals'
log_file=$scratch/rotated.log
serve --port 0 --log-file "$log_file"
# in_file TEXT FILE: whether a line of the file has the text.
in_file() { grep -qs -- "$1" "$2"; }
mv "$log_file" "$log_file.1"
kill -HUP "$server"
check 'SIGHUP: the log goes on in a new file' wait_until in_file 'the log goes on in' "$log_file"
check 'nothing of it is in the old one' [ "$(grep -c SIGHUP "$log_file.1")" = 0 ]
check 'the server goes on' equal "$(ask "$port" /PING)" 1
mv "$log_file" "$log_file.2"
mkdir "$log_file"
kill -HUP "$server"
check 'a file that cannot be opened: the old one is kept, with a warning' \
  wait_until in_file 'warning SIGHUP: the log goes on in the old file' "$log_file.2"
rmdir "$log_file"
kill -HUP "$server"
check 'when it can be, it is' wait_until in_file 'the log goes on in' "$log_file"
kill -TERM "$server"
ended "$server"
check 'SIGTERM still stops it: 0' equal $status 0
check 'and the new file has its last line' in_file 'ended by SIGTERM' "$log_file"

serve --port 0
for signal in HUP USR1 USR2; do
  kill "-$signal" "$server"
  check "without a log file SIG$signal is ignored, and the log says so" \
    wait_until logged "SIG$signal is ignored"
done
check 'the server goes on' equal "$(ask "$port" /PING)" 1
kill -TERM "$server"
ended "$server"
check 'SIGTERM still stops it: 0' equal $status 0

echo '-- background'
pid_file=$scratch/server.pid
# That this ends at all shows that the server does not keep the pipe of $(…).
pid=$("$program" start --port 0 --pid-file "$pid_file" --log-file "$scratch/start.log" 2>&1)
status=$?
output=$pid log=$scratch/start.log
servers+=("$pid")
check 'start: 0 once it serves' equal $status 0
check 'it prints the process id, nothing else' equal "$pid" "$(sed -n 1p "$pid_file")"
port=$(sed -n '2s/.*://p' "$pid_file")
check 'the pid file says where it serves' equal "$(sed -n 2p "$pid_file")" "127.0.0.1:$port"
check 'it serves there' equal "$(ask "$port" /PING)" 1
check 'the log is in the file' logged "listening on 127.0.0.1:$port"
check 'it has left the session' [ "$(awk '{ print $6 }' "/proc/$pid/stat")" = "$pid" ]
check 'its streams are not those of the starter' \
  equal "$(readlink "/proc/$pid/fd/0" "/proc/$pid/fd/1" "/proc/$pid/fd/2" | tr '\n' ' ')" \
  "/dev/null $log $log "
mv "$log" "$log.1"
kill -HUP "$pid"
check 'SIGHUP: the log goes on in a new file' wait_until logged 'the log goes on in'
check 'and so do its streams' \
  equal "$(readlink "/proc/$pid/fd/1" "/proc/$pid/fd/2" | tr '\n' ' ')" "$log $log "
check 'it has the threads of one in the foreground, the allocator'"'"'s included' \
  wait_until has_threads "$pid" "$foreground_threads"
try ping --pid-file "$pid_file"
check 'ping finds it by the pid file' equal $status 0
try start --port 0 --pid-file "$pid_file"
check 'a second start with the same pid file: 69' equal $status 69
check 'and says whose it is' contains "$output" "process $pid"
check 'the pid file is untouched' equal "$(sed -n 1p "$pid_file")" "$pid"
try stop --pid-file "$pid_file"
check 'stop: 0 once it is gone' equal $status 0
check 'it is gone' wait_until gone "$pid"
check 'and so is the pid file' [ ! -e "$pid_file" ]
try stop --pid-file "$pid_file"
check 'stop without a server: 69' equal $status 69

pid=$("$program" start --port 0 --pid-file "$pid_file" 2>/dev/null)
servers+=("$pid")
kill -KILL "$pid"
check 'a killed server is gone' wait_until gone "$pid"
# The system takes its time to take a killed process apart.
calls_it_stale() {
  try ping --pid-file "$pid_file"
  [ "$status" -eq 69 ] && contains "$output" stale
}
check 'ping: 69 for a stale pid file, and says so' wait_until calls_it_stale
try stop --pid-file "$pid_file"
check 'stop: 69 for a stale pid file' equal $status 69
pid=$("$program" start --port 0 --pid-file "$pid_file" 2>/dev/null)
servers+=("$pid")
check 'start takes a stale pid file over' equal "$(sed -n 1p "$pid_file")" "$pid"
try stop --pid-file "$pid_file"
check 'and stop works' equal $status 0

echo 'no pid file' >"$scratch/letter"
try --port 0 --pid-file "$scratch/letter"
check 'a file that is no pid file is not overwritten: 73' equal $status 73
check 'and stays what it was' equal "$(cat "$scratch/letter")" 'no pid file'
try --port 0 --pid-file "$scratch/none/server.pid"
check 'a pid file in a missing folder: 73' equal $status 73

ln -s "$scratch/target" "$scratch/link"
try --port 0 --pid-file "$scratch/link"
check 'a pid file that is a symbolic link: 73' equal $status 73
check 'the message says so' contains "$output" "$scratch/link is a symbolic link"
check 'what it names is not made' [ ! -e "$scratch/target" ]

echo '-- busy port'
serve --port 0
first=$server busy=$port
try --port "$busy" --reconnect-attempts 1
check 'a busy port: 69' equal $status 69
check 'the message names it' contains "$output" "cannot listen on 127.0.0.1:$busy"
try start --port "$busy" --reconnect-attempts 1
check 'start: the same' equal $status 69
check 'with the same message' contains "$output" "cannot listen on 127.0.0.1:$busy"

# busy_server: one that tries again and again. Sets $server and $log.
busy_server() {
  out=$scratch/busy.out log=$scratch/busy.log
  : >"$log"
  "$program" --port "$busy" --reconnect-attempts 100 --time-between-attempts "$1" \
    >"$out" 2>"$log" &
  server=$!
  servers+=("$server")
}
busy_server 100
check 'it says that it tries again' wait_until logged busy
kill -TERM "$server"
ended "$server"
check 'SIGTERM ends it while it waits: 0' equal $status 0
busy_server 0.01
check 'it tries again' wait_until logged busy
kill -TERM "$first"
ended "$first"
check 'when the port is free, it gets it' wait_until grep -q "listening on 127.0.0.1:$busy" "$out"
kill -TERM "$server"
ended "$server"

echo '-- options'
# lock_timeout_is SECONDS ARGUMENTS...: what a server with these arguments uses.
lock_timeout_is() {
  local expected=$1
  shift
  serve --port 0 "$@"
  kill -TERM "$server"
  ended "$server"
  logged " lock-timeout=$expected "
}
printf '# a comment\nlock-timeout = 2.5\nallow-shutdown = true\n' >"$scratch/conf"
check 'the default' lock_timeout_is 3
check 'the file wins over the default' lock_timeout_is 2.5 --config "$scratch/conf"
check 'flags work in the file' logged allow-shutdown=true
export LOCKSERVER_LOCK_TIMEOUT=7
check 'the environment wins over the file' lock_timeout_is 7 --config "$scratch/conf"
check 'the command line wins over both' \
  lock_timeout_is 8 --config "$scratch/conf" --lock-timeout 8
unset LOCKSERVER_LOCK_TIMEOUT
export LOCKSERVER_CONFIG=$scratch/conf
check 'the file may be named by the environment' lock_timeout_is 2.5
unset LOCKSERVER_CONFIG
check 'options may stand before and after the command' \
  lock_timeout_is 9 --lock-attempt-timeout 1 run --lock-timeout 9

# wrong TEXT ARGUMENTS...: refused with exit status 64 and a message with TEXT.
wrong() {
  local text=$1
  shift
  try "$@"
  equal $status 64 && contains "$output" "$text"
}
check 'an unknown option' wrong "'--prot'" --prot 1
check 'an unknown command' wrong "'restart'" restart
check 'two commands' wrong "'stop'" start stop
check 'a missing value' wrong '--port' --port
check 'a port beyond 65535' wrong "--port is '70000' but must be" --port 70000
check 'a time that is none' wrong "--lock-timeout is '3s' but must be" --lock-timeout 3s
check 'a negative time' wrong "--lock-timeout is '-1' but must be" --lock-timeout -1
check 'a time of zero' wrong 'lock-timeout must be above 0' --lock-timeout 0
check 'a time above its limit' wrong 'lock-timeout must be' --lock-timeout 90000
check 'a host with a port' wrong 'allowed-hosts must be' --allowed-hosts a,b:80
check 'a sync mode that is none' wrong "--sync is 'never' but must be always or off" --sync never
check 'a log level that is none' wrong "--log-level is 'loud' but must be" --log-level loud
check 'a flag with a value that is none' wrong "must be true or false" --allow-shutdown=maybe
check 'a missing configuration file' wrong "$scratch/none" --config "$scratch/none"
LOCKSERVER_PORT=http check 'the environment' wrong "LOCKSERVER_PORT is 'http' but must be"
echo 'lock-time = 3' >"$scratch/conf"
check 'an unknown key in the file' wrong "key 'lock-time' is unknown" --config "$scratch/conf"
echo '[run]' >"$scratch/conf"
check 'a section in the file' wrong 'section [run] is unknown' --config "$scratch/conf"
echo 'port = many' >"$scratch/conf"
check 'a wrong value in the file' wrong "port in $scratch/conf is 'many'" --config "$scratch/conf"

try --help
check '--help: 0' equal $status 0
serve --port 0
kill -TERM "$server"
ended "$server"
# Whatever --help tells of is known to the file, to the environment and to the log.
check '--help tells of options' contains "$output" '  --lock-timeout SECONDS '
while read -r option unit; do
  case $option in
    config | version) continue ;;
    log-level | log-file | pid-file) ;; # The program's own.
    *) check "the log tells of $option" logged " $option=" ;;
  esac
  printf '%s = x\n%s = x\n' "$option" "$option" >"$scratch/conf"
  check "the file may have $option" \
    wrong "key '$option' has more than one value" --config "$scratch/conf"
  case $unit in ADDRESS | HOSTS | FILE | DIRECTORY) continue ;; esac # Any text is one.
  variable=LOCKSERVER_$(tr a-z- A-Z_ <<<"$option")
  export "$variable=?"
  check "the environment may have $variable" wrong "$variable is '?' but must be"
  unset "$variable"
done < <("$program" --help | sed -nE 's/^  --([a-z-]+)( [^ ]+)? .*/\1\2/p')
check '--help tells of --config' contains "$("$program" --help)" '  --config '
check '--help tells of --version' contains "$("$program" --help)" '  --version '
try stop --help
check 'after a command as well' contains "$output" 'Exit status:'
check '--help tells of SIGHUP' contains "$output" '  SIGHUP '
try --version
check '--version' contains "$output" 'lockserver-caf '

echo "$passed checks passed, $failed failed"
[ $failed -eq 0 ]
