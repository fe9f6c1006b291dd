"""Frauds inside the CMS: signers, attributes, digests, content types, trailing octets."""

import smime
from der import context, integer, null, octets, oid, seq, set_of, tlv
from der import time as der_time
from mail import calendar, event, ics, message, text
from pki import DAY, HOUR, MGF1, NOW, RSASSA_PSS, DIGESTS, Key, algorithm, digest, digest_algorithm
from smime import (CONTENT_TYPE, DATA, MESSAGE_DIGEST, SIGNING_TIME, TST_INFO, around, attribute, carried, cms,
                   names_certificate, opaque_part, protects, signature_part, signed_attributes, signed_data,
                   signer_info)

INVALID = "untrusted:signature-invalid"
MALFORMED = "untrusted:signature-malformed"
OPENSSL_TAKES_ANY = "openssl does not compare the attribute with the type of the content"


class Mails:
    """Detached and opaque mails around one calendar part."""

    def __init__(self, people, part=None):
        self.part = part or calendar()
        self.people = people

    def detached(self, *infos, certificates=None, **options):
        certificates = carried(self.people.boss) if certificates is None else certificates
        return message(around(self.part, signature_part(signed_data(infos, certificates, **options))))

    def opaque(self, *infos, certificates=None, inside=True, **options):
        certificates = carried(self.people.boss) if certificates is None else certificates
        return message(opaque_part(signed_data(
            infos, certificates, inside=self.part if inside is True else inside, **options)))

    def raw(self, der):
        return message(around(self.part, signature_part(der)))


def contents(c):
    """eContent beside a detached signature; opaque ones without; no signerInfo."""
    boss, part = c.people.boss, calendar()
    mails = Mails(c.people)
    info = signer_info(boss, part)
    c.group = "content"
    c.honest("detached", mails.detached(info))
    c.honest("opaque", mails.opaque(info))
    c.hostile("same-inside", mails.detached(info, inside=part), "untrusted:detached-with-content",
              twin="detached", openssl="good", differs="openssl does not mind the content")
    plot = calendar(summary="Plot")
    c.hostile("other-inside",
              message(around(plot, signature_part(signed_data([info], carried(boss), inside=part)))),
              "untrusted:detached-with-content", twin="detached")
    c.hostile("empty-inside", mails.detached(signer_info(boss, b""), inside=b""),
              "untrusted:detached-with-content", twin="detached")
    c.hostile("no-signer", mails.detached(), "untrusted:unsigned", also=("no-signer-info",),
              twin="detached")
    c.hostile("no-signer-opaque", mails.opaque(), "untrusted:unsigned", also=("no-signer-info",),
              twin="opaque")
    c.hostile("no-signer-no-certificate", mails.detached(certificates=[]), "untrusted:unsigned",
              also=("no-signer-info",), twin="detached")
    c.hostile("certificates-only", message(opaque_part(signed_data([], carried(boss)), "certs-only")),
              "none:no-signer-info", twin="opaque")
    c.hostile("opaque-without", mails.opaque(info, inside=None), "none:signature-malformed",
              twin="opaque")
    c.hostile("data-in-place", mails.raw(smime.content_info(DATA, octets(part))),
              MALFORMED, twin="detached")
    c.hostile("empty-signature", mails.raw(b""), MALFORMED, twin="detached")
    c.hostile("text-signature", mails.raw(b"Believe me, I am the boss.\r\n"),
              MALFORMED, twin="detached")
    c.hostile("cut-off", mails.raw(signed_data([info], carried(boss))[:-40]),
              MALFORMED, twin="detached")
    c.hostile("certificate-missing", mails.detached(info, certificates=[]),
              "untrusted:signature-unchecked", twin="detached")
    c.hostile("trailing", mails.raw(signed_data([info], carried(boss)) + b"\x00"),
              "untrusted:trailing-der", twin="detached", openssl="good",
              differs="openssl does not look behind the end")
    c.hostile("trailing-second",
              mails.raw(signed_data([info], carried(boss)) + signed_data([], carried(boss))),
              "untrusted:trailing-der", twin="detached", openssl="good",
              differs="openssl does not look behind the end")
    c.hostile("trailing-text", mails.raw(signed_data([info], carried(boss)) + b"\r\n"),
              "untrusted:trailing-der", twin="detached", openssl="good",
              differs="openssl does not look behind the end")


def several(c):
    """Each signerInfo is judged alone."""
    p, part = c.people, calendar()
    mails = Mails(p)
    boss, mallory = signer_info(p.boss, part), signer_info(p.mallory, part)
    both = carried(p.boss, p.mallory)
    elsewhere = signer_info(p.boss, calendar(summary="Plot"))
    c.group = "several"
    c.honest("both", mails.detached(boss, mallory, certificates=both))
    c.honest("two-keys", mails.detached(boss, signer_info(p.boss_rsa, part),
                                        certificates=carried(p.boss, p.boss_rsa)))
    needs_all = "openssl wants every signerInfo to hold, imip wants one whose signer fits"
    c.honest("good-beside-bad", mails.detached(boss, signer_info(p.mallory, part, spoil=True),
                                               certificates=both), openssl="bad", differs=needs_all)
    other = "untrusted:no-correlation"
    c.hostile("copied-signer", mails.detached(elsewhere, mallory, certificates=both), other,
              twin="both", differs=needs_all, also=("signature-invalid",))
    c.hostile("spoilt-signer", mails.detached(signer_info(p.boss, part, spoil=True), mallory,
                                              certificates=both), other, twin="both",
              differs=needs_all, also=("signature-invalid",))
    c.hostile("signed-by-another-key",
              mails.detached(signer_info(p.boss, part, key=p.mallory.key), mallory, certificates=both),
              other, twin="both", differs=needs_all, also=("signature-invalid",))
    c.hostile("only-another-key", mails.detached(signer_info(p.boss, part, key=p.mallory.key)), INVALID,
              twin="both")
    c.hostile("signer-without-certificate", mails.detached(boss, mallory, certificates=carried(p.mallory)),
              other, twin="both", differs=needs_all, also=("signature-unchecked",))
    c.hostile("unsigned-attributes", mails.detached(
        signer_info(p.mallory, part, unsigned=[attribute("1.2.840.113549.1.9.6", boss)]),
        certificates=both), other, twin="both", openssl="good", also=())
    weak = p.bad_boss(end=NOW - HOUR, begin=NOW - 9 * HOUR)
    c.hostile("expired-beside", mails.detached(signer_info(weak, part), mallory,
                                               certificates=carried(weak, p.mallory)), other,
              twin="both", differs=needs_all, also=("expired",))
    twin_id = p.person("boss", issuer=p.foreign)
    c.hostile("foreign-beside", mails.detached(signer_info(twin_id, part), mallory,
                                               certificates=carried(twin_id, p.mallory)), other,
              twin="both", differs=needs_all)
    c.hostile("all-bad", mails.detached(elsewhere, signer_info(p.boss, part, spoil=True)), INVALID,
              twin="two-keys")


def attributes(c):
    """Signed attributes that say something else than the content is."""
    boss, part = c.people.boss, calendar()
    mails = Mails(c.people)
    good = signed_attributes(part)

    def with_attributes(*attributes_, content=part, **options):
        return signer_info(boss, content, attributes=list(attributes_), **options)

    c.group = "attributes"
    c.honest("plain", mails.detached(with_attributes(*good)))
    c.honest("none", mails.detached(signer_info(boss, part, attributes=None)))
    c.honest("no-time", mails.detached(with_attributes(*signed_attributes(part, at=None))))
    c.honest("ess", mails.detached(with_attributes(*good, names_certificate(boss))))
    c.honest("by-key", mails.detached(signer_info(boss, part, by_key=True), version=3))
    renewed = c.people.bad_boss(key=boss.key, begin=NOW - 9 * DAY, end=NOW - DAY)
    named_alike = Key()
    named_alike.identifier = boss.key.identifier
    liar = c.people.person("boss", issuer=c.people.foreign, key=named_alike)
    by_key = signer_info(boss, part, by_key=True)
    first_only = "openssl looks at the first certificate that fits only"
    for word, other in (("renewed", renewed), ("another-key", liar)):
        c.honest(f"by-key-{word}", mails.detached(by_key, certificates=[boss.der, other.der], version=3))
        c.honest(f"by-key-{word}-turned", mails.detached(by_key, certificates=[other.der, boss.der], version=3),
                 openssl="bad", differs=first_only)
    for word, these in (("", [boss.der, liar.der]), ("-turned", [liar.der, boss.der])):
        c.hostile(f"by-key-stranger{word}", mails.detached(
            signer_info(liar, part, by_key=True), certificates=these, version=3), "untrusted:unknown-signer",
                  twin="by-key-another-key", also=("no-anchor",))
    c.honest("unknown-attribute", mails.detached(with_attributes(*good, attribute("1.2.3.4", null()))))
    c.hostile("digest-of-other",
              mails.detached(with_attributes(*signed_attributes(calendar(summary="Plot")))),
              INVALID, twin="plain")
    c.hostile("digest-missing", mails.detached(with_attributes(*good[:2])), MALFORMED, twin="plain")
    c.hostile("digest-twice", mails.detached(with_attributes(*good, good[2])), MALFORMED, twin="plain")
    both = [octets(digest("sha256", content)) for content in (part, calendar(summary="Plot"))]
    c.hostile("digest-two-values", mails.detached(with_attributes(
        *good[:2], attribute(MESSAGE_DIGEST, *both))), MALFORMED, twin="plain")
    kind = "untrusted:content-type-attribute"
    c.hostile("type-missing", mails.detached(with_attributes(*signed_attributes(part, content_type=None))),
              kind, twin="plain")
    for name, dotted in (("type-signed", smime.SIGNED), ("type-tst", TST_INFO),
                         ("type-enveloped", smime.ENVELOPED), ("type-unknown", "1.2.3.4")):
        c.hostile(name, mails.detached(with_attributes(*signed_attributes(part, content_type=dotted))),
                  kind, twin="plain", openssl="good", differs=OPENSSL_TAKES_ANY)
    c.hostile("type-twice", mails.detached(with_attributes(
        attribute(CONTENT_TYPE, oid(DATA), oid(TST_INFO)), *good[1:])), kind, twin="plain")
    c.hostile("type-attribute-twice", mails.detached(with_attributes(
        *good, attribute(CONTENT_TYPE, oid(TST_INFO)))), kind, twin="plain", openssl="bad")
    for name, dotted in (("content-tst", TST_INFO), ("content-unknown", "1.2.3.4"),
                         ("content-signed", smime.SIGNED)):
        c.hostile(name, mails.detached(with_attributes(*signed_attributes(part, content_type=dotted)),
                                       content_type=dotted), kind, twin="plain", openssl="good",
                  differs="openssl verifies content of any type")
    c.hostile("content-type-only", mails.detached(with_attributes(*good), content_type=TST_INFO), kind,
              twin="plain", openssl="good", differs=OPENSSL_TAKES_ANY)
    c.hostile("opaque-content-tst", mails.opaque(
        with_attributes(*signed_attributes(part, content_type=TST_INFO)), content_type=TST_INFO),
              kind, twin="content.opaque", openssl="good", differs="openssl verifies content of any type")
    cades = "openssl looks at it with -cades only"
    c.hostile("ess-of-other", mails.detached(with_attributes(*good, names_certificate(c.people.mallory))),
              INVALID, twin="ess", openssl="good", differs=cades)
    c.hostile("ess-of-twin", mails.detached(
        with_attributes(*good, names_certificate(c.people.bad_boss(key=boss.key)))), INVALID, twin="ess",
              openssl="good", differs=cades)
    future = "untrusted:signed-in-future"
    no_clock = "openssl does not look at the signing time"
    for name, ahead in (("future-hour", HOUR), ("future-years", 365 * 24 * HOUR * 9)):
        c.hostile(name, mails.detached(with_attributes(*signed_attributes(part, at=NOW + ahead))), future,
                  twin="plain", openssl="good", differs=no_clock)
    c.honest("future-minutes", mails.detached(with_attributes(*signed_attributes(part, at=NOW + 300))))
    c.hostile("time-is-text", mails.detached(with_attributes(
        *signed_attributes(part, at=None), attribute(SIGNING_TIME, tlv(0x13, b"yesterday")))),
              MALFORMED, twin="plain", openssl="good", differs=no_clock)
    c.hostile("time-twice", mails.detached(with_attributes(
        *good, attribute(SIGNING_TIME, der_time(NOW - 99)))), MALFORMED, twin="plain")
    c.hostile("time-two-values", mails.detached(with_attributes(
        *signed_attributes(part, at=None), attribute(SIGNING_TIME, der_time(NOW), der_time(NOW - 99)))),
              MALFORMED, twin="plain")
    sha256, ecdsa = digest_algorithm("sha256"), boss.key.algorithm("sha256")
    right = protects(sha256, ecdsa)
    c.honest("protected", mails.detached(with_attributes(*good, right)))
    c.honest("protected-null", mails.detached(with_attributes(
        *good, protects(algorithm(DIGESTS["sha256"][0], null()), ecdsa))))
    unknown = "openssl 3.0 does not know the attribute"
    for name, *made in (
            ("protected-digest", protects(digest_algorithm("sha512"), ecdsa)),
            ("protected-signature", protects(sha256, boss.key.algorithm("sha512"))),
            ("protected-mac", protects(sha256, ecdsa, b"\xa2" + sha256[1:])),
            ("protected-bare", attribute(smime.ALGORITHM_PROTECTION, seq(sha256))),
            ("protected-untagged", attribute(smime.ALGORITHM_PROTECTION, seq(sha256, ecdsa))),
            ("protected-text", attribute(smime.ALGORITHM_PROTECTION, octets(b"sha256"))),
            ("protected-two-values", attribute(smime.ALGORITHM_PROTECTION, seq(sha256, b"\xa1" + ecdsa[1:]), null())),
            ("protected-twice", right, attribute(smime.ALGORITHM_PROTECTION, null()))):
        c.hostile(name, mails.detached(with_attributes(*good, *made)), MALFORMED,
                  twin="protected", openssl="good", differs=unknown)
    # the signature over somebody's attributes, shown as one over a message without attributes
    as_set = set_of(*good)
    value = signer_info(boss, as_set, attributes=None)
    c.hostile("set-as-content", message(opaque_part(signed_data([value], carried(boss), inside=as_set))),
              "none:signature-malformed", twin="content.opaque", openssl="good",
              differs="openssl does not know where the content came from")


def digests(c):
    """Weak digests, and algorithms that contradict each other."""
    p, part = c.people, calendar()
    mails = Mails(p)
    c.group = "digest"
    rsa, ec = p.boss_rsa, p.boss
    for name, who in (("rsa", rsa), ("ec", ec)):
        for good in ("sha256", "sha384", "sha512"):
            c.honest(f"{name}-{good}", message(smime.signed(part, who, hashed=good)))
    c.honest("pss", message(smime.signed(part, rsa, scheme="pss")))
    weak, takes = "untrusted:weak-digest", "openssl takes weak digests"
    for bad in ("md5", "sha1", "sha224"):
        c.hostile(f"rsa-{bad}", message(smime.signed(part, rsa, hashed=bad)), weak, twin="rsa-sha256",
                  openssl="good", differs=takes)
    for bad in ("sha1", "sha224"):
        c.hostile(f"ec-{bad}", message(smime.signed(part, ec, hashed=bad)), weak, twin="ec-sha256",
                  openssl="good", differs=takes)
    c.hostile("pss-sha1", message(smime.signed(part, rsa, scheme="pss", hashed="sha1")), weak,
              twin="pss", openssl="good", differs=takes)
    c.hostile("opaque-sha1", message(smime.opaque(part, rsa, hashed="sha1")), weak,
              twin="content.opaque", openssl="good", differs=takes)
    c.hostile("without-attributes-sha1", message(smime.signed(part, rsa, hashed="sha1", attributes=None)),
              weak, twin="rsa-sha256", openssl="good", differs=takes)
    # SHA-1 was signed, SHA-256 is named
    info = signer_info(rsa, part, "sha1", digest_word="sha256",
                       attributes=signed_attributes(part, "sha1"))
    c.hostile("named-sha256-is-sha1", mails.detached(info, certificates=carried(rsa)), INVALID,
              twin="rsa-sha256")
    info = signer_info(rsa, part, "sha1", digest_word="sha256",
                       attributes=signed_attributes(part, "sha256"))
    c.hostile("attributes-sha1", mails.detached(info, certificates=carried(rsa)), INVALID,
              twin="rsa-sha256")
    sha1 = algorithm(DIGESTS["sha1"][0], null())
    weak_pss = algorithm(RSASSA_PSS, seq(context(0, sha1), context(1, algorithm(MGF1, sha1)),
                                         context(2, integer(20))))
    info = signer_info(rsa, part, "sha1", digest_word="sha256", scheme="pss",
                       signature_algorithm=weak_pss, attributes=signed_attributes(part, "sha256"))
    c.hostile("pss-parameters-sha1", mails.detached(info, certificates=carried(rsa)), INVALID,
              twin="pss")
    c.honest("rsa-without-digest", message(smime.signed(part, rsa, signature_algorithm=algorithm(
        "1.2.840.113549.1.1.1", null()))))
    says_otherwise = "openssl does not compare the two algorithms"
    for name, who, said in (("rsa-named-md5", rsa, DIGESTS["md5"][1]), ("rsa-named-sha1", rsa, DIGESTS["sha1"][1]),
                            ("rsa-named-sha512", rsa, DIGESTS["sha512"][1]), ("ec-named-sha1", ec, DIGESTS["sha1"][2]),
                            ("ec-named-rsa", ec, DIGESTS["sha256"][1])):
        c.hostile(name, message(smime.signed(part, who, signature_algorithm=algorithm(said))),
                  "untrusted:signature-malformed", twin=f"{name[:name.index('-')]}-sha256", openssl="good",
                  differs=says_otherwise)
    c.hostile("rsa-named-ec", message(smime.signed(part, rsa, signature_algorithm=algorithm(DIGESTS["sha256"][2]))),
              INVALID, twin="rsa-sha256")
    for name, who, opinion in (("rsa", rsa, "bad"), ("ec", ec, "good")):
        c.hostile(f"{name}-unknown-kind", message(smime.signed(part, who, signature_algorithm=algorithm("1.2.3.4.5.6"))),
                  "untrusted:algorithm-unsupported", twin=f"{name}-sha256", openssl=opinion,
                  differs="" if opinion == "bad" else says_otherwise)
    c.hostile("unknown-digest", message(around(part, signature_part(cms(part, ec).replace(
        digest_algorithm("sha256"), algorithm("1.2.3.4.5.6.7.8.9.10"))))),
              "untrusted:algorithm-unsupported", twin="ec-sha256")


def bent(c):
    """Octets changed after signing."""
    boss = c.people.boss
    part = calendar()
    good = message(smime.signed(part, boss))
    c.group = "bent"
    c.honest("plain", good)

    def change(old, new, where=good):
        if where.count(old) < 1:
            raise SystemExit(f"corpus: nothing to change: {old}")
        return where.replace(old, new, 1)

    for name, old, new in (
            ("summary", b"SUMMARY:Plan", b"SUMMARY:Plot"),
            ("case", b"SUMMARY:Plan", b"SUMMARY:plan"),
            ("organizer", b"ORGANIZER:mailto:boss", b"ORGANIZER:mailto:b0ss"),
            ("trailing-blank", b"SUMMARY:Plan\r\n", b"SUMMARY:Plan \r\n"),
            ("blank-line", b"\r\n\r\nBEGIN:VCALENDAR", b"\r\n\r\n\r\nBEGIN:VCALENDAR"),
            ("line-dropped", b"SEQUENCE:0\r\n", b""),
            ("line-added", b"SEQUENCE:0\r\n", b"SEQUENCE:0\r\nLOCATION:Vault\r\n"),
            ("unfolded", b"SUMMARY:Plan\r\n", b"SUMMARY:Pl\r\n an\r\n"),
            ("bare-cr", b"SUMMARY:Plan\r\n", b"SUMMARY:Plan\rX-A:b\r\n"),
            ("last-line-end", b"END:VCALENDAR\r\n\r\n--sig", b"END:VCALENDAR\r\n--sig"),
            ("extra-line-end", b"END:VCALENDAR\r\n\r\n--sig", b"END:VCALENDAR\r\n\r\n\r\n--sig"),
            ("header-case", b"Content-Transfer-Encoding: 7bit", b"content-transfer-encoding: 7bit"),
            ("header-order", b"Content-Type: text/calendar; method=REQUEST; charset=UTF-8\r\n"
             b"Content-Transfer-Encoding: 7bit\r\n", b"Content-Transfer-Encoding: 7bit\r\n"
             b"Content-Type: text/calendar; method=REQUEST; charset=UTF-8\r\n"),
            ("header-added", b"Content-Transfer-Encoding: 7bit\r\n",
             b"Content-Transfer-Encoding: 7bit\r\nContent-Disposition: inline\r\n"),
            ("header-folded", b"text/calendar; method", b"text/calendar;\r\n method"),
            ("header-comment", b"text/calendar; method", b"text/calendar (sic); method"),
            ("component-parameter", b"charset=UTF-8\r\nContent-Tr",
             b"charset=UTF-8; component=VEVENT\r\nContent-Tr"),
            ("encoded", part, calendar(encoding="base64"))):
        c.hostile(name, change(old, new), INVALID, twin="plain")
    c.hostile("junk-line", change(b"Content-Transfer-Encoding: 7bit\r\n",
                                  b"Content-Transfer-Encoding: 7bit\r\nthis line is no field\r\n"),
              "untrusted:ambiguous-header", twin="plain")
    c.hostile("junk-line-first", change(b"Content-Type: text/calendar", b"junk\r\nContent-Type: text/calendar"),
              "untrusted:ambiguous-header", twin="plain")
    c.hostile("bare-cr-in-organizer", message(smime.signed(calendar(
        organizer="mailto:boss@example.com\rX-A:b"), boss)), "untrusted:bad-calendar", twin="plain",
              openssl=None, differs="openssl may take a bare CR for a line end")


def everything(c):
    for part in (contents, several, attributes, digests, bent):
        part(c)
