# shellcheck shell=sh
# What the black-box tests share. Each is run as: sh NAME_test.sh /path/to/imip
# They make their own home, keys and calendars in a temporary folder, and skip nothing.
set -u
export imip="$1"
dir=$(mktemp -d "${TMPDIR:-/tmp}/imip-test.XXXXXX")
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
umask 077
export HOME="$dir/home" LC_ALL=C.UTF-8 TZ=UTC
unset XDG_CONFIG_HOME XDG_STATE_HOME XDG_DATA_HOME IMIP_POLICY NO_COLOR
mkdir "$HOME"
failures=0

fail()
{
  failures=$((failures + 1))
  echo "FAILED: $*" >&2
  [ -s err ] && sed 's/^/  | /' err >&2
  return 0
}

# run CODE ARGUMENT...: runs imip; standard output is in `out`, standard error in `err`
run()
{
  wanted=$1
  shift
  code=0
  "$imip" "$@" >out 2>err </dev/null || code=$?
  [ "$code" = "$wanted" ] || fail "imip $*: exit $code and not $wanted"
}

# pipe CODE FILE ARGUMENT...: the same with FILE on standard input
pipe()
{
  wanted=$1
  input=$2
  shift 2
  code=0
  "$imip" "$@" >out 2>err <"$input" || code=$?
  [ "$code" = "$wanted" ] || fail "imip $* <$input: exit $code and not $wanted"
}

# says TEXT: the last run's standard error is one line that has TEXT in it
says()
{
  [ "$(wc -l <err)" = 1 ] || fail "not one line on standard error"
  grep -qF -- "$1" err || fail "standard error does not say: $1"
}

# silent: the last run wrote nothing to standard output
silent()
{
  [ -s out ] && fail "something is on standard output"
  return 0
}

# check DESCRIPTION COMMAND...
check()
{
  description=$1
  shift
  "$@" >check.log 2>&1 || {
    fail "$description"
    sed 's/^/  > /' check.log >&2
  }
}

done_testing()
{
  [ "$failures" = 0 ] || {
    echo "$failures failed" >&2
    exit 1
  }
  echo ok
}
