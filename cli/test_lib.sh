# Sourced by the black-box tests: a throwaway world with a CA, people, two calendars and their policies.
# Usage: . test_lib.sh IMIP; the caller's working folder becomes a new temporary one.
# shellcheck shell=sh disable=SC2034
IMIP=$(realpath "$1")
HERE=$(dirname "$(realpath "$0")")
KEYS=$HERE/../testdata/make-keys
WORLD=$(mktemp -d /tmp/imip-test.XXXXXX)
chmod 700 "$WORLD"
trap 'rm -rf "$WORLD"' EXIT
trap 'exit 1' INT TERM
cd "$WORLD" || exit 1
export XDG_CONFIG_HOME="$WORLD/config" XDG_STATE_HOME="$WORLD/state" HOME="$WORLD" LC_ALL=C.UTF-8 TZ=UTC
unset IMIP_POLICY NO_COLOR 2>/dev/null || true
checks=0

fail() { echo "FAIL: $*" >&2; exit 1; }
imip() { "$IMIP" "$@"; }

# expect CODE COMMAND...: runs it with its output in out and err.
expect() {
  wanted=$1
  shift
  got=0
  "$@" >out 2>err || got=$?
  checks=$((checks + 1))
  [ "$got" -eq "$wanted" ] || { cat out err >&2; fail "exit $got, not $wanted: $*"; }
}
# says TEXT: the last command's output or errors hold it.
says() { cat out err | grep -qF -- "$1" || { cat out err >&2; fail "nothing says: $1"; }; }
silent_on() { [ ! -s "$1" ] || { cat "$1" >&2; fail "$1 should be empty"; }; }
one_line() { [ "$(wc -l <err)" -eq 1 ] || { cat err >&2; fail "not one line on standard error"; }; }

# sign_fails CODE TEXT ARGUMENT...: imip sign of plain.eml says why not on one line, and writes nothing.
sign_fails() {
  code=$1 text=$2
  shift 2
  expect "$code" imip sign "$@" plain.eml
  says "$text"
  silent_on out
  one_line
}

# person NAME: a calendar, a policy and a state folder.
person() {
  mkdir -p "$1/calendar"
  chmod 700 "$1"
  printf 'version = 1\n[me]\naddresses = ["%s@example.com"]\n[store]\npath = "%s/%s/calendar"\n[smime]\nanchors = ["../keys/ca.pem"]\n' \
    "$1" "$WORLD" "$1" >"$1/policy.toml"
  chmod 600 "$1/policy.toml"
}
# as NAME COMMAND...: imip with that person's policy and state.
as() {
  who=$1 command=$2
  shift 2
  imip "$command" --policy "$who/policy.toml" --state "$who/state" "$@"
}
sums() { find "$1" -type f -exec sha256sum {} + | sort; }
crlf() { sed 's/$/\r/'; }
# tamper MAIL SED: the mail with the text/calendar part decoded, edited and encoded again.
tamper() {
  first=$(awk '/^Content-Type: text\/calendar/ {c=1} c && /^$/ {print NR; exit}' "$1")
  last=$(awk -v first="$first" 'NR > first && (/^$/ || /^--/) {print NR; exit}' "$1")
  head -n "$first" "$1"
  sed -n "$((first + 1)),$((last - 1))p" "$1" | base64 -d | sed "$2" | base64 -w 76
  tail -n "+$last" "$1"
}
