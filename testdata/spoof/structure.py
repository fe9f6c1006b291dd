"""Which part is signed: frauds with the tree of MIME entities."""

import smime
from corpus import TRUSTED
from mail import calendar, entity, event, forwarded, ics, message, multipart, reply, text
from smime import around, cms, opaque, opaque_part, signature_part, signed

UNSIGNED = "untrusted:unsigned"


def beside(c):
    """A signature that covers another part than the calendar."""
    boss, mallory = c.people.boss, c.people.mallory
    good = signed(calendar(), boss)
    words = signed(text(), boss)
    c.group = "beside"
    c.honest("plain", message(good))
    c.honest("list", message(multipart("mixed", [good, text("-- \r\nThe list's footer")])),
             piece=message(good))
    contract = b"%PDF-1.4\r\nsigned as it is, no header before it\r\n"
    for word, who in (("contract", boss), ("contract-of-another", mallory)):
        c.honest(word, message(multipart("mixed", [good, opaque(contract, who)])), piece=message(good))
    c.honest("contract-inside", message(signed(multipart("mixed", [calendar(), opaque(contract, mallory)]), boss)))
    c.hostile("only-contract", message(multipart("mixed", [calendar(), opaque(contract, boss)])), UNSIGNED,
              twin="contract", piece=message(opaque(contract, boss)), openssl="good",
              differs="the signature covers another part")
    elsewhere = "the signature covers another part"
    for name, tree in (
            ("after", multipart("mixed", [words, calendar()])),
            ("before", multipart("mixed", [calendar(), words])),
            ("alternative", multipart("alternative", [words, calendar()])),
            ("related", multipart("related", [words, calendar()])),
            ("deep", multipart("mixed", [words, multipart("alternative", [text(), calendar()], "in")])),
            ("opaque", multipart("mixed", [opaque(text(), boss), calendar()])),
            ("forwarded", multipart("mixed", [signed(forwarded(message(text())), boss), calendar()])),
            ("calendar-as-text", multipart("mixed", [signed(calendar(kind="text/plain"), boss),
                                                     calendar()])),
            ("method-left-out", multipart("mixed", [signed(calendar(method=None), boss), calendar()]))):
        c.hostile(name, message(tree), UNSIGNED, twin="list", openssl="good", differs=elsewhere,
                  piece=message(words))
    c.hostile("none", message(calendar()), UNSIGNED, twin="plain", openssl=None)
    c.hostile("none-mixed", message(multipart("mixed", [text(), calendar()])), UNSIGNED, twin="list",
              openssl=None)
    c.hostile("attached-signature",
              message(multipart("mixed", [calendar(), signature_part(cms(calendar(), boss))])),
              UNSIGNED, twin="plain", openssl="good", differs="the signature is of no multipart/signed",
              piece=message(good))
    c.hostile("other-signer", message(multipart("mixed", [words, signed(calendar(), mallory)])),
              "untrusted:no-correlation", twin="list", openssl="good", piece=message(words))
    c.hostile("swapped", message(around(calendar(summary="Plot"), signature_part(cms(calendar(), boss)))),
              "untrusted:signature-invalid", twin="plain")
    c.hostile("text-signature", message(around(calendar(), signature_part(cms(text(), boss)))),
              "untrusted:signature-invalid", twin="plain")
    body_only = calendar().split(b"\r\n\r\n", 1)[1]
    c.hostile("body-only", message(around(calendar(), signature_part(cms(body_only, boss)))),
              "untrusted:signature-invalid", twin="plain")
    whole = message(calendar())
    c.hostile("outer-header-too", message(around(calendar(), signature_part(cms(whole, boss)))),
              "untrusted:signature-invalid", twin="plain")
    c.hostile("two-calendars", message(multipart("mixed", [good, calendar(uid="other@example.com")])),
              TRUSTED, UNSIGNED, twin="list", openssl="good", piece=message(good))
    c.hostile("contradiction", message(multipart("mixed", [good, calendar(summary="Plot")])),
              "untrusted:duplicate-uid", "untrusted:duplicate-uid", twin="list", openssl="good",
              piece=message(good))
    c.hostile("contradiction-first", message(multipart("mixed", [calendar(summary="Plot"), good])),
              "untrusted:duplicate-uid", "untrusted:duplicate-uid", twin="list", openssl="good",
              piece=message(good))
    c.hostile("cancel-beside", message(multipart("mixed", [good, calendar(method="CANCEL", sequence=1)])),
              "untrusted:duplicate-uid", "untrusted:duplicate-uid", twin="list", openssl="good",
              piece=message(good))
    c.honest("same-twice", message(multipart("mixed", [good, calendar(encoding="base64")])),
             piece=message(good))
    c.honest("same-twice-unsigned-first", message(multipart("mixed", [calendar(), good])),
             piece=message(good))


def alternatives(c):
    """multipart/alternative whose calendars differ."""
    boss = c.people.boss
    c.group = "alternatives"
    differ = "untrusted:alternatives-differ"

    def whole(*parts):
        return message(signed(multipart("alternative", [text(), *parts], "alt"), boss))

    c.honest("one", whole(calendar()))
    c.honest("same", whole(calendar(), calendar(encoding="base64")))
    c.honest("same-qp", whole(calendar(), calendar(encoding="quoted-printable")))
    c.honest("with-ics", whole(calendar(), calendar(kind="application/ics", method=None)))
    c.honest("other-ics", whole(calendar(), calendar(kind="application/ics", summary="Plot")))
    c.honest("same-without-method", whole(calendar(), calendar(method=None)))
    c.honest("other-without-method", message(multipart("mixed", [
        signed(multipart("alternative", [text(), calendar()], "alt"), boss),
        calendar(method=None, summary="Plot")])),
             piece=message(signed(multipart("alternative", [text(), calendar()], "alt"), boss)))
    for name, other in (
            ("without-method", calendar(method=None, summary="Plot")),
            ("summary", calendar(summary="Plot")),
            ("start", calendar(start="20310302T100000Z")),
            ("uid", calendar(uid="other@example.com")),
            ("method", calendar(method="CANCEL")),
            ("attendee", calendar(attendees=("mailto:alice@example.com", "mailto:eve@example.com"))),
            ("base64", calendar(summary="Plot", encoding="base64")),
            ("attachment", calendar(summary="Plot", fields=["Content-Disposition: attachment"]))):
        verdicts = [differ] * (1 if name == "without-method" else 2)
        c.hostile(name, whole(calendar(), other), *verdicts, twin="same", openssl="good")
    c.hostile("three", whole(calendar(), calendar(summary="Plot"), calendar(summary="Plan B")),
              differ, differ, differ, twin="same", openssl="good")
    c.hostile("nested", whole(calendar(), multipart("mixed", [calendar(uid="b@example.com")], "m")),
              differ, differ, twin="same", openssl="good")
    good = signed(calendar(), boss)
    c.hostile("unsigned-other-method", message(multipart("alternative", [
        good, calendar(ics("REQUEST"), method="CANCEL")])),
              differ, "untrusted:method-mismatch", twin="beside.plain", openssl="good", piece=message(good))
    c.honest("unsigned-beside-other-method", message(multipart("mixed", [
        good, calendar(ics("REQUEST"), method="CANCEL")])),
             "trusted:anchor-admits", "untrusted:method-mismatch", piece=message(good))
    c.hostile("unsigned-without-method", message(multipart("alternative", [
        good, calendar(method=None, summary="Plot")])),
              differ, twin="beside.plain", openssl="good", piece=message(good))
    c.hostile("one-unsigned", message(multipart("alternative", [text(), good, calendar(summary="Plot")])),
              differ, differ, twin="beside.plain", openssl="good", piece=message(good))
    c.hostile("unsigned-first", message(multipart("alternative", [calendar(summary="Plot"), good])),
              differ, differ, twin="beside.plain", openssl="good", piece=message(good))
    c.hostile("opaque-beside",
              message(multipart("alternative", [calendar(summary="Plot"), opaque(calendar(), boss)])),
              differ, differ, twin="beside.plain", openssl="good", piece=message(opaque(calendar(), boss)))
    c.hostile("opaque-other-uid", message(multipart("alternative", [
        calendar(uid="other@example.com"), opaque(calendar(), boss)])),
              differ, differ, twin="beside.plain", openssl="good", piece=message(opaque(calendar(), boss)))
    c.hostile("two-opaque", message(multipart("alternative", [
        opaque(calendar(), boss), opaque(calendar(uid="other@example.com"), boss)])),
              differ, differ, twin="beside.plain", openssl="good", piece=message(opaque(calendar(), boss)))
    c.hostile("two-signers", message(multipart("alternative", [
        good, signed(calendar(summary="Plot", organizer="mailto:mallory@example.com"),
                     c.people.mallory, boundary="s2")])),
              differ, differ, twin="beside.plain", openssl="good", piece=message(good))


def hidden(c):
    """Calendars where a reader would not look for them."""
    boss = c.people.boss
    good, plot = signed(calendar(), boss), calendar(summary="Plot")
    c.group = "hidden"
    twice = ("untrusted:duplicate-uid",) * 2
    c.honest("plain", message(good))
    c.honest("signed-attachment", message(signed(calendar(fields=["Content-Disposition: attachment"]), boss)))
    c.honest("signed-related", message(signed(multipart("related", [text(), calendar()]), boss)))
    c.honest("signed-inside", message(multipart("mixed", [text(), forwarded(message(good))])),
             piece=message(good))
    c.honest("forwarded-signed", message(signed(forwarded(message(calendar())), boss)))
    mallory = c.people.mallory
    around_good = multipart("mixed", [text(), forwarded(message(good))], "out")
    c.honest("passed-on-signed", message(signed(around_good, mallory, boundary="s2")))
    c.honest("passed-on-opaque", message(opaque(around_good, mallory)), openssl="good")
    passed = multipart("mixed", [text(), forwarded(message(calendar()))])
    for name, tree in (
            ("passed-on", signed(passed, boss)),
            ("passed-on-in-opaque", opaque(passed, boss)),
            ("passed-on-twice", signed(forwarded(message(forwarded(message(calendar())))), boss)),
            ("passed-on-under-two", opaque(multipart("mixed", [text(), signed(passed, boss)], "out"), boss))):
        c.hostile(name, message(tree), UNSIGNED, twin="forwarded-signed", openssl="good",
                  differs="the signature is of who passed it on")
    layer = opaque(calendar(), mallory)
    c.hostile("passed-on-in-layer", message(signed(multipart("mixed", [text(), forwarded(message(layer))]), boss)),
              "untrusted:no-correlation", twin="passed-on-signed", openssl="good")
    piece = message(good)
    for name, part in (
            ("related", multipart("related", [text(), plot], "rel")),
            ("attachment-disposition", calendar(summary="Plot", fields=["Content-Disposition: attachment"])),
            ("attachment-name", calendar(summary="Plot", fields=[
                'Content-Disposition: attachment; filename="holiday.jpg"'])),
            ("forwarded", forwarded(message(plot))),
            ("forwarded-twice", forwarded(message(forwarded(message(plot))))),
            ("digest", multipart("digest", [b"\r\n" + message(plot)], "dig")),
            ("parallel", multipart("parallel", [plot], "par")),
            ("unknown-multipart", multipart("x-nothing", [plot], "nix")),
            ("case", calendar(kind="TEXT/Calendar", summary="Plot")),
            ("alternative", multipart("alternative", [text(), plot], "alt"))):
        tree = message(multipart("mixed", [good, part]))
        c.hostile(name, tree, *twice, twin="plain", openssl="good", piece=piece)
    c.hostile("only-forwarded", message(forwarded(message(calendar()))), UNSIGNED, twin="signed-inside",
              openssl=None)
    c.hostile("report", message(signed(multipart("report", [
        text(), entity(["Content-Type: message/delivery-status"], "Reporting-MTA: dns; x\r\n"),
        forwarded(message(calendar()))], parameters="; report-type=delivery-status"), boss)),
              "untrusted:inside-report", twin="forwarded-signed", openssl="good",
              differs="the signature is of who passed it on")
    for name, returned in (("report-of-signed", good), ("report-of-opaque", opaque(calendar(), boss))):
        c.hostile(name, message(multipart("report", [
            text(), entity(["Content-Type: message/delivery-status"], "Reporting-MTA: dns; x\r\n"),
            forwarded(message(returned))], parameters="; report-type=delivery-status")),
                  "untrusted:inside-report", twin="signed-inside", openssl="good", piece=message(returned))
    for name, part in (
            ("octet-stream", entity(["Content-Type: application/octet-stream; name=invite.ics"],
                                    ics("REQUEST"))),
            ("text-plain", entity(["Content-Type: text/plain; name=invite.ics"], ics("REQUEST"))),
            ("application-ics", calendar(kind="application/ics")),
            ("x-vcalendar", calendar(kind="text/x-vcalendar")),
            ("preamble", multipart("mixed", [text()], "pre", preamble=calendar() + b"\r\n")),
            ("epilogue", multipart("mixed", [text()], "epi", epilogue=calendar()))):
        c.hostile(name, message(signed(part, boss)), "none:not-imip", twin="plain", openssl="good",
                  differs="there is no calendar part that a signature could be of")
    c.honest("in-preamble", message(multipart("mixed", [good], preamble=calendar(summary="Plot") + b"\r\n")),
             piece=piece)
    c.honest("in-epilogue", message(multipart("mixed", [good], epilogue=calendar(summary="Plot"))),
             piece=piece)


def methods(c):
    """The iTIP method outside and inside."""
    boss = c.people.boss
    c.group = "method"

    def mail(parameter, inside, before=(), **options):
        return message(signed(calendar(ics(inside, before=before, **options), method=parameter), boss))

    c.honest("request", mail("REQUEST", "REQUEST"))
    c.honest("lower-case-parameter", mail("request", "REQUEST"))
    c.honest("cancel", mail("CANCEL", "CANCEL", sequence=1))
    mismatch = "untrusted:method-mismatch"
    for name, parameter, inside in (
            ("request-is-cancel", "REQUEST", "CANCEL"), ("cancel-is-request", "CANCEL", "REQUEST"),
            ("publish-is-request", "PUBLISH", "REQUEST"), ("request-is-publish", "REQUEST", "PUBLISH"),
            ("reply-is-request", "REPLY", "REQUEST")):
        c.hostile(name, mail(parameter, inside), mismatch, twin="request", openssl="good")
    c.hostile("parameter-missing", mail(None, "REQUEST"), "none:not-imip", twin="request",
              openssl="good", differs="without the parameter it is no iMIP message")
    c.hostile("property-missing", mail("REQUEST", None), "untrusted:method-missing", twin="request",
              openssl="good")
    c.hostile("property-twice", mail("REQUEST", "REQUEST", before=["METHOD:CANCEL"]),
              "untrusted:duplicate-property", twin="request", openssl="good")
    c.hostile("property-in-event", mail("REQUEST", None, more=["METHOD:REQUEST"]),
              "untrusted:method-missing", twin="request", openssl="good")
    c.hostile("unknown", mail("X-STEAL", "X-STEAL"), "untrusted:method-unsupported", twin="request",
              openssl="good")
    c.hostile("component-parameter", message(signed(calendar(parameters="; component=VTODO"), boss)),
              "untrusted:component-mismatch", twin="request", openssl="good")
    c.hostile("two-objects", message(signed(calendar(ics("REQUEST") + ics("CANCEL")), boss)),
              "untrusted:bad-calendar", twin="request", openssl="good")
    twice = "the header can be read in two ways"
    c.hostile("parameter-twice", message(signed(calendar(parameters="; method=CANCEL"), boss)),
              "untrusted:ambiguous-header", twin="request", openssl="good", differs=twice)
    c.hostile("parameter-2231", message(signed(calendar(parameters="; method*=UTF-8''CANCEL"), boss)),
              "untrusted:ambiguous-header", twin="request", openssl="good", differs=twice)
    c.hostile("parameter-pieces", message(signed(
        calendar(parameters="; method*0=CAN; method*1=CEL"), boss)),
              "untrusted:ambiguous-header", twin="request", openssl="good", differs=twice)


def shape(c):
    """multipart/signed that is not what RFC 1847 says."""
    boss, mallory = c.people.boss, c.people.mallory
    part = calendar()
    signature = signature_part(cms(part, boss))
    c.group = "shape"
    c.honest("two-parts", message(around(part, signature)))
    c.honest("x-protocol", message(around(part, signature, protocol="application/x-pkcs7-signature")))
    c.honest("x-type", message(around(part, signature_part(
        cms(part, boss), "application/x-pkcs7-signature"))))
    c.honest("x-both", message(around(part, signature_part(
        cms(part, boss), "application/x-pkcs7-signature"), protocol="application/x-pkcs7-signature")))
    c.honest("wrong-micalg", message(around(part, signature, micalg="md5")))
    c.honest("no-micalg", message(multipart("signed", [part, signature], "sig",
                                            '; protocol="application/pkcs7-signature"')))
    whole = cms(part, boss, opaque=True)
    c.honest("octet-stream-p7m", message(opaque_part(whole, None, "application/octet-stream")),
             piece=message(opaque_part(whole)))
    count = "untrusted:not-two-parts"
    c.hostile("three-last", message(around(part, signature, third=text())), count, twin="two-parts")
    c.hostile("three-first", message(multipart("signed", [
        text(), part, signature], "sig", '; protocol="application/pkcs7-signature"')),
              count, twin="two-parts")
    c.hostile("three-calendars", message(around(part, signature, third=calendar(summary="Plot"))),
              "untrusted:duplicate-uid", "untrusted:duplicate-uid",
              twin="two-parts")
    c.hostile("four", message(multipart("signed", [
        part, signature, part, signature], "sig", '; protocol="application/pkcs7-signature"')),
              count, twin="two-parts")
    c.hostile("one", message(multipart("signed", [part], "sig",
                                       '; protocol="application/pkcs7-signature"')),
              count, twin="two-parts")
    c.hostile("signature-first", message(multipart("signed", [
        signature, part], "sig", '; protocol="application/pkcs7-signature"')),
              "untrusted:protocol-mismatch", twin="two-parts")
    wrong = "untrusted:protocol-mismatch"
    differs = "openssl does not look at the protocol"
    for name, protocol, expected in (
            ("protocol-missing", None, "good"), ("protocol-pgp", "application/pgp-signature", "good"),
            ("protocol-unknown", "application/x-nothing", "good"),
            ("protocol-mime", "application/pkcs7-mime", "good"),
            ("protocol-prefix", "application/pkcs7-signature2", "good"),
            ("protocol-list", "application/pkcs7-signature, application/pgp-signature", "good")):
        c.hostile(name, message(around(part, signature, protocol=protocol)), wrong, twin="two-parts",
                  openssl=expected, differs=differs)
    for name, kind in (("type-text", "text/plain"), ("type-mime", "application/pkcs7-mime"),
                       ("type-pgp", "application/pgp-signature"),
                       ("type-octets", "application/octet-stream")):
        c.hostile(name, message(around(part, signature_part(cms(part, boss), kind))), wrong,
                  twin="two-parts", openssl="bad")
    c.hostile("protocol-twice", message(around(
        part, signature, micalg='sha-256; protocol="application/pgp-signature"')),
              "untrusted:ambiguous-header", twin="two-parts", openssl="good",
              differs="openssl takes one of them")
    by_boss, by_mallory = (signed(part, who, boundary="in") for who in (boss, mallory))
    c.honest("nested", message(signed(by_boss, boss, boundary="out")))
    c.honest("nested-by-list", message(signed(by_boss, mallory, boundary="out")))
    c.hostile("nested-outer-bad", message(around(by_mallory, signature_part(cms(part, boss)),
                                                 boundary="out")),
              "untrusted:no-correlation", twin="nested", openssl="bad",
              differs="the inner signature, by somebody else, holds", also=("signature-invalid",))
    wrong_inside = around(part, signature_part(cms(text(), boss)), boundary="in")
    c.hostile("nested-wrong-inside", message(signed(wrong_inside, mallory, boundary="out")),
              "untrusted:no-correlation", twin="nested-by-list", openssl="good",
              also=("signature-invalid",))


def sender(c):
    """Headers that name the organizer do not make the signer one."""
    boss, mallory, bob = c.people.boss, c.people.mallory, c.people.bob
    c.group = "sender"
    other = "untrusted:no-correlation"
    by_mallory = signed(calendar(), mallory)
    c.honest("boss", message(signed(calendar(), boss)))
    c.honest("not-sender", message(signed(calendar(), boss), sender="list@example.net"))
    c.honest("mallorys-own", message(signed(calendar(organizer="mailto:mallory@example.com"), mallory),
                                     sender="mallory@example.com"))
    for name, who, fields in (
            ("from-organizer", "The Boss <boss@example.com>", []),
            ("from-signer", "mallory@example.com", []),
            ("from-both", "mallory@example.com, boss@example.com", []),
            ("sender-field", "mallory@example.com", ["Sender: boss@example.com"]),
            ("reply-to-field", "mallory@example.com", ["Reply-To: boss@example.com"]),
            ("resent", "mallory@example.com", ["Resent-From: boss@example.com"]),
            ("display-name", '"boss@example.com" <mallory@example.com>', []),
            ("encoded-name", "=?utf-8?q?boss=40example=2Ecom?= <mallory@example.com>", []),
            ("results", "boss@example.com", ["Authentication-Results: mx.example.com; dmarc=pass "
                                             "header.from=example.com; dkim=pass header.d=example.com"])):
        c.hostile(name, message(by_mallory, sender=who, fields=fields), other, twin="boss",
                  openssl="good")
    c.hostile("results-unsigned", message(calendar(), fields=[
        "Authentication-Results: mx.example.com; dmarc=pass header.from=example.com"]),
              UNSIGNED, twin="boss", openssl=None)
    c.hostile("attendee", message(signed(calendar(attendees=(
        "mailto:alice@example.com", "mailto:bob@example.com")), bob)), "ask:forwarder", twin="boss",
              openssl="good")
    c.hostile("attendee-cancels", message(signed(calendar(method="CANCEL", sequence=1, attendees=(
        "mailto:alice@example.com", "mailto:bob@example.com")), bob)), other, twin="boss", openssl="good")
    c.hostile("for-somebody-else", message(signed(calendar(attendees=("mailto:bob@example.com",)), boss)),
              "ask:not-addressed", twin="boss", openssl="good")
    c.hostile("answers-for-bob", message(signed(reply("mailto:bob@example.com", "mailto:alice@example.com"),
                                                mallory)), other, twin="boss", openssl="good")
    c.hostile("answer-to-another", message(signed(reply("mailto:bob@example.com"), bob)),
              "untrusted:organizer-mismatch", twin="boss", openssl="good")
    stranger = c.people.person("carol@example.net", issuer=c.people.newcomers)
    c.hostile("first-contact", message(signed(calendar(organizer="mailto:carol@example.net"), stranger)),
              "ask:first-contact", twin="boss", openssl="good")


def everything(c):
    for part in (beside, alternatives, hidden, methods, shape, sender):
        part(c)
