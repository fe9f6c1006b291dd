#!/bin/sh
# The main job, once, on real messages: a boss, her assistant, an attendee and a stranger.
# Usage: demo.sh IMIP    (leaves nothing behind; every command is shown with its output)
set -eu

IMIP=$(realpath "$1")
KEYS=$(realpath "$(dirname "$0")/make-keys")
D=$(mktemp -d /tmp/imip-demo.XXXXXX)
trap 'rm -rf "$D"' EXIT INT TERM
cd "$D"
PATH=$(dirname "$IMIP"):$PATH
export PATH XDG_CONFIG_HOME="$D/config" XDG_STATE_HOME="$D/state" HOME="$D" LC_ALL=C.UTF-8 TZ=Europe/Berlin
unset IMIP_POLICY 2>/dev/null || true

step() { printf '\n=== %s\n' "$*"; }
# Shows a command line and runs it by the shell.
run() {
  printf '\n$ %s\n' "$1"
  set +e
  sh -c "$1"
  code=$?
  set -e
  [ "$code" -eq 0 ] || printf '[exit %s]\n' "$code"
}
# tamper MAIL SED: the mail with the text/calendar part decoded, edited and encoded again.
tamper() {
  first=$(awk '/^Content-Type: text\/calendar/ {c=1} c && /^$/ {print NR; exit}' "$1")
  last=$(awk -v first="$first" 'NR > first && (/^$/ || /^--/) {print NR; exit}' "$1")
  head -n "$first" "$1"
  sed -n "$((first + 1)),$((last - 1))p" "$1" | base64 -d | sed "$2" | base64 -w 76
  tail -n "+$last" "$1"
}
# want CODE COMMAND: like run, and the demo fails if the exit code is another.
want() {
  run "$2"
  [ "$code" -eq "$1" ] || { echo "demo: expected exit $1" >&2; exit 1; }
}

step "A throwaway certification authority and four people"
"$KEYS" . boss pa alice stranger
for who in boss pa alice stranger; do echo "$who@example.com"; done
for who in alice boss; do
  mkdir -p "$who/calendar"
  chmod 700 "$who"
  cat >"$who/policy.toml" <<EOF
version = 1

[me]
addresses = ["$who@example.com"]

[store]
path = "$D/$who/calendar"

[smime]
anchors = ["../ca.pem"]
EOF
  chmod 600 "$who/policy.toml"
done
ALICE="--policy alice/policy.toml --state alice/state"
BOSS="--policy boss/policy.toml --state boss/state"

step "The assistant builds a weekly meeting for her boss, and signs it"
START=$(date -u -d '+14 days' +%Y-%m-%dT10:00)
want 0 "imip build request --organizer 'boss@example.com;CN=The Boss' --sent-by pa@example.com \\
    --attendee 'alice@example.com;CN=Alice;RSVP=TRUE' --attendee 'bob@example.com;CN=Bob;ROLE=OPT-PARTICIPANT' \\
    --summary 'Weekly planning' --location 'Room 7' --start $START --duration PT1H \\
    --timezone Europe/Berlin --rrule 'FREQ=WEEKLY;COUNT=10' --uid planning-1 --output invite.eml"
want 0 "imip sign --identity pa.pem --output invite-signed.eml invite.eml"

step "The attendee asks: who says so, and may they?"
want 2 "imip verify $ALICE invite-signed.eml"

step "She decides that the assistant may speak for the boss, and verifies again"
want 0 "imip policy allow --policy alice/policy.toml boss@example.com --sent-by pa@example.com"
want 0 "imip verify $ALICE invite-signed.eml"

step "She applies it, and sees the event"
want 0 "imip apply $ALICE invite-signed.eml"
want 0 "cat alice/calendar/*.ics"

step "She answers; the answer is signed in the same step"
want 0 "imip reply accept $ALICE --comment 'Looking forward to it' --sign --identity alice.pem \\
    --output answer.eml invite-signed.eml"
want 0 "imip show $ALICE invite-signed.eml"

step "The boss takes the invitation into the copy that she organizes, then Alice's answer"
want 0 "imip policy allow --policy boss/policy.toml boss@example.com --sent-by pa@example.com"
want 0 "imip apply $BOSS invite-signed.eml"
want 0 "imip verify $BOSS answer.eml"
want 0 "imip apply $BOSS answer.eml"
want 0 "grep -A2 '^ATTENDEE' boss/calendar/planning-1.ics"

step "Six frauds. Each must be stopped, and no calendar may change by one byte"
sums() { (cd "$D" && find alice/calendar boss/calendar -type f -exec sha256sum {} + | sort); }
sums >before.sum
# stopped REASON[|REASON] OWNER FILE
stopped() {
  want 1 "imip apply --json --policy $2/policy.toml --state $2/state $3 >result.json; code=\$?; imip apply --brief --policy $2/policy.toml --state $2/state $3; exit \$code"
  grep -Eq "\"code\":\"($1)\"" result.json || { echo "demo: expected the reason $1" >&2; cat result.json >&2; exit 1; }
  sums | cmp -s before.sum - || { echo "demo: a calendar changed" >&2; exit 1; }
  echo "stopped ($1); the calendars are byte for byte what they were"
}

echo; echo "1. A CANCEL of the boss's meeting, signed by a stranger with a valid certificate"
run "imip build cancel --organizer boss@example.com --attendee alice@example.com --uid planning-1 \\
    --sequence 1 --start $START --timezone Europe/Berlin --summary 'Weekly planning' --from stranger@example.com | imip sign --identity stranger.pem --output fraud1.eml"
stopped 'no-correlation' alice fraud1.eml

echo; echo "2. A tampered copy: the signed mail, with one word of the calendar changed"
run "imip build request --organizer boss@example.com --attendee alice@example.com --uid other-2 --summary 'Team lunch' \\
    --start $START --duration PT1H --timezone Europe/Berlin | imip sign --identity boss.pem --output true2.eml"
tamper true2.eml 's/Team lunch/Team strike/' >fraud2.eml
stopped 'signature-invalid' alice fraud2.eml

echo; echo "3. An unsigned copy: a later revision that nobody signed"
run "imip build request --organizer boss@example.com --attendee alice@example.com --uid planning-1 --sequence 5 \\
    --summary 'Moved to the car park' --start $START --duration PT1H --timezone Europe/Berlin --output fraud3.eml"
stopped 'unsigned' alice fraud3.eml

echo; echo "4. A signed text beside an unsigned calendar"
printf 'Content-Type: text/plain\n\nPlease see the attached update.\n' >text.mime
sed 's/$/\r/' text.mime >text.crlf
openssl cms -sign -binary -in text.crlf -signer boss.crt -inkey boss.key -outform DER -out text.p7s
{
  printf 'From: boss@example.com\nTo: alice@example.com\nSubject: update\nMIME-Version: 1.0\n'
  printf 'Content-Type: multipart/mixed; boundary=out\n\n--out\n'
  printf 'Content-Type: multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256; boundary=in\n\n--in\n'
  cat text.mime
  printf '\n--in\nContent-Type: application/pkcs7-signature; name=smime.p7s\nContent-Transfer-Encoding: base64\n\n'
  base64 text.p7s
  printf '\n--in--\n\n--out\nContent-Type: text/calendar; method=REQUEST; charset=UTF-8\n\n'
  imip build request --format ics --organizer boss@example.com --attendee alice@example.com --uid planning-1 --sequence 6 \
    --summary 'Moved to the car park' --start "$START" --duration PT1H --timezone Europe/Berlin
  printf '\n--out--\n'
} >fraud4.eml
stopped 'unsigned' alice fraud4.eml

echo; echo "5. The boss's own signed CANCEL for Bob, replayed to Alice"
run "imip build cancel --organizer boss@example.com --attendee bob@example.com --uid planning-1 --sequence 1 \\
    --start $START --timezone Europe/Berlin --summary 'Weekly planning' | imip sign --identity boss.pem --output fraud5.eml"
run "imip verify $ALICE fraud5.eml"
want 2 "imip apply $ALICE --json fraud5.eml >result.json"
grep -q '"code":"not-addressed"' result.json
sums | cmp -s before.sum -
echo "stopped (not-addressed); the calendars are byte for byte what they were"

echo; echo "6. Alice's signed acceptance of a stranger's meeting with the same UID, sent to the boss"
run "imip build request --organizer stranger@example.com --attendee alice@example.com --uid planning-1 \\
    --summary 'Something else' --start $START --duration PT1H --timezone Europe/Berlin | imip sign --identity stranger.pem --output other.eml"
mkdir -p scratch/calendar
want 0 "imip reply accept --me alice@example.com --anchor ca.pem --no-store --state none --sign --identity alice.pem --output fraud6.eml other.eml"
stopped 'organizer-mismatch|reply-unbound' boss fraud6.eml

step "Done: one meeting was made, proven, applied and answered; six frauds were stopped"
