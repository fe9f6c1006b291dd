#!/bin/sh
# What programs read differently proves nobody, and says so first; what is over a limit is exit 65 and names it; where
# a chain breaks, its anchor is named.
set -eu
# shellcheck source=cli/test_lib.sh
. "$(dirname "$0")/test_lib.sh"

"$KEYS" keys boss:both alice:both
person alice
printf '[[identity]]\naddress = "alice@example.com"\ncertificate = "../keys/alice.pem"\n' >>alice/policy.toml
imip build request --organizer boss@example.com --attendee alice@example.com --uid m1 --summary Plan \
  --start 2027-03-01T10:00 --duration PT1H --timezone Europe/Berlin >plain.eml
imip sign --identity keys/boss.pem plain.eml >signed.eml
verdict() { # REASON FILE: untrusted, and that is the reason that decides
  expect 1 as alice verify --json "$2"
  python3 -c '
import json, sys
part = json.loads(open("out").readline())
assert part["verdict"] == "untrusted" and part["reasons"][0]["code"] == sys.argv[1], part["reasons"]' "$1" ||
    fail "$2: not $1 first"
}

# ---- RFC 2045 comments: where all agree they are harmless ----------------------------------------
boundary=$(sed -n 's/.*boundary="\([^"]*\)".*/\1/p' signed.eml | head -n 1)
commented() { sed "0,/boundary=\"$boundary\"/s//$1/" signed.eml; }
commented "(comment) boundary=\"$boundary\"" >fine.eml
expect 0 as alice verify fine.eml
commented "boundary=\"$boundary\" (comment)" >fine.eml
expect 0 as alice verify fine.eml
commented "boundary=PLAIN (comment)" | sed "s/^--$boundary/--PLAIN/" >plain-comment.eml
verdict ambiguous-header plain-comment.eml

# ---- inside what is signed: a signer of her own words can play, and gains nothing ----------------
entity() { # METHOD-PARAMETERS ENCODING BODY-SED
  printf 'Content-Type: text/calendar; charset=utf-8; %s\n%s\n' "$1" "$2"
  sed -n '/^BEGIN:VCALENDAR/,/^END:VCALENDAR/p' invite.ics | sed "$3"
}
sign() { # reads the entity
  { printf 'From: boss@example.com\nTo: alice@example.com\n'; crlf | openssl cms -sign -signer keys/boss.crt -inkey keys/boss.key -md sha256; } >"$1"
}
imip build request --organizer boss@example.com --attendee alice@example.com --uid m1 --summary Plan --format ics \
  --start 2027-03-01T10:00 --duration PT1H --timezone Europe/Berlin | tr -d '\r' >invite.ics
entity 'method=REQUEST' '' '' | sign good.eml
expect 0 as alice verify good.eml
entity 'method*0=REQ; method*1=UEST' '' '' | sign good.eml
expect 0 as alice verify good.eml
qp='Content-Transfer-Encoding: quoted-printable
'
entity 'method=REQUEST' "$qp" 's/=/=3D/g; s/Plan/Pl=61n/' | sign good.eml
expect 0 as alice verify good.eml
entity 'method*0=REQ; method*2=UEST' '' '' | sign gap.eml
verdict ambiguous-header gap.eml
entity 'method*0=REQ; method*01=UEST' '' '' | sign zero.eml
verdict ambiguous-header zero.eml
entity 'method=REQUEST' 'X-A: b
 
' '' | sign blank.eml
verdict ambiguous-header blank.eml
entity 'method=REQUEST' "$qp" 's/=/=3D/g; s/Plan/Pl=ZZan/' | sign broken.eml
verdict bad-transfer-encoding broken.eml
{ printf 'Content-Type: text/calendar; method=REQUEST\nContent-Transfer-Encoding: base64 (c)\n\n'; base64 invite.ics; } | sign comment.eml
verdict bad-transfer-encoding comment.eml
{ printf 'Content-Type: text/calendar; method=REQUEST\nContent-Transfer-Encoding: x-uuencode\n\n'; base64 invite.ics; } | sign unknown.eml
verdict bad-transfer-encoding unknown.eml

# ---- over a limit: 65, with the limit, its key and its value --------------------------------------
limit() { # KEY=VALUE WORDS FILE
  { cat alice/policy.toml; printf '[limits]\n%s\n' "$1"; } >alice/limits.toml
  chmod 600 alice/limits.toml
  for command in verify apply; do
    expect 65 imip $command --policy alice/limits.toml --state alice/state "$3"
    one_line
    says "$2"
  done
}
imip sign --identity keys/boss.pem --opaque plain.eml >opaque.eml
imip sign --identity keys/boss.pem opaque.eml >twice.eml
imip sign --identity keys/boss.pem --encrypt-to keys/alice.crt plain.eml >sealed.eml
imip sign --identity keys/boss.pem --opaque --encrypt-to keys/alice.crt plain.eml >layers.eml
limit 'message-bytes = 2000' 'limit of 2000' signed.eml
limit 'header-bytes = 100' '100 octets (limit header-bytes)' signed.eml
limit 'header-field-bytes = 80' '80 octets (limit header-field-bytes)' signed.eml
limit 'mime-depth = 2' '2 deep (limit mime-depth)' signed.eml
limit 'mime-parts = 3' '3 MIME parts (limit mime-parts)' signed.eml
limit 'signatures = 1' '1 signed or encrypted parts (limit signatures)' twice.eml
limit 'crypto-layers = 1' '1 signatures and encryptions around one another (limit crypto-layers)' layers.eml
limit 'calendar-bytes = 100' '100 octets (limit calendar-bytes)' signed.eml
limit 'decoded-bytes = 3000' '3000 octets (limit decoded-bytes)' sealed.eml
python3 - <<'END'
import base64, zlib
def element(tag, body):
    n = len(body); length = bytes([n]) if n < 128 else (lambda b: bytes([0x80 | len(b)]) + b)(n.to_bytes((n.bit_length() + 7) // 8, 'big'))
    return bytes([tag]) + length + body
oid = lambda h: element(6, bytes.fromhex(h))
packed = zlib.compress(b'Content-Type: text/plain\r\n\r\n' + b'a' * 40000000, 9)
data = element(0x30, oid('2a864886f70d0109100109') + element(0xa0, element(0x30, element(2, b'\0') +
    element(0x30, oid('2a864886f70d0109100308')) + element(0x30, oid('2a864886f70d010701') + element(0xa0, element(4, packed))))))
open('bomb.eml', 'w').write('From: boss@example.com\nContent-Type: application/pkcs7-mime; smime-type=compressed-data\n'
    'Content-Transfer-Encoding: base64\n\n' + base64.encodebytes(data).decode())
END
for command in verify apply; do
  expect 65 as alice $command bomb.eml
  one_line
  says 'limit decoded-bytes'
  says 33554432
done

# ---- a chain that breaks below its anchor ----------------------------------------------------------
printf 'basicConstraints = critical,CA:FALSE\nkeyUsage = digitalSignature\n' >none.ext
openssl req -newkey rsa:2048 -nodes -keyout none.key -out none.csr -subj '/CN=No CA' 2>/dev/null
openssl x509 -req -in none.csr -CA keys/ca.pem -CAkey keys/ca.key -set_serial 77 -days 9 -extfile none.ext -out none.crt 2>/dev/null
printf 'subjectAltName = email:boss@example.com\n' >leaf.ext
openssl req -newkey rsa:2048 -nodes -keyout leaf.key -out leaf.csr -subj '/CN=leaf' 2>/dev/null
openssl x509 -req -in leaf.csr -CA none.crt -CAkey none.key -set_serial 78 -days 9 -extfile leaf.ext -out leaf.crt 2>/dev/null
{ printf 'From: boss@example.com\nTo: alice@example.com\n'
  entity 'method=REQUEST' '' '' | crlf | openssl cms -sign -signer leaf.crt -inkey leaf.key -certfile none.crt -md sha256; } >broken.eml
expect 1 as alice verify broken.eml
says chain-invalid
expect 0 as alice show --chain broken.eml
tr -s ' \n' ' ' <out | grep -q 'basicConstraints say CA:FALSE' || fail "which extension: $(cat out)"
grep -q 'the last one is trusted by the policy' out || fail "which anchor: $(cat out)"

echo "readings_test: $checks checks"
