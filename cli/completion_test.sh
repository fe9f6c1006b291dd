#!/bin/sh
# The completions in the real shells: what bash and fish offer, and that zsh can read its file.
# shellcheck source-path=SCRIPTDIR source=testing.sh
. "$(dirname "$0")/testing.sh"

"$imip" completion bash >imip.bash
"$imip" completion zsh >_imip
"$imip" completion fish >imip.fish

# bash_offers 'WORDS SO FAR' EXPECTED...: the last word is the one to complete
cat >complete.bash <<'END'
source ./imip.bash
read -ra COMP_WORDS <<<"imip $1"
[[ $1 == *' ' || -z $1 ]] && COMP_WORDS+=('')
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_imip
printf '%s\n' "${COMPREPLY[@]}"
END
bash_offers()
{
  line=$1
  shift
  bash --norc complete.bash "$line" >offered 2>err
  for word in "$@"; do
    grep -qxF -- "$word" offered || fail "bash does not offer '$word' after 'imip $line'"
  done
}
bash_offers '' build sign verify apply show lint reply retract policy completion help
bash_offers 'v' verify
bash_offers 'policy ' check allow revoke list explain
bash_offers 'build ' request publish cancel
bash_offers 'reply ' accept tentative decline
bash_offers 'build request --su' --summary
bash_offers 'policy allow --' --sent-by --until
bash_offers 'verify --color ' auto always never
bash_offers 'completion ' bash zsh fish
touch invite.eml
bash_offers 'verify inv' invite.eml
grep -qx help offered && fail "bash offers too much"

fish_offers()
{
  line=$1
  shift
  fish --no-config -c "source imip.fish; complete -C 'imip $line'" >offered 2>err
  [ -s err ] && fail "fish complains"
  for word in "$@"; do
    cut -f1 offered | grep -qxF -- "$word" || fail "fish does not offer '$word' after 'imip $line'"
  done
}
fish_offers '' build sign verify apply show lint reply retract policy completion help
fish_offers 'v' verify
fish_offers 'policy ' check allow revoke list explain
fish_offers 'build ' request publish cancel
fish_offers 'build request --su' --summary
fish_offers 'policy allow --' --sent-by --until
fish_offers 'verify --color ' auto always never
fish_offers 'completion ' bash zsh fish
fish_offers 'verify inv' invite.eml

check "zsh reads its file" zsh -n _imip
# zsh itself, in a pseudo-terminal: one Tab after "imip verif"
cat >zsh.py <<'END'
import os, pty, select, sys, time
pid, fd = pty.fork()
if pid == 0:
    os.environ.update(TERM='dumb', PS1='> ', ZDOTDIR=os.getcwd())
    os.execvp('zsh', ['zsh', '-f', '-i'])
def until(word, seconds=60):
    seen, end = b'', time.time() + seconds
    while word not in seen and time.time() < end:
        if select.select([fd], [], [], 0.5)[0]:
            seen += os.read(fd, 4096).replace(b'\x07', b'')
    assert word in seen, seen
os.write(fd, b'unsetopt zle_bracketed_paste; fpath=($PWD $fpath); autoload -Uz compinit; compinit -u -D; echo rea""dy\n')
until(b'ready')
time.sleep(0.3)
os.write(fd, b'imip verif\t')
until(b'verify')
os.write(fd, b'--bri\t')
until(b'--brief')
os.write(fd, b'\x15exit\n')
END
check "zsh completes" /usr/bin/python3 zsh.py

done_testing
