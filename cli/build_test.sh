#!/bin/sh
# imip build, from outside: what others read in our mail and our iCalendar, and every kind of bad
# input.
# shellcheck source-path=SCRIPTDIR source=testing.sh
. "$(dirname "$0")/testing.sh"

python()
{
  # The interpreter of the system: its email and icalendar packages are a second opinion.
  /usr/bin/python3 "$@"
}

request()
{
  wanted=$1
  shift
  run "$wanted" build request --organizer 'boss@example.com;CN=The Bß' --sent-by pa@example.com \
    --attendee 'alice@example.com;CN=Alice' --attendee 'bob@example.com;ROLE=OPT-PARTICIPANT' \
    --summary 'Größe, Plan; mehr' --start 2027-01-04T10:00 --duration PT90M \
    --timezone Europe/Berlin --location 'From here
From there' --description 'line one  
From line two' --uid u1@example.com --now 2027-01-01T00:00:00Z --message-id m1@example.com "$@"
}

# ---- the mail -------------------------------------------------------------------------------
request 0 --rrule 'FREQ=WEEKLY;COUNT=4' --exdate 2027-01-11T10:00
[ -s err ] && fail "a notice without need"
cp out invite.eml
cat >read_mail.py <<'END'
import email, email.policy, sys, icalendar
raw = open(sys.argv[1], 'rb').read()
assert b'\r' not in raw and raw.isascii()
for line in raw.split(b'\n'):
    assert len(line) < 78 and not line.startswith(b'From ') and line == line.rstrip(b' \t'), line
mail = email.message_from_bytes(raw, policy=email.policy.default)
assert not mail.defects, mail.defects
assert mail['From'] == 'pa@example.com' and mail['Sender'] is None, mail['From']
assert [a.addr_spec for a in mail['To'].addresses] == ['alice@example.com', 'bob@example.com']
assert mail['To'].addresses[0].display_name == 'Alice'
assert mail['Subject'] == 'Größe, Plan; mehr', mail['Subject']
assert mail['Message-ID'] == '<m1@example.com>'
assert mail['Date'].datetime.isoformat() == '2027-01-01T00:00:00+00:00'
assert mail.get_content_type() == 'multipart/mixed'
alternative, ics = mail.iter_parts()
assert alternative.get_content_type() == 'multipart/alternative'
text, calendar = alternative.iter_parts()
assert text.get_content_type() == 'text/plain'
assert calendar.get_content_type() == 'text/calendar'
assert calendar.get_param('method') == 'REQUEST' and calendar.get_param('component') == 'VEVENT'
assert calendar.get_param('charset').upper() == 'UTF-8'
assert calendar['Content-Disposition'] is None
assert ics.get_content_type() == 'application/ics' and ics.get_filename() == 'invite.ics'
octets = calendar.get_payload(decode=True)
assert octets == ics.get_payload(decode=True)
for line in octets.split(b'\r\n'):
    assert len(line) <= 75, line
assert octets.count(b'\n') == octets.count(b'\r\n')
words = text.get_content()
for expected in ['pa@example.com, for The Bß <boss@example.com>, invites you', 'Größe, Plan; mehr',
                 '2027-01-04 10:00', 'Europe/Berlin', '09:00', 'UTC', 'weekly', 'Alice', 'line two',
                 'From here', 'Not on:', '2027-01-11']:
    assert expected in words, (expected, words)
cal = icalendar.Calendar.from_ical(octets)
assert cal['METHOD'] == 'REQUEST' and cal['VERSION'] == '2.0' and cal['PRODID']
events = cal.walk('VEVENT')
zones = cal.walk('VTIMEZONE')
assert len(events) == 1 and len(zones) == 1 and zones[0]['TZID'] == 'Europe/Berlin'
e = events[0]
assert e['UID'] == 'u1@example.com' and e['SEQUENCE'] == 0
assert e['DTSTART'].dt.isoformat() == '2027-01-04T10:00:00+01:00', e['DTSTART'].dt
assert e['DURATION'].dt.total_seconds() == 5400
assert e['DTSTAMP'].dt.isoformat() == '2027-01-01T00:00:00+00:00'
assert e['SUMMARY'] == 'Größe, Plan; mehr' and e['LOCATION'] == 'From here\nFrom there'
assert e['ORGANIZER'] == 'mailto:boss@example.com'
assert e['ORGANIZER'].params['SENT-BY'] == 'mailto:pa@example.com'
alice, bob = e['ATTENDEE']
assert alice.params['RSVP'] == 'TRUE' and alice.params['PARTSTAT'] == 'NEEDS-ACTION'
assert bob.params['ROLE'] == 'OPT-PARTICIPANT'
assert e['RRULE'] == {'FREQ': ['WEEKLY'], 'COUNT': [4]}
END
check "python reads the mail as we mean it" python read_mail.py invite.eml

request 0 --rrule 'FREQ=WEEKLY;COUNT=4' --exdate 2027-01-11T10:00
check "the same flags give the same octets" cmp out invite.eml
request 0 --from boss@example.com
grep -q '^Sender: pa@example.com$' out || fail "no Sender where the proxy is not From"
request 0 --from pa@example.com --to carol@example.com
grep -q '^To: carol@example.com$' out || fail "--to"
grep -q alice out && fail "--to stands instead of the attendees"

# ---- attachments ----------------------------------------------------------------------------
printf '\000\001binary\377' >'plan ü.bin'
request 0 --attach 'plan ü.bin'
cat >read_attachment.py <<'END'
import email, email.policy, sys, icalendar
mail = email.message_from_bytes(open(sys.argv[1], 'rb').read(), policy=email.policy.default)
parts = {p.get_content_type(): p for p in mail.walk()}
assert 'multipart/related' in parts, list(parts)
file = parts['application/octet-stream']
assert file.get_payload(decode=True) == b'\0\1binary\377' and file.get_filename() == 'plan ü.bin'
event = icalendar.Calendar.from_ical(parts['text/calendar'].get_payload(decode=True)).walk('VEVENT')[0]
assert event['ATTACH'].lower() == 'cid:' + file['Content-ID'].strip('<>'), event['ATTACH']
END
check "the event refers to its attachment" python read_attachment.py out

# ---- bare iCalendar, khal, flags over a file ------------------------------------------------
request 0 --format ics --output invite.ics
silent
mkdir calendar
cat >khal.conf <<'END'
[calendars]
[[work]]
path = calendar
[locale]
timeformat = %H:%M
dateformat = %Y-%m-%d
datetimeformat = %Y-%m-%d %H:%M
longdateformat = %Y-%m-%d
longdatetimeformat = %Y-%m-%d %H:%M
local_timezone = Europe/Berlin
default_timezone = Europe/Berlin
[default]
default_calendar = work
END
check "khal imports it" khal -c khal.conf import --batch -a work invite.ics
check "khal lists it" khal -c khal.conf list -a work 2027-01-04 1d
grep -q 'Größe, Plan; mehr' check.log || fail "khal shows no title"
grep -q '10:00-11:30' check.log || fail "khal shows another time"

run 0 build cancel invite.ics --now 2027-01-02T00:00:00Z --message-id m2@example.com
grep -q '^Subject: =?utf-8?.*' out || grep -q '^Subject: Cancelled' out || fail "no subject"
run 0 build cancel invite.ics --format ics
grep -q '^SEQUENCE:1.$' out || fail "a cancellation raises SEQUENCE"
grep -q '^STATUS:CANCELLED.$' out || fail "a cancellation has a status"
cp out cancel.ics
pipe 0 invite.ics build request - --start 2027-01-05T10:00 --format ics
grep -q '^SEQUENCE:1.$' out || fail "a move raises SEQUENCE"
sed 's/\r$//' invite.ics >lf.ics
run 0 build request lf.ics
run 0 build publish invite.ics --to readers@example.com
grep -qi 'method=PUBLISH' out || fail "publish"
run 0 build cancel --uid u1 --organizer boss@example.com --attendee alice@example.com
says 'SEQUENCE 1'
run 0 build cancel --uid u1 --organizer boss@example.com --attendee alice@example.com --sequence 4
[ -s err ] && fail "a notice without need"

# ---- the organizer's own copy ---------------------------------------------------------------
run 66 build request invite.ics --store nowhere --me boss@example.com
silent # no mail goes out for what could not be stored
says 'nowhere'
mkdir own
run 1 build request invite.ics --store own --me alice@example.com
silent
run 0 build request invite.ics --store own --me boss@example.com
grep -q '^MIME-Version' out || fail "no mail beside the stored event"
[ "$(cat own/*.ics | grep -c '^UID:u1@example.com')" = 1 ] || fail "--store stored nothing"
grep -q '^METHOD' own/*.ics && fail "METHOD was stored"
id=$(sed -n 's/^Message-ID: *<\(.*\)>.*/\1/p' out)
run 0 retract "$id" --store own --me boss@example.com
[ -z "$(ls own)" ] || fail "what --store stored is not retracted by the mail's Message-ID"

# ---- a To that readers refuse ----------------------------------------------------------------
python -c "
import json
print(json.dumps({'method': 'request', 'organizer': 'boss@example.com', 'summary': 'x', 'start': '2027-01-04', 'uid': 'm1',
  'attendees': ['a%d@many-people.example.com' % i for i in range(2500)]}))" >many.json
run 0 build request many.json
says 'the mail names 2500 recipients'
run 0 build request many.json --to list@example.com
[ -s err ] && fail "a notice without need"

# ---- usage: 64, one line, nothing on standard output ----------------------------------------
usage()
{
  text=$1
  shift
  run 64 build request "$@"
  silent
  says "$text"
}
base='--organizer boss@example.com --summary Plan'
who='--attendee alice@example.com'
when='--start 2027-01-04T10:00 --timezone Europe/Berlin'
# shellcheck disable=SC2086  # lists of words
{
  usage Europe/Atlantis $base $who --start 2027-01-04T10:00 --duration PT1H --timezone Europe/Atlantis
  usage '--attendee' $base $when --duration PT1H --attendee 'alice example.com'
  usage '--attendee' $base $when --duration PT1H --attendee 'alice@example.com;RSVP=YES'
  usage '--attendee' $base $when --duration PT1H
  usage '--organizer' --summary Plan $who $when --duration PT1H
  usage 'before the start' $base $who $when --end 2027-01-04T09:00
  usage '--end and --duration' $base $who $when --end 2027-01-04T11:00 --duration PT1H
  usage 'the end is missing' $base $who $when
  usage '--rrule' $base $who $when --duration PT1H --rrule 'FREQ=NEVER'
  usage '--start' $base $who --start tomorrow --timezone Europe/Berlin --duration PT1H
  usage '--message-id' $base $who $when --duration PT1H --message-id 'a b@x'
  usage '--from' $base $who $when --duration PT1H --from 'x'
  usage '--to' $base $who $when --duration PT1H --to 'x@y@z'
  usage 'nobody to send' --organizer alice@example.com --summary Plan $who $when --duration PT1H
  usage '--attach needs a mail' $base $who $when --duration PT1H --format ics --attach invite.ics
  usage "did you mean '--summary'" --sumary x
  run 64 build publish $base $who $when --duration PT1H
  says '--to'
  run 64 build cancel --organizer boss@example.com $who
  says '--uid'
}
run 64 build
says 'METHOD is missing'
run 64 build invite
says "counter or declinecounter"

# ---- bad files ------------------------------------------------------------------------------
: >empty.ics
head -c 4096 /dev/urandom >binary.ics
head -c 200 invite.ics >cut.ics
for bad in empty binary cut; do
  run 65 build request $bad.ics
  silent
  says "$bad.ics"
  pipe 65 $bad.ics build cancel -
  says 'standard input'
done
run 66 build request nothing.ics
says 'nothing.ics'
run 66 build request calendar
says 'calendar'
sed 's/^UID:u1@example.com/UID:other/' invite.ics | sed -n '/^BEGIN:VEVENT/,/^END:VEVENT/p' >second
sed '/^END:VCALENDAR/d' invite.ics | cat - second >two.ics
printf 'END:VCALENDAR\r\n' >>two.ics
run 65 build request two.ics
says 'two UIDs'
run 65 build publish two.ics --to readers@example.com
says 'two UIDs'
grep -v '^ORGANIZER' lf.ics | grep -v '^ .*boss' >nobody.ics
run 65 build request nobody.ics
says 'ORGANIZER'
sed 's/^DTSTART.*/DTSTART:2027/' lf.ics >start.ics
run 65 build request start.ics
says 'DTSTART'
{
  printf 'BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VEVENT\nDESCRIPTION:'
  head -c 40000000 /dev/zero | tr '\0' x
} >huge.ics
run 65 build request huge.ics
[ "$(wc -l <err)" = 1 ] || fail "a huge file: not one line"
rm huge.ics

# ---- output ---------------------------------------------------------------------------------
"$imip" build request invite.ics >/dev/full 2>err
[ $? = 74 ] || fail "/dev/full on standard output"
says 'standard output'
"$imip" build request invite.ics >&- 2>err
[ $? = 74 ] || fail "a closed standard output"
"$imip" --version >/dev/full 2>err
[ $? = 74 ] || fail "--version to a full disk"
"$imip" help >&- 2>/dev/null
[ $? = 74 ] || fail "help to a closed standard output"
"$imip" build request invite.ics 2>err | true # a reader that is gone kills nobody
run 74 build request invite.ics --output /dev/full
[ -c /dev/full ] || fail "/dev/full was replaced"
run 73 build request invite.ics --output no/such/folder.eml
says 'no/such/folder.eml'
run 0 build request invite.ics --output mails/ --message-id m3@example.com --now @0
[ "$(ls mails)" = "$(cd mails && ls 19700101T000000Z-0001-????????.eml)" ] || fail "a folder's file"
run 73 build request invite.ics --output no/such/
says 'no/such'
run 0 build request invite.ics --mbox sent --message-id m3@example.com
silent
run 0 build cancel invite.ics --mbox sent --message-id m4@example.com
check "python reads the mbox" python -c "
import mailbox
mails = list(mailbox.mbox('sent'))
assert [m['Message-ID'] for m in mails] == ['<m3@example.com>', '<m4@example.com>'], mails
assert [m.get_from().split()[0] for m in mails] == ['pa@example.com'] * 2
assert not any(m.defects for m in mails)"
run 0 build request invite.ics --send 'sh -c "cat >sent.eml; echo talk"'
silent
grep -q '^MIME-Version' sent.eml || fail "--send sent no mail"
run 75 build request invite.ics --send false
says '0 of 1 mail was sent'
run 67 build request invite.ics --send "sh -c 'exit 67'"
run 69 build request invite.ics --send no-such-program
says 'no-such-program'
run 64 build request invite.ics --send 'cat > x'
says 'no shell'
run 64 build request invite.ics --send cat --mbox x
says 'exclude each other'
echo old >target
ln -s target link
run 0 build request invite.ics --output link
[ -L link ] || fail "a symbolic link was replaced"
grep -q '^MIME-Version' target || fail "the file behind the link was not written"
run 65 build request empty.ics --output target
grep -q '^MIME-Version' target || fail "a failure changed the old output"
run 0 build request invite.ics --output - --now @0
grep -q '^Date: Thu, 01 Jan 1970' out || fail "--output -, --now"

done_testing
