#!/usr/bin/env bash
# Runs the benchmarks; see bench/README.md. Called by ./dev.sh bench [NAME].
#
# ROUNDS, SECONDS_PER_ROUND and GRANTS in the environment change how long they take.
# shellcheck disable=SC2317 # called by the names that `compare` makes
# shellcheck disable=SC2154 # set by `serve`
set -euo pipefail
cd "$(dirname "$0")/.."
names="hot-keys hand-over churn held-keys parked long-ttl threads durable recovery access caf resets stalls"

usage() { echo "usage: bench/run.sh NAME…, with NAME one of: $names, or all"; }

[ $# -gt 0 ] || { usage; exit 0; }
for name in "$@"; do
  case " $names all " in *" $name "*) ;; *) usage >&2; exit 64 ;; esac
done
# shellcheck source=bench/support.sh
. bench/support.sh
# shellcheck source=bench/durable.sh
. bench/durable.sh
# shellcheck source=bench/recovery.sh
. bench/recovery.sh
# shellcheck source=bench/access.sh
. bench/access.sh
# shellcheck source=bench/stalls.sh
. bench/stalls.sh
have wrk || { echo "wrk is missing: ./dev.sh bench installs it" >&2; exit 69; }

title() { printf '\n== %s\n' "$*"; }

bench_caf() {
  title "A lock taken and given back by one client, REST client and CAF's client actor in turns"
  local caf_port
  caf_port=$(free_port)
  serve_ours ours --caf-port "$caf_port"
  printf '%-24s %12s %10s %10s %12s %12s\n' '' 'trips/s' 'p50 µs' 'p99 µs' 'server CPU' 'client CPU'
  taskset -c "$load_cpu" build/bench/bench_round_trip "$port_ours" "$caf_port" "$pid_ours" \
    "$rounds" "$seconds"
}

bench_resets() {
  title "Whether clients believe to hold what another has, while connections are reset"
  tests/proxy/proxy_test.sh held_test.js "$PWD/build/lockserver-caf" \
    "$PWD/build/bench/bench_held_under_resets" "${GRANTS:-30000}"
}

bench_hot_keys() {
  title "LOCK/UNLOCK, 1,000 hot keys, 64 connections, one core"
  local peers=(ours floor)
  serve_ours ours
  serve floor build/bench/bench_beast_floor '{port}'
  load_ours() { measure "$pid_ours" wrk_load "$port_ours" bench/hot_keys.lua 1000; }
  load_floor() { measure "$pid_floor" wrk_load "$port_floor" bench/constant.lua; }
  if have nginx; then
    local conf="$workdir/nginx.conf"
    serve_nginx() {
      printf 'daemon off; master_process off; pid %s/nginx.pid; error_log stderr;
        events { worker_connections 1024; }
        http { access_log off; keepalive_requests 1000000000; default_type text/plain;
          server { listen 127.0.0.1:%s; location / { return 200 "1479000000.123456\\n"; } } }' \
        "$workdir" "$1" >"$conf"
      exec nginx -c "$conf"
    }
    export -f serve_nginx; export workdir conf
    serve nginx bash -c 'serve_nginx {port}'
    load_nginx() { measure "$pid_nginx" wrk_load "$port_nginx" bench/constant.lua; }
    peers+=(nginx)
  else
    echo "(nginx is not there: left out)"
  fi
  if have redis-server; then
    serve redis redis-server --port '{port}' --bind 127.0.0.1 --save '' --appendonly no
    load_redis_set() {
      measure "$pid_redis" redis_load "$port_redis" SET k:__rand_int__ v NX PX 3000
    }
    load_redis_eval() {
      measure "$pid_redis" redis_load "$port_redis" EVAL \
        "if redis.call('get',KEYS[1]) == ARGV[1] then return redis.call('del',KEYS[1]) else return 0 end" \
        1 k:__rand_int__ v
    }
    peers+=(redis_set redis_eval)
  else
    echo "(redis is not there: left out)"
  fi
  compare "${peers[@]}"
  table_head
  row ours "lockserver-caf LOCK/UNLOCK"
  row floor "Beast, a constant"
  ! have nginx || row nginx "nginx, return 200"
  if have redis-server; then
    row redis_set "Redis SET NX PX"
    row redis_eval "Redis compare-and-delete"
  fi
  verdict "CPU per request / Beast floor" "$(ratio ours floor)" 1.15
  if have redis-server; then
    # A lock is taken and given back, so this is the mean of both.
    paste -d' ' "$workdir/redis_set.rows" "$workdir/redis_eval.rows" |
      awk '{print ($1+$5)/2, ($2+$6)/2, ($3+$7)/2, ($4+$8)/2}' >"$workdir/redis.rows"
    verdict "CPU per request / Redis (mean of both)" "$(ratio ours redis)" 1.0
  fi
}

bench_hand_over() {
  title "UNLOCK until the next waiter has its answer, µs"
  serve_ours ours
  local waiters
  printf '%-12s %8s %8s %8s\n' "" p50 p99 p99.9
  for waiters in 1 10000; do
    echo "$waiters waiting:"
    taskset -c "$load_cpu" build/bench/bench_hand_over "$port_ours" 5000 "$waiters" "$server_cpu" |
      tee "$workdir/hand-over-$waiters"
    verdict "hand-over / ping-pong, p50" \
      "$(awk '{x[NR]=$2} END {print x[2]/x[1]}' "$workdir/hand-over-$waiters")" 2
  done
}

bench_churn() {
  title "A new key for every LOCK, against hot keys"
  serve_ours ours
  load_hot() { measure "$pid_ours" wrk_load "$port_ours" bench/hot_keys.lua 1000; }
  load_new() { measure "$pid_ours" wrk_load "$port_ours" bench/new_keys.lua; }
  compare hot new
  table_head
  row hot "1,000 hot keys"
  row new "new keys"
  verdict "CPU per request, new / hot" "$(ratio new hot)" 1.5
}

bench_held_keys() {
  title "1,000,000 held keys"
  serve_ours few
  serve_ours many --max-lock-timeout 86400 --max-keys 2000000
  local before after
  before=$(rss "$pid_many")
  build/bench/bench_pipeline "$port_many" 1000000 '/LOCK/held{}/bench?lock_timeout=3600' >/dev/null
  after=$(rss "$pid_many")
  load_few() { measure "$pid_few" wrk_load "$port_few" bench/hot_keys.lua 1000; }
  load_many() { measure "$pid_many" wrk_load "$port_many" bench/hot_keys.lua 1000; }
  compare few many
  table_head
  row few "nothing else held"
  row many "1,000,000 more held"
  verdict "resident memory per key, KiB" \
    "$(awk -v a="$before" -v b="$after" 'BEGIN {print (b - a) / 1e6}')" 2
  verdict "CPU per request, many / few" "$(ratio many few)" 1.2
}

bench_parked() {
  title "10,000 LOCKs parked on one key"
  serve_ours ours
  local before after
  build/bench/bench_pipeline "$port_ours" 1 '/LOCK/parked/bench?lock_timeout=600' >/dev/null
  before=$(rss "$pid_ours")
  coproc PARK { build/bench/bench_park "$port_ours" 10000 parked; }
  read -r -u "${PARK[0]}" _
  sleep 1
  after=$(rss "$pid_ours")
  echo >&"${PARK[1]}"
  wait "$PARK_PID" || true
  verdict "resident memory per parked client, KiB" \
    "$(awk -v a="$before" -v b="$after" 'BEGIN {print (b - a) / 1e4}')" 12
  echo "(what a hand-over costs then: hand-over)"
}

bench_long_ttl() {
  title "1,000,000 LOCK + UNLOCK of new keys with a ttl of an hour"
  serve_ours ours
  local i before after
  # The first round is warm-up: it allocates what the server keeps.
  for i in 1 2; do
    before=$(rss "$pid_ours")
    build/bench/bench_pipeline "$port_ours" 1000000 "/LOCK/long$i-{}/bench?lock_timeout=3600" \
      "/UNLOCK/long$i-{}/bench" >/dev/null
    for _ in $(seq 20); do
      sleep 0.5
      after=$(rss "$pid_ours")
      [ "$after" -gt $((before + before / 20)) ] || break
    done
    printf 'million %s: %s KiB before, %s KiB after\n' "$i" "$before" "$after"
  done
  verdict "resident memory, after / before the second million" \
    "$(awk -v a="$before" -v b="$after" 'BEGIN {print b / a}')" 1.05
}

bench_threads() {
  title "Two I/O threads against one, server and load on both cores"
  SERVE_CPUS="$server_cpu,$load_cpu" serve_ours one
  SERVE_CPUS="$server_cpu,$load_cpu" serve_ours two --threads 2
  on_both() { LOAD_CPUS="$server_cpu,$load_cpu" measure "$@"; }
  load_one() { on_both "$pid_one" wrk_load "$port_one" bench/hot_keys.lua 1000; }
  load_two() { on_both "$pid_two" wrk_load "$port_two" bench/hot_keys.lua 1000; }
  # The cost of two threads without any locks or actors.
  load_ping_one() { on_both "$pid_one" wrk_load "$port_one" bench/constant.lua; }
  load_ping_two() { on_both "$pid_two" wrk_load "$port_two" bench/constant.lua; }
  compare one two ping_one ping_two
  table_head
  row one "one thread"
  row two "two threads"
  row ping_one "one thread, /PING"
  row ping_two "two threads, /PING"
  verdict "CPU per request, two / one" "$(ratio two one)" 1.15
  echo "(the same for /PING, which takes no lock: $(ratio ping_two ping_one))"
}

[ "$*" != all ] || eval "set -- $names"
for name in "$@"; do
  "bench_${name//-/_}"
  stop_servers
done
