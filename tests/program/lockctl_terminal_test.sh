#!/usr/bin/env bash
# Exercises `lockctl run` as a job of a shell on a terminal, which tmux gives:
# lockctl_terminal_test.sh LOCKSERVER-CAF LOCKCTL
# shellcheck disable=SC2016 # what stands in '…' is for other shells
set -u
program=$1 lockctl=$2
if ! command -v tmux >/dev/null; then
  echo 'there is no tmux'
  # As .ci/run sets it: there nothing may be missing.
  if [ -n "${CI-}" ]; then exit 1; fi
  echo 'SKIPPED: install tmux (./dev.sh test does so)'
  exit 77
fi
# shellcheck source=tests/support/lockctl.sh
. "$(dirname "$0")/../support/lockctl.sh"

terminals=0
tmux() { command tmux -f /dev/null -S "$scratch/tmux.$terminals" "$@"; }
show_details() { tmux capture-pane -p | sed '/^$/d; s/^/  screen: /'; }
end_terminal() { tmux kill-server 2>/dev/null; }
trap 'end_terminal; clean_up' EXIT

# A shell that says when it is ready for a command, with the status of the last, and when
# it starts one.
new_terminal() {
  end_terminal
  terminals=$((terminals + 1)) # a server that ends has its socket for a while
  cd "$scratch" || exit 1
  tmux new-session -d -x 120 -y 40 "env PS0='starts\n' PS1='[\$?]ready> ' PATH='$(dirname "$lockctl"):$PATH' bash --norc --noprofile -i"
  prompts 0
}

# type TEXT: a line, as a user types it. press KEY: such as C-z.
type() { tmux send-keys -l "$1" && tmux send-keys Enter; }
press() { tmux send-keys "$1"; }

# order COMMAND: types a command and waits until the shell has started it. Until then the
# terminal is as the shell needs it to edit a line, and what is typed for the command would
# be neither echoed nor end with a newline.
starts() { screen | grep -c '^starts$'; }
started_since() { [ "$(starts)" -gt "$1" ]; }
order() {
  local before
  before=$(starts)
  type "$1" && wait_until started_since "$before"
}

# shows PATTERN: waits until the screen shows it. prompts STATUS: until the last
# line is a prompt with this status.
screen() { tmux capture-pane -p | sed '/^$/d'; }
has() { screen | grep -qE "$1"; }
has_not() { ! has "$1"; }
shows() { wait_until has "$1"; }
# echoes LINE: waits until it is there twice, as typed and as cat repeats it.
echoed() { [ "$(screen | grep -cE "^(\^Z)?$1$")" = 2 ]; }
echoes() { wait_until echoed "$1"; }
at_prompt() { [ "$(screen | tail -n 1)" = "[$1]ready>" ]; }
prompts() { wait_until at_prompt "$1"; }

# notices PATTERN: a shell tells of its jobs before it prompts.
notices() { press Enter && has "$1"; }

serve_locks
# An interactive shell has job control, and 148 is what it says of a stopped job.

echo '-- in the foreground'
new_terminal
order 'lockctl run key --ttl 1m -- cat'
type 'one'
check 'the command reads the terminal' shows '^one$'
# The terminal shows what is typed also before anybody reads it.
check 'and has the lock' wait_until held key
press C-z
check 'Ctrl-Z stops the job' prompts 148
check 'the lock is still there' held key
order fg
type two
check 'after fg it reads the terminal again' echoes two
press C-c
check 'Ctrl-C ends it: 130' prompts 130
check 'and frees the lock' is_free key

new_terminal
order 'lockctl run key --ttl 300ms -- sh -c "touch started; read line; touch went-on"'
check 'the command has started' wait_until [ -e "$scratch/started" ]
press C-z
check 'a job that is stopped' prompts 148
check 'loses its lock when its time is over' wait_until is_free key
order fg
check 'which it knows when it goes on: 70' prompts 70
check 'and says' has 'lockctl: lost the lock key'
check 'and the command has not gone on' [ ! -e "$scratch/went-on" ]

new_terminal
rm -f "$scratch/started"
order 'lockctl run key --ttl 1m -- sh -c "touch started; until [ -e end ]; do sleep 0.02; done"'
check 'a command that needs no terminal' wait_until [ -e "$scratch/started" ]
press C-z
check 'is stopped' prompts 148
order bg
order jobs
check 'and goes on in the background' shows 'Running'
touch "$scratch/end"
check 'to its end' wait_until is_free key

new_terminal
order 'lockctl run key --ttl 1m -- lockctl run inner --ttl 1m -- cat'
type one
check 'one lock within another' shows '^one$'
press C-z
check 'Ctrl-Z stops both' prompts 148
order fg
type two
check 'fg continues both' echoes two
press C-c
check 'Ctrl-C ends both' prompts 130
check 'and frees the lock' is_free key

new_terminal
order 'lockctl run key --ttl 1m -- sh -c "echo \$\$ >pid; kill -STOP \$\$; read line; echo got \$line"'
check 'a command that is stopped by SIGSTOP gives the terminal back' prompts 148
order fg
type something
check 'and has it again after fg' shows '^got something$'
check 'until its end' prompts 0

echo '-- in the background'
new_terminal
order 'lockctl run key --ttl 1m -- cat &'
check 'the job has the lock' wait_until held key
check 'and stops for the terminal' wait_until notices Stopped
order fg
type one
check 'until fg' echoes one
press C-d
check 'to its end' prompts 0

new_terminal
rm -f "$scratch/started" "$scratch/end"
order 'lockctl run key --ttl 1m -- sh -c "touch started; until [ -e end ]; do sleep 0.02; done; read line; echo got \$line" &'
check 'a command that does not need the terminal yet' wait_until [ -e "$scratch/started" ]
order fg
touch "$scratch/end"
type something
check 'gets it when it asks, after fg' shows '^got something$'

new_terminal
order 'lockctl run key --ttl 1m -- cat & sleep 0.1; kill -TSTP %1'
check 'a job that is told to stop' wait_until held key
check 'stops' wait_until notices Stopped
order 'kill %1'
check 'and ends when it is told to' wait_until is_free key

echo '-- in a script, in a pipeline, and without job control'
new_terminal
cat >"$scratch/script" <<'SCRIPT'
for i in 1 2 3; do
  lockctl run key --ttl 1m -- cat
  echo "after $i"
done
SCRIPT
order 'bash script'
type one
check 'a script runs it' shows '^one$'
press C-z
check 'Ctrl-Z stops the script' prompts 148
order fg
type two
check 'fg continues it' echoes two
press C-d
check 'Ctrl-D ends a command, and the script goes on' shows '^after 1$'
type three
check 'to the next' echoes three
press C-c
check 'Ctrl-C ends the script' prompts 130
check 'and not the command alone' has_not 'after 2'

new_terminal
order 'lockctl run key --ttl 1m -- sh -c "read line </dev/tty; echo got \$line" | cat'
type something
check 'a command in a pipeline gets the terminal when it asks' shows '^got something$'
check 'until its end' prompts 0
order "echo something | lockctl run key --ttl 1m -- sh -c 'read piped; read line </dev/tty; echo got \$piped and \$line'"
type else
check 'also at the end of one' shows '^got something and else$'

new_terminal
order 'setsid -cw lockctl run key --ttl 1m -- cat'
type one
check 'without job control' shows '^one$'
press C-z
type two
check 'Ctrl-Z does nothing' echoes two
press C-c
check 'Ctrl-C ends it' wait_until is_free key

new_terminal
order 'lockctl run key --ttl 1m -- sh -c "echo \$\$ >pid; sleep 100"'
check 'a command runs' wait_until held key
end_terminal
check 'until its terminal is closed' wait_until is_free key

echo "$passed checks passed, $failed failed"
[ $failed -eq 0 ]
