#!/bin/sh
# A calendar in one .ics file that other programs write too: what a message does not change stays, octet for octet.
set -eu
# shellcheck source=cli/test_lib.sh
. "$(dirname "$0")/test_lib.sh"
NOW=2026-11-30T12:00:00Z

"$KEYS" keys boss alice >/dev/null || fail "keys"
person alice
sed -i "s,^path = .*,path = \"$WORLD/alice/plan.ics\"," alice/policy.toml

# mail NAME METHOD LINE...
mail() {
  name=$1 method=$2
  shift 2
  { printf 'From: boss@example.com\nTo: alice@example.com\nSubject: calendar\nMessage-ID: <%s@example.com>\n' "$name"
    printf 'MIME-Version: 1.0\nContent-Type: text/calendar; method=%s; charset=utf-8\n\n' "$method"
    printf 'BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//test//test//EN\nMETHOD:%s\n' "$method"
    printf 'BEGIN:VEVENT\nUID:plan\nORGANIZER:mailto:boss@example.com\nATTENDEE:mailto:alice@example.com\n'
    printf '%s\n' "$@"
    printf 'END:VEVENT\nEND:VCALENDAR\n'; } >plain.eml
  imip sign --identity keys/boss.pem plain.eml >"$name.eml"
}
mail add REQUEST SEQUENCE:0 DTSTAMP:20261101T080000Z 'DTSTART;TZID=Europe/Berlin:20270104T100000' \
  'DTEND;TZID=Europe/Berlin:20270104T110000' SUMMARY:Plan
mail move REQUEST SEQUENCE:1 DTSTAMP:20261102T080000Z 'DTSTART;TZID=Europe/Berlin:20270105T100000' \
  'DTEND;TZID=Europe/Berlin:20270105T110000' SUMMARY:Moved
mail cancel CANCEL SEQUENCE:2 DTSTAMP:20261103T080000Z STATUS:CANCELLED
apply() { expect 0 as alice apply --now $NOW "$@"; }

# ---- missing, empty ----------------------------------------------------------------------------------
expect 66 as alice apply --now $NOW add.eml
one_line
says "touch $WORLD/alice/plan.ics"
: >alice/plan.ics
apply add.eml
says added
/usr/bin/python3 - alice/plan.ics <<'PY'
import icalendar, sys
c = icalendar.Calendar.from_ical(open(sys.argv[1], 'rb').read())
assert [str(e['SUMMARY']) for e in c.walk('VEVENT')] == ['Plan'], c
assert [str(z['TZID']) for z in c.walk('VTIMEZONE')] == ['Europe/Berlin']
PY
expect 0 as alice retract --now $NOW add@example.com

# ---- other programs' events, odd lines, LF, and a zone of the same name with other rules ---------------
cat >alice/plan.ics <<'ICS'
BEGIN:VCALENDAR
PRODID:-//Other//Program//EN
VERSION:2.0
X-WR-CALNAME:Work  and play
BEGIN:VTIMEZONE
TZID:Europe/Berlin
BEGIN:STANDARD
DTSTART:19700101T000000
TZOFFSETFROM:+0500
TZOFFSETTO:+0500
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
UID:dentist
DTSTAMP:20260101T000000Z
DTSTART;TZID=Europe/Berlin:20270104T080000
SUMMARY:Dent
 ist
x-odd;a="b:c":  kept
END:VEVENT
BEGIN:VTODO
UID:tax
DTSTAMP:20260101T000000Z
SUMMARY:Taxes
END:VTODO
END:VCALENDAR
ICS
cp alice/plan.ics before.ics
chmod 640 alice/plan.ics
# others FILE: the file without what is of UID plan and its zone
others() {
  /usr/bin/python3 - "$1" <<'PY'
import re, sys
text = open(sys.argv[1], newline='').read()
text = ''.join(p for p in re.split(r'(?<=END:VEVENT\n)|(?=BEGIN:VEVENT)', text) if 'UID:plan\n' not in p)
sys.stdout.write(re.sub(r'BEGIN:VTIMEZONE\nTZID:Europe/Berlin-imip.*?END:VTIMEZONE\n', '', text, flags=re.S))
PY
}
expect 2 as alice apply --now $NOW add.eml
says deleted-by-owner
apply --yes add.eml
says added
grep -q "$(printf '\r')" alice/plan.ics && fail "line ends are not those of the file"
[ "$(stat -c %a alice/plan.ics)" = 640 ] || fail "the mode changed"
others alice/plan.ics | cmp -s - before.ics || fail "what is not ours changed"
grep -q '^DTSTART;TZID=Europe/Berlin-imip-[0-9a-f]*:20270104T100000$' alice/plan.ics || fail "no fresh name"
# The event is at ten in the real Berlin, the dentist at eight where it is five hours ahead.
/usr/bin/python3 - alice/plan.ics <<'PY'
import icalendar, sys
c = icalendar.Calendar.from_ical(open(sys.argv[1], 'rb').read())
assert sorted(str(e['UID']) for e in c.walk('VEVENT')) == ['dentist', 'plan']
assert len(c.walk('VTIMEZONE')) == 2
PY
cp alice/plan.ics added.ics
expect 0 as alice show --now $NOW move.eml
says 'DTSTART;TZID=Europe/Berlin:20270104T100000 -> 20270105T100000'
apply move.eml
says updated
others alice/plan.ics | cmp -s - before.ics || fail "an update changed what is not ours"
apply move.eml
says duplicate
expect 0 as alice retract --now $NOW move@example.com
cmp -s added.ics alice/plan.ics || fail "retract: not the octets of before"
# Her own edit of ours stays over an update; an edit of others' is no conflict.
sed -i '/^UID:plan/a CATEGORIES:mine' alice/plan.ics
sed -i 's/^SUMMARY:Taxes/SUMMARY:Taxes, soon/' alice/plan.ics
apply --yes move.eml
grep -q '^CATEGORIES:mine' alice/plan.ics || fail "her category went"
grep -q '^SUMMARY:Taxes, soon' alice/plan.ics || fail "their edit went"
apply cancel.eml
grep -q '^STATUS:CANCELLED' alice/plan.ics || fail "not cancelled"

# ---- through a link; half a file -----------------------------------------------------------------------
mv alice/plan.ics alice/real.ics
ln -s real.ics alice/plan.ics
sed -n '1,/^END:VEVENT/p' alice/real.ics >half.ics
cp half.ics alice/real.ics
expect 75 as alice apply --now $NOW cancel.eml
one_line
says 'VCALENDAR does not end'
cmp -s half.ics alice/real.ics || fail "half a file was changed"
[ -L alice/plan.ics ] || fail "the link is gone"
chmod 666 alice/real.ics
expect 78 as alice apply --now $NOW cancel.eml
one_line

# shellcheck disable=SC2154 # test_lib.sh counts
echo "$checks checks"
