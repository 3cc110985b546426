# shellcheck shell=bash disable=SC2317,SC2154 # functions and variables of run.sh, support.sh
# Compares locks that are on disk when they are acknowledged with locks in memory, with
# Redis with appendfsync always, and with etcd's lock API. Sourced by run.sh.
#
# All keep their data below $workdir, on the same disk. Each connection takes a free lock
# and gives it back, one request at a time.

# locks NAME PID PROTOCOL PORT CONNECTIONS [LEASE]: as `measure`; adds p50 and
# p99 in µs to $workdir/NAME.latency.
locks() {
  local name=$1 pid=$2
  shift 2
  measure "$pid" take_and_give "$name" "$@"
}
take_and_give() {
  local name=$1 requests time p50 p99
  shift
  read -r requests time p50 p99 < <(taskset -c "$load_cpu" \
    build/bench/bench_take_and_give "$1" "$2" "$3" "$seconds" "${4-}")
  echo "$p50 $p99" >>"$workdir/$name.latency"
  echo "$requests $time"
}

# latency NAME N: the median of p50 (1) or p99 (2).
latency() { awk -v c="$2" '{print $c}' "$workdir/$1.latency" | median; }

# rate_ratio A B: median of the ratio of requests per second, round by round.
rate_ratio() {
  paste -d' ' "$workdir/$1.rows" "$workdir/$2.rows" | awk '{printf "%.3f\n", $4 / $8}' | median
}

durable_row() {
  printf '%-40s %9.0f %8.0f %8.0f %8.2f\n' "$2" "$(column "$1" 4)" "$(latency "$1" 1)" \
    "$(latency "$1" 2)" "$(column "$1" 3)"
}
durable_head() { printf '%-40s %9s %8s %8s %8s\n' "$1" req/s 'p50 µs' 'p99 µs' 'CPU µs'; }

# least WHAT VALUE LIMIT: checks a target of the form "at least".
least() {
  awk -v what="$1" -v x="$2" -v limit="$3" 'BEGIN {
    printf "%-52s %8.3f   target ≥ %s   %s\n", what, x, limit, (x >= limit ? "met" : "MISSED") }'
}

serve_redis() {
  local name=$1
  shift
  mkdir -p "$workdir/$name.data"
  serve "$name" redis-server --port '{port}' --bind 127.0.0.1 --save '' --dir "$workdir/$name.data" "$@"
}

serve_etcd() {
  local peer
  peer=http://127.0.0.1:$(free_port)
  serve etcd etcd --data-dir "$workdir/etcd.data" --log-level error \
    --listen-client-urls 'http://127.0.0.1:{port}' --advertise-client-urls 'http://127.0.0.1:{port}' \
    --listen-peer-urls "$peer" --initial-advertise-peer-urls "$peer" --initial-cluster "default=$peer"
  # It listens before it has elected itself as leader.
  local tries=0
  until lease=$(curl -sf -d '{"TTL":3600}' "http://127.0.0.1:$port_etcd/v3/lease/grant" |
    sed -n 's/.*"ID":"\([0-9]*\)".*/\1/p') && [ -n "$lease" ]; do
    tries=$((tries + 1))
    [ "$tries" -lt 100 ] || { echo "etcd grants no lease" >&2; exit 1; }
    sleep 0.1
  done
}

# store_counts: our durable server's commits and decisions since its start.
store_counts() {
  curl -sf "http://127.0.0.1:$port_durable/v1/server" |
    sed -n 's/.*"commits":\([0-9]*\).*"decisions":\([0-9]*\).*/\1 \2/p'
}

bench_durable() {
  title "Locks on disk when they are acknowledged, 64 connections"
  local peers=(memory durable)
  serve_ours memory
  serve_ours durable --data-dir "$workdir/durable.data"
  load_memory() { locks memory "$pid_memory" lines "$port_memory" 64; }
  load_durable() { locks durable "$pid_durable" lines "$port_durable" 64; }
  if have redis-server; then
    serve_redis redis --appendonly yes --appendfsync always
    serve_redis redis_memory --appendonly no
    load_redis() { locks redis "$pid_redis" redis "$port_redis" 64; }
    load_redis_memory() { locks redis_memory "$pid_redis_memory" redis "$port_redis_memory" 64; }
    peers+=(redis redis_memory)
  else
    echo "(redis is not there: left out)"
  fi
  if have etcd && have curl; then
    serve_etcd
    load_etcd() { locks etcd "$pid_etcd" etcd "$port_etcd" 64 "$lease"; }
    peers+=(etcd)
  else
    echo "(etcd or curl is not there: left out)"
  fi
  compare "${peers[@]}"
  durable_head "64 connections"
  durable_row memory "lockserver-caf, in memory"
  durable_row durable "lockserver-caf --data-dir"
  ! have redis-server || durable_row redis "Redis, appendfsync always"
  ! have redis-server || durable_row redis_memory "Redis, in memory"
  ! have etcd || durable_row etcd "etcd, /v3/lock"
  least "requests per second, durable / in memory" "$(rate_ratio durable memory)" 0.7
  ! have redis-server ||
    least "requests per second, durable / Redis always" "$(rate_ratio durable redis)" 1.0
  ! have etcd || least "requests per second, durable / etcd" "$(rate_ratio durable etcd)" 8

  title "Commits of lockserver-caf --data-dir"
  printf '%-12s %9s %8s %8s %10s %22s\n' connections req/s 'p50 µs' 'p99 µs' commits/s \
    'decisions per commit'
  local connections before after
  for connections in 1 16 64 256; do
    before=$(store_counts)
    load_some() { locks "c$connections" "$pid_durable" lines "$port_durable" "$connections"; }
    rounds=1 compare some
    after=$(store_counts)
    # Both are divided by the time of the round.
    echo "$before $after $seconds $(column some 4) $(cat "$workdir/c$connections.latency")" |
      awk -v n="$connections" '{ commits = $3 - $1; decisions = $4 - $2
        printf "%-12s %9.0f %8.0f %8.0f %10.0f %22.1f\n", n, $6, $7, $8, commits / $5,
          (commits > 0 ? decisions / commits : 0) }'
  done
}
