# For shell tests, to be sourced: checks of sentences, and the number of failures.
# shellcheck shell=bash disable=SC2034 # variables are shared with the script

passed=0 failed=0

# Prints details of a failed check. Scripts redefine it.
show_details() { :; }

# check SENTENCE COMMAND...: the sentence is true if the command succeeds.
check() {
  local sentence=$1
  shift
  if "$@"; then
    passed=$((passed + 1))
    echo "ok: $sentence"
  else
    failed=$((failed + 1))
    echo "FAILED: $sentence"
    echo "  condition: $*"
    show_details
  fi
}

equal() { [ "$1" = "$2" ]; }
contains() { [[ $1 == *"$2"* ]]; }
