"""Makes the seeds of the fuzz targets anew: make-seeds.py. What it writes is committed (small files, all
by the generator in ../spoof); the private keys are thrown away when it ends, so that nobody but the boss
can ever be a valid signer below world/anchor.pem, which the targets rely on."""

import base64
import os
import shutil
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
os.environ["SPOOF_NOW"] = "1798761600"  # 2027-01-01, before the time that the targets judge at
sys.path.insert(0, os.path.join(HERE, "..", "spoof"))

# pylint: disable=wrong-import-position
import calendars
import enveloped
import signers
import smime
import structure
import transport
import wrapped
from mail import ALICE, BOSS, calendar, event, forwarded, ics, message, multipart, text
from pki import DAY, NOW, Certificate, Key, People, other_name, uri_name, utf8, utf8_mailbox

LARGEST = 2900
PER_GROUP = 3  # honest ones, and as many hostile ones


class World(People):
    """Only the boss is below the anchor."""

    def person(self, who, issuer=None, key=None, **spec):
        if issuer is None and who != "boss":
            issuer = self.foreign
        spec.setdefault("end", NOW + 20000 * DAY)
        return super().person(who, issuer, key, **spec)


class Collector:
    """Takes messages as corpus.Corpus does, and keeps the small ones."""

    def __init__(self, people):
        self.people, self.group, self.mails, self.taken = people, "", {}, {}

    def add(self, kind, name, mail):
        taken = self.taken.setdefault((self.group, kind), [])
        if len(mail) <= LARGEST and len(taken) < PER_GROUP:
            taken.append(name)
            self.mails[f"{self.group}.{name}"] = mail

    def honest(self, name, mail, *_, **__):
        self.add("honest", name, mail)

    def hostile(self, name, mail, *_, **__):
        self.add("hostile", name, mail)


def write(folder, seeds):
    path = os.path.join(HERE, folder)
    shutil.rmtree(path, ignore_errors=True)
    os.makedirs(path)
    for name, content in seeds.items():
        with open(os.path.join(path, name), "wb") as out:
            out.write(content)


def cms_seeds(people, part):
    boss, info = people.boss, smime.signer_info
    one = info(boss, part)
    carried = smime.carried(boss)
    ess = info(boss, part, attributes=smime.signed_attributes(
        part, more=[smime.names_certificate(boss)]))
    both = [one, info(people.mallory, part)]
    reader = Certificate("reader", Key("rsa2048"), people.foreign)
    return {
        "detached": smime.signed_data([one], carried),
        "opaque": smime.signed_data([one], carried, inside=part),
        "ess": smime.signed_data([ess], carried),
        "without-attributes": smime.signed_data([info(boss, part, attributes=None)], carried),
        "by-key": smime.signed_data([info(boss, part, by_key=True)], carried, version=3),
        "two-signers": smime.signed_data(both, smime.carried(boss, people.mallory)),
        "no-signer": smime.signed_data([], carried),
        "spoilt": smime.signed_data([info(boss, part, spoil=True)], carried),
        "trailing": smime.signed_data([one], carried) + b"\0",
        "packed": enveloped.packed(part),
        "enveloped": enveloped.cbc(part, reader),
        "sealed": enveloped.gcm(part, reader),
    }


def certificate_seeds(people):
    make = lambda **spec: Certificate("x", people.boss.key, people.foreign, **spec).der
    return {
        "plain": people.boss.der,
        "none": make(),
        "three": make(mails=["a@example.com", "B@EXAMPLE.com", "c+d@xn--bcher-kva.example"]),
        "bad": make(mails=[b"a@example.com\0.b", "a b@example.com", "<a@example.com>"]),
        "utf8": make(names=[utf8_mailbox("b\u00f6ss@b\u00fccher.example")]),
        "other": make(names=[uri_name("sip:a@example.com"),
                             other_name("1.3.6.1.5.5.7.8.5", utf8("a@example.com"))]),
    }


BOB = "mailto:bob@example.com"
ZONE = """BEGIN:VTIMEZONE
TZID:Here
BEGIN:STANDARD
DTSTART:19701025T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:19700329T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
END:DAYLIGHT
END:VTIMEZONE""".split("\n")


def series(*more, start="DTSTART;TZID=Here:20310303T100000", **options):
    return event(start=None, more=[start, "DURATION:PT1H", *more], **options)


def instance(at, *more, **options):
    return series(f"RECURRENCE-ID;TZID=Here:{at}", *more, start=f"DTSTART;TZID=Here:{at}", **options)


def answer(method, partstat, *more, who=ALICE, **options):
    return ics(method, event(attendees=(), attendee_lines=(f"ATTENDEE;PARTSTAT={partstat}:{who}",),
                             more=more, **options))


def bare_calendars():
    """What arrives without a mail, or as one message after another (with a form feed between)."""
    weekly = series("RRULE:FREQ=WEEKLY;COUNT=6;BYDAY=MO,WE", "EXDATE;TZID=Here:20310305T100000",
                    "RDATE;TZID=Here:20310308T100000,20310309T100000")
    request = ics("REQUEST", ZONE, weekly)
    moved = ics("REQUEST", ZONE, instance("20310310T100000", "LOCATION:Room 2", sequence=1))
    cancelled = ics("CANCEL", ZONE, instance("20310312T100000", "STATUS:CANCELLED", sequence=2))
    added = ics("ADD", ZONE, series(start="DTSTART;TZID=Here:20310401T100000", sequence=3))
    own = ics("REQUEST", event(organizer=ALICE, attendees=(ALICE, BOB)))
    yes = {"organizer": ALICE, "who": BOB}
    rich = ["RRULE:FREQ=YEARLY;INTERVAL=2;BYMONTH=1,2;BYMONTHDAY=-1,15;BYSETPOS=-1;WKST=SU;UNTIL=20400101T000000Z",
            "DESCRIPTION:a\\, b\\; c\\nd \u00f6", 'LOCATION;ALTREP="cid:a@b";LANGUAGE=de:Raum',
            "GEO:48.1;11.5", "CLASS:PRIVATE", "PRIORITY:1", "CATEGORIES:A,B", "TRANSP:TRANSPARENT",
            "ATTACH;FMTTYPE=text/plain;ENCODING=BASE64;VALUE=BINARY:YQ==", "URL:https://example.com",
            "REQUEST-STATUS:2.0;Success;x", "X-FOLDED:" + "y" * 40 + "\r\n " + "z" * 40,
            "BEGIN:VALARM", "ACTION:DISPLAY", "DESCRIPTION:x", "TRIGGER;RELATED=START:-PT5M", "END:VALARM"]
    delegated = (f"ATTENDEE;PARTSTAT=DELEGATED;DELEGATED-TO=\"{BOB}\":{ALICE}",
                 f"ATTENDEE;DELEGATED-FROM=\"{ALICE}\";ROLE=CHAIR;CUTYPE=INDIVIDUAL;CN=\"B, Ob\":{BOB}",
                 f'ATTENDEE;SENT-BY="{BOB}";MEMBER="mailto:all@example.com":mailto:c@example.com')
    busy = ["FREEBUSY;FBTYPE=BUSY:20310301T100000Z/PT1H,20310302T100000Z/20310302T110000Z"]
    return {
        "request": ics("REQUEST"), "publish": ics("PUBLISH", event(attendees=())),
        "series": request, "moved": request + b"\f" + moved + b"\f" + cancelled,
        "added": request + b"\f" + added, "override": ics("REQUEST", ZONE, weekly, instance("20310310T100000")),
        "this-and-future": request + b"\f" + ics("REQUEST", ZONE, series(
            "RECURRENCE-ID;RANGE=THISANDFUTURE;TZID=Here:20310312T100000",
            start="DTSTART;TZID=Here:20310312T110000", sequence=1)),
        "replies": own + b"\f" + answer("REPLY", "ACCEPTED", **yes) + b"\f" +
                   answer("REPLY", "DECLINED", "COMMENT:no", **yes, sequence=1),
        "counter": own + b"\f" + answer("COUNTER", "TENTATIVE", **yes) + b"\f" + answer("REFRESH", "ACCEPTED", **yes),
        "declined": ics("REQUEST") + b"\f" + ics("DECLINECOUNTER"),
        "cancel": ics("REQUEST") + b"\f" + ics("CANCEL", sequence=1),
        "uninvited": ics("REQUEST", attendees=(ALICE, BOB)) + b"\f" + ics("CANCEL", attendees=(ALICE,), sequence=1),
        "rich": ics("REQUEST", event(more=rich, summary="Tea")),
        "delegated": ics("REQUEST", event(attendees=(), attendee_lines=delegated)),
        "day": ics("REQUEST", event(start=None, more=["DTSTART;VALUE=DATE:20310301", "DTEND;VALUE=DATE:20310303"])),
        "todo": ics("REQUEST", event(kind="VTODO", start=None, more=["DUE:20310301T100000Z", "PERCENT-COMPLETE:50"])),
        "journal": ics("PUBLISH", event(kind="VJOURNAL", attendees=(), start=None, more=["DTSTART:20310301T100000Z"])),
        "busy": ics("PUBLISH", event(kind="VFREEBUSY", attendees=(), summary=None, start=None, more=busy)),
        "edited": request + b"\f" + ics(None, ZONE, series("RRULE:FREQ=WEEKLY;COUNT=6;BYDAY=MO,WE", "CATEGORIES:Mine",
            "BEGIN:VALARM", "ACTION:DISPLAY", "DESCRIPTION:x", "TRIGGER:-PT5M", "END:VALARM",
            summary="Mine")) + b"\f" + moved,
        "proxy": ics("REQUEST", organizer_line=f'ORGANIZER;CN="Chief";SENT-BY="{BOSS}":mailto:chief@example.com'),
        "floating": ics("REQUEST", start="20310301T100000"),
        "system-zone": ics("REQUEST", event(start=None, more=["DTSTART;TZID=Europe/Berlin:20310301T100000"])),
    }


def of_attendees(boss):
    """What the boss signs as an attendee, and forms of what he signs as the organizer."""
    mine = {"organizer": ALICE, "who": BOSS}
    by = lambda content, method: message(smime.signed(calendar(content, method=method), boss))
    delegated = (f"ATTENDEE;PARTSTAT=DELEGATED;DELEGATED-TO=\"{ALICE}\":{BOSS}",
                 f"ATTENDEE;DELEGATED-FROM=\"{BOSS}\":{ALICE}")
    chief = {"organizer": "mailto:chief@example.com"}
    return {
        "reply": by(answer("REPLY", "ACCEPTED", **mine), "REPLY"),
        "counter": by(answer("COUNTER", "TENTATIVE", **mine), "COUNTER"),
        "refresh": by(answer("REFRESH", "ACCEPTED", **mine), "REFRESH"),
        "delegates": by(ics("REQUEST", event(attendees=(), attendee_lines=delegated, **chief)), "REQUEST"),
        "forwards": by(ics("REQUEST", event(attendees=(BOSS, ALICE), organizer=BOB)), "REQUEST"),
        "publishes": by(ics("PUBLISH", event(attendees=())), "PUBLISH"),
        "adds": by(ics("ADD", sequence=1), "ADD"), "declines": by(ics("DECLINECOUNTER"), "DECLINECOUNTER"),
        "opaque-series": message(smime.opaque(calendar(bare_calendars()["series"]), boss)),
    }


def odd_messages():
    """Shapes of mail that the corpus of hostile mail has not, or not in few octets."""
    part = calendar()
    detached = multipart("signed", [part, b"Content-Type: application/pkcs7-signature\r\n\r\nMAA=\r\n"], "s",
                         '; protocol="application/pkcs7-signature"')
    openpgp = multipart("signed", [part, b"Content-Type: application/pgp-signature\r\n\r\nx\r\n"], "s",
                        '; protocol="application/pgp-signature"')
    return {
        "mbox-line": b"From a@b.c Mon Jan  4 09:00:00 2027\r\n" + message(part),
        "forwarded": message(forwarded(message(detached))),
        "list": message(multipart("mixed", [detached, text("-- list")], preamble=b"mime\r\n", epilogue=b"end\r\n")),
        "twice": multipart("signed", [detached, b"Content-Type: application/x-pkcs7-signature\r\n\r\n\r\n"], "t",
                           '; protocol="application/x-pkcs7-signature"'),
        "openpgp": message(openpgp), "words": message(part, subject="=?UTF-8?Q?=C3=B6?= =?ISO-8859-1?B?9g==?="),
        "latin": message(calendar(charset="ISO-8859-1", summary="x").replace(b"SUMMARY:x", b"SUMMARY:\xf6")),
        "parameters": message(part.replace(b"method=REQUEST", b"method*0=REQ;\r\n method*1=UEST; name*=utf-8''%c3%b6")),
        "lf": message(detached).replace(b"\r\n", b"\n"),
        "report": message(multipart("report", [text(), forwarded(message(part))],
                                    parameters="; report-type=delivery-status")),
        "encrypted": multipart("encrypted", [b"Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n",
                                             b"Content-Type: application/octet-stream\r\n\r\nx\r\n"], "e",
                               '; protocol="application/pgp-encrypted"'),
    }


ADDRESSES = {
    "plain": "mailto:boss@example.com\nBOSS@EXAMPLE.COM\nmailto:Boss@example.com",
    "percent": "mailto:b%6Fss%40example.com\nboss@example.com\nmailto:boss%2540example.com",
    "idn": "mailto:a@b\u00fccher.example\nmailto:a@xn--bcher-kva.example\na@B\u00dcCHER.example",
    "sharp-s": "a@stra\u00dfe.example\na@strasse.example\na@xn--strae-oqa.example",
    "plus": "a+b@example.com\na@example.com\n+a+b@example.com",
    "sip": "sip:a@example.com\nSIP:a@example.com\nsips:A@example.com;user=phone",
    "other": "xmpp:a@example.com/home\nurn:uuid:1-2\nhttps://example.com/a",
    "bad": "mailto:a@b.c,d@e.f\n<a@b.c>\n\"a b\"@c.d", "query": "mailto:a@b.c?x=y\nmailto:\nmailto:a@b.c#d",
    "unicode": "mailto:b\u00f6ss@example.com\nmailto:b%C3%B6ss@example.com\nmailto:bo\u0308ss@example.com",
    "number": "a@1.2.3.4\na@[1.2.3.4]\na@1.2.3.4a", "atext": "!#$%&'*+-/=?^_`{|}~@a.b\na.b.c@d\n.a@b.c",
    "long": "a" * 64 + "@" + ".".join(["b" * 63] * 3) + ".c\n" + "a" * 256 + "@b.c\na@" + "b" * 64 + ".c",
}


def armoured(*packets, kind="SIGNATURE"):
    body = base64.encodebytes(b"".join(packets))
    return f"-----BEGIN PGP {kind}-----\nVersion: x\n\n".encode() + body + f"=AAAA\n-----END PGP {kind}-----\n".encode()


def openpgp_seeds():
    old, new = b"\x88\x05abcde", b"\xc2\x05abcde"
    long = b"\x89\x00\xc8" + b"a" * 200
    return {
        "one": armoured(old), "two": armoured(old, new), "message": armoured(b"\xd2\x01a", kind="MESSAGE"),
        "twice": armoured(old) * 2, "compressed": armoured(b"\xa3\x01xx"), "packets": old + new + long,
        "two-octets": b"\xc2\xc0\x08" + b"a" * 200, "four-octets": b"\xc2\xff\0\0\0\x01a" + b"\x8a\0\0\0\x01a",
        "partial": b"\xc2\xe1aa", "name": b"Boss (work) <boss@example.com>", "bare": b"boss@example.com",
        "two-names": b"boss@example.com <mallory@example.org>", "brackets": b"<a@b.c> <d@e.f>",
        "case": b"\"Boss, The\" <Boss@EXAMPLE.com>", "utf8": "B\u00f6ss <b\u00f6ss@example.com>".encode(),
        "fingerprint": b"0x0123 4567 89AB CDEF 0123  4567 89ab cdef 0123 4567",
    }


def main():
    people = World()
    people.root = Certificate("Fuzz Anchor", Key(), ca=True, end=NOW + 20000 * DAY)
    people.boss = people.person("boss")
    people.boss_rsa = people.boss
    part = calendar()
    write("world", {"anchor.pem": people.root.pem(), "content": part})
    mails = Collector(people)
    for module in (structure, calendars, transport):
        module.everything(mails)
    for group in (signers.contents, signers.several, signers.attributes, signers.bent, wrapped.compression):
        group(mails)
    bare = {f"bare.{n}": c for n, c in bare_calendars().items()}
    attendee = {f"attendee.{n}": m for n, m in of_attendees(people.boss).items()}
    write("judge/seed", {**mails.mails, **bare, **attendee})
    shapes = ("header", "boundary", "encoding", "shape", "hidden")
    shaped = {n: m for n, m in mails.mails.items() if n.split(".")[0] in shapes}
    write("message/seed", {**shaped, **{f"odd.{n}": m for n, m in odd_messages().items()}})
    write("cms/seed", cms_seeds(people, part))
    write("certificate/seed", certificate_seeds(people))
    write("openpgp/seed", openpgp_seeds())
    write("mail_address/seed", {n: a.encode() for n, a in ADDRESSES.items()})


if __name__ == "__main__":
    main()
