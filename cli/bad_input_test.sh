#!/bin/sh
# Bad input to every command: one clear line, the right exit code, the calendar unharmed.
set -eu
# shellcheck source=cli/test_lib.sh
. "$(dirname "$0")/test_lib.sh"

"$KEYS" keys boss alice old:expired,as=boss@example.com
person alice
imip build request --organizer boss@example.com --attendee alice@example.com --uid m1 --summary Plan \
  --start 2027-03-01T10:00:00 --duration PT1H --timezone Europe/Berlin --now 2026-11-20T00:00:00Z >plain.eml
imip sign --identity keys/boss.pem plain.eml >good.eml
expect 0 as alice apply good.eml
sums alice/calendar >before
unharmed() { sums alice/calendar | cmp -s before - || fail "the calendar changed"; }

: >empty
mkdir folder
head -c 4096 /dev/urandom >binary
head -c 900 good.eml >truncated
printf 'From: a@example.com\nSubject: hello\n\njust text\n' >text-only
printf 'BEGIN:VCALENDAR\r\nVERSION:2.0\r\n' >broken.ics
head -c 1200 plain.eml >short.eml

bad() { # CODE COMMAND...
  expect "$@"
  one_line
  unharmed
}
for command in verify apply; do
  bad 65 as alice "$command" empty
  expect 3 as alice "$command" folder  # a folder of no mails
  unharmed
  bad 66 as alice "$command" no-such-file
  says 'no-such-file: no such file or directory (check the name, and the folder that you are in)'
  expect 65 as alice "$command" /dev/null
  expect 1 as alice "$command" broken.ics
  says bad-calendar
  bad 3 as alice "$command" text-only
done
for command in verify apply; do
  got=0
  as alice "$command" binary >out 2>err || got=$?
  case $got in 3 | 65) one_line ;; *) fail "$command of random octets: exit $got" ;; esac
  got=0
  as alice "$command" truncated >out 2>err || got=$?
  case $got in 1 | 3 | 65) ;; *) fail "$command of a truncated mail: exit $got" ;; esac
  unharmed
done
for file in empty no-such-file binary text-only; do
  expect 1 as alice show "$file"
  one_line
done
expect 1 as alice show folder
bad 65 as alice reply accept empty
bad 66 as alice reply accept no-such-file
says 'check the name'
bad 66 as alice reply accept folder
says 'folder: is a directory (name a file in it)'
bad 3 as alice reply accept text-only
bad 65 imip sign --identity keys/boss.pem empty
bad 66 imip sign --identity keys/boss.pem no-such-file
bad 66 imip build request no-such-file.ics
says 'check the name'
bad 73 imip build request --organizer boss@example.com --attendee alice@example.com --summary Plan --start 2027-03-01 \
  --output nowhere/to/a.eml
says 'make the folder first'
expect 65 imip build request empty
one_line

# An unreadable file says so, also to root (a folder in the place of a parent).
bad 66 as alice verify good.eml/inside
if [ "$(id -u)" -ne 0 ]; then
  cp good.eml unreadable
  chmod 000 unreadable
  bad 66 as alice verify unreadable
fi

# 100 MB of mail: over the limit, quickly, whatever is in it.
{ cat good.eml; head -c 104857600 /dev/zero | tr '\0' 'a'; } >huge
bad 65 as alice verify huge
says message-bytes
bad 65 as alice apply huge
rm huge

# No room for the output; a closed standard output.
expect 74 sh -c "\"$IMIP\" verify --policy alice/policy.toml --state alice/state good.eml >/dev/full"
expect 74 sh -c "\"$IMIP\" verify --policy alice/policy.toml --state alice/state good.eml >&-"
expect 74 sh -c "\"$IMIP\" sign --identity keys/boss.pem plain.eml >/dev/full"
expect 74 sh -c "\"$IMIP\" reply accept --policy alice/policy.toml --state alice/state good.eml >/dev/full"
says 'no space left'
expect 74 sh -c "\"$IMIP\" sign --identity keys/boss.pem plain.eml >/dev/full"
says 'No space left'
one_line
unharmed
bad 73 imip sign --identity keys/boss.pem --output no/such/folder/x.eml plain.eml

# Build: what cannot be.
build() { imip build request --organizer boss@example.com --attendee alice@example.com --summary x "$@"; }
bad 64 build --start 2027-03-01T10:00:00 --duration PT1H --timezone Mars/Olympus
says Mars/Olympus
bad 64 build --start 2027-03-01T10:00:00 --end 2027-03-01T09:00:00 --timezone Europe/Berlin
says end
bad 64 build --start 2027-03-01T10:00:00 --end 2027-03-01T11:00:00 --duration PT1H --timezone Europe/Berlin
bad 64 imip verify --passphrase-file pass --passphrase-env PASS mail.eml
bad 64 build --start yesterday --duration PT1H --timezone Europe/Berlin
bad 64 build --start 2027-03-01T10:00:00 --duration 'an hour' --timezone Europe/Berlin
bad 64 build --start 2027-03-01T10:00:00 --duration PT1H --timezone Europe/Berlin --rrule 'FREQ=SOMETIMES'
bad 64 imip build request --organizer 'not an address' --attendee alice@example.com --summary x --start 2027-03-01T10:00:00Z --duration PT1H
bad 64 imip build request --organizer boss@example.com --attendee 'alice@@example.com' --summary x --start 2027-03-01T10:00:00Z --duration PT1H
bad 64 imip build request --organizer boss@example.com --attendee 'a,b@example.com' --summary x --start 2027-03-01T10:00:00Z --duration PT1H
{
  printf 'BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n'
  for uid in one two; do
    printf 'BEGIN:VEVENT\r\nUID:%s\r\nDTSTAMP:20261120T000000Z\r\nDTSTART:20270301T100000Z\r\nORGANIZER:mailto:boss@example.com\r\nATTENDEE:mailto:alice@example.com\r\nEND:VEVENT\r\n' $uid
  done
  printf 'END:VCALENDAR\r\n'
} >two.ics
bad 65 imip build request two.ics
says UID

# Keys: expired, wrong passphrase, key and certificate of different people, none at all.
bad 78 imip sign --identity keys/old.pem plain.eml
says expired
openssl pkcs12 -export -in keys/boss.crt -inkey keys/boss.key -passout pass:right -out boss.p12
chmod 600 boss.p12
printf 'wrong\n' >pass
chmod 600 pass
bad 77 imip sign --identity boss.p12 --passphrase-file pass plain.eml
printf 'right\n' >pass
expect 0 imip sign --identity boss.p12 --passphrase-file pass plain.eml
bad 78 imip sign --identity keys/boss.crt --key keys/alice.key plain.eml
bad 66 imip sign --identity keys/nobody.pem plain.eml

# The command line itself.
bad 64 build --start 2026-12-24 --duration PT1H
bad 64 build --start 2027-03-01T10:00:00Z --duration PT0S
bad 64 build --start 2027-03-01T10:00:00Z --duration PT1H --rrule FREQ=SECONDLY
bad 64 as alice reply accept good.eml plain.eml
bad 64 as alice reply accept --as bob@example.com good.eml
bad 64 as alice verify --brief --json good.eml
bad 64 imip nonsense
bad 64 imip verify --nonsense
bad 64 as alice reply perhaps good.eml
bad 64 as alice apply --yes=no-such-reason good.eml
bad 64 as alice verify --part x good.eml
bad 64 as alice apply --part 1..2 good.eml
bad 3 as alice verify --part 9 good.eml
bad 64 imip verify --now tomorrow good.eml
bad 78 imip verify --policy no-such-policy.toml good.eml
bad 78 imip verify --anchor no-such.pem good.eml

# A policy that is wrong, or that others may write: before any work begins.
sed 's/\[me\]/[mee]/' alice/policy.toml >alice/wrong.toml
chmod 600 alice/wrong.toml
bad 78 imip verify --policy alice/wrong.toml good.eml
says wrong.toml:2
cp alice/policy.toml alice/open.toml
chmod 666 alice/open.toml
bad 78 imip apply --policy alice/open.toml --state alice/state good.eml

# A calendar that others may write decides nothing.
mkdir open
chmod 777 open
bad 78 as alice apply --store open good.eml

# A store that is missing, and one that cannot be written.
bad 66 imip apply --policy alice/policy.toml --state alice/state --store no-such-folder good.eml
mkdir readonly tiny
imip build request --organizer boss@example.com --attendee alice@example.com --uid m2 --summary Two \
  --start 2027-03-02T10:00:00Z --duration PT1H --now 2026-11-20T00:00:00Z | imip sign --identity keys/boss.pem >two.eml
# Mounts of our own, that nobody else sees; inside a chroot the root cannot be made private, and need not be.
alone='unshare -m'
$alone true 2>/dev/null || alone='unshare -m --propagation unchanged'
if [ "$(id -u)" -eq 0 ] && $alone true 2>/dev/null; then
  got=0
  $alone sh -c "mount -t tmpfs -o ro,mode=700 tmpfs readonly && exec '$IMIP' apply --policy alice/policy.toml --state alice/state --store readonly two.eml" >out 2>err || got=$?
  case $got in 73 | 77) one_line ;; *) cat out err >&2; fail "a read-only store: exit $got" ;; esac
  got=0
  $alone sh -c "mount -t tmpfs -o size=64k,mode=700 tmpfs tiny && { head -c 70000 /dev/zero >tiny/fill 2>/dev/null || true; }
    apply() { '$IMIP' apply --policy alice/policy.toml --state alice/state2 --store tiny two.eml; }
    apply 2>err-full && exit 90
    echo \$? >code-full
    rm tiny/fill
    apply && grep -q UID:m2 tiny/*.ics" >out 2>err || got=$?
  [ "$got" -eq 0 ] || { cat out err err-full >&2; fail "what a full store kept out does not come in later: $got"; }
  says added
  case $(cat code-full) in 73 | 74) ;; *) cat err-full >&2; fail "a full store: exit $(cat code-full)" ;; esac
  [ "$(wc -l <err-full)" -eq 1 ] || { cat err-full >&2; fail "not one line on standard error"; }
else
  chmod 500 readonly
  got=0
  as alice apply --store readonly two.eml >out 2>err || got=$?
  case $got in 73 | 77) one_line ;; *) fail "a read-only store: exit $got" ;; esac
fi
unharmed

# A run that is killed between the facts and the file: the next one puts the file there.
mkdir killed
got=0
strace -f -o /dev/null -e trace=/^rename -e inject=/^rename:signal=SIGKILL \
  "$IMIP" apply --policy alice/policy.toml --state alice/state3 --store killed two.eml >out 2>err || got=$?
[ "$got" -ge 128 ] || { cat out err >&2; fail "the run was not killed: exit $got"; }
[ -z "$(find killed -name '*.ics')" ] || fail "the file was written all the same"
expect 0 imip apply --policy alice/policy.toml --state alice/state3 --store killed two.eml
says added
[ -f killed/m2.ics ] || fail "the event never arrived"
# The same for an update of a file that is there.
imip build request --organizer boss@example.com --attendee alice@example.com --uid m2 --sequence 1 --summary Later \
  --start 2027-03-02T11:00:00Z --duration PT1H --now 2026-11-20T00:00:01Z | imip sign --identity keys/boss.pem >later.eml
strace -f -o /dev/null -e trace=/^rename -e inject=/^rename:signal=SIGKILL \
  "$IMIP" apply --policy alice/policy.toml --state alice/state3 --store killed later.eml >out 2>err || true
if grep -q Later killed/m2.ics; then fail "the file was written all the same"; fi
expect 0 imip apply --policy alice/policy.toml --state alice/state3 --store killed later.eml
grep -q Later killed/m2.ics || fail "the update never arrived"
# And a file that its owner deleted stays deleted.
rm killed/m2.ics
expect 0 imip apply --policy alice/policy.toml --state alice/state3 --store killed later.eml
[ ! -f killed/m2.ics ] || fail "a deleted event came back"

# Looking writes nothing, and --state none names no folder.
expect 0 imip verify --policy alice/policy.toml --state not-there good.eml
expect 0 imip verify --policy alice/policy.toml --state none good.eml
expect 0 imip apply --dry-run --policy alice/policy.toml --state none --stateless good.eml
says 'without state'
{ [ ! -e not-there ] && [ ! -e none ]; } || fail "a command that only looks made a state folder"
unharmed

# Attendees of all calendars of a mail together, each counted before it costs anything.
crowds() { # COUNT: of each of two calendars
  awk -v count="$1" 'BEGIN {
    print "From: boss@example.com\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n"
    for (part = 1; part <= 2; ++part) {
      print "--b\nContent-Type: text/calendar; method=REQUEST\n\nBEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//x//x//EN"
      print "METHOD:REQUEST\nBEGIN:VEVENT\nUID:crowd" part "\nDTSTAMP:20261120T000000Z\nDTSTART:20270301T100000Z"
      print "ORGANIZER:mailto:boss@example.com"
      for (n = 0; n < count; ++n) print "ATTENDEE:mailto:a" n "@example.com"
      print "END:VEVENT\nEND:VCALENDAR"
    }
    print "--b--"
  }'
}
crowds 20000 >crowds.eml
expect 1 as alice verify crowds.eml
if grep -q limit-exceeded out; then fail "40,000 attendees are too many"; fi
crowds 20001 >crowds.eml
expect 1 as alice verify crowds.eml
says 'the calendars of this mail have more than 40000 attendees'
unharmed

# State that is damaged: try again later, nothing changed.
cp -r alice/state keep
for file in alice/state/*.sqlite alice/state/*.db; do
  if [ -f "$file" ]; then head -c 8192 /dev/urandom >"$file"; fi
done
rm -f alice/state/*-wal alice/state/*-shm
bad 75 as alice apply two.eml
rm -rf alice/state
mv keep alice/state
expect 0 as alice apply two.eml
says added

echo "bad_input_test: $checks checks"
