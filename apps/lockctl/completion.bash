# Completion for lockctl in bash: commands, options, and the names of held locks.
# shellcheck shell=bash

_lockctl() {
  local word=$2 before=$3 command='' i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; ++i)); do
    case ${COMP_WORDS[i]} in
      --)
        # A command with its own completion follows.
        if declare -F _command_offset >/dev/null && [ $((i + 1)) -le "$COMP_CWORD" ]; then
          _command_offset $((i + 1))
        fi
        return
        ;;
      run | lock | unlock | renew | status | list | leases | ping | server | whoami | force-unlock)
        [ -n "$command" ] || command=${COMP_WORDS[i]}
        ;;
    esac
  done
  case $before in
    --ca | --cert | --key | --token-file)
      mapfile -t COMPREPLY < <(compgen -f -- "$word")
      return
      ;;
    -s | --server | --server-name | -o | --owner | -t | --token | -n | --limit | -m | --metadata | --lease) return ;;
    --ttl | -w | --wait | --at-least)
      mapfile -t COMPREPLY < <(compgen -W '0 500ms 5s 30s 1m 5m 1h' -- "$word")
      return
      ;;
  esac
  if [ "$before" = --hold ]; then
    mapfile -t COMPREPLY < <(compgen -W 'ttl connection' -- "$word")
    return
  fi
  local words='--server --ca --cert --key --server-name --token-file --json --quiet --help'
  case $command in
    '') words+=' --version run lock unlock renew status list leases ping server whoami force-unlock' ;;
    run) words+=' --ttl --wait --at-least --hold --owner --shared --limit --metadata --' ;;
    lock) words+=' --ttl --wait --owner --shared --limit --metadata --lease' ;;
    unlock) words+=' --owner --token' ;;
    renew) words+=' --owner --token --ttl' ;;
    leases) words+=' create renew show end --ttl --owner' ;;
  esac
  case $command in
    run | lock | unlock | renew | status | list | force-unlock)
      if [[ $word != -* ]]; then
        local IFS=$'\n'
        mapfile -t COMPREPLY < <(compgen -W "$(lockctl list -q 2>/dev/null)" -- "$word")
        return
      fi
      ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}

complete -F _lockctl lockctl
