"""Tricks with header fields, boundaries, transfer encodings, character sets, and line ends."""

import base64

from mail import calendar, entity, forwarded, ics, message, multipart, text
from smime import around, cms, opaque, signature_part, signed

AMBIGUOUS = "untrusted:ambiguous-header"
SPAN = "untrusted:span-disagrees"
ONE_WAY = "openssl reads it in one of the ways"


def typed(head, content=None, fields=("Content-Transfer-Encoding: 7bit",)):
    """A calendar part whose Content-Type field is written out."""
    return entity([head, *fields], ics("REQUEST") if content is None else content)


def header_fields(c):
    """Content-Type and its kin: twice, folded, with comments, continued, with NUL."""
    boss = c.people.boss
    c.group = "header"

    def mail(part):
        return message(signed(part, boss))

    base = "Content-Type: text/calendar; method=REQUEST; charset=UTF-8"
    c.honest("plain", mail(typed(base)))
    c.honest("folded", mail(typed("Content-Type: text/calendar;\r\n method=REQUEST;\r\n\tcharset=UTF-8")))
    c.honest("comment", mail(typed("Content-Type: text/calendar (an invitation); method=REQUEST")))
    c.honest("upper-case", mail(typed("CONTENT-TYPE: TEXT/CALENDAR; METHOD=REQUEST")))
    c.honest("quoted", mail(typed('Content-Type: text/calendar; method="REQUEST"; charset="utf-8"')))
    c.honest("no-blank", mail(typed("Content-Type:text/calendar;method=REQUEST")))
    c.honest("name-continued", mail(typed(base + "; name*0=in; name*1=vite.ics")))
    c.honest("other-fields", mail(typed(base, fields=["Content-Description: x", "X-Other: y"])))
    for word, head in (
            ("type-twice", base + "\r\nContent-Type: text/calendar; method=CANCEL"),
            ("type-twice-same", base + "\r\n" + base),
            ("type-twice-text-last", base + "\r\nContent-Type: text/plain"),
            ("type-twice-case", base + "\r\ncontent-type: text/plain"),
            ("disposition-twice", base + "\r\nContent-Disposition: inline\r\nContent-Disposition: attachment"),
            ("method-twice", base + "; method=CANCEL"),
            ("method-twice-case", base + "; METHOD=CANCEL"),
            ("method-encoded", base + "; method*=us-ascii''CANCEL"),
            ("method-continued", base + "; method*0=REQUEST"),
            ("charset-twice", base + "; charset=iso-8859-1"),
            ("unclosed-comment", base + " (x"),
            ("semicolon-in-quotes", 'Content-Type: text/calendar; method="REQUEST" ; method="CANCEL"'),
            ("junk-parameter", "Content-Type: text/calendar; method=REQUEST; =x; charset"),
            ("nul", "Content-Type: text/calendar; method=REQUEST;\0 charset=UTF-8"),
            ("nul-in-other", base + "\r\nX-Other: a\0b"),
            ("control", base + "\r\nX-Other: a\x01b"),
            ("bare-cr-in-other", base + "\r\nX-Other: a\rContent-Type: text/plain"),
            ("junk-line", base + "\r\nno field at all"),
            ("junk-first", "no field at all\r\n" + base),
            ("folded-first", " folded before anything\r\n" + base),
            ("from-line", ">From boss@example.com\r\n" + base)):
        c.hostile(word, mail(typed(head)), AMBIGUOUS, twin="plain", openssl="good",
                  differs="the signer signed a header that can be read in two ways")
    for word, head in (
            ("blank-before-colon", "Content-Type : text/calendar; method=REQUEST"),
            ("type-twice-text", "Content-Type: text/plain\r\n" + base),
            ("bare-cr", "Content-Type: text/plain\rContent-Type: text/calendar; method=REQUEST"),
            ("nul-before-method", "Content-Type: text/calendar;\0 method=REQUEST")):
        c.hostile(word, mail(typed(head)), "none:not-imip", twin="plain", openssl="good",
                  differs="no calendar part is seen")
    for word, head in (
            ("comment-after-value", "Content-Type: text/calendar; method=REQUEST (really)"),
            ("method-split", "Content-Type: text/calendar; method*0=REQ; method*1=UEST; method*1=X"),
            ("unclosed-quote", 'Content-Type: text/calendar; method="REQUEST'),
            ("comment-hides", 'Content-Type: text/calendar; method=CANCEL"(; method=REQUEST)')):
        c.hostile(word, mail(typed(head)), "untrusted:method-mismatch", twin="plain", openssl="good",
                  differs="the signer signed a header that can be read in two ways")
    outer = signed(typed(base), boss)
    for word, old, new in (
            ("outer-type-twice", b"Content-Type: multipart/signed", b"Content-Type: text/plain\r\n"
             b"Content-Type: multipart/signed"),
            ("outer-protocol-twice", b"; micalg", b'; protocol="application/pgp-signature"; micalg'),
            ("outer-boundary-twice", b"; micalg", b"; boundary=other; micalg"),
            ("outer-boundary-2231", b"; micalg", b"; boundary*0=o; boundary*1=ther; micalg"),
            ("outer-boundary-encoded", b"; micalg", b"; boundary*=us-ascii''other; micalg"),
            ("outer-junk", b"Content-Type: multipart/signed", b"junk\r\nContent-Type: multipart/signed"),
            ("outer-nul", b"Content-Type: multipart/signed", b"X-A: \0\r\nContent-Type: multipart/signed")):
        changed = outer.replace(old, new, 1)
        expected = "none:not-imip" if word == "outer-type-twice" else AMBIGUOUS
        c.hostile(word, message(changed), expected, twin="plain", openssl=None, differs=ONE_WAY)
    long_field = base + "; x=" + "y" * 70000
    c.hostile("long-field", mail(typed(long_field)), "error:limit-exceeded", twin="plain", openssl=None)
    c.hostile("many-fields", message(signed(typed(base), boss), fields=["X-A: b"] * 20001), "error:limit-exceeded",
              twin="plain", openssl=None)
    c.hostile("nested-groups", message(signed(typed(base), boss), fields=["Cc: " + "g:" * 300]), "error:limit-exceeded",
              twin="plain", openssl=None)


def boundaries(c):
    """Delimiters that two readers find in two places."""
    boss = c.people.boss
    part = calendar()
    c.group = "boundary"
    good = signed(part, boss)
    plain = message(multipart("mixed", [good, text()]))
    c.honest("plain", plain, piece=message(good))
    c.honest("trailing-blanks", plain.replace(b"--mix\r\n", b"--mix  \t\r\n"), piece=message(good))
    c.honest("known-prefix", message(multipart("mixed", [around(part, signature_part(cms(part, boss)),
                                                                   boundary="mix-in")])),
             piece=message(good))
    c.honest("no-close", plain.replace(b"--mix--\r\n", b""), piece=message(good))
    c.honest("odd-characters", message(around(part, signature_part(cms(part, boss)),
                                              boundary="=_(sig)+,./:=?'")))
    trap = calendar(summary="Plot")

    # the signed octets hold what looks like a delimiter of the multipart/signed itself
    cut = ics("REQUEST").replace(b"BEGIN:VEVENT\r\n", b"\r\n--sig\r\n" + trap + b"\r\n--sig\r\nBEGIN:VEVENT\r\n", 1)
    whole = calendar(cut)
    c.hostile("delimiter-inside", message(around(whole, signature_part(cms(whole, boss)))),
              "untrusted:bad-calendar", "untrusted:not-two-parts",
              twin="plain", openssl="bad")
    for word, line in (("premature-close", b"\r\n--sig--\r\n"), ("close-with-text", b"\r\n--sig--x\r\n"),
                       ("prefix", b"\r\n--sigX\r\n"), ("prefix-close", b"\r\n--sig-\r\n"),
                       ("prefix-of-outer", b"\r\n--mixed-up\r\n"), ("vertical-tab", b"\r\n--sig\x0b\r\n")):
        marked = multipart("mixed", [calendar(), text("See:" + line.decode())], "in")
        mail = message(multipart("mixed", [around(marked, signature_part(cms(marked, boss)))]))
        c.hostile(word, mail, SPAN, twin="plain", openssl=None, differs=ONE_WAY)
    for word, preamble, epilogue in (("cr-before", b"", b"\r--mix\n" + trap), ("cr-around", b"", b"\r--mix\r" + trap),
                                     ("cr-preamble", b"\r--mix\r" + trap, b"")):
        mail = message(multipart("mixed", [good, text()], preamble=preamble + b"\r\n" if preamble else b"",
                                 epilogue=epilogue))
        c.hostile(word, mail, SPAN, twin="plain", openssl=None, differs=ONE_WAY)
    c.hostile("second-close", message(good + b"--sig--\r\n"), SPAN, twin="plain", openssl=None,
              differs=ONE_WAY)
    c.hostile("part-after-close", message(good + b"--sig\r\n" + trap + b"\r\n--sig--\r\n"),
              SPAN, twin="plain", openssl=None, differs=ONE_WAY)
    c.hostile("close-first", message(multipart("signed", [part, signature_part(cms(part, boss))], "sig",
                                               '; protocol="application/pkcs7-signature"',
                                               preamble=b"--sig--\r\n")),
              "none:not-imip", twin="plain", openssl=None, differs=ONE_WAY)
    c.hostile("outer-is-prefix", message(multipart("mixed", [
        around(part, signature_part(cms(part, boss)), boundary="mixsig"), trap])),
              "untrusted:duplicate-uid", "untrusted:duplicate-uid", twin="plain",
              openssl="good", piece=message(good))
    c.hostile("no-boundary", message(good.replace(b'; boundary="sig"', b"", 1)), "none:not-imip",
              twin="plain", openssl="bad")
    c.hostile("empty-boundary", message(good.replace(b'boundary="sig"', b'boundary=""', 1)),
              "none:not-imip", twin="plain", openssl=None)
    c.hostile("other-boundary", message(good.replace(b'boundary="sig"', b'boundary="gis"', 1)),
              "none:not-imip", twin="plain", openssl="bad")
    c.hostile("boundary-case", message(good.replace(b'boundary="sig"', b'boundary="SIG"', 1)),
              "none:not-imip", twin="plain", openssl="bad")
    c.hostile("indented-delimiter", message(good.replace(b"\r\n--sig\r\nContent-Type: application",
                                                         b"\r\n --sig\r\nContent-Type: application", 1)),
              "untrusted:bad-calendar", twin="plain", openssl="bad")
    c.hostile("cr-delimiter", message(good.replace(b"\r\n--sig\r\nContent-Type: application",
                                                   b"\r--sig\r\nContent-Type: application", 1)),
              SPAN, twin="plain", openssl=None)


def encodings(c):
    """Transfer encodings and character sets."""
    boss = c.people.boss
    c.group = "encoding"

    def mail(part):
        return message(signed(part, boss))

    content = ics("REQUEST")
    kind = "Content-Type: text/calendar; method=REQUEST; charset=UTF-8"

    def encode(octets):
        return base64.encodebytes(octets).replace(b"\n", b"\r\n")

    encoded = encode(content)
    c.honest("base64", mail(calendar(encoding="base64")))
    c.honest("quoted-printable", mail(calendar(encoding="quoted-printable")))
    c.honest("8bit", mail(calendar(encoding="8bit", summary="Pl\u00e4ne")))
    c.honest("us-ascii", mail(calendar(charset="us-ascii")))
    c.honest("no-charset", mail(calendar(charset=None)))
    c.honest("latin1", mail(calendar(ics("REQUEST", summary="Pl\u00e4ne").decode().encode("latin-1"),
                                     charset="iso-8859-1", encoding="8bit")))
    c.honest("base64-one-line", mail(entity([kind, "Content-Transfer-Encoding: base64"],
                                            base64.b64encode(content) + b"\r\n")))
    c.honest("base64-upper", mail(entity([kind, "Content-Transfer-Encoding: BASE64"], encoded)))
    c.honest("absent", mail(entity([kind], content)))
    bad = "untrusted:bad-transfer-encoding"
    plot = encode(ics("REQUEST", summary="Plot"))
    padded = encode(content + b"\r\n" * (len(content) % 3 == 0))  # ends with "="
    for word, encoding, body in (
            ("uuencode", "x-uuencode", content), ("unknown", "rot13", content), ("empty", "", content),
            ("two-words", "7bit base64", content), ("comment", "7bit (really)", content),
            ("quoted", '"7bit"', content), ("base64-then-text", "base64", encoded + b"-- \r\nfooter\r\n"),
            ("base64-with-text", "base64", b"!" + encoded), ("base64-twice", "base64", padded + plot),
            ("base64-unpadded", "base64", padded.replace(b"=", b"")),
            ("base64-bar", "base64", encoded[:100] + b"|" + encoded[100:])):
        c.hostile(word, mail(entity([kind, f"Content-Transfer-Encoding: {encoding}"], body)), bad,
                  twin="base64", openssl="good",
                  differs="" if encoding == "base64" else "the signed header is not allowed")
    c.hostile("twice", mail(entity([kind, "Content-Transfer-Encoding: 7bit",
                                    "Content-Transfer-Encoding: base64"], content)), AMBIGUOUS,
              twin="base64", openssl="good", differs=ONE_WAY)
    c.hostile("twice-same", mail(entity([kind, "Content-Transfer-Encoding: base64",
                                         "Content-Transfer-Encoding: base64"], encoded)), AMBIGUOUS,
              twin="base64", openssl="good", differs=ONE_WAY)
    composite = signed(calendar(), boss).replace(
        b"\r\n\r\n", b"\r\nContent-Transfer-Encoding: base64\r\n\r\n", 1)
    c.hostile("on-multipart", message(composite), bad, twin="base64", openssl="good", differs=ONE_WAY)
    c.hostile("on-mixed", message(multipart("mixed", [signed(calendar(), boss)], fields=[
        "Content-Transfer-Encoding: quoted-printable"])), bad, twin="base64", openssl="good",
              differs=ONE_WAY, piece=message(signed(calendar(), boss)))
    c.hostile("on-message", mail(forwarded(message(calendar()), ["Content-Transfer-Encoding: base64"])),
              "none:bad-transfer-encoding", twin="base64", openssl="good", differs="no calendar part is seen")
    charset = "untrusted:bad-charset"
    for word, name, body in (
            ("utf-7", "utf-7", content), ("utf-16", "utf-16", content),
            ("ebcdic", "ibm037", content), ("unknown-charset", "x-nothing", content),
            ("windows", "windows-1252", content),
            ("not-utf-8", "utf-8", content.replace(b"Plan", b"Pl\xe4ne")),
            ("overlong", "utf-8", content.replace(b"Plan", b"Pl\xc0\xafan")),
            ("surrogate", "utf-8", content.replace(b"Plan", b"Pl\xed\xa0\x80an")),
            ("not-ascii", "us-ascii", content.replace(b"Plan", "Pl\u00e4ne".encode()))):
        c.hostile(word, mail(calendar(body, charset=name, encoding="base64")), charset, twin="base64",
                  openssl="good")
    gone = "none:partial-or-external"
    c.hostile("partial", mail(entity(['Content-Type: message/partial; id="x"; number=1; total=2'],
                                     message(calendar()))), gone, twin="base64", openssl="good",
              differs="no calendar part is seen")
    c.hostile("external", mail(entity(['Content-Type: message/external-body; access-type=URL; '
                                       'URL="http://example.com/x.ics"'],
                                      "Content-Type: text/calendar; method=REQUEST\r\n\r\n")), gone,
              twin="base64", openssl="good", differs="no calendar part is seen")
    p7s = cms(calendar(), boss)
    text_ = base64.encodebytes(p7s).replace(b"\n", b"\r\n")
    for word, fields, body in (
            ("signature-unknown-encoding", ["Content-Transfer-Encoding: x-base64"], text_),
            ("signature-encoded-twice", ["Content-Transfer-Encoding: base64"] * 2, text_)):
        part = entity(["Content-Type: application/pkcs7-signature", *fields], body)
        expected = bad if "unknown" in word else AMBIGUOUS
        c.hostile(word, message(around(calendar(), part)), expected, twin="base64", openssl=None,
                  differs=ONE_WAY)


def protected_headers(c):
    """Header fields inside the signature (RFC 9788) are no evidence either."""
    p = c.people
    c.group = "protected"

    def mail(who, inner_from, outer_from, subject="A meeting"):
        part = calendar(parameters='; hp="clear"', fields=[
            f"From: {inner_from}", "To: alice@example.com", "Subject: A meeting"])
        return message(signed(part, who), sender=outer_from, subject=subject)

    c.honest("plain", mail(p.boss, "boss@example.com", "boss@example.com"))
    c.honest("subject-replaced", mail(p.boss, "boss@example.com", "boss@example.com", "..."))
    c.honest("old-form", message(signed(calendar(parameters='; protected-headers="v1"', fields=[
        "Subject: A meeting"]), p.boss)))
    c.hostile("inner-from", mail(p.mallory, "boss@example.com", "mallory@example.com"),
              "untrusted:no-correlation", twin="plain", openssl="good")
    c.hostile("both-from", mail(p.mallory, "boss@example.com", "boss@example.com"),
              "untrusted:no-correlation", twin="plain", openssl="good")
    wrapped = forwarded(message(calendar(), sender="boss@example.com"))
    c.honest("wrapped-message", message(signed(wrapped, p.boss)))
    c.honest("wrapped-opaque", message(opaque(wrapped, p.boss)))
    c.honest("wrapped-signed-twice", message(signed(forwarded(message(opaque(calendar(), p.boss))), p.boss)))
    c.honest("wrapped-signed-inside", message(signed(forwarded(message(opaque(calendar(), p.boss))), p.mallory)),
             piece=message(opaque(calendar(), p.boss)))
    by_mallory = message(calendar(), sender="mallory@example.com")
    c.honest("wrapped-sender", message(signed(forwarded(b"Sender: boss@example.com\r\n" + by_mallory), p.boss)))
    passing = "who passes a message on did not make it"
    passed_on = {
        "other-from": forwarded(by_mallory),
        "attachment": forwarded(message(calendar(), sender="boss@example.com"), ["Content-Disposition: attachment"]),
        "delivered": forwarded(b"Received: from mx.example.com; Mon, 4 Jan 2027 08:00:00 +0000\r\n" +
                               message(calendar(), sender="boss@example.com")),
        "returned": forwarded(b"Return-Path: <boss@example.com>\r\n" + message(calendar(), sender="boss@example.com")),
        "no-from": forwarded(calendar()),
        "forwarded": entity(["Content-Type: message/rfc822; forwarded=yes"], message(calendar(), sender="boss@example.com")),
    }
    for word, part in passed_on.items():
        c.hostile(f"wrapped-{word}", message(signed(part, p.boss)), "untrusted:unsigned", twin="wrapped-message",
                  openssl="good", differs=passing)
        c.hostile(f"wrapped-{word}-opaque", message(opaque(part, p.boss)), "untrusted:unsigned", twin="wrapped-opaque",
                  openssl="good", differs=passing)
    own = entity(["Content-Type: message/rfc822; forwarded=no"], by_mallory)
    c.honest("wrapped-not-forwarded", message(signed(own, p.boss)))
    c.hostile("wrapped-by-mallory", message(signed(wrapped, p.mallory)), "untrusted:unsigned",
              twin="wrapped-message", openssl="good", differs=passing)


def everything(c):
    for part in (header_fields, boundaries, encodings, protected_headers):
        part(c)
