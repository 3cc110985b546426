#!/usr/bin/env bash
# Holds the real program to openapi.yaml:
# contract_test.sh PATH-OF-LOCKSERVER-CAF OPENAPI-YAML [OPTION-OF-THE-PROGRAM...]
# What is missing is a failure where $CI is set, as .ci/run does; else the test is skipped.
set -euo pipefail

cannot() {
  echo "contract test: $1"
  if [ -n "${CI-}" ]; then exit 1; fi
  echo 'SKIPPED: install nodejs, node-ajv and node-js-yaml (./dev.sh test does so)'
  exit 77
}

node=$(command -v node || command -v nodejs) || cannot 'there is no Node.js'

# Debian keeps its modules beside its node, in share/nodejs. Only its own node
# looks there by itself.
prefix=$(dirname "$(dirname "$("$node" -p process.execPath)")")
export NODE_PATH=${NODE_PATH:+$NODE_PATH:}$prefix/share/nodejs
for module in ajv js-yaml; do
  "$node" -e "require('$module')" 2>/dev/null || cannot "Node.js has no module $module"
done

# What the user's environment says must not count.
for name in $(compgen -e LOCKSERVER_); do unset "$name"; done
exec "$node" "$(dirname "$0")/contract_test.js" "$@"
