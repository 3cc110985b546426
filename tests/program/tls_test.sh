#!/usr/bin/env bash
# TLS as users meet it: the certificates of docs/operations.md, curl, openssl's client, lockctl,
# SIGHUP, and what is said of files that cannot be used.
#
#   tls_test.sh PROGRAM LOCKCTL
# shellcheck disable=SC2154 # variables of what is sourced
set -euo pipefail

program=$1 lockctl=$2
# shellcheck source=tests/support/lockctl.sh
. "$(dirname "$0")/../support/lockctl.sh"

# certificates NAME: an authority, a server and a client in a folder of that name.
certificates() {
  local new="-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes" name
  mkdir "$scratch/$1"
  cd "$scratch/$1"
  # shellcheck disable=SC2086 # several words
  {
    openssl req -x509 $new -days 2 -subj "/CN=$1" -keyout ca.key -out ca.pem
    for name in server client; do
      openssl req $new -subj "/CN=$name" -addext subjectAltName=DNS:localhost \
        -keyout $name.key -out $name.csr
      openssl x509 -req -in $name.csr -CA ca.pem -CAkey ca.key -CAcreateserial \
        -copy_extensions copy -days 2 -out $name.pem
    done
  } 2>openssl.log
  cd - >/dev/null
}

# refused SENTENCE STATUS WORDS ARGUMENTS...: the program does not start, and says why.
refused() {
  local sentence=$1 expected=$2 words=$3 output status=0
  shift 3
  output=$(timeout $patience "$program" --port 0 "$@" 2>&1) || status=$?
  check "$sentence: $expected" equal $status "$expected"
  check "$sentence: with a sentence" contains "$output" "$words"
}

certificates one
certificates two
cd "$scratch/one"
tls=(--tls-certificate server.pem --tls-key server.key)

echo '-- settings'
refused 'a certificate without a key' 64 'tls-certificate and tls-key go together' \
  --tls-certificate server.pem
refused 'certificates of clients without an authority' 64 'tls-clients needs a tls-clients-authority' \
  "${tls[@]}" --tls-clients require
refused 'an authority without certificates of clients' 64 'tls-clients-authority needs tls-clients' \
  "${tls[@]}" --tls-clients-authority ca.pem
refused 'certificates of clients without TLS' 64 'tls-clients needs TLS' \
  --tls-clients accept --tls-clients-authority ca.pem
refused 'a plain port without TLS' 64 'plain-port is for a port beside one with TLS' --plain-port 0
refused 'an unknown version' 64 'must be 1.2 or 1.3' "${tls[@]}" --tls-min-version 1.1
refused 'an unknown word' 64 'must be no, accept or require' "${tls[@]}" --tls-clients maybe
refused 'a file that is not there' 69 "the certificate 'none.pem' cannot be used" \
  --tls-certificate none.pem --tls-key server.key
refused "another's key" 69 "the key '../two/server.key' cannot be used" \
  --tls-certificate server.pem --tls-key ../two/server.key
chmod o+r server.key
refused 'a key for all to read' 69 'others than its owner and group may access it' "${tls[@]}"
chmod o-r server.key

echo '-- clients'
mkdir now
cp server.pem server.key ca.pem now
serve --port 0 --plain-port 0 --tls-certificate now/server.pem --tls-key now/server.key \
  --tls-clients accept --tls-clients-authority now/ca.pem
url=https://localhost:$port
get() { curl -sS --max-time $patience --cacert ca.pem "$@"; }
for version in 1.2 1.3; do
  check "curl with TLS $version" equal "$(get --tlsv$version --tls-max $version "$url/PING")" 1
done
check 'curl with HTTP/1.0' equal "$(get -0 "$url/PING")" 1
check 'curl with a certificate' equal "$(get --cert client.pem --key client.key "$url/PING")" 1
s_client() {
  printf 'GET /PING HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' \
    | timeout $patience openssl s_client -quiet -connect "localhost:$port" -CAfile ca.pem \
      -verify_return_error "$@" 2>&1 || true
}
for version in -tls1_2 -tls1_3; do
  check "openssl s_client $version" contains "$(s_client $version)" 'HTTP/1.1 200 OK'
done
check 'openssl s_client with TLS 1.1' contains "$(s_client -tls1_1 -cipher ALL:@SECLEVEL=0)" 'alert'
check 'a cipher without forward secrecy' contains "$(s_client -tls1_2 -cipher AES128-SHA)" 'alert'
check 'plain HTTP is told' equal "$(curl -sS "http://localhost:$port/PING")" 'this port speaks TLS'
plain=$(sed -n 's/.*listening without TLS on .*://p' "$log")
check 'the plain port' equal "$(curl -sS "http://localhost:$plain/PING")" 1

export LOCKSERVER_SERVER=$url
try --ca ca.pem lock -q key
check 'lockctl takes a lock' equal $status 0
export LOCKSERVER_CA=$PWD/ca.pem
check 'lockctl finds the authority in the environment' ends 0 status -q key
check 'lockctl run' ends 3 run other -- sh -c 'exit 3'
check 'lockctl run --hold connection' ends 3 run --hold connection other -- sh -c 'exit 3'
export LOCKSERVER_CERT=$PWD/client.pem LOCKSERVER_KEY=$PWD/client.key
check 'lockctl shows a certificate' ends 0 ping
export LOCKSERVER_CERT=$PWD/../two/client.pem LOCKSERVER_KEY=$PWD/../two/client.key
try ping
check "another authority's certificate: 69" equal $status 69
check 'with the reason' contains "$output" 'unknown ca'
unset LOCKSERVER_CERT LOCKSERVER_KEY
try -s "https://127.0.0.1:$port" ping
check 'another name than that of the certificate: 69' equal $status 69
check 'with the reason' contains "$output" 'IP address mismatch'
check 'unless it is said' ends 0 -s "https://127.0.0.1:$port" --server-name localhost ping

echo '-- who lockctl is'
mkfifo silence # openssl's server ends at the end of its input
exec 7<>silence
# s_server ARGUMENTS...: starts it. Its output is in the file "seen"; sets $url.
s_server() {
  : >seen
  openssl s_server -accept 0 -cert server.pem -key server.key "$@" <&7 >seen 2>&1 &
  servers+=($!)
  wait_until grep -q '^ACCEPT' seen
  url=https://localhost:$(sed -n 's/^ACCEPT.*://p' seen)
}
s_server # shows what it gets
secret=lsk_0123456789abcdefghijklmnopqrstuvwxyzABCDEFG
LOCKSERVER_TOKEN=$secret "$lockctl" -s "$url" whoami &>/dev/null &
servers+=($!)
check 'lockctl sends its token' wait_until grep -q "^Authorization: Bearer $secret" seen
check 'and asks who it is' grep -q '^GET /v1/access HTTP/1.1' seen
s_server -HTTP # answers with files
mkdir -p v1/locks
answer() { printf 'HTTP/1.1 200 OK\r\nContent-Length: %s\r\n\r\n%s' ${#2} "$2" >"v1/$1"; }
rights='{"identity":"ci","roles":["a","b"],"rights":[{"keys":"deploy/","allow":["acquire"]},{"keys":"","allow":["read"]},'
rights+='{"allow":["metrics","admin"]}],"owners":["ci","ci/*"]}'
answer access "$rights"
check 'whoami' ends 0 -s "$url" whoami
check 'in words for people' equal "$output" 'ci, roles: a, b, owners: ci, ci/*

KEYS      RIGHTS
deploy/*  acquire
*         read
-         metrics, admin'
check 'whoami --json' ends 0 -s "$url" --json whoami
check 'as the server says it' equal "$output" "$rights"
holder='"holders":[{"owner":"web","mode":"exclusive","token":7,"ttl_ms":5000,"held_ms":2000,"identity":"ci"}]'
queue='"queue":[{"owner":"ci","mode":"exclusive","waiting_ms":1000}],"queue_length":1'
answer locks/key "{\"key\":\"key\",$holder,\"holder_count\":1,$queue}"
check 'a holder with an identity' ends 0 -s "$url" status key
check 'has it in a column, but nobody in the queue' equal "$output" 'HOLDER  IDENTITY  MODE       TOKEN  HELD  LEFT  METADATA
web     ci        exclusive  7      2s    5s

WAITER  MODE       WAITING
ci      exclusive  1s'
check 'in JSON, too' ends 0 -s "$url" --json status key
check 'as the server says it' contains "$output" "$holder"

echo '-- new certificates'
cp ../two/server.pem now
kill -HUP "$server"
reason="the key 'now/server.key' cannot be used: it is not the key of the certificate"
check 'half a change is refused' wait_until grep -q "all stays as it was: $reason" "$log"
check 'and the old certificate stays' ends 0 ping
cp ../two/server.key now
kill -HUP "$server"
check 'the whole is taken' wait_until grep -q 'reloaded: the TLS files' "$log"
try ping
check 'the old authority does not do any more: 69' equal $status 69
check 'the new one does' ends 0 --ca ../two/ca.pem ping
check 'no lock was lost' ends 0 --ca ../two/ca.pem status -q key
kill "$server"
ended "$server"
check 'the server ends in order' equal $status 0

echo "$passed checks passed, $failed failed"
[ $failed -eq 0 ]
