# For shell tests, to be sourced: runs lockserver-caf on a free port, and waits
# for conditions with a deadline. $program is the server's path.
# shellcheck shell=bash disable=SC2034,SC2154 # variables are shared with the script

# The longest wait for anything. It is long, because only failures need it.
patience=30

scratch=$(mktemp -d)
servers=()
clean_up() {
  local pid
  for pid in "${servers[@]}"; do
    kill -KILL "$pid" 2>/dev/null || true
  done
  rm -rf "$scratch"
}
trap clean_up EXIT

# wait_until COMMAND...: repeats it until it succeeds; fails if that takes too long.
wait_until() {
  local end=$((SECONDS + patience))
  until "$@"; do
    [ $SECONDS -lt $end ] || return 1
    sleep 0.02
  done
}

# Whether a process has ended. A zombie (Z) has.
gone() { ! kill -0 "$1" 2>/dev/null || grep -qs '^State:.Z' "/proc/$1/status"; }

# serve ARGUMENTS...: starts the program in the background. Sets $server (process id),
# $out and $log (files), and $port unless it has ended.
serve() {
  out=$scratch/out.${#servers[@]} log=$scratch/log.${#servers[@]} port=''
  : >"$out"
  "$program" "$@" >"$out" 2>"$log" &
  server=$!
  servers+=("$server")
  wait_until listens_or_ended
  port=$(sed -n 's/^listening on .*://p' "$out")
}
listens_or_ended() { grep -q '^listening on' "$out" || gone "$server"; }

# ended PID: waits for a child process of this shell, and sets $status.
ended() {
  status=0
  wait_until gone "$1" || kill -KILL "$1"
  wait "$1" || status=$?
}

# ask PORT TARGET: sends a request as Lock::Server's clients do, and prints the answer.
ask() {
  local socket
  exec {socket}<>"/dev/tcp/127.0.0.1/$1" || return 1
  printf 'GET %s\n\n' "$2" >&"$socket"
  timeout $patience cat <&"$socket"
  exec {socket}>&-
}
