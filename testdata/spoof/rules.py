"""What the policy's own words allow and forbid: [[pin]] of certificates, [[anchor]] with schemes, revocation, floor."""

import hashlib

from certificates import mail_by
from der import bits, integer, null, oid, seq, utf8
from mail import calendar, message
from pki import (DAY, NOW, Certificate, Key, digest, lists_by, name_constraints, mail_name, other_name, revocation_list,
                 uri_name, algorithm, DIGESTS)
from smime import around, carried, cms, opaque, signature_part, signed, signed_attributes, signed_data, signer_info

OTHER = "untrusted:no-correlation"
NO_PINS = "openssl knows no pins"


def fingerprint(who):
    return hashlib.sha256(who.key.spki).hexdigest()


def pins(c):
    """[[pin]] by SubjectPublicKeyInfo: never instead of the chain."""
    p = c.people
    c.group = "pin"
    vip = "mailto:vip@example.com"
    mismatch = "untrusted:pin-mismatch"
    c.vip = p.person("vip")
    c.new_vip = p.person("newvip@example.net", issuer=p.newcomers)
    renewed = p.person("vip", key=c.vip.key)
    c.honest("pinned", mail_by(c.vip, vip), "trusted:pinned")
    c.honest("renewed", mail_by(renewed, vip), "trusted:pinned")
    c.honest("upper-case", mail_by(p.person("VIP@EXAMPLE.COM", key=c.vip.key), vip), "trusted:pinned")
    c.honest("admits", mail_by(c.new_vip, "mailto:newvip@example.net"), "trusted:pinned")
    c.hostile("admits-nobody-else", mail_by(p.person("other@example.net", issuer=p.newcomers, key=c.new_vip.key),
                                            "mailto:other@example.net"), "ask:first-contact", twin="admits",
              openssl="good")
    second = p.person("vip")
    part = calendar(organizer=vip)
    c.hostile("another-key", mail_by(second, vip), mismatch, twin="pinned", openssl="good")
    c.hostile("another-key-upper-case", mail_by(p.person("VIP@example.com"), vip), mismatch, twin="pinned",
              openssl="good")
    c.hostile("another-key-opaque", message(opaque(part, second)), mismatch, twin="pinned", openssl="good")
    c.hostile("plus", mail_by(p.person("vip+x@example.com"), "mailto:vip+x@example.com"), mismatch, twin="pinned",
              openssl="good")
    c.hostile("another-newcomer", mail_by(p.person("newvip@example.net", issuer=p.newcomers),
                                          "mailto:newvip@example.net"), mismatch, twin="admits", openssl="good")
    c.hostile("not-instead-of-chain", mail_by(p.person("vip", issuer=p.foreign, key=c.vip.key), vip),
              "untrusted:unknown-signer", twin="pinned", also=["no-anchor"])
    c.hostile("self-signed", mail_by(Certificate("vip", c.vip.key, mails=["vip@example.com"]), vip),
              "untrusted:unknown-signer", twin="pinned", also=["no-anchor"])
    c.hostile("expired", mail_by(p.person("vip", key=c.vip.key, begin=NOW - 9 * DAY, end=NOW - DAY), vip),
              "untrusted:expired", twin="pinned")
    c.hostile("key-of-another", mail_by(p.person("mallory", key=c.vip.key), vip), OTHER, twin="pinned",
              openssl="good")
    c.hostile("pinned-beside", message(around(part, signature_part(signed_data(
        [signer_info(second, part), signer_info(c.vip, part, spoil=True)], carried(second, c.vip))))), mismatch,
              twin="pinned", differs="openssl wants every signerInfo to hold")
    c.hostile("carried-only", message(around(part, signature_part(cms(
        part, second, certificates=[*carried(second), c.vip.der])))), mismatch, twin="pinned", openssl="good")
    c.honest("both-sign", message(around(part, signature_part(signed_data(
        [signer_info(second, part), signer_info(c.vip, part)], carried(second, c.vip))))), "trusted:pinned")
    from openpgp import pgp_signed
    ring_vip = c.ring.known("VIP <vip@example.com>")
    c.hostile("by-openpgp", message(pgp_signed(part, ring_vip)), mismatch, twin="pinned", gpg="good")
    c.hostile("sent-by-pinned", message(signed(calendar(organizer_line=(
        'ORGANIZER;SENT-BY="mailto:vip@example.com":mailto:boss@example.com')), second)), mismatch, twin="pinned",
              openssl="good")


def schemes(c):
    """sip: and xmpp: calendar users are an anchor's to name only where the policy says so."""
    p = c.people
    c.group = "scheme"
    sip, xmpp = "sip:boss@example.com", "xmpp:boss@example.com"
    jabber = other_name("1.3.6.1.5.5.7.8.5", utf8("boss@example.com"))

    def person(issuer, *names, mails=()):
        return Certificate("boss", Key(), issuer, names=names, mails=mails)

    c.honest("sip", mail_by(person(c.sip_root, uri_name(sip)), sip))
    c.honest("sips", mail_by(person(c.sip_root, uri_name("sips:boss@example.com")), "sips:boss@example.com"))
    c.honest("sip-and-mail", mail_by(person(c.sip_root, uri_name(sip), mails=["boss@example.com"])))
    c.honest("xmpp", mail_by(person(c.xmpp_root, jabber), xmpp))
    c.honest("sip-intermediate", mail_by(person(p.authority("Phones", issuer=c.sip_root), uri_name(sip)), sip))
    both = person(c.sip_root, uri_name(sip), mails=["boss@example.com"])
    c.hostile("sip-is-not-mail", mail_by(person(c.sip_root, uri_name(sip))), OTHER, twin="sip", openssl="good")
    c.hostile("mail-is-not-sip", mail_by(person(c.sip_root, mails=["boss@example.com"]), sip), OTHER, twin="sip",
              openssl="good")
    c.hostile("sips-is-not-sip", mail_by(person(c.sip_root, uri_name("sips:boss@example.com")), sip), OTHER,
              twin="sip", openssl="good")
    nobody = dict(twin="sip", openssl="good", differs="openssl looks at no name")
    c.hostile("sip-by-usual-anchor", mail_by(person(p.root, uri_name(sip)), sip), "untrusted:no-identity", **nobody)
    c.hostile("sip-by-usual-anchor-with-mail", mail_by(person(p.root, uri_name(sip), mails=["x@example.com"]), sip),
              OTHER, twin="sip", openssl="good")
    c.hostile("xmpp-by-usual-anchor", mail_by(person(p.root, jabber), xmpp), "untrusted:no-identity", **nobody)
    c.hostile("xmpp-by-sip-anchor", mail_by(person(c.sip_root, jabber), xmpp), "untrusted:no-identity", **nobody)
    c.hostile("sip-by-xmpp-anchor", mail_by(person(c.xmpp_root, uri_name(sip)), sip), "untrusted:no-identity",
              **nobody)
    c.hostile("mail-by-xmpp-anchor", mail_by(person(c.xmpp_root, mails=["boss@example.com"])),
              "untrusted:no-identity", **nobody)
    c.hostile("xmpp-uri", mail_by(person(c.xmpp_root, uri_name(xmpp)), xmpp), "untrusted:no-identity", **nobody)
    c.hostile("mailto-uri", mail_by(person(c.sip_root, uri_name("mailto:boss@example.com"))),
              "untrusted:no-identity", **nobody)
    limited = p.authority("Limited phones", issuer=c.sip_root, extensions=[
        name_constraints(permitted=[mail_name("example.com")])])
    c.hostile("below-constraints", mail_by(person(limited, uri_name(sip)), sip), "untrusted:no-identity", **nobody)
    for name, uri in (("sip-parameter", "sip:boss@example.com;user=phone"), ("sip-header", "sip:boss@example.com?x=y"),
                      ("sip-password", "sip:boss:x@example.com"), ("sip-number", "sip:+4930123@example.com"),
                      ("sip-domain", "sip:example.com"), ("sip-nul", "sip:boss@example.com\0"),
                      ("sip-two", "sip:boss@example.com,sip:mallory@example.com"),
                      ("sip-space", "sip:boss@example.com x"), ("sip-other", "sip:mallory@example.com")):
        who = person(c.sip_root, uri_name(uri), mails=["mallory@example.com"])
        c.hostile(name, mail_by(who, sip), OTHER, twin="sip", openssl="good")
    resource = other_name("1.3.6.1.5.5.7.8.5", utf8("boss@example.com/phone"))
    c.hostile("xmpp-resource", mail_by(person(c.xmpp_root, resource), xmpp), "untrusted:no-identity", **nobody)
    c.hostile("xmpp-outside-domains", mail_by(person(c.xmpp_root, other_name(
        "1.3.6.1.5.5.7.8.5", utf8("boss@evil.example"))), "xmpp:boss@evil.example"),
              "untrusted:outside-anchor-domains", **nobody)
    c.hostile("organizer-percent", mail_by(both, "sip:bo%73s@example.com"), OTHER, twin="sip", openssl="good")
    c.hostile("organizer-parameter", mail_by(both, "sip:boss@example.com;transport=tcp"), OTHER, twin="sip",
              openssl="good")
    c.hostile("organizer-case", mail_by(person(c.sip_root, uri_name(sip)), "sip:BOSS@example.com"), OTHER,
              twin="sip", openssl="good")


def indirect(c):
    """Lists of several authorities, by an issuer beside them or by one above."""
    p, beside = c.people, c.crl_issuer
    c.group = "indirect"
    openssl = dict(openssl="good", differs="openssl is not asked about lists")

    def by(who, listed, issuer):
        return mail_by(who, certificates=[who.der, *who.chain, beside.der],
                       crls=[revocation_list(issuer, [listed], indirect=True)])

    fresh = p.person("boss", extensions=[lists_by(beside)])
    c.honest("not-listed", mail_by(fresh, certificates=[fresh.der, beside.der]))
    c.hostile("by-an-issuer", mail_by(c.revoked_by_issuer, certificates=[c.revoked_by_issuer.der, beside.der]),
              "untrusted:revoked", twin="not-listed", **openssl)
    c.honest("not-known-issuer", mail_by(c.revoked_by_issuer), also=["revocation-unknown"])
    c.hostile("from-above", mail_by(c.revoked_above), "untrusted:revoked", twin="not-listed", **openssl)
    # in the message, where openssl looks for them
    c.honest("not-listed-in-message", by(fresh, c.revoked_by_issuer, beside), lists=True)
    c.hostile("by-an-issuer-in-message", by(fresh, fresh, beside), "untrusted:revoked",
              twin="not-listed-in-message", lists=True)
    below = p.person("boss", issuer=c.listed_above, extensions=[lists_by(p.root)])
    c.honest("not-listed-from-above-in-message", by(below, fresh, p.root), lists=True)
    c.hostile("from-above-in-message", by(below, below, p.root), "untrusted:revoked",
              twin="not-listed-from-above-in-message", lists=True)


def revocation(c):
    """The three modes; lists in the message; lists that are stale."""
    p = c.people
    c.group = "revocation"
    lists = "openssl is not asked about lists"
    revoked = dict(twin="with-list", openssl="good", differs=lists)
    good = mail_by(p.person("boss", issuer=c.with_list))
    fresh = p.person("boss", issuer=p.rsa_root)
    c.honest("with-list", good)
    c.honest("with-list-required", good, policy="required.toml")
    c.honest("without-list", mail_by(fresh), also=[])
    c.honest("without-list-off", mail_by(fresh), policy="off.toml")
    unknown = "untrusted:revocation-unknown"
    c.hostile("without-list-required", mail_by(fresh), unknown, policy="required.toml", **revoked)
    c.hostile("list-in-message-only", mail_by(fresh, crls=[revocation_list(p.rsa_root, [])]), unknown,
              policy="required.toml", **revoked)
    c.hostile("list-in-message-only-intermediate", mail_by(
        p.person("boss", issuer=(below := p.authority("No list"))), crls=[
            revocation_list(below, []), revocation_list(p.root, [])]), unknown, policy="required.toml", **revoked)
    stale = p.person("boss", issuer=c.with_stale_list)
    c.honest("stale", mail_by(stale), also=[])
    c.hostile("stale-required", mail_by(stale), unknown, policy="required.toml", **revoked)
    c.hostile("stale-lists", mail_by(c.revoked_stale), "untrusted:revoked", **revoked)
    c.hostile("stale-lists-required", mail_by(c.revoked_stale), "untrusted:revoked", policy="required.toml", **revoked)
    open_ended = mail_by(p.person("boss", issuer=c.with_open_list))
    c.honest("no-next-update", open_ended, also=["revocation-unknown"])
    c.hostile("no-next-update-required", open_ended, unknown, policy="required.toml", **revoked)
    c.hostile("no-next-update-lists", mail_by(c.revoked_open), "untrusted:revoked", **revoked)
    c.hostile("stale-in-message-lists", mail_by(who := p.person("boss"), crls=[revocation_list(
        p.root, [who], begin=NOW - 40 * DAY, end=NOW - 10 * DAY)]), "untrusted:revoked", **revoked)
    c.hostile("newer-list-in-message", mail_by(c.revoked_boss, crls=[revocation_list(
        c.with_list, [], begin=NOW - 60)]), "untrusted:revoked", **revoked)
    c.hostile("at-an-earlier-time", mail_by(c.revoked_boss), "untrusted:revoked", arguments=[
        "--verification-time", when(NOW - 60)], **revoked)
    early = p.bad_boss(begin=NOW - 9 * DAY, end=NOW - DAY)
    part = calendar()
    past = message(signed(part, early, attributes=signed_attributes(part, at=NOW - 3 * DAY)))
    c.honest("expired-since-then", past, openssl="bad", arguments=["--verification-time", when(NOW - 3 * DAY)],
             differs="openssl judges as of now")
    c.hostile("expired-since", past, "untrusted:expired-since", twin="expired-since-then")
    c.hostile("future-all-the-same", message(signed(part, p.boss, attributes=signed_attributes(
        part, at=NOW + 2 * DAY))), "untrusted:signed-in-future", twin="with-list", openssl="good",
              arguments=["--verification-time", when(NOW + 3 * DAY)], differs="openssl does not look at the time")


def when(at):
    import time
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))


class ManyPrimes:
    """An RSA key of any size, of 1024-bit primes: quickly made, and it signs."""

    is_rsa, is_ec = True, False

    def __init__(self, primes):
        from cryptography.hazmat.primitives.asymmetric import rsa
        self.modulus, order = 1, 1
        for _ in range(primes // 2):
            numbers = rsa.generate_private_key(65537, 2048).private_numbers()
            self.modulus *= numbers.p * numbers.q
            order *= (numbers.p - 1) * (numbers.q - 1)
        self.exponent = pow(65537, -1, order)
        self.size = (self.modulus.bit_length() + 7) // 8
        self.spki = seq(seq(oid("1.2.840.113549.1.1.1"), null()),
                        bits(seq(integer(self.modulus), integer(65537))))

    def identifier(self):
        return hashlib.sha1(self.spki).digest()

    def algorithm(self, hashed, scheme="default"):
        return algorithm(DIGESTS[hashed][1], null())

    def sign(self, hashed, content, scheme="default"):
        from der import octets
        info = seq(algorithm(DIGESTS[hashed][0], null()), octets(digest(hashed, content)))
        padded = b"\x00\x01" + b"\xff" * (self.size - 3 - len(info)) + b"\x00" + info
        return pow(int.from_bytes(padded, "big"), self.exponent, self.modulus).to_bytes(self.size, "big")


def floors(c):
    """Keys and digests at the edges of the floor, and Ed25519."""
    p, part = c.people, calendar()
    c.group = "floor"
    none = dict(openssl="good", differs="openssl has no floor")
    small = p.boss_rsa
    c.honest("rsa-2048", mail_by(small))
    c.honest("rsa-4096", mail_by(p.bad_boss(key=Key("rsa4096"))), policy="rsa-4096.toml")
    c.honest("rsa-8192", mail_by(p.bad_boss(key=ManyPrimes(8))))
    c.hostile("rsa-10240", mail_by(p.bad_boss(key=ManyPrimes(10))), "untrusted:weak-key", twin="rsa-8192", **none)
    c.hostile("raised", mail_by(small), "untrusted:weak-key", twin="rsa-4096", policy="rsa-4096.toml", **none)
    c.honest("sha384", mail_by(p.person("boss", issuer=c.sha384_root, digest="sha384"), hashed="sha384"),
             policy="sha384.toml")
    c.hostile("sha384-signature", mail_by(p.person("boss", issuer=c.sha384_root, digest="sha384")),
              "untrusted:weak-digest", twin="sha384", policy="sha384.toml", **none)
    c.hostile("sha384-certificate", mail_by(p.person("boss", issuer=c.sha384_root), hashed="sha384"),
              "untrusted:weak-digest", twin="sha384", policy="sha384.toml", **none)
    c.group = "ed25519"
    cannot = "untrusted:algorithm-unsupported"
    who = p.person("boss", key=Key("ed25519"))
    info = signer_info(who, part, "sha512")
    c.honest("ec", mail_by(p.boss))
    c.hostile("signature", mail_by(who, hashed="sha512"), cannot, twin="ec")
    c.hostile("opaque", message(opaque(part, who, hashed="sha512")), cannot, twin="ec")
    c.hostile("no-attributes", mail_by(who, hashed="sha512", attributes=None), cannot, twin="ec")
    c.hostile("spoilt", mail_by(who, hashed="sha512", spoil=True), cannot, twin="ec")
    c.hostile("by-mallory", mail_by(p.person("mallory", key=Key("ed25519")), hashed="sha512"), cannot, twin="ec")
    c.honest("beside-ec", message(around(part, signature_part(signed_data(
        [info, signer_info(p.boss, part)], carried(who, p.boss), hashed=("sha256", "sha512"))))), openssl="bad",
             differs="openssl wants every signerInfo to hold", also=["algorithm-unsupported"])
    c.hostile("beside-mallory", message(around(part, signature_part(signed_data(
        [info, signer_info(p.mallory, part)], carried(who, p.mallory), hashed=("sha256", "sha512"))))), OTHER,
              twin="beside-ec", differs="openssl wants every signerInfo to hold", also=["algorithm-unsupported"])
    issuer = p.authority("Edwards", key=Key("ed25519"))
    c.honest("issuer", mail_by(p.person("boss", issuer=issuer)))


def lenient(c):
    """A policy that lets a person decide on unsigned mail lets nobody decide on forged mail."""
    p, part = c.people, calendar()
    c.group = "lenient"
    good = signed(part, p.boss)

    def hostile(name, mail, expected, **options):
        c.hostile(name, mail, expected, twin="good", policy="lenient.toml", **options)

    c.honest("good", message(good), policy="lenient.toml")
    hostile("unsigned", message(part), "ask:unsigned", openssl=None)
    hostile("unknown-signer", mail_by(p.person("boss", issuer=p.foreign)), "ask:unknown-signer", also=["no-anchor"])
    hostile("bent", message(good.replace(b"SUMMARY:Plan", b"SUMMARY:Plot")), "untrusted:signature-invalid")
    hostile("no-signer", message(around(part, signature_part(signed_data([], carried(p.boss))))), "ask:unsigned")
    hostile("not-two-parts", message(around(part, signature_part(cms(part, p.boss)), third=part)),
            "untrusted:not-two-parts", piece=message(part))
    hostile("by-mallory", mail_by(p.mallory), OTHER, openssl="good")
    hostile("revoked", mail_by(c.revoked_boss), "untrusted:revoked", openssl="good",
            differs="openssl is not asked about lists")
    hostile("weak-key", mail_by(p.bad_boss(key=Key("p192"))), "untrusted:weak-key", openssl="good",
            differs="openssl has no floor")
    hostile("future", message(signed(part, p.boss, attributes=signed_attributes(part, at=NOW + DAY))),
            "untrusted:signed-in-future", openssl="good", differs="openssl does not look at the time")
    hostile("pin-mismatch", mail_by(p.person("vip"), "mailto:vip@example.com"), "untrusted:pin-mismatch",
            openssl="good")
    hostile("ed25519", mail_by(p.person("boss", key=Key("ed25519")), hashed="sha512"),
            "untrusted:algorithm-unsupported")
    c.group = "exact"
    c.honest("same-case", mail_by(p.boss), policy="exact.toml")
    c.honest("domain-case", mail_by(p.boss, "mailto:boss@EXAMPLE.COM"), policy="exact.toml")
    for name, who, organizer in (("organizer-case", p.boss, "mailto:BOSS@example.com"),
                                 ("signer-case", p.person("BOSS@example.com"), "mailto:boss@example.com")):
        c.hostile(name, mail_by(who, organizer), OTHER, twin="same-case", policy="exact.toml", openssl="good")


def policy(c):
    """The entries of policy.toml for all this."""
    pinned = "".join(f'[[pin]]\naddress = "{who}"\nspki-sha256 = ["{fingerprint(key)}"]\n' for who, key in (
        ("vip@example.com", c.vip), ("newvip@example.net", c.new_vip)))
    return pinned + ('[[anchor]]\nfile = "ca/sip.pem"\nschemes = ["mailto", "sip"]\n'
                     '[[anchor]]\nfile = "ca/xmpp.pem"\nschemes = ["xmpp"]\ndomains = ["example.com"]\n'
                     '[[anchor]]\nfile = "ca/sha384.pem"\n')


def everything(c):
    for part in (pins, schemes, indirect, revocation, floors, lenient):
        part(c)
