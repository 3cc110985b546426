# shellcheck shell=bash
# The benchmark `stalls`: how a crowd delays one client. Sourced by run.sh.
# shellcheck disable=SC2154 # set by `serve`

# stalls_of CASE COUNT: starts a new server for each case, so that none inherits a crowd.
stalls_of() {
  serve_ours ours --max-keys 2000000 --max-holders-per-key 20000 --max-waiters-per-key 20000 \
    --max-lock-timeout 86400
  taskset -c "$load_cpu" build/bench/bench_stalls "$port_ours" "$1" "$2" | tee -a "$workdir/stalls"
  stop_servers
}

bench_stalls() {
  title "A lock taken and given back every 2 ms beside a crowd, ms"
  printf '%-16s %8s %9s %9s %9s %9s %8s\n' '' trips p50 p99 p99.9 worst errors
  stalls_of keys-begin 1000000
  stalls_of keys 100000
  stalls_of keys 1000000
  stalls_of lease-deleted 100000
  stalls_of lease-expires 100000
  stalls_of lists 100000
  stalls_of waiters 10000
  verdict "the worst p99.9, ms" "$(awk '$5 > x { x = $5 } END { print x }' "$workdir/stalls")" 20
  verdict "the worst of all, ms" "$(awk '$6 > x { x = $6 } END { print x }' "$workdir/stalls")" 100
  verdict "trips that failed" "$(awk '{ x += $7 } END { print x }' "$workdir/stalls")" 0
}
