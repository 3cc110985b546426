#!/bin/sh
# Two workers take turns on one lock, with nothing but curl.
#
# Usage: two_workers.sh [host [port]], with a server running there.
set -eu
server="http://${1:-127.0.0.1}:${2:-8004}"

# --fail makes a refusal (status 400 and up) an error of curl. A key with a slash or a
# space must be percent-encoded: a%2Fb.
ask() {
  curl --silent --show-error --fail "$server/$1"
}

# The name says who holds the lock. Workers need different names, because the server
# treats equal names as one owner.
work() {
  name=$1
  for turn in 1 2 3; do
    # The lock lasts 10 seconds, so it also ends if this script dies with it. Wait for it
    # up to 20 seconds.
    expires=$(ask "LOCK/the-printer/$name?lock_timeout=10&lock_attempt_timeout=20")
    if [ "$expires" = 0 ]; then
      echo "$name did not get the lock in time" >&2
      return 1
    fi
    echo "$name has the printer until $expires, turn $turn"
    sleep 1 # the work
    echo "$name is done"
    # 0 means that the lock had expired: the work took too long.
    if [ "$(ask "UNLOCK/the-printer/$name")" != 1 ]; then
      echo "$name lost the lock while it worked" >&2
      return 1
    fi
  done
}

ask PING >/dev/null
work anna &
anna=$!
work bert &
bert=$!
status=0
wait "$anna" || status=1
wait "$bert" || status=1
exit $status
