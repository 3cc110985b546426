# shellcheck shell=bash
# Shared by the benchmarks: starts servers on the first core, loads them from the second,
# and reads their resource usage from /proc. Sourced by run.sh.

server_cpu=0
load_cpu=1
rounds=${ROUNDS:-5}
seconds=${SECONDS_PER_ROUND:-3}

pids=()
workdir=$(mktemp -d)
stop_servers() {
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
  pids=()
}
trap 'stop_servers; rm -rf "$workdir"' EXIT

have() { command -v "$1" >/dev/null; }

free_port() {
  # A port on which nobody listens. Asked for again if two calls get the same one.
  local port
  while :; do
    port=$((20000 + RANDOM % 20000))
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
  done
  echo "$port"
}

await_port() {
  local tries=0
  until (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; do
    tries=$((tries + 1))
    [ "$tries" -lt 100 ] || { echo "nothing listens on $1" >&2; exit 1; }
    sleep 0.05
  done
}

# serve NAME COMMAND…: starts COMMAND on the first core, with {port} replaced. Sets
# port_NAME and pid_NAME.
serve() {
  local name=$1 port cpus=$server_cpu
  shift
  port=$(free_port)
  taskset -c "${SERVE_CPUS:-$cpus}" "${@//\{port\}/$port}" >"$workdir/$name.log" 2>&1 &
  pids+=($!)
  printf -v "pid_$name" %s $!
  printf -v "port_$name" %s "$port"
  await_port "$port"
}

# Starts our server as NAME with further options.
serve_ours() {
  local name=$1
  shift
  serve "$name" build/lockserver-caf --port '{port}' --max-connections 20000 "$@"
}

# User and system time of a process since its start, in clock ticks.
cpu_ticks() { awk '{print $14, $15}' "/proc/$1/stat"; }

# Resident memory of a process in KiB.
rss() { awk '/^VmRSS/ {print $2}' "/proc/$1/status"; }

# measure PID COMMAND…: COMMAND prints how many requests it made and how long it took.
# Prints per request: user µs, system µs and both, and requests per second.
measure() {
  local pid=$1 user0 sys0 user1 sys1 requests time
  shift
  read -r user0 sys0 < <(cpu_ticks "$pid")
  read -r requests time < <("$@")
  read -r user1 sys1 < <(cpu_ticks "$pid")
  awk -v u=$((user1 - user0)) -v s=$((sys1 - sys0)) -v n="$requests" -v t="$time" \
    -v tick="$(getconf CLK_TCK)" 'BEGIN {
      us = 1e6 / tick / n
      printf "%.2f %.2f %.2f %.0f\n", u * us, s * us, (u + s) * us, n / t }'
}

# wrk_load PORT SCRIPT [ARGUMENTS…]: prints requests made and seconds taken. The caller may
# have its own wrk_scheme and wrk_options.
wrk_scheme=http wrk_options=()
wrk_load() {
  local port=$1 script=$2
  shift 2
  taskset -c "${LOAD_CPUS:-$load_cpu}" wrk -t1 -c64 "-d${seconds}s" -s "$script" \
    "${wrk_options[@]}" "$wrk_scheme://127.0.0.1:$port/" -- "$@" |
    awk '/requests in/ { n = $1; t = $4; if (t ~ /m$/) t *= 60; print n, t + 0 }
         /Non-2xx|Socket errors/ { print > "/dev/stderr" }'
}

# redis_load PORT COMMAND…: the same for redis-benchmark.
redis_load() {
  local port=$1 count=$((seconds * 40000)) start
  shift
  start=$(date +%s.%N)
  taskset -c "$load_cpu" redis-benchmark -p "$port" -c 64 -n "$count" -r 1000 -q "$@" >/dev/null
  awk -v n="$count" -v a="$start" -v b="$(date +%s.%N)" 'BEGIN { print n, b - a }'
}

# Median of the numbers on standard input.
median() { sort -n | awk '{ x[NR] = $1 } END { print NR % 2 ? x[(NR + 1) / 2] : (x[NR / 2] + x[NR / 2 + 1]) / 2 }'; }

# compare NAME…: for each NAME there is a function load_NAME that prints as `measure`
# does. Runs them in turn, $rounds times, and writes the rows to $workdir/NAME.rows.
compare() {
  local name round
  for name in "$@"; do : >"$workdir/$name.rows"; done
  for round in $(seq "$rounds"); do
    printf '\rround %s of %s ' "$round" "$rounds" >&2
    for name in "$@"; do "load_$name" >>"$workdir/$name.rows"; done
  done
  printf '\r                  \r' >&2
}

# column NAME N: the median of column N (1 user, 2 system, 3 both, 4 rate).
column() { awk -v c="$2" '{print $c}' "$workdir/$1.rows" | median; }

# ratio A B: median of the ratio of CPU per request, round by round.
ratio() {
  paste -d' ' "$workdir/$1.rows" "$workdir/$2.rows" | awk '{printf "%.3f\n", $3 / $7}' | median
}

row() {
  printf '%-28s %7.2f %7.2f %7.2f %9.0f\n' "$2" "$(column "$1" 1)" "$(column "$1" 2)" \
    "$(column "$1" 3)" "$(column "$1" 4)"
}

table_head() {
  printf '%-28s %7s %7s %7s %9s\n' "CPU per request, µs" user system all req/s
}

# verdict WHAT VALUE LIMIT: checks a target of the form "at most".
verdict() {
  awk -v what="$1" -v x="$2" -v limit="$3" 'BEGIN {
    printf "%-52s %8.3f   target ≤ %s   %s\n", what, x, limit, x <= limit ? "met" : "MISSED" }'
}
