#!/usr/bin/env bash
# Exercises the commands for access files: access_test.sh PATH-OF-LOCKSERVER-CAF
set -u
program=$1
# What the user's environment says must not count.
for name in $(compgen -e LOCKSERVER_); do unset "$name"; done
# shellcheck source=tests/support/server.sh
. "$(dirname "$0")/../support/server.sh"

# shellcheck source=tests/support/check.sh
. "$(dirname "$0")/../support/check.sh"
show_details() { echo "  status ${status-}, output: ${output-}"; }

# try ARGUMENTS...: runs the program to its end; sets $status and $output.
try() {
  status=0
  output=$(timeout $patience "$program" "$@" 2>&1) || status=$?
}

# says STATUS TEXT ARGUMENTS...: what the program comes to, and has in its output.
says() {
  local expected=$1 text=$2
  shift 2
  try "$@"
  equal $status "$expected" && contains "$output" "$text"
}
matches() { [[ $1 =~ $2 ]]; }

echo '-- token'
output=$("$program" token ci 2>"$scratch/hint")
status=$?
check 'token: 0' equal $status 0
token=${output%%$'\n'*} hash=${output#*$'\n'}
check 'the first line is the token' matches "$token" '^lsk_[A-Za-z0-9_-]{43}$'
check 'the second is its SHA-256, as sha256sum prints it' \
  equal "$hash" "sha256:$(printf %s "$token" | sha256sum | cut -d' ' -f1)"
check 'people are told what the lines are' grep -q 'The first line is the token of ci' "$scratch/hint"
check 'but not the token again' [ "$(grep -c lsk_ "$scratch/hint")" = 0 ]
check 'each token is another' [ "$("$program" token ci 2>/dev/null | head -n 1)" != "$token" ]
check 'a name that cannot be one: 64' \
  says 64 "'a:b' cannot be an identity: its name has a colon" token a:b
check 'nor that of nobody' says 64 'anonymous is reserved: it is a member beside "identities"' token anonymous
check 'no name: 64' says 64 'name is required' token
check 'two names: 64' says 64 "'ops'" token ci ops
"$program" token ci >/dev/full 2>"$scratch/hint"
check 'a token that cannot be written: 73' equal $? 73

echo '-- access'
file=$scratch/access.json
cat >"$file" <<END
{ // The two lines of the token command: the second goes here.
  "identities": {
    "ci": { "tokens": ["$hash"], "roles": ["deployer"] },
    "ops": { "certificates": ["URI:spiffe://example/ops"], "roles": ["operator"] } },
  "roles": {
    "deployer": [ {"keys": "deploy/", "allow": ["acquire"]}, {"keys": "docs/", "allow": ["read"]} ],
    "operator": [ {"keys": "", "allow": ["acquire", "force"]}, {"allow": ["metrics", "admin"]} ] },
  "anonymous": { "roles": ["deployer"], "owners": ["*"] }
}
END
chmod 600 "$file"
ask_file() { "$program" access "$file" check "$@"; }
check 'yes: 0, and by which line' \
  says 0 'yes, by roles.deployer[0]: {"keys": "deploy/", "allow": ["acquire"]}' \
  access "$file" check ci acquire deploy/web
check 'acquire comes with read' says 0 'yes, by roles.deployer[0]' access "$file" check ci read deploy/web
check 'no: 1, and what there is instead' \
  says 1 'no: no line grants acquire for this key; there are lines for keys that begin with "deploy/"' \
  access "$file" check ci acquire docs/web
check 'all prefixes are named' says 1 'begin with "deploy/", "docs/"' access "$file" check ci read x
check 'no key at all' says 1 'no: no line grants force for this key or any other' \
  access "$file" check ci force deploy/web
check 'a right on the server: yes' says 0 'yes, by roles.operator[1]: {"allow": ["metrics", "admin"]}' \
  access "$file" check ops admin
check 'a right on the server: no' says 1 'no: no line grants admin' \
  access "$file" check ci admin
check 'anonymous is asked about as well' says 0 yes access "$file" check anonymous acquire deploy/web
check 'and CAF programs' says 1 no access "$file" check caf read deploy/web
check 'a key may be called as a command is' says 0 yes access "$file" check ops acquire stop
check 'or like an option, behind --' says 0 yes access "$file" check ops acquire -- --port
check 'the answer is the only line of the output' \
  equal "$(ask_file ops read x 2>/dev/null | wc -l)" 1

check 'an identity that is not there: 64' says 64 "has no identity 'bob'" access "$file" check bob read x
check 'a right that is none: 64' \
  says 64 "'write' is not a right: the rights are read, acquire, force, metrics, admin" \
  access "$file" check ci write x
check 'a right about keys without a key: 64' says 64 'read is a right about keys, and the key is empty' \
  access "$file" check ci read
check 'a right on the server with a key: 64' says 64 'admin is a right for the whole server' \
  access "$file" check ops admin x
check 'another verb: 64' says 64 "'show' is not a command for an access file" access "$file" show ci read x
check 'too few words: 64' says 64 'right is required' access "$file" check ci
check 'too many words: 64' says 64 "'y'" access "$file" check ci read x y

echo '-- access files that are wrong'
check 'a file that is not there: 64' \
  says 64 "the access file $scratch/none: cannot be read: No such file or directory" \
  access "$scratch/none" check ci read x
check 'a folder: 64' says 64 "the access file $scratch: is not a regular file" access "$scratch" check ci read x
chmod 620 "$file"
check 'a file that others may write to: 64' \
  says 64 "$file: may be written by others than its owner (its mode is 620): use chmod go-w" \
  access "$file" check ci acquire deploy/web
chmod 600 "$file"
# wrong_file TEXT CONTENT: refused, with TEXT.
wrong_file() {
  printf '%s' "$2" >"$file"
  says 64 "the access file $file: $1" access "$file" check ci read x
}
check 'half a file: 64' wrong_file 'the text ends too early' '{"roles": {'
check 'no JSON: 64' wrong_file 'line 2, column 3 is not JSON' $'{\n  roles: {}}'
check 'an unknown member: 64' wrong_file 'identities.ci.token is unknown here; known are tokens, ' \
  '{"identities": {"ci": {"token": []}}}'
check 'a token in clear: 64' wrong_file 'identities.ci.tokens[0] is a token itself' \
  '{"identities": {"ci": {"tokens": ["'"$token"'"]}}}'
check 'which is not repeated' [ "$(grep -c "$token" <<<"$output")" = 0 ]

echo "$passed checks passed, $failed failed"
[ $failed -eq 0 ]
