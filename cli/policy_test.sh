#!/bin/sh
# imip policy check, list, allow and revoke, from outside: the file is kept but for what was asked.
# shellcheck source-path=SCRIPTDIR source=testing.sh
. "$(dirname "$0")/testing.sh"

policy="$HOME/.config/imip/policy.toml"
shows()
{
  grep -qF -- "$1" out || fail "standard output does not say: $1: $(cat out)"
}

# ---- without a file -------------------------------------------------------------------------
run 0 policy check
shows 'no such file'
run 0 policy list
shows 'nobody is trusted'
run 1 policy revoke boss@example.com
says 'no entry [[allow]] boss@example.com'
[ -e "$policy" ] && fail "revoke made a file"

# ---- allow, again, list, revoke -------------------------------------------------------------
run 0 policy allow boss@example.com --sent-by pa@example.com
shows "$policy:3: added: [[delegate]] pa@example.com for boss@example.com"
[ "$(stat -c %a "$policy")" = 600 ] || fail "mode of the new file"
cp "$policy" once
run 0 policy allow BOSS@example.com --sent-by pa@example.com
shows 'already there, nothing changed'
cmp -s "$policy" once || fail "the second allow wrote"
run 0 policy allow carol@elsewhere.example
run 0 policy check
shows 'ok (0 own addresses, 0 anchors, 0 identities, 1 delegate, 1 allowed)'
run 0 policy list
shows 'pa@example.com for boss@example.com'
shows 'line 3'
run 0 policy list --json
[ "$(wc -l <out)" = 2 ] || fail "not one line of JSON for each entry"
shows '"entry":"delegate"'
shows '"line":3'
run 1 policy revoke boss@example.com
says 'imip policy revoke boss@example.com --sent-by pa@example.com'
run 0 policy revoke carol@elsewhere.example
cmp -s "$policy" once || fail "revoke did not undo allow"
run 0 policy revoke boss@example.com --sent-by pa@example.com
[ "$(cat "$policy")" = 'version = 1' ] || fail "something is left: $(cat "$policy")"

# ---- an entry that has ended allows nothing ---------------------------------------------------
run 0 policy allow boss@example.com --sent-by pa@example.com --until 2026-06-30
says 'it ended at 2026-06-30T23:59:59Z'
shows 'added'
run 0 policy revoke boss@example.com --sent-by pa@example.com
run 0 policy allow boss@example.com --sent-by pa@example.com --until 2926-06-30
[ -s err ] && fail "a notice of a date to come"
run 0 policy revoke boss@example.com --sent-by pa@example.com
[ "$(cat "$policy")" = 'version = 1' ] || fail "something is left: $(cat "$policy")"

# ---- words that are refused -----------------------------------------------------------------
run 64 policy allow nobody
says "'nobody' is not a calendar user"
silent
run 64 policy allow boss@example.com --sent-by '*@example.com'
says 'no wildcard'
run 64 policy allow boss@example.com --sent-by pa@example.com --until 2027-02-30
says "is not a date"
run 64 policy allow boss@example.com --until 2027-06-30
says 'needs --sent-by'
[ "$(cat "$policy")" = 'version = 1' ] || fail "a refused word was written"

# ---- a file with mistakes -------------------------------------------------------------------
cat >bad.toml <<'END'
version = 1
[me]
addresses = ["alice"]
color = "red"
[smime]
anchors = ["ca/*.pem"]
[[rule]]
END
run 78 policy check --policy bad.toml
[ "$(wc -l <err)" = 4 ] || fail "not one line for each problem: $(cat err)"
for place in bad.toml:3:14: bad.toml:4:1: bad.toml:6:12: bad.toml:7:3:; do
  grep -qF "$place" err || fail "no problem at $place"
done
silent
cp bad.toml before
for command in 'allow a@example.com' 'revoke a@example.com' list; do
  # shellcheck disable=SC2086
  run 78 policy $command --policy bad.toml
  says bad.toml:3:14:
done
cmp -s bad.toml before || fail "a file with mistakes was edited"
printf 'version = 1\n[=\n' >bad.toml
run 78 policy check --policy bad.toml
says bad.toml:2:2:
run 78 policy check --policy no-such-file
says no-such-file
run 78 policy check --policy "$HOME"
says "$HOME"

# ---- a file that others may write, an anchor that is none -----------------------------------
printf 'version = 1\n' >open.toml
chmod 666 open.toml
for command in check list 'allow a@example.com' 'revoke a@example.com'; do
  # shellcheck disable=SC2086
  run 78 policy $command --policy open.toml
  says 'other users may write it'
done
echo 'no certificate' >ca.pem
printf 'version = 1\n[smime]\nanchors = ["ca.pem"]\n' >anchor.toml
run 78 policy check --policy anchor.toml
says ca.pem

# ---- a full disk ----------------------------------------------------------------------------
printf 'version = 1\n' >full.toml
code=0
"$imip" policy list --policy full.toml >/dev/full 2>err || code=$?
[ "$code" = 74 ] || fail "a full disk gave $code"

done_testing
