#!/usr/bin/env bash
# Runs a test with the real HAProxy and nginx: proxy_test.sh SCRIPT ARGUMENT...
# What is missing is a failure where $CI is set, as .ci/run does; else the test is skipped.
set -euo pipefail

cannot() {
  echo "proxy test: $1"
  if [ -n "${CI-}" ]; then exit 1; fi
  echo 'SKIPPED: install haproxy, nginx-light and nodejs (./dev.sh test does so)'
  exit 77
}

PATH=$PATH:/usr/sbin:/sbin # where Debian has them, which not every user's PATH names
node=$(command -v node || command -v nodejs) || cannot 'there is no Node.js'
for proxy in haproxy nginx; do
  command -v "$proxy" >/dev/null || cannot "there is no $proxy"
done

# What the user's environment says must not count.
for name in $(compgen -e LOCKSERVER_); do unset "$name"; done
exec "$node" "$(dirname "$0")/$1" "${@:2}"
