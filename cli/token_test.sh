#!/bin/sh
# imip sign with a key that stays in a token: named on the command line and in the policy, PINs from files, the
# environment, the URI's pin-source and the terminal; what goes wrong says so, and no PIN is repeated.
set -eu
# shellcheck source=cli/test_lib.sh
. "$(dirname "$0")/test_lib.sh"

"$KEYS" keys boss:both alice:both
person alice
module=/usr/lib/softhsm/libsofthsm2.so
mkdir tokens
printf 'directories.tokendir = %s/tokens\nobjectstore.backend = file\nlog.level = ERROR\n' "$WORLD" >softhsm2.conf
export SOFTHSM2_CONF="$WORLD/softhsm2.conf"
softhsm2-util --init-token --free --label office --pin 4711 --so-pin 12345678 >/dev/null
write() { # FILE TYPE FLAGS...
  file=$1 type=$2
  shift 2
  pkcs11-tool --module "$module" --token-label office --login --pin 4711 --label boss --id 01 --write-object "$file" \
    --type "$type" "$@" >token.log 2>&1 || { cat token.log >&2; fail "pkcs11-tool"; }
}
openssl pkey -in keys/boss.key -outform DER -out boss.der
write boss.der privkey --usage-sign --usage-decrypt
openssl x509 -in keys/boss.crt -outform DER -out boss.cer
write boss.cer cert
uri="pkcs11:token=office;object=boss?module-path=$module"
echo 4711 >pin
printf 4711 >pin-source
echo 1234 >wrong

imip build request --organizer boss@example.com --attendee alice@example.com --uid m1 --summary Plan \
  --start 2027-03-01T10:00:00 --duration PT1H --timezone Europe/Berlin >plain.eml
trusted() { # FILE
  openssl cms -verify -in "$1" -CAfile keys/ca.pem -purpose smimesign -out /dev/null 2>ssl.log || fail "openssl refuses $1"
  expect 0 as alice verify "$1"
}

expect 0 imip sign --identity "$uri" --passphrase-file pin plain.eml --output signed.eml
silent_on err
trusted signed.eml
expect 0 imip sign --identity keys/boss.crt --key "$uri" --passphrase-file pin --layout inner plain.eml --output signed.eml
expect 0 as alice verify signed.eml
expect 0 imip sign --identity "$uri&pin-source=file:$WORLD/pin-source" plain.eml --output signed.eml
trusted signed.eml
export PIN=4711
expect 0 imip sign --identity "$uri" --passphrase-env PIN plain.eml
unset PIN
# the certificate in the token is also what the sender reads by
expect 0 imip sign --identity "$uri" --passphrase-file pin --encrypt-to keys/alice.crt plain.eml --output sealed.eml
silent_on err
expect 0 imip verify --anchor keys/ca.pem --me alice@example.com --identity "$uri" --passphrase-file pin sealed.eml

mkdir boss
printf 'version = 1\n[me]\naddresses = ["boss@example.com"]\n[[identity]]\naddress = "boss@example.com"\npkcs11 = "%s"\npassphrase = { file = "../pin" }\n' \
  "$uri" >boss/policy.toml
chmod 600 boss/policy.toml pin
expect 0 imip sign --policy boss/policy.toml plain.eml --output signed.eml
trusted signed.eml
expect 0 imip policy list --policy boss/policy.toml
says 'pkcs11:token=office'

fails() { # CODE TEXT ARGUMENT...
  code=$1 text=$2
  shift 2
  expect "$code" imip sign "$@" plain.eml
  says "$text"
  silent_on out
  one_line
  grep -q 4711 err && fail "the PIN is repeated"
  return 0
}
fails 77 PIN --identity "$uri" --passphrase-file wrong
fails 64 pin-source --identity "$uri&pin-value=4711"
fails 66 nobody --identity "pkcs11:token=office;object=nobody?module-path=$module" --passphrase-file pin
sed 's/^From: .*/From: alice@example.com/' plain.eml >alice.eml
expect 78 imip sign --identity keys/alice.crt --key "$uri" --passphrase-file pin alice.eml
says 'boss: the key does not belong'
one_line
fails 64 '--key' --identity "$uri" --key keys/boss.key
printf 'version = 1\n[[identity]]\naddress = "boss@example.com"\npkcs11 = "%s&pin-value=4711"\n' "$uri" >boss/policy.toml
fails 78 pin-source --policy boss/policy.toml

# what the token itself objects to is told, in one short line
[ "$(wc -c <err)" -lt 300 ] || fail "too long: $(cat err)"
fails 66 nobody --identity "pkcs11:token=office;object=nobody?module-path=$module" --passphrase-file pin
[ "$(wc -c <err)" -lt 300 ] || fail "too long: $(cat err)"
fails 66 'no such token' --identity "pkcs11:token=nowhere;object=boss?module-path=$module" --passphrase-file pin
[ "$(grep -o 'No matching initialized token' err | wc -l)" -eq 1 ] || fail "said twice: $(cat err)"
softhsm2-util --init-token --free --label home --pin 4711 --so-pin 12345678 >/dev/null
fails 78 'more than one token fits' --identity keys/boss.crt --key "pkcs11:object=boss?module-path=$module" --passphrase-file pin
fails 66 'no such certificate' --identity "pkcs11:token=home;object=boss?module-path=$module" --passphrase-file pin
! grep -q 'Enter PKCS' err || fail 'its prompt is told as a reason'
fails 69 /nowhere.so --identity "pkcs11:token=office;object=boss?module-path=/nowhere.so" --passphrase-file pin
"$KEYS" keys bob:both,ec
openssl pkcs8 -topk8 -nocrypt -in keys/bob.key -out bob.p8
softhsm2-util --import bob.p8 --token office --label bob --id 03 --pin 4711 >/dev/null # may sign, and not derive
imip sign --identity keys/alice.pem --as alice@example.com --encrypt-to keys/bob.crt --encrypt-to keys/alice.crt plain.eml >bob.eml
printf 'version = 1\n[me]\naddresses = ["bob@example.com"]\n[smime]\nanchors = ["../keys/ca.pem"]\n[[identity]]\naddress = "bob@example.com"\ncertificate = "../keys/bob.crt"\npkcs11 = "pkcs11:token=office;object=bob?module-path=%s"\npassphrase = { file = "../pin" }\n' \
  "$module" >boss/bob.toml
chmod 600 boss/bob.toml
expect 77 imip verify --policy boss/bob.toml --state none bob.eml
says 'Key function not permitted'
silent_on out
one_line

echo "token_test: $checks checks"
