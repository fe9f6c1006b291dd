#!/bin/sh
# imip retract: undoes what one message changed, whatever came before and after it, keeps what is the owner's, and says
# when something newer depends on it.
set -eu
# shellcheck source=cli/test_lib.sh
. "$(dirname "$0")/test_lib.sh"
NOW=2026-11-30T12:00:00Z
LATER=2026-11-30T13:00:00Z

"$KEYS" keys boss alice bob mallory >/dev/null || fail "keys"

# mail ID METHOD SIGNER LINE...: one signed VEVENT with this Message-ID; ORGANIZER is the boss
mail() {
  id=$1 method=$2 signer=$3
  shift 3
  { printf 'From: %s@example.com\nTo: all@example.com\nSubject: calendar\nMessage-ID: <%s@example.com>\n' "$signer" "$id"
    printf 'MIME-Version: 1.0\nContent-Type: text/calendar; method=%s; charset=utf-8\n\n' "$method"
    printf 'BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//test//test//EN\nMETHOD:%s\nBEGIN:VEVENT\n' "$method"
    printf 'ORGANIZER:mailto:boss@example.com\n'
    printf '%s\n' "$@"
    printf 'END:VEVENT\nEND:VCALENDAR\n'; } >plain.eml
  imip sign --identity "keys/$signer.pem" plain.eml >"$id.eml"
}
BOTH='ATTENDEE:mailto:alice@example.com
ATTENDEE:mailto:bob@example.com'
TIMES='DTSTART:20270104T100000Z
DTEND:20270104T110000Z'
mail add REQUEST boss UID:plan SEQUENCE:0 DTSTAMP:20261101T080000Z "$TIMES" SUMMARY:Plan "$BOTH"
mail move REQUEST boss UID:plan SEQUENCE:1 DTSTAMP:20261102T080000Z DTSTART:20270105T100000Z DTEND:20270105T110000Z \
  'SUMMARY:Plan moved' "$BOTH"
mail third REQUEST boss UID:plan SEQUENCE:2 DTSTAMP:20261103T080000Z DTSTART:20270106T100000Z DTEND:20270106T110000Z \
  'SUMMARY:Plan at last' "$BOTH"
mail cancel CANCEL boss UID:plan SEQUENCE:3 DTSTAMP:20261104T080000Z STATUS:CANCELLED "$BOTH"
mail yes REPLY bob UID:plan SEQUENCE:0 DTSTAMP:20261105T080000Z "$TIMES" 'ATTENDEE;PARTSTAT=ACCEPTED:mailto:bob@example.com'
mail crash REPLY mallory UID:plan SEQUENCE:0 DTSTAMP:20261105T080000Z "$TIMES" \
  'ATTENDEE;PARTSTAT=ACCEPTED:mailto:mallory@example.com'

# fresh NAME...: people with empty calendars and no memory
fresh() { for name; do rm -rf "$name"; person "$name"; done; }
apply() { who=$1; shift; for m; do expect 0 as "$who" apply --now $NOW "$m.eml"; done; }
retract() { who=$1; shift; as "$who" retract --now $LATER "$@"; }
file() { printf '%s' "$1"/calendar/*.ics; }
no_file() { [ -z "$(ls "$1/calendar")" ] || fail "$1 has an event still: $2"; }

# ---- what added an event -----------------------------------------------------------------------------
fresh alice
apply alice add
expect 0 retract alice --dry-run '<add@example.com>'
says 'would be undone'
says 'was SUMMARY:Plan'
[ -f "$(file alice)" ] || fail "a dry run removed something"
expect 0 retract alice '<add@example.com>'
says 'undone: what the REQUEST of 2026-11-30T12:00:00Z did'
no_file alice "add"
# Twice; and a copy that a filter reads again does not bring it back, but a person may.
expect 0 retract alice add@example.com
says 'retracted before, at 2026-11-30T13:00:00Z'
expect 2 as alice apply --now $LATER add.eml
says deleted-by-owner
sed 's/^Message-ID: .*/Message-ID: <copy@example.com>/' add.eml >copy.eml
expect 2 as alice apply --now $LATER copy.eml
no_file alice "a copy brought it back"
expect 2 as alice verify --now $LATER add.eml
expect 0 as alice apply --now $LATER --yes=deleted-by-owner copy.eml
says added
expect 0 as alice apply --now $LATER add.eml
says duplicate
expect 0 retract alice copy@example.com
no_file alice "added again, retracted again"
# A new revision is no copy.
apply alice move
says added

# ---- an update, octet for octet; and with the owner's alarm --------------------------------------------
fresh alice
apply alice add
cp "$(file alice)" before.ics
apply alice move
expect 0 retract alice --json move@example.com
/usr/bin/python3 - out <<'PY'
import json, sys
line = json.load(open(sys.argv[1]))
assert line['schema'] == 'imip.retract/1' and line['outcome'] == 'retracted', line
assert line['exact'] is True and line['dry_run'] is False and line['answered'] is False, line
assert line['message_id'] == 'move@example.com' and line['uid'] == 'plan' and line['method'] == 'REQUEST', line
assert line['organizer'] == 'mailto:boss@example.com' and line['depends'] == [], line
assert any(c['property'] == 'DTSTART' and '20270104' in c['after'] for c in line['changes']), line
PY
cmp -s before.ics "$(file alice)" || fail "not what it was before the update"
expect 2 as alice apply --now $LATER move.eml
apply alice third
says updated
expect 0 retract alice third@example.com
expect 0 as alice apply --now $LATER --yes move.eml
sed -i 's/^END:VEVENT/BEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER:-PT10M\r\nDESCRIPTION:mine\r\nEND:VALARM\r\nEND:VEVENT/' "$(file alice)"
expect 0 retract alice move@example.com
grep -q '^DTSTART:20270104T100000Z' "$(file alice)" || fail "the time did not come back"
grep -q '^DESCRIPTION:mine' "$(file alice)" || fail "the owner's alarm went"
# The event would go, and she has changed it: only if she says so.
expect 2 retract alice add@example.com
says 'you have changed it since'
grep -q '^DESCRIPTION:mine' "$(file alice)" || fail "asked, and done"
expect 0 retract alice --yes add@example.com
no_file alice "--yes"

# ---- the middle of three -----------------------------------------------------------------------------
fresh alice
apply alice add
cp "$(file alice)" first.ics
apply alice move third
cp "$(file alice)" third.ics
expect 0 retract alice move@example.com
says 'forgotten'
cmp -s third.ics "$(file alice)" || fail "the newer message did not stand"
expect 0 retract alice third@example.com
cmp -s first.ics "$(file alice)" || fail "what was retracted before came back"
# What arrived too late counts once the newer one is gone.
fresh alice
apply alice move
for _ in 1 2; do
  expect 0 as alice apply --now $NOW add.eml
  says obsolete
done
expect 0 retract alice move@example.com
cmp -s first.ics "$(file alice)" || fail "the older message did not show"

# ---- CANCEL, kept and removed by policy; what depends ----------------------------------------------------
fresh alice
apply alice add
sed -i 's/^END:VEVENT/CATEGORIES:mine\r\nEND:VEVENT/' "$(file alice)"
cp "$(file alice)" before.ics
apply alice cancel
grep -q '^STATUS:CANCELLED' "$(file alice)" || fail "not cancelled"
expect 1 retract alice add@example.com
says 'what came later needs it'
says 'CANCEL of 2026-11-30T12:00:00Z, <cancel@example.com>'
expect 1 retract alice --json add@example.com
/usr/bin/python3 - out <<'PY'
import json, sys
line = json.load(open(sys.argv[1]))
assert line['outcome'] == 'refused' and line['dry_run'] is True, line
assert [d['message_id'] for d in line['depends']] == ['cancel@example.com'], line
PY
expect 0 retract alice cancel@example.com
cmp -s before.ics "$(file alice)" || fail "not what it was before the CANCEL"
fresh alice
sed -i 's/^path = .*/&\ncancelled = "remove"/' alice/policy.toml
apply alice add
sed -i 's/^END:VEVENT/CATEGORIES:mine\r\nEND:VEVENT/' "$(file alice)"
cp "$(file alice)" before.ics
apply alice cancel
no_file alice "cancelled, remove"
expect 0 retract alice cancel@example.com
cmp -s before.ics "$(file alice)" || fail "the removed event did not come back as it was"
# and under the name that another program gave it
expect 0 as alice apply --now $LATER --yes cancel.eml
no_file alice "cancelled again"
expect 0 retract alice cancel@example.com
mv "$(file alice)" alice/calendar/theirs.ics
expect 0 as alice apply --now $LATER --yes cancel.eml
no_file alice "cancelled once more"
expect 0 retract alice cancel@example.com
cmp -s before.ics alice/calendar/theirs.ics || fail "the removed event came back under another name"

# ---- answers, to the organizer ---------------------------------------------------------------------------
fresh boss
apply boss add
cp "$(file boss)" before.ics
apply boss yes
grep -q 'PARTSTAT=ACCEPTED' "$(file boss)" || fail "no answer"
expect 0 as boss apply --now $NOW --yes crash.eml
grep -q 'mallory' "$(file boss)" || fail "not let in"
expect 0 retract boss crash@example.com
grep -q 'mallory' "$(file boss)" && fail "the party crasher stayed"
grep -q 'PARTSTAT=ACCEPTED' "$(file boss)" || fail "the other answer went too"
expect 0 retract boss yes@example.com
grep -q 'PARTSTAT=ACCEPTED' "$(file boss)" && fail "the answer stayed"
expect 2 as boss apply --now $LATER yes.eml

# ---- an answer needs who gave it ---------------------------------------------------------------------------
fresh boss
mail gives REPLY bob UID:plan SEQUENCE:0 DTSTAMP:20261105T080000Z "$TIMES" \
  'ATTENDEE;PARTSTAT=DELEGATED;DELEGATED-TO="mailto:mallory@example.com":mailto:bob@example.com'
mail takes REPLY mallory UID:plan SEQUENCE:0 DTSTAMP:20261106T080000Z "$TIMES" \
  'ATTENDEE;PARTSTAT=ACCEPTED;DELEGATED-FROM="mailto:bob@example.com":mailto:mallory@example.com'
apply boss add gives takes
expect 1 retract boss gives@example.com
says 'what came later needs it'
says 'REPLY of 2026-11-30T12:00:00Z, <takes@example.com>'
grep -q 'PARTSTAT=ACCEPTED' "$(file boss)" || fail "the delegate's answer went all the same"
expect 0 retract boss takes@example.com
expect 0 retract boss gives@example.com
grep -q mallory "$(file boss)" && fail "the delegate stayed"

# ---- what waits may find its place now ------------------------------------------------------------------------
fresh alice
mail weekly REQUEST boss UID:weekly SEQUENCE:0 DTSTAMP:20261101T080000Z "$TIMES" 'RRULE:FREQ=WEEKLY;COUNT=4' SUMMARY:W "$BOTH"
mail short REQUEST boss UID:weekly SEQUENCE:1 DTSTAMP:20261102T080000Z "$TIMES" 'RRULE:FREQ=WEEKLY;COUNT=2' SUMMARY:W "$BOTH"
mail fourth REQUEST boss UID:weekly SEQUENCE:1 DTSTAMP:20261103T080000Z RECURRENCE-ID:20270125T100000Z \
  DTSTART:20270125T150000Z DTEND:20270125T160000Z SUMMARY:Fourth "$BOTH"
apply alice weekly short fourth
says held
expect 0 retract alice short@example.com
says 'a REQUEST that waited for this event: updated'
grep -q '^DTSTART:20270125T150000Z' "$(file alice)" || fail "what had waited took no effect"

# ---- the owner's own answer cannot be undone, and that is said -----------------------------------------------
fresh alice
expect 0 as alice reply --now $NOW accept add.eml
expect 0 retract alice add@example.com
says 'your answer to this event may have gone out by mail'
no_file alice "answered"

# ---- which message ---------------------------------------------------------------------------------------
fresh alice
mail same REQUEST boss UID:one DTSTAMP:20261101T080000Z "$TIMES" SUMMARY:One "$BOTH"
apply alice same
mail same REQUEST boss UID:two DTSTAMP:20261101T080000Z "$TIMES" SUMMARY:Two "$BOTH"
apply alice same
two=$(imip verify --json --policy alice/policy.toml --state alice/state --now $NOW same.eml |
  /usr/bin/python3 -c 'import json,sys; print(json.load(sys.stdin)["part_sha256"])')
expect 1 retract alice same@example.com
one_line
says "2 calendar parts of <same@example.com>"
says "$(printf '%.12s' "$two") (REQUEST of two"
expect 0 retract alice same@example.com --digest "$(printf '%.10s' "$two")"
grep -q '^UID:one' "$(file alice)" || fail "the wrong one went"
expect 0 retract alice --digest "$two"
says 'retracted before'
expect 66 retract alice nobody@example.com
one_line
says 'no message <nobody@example.com> has changed this calendar in the last 90 days'
expect 66 retract alice --digest 0123456789
expect 64 retract alice
expect 64 retract alice --digest xyz
expect 64 retract alice --digest ab12
expect 64 retract alice a b
expect 64 retract alice --yes=held same@example.com
expect 64 as alice retract --state none same@example.com
expect 66 imip retract --me alice@example.com --store "$WORLD/nowhere" same@example.com
mkdir other && chmod 700 other
expect 66 retract alice --store "$WORLD/other" same@example.com
says 'changed another calendar'

# ---- a message that waits takes no effect any more --------------------------------------------------------
fresh alice
apply alice cancel
says held
expect 66 retract alice ancel@example.com
expect 0 retract alice --dry-run '<cancel@example.com>'
says 'would wait no more: what came on 2026-11-30T12:00:00Z'
expect 0 retract alice --json '<cancel@example.com>'
says '"outcome":"dropped"'
says '"method":null'
expect 66 retract alice '<cancel@example.com>'
apply alice add
! grep -q 'STATUS:CANCELLED' "$(file alice)" || fail "it took effect all the same"
fresh alice
apply alice cancel add
grep -q 'STATUS:CANCELLED' "$(file alice)" || fail "what waited took no effect"

# ---- several events of one message; text that would hurt a terminal -------------------------------------------
fresh alice
{ printf 'From: boss@example.com\nMessage-ID: <pub@example.com>\nMIME-Version: 1.0\n'
  printf 'Content-Type: text/calendar; method=PUBLISH; charset=utf-8\n\n'
  printf 'BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//test//test//EN\nMETHOD:PUBLISH\n'
  for n in 1 2; do
    printf 'BEGIN:VEVENT\nUID:p%s\nDTSTAMP:20261101T080000Z\nORGANIZER:mailto:boss@example.com\n%s\n' $n "$TIMES"
    printf 'SUMMARY:red\342\200\256 %s\nEND:VEVENT\n' $n
  done
  printf 'END:VCALENDAR\n'; } >plain.eml
imip sign --identity keys/boss.pem plain.eml >pub.eml
apply alice pub
expect 0 retract alice pub@example.com
[ "$(grep -c '^undone' out)" -eq 2 ] || fail "not both"
grep -q "$(printf '\342\200\256')" out && fail "raw text on the terminal"
no_file alice "published"

# ---- killed between the state and the file: the next run repairs -------------------------------------------------
fresh alice
apply alice add
cp "$(file alice)" before.ics
apply alice move
cp "$(file alice)" moved.ics
# The only rename is the event's file.
expect 137 sh -c "strace -qqq -f -o trace -e trace=rename,renameat2 -e inject=rename,renameat2:signal=KILL \
  '$IMIP' retract --policy alice/policy.toml --state alice/state --now $LATER move@example.com; exit \$?"
cmp -s moved.ics "$(file alice)" || fail "the kill came too late to test anything"
expect 0 retract alice move@example.com
says undone
cmp -s before.ics "$(file alice)" || fail "the killed run was not repaired"
[ -z "$(find alice/calendar -name '.*')" ] || rm -f alice/calendar/.*.tmp
# Removing: the file goes first, so that what is left is an event that its owner deleted.
expect 137 sh -c "strace -qqq -f -o trace -e trace=unlink -e inject=unlink:signal=KILL:when=1 \
  '$IMIP' retract --policy alice/policy.toml --state alice/state --now $LATER add@example.com; exit \$?"
expect 0 retract alice add@example.com
no_file alice "killed while removing"
expect 2 as alice apply --now $LATER add.eml

# shellcheck disable=SC2154 # test_lib.sh counts
echo "$checks checks"
