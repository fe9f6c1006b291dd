"""Calendars and MIME entities, as octets with CRLF line ends."""

import base64
import os
import quopri
import time


def octets_of(text):
    return text if isinstance(text, bytes) else text.encode()


def entity(fields, body=b""):
    """Header fields, an empty line, a body."""
    return b"".join(octets_of(f) + b"\r\n" for f in fields) + b"\r\n" + octets_of(body)


def multipart(subtype, parts, boundary="mix", parameters="", *, preamble=b"", epilogue=b"",
              fields=()):
    line = b"--" + octets_of(boundary)
    head = [f'Content-Type: multipart/{subtype}; boundary="{boundary}"{parameters}', *fields]
    body = preamble
    for part in parts:
        body += line + b"\r\n" + part + b"\r\n"
    return entity(head, body + line + b"--\r\n" + epilogue)


def message(inside, *, sender="The Boss <boss@example.com>", fields=(), subject="A meeting"):
    """A mail around one entity."""
    head = [f"From: {sender}", "To: alice@example.com", f"Subject: {subject}",
            "Message-ID: <spoof@example.com>", *fields, "MIME-Version: 1.0"]
    return b"".join(octets_of(f) + b"\r\n" for f in head) + inside


def text(words="Please come."):
    return entity(["Content-Type: text/plain; charset=UTF-8"], words + "\r\n")


def forwarded(inside, fields=()):
    return entity(["Content-Type: message/rfc822", *fields], inside)


BOSS = "mailto:boss@example.com"
ALICE = "mailto:alice@example.com"
STAMP = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(
    int(os.environ.get("SPOOF_NOW", time.time())) - 3600))


def event(*, uid="spoof@example.com", organizer=BOSS, organizer_line=None,
          attendees=(ALICE,), attendee_lines=(), summary="Plan", start="20310301T100000Z",
          sequence=0, more=(), kind="VEVENT"):
    """The lines of one component. None leaves a property out."""
    lines = [f"BEGIN:{kind}", f"UID:{uid}", f"DTSTAMP:{STAMP}", f"SEQUENCE:{sequence}"]
    if organizer_line:
        lines.append(organizer_line)
    elif organizer:
        lines.append(f"ORGANIZER:{organizer}")
    lines += [f"ATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:{a}" for a in attendees]
    lines += attendee_lines
    if start:
        lines += [f"DTSTART:{start}", "DURATION:PT1H"]
    if summary:
        lines.append(f"SUMMARY:{summary}")
    return [*lines, *more, f"END:{kind}"]


def ics(method="REQUEST", *components, before=(), **options):
    """An iCalendar object; without components, one event made of the options."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//spoof//EN", *before]
    if method:
        lines.append(f"METHOD:{method}")
    for component in components or (event(**options),):
        lines += component
    return b"".join(octets_of(line) + b"\r\n" for line in [*lines, "END:VCALENDAR"])


def calendar(content=None, *, method="REQUEST", charset="UTF-8", encoding="7bit", fields=(),
             kind="text/calendar", parameters="", **options):
    """A text/calendar part. `method` None leaves the parameter out."""
    if content is None:
        content = ics(method or "REQUEST", **options)
    head = f"Content-Type: {kind}" + (f"; method={method}" if method else "")
    head += (f"; charset={charset}" if charset else "") + parameters
    body = content
    if encoding == "base64":
        body = base64.encodebytes(content).replace(b"\n", b"\r\n")
    elif encoding == "quoted-printable":
        body = quopri.encodestring(content.replace(b"\r\n", b"\n")).replace(b"\n", b"\r\n")
    return entity([head, f"Content-Transfer-Encoding: {encoding}", *fields], body)


def reply(who="mailto:alice@example.com", organizer=BOSS, **options):
    return calendar(ics("REPLY", event(organizer=organizer, attendees=(), attendee_lines=(
        f"ATTENDEE;PARTSTAT=ACCEPTED:{who}",), **options)), method="REPLY")
