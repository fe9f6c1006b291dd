#!/bin/sh
# imip sign with a key that gpgsm keeps: named on the command line and in the policy; openssl, gpgsm and imip take what
# we make, encrypted too.
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
openssl pkcs12 -export -legacy -in keys/boss.crt -inkey keys/boss.key -passout pass: -out boss.p12
sm --import keys/ca.pem
echo | sm --pinentry-mode loopback --passphrase-fd 0 --yes --import boss.p12
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

mkdir boss
printf 'version = 1\n[me]\naddresses = ["boss@example.com"]\n[openpgp]\nhome = "%s"\n[[identity]]\naddress = "boss@example.com"\ngpgsm = "%s"\n' \
  "$RING" "$fingerprint" >boss/policy.toml
chmod 600 boss/policy.toml
expect 0 imip sign --policy boss/policy.toml plain.eml --output signed.eml
trusted signed.eml

sign_fails 78 'alice@example.com' --gpg-home "$RING" --identity gpgsm:alice@example.com
sign_fails 78 'there is no such key ring' --gpg-home "$WORLD/none" --identity gpgsm:boss@example.com
sign_fails 64 'no whole fingerprint' --gpg-home "$RING" --identity gpgsm:DEADBEEF

echo "gpgsm_test: $checks checks"
