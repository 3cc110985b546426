#!/usr/bin/env bash
# Exercises lockctl with a real server: lockctl_test.sh LOCKSERVER-CAF LOCKCTL
# shellcheck disable=SC2016 # what stands in '…' is for other shells
set -u
program=$1 lockctl=$2
# shellcheck source=tests/support/lockctl.sh
. "$(dirname "$0")/../support/lockctl.sh"

serve_locks

echo '-- single locks'
check 'ping' ends 0 ping
check 'a free key: 1' ends 1 status key
check 'it says so' equal "$output" 'key is free'
check 'lock' ends 0 lock key --owner me --ttl 5m
check 'it prints owner and token' grep -qE '^locked key for .*: owner me, token [0-9]+$' <<<"$output"
check 'a held key: 0' ends 0 status key
check 'status names the holder' contains "$output" me
owner_of() { [[ $("$lockctl" --json lock "$1") =~ \"owner\":\"([^\"]*) ]] && echo "${BASH_REMATCH[1]}"; }
check 'the default owner is user@host:pid and something random' \
  grep -qE '^.+@.+:[0-9]+-[0-9a-f]{8}$' <<<"$(owner_of one)"
check 'which does not repeat' [ "$(owner_of two | sed 's/.*-//')" != "$(owner_of three | sed 's/.*-//')" ]
check 'a second lock that does not wait: 75' ends 75 lock key --wait 0
check 'it names the holder' contains "$output" '(held by me)'
check 'a second lock that waits for too long: 75' ends 75 lock key --wait 20ms
check 'list shows it' ends 0 list
check 'with its key' contains "$output" key
check 'list with another prefix does not' ends 0 list other
check 'only the heading' equal "$(wc -l <<<"$output")" 1
check 'list -q: only the keys' ends 0 list -q
check 'as they are' equal "$output" $'key\none\nthree\ntwo'
check 'unlock by somebody else: 1' ends 1 unlock key --owner other
check 'unlock by nobody: 64' ends 64 unlock key
check 'unlock by its owner' ends 0 unlock key --owner me
check 'once' ends 1 unlock key --owner me
token=$("$lockctl" lock -q key --ttl 5m)
check 'lock -q prints the token alone' grep -qE '^[0-9]+$' <<<"$token"
check 'renew by the token' ends 0 renew key --token "$token" --ttl 10m
check 'renew says until when' contains "$output" 'renewed key for 10m'
check 'unlock by another token: 1' ends 1 unlock key --token 1
check 'unlock by the token' ends 0 unlock key --token "$token"
check 'shared by two' ends 0 lock key --limit 2 --owner a
check 'this is the second' ends 0 lock key --limit 2 --owner b
check 'and no third' ends 75 lock key --limit 2 --owner c --wait 0
check 'force-unlock takes it from all' ends 0 force-unlock key
check 'of a free key: 1' ends 1 force-unlock key
check 'JSON of a lock' ends 0 --json lock key --owner me
check 'is that of the server' contains "$output" '{"key":"key","owner":"me","mode":"exclusive","token":'
check 'JSON of a list' ends 0 --json list
check 'has all locks' contains "$output" '{"locks":[{"key":"key","holders":[{"owner":"me"'
check 'the owner from the environment' env LOCKSERVER_OWNER=me "$lockctl" unlock key
check 'the server' ends 0 server
check 'tells its settings' contains "$output" lock_timeout
id=$("$lockctl" leases create --owner me --ttl 1m)
check 'a lease holds locks' ends 0 lock key --lease "$id" --owner me
check 'and shows them' ends 0 leases show "$id"
check 'by key' contains "$output" key
check 'it can be renewed' ends 0 leases renew "$id"
check 'and ended' ends 0 leases end "$id"
check 'once' ends 1 leases end "$id"

check 'whoami without access rules' ends 0 whoami
check 'anybody may do everything' equal "$output" 'anonymous, roles: none, owners: *

KEYS  RIGHTS
*     read, acquire, force
-     metrics, admin'

for server in "http://$LOCKSERVER_SERVER" "http://$LOCKSERVER_SERVER/" "${LOCKSERVER_SERVER#*:}"; do
  [[ $server == http* ]] || server=http://localhost:$server
  check "the server as $server" ends 0 -s "$server" ping
done
try -s 'http://[::1]:1' ping
check 'an IPv6 address in a URL' contains "$output" '::1 port 1 does not answer'
try -s http://127.0.0.1 status key
check 'a URL without a port: 80' contains "$output" '127.0.0.1 port 80'
try -s "https://$LOCKSERVER_SERVER" ping
check 'https to a plain server: 69' equal $status 69
check 'with a sentence' contains "$output" 'handshake failure'
try --ca ca.pem ping
check 'TLS files for a plain server: 64' equal $status 64
try -s https://localhost --cert me.pem ping
check 'half a certificate: 64' equal $status 64

echo '-- output'
# unprintable ARGUMENTS...: whether lockctl, whose output goes to a full disk,
# ends so and says why.
unprintable() {
  status=0
  output=$("$lockctl" "$@" 2>&1 >/dev/full) || status=$?
  [ $status -eq 74 ] && contains "$output" 'cannot write to standard output'
}
try lock key --owner me --ttl 5m
for arguments in 'lock other' 'lock other -q' 'lock other --json' 'renew key --owner me --ttl 5m' 'status key' \
  'list' 'list -q' 'leases create' 'ping' 'server' '--help' '--version' 'unlock key --owner me --json'; do
  # shellcheck disable=SC2086 # several words
  check "lockctl $arguments >/dev/full: 74" unprintable $arguments
done
check 'a lock whose token is lost is given back' is_free other
check 'as is a lease' contains "$("$lockctl" --json server)" '"leases":0'
check 'lockctl server shows every setting as what it is' contains "$("$lockctl" --json server)" '"durable":false'
check 'and in words for people' contains "$("$lockctl" server | tr -s ' ')" 'durable no'
status=0
"$lockctl" lock other -q >&- 2>/dev/null || status=$?
check 'standard output that is closed: 74' equal $status 74
check 'the lock is given back, too' is_free other
# A pipe that nobody reads any more.
exec 8> >(exec <&-; echo >"$scratch/closed"; exec sleep 100)
servers+=($!)
wait_until [ -s "$scratch/closed" ]
status=0
output=$("$lockctl" lock other -q 2>&1 >&8) || status=$?
exec 8>&-
check 'a pipe without a reader: 74' equal $status 74
check 'and no lock' is_free other

try lock escape --ttl 5m --owner $'a\u202eb' --metadata $'\e[31mx\ny \u009b31m'
check 'an owner is printed without what commands a terminal' contains "$output" 'owner a\u{202e}b,'
try status escape
check 'so are owner and metadata by status' contains "$output" 'a\u{202e}b'
check 'in one row' contains "$output" '\x1b[31mx\ny \u{009b}31m'
try list
check 'by list' contains "$output" 'a\u{202e}b'
try lock escape --wait 0
check 'and in an error' contains "$output" '(held by a\u{202e}b)'
try --json status escape
check 'JSON escapes as JSON does' contains "$output" '"metadata":"\u001b[31mx\ny \u009b31m"'

echo '-- access tokens'
secret=lsk_0123456789abcdefghijklmnopqrstuvwxyzABCDEFG
# unusable WORDS ARGUMENTS...: whether lockctl ends with 64, says the words, and does not repeat the secret.
unusable() {
  local words=$1
  shift
  ends 64 "$@" && contains "$output" "$words" && ! contains "$output" "$secret"
}
file=$scratch/token
(umask 077 && printf '%s \r\nmore lines\n' "$secret" >"$file")
check 'a token file' ends 0 --token-file "$file" ping
check 'its name in the environment' env LOCKSERVER_TOKEN_FILE="$file" "$lockctl" -q ping
check 'or the token' env LOCKSERVER_TOKEN=$secret "$lockctl" -q ping
LOCKSERVER_TOKEN_FILE=$file LOCKSERVER_TOKEN=$secret \
  check 'both: 64' unusable 'exclude each other' ping
LOCKSERVER_TOKEN_FILE=$file LOCKSERVER_TOKEN=$secret \
  check 'the option takes precedence' ends 0 --token-file "$file" ping
LOCKSERVER_TOKEN="$secret $secret" check 'a token with a space: 64' unusable 'LOCKSERVER_TOKEN cannot be used: a token must' ping
for arguments in ping 'run key -- true'; do
  # shellcheck disable=SC2086 # several words
  check "to another machine only over TLS, $arguments: 69" ends 69 --token-file "$file" -s http://192.0.2.1 $arguments
  check 'with a sentence' contains "$output" '192.0.2.1 port 80: a token may be sent only over TLS'
done
check 'the command of run does not get the token' env LOCKSERVER_TOKEN=$secret "$lockctl" run key -- \
  sh -c '[ -z "${LOCKSERVER_TOKEN+set}" ] && [ -n "$LOCK_TOKEN" ]'
LOCKSERVER_TOKEN=$secret check 'but the file' ends 0 run --token-file "$file" key -- \
  sh -c '[ -z "${LOCKSERVER_TOKEN+set}" ]'
chmod o+r "$file"
check 'a token file for all to read: 64' unusable \
  "the token file '$file' cannot be used: others than its owner and group may access it: chmod o= $file" \
  --token-file "$file" ping
chmod o= "$file"
echo "two $secret" >"$file"
check 'with more than a token: 64' unusable "the token file '$file' cannot be used: a token must" --token-file "$file" ping
printf '\n%s\n' "$secret" >"$file"
check 'with an empty line: 64' unusable "the token file '$file' cannot be used: its first line" --token-file "$file" ping
check 'which is not there: 64' unusable "the token file '$file.none' cannot be used: No such file" --token-file "$file.none" ping

echo '-- wrong input'
for arguments in 'unlock key --owner x --token' 'unlock key --token 1 --owner' 'renew key --owner x --ttl' \
  'lock key --lease' 'lock key --limit' 'lock key --wait' 'lock key --metadata' 'run key --ttl' 'run key --hold' \
  'leases create --owner' '--server'; do
  # shellcheck disable=SC2086 # several words
  check "lockctl $arguments '': 64" ends 64 $arguments ''
  check 'it says what is wrong' contains "$output" 'the value is empty'
  # shellcheck disable=SC2086
  check "lockctl $arguments=: 64" ends 64 $arguments=
done
for arguments in 'lock key --ttl 3x' 'lock key --wait -1' 'lock key --limit 0' 'unlock key --token x' \
  'run key --at-least x -- true' 'run key --hold tll -- true' 'run key --hold connection --at-least 1s -- true' 'lock key --hold connection' '--server http://host:1/path ping' '--server http:// ping' '--server http://a@b ping' 'frobnicate' 'lock' '--server : ping' '--server host:x ping' 'lock key --nonsense'; do
  # shellcheck disable=SC2086 # several words
  check "lockctl $arguments: 64" ends 64 $arguments
done
check 'a name that is none: 64' ends 64 lock key --owner $'a\nb'
try --help
check '--help: 0' equal $status 0
for word in run lock unlock renew status list leases ping server whoami force-unlock LOCKSERVER_SERVER LOCKSERVER_TOKEN \
  75; do
  check "--help tells of $word" contains "$output" "$word"
done
try --version
check '--version' contains "$output" 'lockctl '

echo "$passed checks passed, $failed failed"
[ $failed -eq 0 ]
