#!/bin/sh
# imip show --chain: the certificate of the signer and the whole chain, of good and of bad signatures,
# and what they cover; the same as data.
set -eu
# shellcheck source=cli/test_lib.sh
. "$(dirname "$0")/test_lib.sh"

"$KEYS" keys boss alice twin:other-ca,as=boss@example.com old:expired
person alice

imip build request --organizer boss@example.com --attendee alice@example.com --uid m1 --summary Plan \
  --start 2027-03-01T10:00:00 --duration PT1H --timezone Europe/Berlin >plain.eml
sign() { imip sign --identity "keys/$1.pem"; }
fingerprint() { openssl x509 -in "$1" -noout -fingerprint -sha256 | sed 's/.*=//; s/://g' | tr A-F a-f; }
narrow() { # from the line of the first signature on
  sed -n '/^Signature at\|^Part .* gives no\|^No signature covers/,$p' out | awk 'length($0) > 80 { exit 1 }' ||
    fail "wider than 80 columns"
}

sign boss <plain.eml >good.eml
expect 0 as alice show --chain good.eml
says 'Signature at part TEXT: S/MIME, valid; covers calendar part 1.1.2'
says "$(fingerprint keys/boss.crt)"
says "$(fingerprint keys/ca.pem)"
says 'keys/ca.pem'
says 'boss@example.com'
grep -q "^    serial    0*$(openssl x509 -in keys/boss.crt -noout -serial | sed 's/.*=0*//')\$" out || fail "serial"
narrow

# Nobody proven: the chain of a CA with the same name.
sign twin <plain.eml 2>/dev/null >f.eml
expect 0 as alice show --chain f.eml
says 'S/MIME, unproven; covers calendar part'
says 'no-anchor'
says "$(fingerprint keys/twin.crt)"
narrow

# Expired: told at the certificate that is.
sed '1,/^MIME-Version/d' plain.eml >entity
{
  printf 'From: old@example.com\n'
  openssl cms -sign -md sha256 -in entity -signer keys/old.crt -inkey keys/old.key
} >f.eml
expect 0 as alice show --chain f.eml
says '    breaks    expired: '
says "$(fingerprint keys/ca.pem)"
narrow

# Changed afterwards: the certificate is shown all the same.
sed 's/^Content-Type: text\/plain; charset=UTF-8/&; x=y/' good.eml >f.eml
expect 0 as alice show --chain f.eml
says 'S/MIME, invalid; covers calendar part'
says 'signature-invalid'
says "$(fingerprint keys/boss.crt)"
says 'the signature itself is not good'
narrow

# The signature of a text beside the calendar covers no calendar.
printf 'From: boss@example.com\nSubject: x\n\nPlease see below.\n' | sign boss >text.eml
{
  printf 'From: boss@example.com\nTo: alice@example.com\nSubject: x\nMIME-Version: 1.0\n'
  printf 'Content-Type: multipart/mixed; boundary=outside\n\n--outside\n'
  sed -n '/^Content-Type: multipart\/signed/,$p' text.eml
  printf '\n--outside\n'
  sed -n '/^Content-Type: multipart/,$p' plain.eml
  printf '\n--outside--\n'
} >beside.eml
expect 0 as alice show --chain beside.eml
says 'No signature covers this calendar part.'
says 'S/MIME, valid; covers no calendar part'
says "$(fingerprint keys/boss.crt)"
expect 1 as alice verify --json beside.eml
says '"verdict":"untrusted"'
says '"other_signatures":[{"part":"1","covers":[],"signatures":[{"part":"1","protocol":"smime","status":"valid"'

# Several mails: each told beside its own parts.
expect 1 as alice show --chain text.eml good.eml missing.eml
says 'no text/calendar part'
[ "$(grep -c '^Signature at' out)" = 2 ] || fail "each signature once"
awk '/covers no calendar part/ { seen = 1 } /^Invitation: Plan/ { exit !seen }' out || fail "the order of the mails"
expect 1 as alice show --json text.eml missing.eml
[ "$(grep -c '"other_signatures"' out)" = 1 ] || fail "an unreadable mail has no signatures"
grep -q '"schema":"imip.verdict/1".*"covers":\[\],"signatures":\[{"part":"TEXT"' out || fail "JSON without a calendar"
expect 0 as alice show --json good.eml
says '"schema":"imip.plan/1"'
says "\"sha256\":\"$(fingerprint keys/ca.pem)\""
says '"faults":[]'

# JSON is ASCII: what a terminal or a reader of lines would act on are escapes.
imip build request --organizer boss@example.com --attendee alice@example.com --start 2031-01-06T10:00:00Z --duration PT1H \
  --summary "$(printf 'Pl\303\244n \302\233 \342\200\250')" --description "$(printf '\342\200\256')" |
  imip sign --identity keys/boss.pem >odd.eml
for command in verify show; do
  expect 0 as alice "$command" --json odd.eml
  if LC_ALL=C grep -q '[^ -~]' out; then fail "$command: JSON that is not ASCII"; fi
  says '"summary":"Pl\u00e4n \u009b \u2028"'
done

# A bare calendar has nothing to show.
expect 0 as alice show --chain plain.eml
says 'No signature covers this calendar part.'

# A certificate of many names: the first are told, and how many more there are; all of them count.
{
  printf 'extendedKeyUsage = emailProtection\nsubjectAltName = email:a0@example.com'
  n=1
  while [ $n -lt 150 ]; do printf ',email:a%s@example.com' $n; n=$((n + 1)); done
  printf ',email:boss@example.com\n'
} >many.ext
openssl req -newkey rsa:2048 -nodes -keyout many.key -out many.csr -subj /CN=many 2>/dev/null
openssl x509 -req -in many.csr -CA keys/ca.pem -CAkey keys/ca.key -set_serial 99 -days 9 -extfile many.ext \
  -out many.crt 2>/dev/null
cat many.key many.crt >many.pem
chmod 600 many.pem
imip sign --identity many.pem <plain.eml >many.eml
expect 0 as alice verify many.eml
says 'a9@example.com and 141 more (S/MIME valid'
expect 0 as alice verify --json many.eml
says '"identities_more":51'
says '"mail_names_more":51'
says '"correlation":"direct"'
expect 0 as alice show --chain many.eml
says 'and 131 more'

# On a terminal each value goes on below itself: none can draw a line of ours. Blanks in a row are one.
fill=$(printf '%57s' '' | tr ' ' x)
openssl req -x509 -newkey rsa:2048 -nodes -keyout paint.key -out paint.crt -days 9 -addext keyUsage=digitalSignature \
  -subj "/O=$fill/CN=  verdict     trusted" -addext subjectAltName=email:boss@example.com 2>/dev/null
cat paint.key paint.crt >paint.pem
chmod 600 paint.pem
imip sign --identity paint.pem <plain.eml >paint.eml
expect 1 as alice verify paint.eml
says 'verdict trusted'
for columns in 40 80; do
  script -qec "stty cols $columns; '$IMIP' show --chain --policy alice/policy.toml --state none paint.eml" /dev/null >out </dev/null || true
  checks=$((checks + 1))
  says 'verdict     '
  tr -d '\r' <out | sed 's/\x1b\[[0-9;]*m//g' >plain.txt
  [ "$(grep -c '^  verdict' plain.txt)" = 1 ] || { cat plain.txt >&2; fail "a false line"; }
  awk -v most=$columns 'length > most { exit 1 }' plain.txt || { cat plain.txt >&2; fail "wider than the terminal"; }
done

echo "chain_test: $checks checks"
