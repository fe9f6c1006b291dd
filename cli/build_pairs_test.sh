#!/bin/sh
# imip build, every method with every component: what python3-icalendar reads in the mails, and khal in the events.
# shellcheck source-path=SCRIPTDIR source=testing.sh
. "$(dirname "$0")/testing.sh"

python() { /usr/bin/python3 "$@"; }

cat >read.py <<'END'
# read.py FILE.eml METHOD COMPONENT FROM TO WORD...: the mail is as RFC 6047 wants it, and its text says each WORD.
import email, email.policy, sys, icalendar
name, method, component, sender, to, *words = sys.argv[1:]
raw = open(name, 'rb').read()
assert raw.isascii() and b'\r' not in raw and max(map(len, raw.split(b'\n'))) < 79
mail = email.message_from_bytes(raw, policy=email.policy.default)
assert not mail.defects and mail['From'].addresses[0].addr_spec == sender, mail['From']
assert [a.addr_spec for a in mail['To'].addresses] == to.split(','), mail['To']
parts = {p.get_content_type(): p for p in mail.walk()}
part = parts['text/calendar']
assert part.get_param('method') == method and part.get_param('component') == component
octets = part.get_payload(decode=True)
assert max(map(len, octets.split(b'\r\n'))) <= 75
assert octets == parts['application/ics'].get_payload(decode=True)
cal = icalendar.Calendar.from_ical(octets)
assert cal['METHOD'] == method
objects = [c for c in cal.walk() if c.name == component]
assert objects and not cal.errors and not any(o.errors for o in objects), (cal.errors, objects[0].errors)
for zone in cal.walk('VTIMEZONE'):
    zone.to_tz()
    assert min(s['DTSTART'].dt.year for s in zone.subcomponents) == 1970
text = parts['text/plain'].get_content()
for word in [str(mail['Subject']), *words]:
    assert word in str(mail['Subject']) + text, (word, text)
open('last.ics', 'wb').write(octets)
END

n=0
# builds METHOD COMPONENT FROM TO WORDS -- FLAGS...: WORDS are parted by |
builds()
{
  method=$1 component=$2 from=$3 to=$4 words=$5
  shift 6
  n=$((n + 1))
  run 0 build "$(echo "$method" | tr '[:upper:]' '[:lower:]')" --component "$(echo "$component" | tr '[:upper:]' '[:lower:]')" "$@" \
    --now 2027-01-01T00:00:00Z --message-id "m$n@example.com"
  [ -s err ] && fail "$method $component: a notice without need"
  cp out mail.eml
  check "$method of $component departs from no RFC" "$imip" lint mail.eml
  (
    IFS='|'
    # shellcheck disable=SC2086  # a list of words
    /usr/bin/python3 read.py mail.eml "$method" "$component" "$from" "$to" $words
  ) >check.log 2>&1 || {
    fail "python does not read $method of $component as we mean it"
    sed 's/^/  > /' check.log >&2
  }
}
boss=boss@example.com alice=alice@example.com
set -- --organizer "$boss;CN=The Boss" --uid u1@example.com --timezone Europe/Berlin
event='--start 2027-01-04T10:00 --end 2027-01-04T11:00'
todo='--start 2027-01-04T10:00 --due 2027-01-08T17:00'
day='--start 2027-01-04T00:00 --end 2027-01-05T00:00'
# shellcheck disable=SC2086  # lists of words
{
  for kind in VEVENT VTODO; do
    when=$event
    [ $kind = VTODO ] && when=$todo
    builds PUBLISH $kind $boss readers@example.com 'announces|Plän|10:00|Europe/Berlin|09:00|UTC' -- "$@" $when \
      --summary Plän --to readers@example.com
    builds REQUEST $kind $boss $alice 'Plän|Room 7|10:00|Alice' -- "$@" $when --summary Plän \
      --location 'Room 7' --attendee "$alice;CN=Alice"
    cp last.ics request.ics
    if [ $kind = VEVENT ]; then
      cp last.ics invite.ics
    fi
    builds REPLY $kind $alice $boss 'Accepted: Plän|accepts|gladly' -- request.ics \
      --attendee "$alice;PARTSTAT=ACCEPTED" --comment gladly
    builds ADD $kind $boss $alice 'adds a repetition|2027-01-06 15:00' -- request.ics --start 2027-01-06T15:00
    builds CANCEL $kind $boss $alice 'Cancelled: Plän|has cancelled' -- request.ics
    builds REFRESH $kind $alice $boss 'latest version' -- request.ics --attendee "$alice"
    builds COUNTER $kind $alice $boss 'Proposal: Plän|2027-01-05 12:00' -- request.ics --attendee "$alice" \
      --start 2027-01-05T12:00
    builds DECLINECOUNTER $kind $boss $alice 'Proposal declined: Plän' -- last.ics
  done
  builds REPLY VTODO $alice $boss 'is working on|60 %' -- request.ics --attendee $alice --percent-complete 60
  builds PUBLISH VJOURNAL $boss readers@example.com 'announces|Went well' -- "$@" --start 2027-01-04 \
    --description 'Went well' --summary Log --to readers@example.com
  cp last.ics journal.ics
  builds ADD VJOURNAL $boss readers@example.com '2027-01-05' -- journal.ics --start 2027-01-05 \
    --to readers@example.com
  builds CANCEL VJOURNAL $boss readers@example.com 'Cancelled: Log' -- journal.ics --to readers@example.com
  builds PUBLISH VFREEBUSY $boss readers@example.com 'is busy|20270104T090000Z/20270104T100000Z' -- "$@" $day \
    --freebusy 2027-01-04T10:00/PT1H --to readers@example.com
  builds REQUEST VFREEBUSY $boss $alice 'When are you busy?' -- "$@" $day --attendee $alice
  cp last.ics ask.ics
  builds REPLY VFREEBUSY $alice $boss 'BUSY-TENTATIVE' -- ask.ics --attendee $alice \
    --freebusy '2027-01-04T10:00:00Z/PT1H;FBTYPE=BUSY-TENTATIVE'
}
[ "$n" = 23 ] || fail "$n mails and not 23"

# ---- khal reads the event --------------------------------------------------------------------
mkdir calendar
printf '[calendars]\n[[work]]\npath = calendar\n[locale]\ntimeformat = %%H:%%M\ndateformat = %%Y-%%m-%%d\ndatetimeformat = %%Y-%%m-%%d %%H:%%M\nlongdateformat = %%Y-%%m-%%d\nlongdatetimeformat = %%Y-%%m-%%d %%H:%%M\nlocal_timezone = Europe/Berlin\ndefault_timezone = Europe/Berlin\n[default]\ndefault_calendar = work\n' >khal.conf
check "khal imports it" khal -c khal.conf import --batch -a work invite.ics
check "khal lists it" khal -c khal.conf list -a work 2027-01-04 1d
grep -q '10:00-11:00.*Plän' check.log || fail "khal shows something else"

# ---- what cannot be --------------------------------------------------------------------------
run 64 build request --component vjournal "$@" --start 2027-01-04 --summary x
says 'publish, add or cancel'
run 64 build reply invite.ics
says 'what is the answer'
run 64 build reply invite.ics --attendee "$alice;PARTSTAT=ACCEPTED" --location x
says 'imip build counter'
run 64 build request invite.ics --component vtodo
says 'holds a VEVENT'
run 64 build add invite.ics
says '--start'
run 64 build reply invite.ics --attendee "$alice;PARTSTAT=ACCEPTED" --store calendar
says 'makes none'
done_testing
