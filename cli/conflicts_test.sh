#!/bin/sh
# What show and apply say of other events at the same time: a calendar of mixed zones, days, floating times, series with
# overrides; in text and in JSON; with state and without; and what khal, which reads the same folder, finds there.
set -eu
# shellcheck source=cli/test_lib.sh
. "$(dirname "$0")/test_lib.sh"
NOW=2026-11-30T12:00:00Z

"$KEYS" keys boss alice >/dev/null || fail "keys"
person alice
sed -i 's/^\[store\]/timezone = "Europe\/Berlin"\n[store]/' alice/policy.toml

# event UID START END LINE...: a file of the calendar, as another program would write it
event() {
  uid=$1 start=$2 end=$3
  shift 3
  { printf 'BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//test//test//EN\n'
    printf 'BEGIN:VEVENT\nUID:%s\nDTSTAMP:20261101T080000Z\nSUMMARY:The %s\nDTSTART%s\nDTEND%s\n' "$uid" "$uid" "$start" "$end"
    [ $# -eq 0 ] || printf '%s\n' "$@"
    printf 'END:VEVENT\nEND:VCALENDAR\n'; } | crlf >"alice/calendar/x-$uid.ics"
}
# invite UID START END LINE...: a signed REQUEST from boss
invite() {
  uid=$1 start=$2 end=$3
  shift 3
  { printf 'From: boss@example.com\nTo: alice@example.com\nSubject: calendar\nMIME-Version: 1.0\n'
    printf 'Content-Type: text/calendar; method=REQUEST; charset=utf-8\n\n'
    printf 'BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//test//test//EN\nMETHOD:REQUEST\nBEGIN:VEVENT\nUID:%s\n' "$uid"
    printf 'DTSTAMP:20261101T080000Z\nSUMMARY:New\nDTSTART%s\nDTEND%s\n' "$start" "$end"
    printf 'ORGANIZER:mailto:boss@example.com\nATTENDEE;RSVP=TRUE:mailto:alice@example.com\n'
    [ $# -eq 0 ] || printf '%s\n' "$@"
    printf 'END:VEVENT\nEND:VCALENDAR\n'; } >plain.eml
  imip sign --identity keys/boss.pem plain.eml
}
# conflicts: the UIDs in the JSON of the last command
conflicts() { /usr/bin/python3 -c 'import json; print(*sorted(c["uid"] for c in json.load(open("out"))["conflicts"]))'; }
key() { /usr/bin/python3 -c "import json; print(json.load(open('out'))$1)"; }
answered() { printf 'ORGANIZER:mailto:boss@example.com\nATTENDEE;PARTSTAT=%s:mailto:alice@example.com\n' "$1"; }

# The meeting is at 10:00 to 11:00 in Berlin, 09:00 to 10:00 UTC.
event utc :20270104T093000Z :20270104T101500Z
event kolkata ';TZID=Asia/Kolkata:20270104T143000' ';TZID=Asia/Kolkata:20270104T150000'
event newyork ';TZID=America/New_York:20270104T043000' ';TZID=America/New_York:20270104T050000'
event floating :20270104T103000 :20270104T113000
event day ';VALUE=DATE:20270104' ';VALUE=DATE:20270105'
event weekly ';TZID=Europe/Berlin:20260907T095500' ';TZID=Europe/Berlin:20260907T100500' 'RRULE:FREQ=WEEKLY'
event tentative :20270104T090000Z :20270104T093000Z STATUS:TENTATIVE
event maybe :20270104T090000Z :20270104T093000Z "$(answered TENTATIVE)"
event open :20270104T090000Z :20270104T093000Z "$(answered NEEDS-ACTION)"
expected='day floating kolkata maybe newyork open tentative utc weekly'
# times are told where she is, once where no clock differs
invite where :20270104T090000Z :20270104T100000Z >where.eml
expect 0 as alice show --now $NOW where.eml
says '10:00-11:00 Europe/Berlin (+01:00)'
sed 's/^timezone.*/timezone = "Etc\/UTC"/' alice/policy.toml >alice/utc.toml
chmod 600 alice/utc.toml
expect 0 imip show --policy alice/utc.toml --state alice/state --now $NOW where.eml
! sed -n '/when/,/organizer/p' out | grep -q Etc/UTC || fail "one time, told twice"
# None of these counts.
event free :20270104T090000Z :20270104T093000Z TRANSP:TRANSPARENT
event off :20270104T090000Z :20270104T093000Z STATUS:CANCELLED
event declined :20270104T090000Z :20270104T093000Z "$(answered DECLINED)"
event before :20270104T080000Z :20270104T090000Z
event after :20270104T100000Z :20270104T110000Z
event daybefore ';VALUE=DATE:20270103' ';VALUE=DATE:20270104'
event ended ';TZID=Europe/Berlin:20260907T095500' ';TZID=Europe/Berlin:20260907T100500' 'RRULE:FREQ=WEEKLY;COUNT=3'
event skipped ';TZID=Europe/Berlin:20260907T095500' ';TZID=Europe/Berlin:20260907T100500' 'RRULE:FREQ=WEEKLY' \
  'EXDATE;TZID=Europe/Berlin:20270104T095500'
invite new ';TZID=Europe/Berlin:20270104T100000' ';TZID=Europe/Berlin:20270104T110000' >new.eml

# ---- JSON: show, apply --dry-run, apply; with state, without, and without a calendar -------------------------------
expect 0 as alice show --json --now $NOW new.eml
[ "$(conflicts)" = "$expected" ] || fail "show: $(conflicts)"
[ "$(key '["conflicts_unchecked"]')" = '[]' ] || fail "something is unchecked"
key '["conflicts"]' | grep -qF "'tentative': True" || fail "nothing is tentative"
key '["conflicts"]' | grep -qF "'unanswered': True" || fail "nothing is unanswered"
expect 0 imip show --json --now $NOW --policy alice/policy.toml --state none new.eml
[ "$(conflicts)" = "$expected" ] || fail "show without state: $(conflicts)"
expect 0 as alice apply --json --dry-run --now $NOW new.eml
[ "$(conflicts)" = "$expected" ] || fail "apply --dry-run: $(conflicts)"
expect 0 as alice apply --json --now $NOW new.eml
[ "$(conflicts)" = "$expected" ] || fail "apply: $(conflicts)"
expect 0 as alice apply --json --now $NOW new.eml
[ "$(conflicts)" = "$expected" ] || fail "the event itself is no conflict: $(conflicts)"
expect 0 imip show --json --now $NOW --me alice@example.com --anchor keys/ca.pem --state none new.eml
[ "$(key '["conflicts"]')" = None ] || fail "conflicts without a calendar"
says 'no calendar is named'

# ---- reply: of what is accepted or proposed ------------------------------------------------------------------------
# answer ARGUMENT...: a reply with JSON, which is moved to where conflicts() looks
answer() {
  expect 0 as alice reply "$@" --json --no-store --now $NOW
  mv err out
}
answer accept new.eml
[ "$(conflicts)" = "$expected" ] || fail "accept: $(conflicts)"
answer tentative new.eml
[ "$(conflicts)" = "$expected" ] || fail "tentative: $(conflicts)"
answer decline new.eml
[ "$(key '["conflicts"]')" = None ] || fail "declining takes no time"
answer counter --start 2027-01-04T15:00 new.eml
[ "$(conflicts)" = day ] || fail "proposed: $(conflicts)"
invite both ';TZID=Europe/Berlin:20270104T095500' ';TZID=Europe/Berlin:20270104T100500' 'RRULE:FREQ=WEEKLY;COUNT=4' >both.eml
answer accept both.eml
key '["conflicts"]' | grep -qF "'times': 4" || fail "accept: not all repetitions"
answer accept --instance 2027-01-18T09:55 both.eml
[ "$(conflicts)" = 'skipped weekly' ] || fail "one repetition: $(conflicts)"
key '["conflicts"]' | grep -qF "'start': '2027-01-18T08:55:00Z'" || fail "not that repetition"
! key '["conflicts"]' | grep -qF "'times': 2" || fail "others than that repetition"
answer accept --instance 2027-01-18T09:55 --this-and-future both.eml
key '["conflicts"]' | grep -qF "'times': 2" || fail "not from that repetition on"
expect 0 as alice reply accept --no-store --now $NOW both.eml
one_line
says 'notice: at the same time: 2027-01-04 (all day) "The day"; '
says '2027-01-04 09:55-10:05 Europe/Berlin (+01:00) "The weekly", 4 times; and 6 more'
expect 0 as alice reply decline --no-store --now $NOW both.eml
silent_on err
expect 0 imip reply accept --yes --me alice@example.com --anchor keys/ca.pem --no-store --now $NOW both.eml
silent_on err

# ---- khal reads the same folder ------------------------------------------------------------------------------------
mkdir -p khal
printf '[calendars]\n[[work]]\npath = %s/alice/calendar\n[locale]\nlocal_timezone = Europe/Berlin\ndefault_timezone = Europe/Berlin\ntimeformat = %%H:%%M\ndateformat = %%Y-%%m-%%d\nlongdateformat = %%Y-%%m-%%d\ndatetimeformat = %%Y-%%m-%%d %%H:%%M\nlongdatetimeformat = %%Y-%%m-%%d %%H:%%M\n[sqlite]\npath = %s/khal/db\n' \
  "$WORLD" "$WORLD" >khal/config
khal -c khal/config list --format '{uid}' --day-format '' '2027-01-04 10:00' 60m 2>khal/err |
  grep -vxE 'new|free|off|declined|before|after|' | sort | paste -sd ' ' >khal/found
[ "$(cat khal/found)" = "$expected" ] || { cat khal/err >&2; fail "khal finds $(cat khal/found)"; }
checks=$((checks + 1))

# ---- text: where the owner is, one line each, ten at most ----------------------------------------------------------
expect 0 as alice show --now $NOW new.eml
says 'conflicts   2027-01-04 (all day)  "The day"'
says '2027-01-04 09:55-10:05 Europe/Berlin (+01:00)  "The weekly"'
says '2027-01-04 10:00-10:30 Europe/Berlin (+01:00)  "The maybe" (tentative)'
says '2027-01-04 10:00-10:30 Europe/Berlin (+01:00)  "The open" (not answered)'
for n in 1 2 3 4 5; do event "more$n" :20270104T094000Z :20270104T095000Z; done
expect 0 as alice apply --dry-run --now $NOW new.eml
says 'and 4 more'
grep -q more4 out && fail "more than ten are listed"
rm alice/calendar/x-more*.ics

# ---- a series against the calendar: how often ----------------------------------------------------------------------
invite series ';TZID=Europe/Berlin:20270104T095900' ';TZID=Europe/Berlin:20270104T100000' 'RRULE:FREQ=WEEKLY;COUNT=4' >series.eml
expect 0 as alice show --now $NOW series.eml
says '"The weekly", 4 times'
says '"The skipped", 3 times'
# Of an old series only what is to come counts.
invite old ';TZID=Europe/Berlin:20260105T093000' ';TZID=Europe/Berlin:20260105T100000' 'RRULE:FREQ=WEEKLY' >old.eml
expect 0 as alice show --json --now $NOW old.eml
case " $(conflicts) " in *' weekly '*) ;; *) fail "the old series: $(conflicts)" ;; esac

# ---- what cannot be checked is said --------------------------------------------------------------------------------
printf 'BEGIN:VCALENDAR\nBEGIN:VEVENT\n' >alice/calendar/broken.ics
expect 0 as alice show --now $NOW new.eml
says 'not checked: 1 file of the calendar was not looked at: not readable as calendars'
expect 0 as alice show --json --now $NOW new.eml
[ "$(conflicts)" = "$expected" ] || fail "beside a broken file: $(conflicts)"
rm alice/calendar/broken.ics
invite often :20270104T100000Z :20270104T100010Z 'RRULE:FREQ=HOURLY' >often.eml
expect 0 as alice show --now $NOW often.eml
says 'not checked: when it takes place: the recurrence has more than 1000 instances'
# A calendar that is full is no reason to refuse.
expect 0 as alice apply --now $NOW often.eml

# ---- the zone of the owner -----------------------------------------------------------------------------------------
sed -i 's/Europe\/Berlin/Asia\/Tokyo/' alice/policy.toml
expect 0 as alice show --json --now $NOW new.eml
case " $(conflicts) " in *' floating '*) fail "a floating time in Tokyo is not one in Berlin" ;; esac
sed -i 's/Asia\/Tokyo/Mars\/Olympus/' alice/policy.toml
expect 78 as alice apply --now $NOW new.eml
says 'unknown time zone'
one_line

echo "ok: $checks checks"
