#!/bin/sh
# Delegation, proposals, questions and answers for a part of a series, signed, between three calendars: the
# organizer's, the delegator's and the delegate's. Each message is made by one and applied by the other.
set -eu
# shellcheck source=cli/test_lib.sh
. "$(dirname "$0")/test_lib.sh"
NOW=2026-11-30T12:00:00Z LATER=2026-11-30T13:00:00Z

"$KEYS" keys boss carla emil mallory >/dev/null || fail "keys"
for name in boss carla emil; do person $name; done

# invitation UID SEQUENCE LINE...: a signed REQUEST from boss to carla and bob
invitation() {
  uid=$1 sequence=$2
  shift 2
  { printf 'From: boss@example.com\nTo: carla@example.com\nSubject: x\nMIME-Version: 1.0\nMessage-ID: <%s.%s@example.com>\n' \
      "$uid" "$sequence"
    printf 'Content-Type: text/calendar; method=REQUEST; charset=utf-8\n\n'
    printf 'BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//test//test//EN\nMETHOD:REQUEST\nBEGIN:%s\n' "${KIND:-VEVENT}"
    printf 'UID:%s\nSEQUENCE:%s\nDTSTAMP:2026110%sT080000Z\nORGANIZER;CN=Boss:mailto:boss@example.com\n' \
      "$uid" "$sequence" "$((sequence + 1))"
    printf 'ATTENDEE;CN=Carla;ROLE=CHAIR;RSVP=TRUE:mailto:carla@example.com\nATTENDEE:mailto:bob@example.com\n'
    printf '%s\n' "$@"
    printf 'END:%s\nEND:VCALENDAR\n' "${KIND:-VEVENT}"; } >plain.eml
  imip sign --identity keys/boss.pem plain.eml
}
# signed NAME: the options with which that person signs
signed() { echo "--sign --identity keys/$1.pem"; }
# value CALENDAR PROPERTY: unfolded lines of the only file that begin so
value() { cat "$1"/calendar/*.ics | tr -d '\r' | awk '/^ / {printf "%s", substr($0, 2); next} {printf "%s%s", n++ ? "\n" : "", $0} END {print ""}' | grep "^$2" || true; }
has() { value "$1" "$2" | grep -qF -- "$3" || { value "$1" "$2" >&2; fail "$1: no $3"; }; }
hasnt() { ! value "$1" "$2" | grep -qF -- "$3" || { value "$1" "$2" >&2; fail "$1: $3"; }; }
# calendar MAIL: the text/calendar part, decoded and unfolded
calendar() {
  /usr/bin/python3 - "$1" <<'PY'
import email, sys
for part in email.message_from_binary_file(open(sys.argv[1], 'rb')).walk():
    if part.get_content_type() == 'text/calendar':
        print(part.get_payload(decode=True).decode().replace('\r\n ', '').replace('\r', ''), end='')
        break
PY
}
reset() { for name in boss carla emil; do rm -rf "$name"; person "$name"; done; }

START='DTSTART;TZID=Europe/Berlin:20270104T100000'
END='DTEND;TZID=Europe/Berlin:20270104T110000'
invitation one 0 "$START" "$END" SUMMARY:Planning 'LOCATION:Room 1' >one.eml
invitation weekly 0 DTSTART:20270104T100000Z DTEND:20270104T110000Z SUMMARY:Weekly 'RRULE:FREQ=WEEKLY;COUNT=4' >weekly.eml

# ---- another program writes while the answer goes out ------------------------------------------------------
expect 0 as carla apply --now $NOW one.eml
cat >sender <<EOF_SENDER
#!/bin/sh
cat >>sent.eml
sed -i 's/^SUMMARY.*/&\r\nCATEGORIES:edited\r/; s/\r\r/\r/' "$(echo "$WORLD"/carla/calendar/*.ics)"
EOF_SENDER
chmod 700 sender
expect 0 as carla reply accept --now $NOW --send ./sender one.eml
[ "$(grep -c '^Message-ID' sent.eml)" = 1 ] || fail "not one mail"
has carla CATEGORIES edited
has carla ATTENDEE 'PARTSTAT=ACCEPTED'
# What cannot be written at all is told as what it is.
cat >sender <<EOF_SENDER
#!/bin/sh
cat >/dev/null
echo junk >>"$(echo "$WORLD"/carla/calendar/*.ics)"
EOF_SENDER
expect 75 as carla reply decline --now $LATER --send ./sender one.eml
says 'the answer went out, but the calendar is not changed: '
reset

# ---- delegation (RFC 5546 sections 3.2.2.3 and 4.2.5 to 4.2.7) -------------------------------------------
for who in boss carla; do expect 0 as $who apply --now $NOW one.eml; done
before=$(sums carla)
# Two mails do not go to standard output: nothing is written and nothing stored.
expect 73 as carla reply delegate --now $NOW --to emil@example.com one.eml
silent_on out
one_line
expect 73 as carla reply delegate --now $NOW --to emil@example.com --output one.out one.eml
[ ! -e one.out ] || fail "a file was written"
for bad in boss@example.com bob@example.com; do
  expect 1 as carla reply delegate --now $NOW --to $bad --output box/ one.eml
  one_line
done
for bad in carla@example.com 'emil@example.com;PARTSTAT=ACCEPTED' nonsense; do
  expect 64 as carla reply delegate --now $NOW --to "$bad" --output box/ one.eml
  one_line
done
expect 64 as carla reply delegate --now $NOW --output box/ one.eml
expect 64 as carla reply accept --now $NOW --to emil@example.com one.eml
[ ! -e box ] || fail "a folder was made"
[ "$before" = "$(sums carla)" ] || fail "a delegation that failed changed something"
# shellcheck disable=SC2046 # options, word by word
expect 0 as carla reply delegate --now $NOW --to 'emil@example.com;CN=Emil' --comment 'you know more' --json \
  $(signed carla) --output box/ one.eml
set -- box/*.eml
[ $# = 2 ] || fail "$# mails"
cp "$1" to-boss.eml
cp "$2" to-emil.eml
/usr/bin/python3 - err <<'PY'
import json, sys
line = json.load(open(sys.argv[1]))
assert line['schema'] == 'imip.reply/1' and line['stored'] and not line['repeated'], line
assert [(m['method'], m['from'], m['to']) for m in line['mails']] == [
    ('REPLY', 'carla@example.com', ['boss@example.com']),
    ('REQUEST', 'carla@example.com', ['emil@example.com'])], line
PY
calendar to-boss.eml >reply.ics
for line in 'PARTSTAT=DELEGATED;RSVP=TRUE:mailto:carla@example.com' 'DELEGATED-TO="mailto:emil@example.com"' \
  'DELEGATED-FROM="mailto:carla@example.com":mailto:emil@example.com' 'SEQUENCE:0' 'COMMENT:you know more'; do
  grep -qF "$line" reply.ics || { cat reply.ics >&2; fail "the REPLY lacks $line"; }
done
calendar to-emil.eml >request.ics
for line in METHOD:REQUEST 'LOCATION:Room 1' 'SUMMARY:Planning' 'ORGANIZER;CN=Boss:mailto:boss@example.com' \
  'BEGIN:VTIMEZONE' 'mailto:bob@example.com' 'SEQUENCE:0' \
  'CN=Emil;DELEGATED-FROM="mailto:carla@example.com";PARTSTAT=NEEDS-ACTION;ROLE=CHAIR;RSVP=TRUE:mailto:emil@example.com'; do
  grep -qF "$line" request.ics || { cat request.ics >&2; fail "the REQUEST lacks $line"; }
done
! grep -q X-IMIP request.ics || fail "private marks left the house"
grep -q '^In-Reply-To: <one.0@example.com>' to-emil.eml || fail "no In-Reply-To"
expect 0 imip lint --now $NOW to-emil.eml
expect 0 imip lint --now $NOW to-boss.eml
has carla ATTENDEE 'PARTSTAT=DELEGATED'
has carla ATTENDEE 'mailto:emil@example.com'
# The same again: the same octets, or with --once nothing.
before=$(sums carla/calendar)
# shellcheck disable=SC2046
expect 0 as carla reply delegate --now $LATER --to 'emil@example.com;CN=Emil' --comment 'you know more' \
  --output again/ one.eml
expect 0 as carla reply delegate --now $LATER --to 'emil@example.com;CN=Emil' --comment 'you know more' \
  --output never/ --once one.eml
[ "$(find again -name '*.eml' | wc -l)" = 2 ] || fail "again: not two mails"
[ -z "$(find never -name '*.eml' 2>/dev/null)" ] || fail "--once made a mail"
set -- again/*.eml
calendar "$1" | cmp - reply.ics || fail "another REPLY"
calendar "$2" | cmp - request.ics || fail "another REQUEST"
[ "$before" = "$(sums carla/calendar)" ] || fail "the same answer changed the calendar"

# The delegate takes part; both REPLYs reach the organizer in either order.
expect 2 as emil apply --now $NOW to-emil.eml
says delegator
expect 0 as emil apply --now $NOW --yes=delegator to-emil.eml
says added
has emil ATTENDEE 'DELEGATED-FROM="mailto:carla@example.com"'
# shellcheck disable=SC2046
expect 0 as emil reply accept --now $LATER --yes $(signed emil) --output emil-yes.eml to-emil.eml
calendar emil-yes.eml | grep -qF 'DELEGATED-FROM="mailto:carla@example.com";PARTSTAT=ACCEPTED:mailto:emil@example.com' ||
  fail "the delegate does not say from whom"
has emil ATTENDEE 'PARTSTAT=ACCEPTED'
cp -r boss boss-before
expect 0 as boss apply --now $LATER to-boss.eml
says 'may send    request to emil@example.com'
expect 0 as boss apply --now $LATER emil-yes.eml
has boss ATTENDEE 'PARTSTAT=ACCEPTED'
has boss ATTENDEE 'DELEGATED-TO="mailto:emil@example.com"'
one=$(cat boss/calendar/*.ics)
rm -rf boss
mv boss-before boss
expect 0 as boss apply --now $LATER emil-yes.eml
says held
hasnt boss ATTENDEE emil
expect 0 as boss apply --now $LATER to-boss.eml
[ "$one" = "$(cat boss/calendar/*.ics)" ] || fail "the order of the REPLYs matters"
# She declines: the delegator may choose again.
# shellcheck disable=SC2046
expect 0 as emil reply decline --now 2026-11-30T14:00:00Z --yes $(signed emil) --output emil-no.eml to-emil.eml
expect 0 as boss apply --now 2026-11-30T14:00:00Z emil-no.eml
says 'may send    request to carla@example.com'
# shellcheck disable=SC2046
expect 0 as carla reply accept --now 2026-11-30T15:00:00Z $(signed carla) --output carla-yes.eml one.eml
hasnt carla ATTENDEE emil
expect 0 as boss apply --now 2026-11-30T15:00:00Z carla-yes.eml
hasnt boss ATTENDEE emil
# Nobody else can delegate in her name.
expect 0 imip build reply --from carla@example.com --organizer boss@example.com --uid one --start 2027-01-04T10:00:00Z \
  --attendee 'carla@example.com;PARTSTAT=DELEGATED;DELEGATED-TO=mallory@example.com' --output plain.eml
sed 's/^From: .*/From: mallory@example.com/' plain.eml >mallory.eml
expect 0 imip sign --identity keys/mallory.pem --output forged.eml mallory.eml
before=$(sums boss/calendar)
expect 1 as boss apply --now 2026-11-30T15:00:00Z forged.eml
[ "$before" = "$(sums boss/calendar)" ] || fail "a forged delegation changed something"

# One repetition only: the delegate sees just that one.
reset
for who in boss carla; do expect 0 as $who apply --now $NOW weekly.eml; done
# shellcheck disable=SC2046
expect 0 as carla reply delegate --now $NOW --to emil@example.com --instance 2027-01-11T10:00:00Z $(signed carla) --mbox two.mbox weekly.eml
[ "$(grep -c '^From ' two.mbox)" = 2 ] || fail "not two mails in the mbox"
csplit -s -z -f mbox. two.mbox '/^From /' '{*}'
expect 0 as boss apply --now $LATER mbox.00
expect 0 as emil apply --now $LATER --yes=delegator mbox.01
[ "$(value emil BEGIN:VEVENT | wc -l)" = 1 ] || fail "emil sees more than one repetition"
has emil RECURRENCE-ID 20270111T100000Z
has boss RECURRENCE-ID 20270111T100000Z
[ "$(value boss ATTENDEE | grep -c "mailto:emil@example.com$")" = 1 ] || fail "emil is not at just one"

# ---- proposals (section 3.2.7) ------------------------------------------------------------------------------
reset
for who in boss carla; do expect 0 as $who apply --now $NOW one.eml; done
before=$(sums carla/calendar)
for wrong in '' '--timezone Europe/Berlin' '--due 2027-01-04T12:00' '--end 2027-01-04T09:00' '--start tomorrow'; do
  # shellcheck disable=SC2086
  expect 64 as carla reply counter --now $NOW $wrong one.eml
  one_line
  silent_on out
done
expect 64 as carla reply counter --now $NOW --location 'Room 1' one.eml
says 'already as you propose'
expect 64 as carla reply accept --now $NOW --start 2027-01-04T14:00 one.eml
# shellcheck disable=SC2046
expect 0 as carla reply counter --now $NOW --start 2027-01-04T14:00 --location 'Room 2' --comment 'after lunch' \
  $(signed carla) --output counter.eml one.eml
calendar counter.eml >counter.ics
for line in METHOD:COUNTER 'DTSTART;TZID=Europe/Berlin:20270104T140000' 'DTEND;TZID=Europe/Berlin:20270104T150000' \
  'LOCATION:Room 2' SUMMARY:Planning SEQUENCE:0 'ATTENDEE;CN=Carla:mailto:carla@example.com' 'COMMENT:after lunch'; do
  grep -qF "$line" counter.ics || { cat counter.ics >&2; fail "the COUNTER lacks $line"; }
done
[ "$(grep -c ^ATTENDEE counter.ics)" = 1 ] || fail "more attendees than the one who proposes"
expect 0 imip lint --now $NOW counter.eml
[ "$before" = "$(sums carla/calendar)" ] || fail "a proposal changed the calendar"
expect 0 as carla reply counter --now $LATER --start 2027-01-04T14:00 --location 'Room 2' --comment 'after lunch' --once one.eml
silent_on out
# shellcheck disable=SC2046
expect 0 as carla reply counter --now $LATER --start 2027-01-04T14:00 --location 'Room 2' --comment 'after lunch' \
  --output counter2.eml one.eml
calendar counter2.eml | cmp - counter.ics || fail "the same proposal is another message"
expect 2 as boss apply --now $LATER counter.eml
says 'counter: carla@example.com proposes another time of the event: after lunch'
says 'propose  LOCATION:Room 1 -> Room 2'
# The answer that she gave before stays.
# shellcheck disable=SC2046
expect 0 as carla reply tentative --now $LATER $(signed carla) --output maybe.eml one.eml
has carla ATTENDEE PARTSTAT=TENTATIVE
expect 0 as carla reply counter --now $LATER --duration PT30M --output half.eml one.eml
calendar half.eml | grep -q '^DURATION:PT30M' || fail "no DURATION"
has carla ATTENDEE PARTSTAT=TENTATIVE
# Exchange's organizer wants none.
invitation closed 0 "$START" "$END" SUMMARY:Closed X-MICROSOFT-DISALLOW-COUNTER:TRUE >closed.eml
expect 1 as carla reply counter --now $NOW --start 2027-01-04T14:00 closed.eml
says X-MICROSOFT-DISALLOW-COUNTER
one_line
# Of one repetition, and of one and all later ones.
reset
for who in boss carla; do expect 0 as $who apply --now $NOW weekly.eml; done
for range in '' --this-and-future; do
  # shellcheck disable=SC2046,SC2086
  expect 0 as carla reply counter --now $NOW --instance 2027-01-18T10:00:00Z $range --start 2027-01-18T12:00:00Z \
    $(signed carla) --output counter.eml weekly.eml
  calendar counter.eml | grep -q "^RECURRENCE-ID${range:+;RANGE=THISANDFUTURE}:20270118T100000Z" || fail "which one is it?"
  expect 2 as boss apply --now $LATER --json counter.eml
  grep -q "\"scope\":\"${range:+range}" out || [ -z "$range" ] || fail "the offer is not about the range"
  grep -q "20270118T120000Z" out || fail "the proposal is not shown"
done

# ---- questions (section 3.2.6) ------------------------------------------------------------------------------
# shellcheck disable=SC2046
expect 0 as carla reply refresh --now $NOW $(signed carla) --output refresh.eml weekly.eml
calendar refresh.eml >refresh.ics
for line in METHOD:REFRESH UID:weekly ORGANIZER:mailto:boss@example.com mailto:carla@example.com; do
  grep -qF "$line" refresh.ics || fail "the REFRESH lacks $line"
done
! grep -qE '^(SUMMARY|DTSTART|SEQUENCE)' refresh.ics || fail "a REFRESH says too much"
expect 0 imip lint --now $NOW refresh.eml
expect 0 as boss apply --now $NOW refresh.eml
says 'may send    request to carla@example.com'
expect 0 as carla reply refresh --now $NOW --instance 2027-01-11T10:00:00Z weekly.eml
cp out instance.eml
calendar instance.eml | grep -q '^RECURRENCE-ID:20270111T100000Z' || fail "no RECURRENCE-ID"
# From a CANCEL too, and it is not applied by that.
imip build cancel --organizer boss@example.com --attendee carla@example.com --uid weekly --sequence 1 --now $LATER \
  --start 2027-01-04T10:00:00Z >plain.eml
imip sign --identity keys/boss.pem plain.eml >cancel.eml
before=$(sums carla/calendar)
expect 0 as carla reply refresh --now $LATER cancel.eml
[ "$before" = "$(sums carla/calendar)" ] || fail "asking applied the CANCEL"
expect 1 as carla reply accept --now $LATER cancel.eml
expect 1 as carla reply refresh --now $LATER maybe.eml
sed 's/Room/Raum/' plain.eml >unsigned.eml
expect 1 as carla reply refresh --now $LATER unsigned.eml
silent_on out

# ---- one repetition and all later ones -------------------------------------------------------------------------
# shellcheck disable=SC2046
expect 0 as carla reply decline --now $NOW --instance 2027-01-18T10:00:00Z --this-and-future $(signed carla) \
  --output range.eml weekly.eml
calendar range.eml | grep -q '^RECURRENCE-ID;RANGE=THISANDFUTURE:20270118T100000Z' || fail "no RANGE"
expect 0 imip lint --now $NOW range.eml
has carla RECURRENCE-ID 'RANGE=THISANDFUTURE:20270118T100000Z'
has carla ATTENDEE PARTSTAT=DECLINED
# shellcheck disable=SC2046
expect 0 as carla reply accept --now $LATER --instance 2027-01-25T10:00:00Z $(signed carla) --output later.eml weekly.eml
cp -r boss boss-before
expect 0 as boss apply --now $LATER range.eml
expect 0 as boss apply --now $LATER later.eml
one=$(cat boss/calendar/*.ics)
[ "$(value boss ATTENDEE | grep carla | grep -o 'PARTSTAT=[A-Z]*' | sort | tr '\n' ' ')" = 'PARTSTAT=ACCEPTED PARTSTAT=DECLINED ' ] ||
  { value boss ATTENDEE >&2; fail "not as answered"; }
rm -rf boss
mv boss-before boss
expect 0 as boss apply --now $LATER later.eml
expect 0 as boss apply --now $LATER range.eml
[ "$one" = "$(cat boss/calendar/*.ics)" ] || fail "the order of the answers matters"
expect 64 as carla reply accept --now $NOW --this-and-future weekly.eml
expect 64 as carla reply refresh --now $NOW --instance 2027-01-18T10:00:00Z --this-and-future weekly.eml
expect 1 as carla reply accept --now $NOW --instance 2027-01-19T10:00:00Z --this-and-future weekly.eml
one_line

# ---- tasks (section 3.4.3) ------------------------------------------------------------------------------------
reset
KIND=VTODO
invitation task 0 DTSTART:20270104T080000Z DUE:20270108T170000Z 'SUMMARY:Write minutes' PRIORITY:1 >task.eml
for who in boss carla; do expect 0 as $who apply --now $NOW task.eml; done
# shellcheck disable=SC2046
expect 0 as carla reply accept --now $NOW --percent-complete 40 $(signed carla) --output forty.eml task.eml
has carla ATTENDEE PARTSTAT=IN-PROCESS
has carla PERCENT-COMPLETE 40
has carla STATUS IN-PROCESS
# shellcheck disable=SC2046
expect 0 as carla reply accept --now $LATER --completed 2027-01-07T16:30:00Z $(signed carla) --output done.eml task.eml
calendar done.eml >done.ics
for line in 'PARTSTAT=COMPLETED' COMPLETED:20270107T163000Z PERCENT-COMPLETE:100 STATUS:COMPLETED; do
  grep -qF "$line" done.ics || { cat done.ics >&2; fail "the REPLY lacks $line"; }
done
for mail in forty.eml done.eml; do
  expect 0 imip lint --now $LATER $mail
  expect 0 as boss apply --now $LATER $mail
done
has boss ATTENDEE PARTSTAT=COMPLETED
has boss ATTENDEE 'X-IMIP-COMPLETED=20270107T163000Z'
expect 64 as carla reply decline --now $LATER --percent-complete 40 task.eml
expect 64 as carla reply accept --now $LATER --percent-complete 40 --completed 2027-01-07T16:30:00Z task.eml
expect 64 as carla reply accept --now $LATER --percent-complete 40 one.eml
# shellcheck disable=SC2046
expect 0 as carla reply counter --now $LATER --due 2027-01-15T17:00:00Z $(signed carla) --output due.eml task.eml
expect 0 imip lint --now $LATER due.eml
expect 2 as boss apply --now $LATER due.eml
says 'propose  DUE:20270108T170000Z -> 20270115T170000Z'

# ---- sending: nothing is stored unless all mail went out ---------------------------------------------------------
reset
KIND=VEVENT
expect 0 as carla apply --now $NOW one.eml
before=$(sums carla/calendar)
expect 75 as carla reply delegate --now $NOW --to emil@example.com --send 'sh -c "cat >/dev/null; exit 67"' one.eml
one_line
[ "$before" = "$(sums carla/calendar)" ] || fail "stored though nothing was sent"
mkdir sent
expect 0 as carla reply delegate --now $NOW --to emil@example.com --send 'sh -c "cat >sent/\$\$"' one.eml
[ "$(find sent -type f | wc -l)" = 2 ] || fail "not two mails sent"
has carla ATTENDEE PARTSTAT=DELEGATED

# shellcheck disable=SC2154 # test_lib.sh counts
echo "$checks checks"
