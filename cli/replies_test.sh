#!/bin/sh
# What `imip apply` mails because of what it applied: to whom, when a person must say so, and that a mail that cannot
# be sent changes nothing.
set -eu
# shellcheck source=cli/test_lib.sh
. "$(dirname "$0")/test_lib.sh"
NOW=2026-11-30T12:00:00Z LATER=2026-11-30T13:00:00Z LATEST=2026-11-30T14:00:00Z

"$KEYS" keys boss carla emil mallory >/dev/null || fail "keys"
for name in boss carla emil; do person $name; done

# signed NAME EXTRA-HEADER IMIP-BUILD-OPTION...: a mail that imip build makes, signed by that person
signed() {
  signer=$1 header=$2
  shift 2
  imip build "$@" >built.eml
  { [ -z "$header" ] || printf '%s\n' "$header"; cat built.eml; } >plain.eml
  imip sign --identity "keys/$signer.pem" plain.eml
}
event() { echo "--organizer boss@example.com --uid $1 --start 2027-01-04T10:00:00Z --end 2027-01-04T11:00:00Z --now $NOW"; }
# calendar MAIL: the text/calendar part, decoded and unfolded
calendar() {
  /usr/bin/python3 - "$1" <<'PY'
import email, sys
for part in email.message_from_binary_file(open(sys.argv[1], 'rb')).walk():
    if part.get_content_type() == 'text/calendar':
        print(part.get_payload(decode=True).decode().replace('\r\n ', '').replace('\r', ''), end='')
        break
PY
}
mails() { find "$1" -name '*.eml' 2>/dev/null | wc -l; }
reset() { for name in boss carla emil; do rm -rf "$name"; person "$name"; done; rm -rf out.d; }

# shellcheck disable=SC2046 # options, word by word
signed boss '' request $(event one) --summary Planning --location 'Room 1' --attendee 'carla@example.com;CN=Carla' \
  --attendee bob@example.com --sequence 2 >one.eml

# ---- REFRESH: known attendees get the current state ----------------------------------------------------------
for who in boss carla; do expect 0 as $who apply --now $NOW one.eml; done
expect 0 as carla reply refresh --now $NOW --sign --identity keys/carla.pem --output refresh.eml one.eml
expect 0 as boss apply --now $LATER refresh.eml
says 'may send    request to carla@example.com'
expect 0 as boss apply --now $LATER --dry-run --replies out.d refresh.eml
[ ! -e out.d ] || fail "--dry-run mailed something"
before=$(sums boss/calendar)
expect 64 as boss apply --now $LATER --sign --identity keys/boss.pem refresh.eml
says '--sign is for the mails that go out'
expect 0 as boss apply --now $LATER --replies out.d --sign --identity keys/boss.pem refresh.eml
says 'mailed      request to carla@example.com'
[ "$(mails out.d)" = 1 ] || fail "not one mail"
[ "$before" = "$(sums boss/calendar)" ] || fail "a REFRESH changed the calendar"
cp out.d/*.eml answer.eml
for line in '^From: boss@example.com' '^To: .*carla@example.com' '^Auto-Submitted: auto-replied' '^In-Reply-To: <' '^References: <'; do
  grep -q "$line" answer.eml || { head -20 answer.eml >&2; fail "no $line"; }
done
calendar answer.eml >answer.ics
for line in METHOD:REQUEST SEQUENCE:2 'LOCATION:Room 1' SUMMARY:Planning; do grep -q "^$line" answer.ics || fail "no $line"; done
expect 0 imip lint --now $LATER answer.eml
expect 0 as carla apply --now $LATER answer.eml
# On standard output the mail is alone; the report goes elsewhere.
expect 0 as boss apply --now $LATER --replies - refresh.eml
grep -q '^Subject: Planning' out || fail "no mail on standard output"
! grep -q 'ignored' out || fail "the report is in the mail"
grep -q 'mailed      request' err || fail "no report"
expect 0 as boss apply --now $LATER --replies - --report report.txt --json refresh.eml
silent_on err
/usr/bin/python3 - report.txt <<'PY'
import json, sys
offer, = json.load(open(sys.argv[1]))['offers']
assert offer['mailed'] and offer['message_id'] and offer['why'] is None, offer
PY
for bad in '--replies - --report -' '--replies x --send y' '--accept-counter' '--replies x --accept-counter --decline-counter' \
  '--replies x --encrypt-to keys/carla.crt'; do
  # shellcheck disable=SC2086
  expect 64 as boss apply --now $LATER $bad refresh.eml
  one_line
done
expect 64 as boss apply --now $LATER --send '"' refresh.eml
expect 73 as boss apply --now $LATER --replies - --report /nowhere/x refresh.eml
one_line
# The same mail goes once; two do not go to standard output: the second message is told so.
expect 0 as carla reply refresh --now $LATER --instance 2027-01-04T10:00:00Z --sign --identity keys/carla.pem \
  --output refresh2.eml one.eml
expect 0 as boss apply --now $LATER --replies - refresh.eml refresh2.eml
[ "$(grep -c '^Message-ID' out)" = 1 ] || fail "the same mail went twice"
# shellcheck disable=SC2046
signed boss '' request $(event two) --summary Second --attendee carla@example.com >two.eml
for who in boss carla; do expect 0 as $who apply --now $NOW two.eml; done
expect 0 as carla reply refresh --now $LATER --sign --identity keys/carla.pem --output refresh3.eml two.eml
expect 73 as boss apply --now $LATER --replies - --report report.txt refresh.eml refresh3.eml
one_line
[ "$(grep -c '^Message-ID' out)" = 1 ] || fail "not one mail on standard output"
expect 0 as boss apply --now $LATER --replies both.d refresh.eml refresh3.eml
[ "$(mails both.d)" = 2 ] || fail "not two mails in the folder"
# Nobody who is not invited, and nobody by a forged word.
# shellcheck disable=SC2046
signed mallory '' refresh --organizer boss@example.com --uid one --attendee mallory@example.com --now $NOW >spy.eml
expect 1 as boss apply --now $LATER --replies out.d --yes spy.eml
sed 's/^From: .*/From: mallory@example.com/' built.eml | sed 's/mallory@example.com/carla@example.com/' >plain.eml
expect 1 as boss apply --now $LATER --replies out.d --yes plain.eml
[ "$(mails out.d)" = 1 ] || fail "somebody was told who should not be"
# No program is answered by a program, and no list, unless a person says so.
for header in 'Auto-Submitted: auto-replied' 'Precedence: bulk' 'List-Id: <all.example.com>'; do
  signed carla "$header" refresh --organizer boss@example.com --uid one --attendee carla@example.com --now $NOW >robot.eml
  rm -rf robot.d
  expect 0 as boss apply --now $LATER --replies robot.d robot.eml
  says '--yes sends it all the same'
  [ "$(mails robot.d)" = 0 ] || fail "answered: $header"
  expect 0 as boss apply --now $LATER --replies robot.d --yes robot.eml
  [ "$(mails robot.d)" = 1 ] || fail "not answered though a person said so: $header"
done

# ---- delegation: a delegate is written to if a person or the policy says so -----------------------------------
reset
for who in boss carla; do expect 0 as $who apply --now $NOW one.eml; done
expect 0 as carla reply delegate --now $NOW --to emil@example.com --sign --identity keys/carla.pem --output two.d/ one.eml
set -- two.d/*.eml
cp -r boss boss-before
expect 0 as boss apply --now $LATER --replies out.d "$1"
says 'you did not invite emil@example.com yourself; --yes=delegated sends it'
[ "$(mails out.d)" = 0 ] || fail "a delegate was written to unasked"
grep -q 'PARTSTAT=DELEGATED' boss/calendar/*.ics || fail "the delegation itself is applied"
rm -rf boss && cp -r boss-before boss
expect 75 as boss apply --now $LATER --send 'sh -c "cat >/dev/null; exit 1"' --yes=delegated "$1"
says 'nothing was changed'
[ "$(sums boss-before/calendar | cut -d' ' -f1)" = "$(sums boss/calendar | cut -d' ' -f1)" ] ||
  fail "changed though the mail was not sent"
expect 0 as boss apply --now $LATER --send 'sh -c "cat >to-emil.eml"' --yes=delegated "$1"
says 'mailed      request to emil@example.com'
grep -q '^To: emil@example.com' to-emil.eml || fail "not to the delegate"
# The advice holds afterwards too: whoever was not written to yet is, by the same answer again.
rm -rf boss && cp -r boss-before boss
expect 0 as boss apply --now $LATER "$1"
expect 0 as boss apply --now $LATER --replies again.d "$1"
says 'duplicate'
says '--yes=delegated sends it'
[ "$(mails again.d)" = 0 ] || fail "a delegate was written to unasked"
expect 0 as boss apply --now $LATER --replies again.d --yes=delegated "$1"
says 'mailed      request to emil@example.com'
[ "$(mails again.d)" = 1 ] || fail "what was advised sends nothing"
# A standing yes does not write to him again for each copy of it.
expect 0 as boss apply --now $LATER --replies copy.d --yes=delegated "$1"
says 'duplicate'
[ "$(mails copy.d)" = 0 ] || fail "a silent delegate is written to for each copy"
rm -rf boss && mv boss-before boss
printf '[defaults]\ndelegation = "untrusted"\n' >>boss/policy.toml
expect 0 as boss apply --now $LATER --replies out.d --yes "$1"
says 'the policy sends nothing to delegates'
[ "$(mails out.d)" = 0 ] || fail "against the policy"

# ---- COUNTER: the organizer chooses -----------------------------------------------------------------------------
reset
for who in boss carla; do expect 0 as $who apply --now $NOW one.eml; done
expect 0 as carla reply counter --now $NOW --start 2027-01-04T14:00:00Z --sign --identity keys/carla.pem --output counter.eml one.eml
before=$(sums boss/calendar)
expect 2 as boss apply --now $LATER --yes counter.eml
says '--accept-counter sends it, with --replies or --send'
says '--decline-counter sends it, with --replies or --send'
expect 2 as boss apply --now $LATER --replies out.d counter.eml
says '--accept-counter sends it'
says '--decline-counter sends it'
[ "$(mails out.d)" = 0 ] || fail "mailed without a choice"
cp -r boss boss-before
expect 0 as boss apply --now $LATER --replies out.d --decline-counter --sign --identity keys/boss.pem counter.eml
says 'ignored'
[ "$before" = "$(sums boss/calendar)" ] || fail "declining changed the calendar"
[ "$(mails out.d)" = 1 ] || fail "not one mail"
cp out.d/*.eml no.eml
calendar no.eml | grep -q '^METHOD:DECLINECOUNTER' || fail "no DECLINECOUNTER"
! grep -q '^Auto-Submitted' no.eml || fail "a person chose"
expect 0 as carla apply --now $LATER no.eml
says counter-declined
rm -rf boss out.d && mv boss-before boss
expect 75 as boss apply --now $LATER --send 'sh -c "exit 1"' --accept-counter counter.eml
[ "$before" = "$(sums boss/calendar)" ] || fail "changed though nobody was told"
expect 0 as boss apply --now $LATER --replies out.d --accept-counter --sign --identity keys/boss.pem counter.eml
says 'updated'
cp out.d/*.eml yes.eml
calendar yes.eml >yes.ics
for line in METHOD:REQUEST SEQUENCE:3 DTSTART:20270104T140000Z; do grep -q "^$line" yes.ics || { cat yes.ics >&2; fail "no $line"; }; done
grep -q '^To: .*bob@example.com' yes.eml || fail "not to everybody"
grep -q '^DTSTART:20270104T140000Z' boss/calendar/*.ics || fail "the organizer's own event is as it was"
expect 0 as carla apply --now $LATER yes.eml
grep -q '^DTSTART:20270104T140000Z' carla/calendar/*.ics || fail "carla's event is as it was"
# The same again is stale.
expect 0 as boss apply --now $LATER --replies out.d --accept-counter counter.eml
says counter-outdated
[ "$(mails out.d)" = 1 ] || fail "a stale proposal was taken up"

# Who is not invited is told as well, where the organizer takes the proposal up.
reset
expect 0 as boss apply --now $NOW one.eml
signed emil '' counter --organizer boss@example.com --uid one --sequence 2 --start 2027-01-04T14:00:00Z \
  --end 2027-01-04T15:00:00Z --summary Planning --attendee emil@example.com --now $NOW >stranger.eml
expect 2 as boss apply --now $LATER --yes stranger.eml
says 'asks        counter'
expect 0 as boss apply --now $LATER --replies out.d --yes --accept-counter stranger.eml
says 'updated'
grep -q '^To: .*emil@example.com' out.d/*.eml || fail "who proposed is not told"
! calendar out.d/*.eml | grep -q 'ATTENDEE.*emil' || fail "an attendee by an attendee's word"

# Another program writes the event while the mail goes out: the change follows all the same, and nobody is told twice.
# With what this program wrote itself, and with what somebody put there.
cat >told <<'SH'
#!/bin/sh
cat >>told.eml
sed -i 's/^END:VEVENT/CATEGORIES:mine\r\n&/' boss/calendar/*.ics
SH
chmod +x told
for known in yes no; do
  reset
  rm -f told.eml
  for who in boss carla; do expect 0 as $who apply --now $NOW one.eml; done
  [ $known = yes ] || rm -rf boss/state
  expect 0 as boss apply --now $LATER --send ./told --accept-counter counter.eml
  says 'updated'
  says 'mailed      request'
  for line in DTSTART:20270104T140000Z CATEGORIES:mine; do
    grep -q "^$line" boss/calendar/*.ics || { cat boss/calendar/*.ics >&2; fail "mail went out, and the calendar has no $line"; }
  done
  [ "$(grep -c '^Message-ID:' told.eml)" = 1 ] || fail "told twice"
done
# Where it cannot follow, that is said; and the next run catches up without telling anybody again.
cat >in-the-way <<'SH'
#!/bin/sh
cat >>told.eml
for file in boss/calendar/*.ics; do cp "$file" kept.ics; echo broken >"$file"; done
SH
chmod +x in-the-way
for known in yes no; do
  reset
  rm -f told.eml
  for who in boss carla; do expect 0 as $who apply --now $NOW one.eml; done
  [ $known = yes ] || rm -rf boss/state
  expect 75 as boss apply --now $LATER --send ./in-the-way --accept-counter counter.eml
  one_line
  says 'mail went out, but the calendar is not changed'
  for file in boss/calendar/*.ics; do cp kept.ics "$file"; done
  expect 0 as boss apply --now $LATER --send ./told --accept-counter counter.eml
  says 'updated'
  grep -q '^DTSTART:20270104T140000Z' boss/calendar/*.ics || fail "the next run leaves the calendar as it was"
  [ "$(grep -c '^Message-ID:' told.eml)" = 1 ] || fail "told twice"
done
# What the program took is not sent again, however often the question comes; of a file nobody knows what became of it.
reset
rm -f told.eml
for who in boss carla; do expect 0 as $who apply --now $NOW one.eml; done
expect 0 as boss apply --now $LATER --send 'sh -c "cat >>told.eml"' refresh.eml
says 'mailed      request to carla@example.com'
! grep -q 'earlier run' out || fail "mailed before it was"
expect 0 as boss apply --now $LATER --send 'sh -c "cat >>told.eml"' --json refresh.eml
grep -q '"mailed":true,"mailed_before":true' out || { cat out >&2; fail "no word of the earlier run"; }
expect 0 as boss apply --now $LATER --send 'sh -c "cat >>told.eml"' refresh.eml
says ', by an earlier run'
[ "$(grep -c '^Message-ID:' told.eml)" = 1 ] || fail "told twice"
expect 0 as boss apply --now $LATER --replies out.d refresh.eml
[ "$(mails out.d)" = 1 ] || fail "no file"
# another question with the same answer, and then another answer to the same question
expect 0 as boss apply --now $LATER --send 'sh -c "cat >>twice.eml"' refresh.eml refresh2.eml
expect 0 as boss apply --now $LATER --send 'sh -c "cat >>twice.eml"' refresh2.eml
[ "$(grep -c '^Message-ID:' twice.eml)" = 1 ] || fail "the second question was answered twice"
# shellcheck disable=SC2046
signed boss '' request $(event one) --summary Moved --attendee carla@example.com --sequence 3 >moved.eml
expect 0 as boss apply --now $LATER moved.eml
expect 0 as boss apply --now $LATER --send 'sh -c "cat >>told.eml"' refresh.eml
[ "$(grep -c '^Message-ID:' told.eml)" = 2 ] || fail "what changed since is not told"
# killed before anybody could say that the mail went out: it goes again, as the same mail
reset
rm -f told.eml
for who in boss carla; do expect 0 as $who apply --now $NOW one.eml; done
expect 137 as boss apply --now $LATER --send 'sh -c "cat >told.eml; kill -9 $PPID"' refresh.eml
mv told.eml first.eml
expect 0 as boss apply --now $LATEST --send 'sh -c "cat >>told.eml"' refresh.eml
cmp first.eml told.eml || fail "another mail"
expect 0 as boss apply --now $LATEST --send 'sh -c "cat >>told.eml"' refresh.eml
cmp first.eml told.eml || fail "told twice"
# one that fails is tried again
reset
rm -f told.eml
for who in boss carla; do expect 0 as $who apply --now $NOW one.eml; done
expect 75 as boss apply --now $LATER --send false refresh.eml
expect 0 as boss apply --now $LATER --send 'sh -c "cat >>told.eml"' refresh.eml
[ "$(grep -c '^Message-ID:' told.eml)" = 1 ] || fail "not told"
reset
for who in boss carla; do expect 0 as $who apply --now $NOW one.eml; done
expect 75 as boss apply --now $LATER --send 'sh -c "cat >told.eml; rm boss/calendar/*.ics"' --accept-counter counter.eml
says 'taken out of the calendar meanwhile'

# ---- an ADD before its event: the organizer is asked -------------------------------------------------------------
reset
signed boss '' add --organizer boss@example.com --uid late --start 2027-01-05T10:00:00Z --end 2027-01-05T11:00:00Z \
  --attendee carla@example.com --to carla@example.com --summary More --now $NOW >add.eml
expect 0 as carla apply --now $NOW --yes=not-addressed --replies out.d add.eml
says 'held'
says 'mailed      refresh to boss@example.com'
calendar out.d/*.eml >refresh.ics
for line in METHOD:REFRESH UID:late ORGANIZER:mailto:boss@example.com ATTENDEE:mailto:carla@example.com; do
  grep -q "^$line" refresh.ics || { cat refresh.ics >&2; fail "no $line"; }
done
grep -q '^From: .*carla@example.com' out.d/*.eml || fail "not from the owner"
# By hand it asks for all of the event too, not just for what the ADD adds.
expect 0 as carla reply refresh --now $LATER --yes --output by-hand.eml add.eml
calendar by-hand.eml | grep -q '^UID:late' || fail "no REFRESH"
! calendar by-hand.eml | grep -q RECURRENCE-ID || fail "a REFRESH of what was added alone"

# shellcheck disable=SC2154 # test_lib.sh counts
echo "$checks checks"
