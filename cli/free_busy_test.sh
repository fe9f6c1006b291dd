#!/bin/sh
# Busy time (VFREEBUSY), signed, through verify, show, apply and reply: who may ask, what is answered from a calendar of
# mixed zones, and what is kept of others. python3-icalendar reads the answer, and a plain expansion of all events by
# python3-dateutil says what should be in it.
set -eu
# shellcheck source=cli/test_lib.sh
. "$(dirname "$0")/test_lib.sh"
NOW=2026-11-30T12:00:00Z

"$KEYS" keys boss alice bob mallory >/dev/null || fail "keys"
for name in boss alice bob; do person $name; done
sed -i 's/^\[store\]/timezone = "Europe\/Berlin"\n[store]/' alice/policy.toml

# ---- alice's calendar, and what it comes to ------------------------------------------------------------------------
cat >expansion.py <<'PY'
import datetime as dt, json, sys
from zoneinfo import ZoneInfo
from dateutil.rrule import rrulestr
UTC, HOME = dt.timezone.utc, ZoneInfo("Europe/Berlin")
# uid, zone ("" floating, None a day), start, end, rule, further lines; what it is to others
def mine(partstat): return "ORGANIZER:mailto:boss@example.com\nATTENDEE;PARTSTAT=%s:mailto:alice@example.com" % partstat
EVENTS = [
 ("berlin", "Europe/Berlin", "20261001T100000", "20261001T113000", "FREQ=WEEKLY;BYDAY=MO,TH", "", "BUSY"),
 ("york", "America/New_York", "20261005T083000", "20261005T091500", "FREQ=DAILY;INTERVAL=3", mine("ACCEPTED"), "BUSY"),
 ("kolkata", "Asia/Kolkata", "20261210T230000", "20261211T010000", "FREQ=MONTHLY;COUNT=4", mine("TENTATIVE"), "BUSY-TENTATIVE"),
 ("open", "Europe/Berlin", "20261015T150000", "20261015T160000", "FREQ=WEEKLY", mine("NEEDS-ACTION"), "BUSY-TENTATIVE"),
 ("plan", "UTC", "20261216T120000", "20261216T180000", "", "STATUS:TENTATIVE", "BUSY-TENTATIVE"),
 ("float", "", "20261220T070000", "20261220T073000", "FREQ=DAILY;COUNT=5", "", "BUSY"),
 ("day", None, "20261224", "20261227", "", "", "BUSY"),
 ("free", "UTC", "20261201T000000", "20261230T000000", "", "TRANSP:TRANSPARENT", ""),
 ("off", "UTC", "20261201T000000", "20261230T000000", "", "STATUS:CANCELLED", ""),
 ("no", "UTC", "20261201T000000", "20261230T000000", "FREQ=DAILY", mine("DECLINED"), ""),
]
def prop(name, zone, value):
    if zone is None: return "%s;VALUE=DATE:%s" % (name, value)
    if zone == "UTC": return "%s:%sZ" % (name, value)
    return "%s%s:%s" % (name, ";TZID=" + zone if zone else "", value)
def write(folder):
    for uid, zone, start, end, rule, extra, _ in EVENTS:
        lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//test//test//EN", "BEGIN:VEVENT", "UID:" + uid,
                 "DTSTAMP:20261001T000000Z", "SUMMARY:Secret " + uid, prop("DTSTART", zone, start), prop("DTEND", zone, end)]
        if rule: lines.append("RRULE:" + rule)
        if uid == "berlin": lines.append("EXDATE;TZID=Europe/Berlin:20261207T100000")
        lines += extra.split("\n") if extra else []
        lines.append("END:VEVENT")
        if uid == "berlin":
            lines += ["BEGIN:VEVENT", "UID:berlin", "DTSTAMP:20261001T000000Z", "SUMMARY:Secret moved",
                      "RECURRENCE-ID;TZID=Europe/Berlin:20261210T100000", "DTSTART;TZID=Europe/Berlin:20261211T200000",
                      "DTEND;TZID=Europe/Berlin:20261211T210000", "STATUS:TENTATIVE", "END:VEVENT"]
        open("%s/x-%s.ics" % (folder, uid), "w", newline="").write("\r\n".join(lines + ["END:VCALENDAR", ""]))
def naive():
    """Every minute of the window: what it is."""
    first, last = dt.datetime(2026, 12, 1, tzinfo=UTC), dt.datetime(2027, 1, 1, tzinfo=UTC)
    minutes = {}
    def put(start, end, kind):
        at = max(start.astimezone(UTC), first)
        while at < min(end.astimezone(UTC), last):
            if minutes.get(at) != "BUSY": minutes[at] = kind
            at += dt.timedelta(minutes=1)
    for uid, zone, start, end, rule, _, kind in EVENTS:
        if not kind: continue
        form = "%Y%m%d" if zone is None else "%Y%m%dT%H%M%S"
        begin, stop = dt.datetime.strptime(start, form), dt.datetime.strptime(end, form)
        tz = ZoneInfo(zone) if zone else HOME
        walls = rrulestr(rule, dtstart=begin).between(dt.datetime(2026, 11, 1), dt.datetime(2027, 2, 1)) if rule else [begin]
        for wall in walls:
            if uid == "berlin" and wall in (dt.datetime(2026, 12, 7, 10), dt.datetime(2026, 12, 10, 10)): continue
            put(wall.replace(tzinfo=tz), (wall + (stop - begin)).replace(tzinfo=tz), kind)
    put(dt.datetime(2026, 12, 11, 20, tzinfo=HOME), dt.datetime(2026, 12, 11, 21, tzinfo=HOME), "BUSY-TENTATIVE")
    return minutes
def answered(calendar):
    """The same, as python3-icalendar reads the answer."""
    from icalendar import Calendar
    (part,) = Calendar.from_ical(calendar).walk("VFREEBUSY")
    minutes, last = {}, None
    periods = part.get("FREEBUSY", [])
    for p in periods if isinstance(periods, list) else [periods]:
        assert p.start.tzinfo is not None and p.start.utcoffset() == dt.timedelta(0), p.start
        assert last is None or last <= p.start, "not sorted, or not merged"
        last = p.end
        at = p.start
        while at < p.end:
            minutes[at.astimezone(UTC)] = p.params["FBTYPE"]
            at += dt.timedelta(minutes=1)
    assert "SEQUENCE" not in part and "SUMMARY" not in part and b"Secret" not in calendar.encode(), calendar
    return minutes
if sys.argv[1] == "write": write(sys.argv[2])
else:
    want, got = naive(), answered(json.load(open("out"))["offers"][0]["calendar"] if sys.argv[1] == "offer" else sys.stdin.read())
    assert want, "nothing to compare"
    wrong = sorted(set(want.items()) ^ set(got.items()))
    assert not wrong, wrong[:5]
PY
/usr/bin/python3 expansion.py write alice/calendar

# mail METHOD SIGNER LINE...: one VFREEBUSY
mail() {
  method=$1 signer=$2
  shift 2
  { printf 'From: %s@example.com\nTo: all@example.com\nSubject: calendar\nMIME-Version: 1.0\n' "$signer"
    printf 'Content-Type: text/calendar; method=%s; charset=utf-8\n\n' "$method"
    printf 'BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//test//test//EN\nMETHOD:%s\nBEGIN:VFREEBUSY\n' "$method"
    printf 'DTSTAMP:20261130T080000Z\n'
    printf '%s\n' "$@"
    printf 'END:VFREEBUSY\nEND:VCALENDAR\n'; } >plain.eml
  imip sign --identity "keys/$signer.pem" plain.eml
}
DECEMBER='DTSTART:20261201T000000Z
DTEND:20270101T000000Z'
ASKS='ORGANIZER:mailto:boss@example.com
ATTENDEE:mailto:alice@example.com'
calendar() { sums alice/calendar; }
untouched=$(calendar)

# ---- the question: by default a question to alice, too --------------------------------------------------------------
expect 0 as boss build request --component vfreebusy --organizer boss@example.com --attendee alice@example.com \
  --attendee bob@example.com --start 2026-12-01T00:00:00Z --end 2027-01-01T00:00:00Z --uid ask-1 --now $NOW --store boss/calendar
cp out question.eml
expect 0 imip sign --identity keys/boss.pem question.eml
cp out question-signed.eml
[ -z "$(ls boss/calendar)" ] || fail "a question is in the calendar"
expect 2 as alice verify --now $NOW question-signed.eml
says 'answer-wanted: boss@example.com asks when you are busy'
says 'imip policy allow boss@example.com --free-busy'
expect 2 as alice apply --now $NOW question-signed.eml
expect 0 as alice apply --json --now $NOW --yes=answer-wanted question-signed.eml
/usr/bin/python3 expansion.py offer || fail "another answer than the calendar gives"
checks=$((checks + 1))
expect 1 as alice apply --now $NOW question.eml
says unsigned

# Whom the policy lets ask gets the answer without a question.
expect 0 imip policy allow boss@example.com --free-busy --policy alice/policy.toml
grep -q '^free-busy = true' alice/policy.toml || fail "no entry"
expect 0 as alice show --now $NOW question-signed.eml
says 'Question for busy time'
says 'may send    reply to boss@example.com'
expect 0 as alice apply --json --now $NOW question-signed.eml
/usr/bin/python3 expansion.py offer || fail "another answer than the calendar gives"
[ "$(calendar)" = "$untouched" ] || fail "a question changed the calendar"

# ---- the answer -------------------------------------------------------------------------------------------------------
expect 0 as alice reply accept --sign --identity keys/alice.pem --now $NOW question-signed.eml
cp out answer.eml
grep -q 'Secret' answer.eml && fail "a title leaks"
expect 0 as alice reply accept --now $NOW question-signed.eml
cp out plain-answer.eml
/usr/bin/python3 -c 'import email, sys; m = email.message_from_file(open("plain-answer.eml"))
p, = [p for p in m.walk() if p.get_content_type() == "text/calendar"]
assert p.get_param("method") == "REPLY" and p.get_param("component") == "VFREEBUSY", p["Content-Type"]
sys.stdout.write(p.get_payload(decode=True).decode())' | /usr/bin/python3 expansion.py answer || fail "the mail holds another answer"
expect 0 imip lint plain-answer.eml
expect 0 as boss apply --now 2026-11-30T13:00:00Z answer.eml
says answered
expect 0 as boss apply --now 2026-11-30T13:00:00Z answer.eml
says duplicate
expect 0 as boss show --now 2026-11-30T13:00:00Z answer.eml
says 'busy        2026-12-01'
says '(tentative)'
[ -z "$(ls boss/calendar)" ] || fail "an answer is in the calendar"
# Who asked nothing is not answered; who was not asked does not answer; and nobody answers for another.
expect 1 as bob apply --now 2026-11-30T13:00:00Z answer.eml
says organizer-mismatch
mail REPLY mallory UID:ask-1 'ORGANIZER:mailto:boss@example.com' ATTENDEE:mailto:mallory@example.com "$DECEMBER" >crash.eml
expect 2 as boss apply --now $NOW crash.eml
says party-crasher
mail REPLY mallory UID:ask-1 'ORGANIZER:mailto:boss@example.com' ATTENDEE:mailto:alice@example.com "$DECEMBER" >forged.eml
expect 1 as boss apply --now $NOW forged.eml
mail REPLY bob UID:ask-2 'ORGANIZER:mailto:boss@example.com' ATTENDEE:mailto:bob@example.com "$DECEMBER" >unasked.eml
expect 2 as boss apply --now $NOW unasked.eml
says reply-unbound

expect 0 as alice reply decline --comment 'not this month' --now $NOW question-signed.eml
/usr/bin/python3 -c 'import email; m = email.message_from_file(open("out"))
print(*[p.get_payload(decode=True).decode() for p in m.walk() if p.get_content_type() == "text/calendar"])' >declined.ics
grep -q '^REQUEST-STATUS:3.8;No authority' declined.ics || fail "no status"
grep -q FREEBUSY: declined.ics && fail "declined, and told"
expect 1 as alice reply tentative --now $NOW question-signed.eml
says 'answered as a whole'
one_line
expect 1 as alice reply accept --no-store --now $NOW question-signed.eml
says 'busy time is told from the calendar'

# ---- what has not been answered, as the policy says ----------------------------------------------------------------------
sed -i 's/^\[store\]/[store]\nunanswered = "free"/' alice/policy.toml
expect 0 as alice apply --json --now $NOW question-signed.eml
/usr/bin/python3 expansion.py offer 2>/dev/null && fail "unanswered = free changes nothing"
sed -i 's/^unanswered.*/unanswered = "sometimes"/' alice/policy.toml
expect 78 as alice apply --now $NOW question-signed.eml
one_line
sed -i '/^unanswered/d' alice/policy.toml

# ---- published ----------------------------------------------------------------------------------------------------------
mail PUBLISH boss UID:busy-1 ORGANIZER:mailto:boss@example.com "$DECEMBER" \
  'FREEBUSY;FBTYPE=BUSY-UNAVAILABLE:20261224T000000Z/P2D' FREEBUSY:20261201T100000Z/PT1H >publish.eml
expect 0 as alice apply --now $NOW publish.eml
says added
expect 0 as alice apply --now $NOW publish.eml
says duplicate
expect 0 as alice show --now $NOW publish.eml
says '2026-12-01 11:00-12:00 Europe/Berlin'
says '(unavailable)'
expect 2 as bob apply --now $NOW publish.eml
says 'publishes busy time'
[ "$(calendar)" = "$untouched" ] || fail "published busy time changed the calendar"
expect 0 as alice verify --json --now $NOW publish.eml
digest=$(sed -n 's/.*"part_sha256": *"\([0-9a-f]*\)".*/\1/p' out)
expect 0 as alice retract --now $NOW --digest "$digest"
expect 0 as alice apply --now $NOW --yes=deleted-by-owner publish.eml
says added

# ---- bad input -----------------------------------------------------------------------------------------------------------
# bad TEXT LINE...: refused with a reason
bad() {
  text=$1
  shift
  mail REQUEST boss UID:bad "$ASKS" "$@" >bad.eml
  expect 1 as alice apply --now $NOW bad.eml
  says "$text"
}
bad 'no-start: the VFREEBUSY of a REQUEST has no DTSTART' DTEND:20270101T000000Z
bad 'no-start: the VFREEBUSY of a REQUEST has no DTEND' DTSTART:20270101T000000Z
bad end-before-start DTSTART:20270101T000000Z DTEND:20261201T000000Z
bad bad-calendar "$DECEMBER" 'FREEBUSY:20261201T100000Z/yesterday'
# A thousand years: a year from now on, and the answer says which.
mail REQUEST boss UID:ages "$ASKS" DTSTART:20000101T000000Z DTEND:30000101T000000Z >ages.eml
expect 0 as alice apply --json --now $NOW ages.eml
grep -q 'DTSTART:20261130T120000Z' out || fail "another window"
grep -q 'DTEND:20271201T120000Z' out || fail "another window"
# A hundred thousand periods in no order.
/usr/bin/python3 -c 'for i in range(1000): print("FREEBUSY:" + ",".join("202612%02dT%02d%02d%02dZ/PT1S" % (1 + (i * 7 + j) % 28, (j * 5) % 24, j % 60, i % 60) for j in range(100)))' >periods
mail PUBLISH boss UID:many ORGANIZER:mailto:boss@example.com "$DECEMBER" "$(cat periods)" >many.eml
expect 0 as alice apply --now $NOW many.eml
says added
expect 0 as alice show --now $NOW many.eml
says ' more'
# What cannot be read is not free.
printf 'BEGIN:VCALENDAR\nBEGIN:VEVENT\n' >alice/calendar/broken.ics
expect 0 as alice apply --json --now $NOW question-signed.eml
says '"offers":[]'
says 'no answer can be made: the busy time cannot be told: 1 file of the calendar cannot be read'
expect 75 as alice reply accept --now $NOW question-signed.eml
one_line

echo "ok: $checks checks"
