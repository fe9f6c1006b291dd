#!/bin/sh
# imip apply, vdirsyncer and khal at the same time in the same calendar: each event and each edit is there in the end, on
# both sides of the synchronisation.
set -eu
# shellcheck source=cli/test_lib.sh
. "$(dirname "$0")/test_lib.sh"
NOW=2026-11-30T12:00:00Z
COUNT=12
CHILDREN=
trap 'for p in $CHILDREN; do kill "$p" 2>/dev/null || true; done; rm -rf "$WORLD"' EXIT

"$KEYS" keys boss alice >/dev/null || fail "keys"
person alice
mkdir far
cat >khal.conf <<CONF
[calendars]
[[cal]]
path = $WORLD/alice/calendar
[sqlite]
path = $WORLD/khal.db
[locale]
local_timezone = UTC
default_timezone = UTC
timeformat = %H:%M
dateformat = %Y-%m-%d
longdateformat = %Y-%m-%d
datetimeformat = %Y-%m-%d %H:%M
longdatetimeformat = %Y-%m-%d %H:%M
CONF
cat >sync.conf <<CONF
[general]
status_path = "$WORLD/status"
[pair p]
a = "near"
b = "far"
collections = null
[storage near]
type = "filesystem"
path = "$WORLD/alice/calendar"
fileext = ".ics"
[storage far]
type = "filesystem"
path = "$WORLD/far"
fileext = ".ics"
CONF
sync() { vdirsyncer -c sync.conf sync >sync.log 2>&1; }

# event UID SEQUENCE HOUR SUMMARY
event() {
  printf 'BEGIN:VEVENT\nUID:%s\nSEQUENCE:%s\nDTSTAMP:2026110%sT080000Z\nORGANIZER:mailto:boss@example.com\n' "$1" "$2" "$(($2 + 1))"
  printf 'ATTENDEE:mailto:alice@example.com\nDTSTART:20270104T%s0000Z\nDTEND:20270104T%s3000Z\nSUMMARY:%s\nEND:VEVENT\n' "$3" "$3" "$4"
}
# mail NAME: standard input holds the components
mail() {
  { printf 'From: boss@example.com\nTo: alice@example.com\nSubject: calendar\nMessage-ID: <%s@example.com>\n' "$1"
    printf 'MIME-Version: 1.0\nContent-Type: text/calendar; method=REQUEST; charset=utf-8\n\n'
    printf 'BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//test//test//EN\nMETHOD:REQUEST\n'
    cat
    printf 'END:VCALENDAR\n'; } >plain.eml
  imip sign --identity keys/boss.pem plain.eml >"$1.eml"
}
i=0
while [ $i -lt $COUNT ]; do
  event "m$i" 0 10 "Mail $i" | mail "add$i"
  event "m$i" 1 11 "Moved $i" | mail "move$i"
  i=$((i + 1))
done
event old 0 09 Old | mail old
expect 0 as alice apply --now $NOW old.eml
yes | vdirsyncer -c sync.conf discover >sync.log 2>&1 || { cat sync.log >&2; fail "discover"; }
sync || { cat sync.log >&2; fail "the first synchronisation"; }

# ---- all at once ----------------------------------------------------------------------------------------
# The mail filter: an event, and its update. A conflict is tried again by apply, and then is 75, as a mail server wants it.
(
  i=0
  while [ $i -lt $COUNT ]; do
    for m in add move; do
      tries=0
      until as alice apply --now $NOW "$m$i.eml" >>apply.log 2>&1; do
        code=$?
        tries=$((tries + 1))
        if [ $code -ne 75 ] || [ $tries -eq 50 ]; then
          echo "$m$i: exit $code" >>apply.failed
          break
        fi
      done
    done
    i=$((i + 1))
  done
) &
CHILDREN="$CHILDREN $!" filter=$!
# A person with khal: new events, and imported ones.
(
  for i in 1 2 3 4; do
    khal -c khal.conf new -a cal "2027-01-05 0$i:00" "2027-01-05 0$i:30" "Lunch $i" >>khal.log 2>&1 || echo "new $i" >>khal.failed
    { printf 'BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//x//y//EN\nBEGIN:VEVENT\nUID:import%s\nDTSTAMP:20260101T000000Z\n' $i
      printf 'DTSTART:20270106T100000Z\nDTEND:20270106T110000Z\nSUMMARY:Import %s\nEND:VEVENT\nEND:VCALENDAR\n' $i; } >import$i.ics
    khal -c khal.conf import --batch -a cal import$i.ics >>khal.log 2>&1 || echo "import $i" >>khal.failed
  done
) &
CHILDREN="$CHILDREN $!" person=$!
# Another machine: writes into the far side, as programs do (a new file, then rename), and edits what came from here.
(
  for i in 1 2 3 4 5 6; do
    { printf 'BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//x//y//EN\nBEGIN:VEVENT\nUID:far%s\nDTSTAMP:20260101T000000Z\n' $i
      printf 'DTSTART:20270107T100000Z\nDTEND:20270107T110000Z\nSUMMARY:Far %s\nEND:VEVENT\nEND:VCALENDAR\n' $i; } >far/.far$i.part
    mv far/.far$i.part far/far$i.ics
    sleep 0.4
  done
  sed 's/^SUMMARY:Old.*/&\r\nCATEGORIES:edited\r/; s/\r\r/\r/' far/old.ics >far/.old.part
  mv far/.old.part far/old.ics
) &
CHILDREN="$CHILDREN $!" machine=$!
(
  # vdirsyncer stops at an item that changed while it looked, and goes on the next time
  while [ ! -e stop ]; do sync || true; done
) &
CHILDREN="$CHILDREN $!" syncer=$!

for p in $filter $person $machine; do wait "$p"; done
touch stop
wait $syncer
CHILDREN=
[ ! -e apply.failed ] || { cat apply.failed apply.log >&2; fail "imip apply"; }
[ ! -e khal.failed ] || { cat khal.failed khal.log >&2; fail "khal"; }
for _ in 1 2 3; do sync && break; done
sync || { cat sync.log >&2; fail "the last synchronisation"; }
grep -q -i conflict sync.log && { cat sync.log >&2; fail "a conflict"; }

# ---- nothing is lost --------------------------------------------------------------------------------------
/usr/bin/python3 - alice/calendar far $COUNT <<'PY'
import icalendar, os, sys
count = int(sys.argv[3])
sides = []
for folder in sys.argv[1:3]:
    events = {}
    for name in os.listdir(folder):
        if not name.endswith('.ics') or name.startswith('.'):
            continue
        for event in icalendar.Calendar.from_ical(open(os.path.join(folder, name), 'rb').read()).walk('VEVENT'):
            uid = str(event['UID'])
            assert uid not in events, (folder, uid, 'twice')
            events[uid] = event
    sides.append(events)
for folder, events in zip(sys.argv[1:3], sides):
    titles = sorted(str(e['SUMMARY']) for e in events.values())
    wanted = sorted(['Old'] + ['Moved %d' % i for i in range(count)] + ['Lunch %d' % i for i in range(1, 5)] +
                    ['Import %d' % i for i in range(1, 5)] + ['Far %d' % i for i in range(1, 7)])
    assert titles == wanted, (folder, titles)
    for i in range(count):
        assert events['m%d' % i]['DTSTART'].dt.hour == 11, (folder, i)
    assert 'edited' in events['old'].to_ical().decode(), folder
assert sorted(sides[0]) == sorted(sides[1])
PY
[ -z "$(find alice/calendar -name '.*.tmp')" ] || fail "something was left behind"
# and imip still knows what it wrote: the far edit is the owner's, and stays over an update
event old 1 12 New | mail new
expect 0 as alice apply --now $NOW new.eml
says updated
grep -q '^CATEGORIES:edited' alice/calendar/old.ics || fail "the edit went"
khal -c khal.conf list --format '{title}' 2027-01-04 2027-01-08 >listed
grep -q 'Far 6' listed || fail "khal does not list what came from far"

# shellcheck disable=SC2154 # test_lib.sh counts
echo "$checks checks"
