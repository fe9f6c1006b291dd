"""Frauds inside the calendar: addresses, ORGANIZER, SENT-BY, iCalendar syntax."""

from mail import ALICE, BOSS, STAMP, calendar, event, ics, message, reply
from smime import signed

OTHER = "untrusted:no-correlation"
BAD = "untrusted:bad-calendar"


def by(who, *args, **options):
    return message(signed(calendar(*args, **options), who))


def addresses(c):
    """How an address is written: percent signs, case, IDN, several of them."""
    p = c.people
    boss, mallory = p.boss, p.mallory
    idn = p.person("boss@xn--bcher-kva.example")
    c.group = "address"
    c.honest("plain", by(boss))
    for word, organizer in (("upper-scheme", "MAILTO:boss@example.com"),
                            ("upper-domain", "mailto:boss@EXAMPLE.COM"),
                            ("upper-local", "mailto:BOSS@example.com"),
                            ("percent", "mailto:b%6Fss@example.com"),
                            ("percent-at", "mailto:boss%40example.com"),
                            ("bare", "boss@example.com")):
        c.honest(word, by(boss, organizer=organizer))
    for word, organizer in (("idn-a-label", "mailto:boss@xn--bcher-kva.example"),
                            ("idn-u-label", "mailto:boss@b\u00fccher.example"),
                            ("idn-percent", "mailto:boss@b%C3%BCcher.example")):
        c.honest(word, by(idn, organizer=organizer))
    for word, organizer in (
            ("percent-nul", "mailto:boss%00@example.com"),
            ("percent-newline", "mailto:boss@example.com%0A"),
            ("percent-comma", "mailto:boss@example.com%2Cmallory@example.com"),
            ("comma", "mailto:boss@example.com,mallory@example.com"),
            ("query", "mailto:boss@example.com?cc=mallory@example.com"),
            ("query-to", "mailto:?to=boss@example.com"), ("fragment", "mailto:boss@example.com#x"),
            ("percent-half", "mailto:boss@example.com%4"), ("no-scheme-percent", "b%6Fss@example.com"),
            ("double-scheme", "mailto:mailto:boss@example.com"),
            ("brackets", "mailto:<boss@example.com>"), ("display-name", "mailto:Boss <boss@example.com>"),
            ("quoted", 'mailto:"boss"@example.com'), ("comment", "mailto:boss(x)@example.com"),
            ("space", "mailto:boss @example.com"), ("dot-last", "mailto:boss@example.com."),
            ("literal", "mailto:boss@[192.0.2.1]"), ("number", "mailto:boss@3221225985"),
            ("zero-width", "mailto:boss\u200b@example.com"),
            ("bidi", "mailto:boss\u202e@example.com"),
            ("full-width", "mailto:boss\uff20example.com"), ("dot-like", "mailto:boss@example\u3002com"),
            ("not-nfc", "mailto:bo\u0308ss@example.com"), ("empty", "mailto:")):
        c.hostile(word, by(boss, organizer_line=f"ORGANIZER:{organizer}"), "untrusted:no-organizer",
                  twin="plain", openssl="good")
    c.hostile("nothing", by(boss, organizer_line="ORGANIZER:"), BAD, twin="plain", openssl="good")
    for word, organizer in (
            ("cyrillic", "mailto:boss@\u0435xample.com"), ("turkish", "mailto:boss@\u0131example.com"),
            ("percent-twice", "mailto:b%256Fss@example.com"), ("slashes", "mailto://boss@example.com"),
            ("sharp-s", "mailto:bo\u00df@example.com"), ("local-cyrillic", "mailto:b\u043ess@example.com"),
            ("sip", "sip:boss@example.com"), ("http", "http://boss@example.com"),
            ("urn", "urn:uuid:boss@example.com"), ("subdomain", "mailto:boss@mail.example.com"),
            ("plus", "mailto:boss+x@example.com")):
        c.hostile(word, by(boss, organizer=organizer), OTHER, twin="plain", openssl="good")
    c.hostile("kelvin", by(boss, organizer="mailto:boss@example.com.\u212aelvin.example"),
              "untrusted:no-organizer", twin="plain", openssl="good")
    c.hostile("xn-not-round", by(boss, organizer="mailto:boss@xn--example-.com"), "untrusted:no-organizer",
              twin="plain", openssl="good")
    c.hostile("cn-says-boss", by(mallory, organizer_line='ORGANIZER;CN="mallory@example.com":' + BOSS),
              OTHER, twin="plain", openssl="good")
    c.hostile("email-parameter", by(mallory, organizer_line="ORGANIZER;EMAIL=mallory@example.com:" + BOSS),
              OTHER, twin="plain", openssl="good")
    c.hostile("dir-parameter", by(mallory, organizer_line='ORGANIZER;DIR="mailto:mallory@example.com":' + BOSS),
              OTHER, twin="plain", openssl="good")
    c.hostile("reply-other-name", message(signed(reply("mailto:bob@example.com", ALICE,
                                                       more=["ATTENDEE:mailto:mallory@example.com"]),
                                                 mallory)),
              "ask:reply-unbound", twin="plain", openssl="good")


def organizers(c):
    """More than one ORGANIZER, or none."""
    p = c.people
    boss, mallory = p.boss, p.mallory
    eve = "mailto:mallory@example.com"
    exception = ["RECURRENCE-ID:20310308T100000Z"]
    rule = ["RRULE:FREQ=WEEKLY;COUNT=4"]
    c.group = "organizer"
    c.honest("one", by(boss))
    series = ics("REQUEST", event(more=rule), event(more=exception, start="20310308T120000Z"))
    c.honest("series", by(boss, series))
    c.honest("inherited", by(boss, ics("REQUEST", event(more=rule), event(
        more=exception, start="20310308T120000Z", organizer=None))))
    for word, lines in (("twice", [f"ORGANIZER:{eve}"]), ("twice-same", [f"ORGANIZER:{BOSS}"]),
                        ("twice-lower", [f"organizer:{eve}"]),
                        ("twice-folded", [f"ORGAN\r\n IZER:{eve}"])):
        for name, who in (("", mallory), ("-by-boss", boss)):
            c.hostile(word + name, by(who, more=lines), "untrusted:duplicate-property", twin="one",
                      openssl="good")
    mixed = "untrusted:mixed-components"
    for name, who in (("", mallory), ("-by-boss", boss)):
        c.hostile("two-components" + name, by(who, ics("REQUEST", event(more=rule), event(
            more=exception, organizer=eve))), mixed, twin="series", openssl="good")
        c.hostile("two-events" + name, by(who, ics("REQUEST", event(), event(
            uid="b@example.com", organizer=eve))), mixed, twin="one", openssl="good")
    c.hostile("case-differs", by(mallory, ics("REQUEST", event(more=rule), event(
        more=exception, organizer="mailto:BOSS@example.com"))), mixed, twin="series", openssl="good")
    c.hostile("two-kinds", by(boss, ics("REQUEST", event(), event(kind="VTODO", start=None))), mixed,
              twin="one", openssl="good")
    c.hostile("two-uids", by(boss, ics("REQUEST", event(), event(uid="b@example.com"))), mixed, twin="one",
              openssl="good")
    c.hostile("same-occurrence-twice", by(boss, ics("REQUEST", event(), event(summary="Plot"))), mixed,
              twin="one", openssl="good")
    c.hostile("none", by(boss, organizer=None), "untrusted:no-organizer", twin="one", openssl="good")
    c.hostile("in-alarm", by(boss, organizer=None, more=[
        "BEGIN:VALARM", "ACTION:DISPLAY", "DESCRIPTION:x", "TRIGGER:-PT5M", f"ORGANIZER:{BOSS}",
        "END:VALARM"]), "untrusted:no-organizer", twin="one", openssl="good")
    c.hostile("on-the-calendar", by(boss, ics("REQUEST", event(organizer=None),
                                              before=[f"ORGANIZER:{BOSS}"])),
              "untrusted:no-organizer", twin="one", openssl="good")
    c.hostile("second-only", by(boss, ics("REQUEST", event(organizer=None, more=rule),
                                          event(more=exception))),
              "untrusted:no-organizer", twin="series", openssl="good")
    c.hostile("mallory-in-exception", by(mallory, ics("REQUEST", event(more=rule), event(
        more=exception, attendees=(ALICE, eve)))), OTHER, twin="series", openssl="good")


def sent_by(c):
    """Who may speak for the boss: pa, in the policy; temp, until last year; clerk, CANCEL only."""
    p = c.people
    c.group = "sent-by"

    def mail(who, proxy, *, organizer=BOSS, quote='"', method="REQUEST", **options):
        line = f"ORGANIZER;SENT-BY={quote}{proxy}{quote}:{organizer}"
        return by(who, ics(method, event(organizer_line=line, **options)), method=method)

    allowed = "trusted:sent-by-authorized"
    ask = "ask:sent-by-not-authorized"
    c.honest("authorised", mail(p.pa, "mailto:pa@example.com"), allowed)
    c.honest("principal-signs", mail(p.boss, "mailto:pa@example.com"))
    c.honest("upper-case", mail(p.pa, "MAILTO:PA@example.com"), allowed)
    c.honest("cancel-authorised", mail(p.pa, "mailto:pa@example.com", method="CANCEL", sequence=1), allowed)
    c.hostile("not-authorised", mail(p.mallory, "mailto:mallory@example.com"), ask, twin="authorised",
              openssl="good")
    c.hostile("other-principal", mail(p.pa, "mailto:pa@example.com", organizer="mailto:bob@example.com"),
              ask, twin="authorised", openssl="good")
    c.hostile("expired", mail(p.temp, "mailto:temp@example.com"), "ask:sent-by-expired",
              twin="authorised", openssl="good")
    c.hostile("chained", mail(p.bob, "mailto:pa@example.com"), OTHER, twin="authorised", openssl="good")
    c.hostile("chained-direct", mail(p.bob, "mailto:bob@example.com"), ask, twin="authorised",
              openssl="good")
    c.hostile("named-not-signer", mail(p.mallory, "mailto:pa@example.com"), OTHER, twin="authorised",
              openssl="good")
    c.hostile("not-named", by(p.pa), OTHER, twin="authorised", openssl="good")
    clerk = p.person("clerk")
    c.honest("clerk-cancels", mail(clerk, "mailto:clerk@example.com", method="CANCEL", sequence=1), allowed)
    c.hostile("method-not-allowed", mail(clerk, "mailto:clerk@example.com"), ask, twin="clerk-cancels",
              openssl="good")
    writer = p.person("writer")
    c.honest("writer-requests", mail(writer, "mailto:writer@example.com"), allowed)
    c.hostile("cancel-by-request", mail(writer, "mailto:writer@example.com", more=["STATUS:CANCELLED"]),
              ask, twin="writer-requests", openssl="good")
    c.hostile("past-by-request", mail(writer, "mailto:writer@example.com", start="20200101T100000Z"),
              ask, twin="writer-requests", openssl="good")
    c.hostile("only-cancel", mail(writer, "mailto:writer@example.com", method="CANCEL", sequence=1), ask,
              twin="writer-requests", openssl="good")
    c.hostile("wrong-role", message(signed(calendar(ics("REPLY", event(
        organizer=ALICE, attendees=(), attendee_lines=(
            'ATTENDEE;PARTSTAT=ACCEPTED;SENT-BY="mailto:pa@example.com":' + BOSS,))), method="REPLY"),
        p.pa)), ask, twin="authorised", openssl="good")
    for word, value in (("look-alike", "mailto:pa@examp1e.com"), ("plus", "mailto:pa+x@example.com"),
                        ("subdomain", "mailto:pa@mail.example.com")):
        c.hostile(word, mail(p.pa, value), OTHER, twin="authorised", openssl="good")
    for word, value in (("comma", "mailto:pa@example.com,mailto:mallory@example.com"),
                        ("not-an-address", "pa"), ("query", "mailto:pa@example.com?x=1"),
                        ("empty", "")):
        c.hostile(word, mail(p.pa, value), "untrusted:no-organizer", twin="authorised", openssl="good")
    two = 'ORGANIZER;SENT-BY="mailto:mallory@example.com";SENT-BY="mailto:pa@example.com":' + BOSS
    for name, who in (("", p.pa), ("-other", p.mallory)):
        c.hostile("twice" + name, by(who, organizer_line=two), BAD, twin="authorised", openssl="good")
    values = 'ORGANIZER;SENT-BY="mailto:mallory@example.com","mailto:pa@example.com":' + BOSS
    for name, who in (("", p.pa), ("-other", p.mallory)):
        c.hostile("two-values" + name, by(who, organizer_line=values), BAD,
                  twin="authorised", openssl="good")
    c.hostile("on-attendee", by(p.pa, attendee_lines=[
        'ATTENDEE;SENT-BY="mailto:pa@example.com":' + BOSS]), OTHER, twin="authorised", openssl="good")
    c.hostile("cn-injects", by(p.mallory, organizer_line='ORGANIZER;CN="x^n;SENT-BY=":' + BOSS), OTHER,
              twin="authorised", openssl="good")


def syntax(c):
    """iCalendar that two readers might read in two ways."""
    p = c.people
    boss = p.boss
    c.group = "syntax"
    good = ics("REQUEST")
    c.honest("plain", by(boss))
    c.honest("folded", by(boss, ics("REQUEST", summary="x\r\n y\r\n z")))
    c.honest("folded-organizer", by(boss, organizer_line="ORGANIZER:mailto:bo\r\n ss@example.com"))
    c.honest("summary-without-colon", by(boss, good.replace(b"SUMMARY:Plan", b"SUMMARY Plan")))
    c.honest("blank-line", by(boss, good.replace(b"SUMMARY:Plan\r\n", b"SUMMARY:Plan\r\n\r\n")))
    c.honest("lower-case", by(boss, organizer_line="organizer:mailto:boss@example.com"))
    for word, content in (
            ("empty", b""), ("text", b"You are invited.\r\n"),
            ("text-first", b"Hello\r\n" + good), ("text-last", good + b"Regards\r\n"),
            ("two-objects", good + ics("REQUEST", uid="b@example.com")),
            ("unclosed", good.replace(b"END:VCALENDAR\r\n", b"")),
            ("unclosed-event", good.replace(b"END:VEVENT\r\n", b"")),
            ("crossed", good.replace(b"END:VEVENT\r\n", b"END:VCALENDAR\r\n")),
            ("nul", good.replace(b"SUMMARY:Plan", b"SUMMARY:Pl\0an")),
            ("nul-in-organizer", good.replace(b"boss@example.com", b"boss@example.com\0", 1)),
            ("nested-event", good.replace(b"SUMMARY:Plan\r\n", b"BEGIN:VEVENT\r\nUID:c\r\nEND:VEVENT\r\n")),
            ("no-event", ics("REQUEST", [])),
            ("negative-sequence", ics("REQUEST", sequence=-1)),
            ("huge-sequence", ics("REQUEST", sequence=99999999999)),
            ("bad-date", ics("REQUEST", start="20310230T100000Z")),
            ("bad-rule", ics("REQUEST", more=["RRULE:FREQ=NEVER"]))):
        c.hostile(word, by(boss, content), BAD, twin="plain", openssl="good")
    for word, content, reason in (
            ("no-uid", good.replace(b"UID:spoof@example.com\r\n", b""), "no-uid"),
            ("uid-twice", ics("REQUEST", more=["UID:b@example.com"]), "duplicate-property"),
            ("start-twice", ics("REQUEST", more=["DTSTART:20310302T100000Z"]), "duplicate-property"),
            ("summary-twice", ics("REQUEST", more=["SUMMARY:Plot"]), "duplicate-property"),
            ("no-start", ics("REQUEST", start=None), "no-start"),
            ("end-first", good.replace(b"DURATION:PT1H", b"DTEND:20300101T100000Z"), "end-before-start"),
            ("stamp-ahead", good.replace(STAMP.encode(), b"20400101T000000Z"), "dtstamp-in-future"),
            ("journal", ics("REQUEST", event(kind="VJOURNAL")), "method-unsupported"),
            ("counter", ics("COUNTER"), "method-mismatch")):
        c.hostile(word, by(boss, content), f"untrusted:{reason}", twin="plain", openssl="good")
    c.hostile("dense-rule", by(boss, more=["RRULE:FREQ=SECONDLY"]), "untrusted:recurrence-limit",
              twin="plain", openssl="good")
    c.hostile("old-stamp", by(boss, good.replace(STAMP.encode(), b"20200101T000000Z")), "ask:stale",
              twin="plain", openssl="good")


def everything(c):
    for part in (addresses, organizers, sent_by, syntax):
        part(c)
