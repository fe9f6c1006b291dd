"""Calendars of eight megabytes in mails of ten: what iCalendar and iTIP can hold many of. calendars() yields
(name, mail)."""

from large_mails import SIZE, lines, padded
from mail import ALICE, calendar, event, ics, message, multipart
import smime

CALENDAR = 8_000_000  # limits.hpp: calendar_bytes is 8 MiB


def ical(more=(), size_lines=b"", method="REQUEST", **options):
    content = ics(method, more=[*more, "@@"], **options).replace(b"@@\r\n", size_lines)
    return padded(calendar(content, method=method))


def numbered(line, count):
    return b"".join(line % n for n in range(count))


def hour(n):
    """Of 8064 a year, all different."""
    return f"{2031 + n // 8064}{n // 672 % 12 + 1:02}{n // 24 % 28 + 1:02}T{n % 24:02}0000"


def days(count):
    return b",".join(hour(n).encode() + b"Z" for n in range(count))


def contents():
    yield "one line", ical(size_lines=b"X-A:" + b"x" * CALENDAR + b"\r\n")
    yield "one folded line", ical(size_lines=b"X-A:\r\n" + lines(b" x\r\n", CALENDAR))
    yield "bad lines", ical(size_lines=lines(b"bad line\r\n", CALENDAR))
    yield "properties", ical(size_lines=lines(b"X-A:b\r\n", CALENDAR))
    yield "190,000 properties", ical(size_lines=b"X-A:b\r\n" * 190_000)
    yield "attendees", ical(size_lines=b"".join(
        b"ATTENDEE;PARTSTAT=ACCEPTED:mailto:a%d@example.com\r\n" % n for n in range(150_000)))
    yield "attendees with proxies", ical(size_lines=b"".join(
        b'ATTENDEE;SENT-BY="mailto:b@example.com":mailto:a%d@example.com\r\n' % n for n in range(100_000)))
    yield "exceptions", ical(size_lines=b"RRULE:FREQ=DAILY\r\nEXDATE:" + b",".join(
        b"2031%02d%02dT100000Z" % (n % 12 + 1, n % 28 + 1) for n in range(60_000)) + b"\r\n")
    yield "exceptions, many lines", ical(["RRULE:FREQ=DAILY"], size_lines=lines(b"EXDATE:20310101T100000Z\r\n", 4_000_000))
    yield "nested components", ical(size_lines=lines(b"BEGIN:X\r\n", CALENDAR))
    yield "components", padded(calendar(ics("REQUEST", *[
        event(uid=f"{n}", attendees=()) for n in range(9_999)])))
    series = [event(more=["RRULE:FREQ=DAILY"])] + [
        event(more=[f"RECURRENCE-ID:{hour(n)}Z"]) for n in range(9_000)]
    yield "exceptions of a series", padded(calendar(ics("REQUEST", *series)))
    yield "parameters", ical(size_lines=lines(b"X-A" + b";X-B=c" * 90 + b":d\r\n", CALENDAR))
    yield "long parameters", ical(size_lines=b"X-A;X-B=" + lines(b"a,", 900_000) + b":d\r\n")
    zone = [b"BEGIN:VTIMEZONE", b"TZID:Z", *[
        line for n in range(40_000) for line in (b"BEGIN:STANDARD", b"DTSTART:19700101T000000",
                                                  b"TZOFFSETFROM:+0100", b"TZOFFSETTO:+0200", b"END:STANDARD")],
            b"END:VTIMEZONE"]
    content = ics("REQUEST").replace(b"BEGIN:VEVENT\r\n", b"\r\n".join(zone[:5 * 9_000 + 2] + zone[-1:])
                                     + b"\r\nBEGIN:VEVENT\r\n").replace(b"DTSTART:2031", b"DTSTART;TZID=Z:2031")
    yield "time zone", padded(calendar(content.replace(b"T100000Z", b"T100000")))
    for rule in ("FREQ=SECONDLY", "FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
                 "FREQ=DAILY;BYDAY=MO;BYMONTHDAY=13;BYMONTH=2;BYSETPOS=7", "FREQ=MINUTELY;BYHOUR=25",
                 "FREQ=YEARLY;INTERVAL=99999;BYWEEKNO=53;BYDAY=SU", "FREQ=SECONDLY;INTERVAL=7;BYYEARDAY=366"):
        yield f"rule {rule}", ical([f"RRULE:{rule}"])



def people():
    yield "39,000 attendees", ical(size_lines=numbered(
        b"ATTENDEE;CN=\"Attendee %d\";ROLE=REQ-PARTICIPANT;PARTSTAT=ACCEPTED;RSVP=TRUE:mailto:a@example.com\r\n", 39_000))
    yield "different attendees", ical(size_lines=numbered(
        b"ATTENDEE;PARTSTAT=ACCEPTED;X-A=" + b"x" * 90 + b":mailto:a%d@example.com\r\n", 39_000))
    yield "bad attendees", ical(size_lines=numbered(b"ATTENDEE;RSVP=YES:%d\r\n", 39_000))
    chain = (b"ATTENDEE;PARTSTAT=DELEGATED;DELEGATED-TO=\"mailto:a%d@example.com\";DELEGATED-FROM=\"mailto:a%d@example.com\""
             b":mailto:a%d@example.com\r\n")
    yield "a chain of delegates", ical(size_lines=b"".join(chain % (n + 1, n - 1, n) for n in range(39_000)))
    yield "delegates in circles", ical(size_lines=b"".join(chain % (n ^ 1, n ^ 1, n) for n in range(39_000)))
    to = b",".join(b'"mailto:a%d@example.com"' % n for n in range(35_000))
    yield "one delegates to many", ical(size_lines=(b"ATTENDEE;DELEGATED-TO=" + to + b":mailto:b%d@example.com\r\n") % 0)
    members = b"ATTENDEE;MEMBER=" + b",".join([b'"mailto:a@example.com"'] * 30_000) + b":mailto:b@example.com\r\n"
    yield "members", ical(size_lines=members * 6)
    yield "a reply with statuses", ical(size_lines=lines("REQUEST-STATUS:3.1;Invalid;DTSTART\r\n", 6_000_000), method="REPLY")
    yield "a reply with comments", ical(size_lines=lines("COMMENT:" + "no" * 50 + "\r\n", CALENDAR), method="REPLY")
    yield "a reply of many", ical(size_lines=numbered(
        b"ATTENDEE;PARTSTAT=DECLINED:mailto:a%d@example.com\r\n", 39_000), method="REPLY")
    yield "a counter with guests", ical(size_lines=numbered(
        b"ATTENDEE:mailto:a%d@example.com\r\n", 39_000), method="COUNTER", uid="mine", organizer=ALICE)


def lists():
    for name in (b"CATEGORIES", b"RESOURCES"):
        yield f"{name.decode()} of many", ical(size_lines=name + b":" + b",".join([b"a"] * 99_000) + b"\r\n")
        yield f"{name.decode()} with parameters", ical(
            size_lines=name + b";X-A=" + b"x" * 700_000 + b":" + b",".join([b"a"] * 99_000) + b"\r\n")
    yield "RDATE of many", ical(["RRULE:FREQ=YEARLY"], size_lines=b"RDATE:" + days(55_000) + b"\r\n")
    yield "RDATEs", ical(["RRULE:FREQ=YEARLY"], size_lines=lines("RDATE:20310102T100000Z\r\n", 4_000_000))
    yield "comments", ical(size_lines=lines("COMMENT:x\r\n", 2_000_000))
    yield "attachments", ical(size_lines=lines("ATTACH;VALUE=BINARY;ENCODING=BASE64:" + "QUJD" * 20_000 + "\r\n", CALENDAR))
    yield "different properties", ical(size_lines=numbered(b"X-A%d:" + b"x" * 26 + b"\r\n", 190_000))
    yield "alarms", ical(size_lines=lines(
        "BEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER:-PT5M\r\nDESCRIPTION:x\r\nEND:VALARM\r\n", 800_000))
    yield "alarms of much", ical(size_lines=lines(
        "BEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER:-PT5M\r\nDESCRIPTION:" + "x" * 900 + "\r\nEND:VALARM\r\n", CALENDAR))
    yield "parameters of values", ical(size_lines=lines(b"X-A;X-B=" + b",".join([b"a"] * 30_000) + b":d\r\n", CALENDAR))
    yield "rules", ical(size_lines=lines("RRULE:FREQ=DAILY;BYSECOND=" + ",".join(map(str, range(60))) + "\r\n", CALENDAR))
    yield "a long rule", ical(["RRULE:FREQ=YEARLY;BYYEARDAY=" + ",".join(["1"] * 400_000)])


def instances():
    many = [[line for line in event(start=f"{hour(n)}Z", more=[
        f"RECURRENCE-ID:{hour(n)}Z"])] for n in range(8_000)]
    series = event(more=["RRULE:FREQ=HOURLY"])
    yield "cancelled instances", padded(calendar(ics("CANCEL", *many), method="CANCEL"))
    yield "answered instances", padded(calendar(ics("REPLY", *many), method="REPLY"))
    yield "added instances", padded(calendar(ics("ADD", *many), method="ADD"))
    ranges = [[line.replace("RECURRENCE-ID:", "RECURRENCE-ID;RANGE=THISANDFUTURE:") for line in one] for one in many]
    yield "ranges of a series", padded(calendar(ics("REQUEST", series, *ranges)))
    yield "ranges cancelled", padded(calendar(ics("CANCEL", *ranges), method="CANCEL"))
    crowd = event(more=["RRULE:FREQ=HOURLY"], attendees=[f"mailto:a{n}@example.com" for n in range(20_000)])
    lonely = [[line for line in one if not line.startswith("ATTENDEE")] for one in many]
    yield "a crowd in all instances", padded(calendar(ics("REQUEST", crowd, *lonely)))
    yield "published events", padded(calendar(ics("PUBLISH", *[
        event(uid=f"{n}@x", attendees=(), more=["X-A:" + "x" * 15_000]) for n in range(490)]), method="PUBLISH"))
    yield "published with shared properties", padded(calendar(ics(
        "PUBLISH", *[event(uid=f"{n}@x", attendees=()) for n in range(490)], before=["X-A:" + "x" * 5_000] * 1_400), method="PUBLISH"))


def zone(tzid, more=(), observances=1):
    out = ["BEGIN:VTIMEZONE", f"TZID:{tzid}", *more]
    for n in range(observances):
        out += ["BEGIN:STANDARD", f"DTSTART:19{n % 90 + 10}0101T000000", "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU",
                f"TZOFFSETFROM:+0{n % 9}00", "TZOFFSETTO:+0200", "END:STANDARD"]
    return "\r\n".join([*out, "END:VTIMEZONE"])


def zones():
    def mail(definition, *components, method="REQUEST"):
        content = ics(method, *components, before=[definition]).replace(b"DTSTART:2031", b"DTSTART;TZID=Z:2031")
        return padded(calendar(content.replace(b"T100000Z", b"T100000"), method=method))

    yield "a zone of rules", mail(zone("Z", observances=9_000))
    yield "thousands of zones", mail("\r\n".join(zone(f"Z{n}") for n in range(4_900)) + "\r\n" + zone("Z"))
    large = zone("Z", more=["X-A:" + "x" * 60_000] * 15)
    yield "a large zone for each override", mail(large, *[event(more=[
        f"RECURRENCE-ID;TZID=Z:{hour(n)}"]) for n in range(9_000)])
    yield "a large zone for each UID", mail(large, *[
        event(uid=f"{n}@x", attendees=()) for n in range(490)], method="PUBLISH")


def signed_calendars(c):
    """What takes a signature to be seen at all."""
    part = calendar(ics("PUBLISH", *[event(uid=f"{n}@x", attendees=()) for n in range(490)]), method="PUBLISH")
    wide = c.person("boss", mails=[f"x{n}@example.com" for n in range(20_000)])
    yield "published under large certificates", message(multipart("mixed", [
        many_around(part, wide, 5)]))
    names = c.person("boss", mails=["boss@example.com", *(f"x{n}@example.com" for n in range(250))])
    crowd = calendar(size_lines_of(40_000))
    yield "many addresses sign for many", message(many_around(crowd, names, 4))


def size_lines_of(count):
    return ics("REQUEST", more=["@@"]).replace(b"@@\r\n", numbered(
        b"ATTENDEE;SENT-BY=\"mailto:b%%d@example.com\":mailto:a%d@example.com\r\n".replace(b"%%d", b"1"), count))


def many_around(part, who, count):
    for number in range(count):
        part = smime.around(part, smime.signature_part(smime.cms(part, who)), boundary=f"s{number}.")
    return part


def calendars(c):
    for make in (contents, people, lists, instances, zones, lambda: signed_calendars(c)):
        yield from make()
