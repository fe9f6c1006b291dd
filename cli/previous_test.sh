#!/bin/sh
# imip build --previous, --each, --expand-range, and JSON: which mails come out, and what python and khal read in them.
# shellcheck source-path=SCRIPTDIR source=testing.sh
. "$(dirname "$0")/testing.sh"

python() { /usr/bin/python3 "$@"; }

# a process that is traced cannot look for its leaks
traced() { ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0" strace -qqq -f -o trace "$@"; }

# version NAME SED: the weekly meeting, edited
version()
{
  sed "$2" >"$1" <<'END'
BEGIN:VCALENDAR
VERSION:2.0
PRODID:test
BEGIN:VEVENT
UID:w1@example.com
DTSTAMP:20260101T000000Z
SEQUENCE:2
DTSTART;TZID=Europe/Berlin:20270104T100000
DTEND;TZID=Europe/Berlin:20270104T110000
RRULE:FREQ=WEEKLY;COUNT=6
SUMMARY:Weekly
LOCATION:Room 7
ORGANIZER;CN=The Boss:mailto:boss@example.com
ATTENDEE;CN=Alice:mailto:alice@example.com
ATTENDEE:mailto:bob@example.com
CATEGORIES:secret
X-MINE:secret
END:VEVENT
END:VCALENDAR
END
}
version old.ics ''
version place.ics 's/Room 7/Room 9/'
version guests.ics 's/ATTENDEE:mailto:bob/ATTENDEE:mailto:carol/'
version dates.ics 's/^RRULE.*/&\nEXDATE;TZID=Europe\/Berlin:20270111T100000/'
version private.ics 's/secret/mine/; s/DTEND.*/DURATION:PT1H/'

cat >read.py <<'END'
# read.py FILE.mbox: "METHOD TO,TO SEQUENCE" of each mail
import mailbox, email, email.policy, sys, icalendar
for m in mailbox.mbox(sys.argv[1]):
    m = email.message_from_bytes(m.as_bytes(), policy=email.policy.default)
    part = next(p for p in m.walk() if p.get_content_type() == 'text/calendar')
    octets = part.get_payload(decode=True)
    cal = icalendar.Calendar.from_ical(octets)
    assert b'secret' not in octets and b'mine' not in octets and not cal.errors
    assert part.get_param('method') == cal['METHOD']
    event = cal.walk('VEVENT')[0]
    assert not event.errors and cal.walk('VTIMEZONE')
    to = ','.join(sorted(a.username for a in m['To'].addresses))
    print(cal['METHOD'], to, event['SEQUENCE'])
END
# tells NEW EXPECTED FLAGS...: the mails in sending order
tells()
{
  new=$1 expected=$2
  shift 2
  rm -f box
  run 0 build --previous old.ics "$new" --mbox box --now 2027-01-01T00:00:00Z "$@"
  check "$new: what is told departs from no RFC" "$imip" lint --input-kind mbox box
  python read.py box >told 2>check.log || { fail "python does not read the mails"; cat check.log >&2; }
  [ "$(cat told)" = "$expected" ] || { fail "$new: told otherwise"; cat told >&2; }
}

tells place.ics 'REQUEST alice,bob 2'
tells guests.ics 'CANCEL bob 3
REQUEST alice,carol 3'
# Readers get what is published, and nothing else.
tells guests.ics 'CANCEL bob 3
REQUEST alice,carol 3' --to list@example.com
tells dates.ics 'CANCEL alice,bob 3'
# Each sees herself alone: alice learns nothing of it.
tells guests.ics 'CANCEL bob 3
REQUEST carol 3' --each
version left.ics '/^ATTENDEE:mailto:bob/d'
mkdir each-boss
run 0 build request old.ics --store each-boss --me boss@example.com --state st-each --now 2027-01-01T00:00:00Z
run 0 build --previous old.ics left.ics --each --json --store each-boss --me boss@example.com --state st-each
[ "$(grep -c '"method"' err)" = 1 ] || fail "alice is told that somebody left"
grep -q bob each-boss/*.ics && fail "who left is in the organizer's copy"
grep -q '^SEQUENCE:3' each-boss/*.ics || fail "the organizer's copy has the old SEQUENCE"
version more.ics '/^ATTENDEE:mailto:bob/{p;s/bob/carol/}; s/Room 7/Room 9/'
tells more.ics 'REQUEST alice 2
REQUEST bob 2
REQUEST carol 2' --each
grep -aq 'who is invited' box && fail "tells somebody of others"
version cn.ics 's/^ATTENDEE:mailto:bob/ATTENDEE;CN=Bob:mailto:bob/; s/CN=Alice/CN=Alice;ROLE=CHAIR/'
run 0 build --previous old.ics cn.ics --each --mbox /dev/null --json
[ "$(grep -c '"method":"REQUEST"' err)" = 2 ] || fail "a change of her own is nothing"
run 0 build --previous old.ics private.ics
silent
says 'nothing changed'
run 0 build --previous old.ics place.ics --message-id m@example.com --comment 'the heating is broken'
grep -q '^Changed: the place (was: Room 7)$' out || fail "the text does not say what changed"
grep -q '^the heating is broken$' out || fail "the comment is missing"
run 73 build --previous old.ics guests.ics
silent
says '2 mails'
run 0 build --previous old.ics guests.ics --output mails/ --message-id m@example.com --json
[ "$(find mails -name '*.eml' | wc -l)" = 2 ] || fail "not two files"
check "JSON tells who gets what" python -c "
import json
cancel, request = [json.loads(line) for line in open('err')]
assert cancel['schema'] == 'imip.build/1' and cancel['method'] == 'CANCEL', cancel
assert cancel['to'] == ['bob@example.com'] and cancel['message_id'] == 'm@example.com'
assert request['to'] == ['alice@example.com', 'carol@example.com'] and request['sequence'] == 3
assert request['message_id'] == 'm.2@example.com' and request['changes'] == ['who is invited']"
grep -l alice mails/*-0001-* && fail "who left learns who stays"
run 0 build --previous old.ics dates.ics --json
grep -q '"occurrences":\[{"recurrence_id":"20270111T100000","this_and_future":false}\]' err ||
  fail "JSON does not name the occurrence"
# override NEW: an occurrence of its own, in another room
override()
{
  sed -i '/^END:VCALENDAR/d' "$1"
  sed '/^BEGIN:VCALENDAR/,/^PRODID/d; /^RRULE/d; s/20270104T/20270111T/; s/Room 7/Room 1/
    s/^SEQUENCE.*/&\nRECURRENCE-ID;TZID=Europe\/Berlin:20270111T100000/' old.ics >>"$1"
}
version series.ics 's/Weekly/Monthly/'
override series.ics
run 0 build --previous old.ics series.ics --json
grep -q '"occurrences":\[\]' err || fail "JSON names an occurrence of a message about the series"

# ---- the organizer's copy ----------------------------------------------------------------------
mkdir boss
# A part alone would look there as if it were all: the series goes first.
version part.ics ''
override part.ics
for part in "--previous old.ics part.ics" "request old.ics --recurrence-id 2027-01-11T10:00 --location X" \
  "add old.ics --start 2027-01-12T10:00" "cancel old.ics --recurrence-id 2027-01-11T10:00"; do
  # shellcheck disable=SC2086
  run 1 build $part --store boss --me boss@example.com --state st-boss --now 2027-01-01T00:00:00Z
  silent
  says 'does not have the series of w1@example.com, which this is a part of (first put it in: imip build request'
  [ -z "$(ls boss)" ] || fail "something was stored"
done
# Both in one run, whichever is told first.
version joined.ics 's/Weekly/Monthly/'
override joined.ics
sed '/^RECURRENCE-ID/,/^END:VEVENT/s/^ATTENDEE:.*/&\nATTENDEE:mailto:aaron@example.com/' joined.ics >guest.ics
mkdir both
run 0 build --previous old.ics guest.ics --store both --me boss@example.com --state st-both --mbox /dev/null \
  --now 2027-01-01T00:00:00Z
grep -q '^SUMMARY:Monthly' both/*.ics || fail "the series is not stored"
grep -q aaron both/*.ics || fail "the part is not stored"
run 0 build request old.ics --store boss --me boss@example.com --state st-boss --now 2027-01-01T00:00:00Z
run 0 build --previous old.ics guests.ics --store boss --me boss@example.com --state st-boss --mbox /dev/null \
  --now 2027-01-01T00:01:00Z
grep -q 'carol@example.com' boss/*.ics || fail "the organizer's copy has no carol"

# Another program writes while it is stored: planned again. What cannot be written: which messages were.
mkdir raced
run 0 build request old.ics --store raced --me boss@example.com --state st-raced --now 2027-01-01T00:00:00Z
traced -e trace=renameat2 -e inject=renameat2:delay_enter=700000:when=1 "$imip" build request old.ics \
  --sequence 3 --location Elsewhere --store raced --me boss@example.com --state st-raced --now 2027-01-01T00:01:00Z >out 2>err &
racer=$!
while [ -z "$(find raced -name '.*.tmp')" ] && kill -0 $racer 2>/dev/null; do sleep 0.02; done
sed 's/^SUMMARY.*/&\r\nCATEGORIES:edited\r/; s/\r\r/\r/' raced/*.ics >edited.ics
cp edited.ics "$(echo raced/*.ics)"
wait $racer || { cat err >&2; fail "a race was lost"; }
grep -q '^LOCATION:Elsewhere' raced/*.ics || fail "the new place is not stored"
grep -q '^CATEGORIES:edited' raced/*.ics || fail "another program's edit is lost"
mkdir half
run 0 build request old.ics --store half --me boss@example.com --state st-half --now 2027-01-01T00:00:00Z
traced -e trace=renameat2 -e inject=renameat2:error=EIO:when=2 "$imip" build --previous old.ics guests.ics \
  --store half --me boss@example.com --state st-half --mbox mbox --now 2027-01-01T00:01:00Z >out 2>err
[ $? = 74 ] || fail "what could not be written is no error"
says 'of the 2 messages the calendar has the first 1, and none is sent'
[ ! -e mbox ] || fail "sent, and not stored"
run 0 build --previous old.ics guests.ics --store half --me boss@example.com --state st-half --mbox mbox \
  --now 2027-01-01T00:01:00Z

# stored, and then not sent: said, and how to take it back
mkdir unsent
run 0 build request old.ics --store unsent --me boss@example.com --state st-unsent --now 2027-01-01T00:00:00Z
cp unsent/*.ics before
"$imip" build request old.ics --location Elsewhere --store unsent --me boss@example.com --state st-unsent \
  --now 2027-01-01T00:01:00Z --send false >out 2>err
[ $? = 75 ] || fail "what could not be sent is no error"
grep -q 'the calendar has the change' err || fail "not said"
id=$(sed -n "s/.*'imip retract \([^']*\)'.*/\1/p" err)
run 0 retract "$id" --store unsent --me boss@example.com --state st-unsent
cmp before unsent/*.ics || fail "not taken back"

# nothing to tell, and nowhere to put it
: >file
"$imip" build --previous old.ics old.ics --store unsent --me boss@example.com --state st-unsent --output file/x/ >out 2>err
[ $? = 73 ] || fail "no mail into no folder is no error"
! grep -q 'the calendar has the change' err || fail "nothing changed"

# ---- people of parts only ----------------------------------------------------------------------
version all.ics ''
override all.ics
sed '/^RECURRENCE-ID/,/^END:VEVENT/{s/^ATTENDEE:mailto:bob/ATTENDEE:mailto:carol/;s/Weekly/About Bob/}' all.ics >parts.ics
run 73 build request parts.ics
silent
says '4 mails'
mkdir parts
rm -f box
run 0 build request parts.ics --mbox box --store parts --me boss@example.com --state st-parts --now 2027-01-01T00:00:00Z
python read.py box >told
[ "$(cat told)" = "REQUEST bob 2
REQUEST alice 2
REQUEST carol 2
CANCEL bob 3" ] || { fail "told otherwise"; cat told >&2; }
check "nobody learns what he is not invited to" python -c "
import mailbox, email, email.policy
for m in mailbox.mbox('box'):
    m = email.message_from_bytes(m.as_bytes(), policy=email.policy.default)
    octets = b''.join(p.get_payload(decode=True) for p in m.walk() if not p.is_multipart())
    if 'carol' in m['To']: assert b'bob@' not in octets
    if 'bob' in m['To'] and b'METHOD:REQUEST' in octets: assert b'About' not in octets and b'carol' not in octets"
check "what is told departs from no RFC" "$imip" lint --input-kind mbox box
# The organizer's own copy has all of it, as the file has.
rm -f again
run 0 build --previous parts/*.ics parts.ics --mbox again
says 'nothing changed'
run 0 build request parts.ics --format ics
says 'not everybody is invited to all of it: 4 mails would say it'
grep -q 'About Bob' out || fail "bare iCalendar is not all of it"
run 0 build request parts.ics --to list@example.com
run 0 build request parts.ics --attendee eve@example.com
rm -f box
run 0 build request parts.ics --each --output each/
[ "$(find each -name '*.eml' | wc -l)" = 4 ] || fail "not one mail for each"
rm -f box
run 0 build cancel parts.ics --mbox box
python read.py box >told
[ "$(cat told)" = "CANCEL alice,bob 3
CANCEL carol 3" ] || { fail "who is in a part only is not told that it is cancelled"; cat told >&2; }
rm -f box
run 0 build cancel parts.ics --recurrence-id 2027-01-11T10:00 --this-and-future --mbox box
python read.py box >told
[ "$(cat told)" = "CANCEL alice,bob 3
CANCEL carol 3" ] || { fail "who is in a part only is not told that the rest is cancelled"; cat told >&2; }
run 0 build cancel parts.ics --attendee carol@example.com --store parts --me boss@example.com --state st-parts
grep -q carol parts/*.ics && fail "the organizer's copy still has her"
run 64 build cancel parts.ics --attendee eve@example.com
says 'no attendee of this event'
run 0 build cancel all.ics
run 0 build request all.ics
# What is of no repetition any more goes along no more, and who knew nothing else hears that it is off.
rm -f box
run 0 build request parts.ics --exdate 2027-01-11T10:00 --mbox box
says 'what is said of the repetition of 20270111T100000 goes along no more'
python read.py box >told
[ "$(cat told)" = "REQUEST alice,bob 3
CANCEL carol 3" ] || { fail "who was in a part that goes is not told"; cat told >&2; }
run 0 build --previous old.ics joined.ics --mbox /dev/null
[ -s err ] && fail "a notice without need"
sed 's/^RECURRENCE-ID;.*/RECURRENCE-ID;TZID=Europe\/Berlin:20270112T100000/' all.ics >orphan.ics
run 0 build --previous old.ics orphan.ics
[ -s out ] && fail "something is sent"
grep -q 'what is said of the repetition of 20270112T100000 goes along no more' err || fail "an override of nothing goes without a word"

# ---- ranges ----------------------------------------------------------------------------------
run 0 build request old.ics --recurrence-id 2027-01-25T10:00 --this-and-future --start 2027-01-25T12:00 --format ics
grep -q 'RANGE=THISANDFUTURE' out || fail "no range"
run 0 build request old.ics --recurrence-id 2027-01-25T10:00 --this-and-future --start 2027-01-25T12:00 --format ics \
  --expand-range --output expanded.ics
grep -q 'RANGE' expanded.ics && fail "a range is left"
check "each later repetition is there" python -c "
import icalendar
events = icalendar.Calendar.from_ical(open('expanded.ics', 'rb').read()).walk('VEVENT')
assert [e['RECURRENCE-ID'].dt.day for e in events if 'RECURRENCE-ID' in e] == [25, 1, 8]
assert all(e['DTSTART'].dt.hour == 12 for e in events if 'RECURRENCE-ID' in e)"
mkdir calendar
printf '[calendars]\n[[work]]\npath = calendar\n[locale]\ntimeformat = %%H:%%M\ndateformat = %%Y-%%m-%%d\ndatetimeformat = %%Y-%%m-%%d %%H:%%M\nlongdateformat = %%Y-%%m-%%d\nlongdatetimeformat = %%Y-%%m-%%d %%H:%%M\nlocal_timezone = Europe/Berlin\ndefault_timezone = Europe/Berlin\n[default]\ndefault_calendar = work\n' >khal.conf
check "khal imports it" khal -c khal.conf import --batch -a work expanded.ics
check "khal lists it" khal -c khal.conf list -a work 2027-02-08 1d
grep -q '12:00-13:00 Weekly' check.log || fail "khal shows another time"
run 0 build cancel old.ics --recurrence-id 2027-01-25T10:00 --this-and-future --format ics --expand-range
grep -q '^METHOD:REQUEST' out || fail "a series that ends earlier is a request"
grep -q 'UNTIL=20270125T085959Z' out || fail "the series does not end earlier"
sed 's/;COUNT=6//' old.ics >endless.ics
run 64 build request endless.ics --recurrence-id 2027-01-25T10:00 --this-and-future --start 2027-01-25T12:00 --expand-range
says 'UNTIL'

# ---- JSON in ---------------------------------------------------------------------------------
cat >event.json <<'END'
{"schema": "imip.build-input/1", "method": "request", "uid": "j1@example.com",
 "organizer": {"address": "boss@example.com", "cn": "The; Boss"}, "sent_by": "pa@example.com",
 "attendees": ["alice@example.com", {"address": "bob@example.com", "cn": "Bob \"B\" Doe", "role": "opt-participant", "rsvp": false}],
 "summary": "Plän", "start": "2027-01-04T10:00", "duration": "PT1H", "timezone": "Europe/Berlin",
 "rrule": "FREQ=WEEKLY;COUNT=4", "exdates": ["2027-01-11T10:00"], "priority": 3}
END
pipe 0 event.json build --json - --message-id j@example.com --now 2027-01-01T00:00:00Z
grep -q '"uid":"j1@example.com"' err || fail "JSON in gives no JSON out"
cp out from-json.eml
run 0 build request event.json --message-id j@example.com --now 2027-01-01T00:00:00Z
check "with METHOD it is the same" cmp out from-json.eml
run 0 build request event.json --format ics --summary Other
check "flags go before the JSON" python -c "
import icalendar
e = icalendar.Calendar.from_ical(open('out', 'rb').read()).walk('VEVENT')[0]
assert e['SUMMARY'] == 'Other' and e['PRIORITY'] == 3 and e['ORGANIZER'].params['CN'] == 'The; Boss'
assert e['ATTENDEE'][1].params['ROLE'] == 'OPT-PARTICIPANT'"
grep -q "CN=Bob ^'B^' Doe" out || fail "a quote mark in a name is not encoded (RFC 6868)"
bad_json()
{
  printf '%s' "$1" >bad.json
  run 65 build --json bad.json
  silent
  says "$2"
}
bad_json '{"method": "request", "attendees": ["a@example.com", {"address": "b@example.com", "rol": "x"}]}' \
  'attendees[1].rol: unknown key'
bad_json '{"method": "request", "titel": "x"}' 'titel: unknown key'
bad_json '{"method": "request", "start": 5}' 'start: not a string'
bad_json '{"method": "request", "sequence": -1}' 'sequence: not a whole number'
bad_json '{"method": "request", "uid": "a", "uid": "b"}' 'uid: is there twice'
bad_json '{"method": "request", ' 'not JSON'
bad_json '{"summary": "x"}' 'method: is missing'
bad_json '{"method": "request", "schema": "imip.verdict/1"}' 'schema'
bad_json '{"method": "request", "organizer": "b@example.com", "summary": "x", "start": "soon"}' '--start'

# ---- usage -----------------------------------------------------------------------------------
run 64 build --previous old.ics
says 'the new version is missing'
run 64 build request --previous old.ics place.ics
says '--previous finds the methods itself'
run 64 build --previous old.ics place.ics --summary x
says 'only --comment'
run 64 build --previous old.ics place.ics --format ics
says '--format ics'
run 64 build --json
says 'METHOD is missing'
sed 's/w1@example.com/w2@example.com/' old.ics >other.ics
run 65 build --previous old.ics other.ics
says 'two objects'
sed '/^BEGIN:VEVENT/,/^END:VEVENT/d' old.ics >none.ics
run 65 build --previous none.ics old.ics
says ' none.ics: the calendar holds no event'
run 65 build --previous old.ics none.ics
says ' none.ics: the calendar holds no event'
run 64 build request old.ics --each --to x@example.com
says '--to'
done_testing
