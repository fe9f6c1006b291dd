#!/bin/sh
# imip with a key that gpgsm keeps: named on the command line and in the policy; openssl, gpgsm and imip take what we
# sign and encrypt, and what is encrypted to the key opens.
set -eu
# shellcheck source=cli/test_lib.sh
. "$(dirname "$0")/test_lib.sh"

RING=$(mktemp -d /tmp/i.XXXXXX)
quit() {
  gpgconf --homedir "$RING" --kill all
  rm -rf "$WORLD" "$RING"
}
trap quit EXIT
sm() { gpgsm --homedir "$RING" --batch -q --no-tty "$@" 2>gpgsm.log || { cat gpgsm.log >&2; return 1; }; }

"$KEYS" keys boss:both alice:both
person alice
echo disable-crl-checks >"$RING/gpgsm.conf"
echo allow-loopback-pinentry >"$RING/gpg-agent.conf"
sha1() { openssl x509 -in "$1" -noout -fingerprint -sha1 | sed 's/.*=//'; }
echo "$(sha1 keys/ca.pem) S relax" >"$RING/trustlist.txt"
# import_boss RING PASSPHRASE: now and then gpgsm 2.2 cannot read a PKCS #12 file; another salt makes another file
import_boss() {
  for _ in 1 2 3; do
    openssl pkcs12 -export -legacy -in keys/boss.crt -inkey keys/boss.key -passout "pass:$2" -out boss.p12
    if echo "$2" | gpgsm --homedir "$1" --batch -q --no-tty --pinentry-mode loopback --passphrase-fd 0 --yes \
      --import boss.p12 2>gpgsm.log; then return 0; fi
  done
  cat gpgsm.log >&2
  fail "gpgsm takes no key"
}
sm --import keys/ca.pem
import_boss "$RING" ''
fingerprint=$(sha1 keys/boss.crt)

imip build request --organizer boss@example.com --attendee alice@example.com --uid m1 --summary Plan \
  --start 2027-03-01T10:00:00 --duration PT1H --timezone Europe/Berlin >plain.eml
trusted() { # FILE
  crlf <"$1" >crlf.eml
  for form in "$1" crlf.eml; do
    openssl cms -verify -in "$form" -CAfile keys/ca.pem -purpose smimesign -out /dev/null 2>ssl.log ||
      { cat ssl.log >&2; fail "openssl refuses $form"; }
    expect 0 as alice verify "$form"
    says 'boss@example.com (S/MIME valid'
  done
}

for who in boss@example.com "$fingerprint" "$(echo "$fingerprint" | tr -d : | tr A-F a-f)"; do
  expect 0 imip sign --gpg-home "$RING" --identity "gpgsm:$who" plain.eml --output signed.eml
  silent_on err
  trusted signed.eml
done
expect 0 imip sign --gpg-home "$RING" --identity gpgsm:boss@example.com --opaque plain.eml --output opaque.eml
trusted opaque.eml
expect 0 imip sign --gpg-home "$RING" --identity gpgsm:boss@example.com --layout inner plain.eml --output inner.eml
expect 0 as alice verify inner.eml
# gpgsm takes our detached signature, and opens what is encrypted to its key
/usr/bin/python3 -I - signed.eml <<'END'
import email, re, sys
octets = re.sub(rb'\r?\n', b'\r\n', open(sys.argv[1], 'rb').read())
mail = email.message_from_bytes(octets)
mark = b'--' + mail.get_boundary().encode()
open('entity', 'wb').write(octets.split(mark + b'\r\n')[1].removesuffix(b'\r\n'))
open('entity.p7s', 'wb').write(mail.get_payload()[1].get_payload(decode=True))
END
sm --verify entity.p7s entity || fail "gpgsm refuses the signature"
expect 0 imip sign --gpg-home "$RING" --identity gpgsm:boss@example.com --encrypt-to keys/alice.crt plain.eml --output sealed.eml
silent_on err
sed '1,/^$/d' sealed.eml | base64 -d >sealed.der
# its exit code says that it does not know the other reader; what comes out is what counts
gpgsm --homedir "$RING" --batch --decrypt sealed.der >inside.eml 2>gpgsm.log || true
openssl cms -verify -in inside.eml -CAfile keys/ca.pem -purpose smimesign -out /dev/null 2>/dev/null || fail "what is inside"

mkdir -p boss
printf 'version = 1\n[me]\naddresses = ["boss@example.com"]\n[openpgp]\nhome = "%s"\n[[identity]]\naddress = "boss@example.com"\ngpgsm = "%s"\n' \
  "$RING" "$fingerprint" >boss/policy.toml
chmod 600 boss/policy.toml
expect 0 imip sign --policy boss/policy.toml plain.eml --output signed.eml
trusted signed.eml

# ---- what is encrypted to its key, by openssl and by us -------------------------------------------
# sealed NAME OPTION...: the signed mail, encrypted by openssl to the boss
imip sign --identity keys/alice.pem plain.eml --output inside.eml 2>/dev/null
sealed() {
  name=$1
  shift
  openssl cms -encrypt -binary -in inside.eml -outform DER -out "$name.der" "$@"
  { printf 'From: alice@example.com\nTo: boss@example.com\nMIME-Version: 1.0\nContent-Type: application/pkcs7-mime\nContent-Transfer-Encoding: base64\n\n'
    base64 "$name.der"; } >"$name.eml"
}
sealed cbc -aes256 keys/boss.crt
sealed cbc3 -des3 keys/alice.crt keys/boss.crt
sealed gcm -aes-256-gcm keys/boss.crt
sealed oaep -aes128 -recip keys/boss.crt -keyopt rsa_padding_mode:oaep
sealed oaep256 -aes128 -recip keys/boss.crt -keyopt rsa_padding_mode:oaep -keyopt rsa_oaep_md:sha256
sealed keyid -aes256 -keyid keys/boss.crt
sealed other -aes256 keys/alice.crt
boss() { imip verify --state none --policy boss/policy.toml --anchor keys/ca.pem --json "$@"; }
for name in cbc cbc3 gcm oaep oaep256 keyid; do
  expect 2 boss "$name.eml"  # alice only passes on what the boss has not signed, but it is open
  says '"encrypted":true'
  says 'alice@example.com'
done
expect 2 boss --identity gpgsm:boss@example.com cbc.eml
says '"encrypted":true'
expect 3 boss other.eml
says 'none of which is that of a key that imip knows'
# changed on its way: the tag is OpenSSL's to check, and the agent's part does not change that
cp gcm.der bent.der
octet=$(tail -c 3 gcm.der | od -An -tu1 -N1)
# shellcheck disable=SC2059 # an octet other than the one that is there
printf "\\$(printf %03o $(((octet + 1) % 256)))" | dd of=bent.der bs=1 seek=$(($(stat -c %s bent.der) - 3)) conv=notrunc 2>/dev/null
{ sed '/^$/q' gcm.eml; base64 bent.der; } >bent.eml
expect 3 boss bent.eml
says 'it does not decrypt with the key of'
# no agent runs: it is started; a passphrase that it does not know is asked of us, once, and never by a pinentry
gpgconf --homedir "$RING" --kill all
expect 2 boss cbc.eml
says '"encrypted":true'
RING2=$RING/2
mkdir -m 700 "$RING2"
cp "$RING/gpgsm.conf" "$RING/gpg-agent.conf" "$RING/trustlist.txt" "$RING2"
gpgsm --homedir "$RING2" --batch -q --no-tty --import keys/ca.pem 2>/dev/null
import_boss "$RING2" secret
gpgconf --homedir "$RING2" --kill all
locked() { imip verify --state none --policy alice/policy.toml --gpg-home "$RING2" --identity gpgsm:boss@example.com --json "$@"; }
expect 77 locked gcm.eml </dev/null
says 'needs a passphrase'
echo wrong >wrong
echo secret >right
chmod 600 wrong right
expect 77 locked --passphrase-file wrong gcm.eml
says 'the passphrase is wrong'
expect 2 locked --passphrase-file right gcm.eml
says '"encrypted":true'
gpgconf --homedir "$RING2" --kill all

sign_fails 78 'alice@example.com' --gpg-home "$RING" --identity gpgsm:alice@example.com
sign_fails 78 'there is no such key ring' --gpg-home "$WORLD/none" --identity gpgsm:boss@example.com
sign_fails 64 'no whole fingerprint' --gpg-home "$RING" --identity gpgsm:DEADBEEF

echo "gpgsm_test: $checks checks"
