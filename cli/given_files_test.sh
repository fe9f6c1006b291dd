#!/bin/sh
# Files and passphrases named on the command line: what others may write, what cannot be read, what is wrong. A filter
# must not take any of it for "no invitation in it" (exit 3).
set -eu
# shellcheck source=cli/test_lib.sh
. "$(dirname "$0")/test_lib.sh"
umask 022

"$KEYS" keys boss:both alice:both
person alice
imip build request --organizer boss@example.com --attendee alice@example.com --uid m1 --summary Plan \
  --start 2027-03-01T10:00 --duration PT1H --timezone Europe/Berlin >plain.eml
imip sign --identity keys/boss.pem plain.eml >signed.eml
imip sign --identity keys/boss.pem --encrypt-to keys/alice.crt plain.eml >sealed.eml
openssl pkcs12 -export -in keys/alice.crt -inkey keys/alice.key -passout pass:geheim -out alice.p12
openssl pkcs8 -topk8 -in keys/alice.key -passout pass:geheim -out locked.key
echo geheim >pass
echo nein >wrong
echo garbage >garbage
mkdir folder ring
chmod 700 ring
for file in alice.p12 locked.key pass wrong; do chmod 600 $file; done
judge() { command=$1; shift; imip "$command" --anchor keys/ca.pem --me alice@example.com --state none "$@"; }
# apply and the rest, with a calendar
change() { imip apply --policy alice/policy.toml --state alice/state --dry-run "$@"; }
quiet() { silent_on out; one_line; }

# ---- a key that cannot be used is an error, not a mail without an invitation ---------------------
expect 0 judge verify --identity alice.p12 --passphrase-file pass sealed.eml
for command in judge\ verify change; do
  # shellcheck disable=SC2086 # words
  set -- $command
  expect 77 "$@" --identity alice.p12 --passphrase-file wrong sealed.eml
  quiet
  says 'alice.p12: the passphrase is wrong'
  WORD=nein expect 77 "$@" --identity alice.p12 --passphrase-env WORD sealed.eml
  expect 77 setsid "$IMIP" verify --anchor keys/ca.pem --state none --identity alice.p12 sealed.eml
  says 'no terminal to ask on'
  expect 77 "$@" --identity alice.p12 --passphrase-env NOT_THERE sealed.eml
  expect 77 "$@" --identity alice.p12 --passphrase-fd 9 sealed.eml
  expect 66 "$@" --identity alice.p12 --passphrase-file nosuch sealed.eml
  quiet
  says nosuch
  expect 66 "$@" --identity alice.p12 --passphrase-file folder sealed.eml
  expect 77 "$@" --json --identity alice.p12 --passphrase-file wrong sealed.eml
  grep -q '"verdict":"error"' out || fail "JSON: $(cat out)"
  case $command in *verify) says '"code":"encrypted"' ;; esac
done
expect 0 judge verify --brief --identity alice.p12 --passphrase-file wrong sealed.eml
[ "$(cat out)" = "error encrypted" ] || fail "brief: $(cat out)"
expect 1 judge show --identity alice.p12 --passphrase-file wrong sealed.eml
says 'the passphrase is wrong'
{ cat keys/alice.crt locked.key; } >both.pem
chmod 600 both.pem
expect 77 judge verify --identity both.pem --passphrase-file wrong sealed.eml
expect 0 judge verify --identity both.pem --passphrase-file pass sealed.eml
# the policy's key likewise
printf '[[identity]]\naddress = "alice@example.com"\npkcs12 = "../alice.p12"\npassphrase = { file = "../wrong" }\n' >>alice/policy.toml
expect 77 as alice verify sealed.eml
expect 77 as alice apply sealed.eml
expect 77 as alice reply accept --no-store sealed.eml
expect 0 as alice verify signed.eml
# one mail among others
expect 77 as alice verify signed.eml sealed.eml
grep -q 'part 1.1.2: trusted' out || fail "the other mail was not judged"
# nobody's key: that is another matter
expect 3 judge verify sealed.eml

# ---- what is given is looked at before work begins, needed or not --------------------------------
expect 78 judge verify --identity garbage signed.eml
quiet
expect 78 judge verify --identity keys/alice.crt signed.eml
says 'holds no private key'
expect 66 judge verify --identity nosuch signed.eml
expect 66 judge verify --passphrase-file nosuch signed.eml
expect 78 judge verify --gpg-home nosuch signed.eml
says 'no such key ring'
expect 78 judge verify --gpg-home garbage signed.eml
expect 0 judge verify --gpg-home ring signed.eml

# ---- others may write it -------------------------------------------------------------------------
refused() { # FILE COMMAND...
  file=$1
  shift
  chmod 666 "$file"
  expect 78 "$@"
  says 'other users may write it'
  quiet
  chmod 664 "$file"
  expect 78 "$@"
  chmod 600 "$file"
  expect 0 "$@"
}
cp keys/ca.pem ca.pem
: >index
printf '[ca]\ndefault_ca = d\n[d]\ndatabase = index\ndefault_md = sha256\n' >crl.cnf
openssl ca -gencrl -config crl.cnf -keyfile keys/ca.key -cert keys/ca.pem -crldays 9 -out list.crl 2>ssl.log
cp keys/boss.pem boss.pem
cp keys/boss.key boss.key
refused ca.pem imip verify --anchor ca.pem --me alice@example.com --state none signed.eml
refused list.crl judge verify --crl list.crl signed.eml
refused ca.pem judge verify --intermediate ca.pem signed.eml
refused ca.pem imip sign --intermediate ca.pem --identity keys/boss.pem plain.eml --output made.eml
refused boss.pem imip sign --identity boss.pem plain.eml --output made.eml
refused boss.key imip sign --identity keys/boss.crt --key boss.key plain.eml --output made.eml
cp keys/alice.crt alice.crt
refused alice.crt imip sign --identity keys/boss.pem --encrypt-to alice.crt plain.eml --output made.eml
refused alice.p12 judge verify --identity alice.p12 --passphrase-file pass sealed.eml
refused pass judge verify --identity alice.p12 --passphrase-file pass sealed.eml
chmod 777 ring
expect 78 judge verify --gpg-home ring signed.eml
chmod 700 ring
# a folder that others may write holds nothing that decides; a sticky one holds what is ours
mkdir open
cp ca.pem open/ca.pem
chmod 777 open
expect 78 imip verify --anchor open/ca.pem --state none signed.eml
says 'other users may write this folder'
chmod 1777 open
expect 0 imip verify --anchor open/ca.pem --me alice@example.com --state none signed.eml
ln -s ../ca.pem open/link.pem
expect 0 imip verify --anchor open/link.pem --me alice@example.com --state none signed.eml
if [ "$(id -u)" -eq 0 ]; then
  chown 12345 ca.pem
  expect 78 imip verify --anchor ca.pem --state none signed.eml
  says 'belongs to another user'
  chown 0 ca.pem
fi
# what is open already has no name that anybody could change
# shellcheck disable=SC2094 # it is only read
expect 0 imip verify --anchor /dev/stdin --me alice@example.com --state none signed.eml <ca.pem
expect 0 sh -c "cat ca.pem | '$IMIP' verify --anchor /dev/stdin --me alice@example.com --state none signed.eml"
expect 0 imip verify --anchor /dev/fd/8 --me alice@example.com --state none signed.eml 8<ca.pem
chmod 666 ca.pem
expect 78 imip verify --anchor /dev/fd/8 --state none signed.eml 8<ca.pem
says 'other users may write'
chmod 600 ca.pem
mkfifo pipe
chmod 600 pipe
{ cat pass >pipe; } &
expect 0 judge verify --identity alice.p12 --passphrase-file pipe sealed.eml
wait
expect 0 judge verify --identity alice.p12 --passphrase-fd 7 sealed.eml 7<pass

# ---- one standard input, one thing in it ---------------------------------------------------------
for given in --passphrase-fd=0 --passphrase-file=/dev/stdin; do
  expect 64 imip sign --identity alice.p12 "$given" <plain.eml
  quiet
  says 'standard input is the mail'
  expect 64 judge verify --identity alice.p12 "$given" - <sealed.eml
  expect 64 judge show --identity alice.p12 "$given" <sealed.eml
  expect 0 judge verify --identity alice.p12 "$given" sealed.eml <pass
done
expect 64 judge verify - - <signed.eml
says 'only once'
quiet

# ---- keys in tokens ------------------------------------------------------------------------------
for uri in pkcs11: 'pkcs11:?module-path=/nowhere' 'PKCS11:;'; do
  expect 64 imip sign --identity "$uri" plain.eml
  says 'names no token and no object'
  quiet
  expect 64 imip sign --identity keys/boss.crt --key "$uri" plain.eml
  expect 64 judge verify --identity "$uri" signed.eml
done

echo "given_files_test: $checks checks"
