#!/usr/bin/env bash
# Locks a state of the real Terraform (or OpenTofu) by the real program:
# terraform_test.sh PATH-OF-LOCKSERVER-CAF. Needs no network.
set -u
program=$1
folder=$(cd "$(dirname "$0")" && pwd)

skip() {
  echo "SKIPPED: $1"
  exit 77
}
terraform=$(command -v terraform || command -v tofu) || skip 'there is neither terraform nor tofu'
node=$(command -v node || command -v nodejs) || skip 'there is no Node.js, which keeps the state'

# What the user's environment says must not count.
for name in $(compgen -e | grep -E '^(LOCKSERVER|TF)_'); do unset "$name"; done
# shellcheck source=tests/support/server.sh
. "$folder/../support/server.sh"

# shellcheck source=tests/support/check.sh
. "$folder/../support/check.sh"
show_details() {
  tail -n 30 "$scratch"/*.log "$scratch/journal" 2>/dev/null | sed 's/^/  /'
}
# has FILE TEXT
has() { grep -qsF -- "$2" "$1"; }
journal() { tr '\n' ';' <"$scratch/journal"; }

# What the state is kept by; `serve` is for the program.
"$node" "$folder/state_server.js" >"$scratch/state.out" 2>"$scratch/state.log" &
servers+=("$!")
wait_until has "$scratch/state.out" 'listening on'
state=$(sed -n 's/^listening on //p' "$scratch/state.out")

# Terraform's locks must not end by the time that others have.
serve --port 0 --lock-timeout 0.1
url=http://127.0.0.1:$port
key=team%2Fproduction
inspect() { curl -sS --max-time $patience "$url/v1/locks/$key"; }
# The ID of the Terraform that holds the lock; nothing if none does.
holder() { inspect | sed -n 's/.*"holders":\[{"owner":"\([^"]*\)".*/\1/p'; }
is_free() { contains "$(inspect)" '"holders":[]'; }

export TF_IN_AUTOMATION=1 CHECKPOINT_DISABLE=1 TF_CLI_CONFIG_FILE=$scratch/terraformrc
: >"$TF_CLI_CONFIG_FILE"

# Each WHO has a folder of its own, as on machines of their own.
prepare() {
  mkdir "$scratch/$1"
  cp "$folder/main.tf" "$scratch/$1"
  (cd "$scratch/$1" && "$terraform" init -no-color -input=false \
    -backend-config="address=http://$state" \
    -backend-config="lock_address=$url/terraform/$key" \
    -backend-config="unlock_address=$url/terraform/$key" >"$scratch/init-$1.log" 2>&1)
}
# apply WHO ARGUMENTS...: in the background; sets $applying.
apply() {
  local who=$1
  shift
  : >"$scratch/$who.log"
  (cd "$scratch/$who" && exec "$terraform" apply -no-color -input=false -auto-approve \
    -var who="$who" -var folder="$scratch" "$@" >"$scratch/$who.log" 2>&1) &
  applying=$!
  servers+=("$applying")
}

for who in one two three four; do
  check "terraform init: $who" prepare "$who"
done

echo '-- two at the same time'
apply one
one=$applying
check 'the first begins' wait_until has "$scratch/journal" 'one begins'
lock=$(inspect)
id=$(holder)
check 'inspection shows the holder by the ID that Terraform made' \
  grep -qE '^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$' <<<"$id"
check 'with what Terraform says of itself' contains "$lock" 'OperationTypeApply'
check 'it has no end' contains "$lock" '"ttl_ms":null'
apply two -lock-timeout=60s
two=$applying
check 'the second waits' wait_until has "$scratch/two.log" 'Acquiring state lock'
check 'the lock is still that of the first' equal "$(holder)" "$id"
check 'only the first has begun' equal "$(journal)" 'one begins;'
: >"$scratch/go"
patience=90 # -lock-timeout and Terraform's own pauses
ended "$one"
check 'the first succeeds' equal "$status" 0
ended "$two"
check 'the second succeeds' equal "$status" 0
check 'they did not overlap' equal "$(journal)" 'one begins;one ends;two begins;two ends;'
check 'the lock is free' is_free

echo '-- a lock of another kind'
curl -sS --max-time $patience -o /dev/null -H 'Content-Type: application/json' \
  -d '{"owner":"maintenance","ttl_ms":600000}' "$url/v1/locks/$key"
apply four
ended "$applying"
check 'Terraform is refused' equal "$status" 1
check 'and is told who holds it' has "$scratch/four.log" 'ID=maintenance'
check 'which keeps it' equal "$(holder)" maintenance
curl -sS --max-time $patience -o /dev/null -X DELETE "$url/v1/locks/$key?owner=maintenance"

echo '-- one that dies'
rm "$scratch/go"
apply three
three=$applying
check 'a third begins' wait_until has "$scratch/journal" 'three begins'
id=$(holder)
kill -KILL "$three"
ended "$three"
: >"$scratch/go" # ends what the dead one has started
check 'its lock stays' equal "$(holder)" "$id"
apply four
ended "$applying"
check 'another is refused' equal "$status" 1
check 'and is told whose lock it is' has "$scratch/four.log" "$id"
(cd "$scratch/four" && "$terraform" force-unlock -force -no-color "$id" >"$scratch/unlock.log" 2>&1)
check 'terraform force-unlock succeeds' equal $? 0
check 'the lock is free' is_free
apply four
ended "$applying"
check 'now another succeeds' equal "$status" 0
check 'the lock is free again' is_free

echo "$passed checks passed, $failed failed ($("$terraform" version | head -n 1))"
[ $failed -eq 0 ]
