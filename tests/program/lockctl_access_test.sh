#!/usr/bin/env bash
# lockctl and a server with an access file: lockctl_access_test.sh LOCKSERVER-CAF LOCKCTL
# shellcheck disable=SC2016 # what stands in '…' is for other shells
set -u
program=$1 lockctl=$2
# shellcheck source=tests/support/lockctl.sh
. "$(dirname "$0")/../support/lockctl.sh"

# identity NAME: makes a token for it in a file of that name, and prints the token's hash.
identity() {
  local made
  made=$("$program" token "$1" 2>/dev/null)
  (umask 077 && head -n 1 <<<"$made" >"$scratch/$1")
  tail -n 1 <<<"$made"
}
cat >"$scratch/access.json" <<END
{ "identities": {
    "ci":  { "tokens": ["$(identity ci)"], "roles": ["deployer"] },
    "ops": { "tokens": ["$(identity ops)"], "roles": ["operator"] } },
  "roles": {
    "deployer": [ {"keys": "deploy/", "allow": ["acquire"]}, {"keys": "", "allow": ["read"]} ],
    "operator": [ {"keys": "", "allow": ["force"]}, {"allow": ["metrics", "admin"]} ] } }
END
chmod 600 "$scratch/access.json"
serve --port 0 --access "$scratch/access.json"
export LOCKSERVER_SERVER=127.0.0.1:$port LOCKSERVER_TOKEN_FILE=$scratch/ci

echo '-- who lockctl is'
check 'whoami' ends 0 whoami
check 'tells identity, roles, owners and rights' equal "$output" 'ci, roles: deployer, owners: ci, ci/*

KEYS      RIGHTS
deploy/*  acquire
*         read'
check 'of another token, in JSON' ends 0 --token-file "$scratch/ops" --json whoami
check 'as the server says it' equal "$output" "$(curl -sS -H "Authorization: Bearer $(cat "$scratch/ops")" \
  "http://$LOCKSERVER_SERVER/v1/access")"
check 'ping' ends 0 ping

echo '-- locks of an identity'
check 'lock' ends 0 lock deploy/web --ttl 5m
check 'the owner begins with the identity' grep -qE 'owner ci/.+@.+:[0-9]+-[0-9a-f]{8},' <<<"$output"
check 'status shows the identity' grep -qE '^ci/[^ ]+  ci  +exclusive ' <<<"$("$lockctl" status deploy/web | tail -n 1)"
check 'list, too' contains "$("$lockctl" list)" IDENTITY
check 'run' ends 0 run deploy/run -- sh -c '[ "${LOCK_OWNER#ci/}" != "$LOCK_OWNER" ]'
check 'run --hold connection' ends 3 run --hold connection deploy/run -- sh -c 'exit 3'
id=$("$lockctl" leases create --ttl 1m --owner ci/one)
check 'a lease' ends 0 lock deploy/leased --lease "$id" --owner ci/one
check 'which ends' ends 0 leases end "$id"
check 'the owner that is named is kept' ends 0 lock deploy/mine --owner ci --ttl 5m
check 'unlock' ends 0 unlock deploy/mine --owner ci

echo '-- refusals'
# refused WORDS ARGUMENTS...: whether lockctl ends with 69, says the words, and repeats no token.
refused() {
  local words=$1
  shift
  ends 69 "$@" && contains "$output" "$words" && ! grep -qE 'lsk_[A-Za-z0-9_-]{43}' <<<"$output"
}
check 'without the right' refused 'the client needs the right acquire for this key' lock other
check 'in the name of somebody else' refused 'may not act for this owner' lock deploy/x --owner bob
check 'to force' refused 'the client needs the right' force-unlock deploy/web
unset LOCKSERVER_TOKEN_FILE
check 'without a token' refused 'send a token' status deploy/web
LOCKSERVER_TOKEN=lsk_0123456789abcdefghijklmnopqrstuvwxyzABCDEFG \
  check 'with a token that the server does not know' refused 'lockctl: ' status deploy/web
LOCKSERVER_TOKEN=other check 'with something else' refused 'must be a token' status deploy/web
check 'force-unlock by an operator' ends 0 --token-file "$scratch/ops" force-unlock deploy/web

echo "$passed checks passed, $failed failed"
[ $failed -eq 0 ]
