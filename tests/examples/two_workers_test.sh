#!/usr/bin/env bash
# Runs an example of two workers against a real server and checks that they take
# turns: two_workers_test.sh PATH-OF-LOCKSERVER-CAF EXAMPLE
set -eu
program=$1 example=$2
# shellcheck source=tests/support/server.sh
. "$(dirname "$0")/../support/server.sh"

serve --port 0
status=0
output=$("$example" 127.0.0.1 "$port" 2>&1) || status=$?
printf '%s\n' "$output"
kill -TERM "$server"
ended=$status
ended "$server"
[ "$ended" -eq 0 ] || {
  echo "FAILED: the example ended with status $ended"
  exit 1
}
[ "$status" -eq 0 ] || {
  echo "FAILED: the server ended with status $status"
  exit 1
}
# Six times "NAME has the printer…", each followed by the same "NAME is done".
printf '%s\n' "$output" | awk '
  / has the printer/ { if (who != "") exit 1; who = $1; turns[$1]++; next }
  / is done$/        { if (who != $1) exit 1; who = ""; next }
                     { exit 1 }
  END { if (who != "" || turns["anna"] != 3 || turns["bert"] != 3) exit 1 }' || {
  echo 'FAILED: they did not take turns'
  exit 1
}
echo 'they took turns'
