#!/bin/sh
# imip sign: both layouts, encryption to everybody who gets the mail; each form verified and decrypted by openssl,
# by imip itself and, where it can, by gpgsm; whatever we sign passes mail servers unchanged.
set -eu
# shellcheck source=cli/test_lib.sh
. "$(dirname "$0")/test_lib.sh"

"$KEYS" keys boss:both alice:both bob:both,ec old:both,expired weak:both,weak team:both noaddress:both,dn \
  signonly:as=boss@example.com
person alice
printf '[[identity]]\naddress = "alice@example.com"\ncertificate = "../keys/alice.pem"\n' >>alice/policy.toml

build() {
  imip build request --organizer boss@example.com --attendee alice@example.com --attendee bob@example.com \
    --uid m1 --summary 'Pl채n' --description 'From here on  ' --start 2027-03-01T10:00:00 --duration PT1H \
    --timezone Europe/Berlin "$@"
}
build >plain.eml

# passes FILE: no server has a reason to change anything (RFC 2045 section 2.7, RFC 8551 section 3.1.3).
passes() {
  LC_ALL=C awk '/[^\t -~]/ || /[ \t]$/ || /^From / || length($0) > 78 { print; bad = 1 } END { exit bad }' "$1" ||
    fail "a mail server may change $1"
}
types() {
  /usr/bin/python3 -I -c 'if True:
    import email, email.policy, sys
    mail = email.message_from_binary_file(open(sys.argv[1], "rb"), policy=email.policy.default)
    defects = [d for part in mail.walk() for d in part.defects]
    assert not defects, defects
    print(*[part.get_content_type() for part in mail.walk()])' "$1"
}
is() { # FILE TYPES
  [ "$(types "$1")" = "$2" ] || fail "$1 is $(types "$1")"
}
# verified FILE: openssl takes it, in LF and CRLF.
verified() {
  crlf <"$1" >both.eml
  for form in "$1" both.eml; do
    openssl cms -verify -in "$form" -CAfile keys/ca.pem -purpose smimesign -out /dev/null 2>ssl.log ||
      { cat ssl.log >&2; fail "openssl refuses $form"; }
    checks=$((checks + 1))
  done
}
# opened FILE NAME: openssl decrypts it with that key, and takes the signature inside.
opened() {
  crlf <"$1" >crlf.eml
  for sealed in "$1" crlf.eml; do
    openssl cms -decrypt -in "$sealed" -recip "keys/$2.crt" -inkey "keys/$2.key" -out inside.eml 2>ssl.log ||
      { cat ssl.log >&2; fail "$2 cannot read $sealed"; }
    verified inside.eml
  done
}

body='multipart/mixed multipart/alternative text/plain text/calendar application/ics'

# ---- both layouts, detached and opaque -------------------------------------------------------
for key in boss bob; do
  build --from "$key@example.com" >from.eml
  expect 0 imip sign --identity "keys/$key.pem" from.eml --output outer.eml
  silent_on err
  passes outer.eml
  verified outer.eml
  is outer.eml "multipart/signed $body application/pkcs7-signature"

  expect 0 imip sign --identity "keys/$key.pem" --layout inner from.eml --output inner.eml
  passes inner.eml
  is inner.eml 'multipart/mixed multipart/alternative text/plain multipart/signed text/calendar application/pkcs7-signature application/ics'
  # the signed part alone is what openssl takes
  sed -n '/^Content-Type: multipart\/signed/,/_=--$/p' inner.eml >part.eml
  verified part.eml

  expect 0 imip sign --identity "keys/$key.pem" --opaque from.eml --output opaque.eml
  passes opaque.eml
  verified opaque.eml
done
imip sign --identity keys/boss.pem plain.eml >outer.eml
imip sign --identity keys/boss.pem --layout inner plain.eml >inner.eml
imip sign --identity keys/boss.pem --opaque plain.eml >opaque.eml
for mail in outer inner opaque; do
  expect 0 as alice verify $mail.eml
  says 'boss@example.com (S/MIME valid'
  crlf <$mail.eml >both.eml
  expect 0 as alice verify both.eml
done
# inner: the rest of the mail is as it was, and anybody may change it
diff plain.eml inner.eml | grep '^<' && fail "--layout inner changed something outside"
sed 's/^Subject: .*/Subject: Other/; s/^Content-Type: text\/plain; charset=UTF-8/&; x=y/' inner.eml >other.eml
expect 0 as alice verify other.eml
sed 's/^Content-Type: text\/calendar; /&x=y; /' inner.eml >other.eml
expect 1 as alice verify other.eml
says signature-invalid

# other people's mail: 8-bit, "From " lines, blanks, in each layout
printf 'From: boss@example.com\nTo: alice@example.com\nSubject: x\nMIME-Version: 1.0\nContent-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: 8bit\n\nFrom gr\303\274n  \n--b\nContent-Type: text/calendar; method=REQUEST; charset=UTF-8\nContent-Transfer-Encoding: 8bit\n\n' >eight.eml
build --format ics --sequence 1 >>eight.eml
printf '\n--b--\n' >>eight.eml
for form in --layout=outer --layout=inner --opaque; do
  sed 's/\r$//' eight.eml | imip sign --identity keys/boss.pem $form >signed.eml
  expect 0 as alice verify signed.eml
  if [ $form = --layout=inner ]; then
    sed -n '/^Content-Type: multipart\/signed/,/_=--$/p' signed.eml >part.eml
    passes part.eml
    # a server that makes the text quoted-printable, and cuts blanks, does no harm
    sed 's/^From gr.*/From gr=C3=BCn/; s/^Content-Transfer-Encoding: 8bit/Content-Transfer-Encoding: quoted-printable/' signed.eml >other.eml
    expect 0 as alice verify other.eml
  else
    passes signed.eml
  fi
done

# ---- encrypted -------------------------------------------------------------------------------
for cipher in aes256-cbc aes256-gcm; do
  expect 0 imip sign --identity keys/boss.pem --cipher $cipher --encrypt-to keys/alice.crt \
    --encrypt-to keys/bob.crt plain.eml --output sealed.eml
  silent_on err
  passes sealed.eml
  is sealed.eml application/pkcs7-mime
  grep -q '^Subject: ' sealed.eml || fail "Subject stays outside"
  for reader in alice bob boss; do
    if [ $cipher = aes256-cbc ]; then opened sealed.eml $reader; fi
    expect 0 imip verify --anchor keys/ca.pem --identity keys/$reader.pem --me alice@example.com sealed.eml
    says 'boss@example.com (S/MIME valid'
  done
  expect 0 as alice verify sealed.eml
  crlf <sealed.eml >both.eml
  expect 0 as alice verify both.eml
  expect 3 imip verify --anchor keys/ca.pem --identity keys/team.pem --me alice@example.com sealed.eml
done
grep -q 'smime-type=authEnveloped-data' sealed.eml || fail "smime-type of GCM"
for reader in alice bob boss; do # openssl's smime reader knows only enveloped-data by its type
  sed '1,/^$/d' sealed.eml | base64 -d >sealed.der
  openssl cms -decrypt -inform DER -in sealed.der -recip keys/$reader.crt -inkey keys/$reader.key -out inside.eml
  verified inside.eml
done
expect 0 imip sign --identity keys/boss.pem --opaque --encrypt-to keys/alice.crt --encrypt-to keys/bob.crt plain.eml --output sealed.eml
opened sealed.eml alice
expect 0 as alice verify sealed.eml
# another certificate of the sender's is enough
build --from boss@example.com >from.eml
expect 0 imip sign --identity keys/signonly.pem --encrypt-to keys/alice.crt --encrypt-to keys/bob.crt from.eml --output sealed.eml
says 'you will not be able to read this mail'
opened sealed.eml alice
expect 0 imip sign --identity keys/signonly.pem --encrypt-to keys/alice.crt --encrypt-to keys/bob.crt \
  --encrypt-to keys/boss.crt from.eml --output sealed.eml
silent_on err
opened sealed.eml boss

# ---- nobody is forgotten, nobody is revealed ---------------------------------------------------
expect 1 imip sign --identity keys/boss.pem --encrypt-to keys/alice.crt plain.eml
says 'no --encrypt-to is for bob@example.com'
silent_on out
one_line
sed 's/^To: .*/To: alice@example.com\nCc: "B" <BOB@example.com>, boss@example.com/' plain.eml >cc.eml
expect 1 imip sign --identity keys/boss.pem --encrypt-to keys/alice.crt cc.eml
says 'BOB@example.com'
expect 0 imip sign --identity keys/boss.pem --encrypt-to keys/alice.crt --encrypt-to keys/bob.crt cc.eml
sed 's/^To: .*/To: alice@example.com\nBcc: bob@example.com/' plain.eml >bcc.eml
expect 0 imip sign --identity keys/boss.pem --encrypt-to keys/alice.crt bcc.eml --output sealed.eml
openssl cms -decrypt -in sealed.eml -recip keys/bob.crt -inkey keys/bob.key -out /dev/null 2>/dev/null && fail "Bcc can read it"
expect 1 imip sign --identity keys/boss.pem --encrypt-to keys/alice.crt --encrypt-to keys/bob.crt bcc.eml
says 'would tell everybody'
silent_on out
expect 1 imip sign --identity keys/boss.pem --encrypt-to keys/noaddress.crt --encrypt-to keys/alice.crt plain.eml
says 'bob@example.com'
expect 0 imip sign --identity keys/boss.pem --encrypt-to keys/alice.crt --encrypt-to keys/bob.crt --encrypt-to keys/team.crt plain.eml
says 'team.crt is for nobody in To and Cc'
sed '/^To: /d' plain.eml >nobody.eml
expect 1 imip sign --identity keys/boss.pem --encrypt-to keys/alice.crt nobody.eml
says 'names nobody in To or Cc'
sed 's/^To: .*/To: undisclosed-recipients:;/' plain.eml >nobody.eml
expect 1 imip sign --identity keys/boss.pem --encrypt-to keys/alice.crt nobody.eml
says 'undisclosed-recipients'
# who gets it again must be able to read it, too
sed 's/^To: .*/To: alice@example.com\nResent-To: bob@example.com/' plain.eml >again.eml
expect 1 imip sign --identity keys/boss.pem --encrypt-to keys/alice.crt again.eml
says 'no --encrypt-to is for bob@example.com'
sed 's/^To: .*/To: alice@example.com\nResent-Cc: bob@example.com/' plain.eml >again.eml
expect 1 imip sign --identity keys/boss.pem --encrypt-to keys/alice.crt again.eml
expect 0 imip sign --identity keys/boss.pem --encrypt-to keys/alice.crt --encrypt-to keys/bob.crt again.eml
sed 's/^To: .*/To: alice@example.com\nResent-Bcc: bob@example.com/' plain.eml >again.eml
expect 1 imip sign --identity keys/boss.pem --encrypt-to keys/alice.crt --encrypt-to keys/bob.crt again.eml
says 'would tell everybody'

# ---- what cannot be ----------------------------------------------------------------------------
refused() { # CODE TEXT ARGUMENT...
  wanted=$1 text=$2
  shift 2
  expect "$wanted" imip sign --identity keys/boss.pem "$@" plain.eml
  says "$text"
  silent_on out
  one_line
}
refused 64 'layout inner' --layout inner --encrypt-to keys/alice.crt
refused 64 'layout inner' --layout inner --opaque
refused 64 'is not one of the choices' --layout middle
refused 64 'is not one of the choices' --cipher rot13
refused 64 'nothing is encrypted' --cipher aes256-gcm
refused 66 'keys/nobody.crt' --encrypt-to keys/nobody.crt
refused 66 'name a certificate file' --encrypt-to alice@example.com
refused 64 'signed by S/MIME' --encrypt-to openpgp:alice@example.com
refused 78 'holds no certificate' --encrypt-to keys/alice.key
sed 's/^To: .*/To: old@example.com, weak@example.com/' plain.eml >bad.eml
expect 78 imip sign --identity keys/boss.pem --encrypt-to keys/old.crt --encrypt-to keys/weak.crt bad.eml
says 'expired'
sed 's/^To: .*/To: weak@example.com/' plain.eml >bad.eml
expect 78 imip sign --identity keys/boss.pem --encrypt-to keys/weak.crt bad.eml
says '1024 bits'
expect 78 imip sign --identity keys/weak.pem plain.eml
says '1024 bits'
# what a list of the policy's revokes; the authority itself need not be at hand
crl() { # NAME...
  : >index
  for name in "$@"; do
    printf 'R\t300101000000Z\t260101000000Z\t%s\tunknown\t/CN=%s\n' \
      "$(openssl x509 -in "keys/$name.crt" -noout -serial | cut -d= -f2)" "$name" >>index
  done
  openssl ca -gencrl -config crl.cnf -keyfile keys/ca.key -cert keys/ca.pem -crldays 9 -out list.crl 2>ssl.log
}
printf '[ca]\ndefault_ca = d\n[d]\ndatabase = index\ndefault_md = sha256\n' >crl.cnf
printf 'version = 1\n[me]\naddresses = ["boss@example.com"]\n[smime]\ncrls = ["list.crl"]\n' >crl.toml
crl bob
expect 78 imip sign --policy crl.toml --identity keys/boss.pem --encrypt-to keys/alice.crt --encrypt-to keys/bob.crt plain.eml
says 'keys/bob.crt: the certificate was revoked'
says 'list.crl lists it'
silent_on out
one_line
expect 0 imip sign --policy crl.toml --identity keys/boss.pem plain.eml
crl boss
expect 78 imip sign --policy crl.toml --identity keys/boss.pem plain.eml
says 'CN=boss: the certificate was revoked'
silent_on out
sed -i 's/^crls/revocation = "off"\n&/' crl.toml
expect 0 imip sign --policy crl.toml --identity keys/boss.pem plain.eml
expect 1 imip sign --identity keys/boss.pem --layout inner outer.eml
says 'is signed already'
printf 'From: boss@example.com\n\nhello\n' >text.eml
expect 1 imip sign --identity keys/boss.pem --layout inner text.eml
says 'no text/calendar part'
for pin in 'pkcs11:token=x;pin-value=4711' 'pkcs11:token=x?pin-value=4711' 'PKCS11:x?PIN-VALUE=4711'; do
  expect 64 imip sign --identity "$pin" plain.eml
  says pin-source
  expect 64 imip sign --identity keys/boss.crt --key "$pin" plain.eml
  says pin-source
  cat out err | grep -q 4711 && fail "the PIN is repeated"
done
: >empty.eml
expect 65 imip sign --identity keys/boss.pem --encrypt-to keys/alice.crt empty.eml

# ---- an answer to an encrypted invitation --------------------------------------------------------
imip sign --identity keys/boss.pem --encrypt-to keys/alice.crt --encrypt-to keys/bob.crt plain.eml >sealed.eml
expect 0 as alice reply accept --no-store sealed.eml
says 'the invitation was encrypted, and this answer is not'
grep -q '^Subject: Accepted$' out || fail "the answer's Subject tells what the invitation is about"
expect 64 as alice reply accept --no-store --encrypt-to keys/boss.crt sealed.eml
expect 0 as alice reply accept --no-store --sign --encrypt-to keys/boss.crt sealed.eml --output reply.eml
silent_on err
passes reply.eml
opened reply.eml boss
expect 0 as alice reply accept --no-store --sign --layout inner outer.eml --output reply.eml
passes reply.eml
is reply.eml 'multipart/mixed multipart/alternative text/plain multipart/signed text/calendar application/pkcs7-signature application/ics'

echo "encrypt_test: $checks checks"
