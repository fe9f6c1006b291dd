#!/bin/sh
# imip sign by OpenPGP: both layouts, encryption, identities on the command line and in the policy; gpg verifies and
# decrypts what we make (RFC 3156), and so do we; what goes wrong says so.
set -eu
# shellcheck source=cli/test_lib.sh
. "$(dirname "$0")/test_lib.sh"

BOSS=$(mktemp -d /tmp/i.XXXXXX) ALICE=$(mktemp -d /tmp/i.XXXXXX)
quit() {
  for home in "$BOSS" "$ALICE"; do gpgconf --homedir "$home" --kill all; done
  rm -rf "$WORLD" "$BOSS" "$ALICE"
}
trap quit EXIT
pgp() { # HOME ARGUMENT...
  home=$1
  shift
  gpg --homedir "$home" --batch -q --no-tty "$@" 2>gpg.log
}
key() { # HOME NAME [PASSPHRASE [EXPIRE]]
  pgp "$1" --pinentry-mode loopback --passphrase "${3:-}" --quick-gen-key "$2 <$2@example.com>" ed25519 sign "${4:-never}"
  pgp "$1" --pinentry-mode loopback --passphrase "${3:-}" --quick-add-key "$(fingerprint "$1" "$2")" cv25519 encr never ||
    [ -n "${4:-}" ]
}
fingerprint() { gpg --homedir "$1" --batch --with-colons --list-keys "$2@example.com" 2>/dev/null | awk -F: '/^fpr/ { print $10; exit }'; }
introduce() { # FROM TO NAME: the key is known there, and vouched for
  pgp "$1" --export "$3@example.com" | pgp "$2" --import
  pgp "$2" --quick-lsign-key "$(fingerprint "$2" "$3")" >/dev/null
}
key "$BOSS" boss
key "$BOSS" locked secret
key "$ALICE" alice
key "$ALICE" bob
introduce "$BOSS" "$ALICE" boss
introduce "$BOSS" "$ALICE" locked
introduce "$ALICE" "$BOSS" alice
introduce "$ALICE" "$BOSS" bob
boss=$(fingerprint "$BOSS" boss) alice=$(fingerprint "$BOSS" alice)

person alice
sed -i '/^\[smime\]/,$d' alice/policy.toml
printf '[openpgp]\nhome = "%s"\n' "$ALICE" >>alice/policy.toml
imip build request --organizer boss@example.com --attendee alice@example.com --attendee bob@example.com --uid m1 \
  --summary Plan --start 2027-03-01T10:00:00 --duration PT1H --timezone Europe/Berlin >plain.eml
# shellcheck disable=SC2120
sign() { imip sign --gpg-home "$BOSS" --identity "openpgp:$boss" "$@"; }

passes() {
  LC_ALL=C awk '/[^\t -~]/ || /[ \t]$/ || /^From / || length($0) > 78 { print; bad = 1 } END { exit bad }' "$1" ||
    fail "a mail server may change $1"
}
# parts FILE: the signed entity, and the signature, as any program would cut them out (CRLF, RFC 3156 section 5).
parts() {
  /usr/bin/python3 -I - "$1" <<'END'
import email, email.policy, re, sys
octets = re.sub(rb'\r?\n', b'\r\n', open(sys.argv[1], 'rb').read())
mail = email.message_from_bytes(octets, policy=email.policy.default)
assert not any(part.defects for part in mail.walk())
outer, = [p for p in mail.walk() if p.get_content_type() == 'multipart/signed']
assert outer.get_param('protocol') == 'application/pgp-signature' and outer.get_param('micalg').startswith('pgp-sha')
first, second = outer.iter_parts()
assert second.get_content_type() == 'application/pgp-signature'
mark = b'--' + outer.get_boundary().encode()
open('entity', 'wb').write(octets.split(mark + b'\r\n')[1].removesuffix(b'\r\n'))
open('entity.asc', 'wb').write(second.get_payload(decode=True))
END
}
# good FILE: gpg and imip take the signature, in LF and CRLF.
good() {
  crlf <"$1" >crlf.eml
  for form in "$1" crlf.eml; do
    parts "$form"
    pgp "$ALICE" --verify entity.asc entity || { cat gpg.log >&2; fail "gpg refuses $form"; }
    expect 0 as alice verify "$form"
    says 'boss@example.com (OpenPGP valid'
  done
}
# opened FILE HOME: gpg decrypts it, and what is inside is signed.
opened() {
  sed -n '/-----BEGIN PGP MESSAGE-----/,/-----END PGP MESSAGE-----/p' "$1" | pgp "$2" --decrypt >inside ||
    { cat gpg.log >&2; fail "gpg cannot decrypt $1"; }
  sed 's/\r$//' inside >inside.eml
  parts inside.eml
  pgp "$ALICE" --verify entity.asc entity || fail "gpg refuses what is inside $1"
}

expect 0 sign plain.eml --output signed.eml
silent_on err
passes signed.eml
good signed.eml
expect 0 sign --layout inner plain.eml --output inner.eml
passes inner.eml
good inner.eml
expect 0 imip sign --gpg-home "$BOSS" --identity openpgp:boss@example.com plain.eml --output signed.eml
good signed.eml
GNUPGHOME="$BOSS" expect 0 imip sign --identity openpgp:boss@example.com plain.eml
printf 'From: boss@example.com\nSubject: x\n\nFrom here\nblanks  \nend\n' >foreign.eml
expect 0 sign foreign.eml --output text.eml
passes text.eml
parts text.eml
pgp "$ALICE" --verify entity.asc entity || fail "gpg refuses a text that was made safe"

# a change is seen
sed 's/^Content-Type: text\/plain; charset=UTF-8/&; x=y/' signed.eml >changed.eml
expect 1 as alice verify changed.eml
says signature-invalid
# and the chain tells the key
expect 0 as alice show --chain signed.eml
says "$boss"
says 'Signature at part TEXT: OpenPGP, valid; covers calendar part 1.1.2'
says 'boss <boss@example.com> (validity full)'
expect 0 as alice show --json signed.eml
says "\"signer\":{\"fingerprint\":\"$boss\""
expect 0 imip show --chain --gpg-home "$BOSS" --me alice@example.com signed.eml

# ---- from the policy -------------------------------------------------------------------------
mkdir boss
printf 'version = 1\n[me]\naddresses = ["boss@example.com"]\n[openpgp]\nhome = "%s"\n[[identity]]\naddress = "boss@example.com"\nopenpgp = "%s"\n' \
  "$BOSS" "$boss" >boss/policy.toml
chmod 600 boss/policy.toml
expect 0 imip sign --policy boss/policy.toml plain.eml --output signed.eml
good signed.eml
expect 0 imip policy list --policy boss/policy.toml
says "openpgp:$boss"
printf '[[identity]]\naddress = "carol@example.com"\nopenpgp = "%s"\n' "$boss" >>boss/policy.toml
sed 's/^From: .*/From: carol@example.com/' plain.eml >carol.eml
expect 1 imip sign --policy boss/policy.toml carol.eml
says 'has a key for boss@example.com'

# ---- passphrases -----------------------------------------------------------------------------
forget() { gpgconf --homedir "$BOSS" --kill gpg-agent; }
sed 's/^From: .*/From: locked@example.com/' plain.eml >locked.eml
echo secret >pass
echo wrong >wrong
locked() { expect "$1" imip sign --gpg-home "$BOSS" --identity openpgp:locked@example.com locked.eml --passphrase-file "$2"; }
forget
locked 77 wrong
says 'the passphrase for the OpenPGP key of locked@example.com is wrong'
one_line
silent_on out
forget
locked 0 pass
forget
code=0
setsid -w "$IMIP" sign --gpg-home "$BOSS" --identity openpgp:locked@example.com locked.eml <pass >out 2>err || code=$?
[ "$code" = 77 ] || fail "a passphrase from standard input: $code"
silent_on out
one_line

# a variable that holds one is in the environment of no program that is started: gpg-agent would keep it
mkdir watched
for program in gpg gpgconf; do
  printf '#!/bin/sh\nenv >>%s/inherited\nexec %s "$@"\n' "$WORLD" "$(command -v $program)" >watched/$program
  chmod +x watched/$program
done
watched() { env PATH="$WORLD/watched:$PATH" LOCKED=secret "$IMIP" "$@"; }
not_inherited() {
  grep -q '^PATH=' inherited || fail "nothing was started"
  ! grep secret inherited || fail "a passphrase was inherited"
  rm inherited
}
forget
expect 0 watched sign --gpg-home "$BOSS" --identity openpgp:locked@example.com locked.eml --passphrase-env LOCKED
not_inherited
forget
printf 'version = 1\n[me]\naddresses = ["locked@example.com"]\n[openpgp]\nhome = "%s"\n[[identity]]\naddress = "locked@example.com"\nopenpgp = "%s"\npassphrase = { env = "LOCKED" }\n' \
  "$BOSS" "$(fingerprint "$BOSS" locked)" >locked.toml
chmod 600 locked.toml
expect 0 watched sign --policy locked.toml locked.eml --output unlocked.eml
not_inherited
watched verify --policy locked.toml --state none unlocked.eml >out 2>err || true
not_inherited

# it is no word for what was encrypted with a password
{
  printf 'From: boss@example.com\nContent-Type: multipart/encrypted; protocol="application/pgp-encrypted"; boundary=b\n\n--b\n'
  printf 'Content-Type: application/pgp-encrypted\n\nVersion: 1\n\n--b\nContent-Type: application/octet-stream\n\n'
  printf 'Content-Type: text/plain\n\nsecret' | pgp "$BOSS" --pinentry-mode loopback --passphrase secret --symmetric --armor
  printf '\n--b--\n'
} >password.eml
expect 3 env LOCKED=secret "$IMIP" verify --policy locked.toml --state none password.eml
says 'encrypted with a password alone'

# what is encrypted to a key with a passphrase opens with that of its [[identity]]
sed 's/^To: .*/To: locked@example.com/' locked.eml >to-locked.eml
imip sign --gpg-home "$BOSS" --identity openpgp:locked@example.com --passphrase-file pass \
  --encrypt-to locked@example.com to-locked.eml >to-locked.sealed
unlocks() { got=0; env LOCKED="$2" "$IMIP" verify --policy locked.toml --state none --json to-locked.sealed >out 2>err || got=$?; [ $got = "$1" ] || { cat out err >&2; fail "exit $got, not $1"; }; }
forget
unlocks 77 wrong
says 'the passphrase is wrong'
forget
unlocks 1 secret
says '"encrypted":true'
says '"status":"valid"'

# ---- encrypted -------------------------------------------------------------------------------
expect 0 sign --encrypt-to "$alice" --encrypt-to openpgp:bob@example.com plain.eml --output sealed.eml
silent_on err
passes sealed.eml
grep -q 'Version: 1' sealed.eml || fail "RFC 3156 section 4"
opened sealed.eml "$ALICE"
opened sealed.eml "$BOSS"
expect 0 as alice verify sealed.eml
says 'boss@example.com (OpenPGP valid'
crlf <sealed.eml >crlf.eml
expect 0 as alice verify crlf.eml
expect 0 imip verify --gpg-home "$BOSS" --me alice@example.com sealed.eml
expect 1 sign --encrypt-to "$alice" plain.eml
says 'bob@example.com'
silent_on out
sed 's/^To: .*/To: alice@example.com\nBcc: bob@example.com/' plain.eml >bcc.eml
expect 1 sign --encrypt-to "$alice" --encrypt-to bob@example.com bcc.eml
says 'would tell everybody'
expect 0 sign --encrypt-to "$alice" bcc.eml --output sealed.eml
sed -n '/-----BEGIN PGP MESSAGE-----/,/-----END/p' sealed.eml | gpg --homedir "$ALICE" --batch --list-only --list-packets 2>/dev/null |
  grep -c 'pubkey enc packet' | grep -qx 2 || fail "Bcc is revealed: not just alice and boss"

# a key that stays locked is an error, not a mail without an invitation
sed 's/^To: .*/To: locked@example.com/; s/^From: .*/From: locked@example.com/' plain.eml >self.eml
expect 0 imip sign --gpg-home "$BOSS" --identity openpgp:locked@example.com --passphrase-file pass \
  --encrypt-to openpgp:locked@example.com self.eml --output self-sealed.eml
forget
for command in verify apply; do
  mkdir -p calendar
  code=0
  [ $command = verify ] && set -- --state none || set -- --store calendar --state state-self --dry-run
  setsid -w "$IMIP" $command --gpg-home "$BOSS" --me alice@example.com "$@" self-sealed.eml </dev/null >out 2>err || code=$?
  [ "$code" = 77 ] || { cat out err >&2; fail "$command with a locked key: $code"; }
  says 'gpg cannot use the key'
  silent_on out
  one_line
done
expect 3 as alice verify self-sealed.eml
says 'no secret key of these'

# ---- a gpg in the folder we are in is not run, whatever the PATH says -----------------------------
mkdir here
printf '#!/bin/sh\ntouch %s/ran\nexit 1\n' "$WORLD" >here/gpg
chmod +x here/gpg
(cd here && PATH=":.:$PATH" "$IMIP" verify --gpg-home "$BOSS" --me alice@example.com ../signed.eml >../out 2>&1) || true
says 'signed by   boss@example.com (OpenPGP valid'
[ ! -e ran ] || fail "it ran the gpg of the folder it was in"

# ---- a run that is killed leaves gpg's folder behind, and the next one removes it ----------------
expect 0 sign plain.eml --output killed.eml
mkdir -m 700 temp
looks() { TMPDIR=$WORLD/temp as alice verify killed.eml; }
expect 0 looks
[ -z "$(ls temp)" ] || fail "something is left in TMPDIR: $(ls temp)"
got=0
TMPDIR=$WORLD/temp strace -o /dev/null -e trace=/^unlink -e inject=/^unlink:signal=SIGKILL \
  "$IMIP" verify --policy alice/policy.toml --state none killed.eml >out 2>err || got=$?
[ "$got" -ge 128 ] || { cat out err >&2; fail "the run was not killed: exit $got"; }
[ -n "$(find temp -mindepth 1 -name 'imip-gpg.*')" ] || fail "a killed run left no folder"
# others are left alone: one that is in use, one of another mode, what only is called so, and what a link leads to
mkdir -m 700 temp/imip-gpg.in-use elsewhere temp/imip-gpg.longer-name
mkdir -m 755 temp/imip-gpg.public
echo kept >elsewhere/kept
ln -s ../elsewhere temp/imip-gpg.linked
exec 9<temp/imip-gpg.in-use
flock -n 9 || fail "no lock"
expect 0 looks
left=$(cd temp && echo *)
[ "$left" = 'imip-gpg.in-use imip-gpg.linked imip-gpg.longer-name imip-gpg.public' ] || fail "what is left: $left"
[ -f elsewhere/kept ] || fail "a link was followed"
exec 9<&-

# ---- what cannot be ----------------------------------------------------------------------------
sign_fails 78 'there is no such key ring' --gpg-home "$WORLD/none" --identity "openpgp:$boss"
sign_fails 78 'bob@example.com' --gpg-home "$BOSS" --identity openpgp:bob@example.com
sign_fails 64 'no whole fingerprint' --gpg-home "$BOSS" --identity openpgp:DEADBEEFDEADBEEF
sign_fails 64 '--opaque' --gpg-home "$BOSS" --identity "openpgp:$boss" --opaque
sign_fails 64 'layout inner' --gpg-home "$BOSS" --identity "openpgp:$boss" --layout inner --encrypt-to "$alice"
sign_fails 64 'neither a fingerprint nor an address' --gpg-home "$BOSS" --identity "openpgp:$boss" --encrypt-to keys/alice.crt
sign_fails 78 'nobody@example.com' --gpg-home "$BOSS" --identity "openpgp:$boss" --encrypt-to nobody@example.com
"$KEYS" keys boss:both
sign_fails 66 'signed by S/MIME' --gpg-home "$BOSS" --identity keys/boss.pem --encrypt-to "$alice"
expect 0 imip sign --gpg-home "$BOSS" --identity "openpgp:$boss" carol.eml
says 'the key is for boss@example.com but the mail is from carol@example.com'
# an expired key, and one that nobody vouches for
key "$BOSS" old '' seconds=1
sleep 2
sign_fails 78 'old@example.com' --gpg-home "$BOSS" --identity openpgp:old@example.com
pgp "$ALICE" --pinentry-mode loopback --passphrase '' --quick-gen-key 'eve <eve@example.com>' default default never
pgp "$ALICE" --export eve@example.com | pgp "$BOSS" --import
sign_fails 78 'not vouched for' --gpg-home "$BOSS" --identity "openpgp:$boss" --encrypt-to eve@example.com

echo "openpgp_test: $checks checks"
