# For shell tests of lockctl, to be sourced. $program is the server's path, and $lockctl
# that of lockctl.
# shellcheck shell=bash disable=SC2034,SC2154 # variables are shared with the script

# The user's environment must not affect the tests.
for name in $(compgen -e LOCKSERVER_); do unset "$name"; done
# shellcheck source=tests/support/server.sh
. "$(dirname "${BASH_SOURCE[0]}")/server.sh"
# shellcheck source=tests/support/check.sh
. "$(dirname "${BASH_SOURCE[0]}")/check.sh"

show_details() {
  echo "  status ${status-}, output: ${output-}"
  [ ! -s "$scratch/run.log" ] || sed 's/^/  run: /' "$scratch/run.log"
}

# try ARGUMENTS...: runs lockctl until it ends; sets $status and $output.
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

# background ARGUMENTS...: runs lockctl in the background. The shell ignores some signals
# for such a process; they are reset. Sets $job.
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


# serve_locks: starts a server that lockctl finds through the environment.
serve_locks() {
  serve --port 0
  export LOCKSERVER_SERVER=127.0.0.1:$port
}

# A command that writes its process id and then sleeps. A trapped signal interrupts
# `wait`, so its trap runs at once.
export scratch
# shellcheck disable=SC2016 # for another shell
command='echo $$ >"$scratch/ready.new"; mv "$scratch/ready.new" "$scratch/ready"; sleep 100 & wait'
