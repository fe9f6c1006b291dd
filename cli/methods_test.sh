#!/bin/sh
# ADD, COUNTER, DECLINECOUNTER, REFRESH, tasks, journals, and a PUBLISH of several UIDs, signed, through verify, show
# and apply: what changes, what does not, and what is offered.
set -eu
# shellcheck source=cli/test_lib.sh
. "$(dirname "$0")/test_lib.sh"
NOW=2026-11-30T12:00:00Z

"$KEYS" keys boss alice bob mallory >/dev/null || fail "keys"
for name in boss alice bob; do person $name; done

# part KIND UID SEQUENCE STAMP LINE...: one component; an empty SEQUENCE is not written
part() {
  kind=$1 uid=$2 sequence=$3 stamp=$4
  shift 4
  printf 'BEGIN:%s\nUID:%s\nDTSTAMP:%s\nORGANIZER:mailto:boss@example.com\n' "$kind" "$uid" "$stamp"
  [ -z "$sequence" ] || printf 'SEQUENCE:%s\n' "$sequence"
  printf '%s\n' "$@"
  printf 'END:%s\n' "$kind"
}
# mail METHOD SIGNER: standard input holds the components
mail() {
  { printf 'From: %s@example.com\nTo: all@example.com\nSubject: calendar\nMIME-Version: 1.0\n' "$2"
    printf 'Content-Type: text/calendar; method=%s; charset=utf-8\n\n' "$1"
    printf 'BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//test//test//EN\nMETHOD:%s\n' "$1"
    cat
    printf 'END:VCALENDAR\n'; } >plain.eml
  imip sign --identity "keys/$2.pem" plain.eml
}
BOTH='ATTENDEE:mailto:alice@example.com
ATTENDEE:mailto:bob@example.com'
S1=20261101T080000Z S2=20261102T080000Z S3=20261103T080000Z
part VEVENT weekly 0 $S1 DTSTART:20270104T100000Z DTEND:20270104T110000Z SUMMARY:Weekly \
  'RRULE:FREQ=WEEKLY;COUNT=4' "$BOTH" | mail REQUEST boss >request.eml
part VEVENT weekly 1 $S2 DTSTART:20270113T090000Z DTEND:20270113T100000Z 'SUMMARY:One more' | mail ADD boss >add.eml
part VEVENT weekly 1 $S2 DTSTART:20270113T090000Z DTEND:20270113T100000Z 'SUMMARY:One more' | mail ADD mallory >add-mallory.eml

# ---- ADD -------------------------------------------------------------------------------------------
for who in alice bob; do expect 0 as $who apply --now $NOW request.eml; done
before=$(sums alice/calendar)
expect 1 as alice apply --now $NOW add-mallory.eml
[ "$before" = "$(sums alice/calendar)" ] || fail "a stranger's ADD changed something"
expect 0 as alice apply --now $NOW add.eml
says 'updated'
grep -q '^RDATE:20270113T090000Z' alice/calendar/*.ics || fail "no RDATE"
grep -q '^RECURRENCE-ID:20270113T090000Z' alice/calendar/*.ics || fail "no override"
# Before its event: held, and nothing is written; then the same file.
person carol
expect 0 as carol apply --now $NOW add.eml
says 'held'
says 'may send    refresh to boss@example.com'
[ -z "$(ls carol/calendar)" ] || fail "a held ADD wrote something"

# ---- the organizer's side ------------------------------------------------------------------------------
expect 0 as boss apply --now $NOW request.eml
before=$(sums boss/calendar)
part VEVENT weekly 0 $S2 DTSTART:20270104T120000Z DTEND:20270104T130000Z SUMMARY:Weekly 'COMMENT:after lunch' \
  ATTENDEE:mailto:bob@example.com | mail COUNTER bob >counter.eml
expect 2 as boss apply --now $NOW counter.eml
says 'counter: bob@example.com proposes another time of the event: after lunch'
says 'propose  DTSTART:20270104T100000Z -> 20270104T120000Z'
says 'may send    request to alice@example.com, bob@example.com'
says 'declinecounter to bob@example.com'
expect 0 as boss show --now $NOW counter.eml
says 'Counter-proposal: Weekly'
says 'propose  DTSTART'
expect 2 as boss apply --now $NOW --json counter.eml
/usr/bin/python3 - out <<'PY'
import icalendar, json, sys
line = json.load(open(sys.argv[1]))
assert line['outcome'] == 'ask' and line['changes'] == [], line
offers = {o['kind']: o for o in line['offers']}
assert sorted(offers) == ['declinecounter', 'request'], offers
assert offers['request']['to'] == ['mailto:alice@example.com', 'mailto:bob@example.com']
event = icalendar.Calendar.from_ical(offers['request']['calendar']).walk('VEVENT')[0]
assert event['SEQUENCE'] == 1 and event['DTSTART'].dt.hour == 12, event
PY
expect 0 as boss apply --now $NOW --brief counter.eml
[ "$(cat out)" = "ask counter" ] || fail "brief: $(cat out)"
part VEVENT weekly '' $S2 ATTENDEE:mailto:bob@example.com | mail REFRESH bob >refresh.eml
expect 0 as boss apply --now $NOW refresh.eml
says 'ignored'
says 'may send    request to bob@example.com'
part VEVENT weekly '' $S2 ATTENDEE:mailto:mallory@example.com | mail REFRESH mallory >refresh-mallory.eml
expect 1 as boss apply --now $NOW --yes refresh-mallory.eml
says party-crasher
[ "$before" = "$(sums boss/calendar)" ] || fail "a COUNTER or a REFRESH changed something"
part VEVENT weekly 0 $S2 ATTENDEE:mailto:bob@example.com | mail DECLINECOUNTER boss >decline.eml
before=$(sums bob/calendar)
expect 0 as bob apply --now $NOW decline.eml
says counter-declined
[ "$before" = "$(sums bob/calendar)" ] || fail "a DECLINECOUNTER changed something"

# ---- tasks and journals -----------------------------------------------------------------------------
part VTODO task 0 $S1 DUE:20270108T170000Z 'SUMMARY:Write minutes' PRIORITY:1 ATTENDEE:mailto:bob@example.com |
  mail REQUEST boss >task.eml
for who in bob boss; do expect 0 as $who apply --now $NOW task.eml; done
grep -q '^DUE:20270108T170000Z' bob/calendar/*.ics || fail "no task"
part VJOURNAL log 0 $S1 DTSTART:20261130T080000Z 'SUMMARY:Log' | mail PUBLISH boss >journal.eml
expect 0 as alice apply --now $NOW journal.eml
says added
part VJOURNAL log 1 $S2 STATUS:CANCELLED | mail CANCEL boss >journal-cancel.eml
expect 0 as alice apply --now $NOW journal-cancel.eml
says cancelled
expect 0 as bob apply --now $NOW journal-cancel.eml
says held
part VJOURNAL log 1 $S2 'SUMMARY:Log' | mail REQUEST boss >journal-request.eml
expect 1 as alice verify --now $NOW journal-request.eml
says method-unsupported

# ---- several UIDs, each alone ----------------------------------------------------------------------------
{ part VEVENT open-1 0 $S1 DTSTART:20270201T100000Z SUMMARY:One
  part VEVENT open-2 0 $S1 SUMMARY:Bad
  part VEVENT open-3 0 $S3 DTSTART:20270203T100000Z SUMMARY:Three; } | mail PUBLISH boss >published.eml
expect 1 as alice apply --now $NOW --json published.eml
/usr/bin/python3 - out <<'PY'
import json, sys
lines = [json.loads(l) for l in open(sys.argv[1])]
assert [l['outcome'] for l in lines] == ['added', 'refused', 'added'], lines
assert [l['uid'] for l in lines] == ['open-1', None, 'open-3'], lines
assert len({l['part'] for l in lines}) == 1
PY
grep -q '^SUMMARY:Three' alice/calendar/*.ics || fail "the third event"

# shellcheck disable=SC2154 # test_lib.sh counts
echo "$checks checks"
