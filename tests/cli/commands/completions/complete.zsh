# Prints what zsh completes at the end of each command line: one candidate a line, then "--".
# Usage: zsh -f complete.zsh SCRIPT LINE...
#
# zsh completes only in its editor, so an interactive zsh runs on a pseudo-terminal, and its compadd
# prints what it is given instead of showing it.
zmodload zsh/zpty
inner=$(mktemp)
trap 'rm -f $inner' EXIT
cat >$inner <<'INNER'
PS1= PS2=
autoload -Uz compinit && compinit -u -D
compadd() {
  local -a hits
  if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)* ]]; then builtin compadd "$@"; return; fi
  builtin compadd -A hits "$@"
  (( $#hits )) || return 1
  print -rl -- "<"${^hits}">"
}
finish() { print -r -- "<<end>>" }
zle -N finish
complete-then-finish() { zle complete-word; zle finish }
zle -N complete-then-finish
bindkey '^I' complete-then-finish
zstyle ':completion:*' verbose no
INNER
zpty shell zsh -f -i
zpty -w shell "stty -echo; source $inner; source ${(q)1}; print ready''-to-type"
zpty -r shell seen '*ready-to-type*' || exit 1
for line in "${@[2,-1]}"; do
  zpty -w -n shell $'\C-u'"$line"$'\t'
  zpty -r shell seen '*<<end>>*' || exit 1
  print -r -- $seen | tr -d '\r' | grep -o '<[^<>]*>' | tr -d '<>' | grep -vx end
  print -r -- --
done
zpty -d shell
