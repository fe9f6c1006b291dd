#!/bin/sh
# The messages of testdata/mail, in the shapes that real senders use: each is parsed, shown and judged, unsigned
# and signed by the party it speaks for, in LF and CRLF.
set -eu
# shellcheck source=cli/test_lib.sh
. "$(dirname "$0")/test_lib.sh"
MAIL=$HERE/../testdata/mail
NOW=2026-12-24T12:00:00Z
mkdir keys

judged=0
grep -v '^#' "$MAIL/judged.txt" >table
while read -r file owner speaker verdict reason; do
  "$KEYS" keys "$speaker:long,as=$speaker"
  flags="--state none --me $owner --now $NOW --anchor keys/ca.pem"
  sed 's/\r$//' "$MAIL/$file" >as-is.eml
  imip sign --now "$NOW" --identity "keys/$speaker.pem" as-is.eml >signed.eml 2>sign.err || { cat sign.err >&2; fail "sign $file"; }
  openssl cms -verify -inform SMIME -in signed.eml -CAfile keys/ca.pem -out /dev/null 2>openssl.err || { cat openssl.err >&2; fail "openssl refuses $file as we signed it"; }
  for form in lf crlf; do
    for mail in as-is signed; do
      if [ $form = lf ]; then cp $mail.eml now.eml; else crlf <$mail.eml >now.eml; fi
      wanted=$verdict
      [ $mail = signed ] || wanted=untrusted
      # shellcheck disable=SC2086 # a list of words
      "$IMIP" verify $flags --json now.eml >out 2>err || true
      checks=$((checks + 1))
      grep -q "\"verdict\":\"$wanted\"" out || { cat out err >&2; fail "$file ($form, $mail): not $wanted"; }
      [ $mail = as-is ] || says "\"code\":\"$reason\""
      got=0
      # shellcheck disable=SC2086
      "$IMIP" show $flags now.eml >out 2>err || got=$?
      [ $got -le 1 ] || fail "$file ($form, $mail): show exits $got"
      says verdict
    done
  done
  judged=$((judged + 1))
done <table

# Every message of the folder is in the table, but for the one that is no iMIP message.
all=$(find "$MAIL" -name '*.eml' | wc -l)
[ $((judged + 1)) -eq "$all" ] || fail "$judged of $all messages were judged"
expect 3 imip verify "$MAIL/forward-method-dropped.eml"
says 'no method parameter'

# Our own messages are read by others.
imip build request --organizer 'boss@example.com;CN=Größe, Max' --attendee 'alice@example.com;CN=Alice' --summary 'Plän; A, B' \
  --start 2027-03-01T10:00:00 --duration PT1H --timezone Europe/Berlin --rrule 'FREQ=WEEKLY;COUNT=4' --uid x1 --now 2026-11-20T00:00:00Z >ours.eml
/usr/bin/python3 - ours.eml <<'PY'
import email, email.policy, sys
mail = email.message_from_binary_file(open(sys.argv[1], 'rb'), policy=email.policy.default)
parts = [p for p in mail.walk() if p.get_content_type() == 'text/calendar']
assert len(parts) == 1, parts
assert parts[0].get_param('method') == 'REQUEST' and parts[0].get_content_disposition() is None
import icalendar
event = icalendar.Calendar.from_ical(parts[0].get_payload(decode=True)).walk('VEVENT')[0]
assert event['SUMMARY'] == 'Plän; A, B', event['SUMMARY']
assert event['ORGANIZER'].params['CN'] == 'Größe, Max'
assert event['DTSTART'].dt.utcoffset().total_seconds() == 3600
PY
checks=$((checks + 1))
echo "shapes_test: $checks checks"
