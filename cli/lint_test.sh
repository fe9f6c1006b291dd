#!/bin/sh
# imip lint, from outside: what imip builds departs from nothing; what others send, in every form of input; bad input.
testdata=$(realpath "$(dirname "$0")/../testdata")
# shellcheck source-path=SCRIPTDIR source=testing.sh
. "$(dirname "$0")/testing.sh"
now='--now 2027-01-01T00:00:00Z'

# ---- our own messages -----------------------------------------------------------------------
boss='boss@example.com;CN=The Bß, "Max"' alice='alice@example.com;CN=Alice'
n=0
# clean NAME: the file has no departure, not even of what only should be
clean()
{
  n=$((n + 1))
  # shellcheck disable=SC2086  # a list of words
  "$imip" lint --strict $now "$1" >out 2>err || fail "$1 departs: $(cat out)"
  grep -q 'no departures' out || fail "$1: $(cat out)"
}
# builds NAME METHOD COMPONENT FLAGS...: as mail and as bare iCalendar
builds()
{
  name=$1 method=$2 component=$3
  shift 3
  for format in mail ics; do
    # shellcheck disable=SC2086  # a list of words
    run 0 build "$method" --component "$component" "$@" $now --format $format
    mv out "$name.$format"
    clean "$name.$format"
  done
}
# pairs COMPONENT WHEN MOVED FLAGS...: every method of RFC 5546 for it
pairs()
{
  kind=$1 when=$2 moved=$3
  shift 3
  # shellcheck disable=SC2086  # lists of words
  {
    builds "publish-$kind" publish "$kind" --organizer "$boss" --uid u1@example.com $when "$@" --to readers@example.com
    builds "request-$kind" request "$kind" --organizer "$boss" --uid u1@example.com $when "$@" --attendee "$alice" \
      --attendee 'bob@example.com;ROLE=OPT-PARTICIPANT;CUTYPE=ROOM'
    object=request-$kind.ics
    builds "reply-$kind" reply "$kind" $object --attendee "$alice;PARTSTAT=ACCEPTED" --comment 'gladly; thanks, \o/'
    builds "delegated-$kind" reply "$kind" $object \
      --attendee "$alice;PARTSTAT=DELEGATED;DELEGATED-TO=mailto:carol@example.com"
    builds "add-$kind" add "$kind" $object $moved
    builds "cancel-$kind" cancel "$kind" $object
    builds "refresh-$kind" refresh "$kind" $object --attendee "$alice"
    builds "counter-$kind" counter "$kind" $object --attendee "$alice" $moved
    builds "declinecounter-$kind" declinecounter "$kind" "counter-$kind.ics"
  }
}
text='Größe, Plan; mehr\und "alles" mit einem Titel, der länger ist als eine Zeile von fünfundsiebzig Oktetten'
zone='--timezone Europe/Berlin'
pairs vevent "--start 2027-01-04T10:00 --end 2027-01-04T11:00 $zone --rrule FREQ=WEEKLY;COUNT=8 --exdate 2027-01-11T10:00 --rdate 2027-01-13T10:00" \
  "--start 2027-01-06T15:00 --end 2027-01-06T16:00 $zone" --summary "$text" --location "$text" --description "$text"
mkdir day && cd day || exit 1
pairs vevent "--start 2027-01-04 --end 2027-01-06" "--start 2027-02-04 --end 2027-02-05" --summary Fair
cd .. || exit 1
pairs vtodo "--start 2027-01-04T10:00 --due 2027-01-08T17:00 $zone" "--start 2027-01-05T10:00 --due 2027-01-09T17:00 $zone" \
  --summary "$text"
# shellcheck disable=SC2086  # lists of words
{
  builds progress reply vtodo request-vtodo.ics --attendee "$alice" --percent-complete 60
  builds publish-vjournal publish vjournal --organizer "$boss" --uid u2@example.com --start 2027-01-04 \
    --description "$text" --summary Log --to readers@example.com
  builds add-vjournal add vjournal publish-vjournal.ics --start 2027-01-05 --to readers@example.com
  builds cancel-vjournal cancel vjournal publish-vjournal.ics --to readers@example.com
  day="--start 2027-01-04T00:00 --end 2027-01-05T00:00 $zone"
  builds publish-vfreebusy publish vfreebusy --organizer "$boss" --uid u3@example.com $day \
    --freebusy 2027-01-04T14:00/PT1H --freebusy 2027-01-04T10:00/PT1H --to readers@example.com
  builds request-vfreebusy request vfreebusy --organizer "$boss" --uid u3@example.com $day --attendee "$alice"
  builds reply-vfreebusy reply vfreebusy request-vfreebusy.ics --attendee "$alice" \
    --freebusy '2027-01-04T10:00:00Z/PT1H;FBTYPE=BUSY-TENTATIVE'
  # an instance, and all from one on
  builds instance request vevent request-vevent.ics --recurrence-id 2027-01-18T10:00 --start 2027-01-18T12:00 \
    --end 2027-01-18T13:00 $zone
  builds range request vevent request-vevent.ics --recurrence-id 2027-01-18T10:00 --this-and-future --location 'Room 8' $zone
  builds cancel-instance cancel vevent request-vevent.ics --recurrence-id 2027-01-18T10:00 $zone
  builds cancel-range cancel vevent request-vevent.ics --recurrence-id 2027-01-18T10:00 --this-and-future $zone
  builds sent-by request vevent request-vevent.ics --sent-by pa@example.com
}
echo 'a plan' >plan.txt
# shellcheck disable=SC2086  # a list of words
run 0 build request request-vevent.ics $now --attach plan.txt --output attached.eml
clean attached.eml
"$testdata/make-keys" keys boss:long,both alice:long,both bob:long,both >/dev/null || fail "no keys"
# shellcheck disable=SC2086  # lists of words
{
  for layout in '' '--layout inner' '--opaque' '--encrypt-to keys/alice.crt --encrypt-to keys/bob.crt'; do
    run 0 sign --identity keys/boss.pem $now $layout request-vevent.mail
    mv out signed.eml
    "$imip" lint --strict $now --identity keys/alice.pem signed.eml >out 2>err || fail "sign $layout departs: $(cat out)"
    grep -q 'REQUEST VEVENT: no departures' out || fail "sign $layout: $(cat out)"
    n=$((n + 1))
    [ -n "$layout" ] || cp signed.eml invite.eml
  done
  mkdir calendar
  for answer in accept tentative decline; do
    run 0 reply $answer --no-store --stateless --yes --anchor keys/ca.pem --me alice@example.com --store calendar $now --comment "$text" \
      invite.eml
    mv out $answer.eml
    clean $answer.eml
  done
}
[ "$n" = 86 ] || fail "$n of our own messages and not 86"

# ---- what others send -----------------------------------------------------------------------
for file in "$testdata"/mail/*.eml; do
  name=$(basename "$file")
  "$imip" lint --json --now 2026-12-24T12:00:00Z "$file" >out 2>err
  code=$?
  found=$(/usr/bin/python3 -c '
import json, sys
words = []
for line in open("out"):
    part = json.loads(line)
    assert part["schema"] == "imip.lint/1" and part["input"].endswith(".eml"), part
    for d in part["departures"]:
        assert set(d) == {"severity", "rule", "rfc", "section", "line", "component", "property", "text", "apply", "code"}, d
        assert d["rfc"] in (5545, 5546, 6047, 6638) and (d["apply"] == "ignored") == (d["code"] is None), d
        at = "@%d" % d["line"] if d["line"] else ""
        words.append("%s:%s%s=%s" % (d["severity"], d["rule"], at, d["apply"]))
    assert part["must"] == sum(d["severity"] == "must" for d in part["departures"]) and part["omitted"] == 0
print(" ".join(words))' 2>&1)
  expected=$(sed -n "s/^$name //p" "$testdata/mail/lint.txt")
  [ "$found" = "$expected" ] || fail "$name: $found"
  wanted=0
  case $expected in *must:*) wanted=1 ;; esac
  [ $code = $wanted ] || fail "$name: exit $code and not $wanted"
done

# ---- severities, text, forms of input -------------------------------------------------------
outlook=$testdata/mail/outlook-request-base64.eml kmail=$testdata/mail/kmail-reply-lower-case.eml
at='--now 2026-12-24T12:00:00Z'
# shellcheck disable=SC2086  # lists of words
{
  run 0 lint $at "$kmail"
  grep -q '^  should  .*\[no-alternative, RFC 6047 section 2.4; apply: ignored\]$' out || fail "no line about the alternative"
  run 1 lint $at --strict "$kmail"
  grep -q '^  must    .*\[no-alternative' out || fail "--strict raises nothing"
  grep -q '^  should  .*\[disposition' out || fail "--strict raises too much"
  run 0 lint $at --strict "$outlook"
  run 1 lint $at "$outlook" "$kmail" "$testdata/mail/part-only-qp.eml"
  [ "$(grep -c '^[^ ]' out)" = 3 ] || fail "not three messages"
  pipe 0 "$outlook" lint $at
  head -n 1 out | grep -q '^- part 3: REQUEST VEVENT: 3 interop$' || fail "standard input: $(head -n 1 out)"
  pipe 0 request-vevent.ics lint $now -
  grep -qx -- '-: REQUEST VEVENT: no departures' out || fail "a bare calendar on standard input: $(cat out)"
  run 0 lint $at --part 3 "$outlook"
  run 3 lint $at --part 9 "$outlook"
  silent
  says 'no calendar part 9'
  mkdir folder
  cp request-vevent.mail folder/1
  cp cancel-vevent.mail folder/2
  run 0 lint $now --json folder
  [ "$(wc -l <out)" = 2 ] || fail "a folder: not two"
  for one in request cancel; do
    echo 'From boss@example.com Fri Jan  1 00:00:00 2027'
    cat $one-vevent.mail
    echo
  done >mbox
  run 0 lint $now --input-kind mbox mbox
  [ "$(wc -l <out)" = 2 ] || fail "an mbox: not two"
  run 64 lint --input-kind mbox -
  run 64 lint --sloppy
}
# line ends: those of a mail are the mail system's, those of an .ics its writer's
sed 's/\r$//' request-vevent.ics >lf.ics
run 1 lint lf.ics
grep -q 'line-end, RFC 5545 section 3.1' out || fail "LF in an .ics"

# ---- bad input ------------------------------------------------------------------------------
: >empty
head -c 5000 /dev/urandom >binary
run 66 lint nothing.ics
run 65 lint empty
run 65 lint --json empty
grep -q '"schema":"imip.lint/1","input":"empty","verdict":"error"' out || fail "no JSON for what cannot be read"
printf 'From: a@example.com\n\nHello\n' >none.eml
run 3 lint --json none.eml
grep -q '"verdict":"none"' out || fail "no JSON for a mail without a calendar"
run 65 lint empty none.eml
"$imip" lint binary >out 2>err
case $? in 3 | 65) ;; *) fail "binary: another exit code" ;; esac
head -c 300 request-vevent.ics >cut.ics
run 1 lint cut.ics
grep -q 'unclosed-component.*apply: refused, bad-calendar' out || fail "a cut calendar"
{
  printf 'BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:\033]0;x\007\342\200\256\r\n'
  printf 'X-\033[31mA:1\r\nSTATUS:\033[2J\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n'
} >evil.ics
run 1 lint evil.ics
LC_ALL=C grep -q '[^[:print:][:space:]]' out && fail "octets of a message went to the terminal raw"
{
  printf 'BEGIN:VCALENDAR\r\n'
  yes 'PLAN;A=b;A=c:\x' | head -n 90000
} >many.ics
run 1 lint many.ics
[ "$(wc -l <out)" -lt 200 ] || fail "too many lines"
{
  printf 'BEGIN:VCALENDAR\r\nX-A:'
  head -c 9000000 /dev/zero | tr '\0' x
} >huge.ics
run 65 lint huge.ics
"$imip" lint request-vevent.ics >/dev/full 2>err
[ $? = 74 ] || fail "/dev/full on standard output"
done_testing
