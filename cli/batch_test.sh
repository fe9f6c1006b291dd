#!/bin/sh
# Many messages at once: mbox, Maildir, folders, several threads; order, names, and what is refused.
# shellcheck source-path=SCRIPTDIR source=test_lib.sh
. "$(dirname "$0")/test_lib.sh"

"$KEYS" keys boss mallory >/dev/null || fail "keys"
person alice

# mail N SIGNER: an invitation of its own, signed
mail() {
  imip build request --organizer boss@example.com --attendee alice@example.com --uid "u$1" \
    --summary "Meeting $1" --start 2027-01-04T10:00 --duration PT1H --timezone UTC --from boss@example.com |
    imip sign --identity "keys/$2.pem" 2>/dev/null
}
mkdir -p box/cur box/new box/tmp plain
: >all.mbox
for n in 1 2 3 4 5 6; do
  signer=boss
  [ "$n" = 4 ] && signer=mallory
  mail "$n" "$signer" >"m$n.eml" || fail "mail $n"
  cp "m$n.eml" "plain/$n.eml"
  if [ $((n % 2)) = 0 ]; then cp "m$n.eml" "box/new/170000000$n.x"; else cp "m$n.eml" "box/cur/170000000$n.x:2,S"; fi
  { echo "From boss@example.com Mon Jan  4 09:00:00 2027"; cat "m$n.eml"; echo; } >>all.mbox
done

field() { python3 -c '
import json, sys
for line in sys.stdin: print(json.loads(line)[sys.argv[1]])' "$1"; }

# ---- the same verdicts however they come --------------------------------------------------------
expect 1 as alice verify --json m1.eml m2.eml m3.eml m4.eml m5.eml m6.eml
field verdict <out >verdicts
printf 'trusted\ntrusted\ntrusted\nuntrusted\ntrusted\ntrusted\n' | cmp -s - verdicts || fail "verdicts"
for many in "--input-kind mbox all.mbox" "box" "--input-kind maildir box" "plain"; do
  # shellcheck disable=SC2086 # words
  expect 1 as alice verify --json $many
  field verdict <out | cmp -s - verdicts || fail "verdicts of $many"
  field uid <out | tr '\n' ' ' >uids
  [ "$(cat uids)" = "u1 u2 u3 u4 u5 u6 " ] || fail "order of $many: $(cat uids)"
done
expect 1 as alice verify --json --input-kind mbox all.mbox
field input <out | sed -n '$p' | grep -qx 'all.mbox:6' || fail "name in an mbox"
expect 1 as alice verify --json box
field input <out | sed -n 1p | grep -qx 'box/cur/1700000001.x:2,S' || fail "name in a Maildir"

# ---- several threads: the same octets in the same order -----------------------------------------
i=0
: >big.mbox
while [ $i -lt 20 ]; do cat all.mbox >>big.mbox; i=$((i + 1)); done
expect 1 as alice verify --json --input-kind mbox big.mbox
cp out one
silent_on err
for jobs in 2 7; do
  expect 1 as alice verify --json -j "$jobs" --input-kind mbox big.mbox
  cmp -s out one || fail "-j $jobs differs"
done
expect 1 as alice verify -j 3 m1.eml m4.eml
says "m1.eml part"
expect 0 as alice verify --brief -j 2 --input-kind mbox all.mbox
[ "$(cat out)" = "untrusted no-correlation" ] || fail "brief: $(cat out)"

# ---- what cannot be read is one result among others ----------------------------------------------
mkdir -p broken/cur broken/new
cp m1.eml broken/new/1.a
printf 'no mail' >broken/new/2.b
cp m2.eml broken/cur/3.c
expect 65 as alice verify --json broken
[ "$(field verdict <out | tr '\n' ' ')" = "trusted error trusted " ] || fail "a broken mail among good ones"
one_line
expect 66 as alice verify nowhere --input-kind maildir
one_line
expect 65 as alice verify --input-kind mbox m1.eml
says "no mbox"
# a folder or an mbox without mails says so
: >empty.mbox
for many in box/tmp "--input-kind mbox empty.mbox"; do
  # shellcheck disable=SC2086 # words
  expect 3 as alice verify $many
  silent_on out
  one_line
  says "${many##* }: no mails in it"
  # shellcheck disable=SC2086
  expect 3 as alice verify --json -j 2 $many
  [ "$(field verdict <out)" = none ] || fail "JSON of a folder without mails: $(cat out)"
done
expect 0 as alice verify m1.eml box/tmp
# what is there but is no file is told, and nobody waits for a pipe
mkdir -p odd/cur odd/new odd/new/folder
cp m1.eml odd/new/1.a
ln -s nowhere odd/cur/2.b
mkfifo odd/cur/3.c
ln -s ../../m2.eml odd/new/4.d
expect 66 as alice verify --json odd
[ "$(field verdict <out | tr '\n' ' ')" = "trusted error error trusted " ] || fail "odd files: $(cat out)"
says 'odd/cur/2.b: '
says 'leads nowhere'
says 'odd/cur/3.c: is no regular file'
[ "$(wc -l <err)" -eq 2 ] || fail "not two lines: $(cat err)"
# an mbox that nobody said is one
expect 0 as alice verify all.mbox
says '--input-kind mbox'
expect 0 as alice apply --dry-run all.mbox
says '--input-kind mbox'
{ echo "From boss@example.com Mon Jan  4 09:00:00 2027"; cat m1.eml; } >single
expect 0 as alice verify single
silent_on err
expect 0 as alice verify - <single
silent_on err

# ---- usage ---------------------------------------------------------------------------------------
expect 64 as alice verify --input-kind mbox <all.mbox
says "standard input is always one message"
expect 64 as alice verify --input-kind mbox - <all.mbox
expect 64 as alice verify --input-kind box all.mbox
says "auto, message, mbox or maildir"
expect 64 as alice verify -j 0 m1.eml
expect 64 as alice verify -j x m1.eml
# standard input stays one message, whatever its lines say
expect 0 as alice verify --json <all.mbox
[ "$(wc -l <out)" -eq 1 ] || fail "standard input was cut into several messages"

# ---- a whole folder applied -----------------------------------------------------------------------
expect 1 as alice apply --json box
[ "$(field outcome <out | tr '\n' ' ')" = "added added added refused added added " ] || fail "apply: $(cat out)"
[ "$(find alice/calendar -name '*.ics' | wc -l)" -eq 5 ] || fail "five events"
expect 0 as alice show plain/1.eml
expect 0 as alice show plain
echo "batch: $checks checks"
