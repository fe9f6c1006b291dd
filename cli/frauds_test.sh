#!/bin/sh
# Frauds, each told by its reason, each leaving the calendar byte for byte what it was; and beside them
# honest messages of the same shape, so that nothing is refused for the wrong reason.
set -eu
# shellcheck source=cli/test_lib.sh
. "$(dirname "$0")/test_lib.sh"

"$KEYS" keys boss pa alice bob stranger old:expired future:future tls:tls weak:weak sha:sha1 named:dn \
  twin:other-ca,as=boss@example.com oldboss:expired,as=boss@example.com \
  weakboss:weak,as=boss@example.com tlsboss:tls,as=boss@example.com shaboss:sha1,as=boss@example.com \
  dnboss:dn,as=boss@example.com newboss:future,as=boss@example.com case:as=BOSS@EXAMPLE.com \
  lookalike:as=boss@examp1e.com
person alice
person boss

request() { # SEQUENCE SUMMARY [FLAGS...]
  sequence=$1 summary=$2
  shift 2
  imip build request --organizer boss@example.com --attendee alice@example.com --uid m1 --sequence "$sequence" \
    --summary "$summary" --start 2027-03-01T10:00:00 --duration PT1H --timezone Europe/Berlin --now 2026-11-20T00:00:0"$sequence"Z "$@"
}
sign() { imip sign --identity "keys/$1.pem"; }
at() { who=$1; shift; as "$who" "$@"; }

# The honest meeting, in LF and CRLF.
request 0 Plan | sign boss >good.eml
openssl cms -verify -inform SMIME -in good.eml -CAfile keys/ca.pem -purpose any -out /dev/null 2>/dev/null || fail "openssl refuses our signature"
expect 0 at alice verify good.eml
crlf <good.eml >good-crlf.eml
expect 0 at alice verify good-crlf.eml
expect 0 at alice apply good.eml
says added
expect 0 at alice apply good-crlf.eml
says duplicate
sums alice/calendar >before

# fraud CODE REASON FILE: judged so by verify and stopped by apply, in LF and CRLF.
fraud() {
  for form in lf crlf; do
    if [ "$form" = lf ]; then cp "$3" now.eml; else sed 's/\r$//' "$3" | crlf >now.eml; fi
    expect "$1" at alice verify --json now.eml
    says "\"code\":\"$2\""
    expect "$1" at alice apply now.eml
    says "$2"
    sums alice/calendar | cmp -s before - || fail "the calendar changed: $2 $form"
  done
}

request 1 Unsigned >f.eml
fraud 1 unsigned f.eml
request 1 'From is not the signer' --from boss@example.com | imip sign --identity keys/stranger.pem >f.eml 2>/dev/null
fraud 1 no-correlation f.eml
request 1 'Another name of the same CA' | imip sign --identity keys/twin.pem >f.eml
fraud 1 no-anchor f.eml
request 1 'look-alike domain' | imip sign --identity keys/lookalike.pem >f.eml 2>/dev/null
fraud 1 no-correlation f.eml

# Signed with openssl, because imip itself refuses such certificates: expired, not yet valid,
# not for mail, weak, without an address, MD5 and SHA-1.
request 1 'by openssl' >plain.eml
sed -n '/^Content-Type/,$p' plain.eml | crlf >entity
head='From: boss@example.com
To: alice@example.com
Subject: x
Message-ID: <x@example.com>'
by_openssl() { # NAME DIGEST
  { printf '%s\n' "$head" | crlf; openssl cms -sign -binary -in entity -signer "keys/$1.crt" -inkey "keys/$1.key" -md "$2" -outform SMIME -crlfeol; } >f.eml
}
by_openssl boss sha256
expect 0 at alice verify f.eml
by_openssl oldboss sha256
fraud 1 expired f.eml
by_openssl newboss sha256
fraud 1 not-yet-valid f.eml
by_openssl tlsboss sha256
fraud 1 wrong-purpose f.eml
by_openssl weakboss sha256
fraud 1 weak-key f.eml
by_openssl shaboss sha256
fraud 1 weak-digest f.eml
by_openssl dnboss sha256
fraud 1 no-identity f.eml
by_openssl boss sha1
fraud 1 weak-digest f.eml
by_openssl boss md5
fraud 1 weak-digest f.eml
by_openssl case sha256
expect 0 at alice verify f.eml

# One octet of the signed part changed; a line added to its header; its text swapped.
tamper good.eml 's/Plan/Plot/' >f.eml
cmp -s good.eml f.eml && fail "nothing was changed"
fraud 1 signature-invalid f.eml
awk '!done && /^Content-Type: multipart\/mixed/ {print "X-Junk: this line was not signed"; done=1} {print}' good.eml >f.eml
cmp -s good.eml f.eml && fail "nothing was changed"
fraud 1 signature-invalid f.eml

# A signed text beside an unsigned calendar.
printf 'Content-Type: text/plain\r\n\r\nhello\r\n' >text.crlf
openssl cms -sign -binary -in text.crlf -signer keys/boss.crt -inkey keys/boss.key -outform DER -out text.p7s
{
  printf 'From: boss@example.com\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=out\n\n--out\n'
  printf 'Content-Type: multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256; boundary=in\n\n--in\n'
  printf 'Content-Type: text/plain\n\nhello\n\n--in\nContent-Type: application/pkcs7-signature\nContent-Transfer-Encoding: base64\n\n'
  base64 text.p7s
  printf '\n--in--\n\n--out\nContent-Type: text/calendar; method=REQUEST; charset=UTF-8\n\n'
  request 1 'Beside' --format ics
  printf '\n--out--\n'
} >f.eml
fraud 1 unsigned f.eml

# The good mail with a second, unsigned calendar that contradicts it.
{
  printf 'From: boss@example.com\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=out\n\n--out\n'
  sed -n '/^Content-Type: multipart\/signed/,$p' good.eml
  printf '\n--out\nContent-Type: text/calendar; method=REQUEST; charset=UTF-8\n\n'
  request 2 'Contradiction' --format ics
  printf '\n--out--\n'
} >f.eml
fraud 1 duplicate-uid f.eml

# METHOD and method= that differ, inside a signature that holds.
request 1 Differ >plain.eml
sed -n '/^Content-Type/,$p' plain.eml | sed 's/method=REQUEST/method=CANCEL/' | crlf >entity
cmp -s entity plain.eml && fail "nothing was changed"
by_openssl boss sha256
fraud 1 method-mismatch f.eml

# The boss's own signed CANCEL for Bob, replayed to Alice; and for Alice, from a proxy nobody authorised.
imip build cancel --organizer boss@example.com --attendee bob@example.com --uid m1 --sequence 1 --summary Plan \
  --start 2027-03-01T10:00:00 --timezone Europe/Berlin --now 2026-11-20T00:00:05Z | sign boss >f.eml
fraud 2 not-addressed f.eml
imip build cancel --organizer boss@example.com --sent-by pa@example.com --attendee alice@example.com --uid m1 --sequence 1 --summary Plan \
  --start 2027-03-01T10:00:00 --timezone Europe/Berlin --now 2026-11-20T00:00:05Z | sign pa >f.eml
fraud 2 sent-by-not-authorized f.eml

# Another organizer claims the UID: a CANCEL, and a REQUEST.
imip build cancel --organizer stranger@example.com --attendee alice@example.com --uid m1 --sequence 1 --summary Plan \
  --start 2027-03-01T10:00:00 --timezone Europe/Berlin --now 2026-11-20T00:00:05Z | sign stranger >f.eml
fraud 1 organizer-mismatch f.eml

# An older revision, genuinely signed, sent again: nothing happens.
request 3 'Moved' | sign boss >new.eml
expect 0 at alice apply new.eml
says updated
sums alice/calendar >before
expect 0 at alice apply good.eml
says obsolete
sums alice/calendar | cmp -s before - || fail "an old message undid a newer one"

# Answers at the organizer's side.
expect 0 at boss apply good.eml
says own
expect 0 at boss apply new.eml
sums boss/calendar >boss-before
imip build request --organizer stranger@example.com --attendee alice@example.com --uid m1 --summary Else \
  --start 2027-03-01T10:00:00 --duration PT1H --timezone Europe/Berlin | sign stranger >else.eml
imip reply accept --me alice@example.com --anchor keys/ca.pem --no-store --state none --sign --identity keys/alice.pem else.eml >f.eml
expect 1 at boss apply --json f.eml
grep -Eq '"code":"(organizer-mismatch|reply-unbound)"' out || { cat out; fail "no organizer-mismatch"; }
# Bob answers in Alice's name.
imip reply accept --me alice@example.com --anchor keys/ca.pem --no-store --state none new.eml >answer.eml
imip sign --identity keys/bob.pem answer.eml >f.eml 2>/dev/null
expect 1 at boss apply --json f.eml
says no-correlation
sums boss/calendar | cmp -s boss-before - || fail "the boss's calendar changed"
imip sign --identity keys/alice.pem answer.eml >f.eml
expect 0 at boss apply f.eml
says answered

# Bob was not invited. His signed answer asks, and comes in only on a person's word.
imip build request --organizer boss@example.com --attendee bob@example.com --uid m1 --sequence 3 --summary Moved \
  --start 2027-03-01T10:00:00 --duration PT1H --timezone Europe/Berlin --now 2026-11-20T00:00:03Z | sign boss >for-bob.eml
imip reply accept --me bob@example.com --anchor keys/ca.pem --no-store --state none --sign --identity keys/bob.pem for-bob.eml >f.eml
expect 2 at boss apply f.eml
says party-crasher
if grep -q bob@example.com boss/calendar/*.ics; then fail "a party crasher came in unasked"; fi
expect 2 at boss apply --yes=stale f.eml
expect 0 at boss apply --yes=party-crasher f.eml
grep -q bob@example.com boss/calendar/*.ics || fail "a party crasher was not let in"

# Terminal control sequences in a subject never arrive raw.
esc=$(printf '\033[2J\302\233mx\342\200\256y')
request 4 Plan --format ics | awk -v esc="$esc" '/^SUMMARY/ {sub(/\r/, esc "\r")} {print}' >evil.ics
grep -qF "$esc" evil.ics || fail "nothing was changed"
got=0
at alice show --color=never evil.ics >out 2>err || got=$?
[ "$got" -le 1 ] || fail "show: exit $got"
cat err >>out
says Plan
if LC_ALL=C grep -q "$(printf '\033')" out; then fail "an escape sequence reached the terminal"; fi
if grep -q "$(printf '\342\200\256')" out; then fail "a bidirectional override reached the terminal"; fi

echo "frauds_test: $checks checks"
