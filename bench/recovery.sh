# shellcheck shell=bash disable=SC2317,SC2154 # functions and variables of run.sh, support.sh
# Measures how long a server with a million locks on disk takes until it serves. Sourced
# by run.sh.

# fill_store DIRECTORY N: adds N locks that are held for a day.
fill_store() {
  # The server creates the tables, and stores the time of the boot clock.
  serve_ours empty --data-dir "$1"
  stop_servers
  sqlite3 "$1/locks.db" "
    BEGIN;
    INSERT INTO grants
      WITH RECURSIVE numbers (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < $2)
      SELECT last_token + i, 'held' || i, 'bench', 'exclusive', 0, NULL, '', '', 86400000000,
             boot_us, boot_us + 86400000000, '' FROM numbers, server;
    UPDATE server SET last_token = last_token + $2;
    COMMIT;
    PRAGMA wal_checkpoint(TRUNCATE);" >/dev/null
}

await_ready() {
  local tries=0
  until curl -sf --max-time 60 "http://127.0.0.1:$1/readyz" >/dev/null; do
    tries=$((tries + 1))
    [ "$tries" -lt 3000 ] || { echo "the server on $1 is not ready" >&2; exit 1; }
    sleep 0.02
  done
}

bench_recovery() {
  title "The start of a server with 1,000,000 locks on disk"
  if ! have sqlite3 || ! have curl; then
    echo "(sqlite3 or curl is not there: left out)"
    return
  fi
  local data=$workdir/recovery.data begin round held
  fill_store "$data" 1000000
  : >"$workdir/recovery.rows"
  for round in $(seq "$rounds"); do
    printf '\rround %s of %s ' "$round" "$rounds" >&2
    begin=$(date +%s.%N)
    serve_ours recovery --data-dir "$data"
    await_ready "$port_recovery"
    echo "$begin $(date +%s.%N) $(rss "$pid_recovery")" | awk '{print $2 - $1, $3}' \
      >>"$workdir/recovery.rows"
    held=$(curl -sf "http://127.0.0.1:$port_recovery/v1/server" | sed -n 's/.*"keys":\([0-9]*\).*/\1/p')
    stop_servers
  done
  printf '\r                  \r' >&2
  echo "$held keys are held"
  printf '%-40s %9.2f\n' "seconds until /readyz answers 200" "$(column recovery 1)"
  printf '%-40s %9.0f\n' "resident memory then, MiB" "$(column recovery 2 | awk '{print $1 / 1024}')"
}
