#!/usr/bin/env bash
# Kills, restarts and starves a real server with a data directory:
# durable_test.sh PATH-OF-LOCKSERVER-CAF
set -u
program=$1
for name in $(compgen -e LOCKSERVER_); do unset "$name"; done
# shellcheck source=tests/support/server.sh
. "$(dirname "$0")/../support/server.sh"
# shellcheck source=tests/support/check.sh
. "$(dirname "$0")/../support/check.sh"
show_details() {
  echo "  status ${status-}, output: ${output-}"
  [ ! -s "${log-}" ] || tail -n 20 "$log" | sed 's/^/  log: /'
}
try() {
  status=0
  output=$(timeout $patience "$program" "$@" 2>&1) || status=$?
}
# http PATH [CURL-ARGUMENT...]: the status and the body of an answer, in one line.
http() {
  local path=$1
  shift
  curl --silent --max-time $patience --write-out ' %{http_code}' "$@" \
    "http://127.0.0.1:$port$path" | tr -d '\n'
}
acquire() { # KEY OWNER [MEMBERS]
  http "/v1/locks/$1" -H 'Content-Type: application/json' -d "{\"owner\":\"$2\",\"ttl_ms\":600000${3-}}"
}
token_of() { http "/v1/locks/$1" | sed -n 's/.*"token":\([0-9]*\).*/\1/p'; }
# For conditions: what a bare request, a path, a request for a lock is answered with.
equal_answer() { equal "$(ask "$port" "$2")" "$1"; }
contains_answer() { contains "$(http "$2")" "$1"; }
grants() { contains "$(acquire "$1" "$2")" ' 200'; }
kill_it() {
  kill -KILL "$server"
  ended "$server"
}
data=$scratch/data

echo '-- kill -9'
serve --port 0 --data-dir "$data"
for i in 1 2 3 4 5; do acquire "key$i" owner >/dev/null; done
ask "$port" '/UNLOCK/key2/owner' >/dev/null
lease=$(http /v1/leases -H 'Content-Type: application/json' -d '{"ttl_ms":600000}' \
  | sed 's/.*"lease":"\([0-9a-f]*\)".*/\1/')
acquire shared a ',"mode":"shared","limit":2,"metadata":"m"' >/dev/null
http /v1/locks/leased -H 'Content-Type: application/json' \
  -d "{\"owner\":\"o\",\"lease\":\"$lease\"}" >/dev/null
ask "$port" '/LOCK/short/owner?lock_timeout=0.2' >/dev/null
tokens="$(token_of key1) $(token_of key5) $(token_of leased)"
last=$(token_of leased)
kill_it
serve --port 0 --data-dir "$data"
check 'all that was acknowledged is there again' \
  contains "$(http '/v1/locks?limit=10' | grep -o '"key":"[^"]*"' | tr '\n' ' ')" \
  '"key":"key1" "key":"key3" "key":"key4" "key":"key5" "key":"leased" "key":"shared"'
check 'with its tokens' equal "$(token_of key1) $(token_of key5) $(token_of leased)" "$tokens"
check 'and what was released is free' equal "$(ask "$port" /CHECK/key2)" 0
check 'a lock that ran out meanwhile is free' wait_until equal_answer 0 /CHECK/short
check 'its owner still has it' equal "$(ask "$port" /VERIFY/key1/owner)" 1
check 'others do not get it' contains "$(acquire key1 other)" ' 423'
check 'a semaphore has its limit and its metadata' \
  contains "$(http /v1/locks/shared)" '"metadata":"m"'
check 'another limit is refused' contains "$(acquire shared b ',"mode":"shared","limit":3,"wait_ms":0')" limit_mismatch
check 'a lease has its locks' contains "$(http "/v1/leases/$lease")" '"key":"leased"'
check 'tokens go on growing' [ "$(acquire key2 owner | sed 's/.*"token":\([0-9]*\).*/\1/')" -gt "$last" ]
check 'the server says that it is durable' contains "$(http /v1/server)" '"durable":true'
http "/v1/leases/$lease" -X DELETE >/dev/null
check 'the end of the lease ends its locks' wait_until equal_answer 0 /CHECK/leased

check 'a new data directory is its owner'"'"'s' equal "$(stat -c %a "$data")" 700
check 'about which the log has nothing to say' [ "$(grep -c 'others may write' "$log")" = 0 ]

echo '-- stop'
kill -TERM "$server"
ended "$server"
check 'a server that is stopped ends well' equal $status 0
chmod 770 "$data"
serve --port 0 --data-dir "$data"
check 'the log warns of a directory that others may write to' \
  grep -q "warning others may write to the data directory $data, its mode is 770, .*: chmod 700 $data$" "$log"
chmod 700 "$data"
check 'and has its locks when it is back' equal "$(ask "$port" /VERIFY/key1/owner)" 1

echo '-- one server per directory'
try --port 0 --data-dir "$data"
check 'a second one: 69' equal $status 69
check 'and it says why' contains "$output" 'another server uses the data directory'
rm "$data/lock"
try --port 0 --data-dir "$data"
check 'also when the file lock has been removed: 69' equal $status 69
check 'and it says why' contains "$output" 'another server uses the data directory'
try check "$data"
check 'check works beside the server: 0' equal $status 0
check 'and says what is there' contains "$output" 'is sound: version 2, 6 keys held by 6 grants, 0 leases'
kill_it
try check "$data"
check 'and after it was killed' equal $status 0

echo '-- a damaged log'
serve --port 0 --data-dir "$scratch/damaged"
for i in {1..20}; do acquire "key$i" owner >/dev/null; done
kill_it
try check "$scratch/damaged"
check 'what a killed server leaves is sound' contains "$output" '20 keys held by 20 grants'
cp -r "$scratch/damaged" "$scratch/alone"
rm "$scratch/alone/locks.db-wal"
# Some bytes in its middle.
printf 'damage' | dd of="$scratch/damaged/locks.db-wal" bs=1 seek=50000 conv=notrunc status=none
# refused DIRECTORY TEXT: by check with 65, at the start with 69, both with the text.
refused() {
  try check "$1"
  [ $status -eq 65 ] && contains "$output" "$2" || return 1
  try --port 0 --data-dir "$1"
  [ $status -eq 69 ] && contains "$output" "$2"
}
check 'a log that is damaged is refused, with a sentence' \
  refused "$scratch/damaged" 'locks.db-wal is damaged at byte '
check 'the file alone is no copy of a store that was in use' \
  refused "$scratch/alone" 'locks.db-wal is missing or empty, and with it the last changes'
if command -v sqlite3 >/dev/null; then
  serve --port 0 --data-dir "$scratch/original"
  acquire key owner >/dev/null
  mkdir "$scratch/copy"
  sqlite3 "$scratch/original/locks.db" ".backup $scratch/copy/locks.db"
  kill_it
  serve --port 0 --data-dir "$scratch/copy"
  check 'a backup by SQLite is a copy' equal "$(ask "$port" /VERIFY/key/owner)" 1
  kill_it
  sqlite3 "$scratch/original/locks.db" 'SELECT * FROM locks' >/dev/null
  serve --port 0 --data-dir "$scratch/original"
  check 'a look into a store by SQLite does no harm' equal "$(ask "$port" /VERIFY/key/owner)" 1
  kill_it
fi

echo '-- what cannot be used'
try check "$scratch/none"
check 'check: 65 for a directory without a store' equal $status 65
mkdir "$scratch/foreign"
head -c 10000 /dev/urandom >"$scratch/foreign/locks.db"
try check "$scratch/foreign"
check 'check: 65 for what is no database' equal $status 65
try --port 0 --data-dir "$scratch/foreign"
check 'it is refused at the start: 69' equal $status 69
check 'with a sentence' contains "$output" 'is no database: move it away'
echo >"$scratch/file"
try --port 0 --data-dir "$scratch/file/data"
check 'a directory that cannot be made is refused at the start: 69' equal $status 69
check 'with a sentence' contains "$output" \
  "cannot make the data directory $scratch/file/data: Not a directory"
try --port 0 --data-dir "$scratch/file"
check 'so is one that is a file: 69' equal $status 69
check 'with a sentence' contains "$output" "cannot write to the data directory $scratch/file: "
try --port 0 --data-dir "$data" --restart-grace max
check 'a grace that a durable server does not need is refused: 64' equal $status 64
check 'with a sentence' contains "$output" 'restart-grace is for servers without a data-dir'
try check
check 'check without a directory: 64' equal $status 64

echo '-- a disk that is full'
# No file may grow above 400 KiB.
: >"$scratch/out.full"
(
  ulimit -f 400
  exec "$program" --port 0 --data-dir "$scratch/full" >"$scratch/out.full" 2>"$scratch/log.full"
) &
server=$! out=$scratch/out.full log=$scratch/log.full
servers+=("$server")
wait_until listens_or_ended
port=$(sed -n 's/^listening on .*://p' "$out")
pad=$(printf 'x%.0s' {1..1000})
acquire before owner >/dev/null
acquire before waiter ",\"wait_ms\":$((patience * 1000))" >"$scratch/waiter" &
waiter=$!
check 'a LOCK waits' wait_until contains_answer '"owner":"waiter"' /v1/locks/before
full() {
  filled=$((filled + 1))
  answer=$(acquire "fill$filled" owner ",\"metadata\":\"$pad\"")
  contains "$answer" ' 503'
}
filled=0
check 'in the end a lock is refused' wait_until full
check 'by its code' contains "$answer" '"code":"store_failed"'
check 'and the reason' contains "$answer" 'nothing has changed'
check 'who waited is answered, too' wait_until gone "$waiter"
check 'with the same' contains "$(cat "$scratch/waiter")" '"code":"store_failed"'
check 'the server is not ready' contains "$(http /readyz)" ' 503'
check 'an UNLOCK gets 503 as well, and 0' \
  wait_until contains_answer '0 503' /UNLOCK/before/owner
check 'and changes nothing' equal "$(ask "$port" /VERIFY/before/owner)" 1
check 'the log says so' grep -q 'changes are refused' "$log"
# The limit is the process's own: give it room.
if command -v prlimit >/dev/null && prlimit --pid "$server" --fsize=unlimited 2>/dev/null; then
  check 'it goes on by itself when there is room' wait_until contains_answer ' 200' /readyz
  check 'a lock is granted again' contains "$(acquire after owner)" ' 200'
  check 'and an UNLOCK done' equal "$(ask "$port" /UNLOCK/before/owner)" 1
fi
kill_it
try check "$scratch/full"
check 'the store is sound' equal $status 0

echo '-- a disk that is small'
# limited KIB: a server whose files may not grow above this, on $scratch/small.
limited() {
  out=$scratch/out.small log=$scratch/log.small
  : >"$out"
  (
    ulimit -f "$1"
    exec "$program" --port 0 --data-dir "$scratch/small" >"$out" 2>"$log"
  ) &
  server=$!
  servers+=("$server")
  wait_until listens_or_ended
  port=$(sed -n 's/^listening on .*://p' "$out")
}
limited 200
churn() { # N: locks taken and given back, in one connection
  local i
  for ((i = 0; i < $1; i++)); do
    printf 'GET /LOCK/churn/o%s HTTP/1.1\r\nHost: localhost\r\n\r\n' "$i"
    printf 'GET /UNLOCK/churn/o%s HTTP/1.1\r\nHost: localhost\r\n\r\n' "$i"
  done >"$scratch/churn"
  exec {socket}<>"/dev/tcp/127.0.0.1/$port"
  cat "$scratch/churn" >&"$socket" &
  answered=0
  while [ $answered -lt $((2 * $1)) ] && read -r -t $patience line <&"$socket"; do
    case $line in
      HTTP/*' 503 '*) return 1 ;;
      HTTP/*) answered=$((answered + 1)) ;;
    esac
  done
  exec {socket}>&-
  [ $answered -eq $((2 * $1)) ]
}
check 'a log that has no room to grow stops nobody' churn 300
check 'the store is ready' contains "$(http /readyz)" ' 200'
check 'and its log is small' [ "$(stat -c %s "$scratch/small/locks.db-wal")" -le $((200 * 1024)) ]
kill_it
limited 200
check 'a server starts on it again' contains "$(http /readyz)" ' 200'
kill_it
try check "$scratch/small"
check 'the store is sound' equal $status 0

echo '-- without a disk'
serve --port 0 --restart-grace 100
check 'nothing is granted at first' contains "$(acquire k o)" '"code":"restart_grace"'
check 'LOCK says 0' contains "$(http /LOCK/k/o)" '0 503'
check 'questions are answered' equal "$(ask "$port" /CHECK/k)" 0
serve --port 0 --restart-grace 0.2
check 'later it is' wait_until grants k o
serve --port 0 --restart-grace max --max-lock-timeout 1000
check 'the grace can be as long as any lock may last' contains \
  "$(http /v1/server)" '"restart_grace_ms":1000000'
check 'nothing is granted meanwhile' contains "$(acquire k o)" '"code":"restart_grace"'

echo "$passed checks passed, $failed failed"
[ $failed -eq 0 ]
