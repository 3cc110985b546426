#!/usr/bin/env bash
# torture_test.sh TORTURE SERVER MODE: runs the torture test for some seconds. MODE
# durable: with --data-dir; memory: locks in memory; forgets: a server that claims to
# store its locks and does not, which the test must detect.
set -euo pipefail
torture=$1 program=$2 mode=$3
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# A server that ignores --data-dir DIR.
forgetful="$scratch/forgetful"
cat >"$forgetful" <<'END'
#!/usr/bin/env bash
words=()
while [ $# -gt 0 ]; do
  if [ "$1" = --data-dir ]; then shift; else words+=("$1"); fi
  shift
done
exec "$REAL_SERVER" "${words[@]}"
END
chmod +x "$forgetful"

case $mode in
  durable)
    exec "$torture" --program "$program" --seconds 20
    ;;
  memory)
    exec "$torture" --program "$program" --seconds 8 --no-data-dir
    ;;
  forgets)
    # On a busy machine, no grant may last over the only kill. Such a run shows nothing.
    for _ in 1 2 3 4 5; do
      status=0
      REAL_SERVER=$program "$torture" --program "$forgetful" --seconds 6 --dir "$scratch" \
        --save "$scratch/history" >"$scratch/out" || status=$?
      head -n 3 "$scratch/out"
      grep -q 'over a kill for 0 grants' "$scratch/out" || break
    done
    [ "$status" -eq 1 ] || { echo "exit status $status instead of 1" >&2; exit 1; }
    grep -q '^forgotten_grant: ' "$scratch/history" || { echo "no forgotten grant" >&2; exit 1; }
    [ -s "$scratch/history" ] || { echo "no history" >&2; exit 1; }
    ;;
esac
