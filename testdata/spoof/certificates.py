"""Certificates that must prove nobody, or somebody else."""

from der import bits, context, integer, null, octets, oid, seq, set_of, tlv, utf8
from mail import calendar, message, text
from pki import (ANY_POLICY, ANY_USAGE, DAY, EMAIL_PROTECTION, HOUR, NOW, SERVER_AUTH, Certificate, Key,
                 alternative_names, extension, inhibit_any_policy, key_usage, mail_name, name, name_constraints,
                 other_name, policies, require_policy, uri_name, utf8_mailbox)
from smime import carried, cms, around, signature_part, signed

NOBODY = "untrusted:no-identity"
UNKNOWN = "untrusted:unknown-signer"
PURPOSE_ANY = "openssl is asked with -purpose any, and looks at no address"


def mail_by(who, organizer="mailto:boss@example.com", **options):
    return message(signed(calendar(organizer=organizer), who, **options))


def only_in_subject(c):
    """The address anywhere but in an rfc822Name."""
    p = c.people
    c.group = "subject"
    c.honest("rfc822-name", mail_by(p.boss))
    address = "boss@example.com"
    upn = other_name("1.3.6.1.4.1.311.20.2.3", utf8(address))
    for word, spec in (
            ("email-address", dict(subject=name("The Boss", address))),
            ("common-name", dict(subject=name(address))),
            ("both", dict(subject=name(address, address))),
            ("directory-name", dict(names=[tlv(0xA4, name("Boss", address))])),
            ("mailto-uri", dict(names=[uri_name(f"mailto:{address}")])),
            ("dns-name", dict(names=[tlv(0x82, address.encode())])),
            ("principal-name", dict(names=[upn])),
            ("xmpp-name", dict(names=[other_name("1.3.6.1.5.5.7.8.5", utf8(address))])),
            ("issuer-name", dict(extensions=[extension("2.5.29.18", seq(mail_name(address)))]))):
        subject = spec.pop("subject", name("Boss"))
        who = Certificate(subject, Key(), p.root, **spec)
        c.hostile(word, mail_by(who), NOBODY, twin="rfc822-name", openssl="good", differs=PURPOSE_ANY)
    for word, subject in (("mallory-dn", name("Mallory", address)), ("mallory-cn", name(address)),
                          ("mallory-cn-name", name("The Boss"))):
        who = Certificate(subject, Key(), p.root, mails=["mallory@example.com"])
        c.hostile(word, mail_by(who), "untrusted:no-correlation", twin="rfc822-name", openssl="good")


def alternative_name_tricks(c):
    """rfc822Names that are not exactly the boss's address."""
    p = c.people
    c.group = "san"
    c.honest("one", mail_by(p.boss))
    c.honest("upper-case", mail_by(p.bad_boss(mails=["BOSS@EXAMPLE.COM"])))
    c.honest("two", mail_by(p.bad_boss(mails=["other@example.com", "boss@example.com"])))
    for word, value in (
            ("nul", b"boss@example.com\0.evil.example"), ("nul-last", b"boss@example.com\0"),
            ("nul-first", b"\0boss@example.com"), ("comma", b"boss@example.com,mallory@example.com"),
            ("semicolon", b"boss@example.com;mallory@example.com"),
            ("newline", b"boss@example.com\nmallory@example.com"),
            ("crlf", b"mallory@example.com\r\nboss@example.com"),
            ("space", b"boss@example.com mallory@example.com"), ("leading-space", b" boss@example.com"),
            ("trailing-space", b"boss@example.com "), ("tab", b"boss@example.com\t"),
            ("brackets", b"<boss@example.com>"), ("display-name", b"Boss <boss@example.com>"),
            ("quoted", b'"boss"@example.com'), ("quoted-all", b'"boss@example.com"'),
            ("mailto", b"mailto:boss@example.com"), ("comment", b"boss(x)@example.com"),
            ("comment-last", b"boss@example.com(x)"), ("dot-last", b"boss@example.com."),
            ("dots", b"boss@example..com"), ("two-at", b"boss@example.com@evil.example"),
            ("utf8", "boss@ex\u00e4mple.com".encode()), ("empty", b""), ("no-at", b"boss.example.com"),
            ("only-domain", b"@example.com"), ("literal", b"boss@[192.0.2.1]"),
            ("escape", b"boss@example.com\x1b[2K"), ("delete", b"boss@example.com\x7f"),
            ("byte-order-mark", b"\xef\xbb\xbfboss@example.com")):
        c.hostile(word, mail_by(p.bad_boss(mails=[value])), NOBODY, twin="one", openssl="good",
                  differs=PURPOSE_ANY)
    for word, value in (
            ("with-own-nul", b"boss@example.com\0"), ("with-own-comma", b"boss@example.com,x@example.com"),
            ("with-own-percent", b"boss%40example.com"), ("with-own-plain", b"b0ss@example.com")):
        who = p.bad_boss(mails=["mallory@example.com", value])
        c.hostile(word, mail_by(who), "untrusted:no-correlation", twin="two", openssl="good")
    c.hostile("percent", mail_by(p.bad_boss(mails=["bo%73s@example.com"])), "untrusted:no-correlation",
              twin="one", openssl="good")
    c.hostile("utf8-mailbox-ascii", mail_by(p.bad_boss(mails=(), names=[utf8_mailbox("boss@example.com")])),
              NOBODY, twin="one", openssl="good", differs=PURPOSE_ANY)
    wrong_type = other_name("1.3.6.1.5.5.7.8.9", tlv(0x16, b"boss@example.com"))
    c.hostile("utf8-mailbox-type", mail_by(p.bad_boss(mails=(), names=[wrong_type])), NOBODY, twin="one",
              openssl="good", differs=PURPOSE_ANY)
    second = alternative_names(mail_name("mallory@example.com"))
    c.hostile("two-extensions", mail_by(p.bad_boss(extensions=[second])),
              "untrusted:chain-invalid", twin="one", openssl="bad")
    garbage = extension("2.5.29.17", b"\x30\x03\x81\x7fx")
    c.hostile("garbage", mail_by(p.bad_boss(mails=(), extensions=[garbage])),
              "untrusted:chain-invalid", twin="one", openssl="bad")
    longer = extension("2.5.29.17", seq(mail_name("boss@example.com")) + b"\x05\x00")
    c.hostile("octets-behind", mail_by(p.bad_boss(mails=(), extensions=[longer])), NOBODY, twin="one",
              openssl="good", differs=PURPOSE_ANY)


def look_alikes(c):
    """Another address that looks like the boss's."""
    p = c.people
    c.group = "lookalike"
    c.honest("boss", mail_by(p.boss))
    for word, address in (
            ("digit", "boss@examp1e.com"), ("zero", "b0ss@example.com"), ("tld", "boss@example.co"),
            ("subdomain", "boss@mail.example.com"), ("superdomain", "boss@example.com.evil.example"),
            ("hyphen", "boss@example-com.example"), ("plus", "boss+x@example.com"),
            ("dot", "bo.ss@example.com"), ("cyrillic", "boss@xn--xample-9uf.com"),
 ("local-prefix", "theboss@example.com"),
            ("local-suffix", "boss1@example.com"), ("swapped", "example@boss.com")):
        c.hostile(word, mail_by(p.person(address)), "untrusted:no-correlation", twin="boss",
                  openssl="good")


def twins(c):
    """Certificates of authorities that only look like the policy's."""
    p = c.people
    part = calendar()
    root = p.root
    c.group = "twin"
    c.honest("root", mail_by(p.boss))
    fake_root = Certificate("Spoof Test Root", Key(), ca=True, serial=root.serial)
    fake = p.person("boss", issuer=fake_root)
    c.hostile("same-name", mail_by(fake), UNKNOWN, twin="root", also=("no-anchor",))
    c.hostile("same-name-carried", mail_by(fake, certificates=[fake.der, fake_root.der]), UNKNOWN,
              twin="root", also=("no-anchor",))
    c.hostile("real-root-carried", mail_by(fake, certificates=[fake.der, root.der]), UNKNOWN,
              twin="root", also=("no-anchor",))
    c.hostile("both-roots-carried", mail_by(fake, certificates=[fake.der, root.der, fake_root.der]),
              UNKNOWN, twin="root", also=("no-anchor",))
    self_made = Certificate("boss", Key(), mails=["boss@example.com"])
    c.hostile("self-signed", mail_by(self_made), UNKNOWN, twin="root", also=("no-anchor",))
    own_ca = Certificate("boss", Key(), ca=True, mails=["boss@example.com"], usage=key_usage(0, 5, 6))
    c.hostile("self-signed-ca", mail_by(own_ca), UNKNOWN, twin="root", also=("no-anchor",))
    claims = Certificate("boss", Key(), root, mails=["boss@example.com"], signed_by=Key())
    c.hostile("issuer-claimed", mail_by(claims), "untrusted:chain-invalid", twin="root")
    stolen = Certificate("boss", Key(), root, mails=["boss@example.com"], serial=p.boss.serial,
                         signed_by=Key())
    c.hostile("same-serial", mail_by(stolen), "untrusted:chain-invalid", twin="root")
    c.hostile("same-serial-both", mail_by(stolen, certificates=[p.boss.der, stolen.der]),
              "untrusted:chain-invalid", twin="root")
    c.hostile("same-serial-both-turned", mail_by(stolen, certificates=[stolen.der, p.boss.der]),
              "untrusted:chain-invalid", twin="root")
    same_subject = Certificate(root.subject, Key(), root, mails=["boss@example.com"])
    c.honest("subject-of-root", mail_by(same_subject))
    c.hostile("foreign", mail_by(p.person("boss", issuer=p.foreign)), UNKNOWN, twin="root",
              also=("no-anchor",))
    c.hostile("foreign-carried", mail_by(p.person("boss", issuer=p.foreign), certificates=[
        p.person("boss", issuer=p.foreign).der]), "untrusted:signature-unchecked", twin="root")
    second = p.authority("Cross", key=p.foreign.key)
    crossed = Certificate("boss", Key(), second, mails=["boss@example.com"])
    c.honest("crossed", mail_by(crossed))
    c.hostile("crossed-without", mail_by(crossed, certificates=[crossed.der]), UNKNOWN, twin="crossed",
              also=("no-anchor",))
    del part


def flaws(c):
    """One thing wrong with the boss's certificate or with those above it."""
    p = c.people
    c.group = "certificate"
    c.honest("good", mail_by(p.boss))
    c.honest("no-purpose", mail_by(p.bad_boss(purposes=())))
    c.honest("any-purpose", mail_by(p.bad_boss(purposes=(ANY_USAGE,))))
    c.honest("mail-and-tls", mail_by(p.bad_boss(purposes=(SERVER_AUTH, EMAIL_PROTECTION))))
    c.honest("non-repudiation", mail_by(p.bad_boss(usage=key_usage(1))))
    below = p.authority("Below")
    c.honest("intermediate", mail_by(p.person("boss", issuer=below)))
    deep = p.authority("Deeper", issuer=below)
    c.honest("two-intermediates", mail_by(p.person("boss", issuer=deep)))
    known = c.known_intermediate
    c.honest("known-intermediate", mail_by(p.person("boss", issuer=known), certificates=None))
    boss_known = p.person("boss", issuer=known)
    c.honest("intermediate-of-policy", mail_by(boss_known, certificates=[boss_known.der]),
             openssl="bad", differs="openssl is not told of the policy's intermediate")
    c.hostile("intermediate-missing", mail_by(boss_below := p.person("boss", issuer=below),
                                              certificates=[boss_below.der]), UNKNOWN,
              twin="intermediate", also=("no-anchor",))
    c.hostile("expired", mail_by(p.bad_boss(begin=NOW - 9 * DAY, end=NOW - DAY)), "untrusted:expired",
              twin="good")
    early = p.bad_boss(begin=NOW - 9 * DAY, end=NOW - DAY)
    from smime import signed_attributes
    part = calendar()
    c.hostile("expired-since", message(signed(part, early, attributes=signed_attributes(
        part, at=NOW - 3 * DAY))), "untrusted:expired-since", twin="good")
    c.hostile("not-yet", mail_by(p.bad_boss(begin=NOW + DAY)), "untrusted:not-yet-valid", twin="good")
    old = p.authority("Old", begin=NOW - 9 * DAY, end=NOW - DAY)
    c.hostile("authority-expired", mail_by(p.person("boss", issuer=old)), "untrusted:expired",
              twin="intermediate")
    wrong = "untrusted:wrong-purpose"
    for word, spec in (("tls-only", dict(purposes=(SERVER_AUTH,))),
                       ("encipherment-only", dict(usage=key_usage(2))),
                       ("agreement-only", dict(usage=key_usage(4))),
                       ("code-signing", dict(purposes=("1.3.6.1.5.5.7.3.3",)))):
        c.hostile(word, mail_by(p.bad_boss(**spec)), wrong, twin="good", openssl="good",
                  differs=PURPOSE_ANY)
    c.hostile("empty-usage", mail_by(p.bad_boss(usage=extension("2.5.29.15", bits(b"\x00", 0), True))),
              "untrusted:chain-invalid", twin="good")
    netscape = {word: extension("2.16.840.1.113730.1.1", bits(bytes([octet]), 0), critical)
                for word, octet, critical in (("tls", 0x40, True), ("mail", 0x20, True), ("tls-ca", 0x04, True),
                                              ("mail-ca", 0x02, True), ("tls-not-critical", 0x40, False))}
    for word in ("mail", "tls-not-critical"):
        c.honest(f"netscape-{word}", mail_by(p.bad_boss(extensions=[netscape[word]])))
    c.honest("netscape-mail-ca", mail_by(p.person("boss", issuer=p.authority(
        "Netscape mail", extensions=[netscape["mail-ca"]]))))
    c.hostile("netscape-tls", mail_by(p.bad_boss(purposes=(), extensions=[netscape["tls"]])), wrong,
              twin="netscape-mail", openssl="good", differs=PURPOSE_ANY)
    c.hostile("netscape-tls-ca", mail_by(p.person("boss", issuer=p.authority(
        "Netscape TLS", extensions=[netscape["tls-ca"]]))), wrong, twin="netscape-mail-ca", openssl="good",
              differs=PURPOSE_ANY)
    tls_ca = p.authority("TLS only", extensions=[extension("2.5.29.37", seq(oid(SERVER_AUTH)))])
    c.hostile("authority-tls-only", mail_by(p.person("boss", issuer=tls_ca)), wrong, twin="intermediate",
              openssl="good", differs=PURPOSE_ANY)
    signer_ca = Certificate("boss", Key(), p.root, ca=True, mails=["boss@example.com"])
    c.hostile("authority-signs", mail_by(signer_ca), wrong, twin="good", openssl="good",
              differs=PURPOSE_ANY)
    c.hostile("root-signs", mail_by(p.root, certificates=[p.root.der]), wrong, twin="good",
              openssl="good", differs=PURPOSE_ANY)
    invalid = "untrusted:chain-invalid"
    c.hostile("issued-by-person", mail_by(p.person("boss", issuer=p.mallory)), invalid,
              twin="intermediate")
    liar = p.person("liar", usage=key_usage(0, 5))
    c.hostile("issued-by-person-with-usage", mail_by(p.person("boss", issuer=liar)), invalid,
              twin="intermediate")
    weak_usage = Certificate("Weak usage", Key(), p.root, ca=True, usage=key_usage(0))
    c.hostile("authority-may-not-issue", mail_by(p.person("boss", issuer=weak_usage)), invalid,
              twin="intermediate")
    bare = Certificate("Bare", Key(), p.root, ca=True, constraints=False)
    c.hostile("authority-does-not-say-so", mail_by(p.person("boss", issuer=bare)), invalid,
              twin="intermediate")
    flat = p.authority("Flat", path_length=0)
    c.hostile("path-length", mail_by(p.person("boss", issuer=p.authority("Too deep", issuer=flat))),
              invalid, twin="two-intermediates")
    unknown = extension("1.2.3.4.5", null(), True)
    c.hostile("critical-unknown", mail_by(p.bad_boss(extensions=[unknown])), invalid, twin="good")
    c.hostile("authority-critical-unknown", mail_by(p.person(
        "boss", issuer=p.authority("Odd", extensions=[unknown]))), invalid, twin="intermediate")
    again = alternative_names(mail_name("boss@example.com"))
    c.hostile("extension-twice", mail_by(p.bad_boss(extensions=[again])), invalid, twin="good")
    c.hostile("authority-extension-twice", mail_by(p.person(
        "boss", issuer=p.authority("Twice", extensions=[key_usage(5, 6)]))), invalid, twin="intermediate")
    c.honest("not-critical-unknown", mail_by(p.bad_boss(extensions=[extension("1.2.3.4.5", null())])))


def constrained(c):
    """Name constraints, the anchor's domains, and other kinds of names."""
    p = c.people
    c.group = "constraint"
    invalid = "untrusted:chain-invalid"
    partner = name_constraints(permitted=[mail_name("partner.example")])
    limited = p.authority("For a partner", extensions=[partner])
    home = p.authority("For us", extensions=[name_constraints(permitted=[mail_name("example.com")])])
    c.honest("permitted", mail_by(p.person("boss", issuer=home)))
    c.honest("partner", mail_by(p.person("ann@partner.example", issuer=p.partner),
                                organizer="mailto:ann@partner.example"))
    c.hostile("not-permitted", mail_by(p.person("boss", issuer=limited)), invalid, twin="permitted")
    c.hostile("not-permitted-upper", mail_by(p.person("BOSS@EXAMPLE.COM", issuer=limited)), invalid,
              twin="permitted")
    c.hostile("not-permitted-second", mail_by(p.person("x@partner.example", issuer=limited, mails=[
        "x@partner.example", "boss@example.com"])), invalid, twin="permitted")
    c.hostile("subdomain", mail_by(p.person("boss", issuer=p.authority("Host only", extensions=[
        name_constraints(permitted=[mail_name(".example.com")])]))), invalid, twin="permitted")
    excluded = p.authority("Not the boss", extensions=[
        name_constraints(excluded=[mail_name("boss@example.com")])])
    c.hostile("excluded", mail_by(p.person("boss", issuer=excluded)), invalid, twin="permitted")
    c.hostile("excluded-case", mail_by(p.person("BOSS@example.com", issuer=excluded)), NOBODY,
              twin="permitted", openssl="good", differs="openssl compares local parts exactly")
    c.hostile("excluded-domain", mail_by(p.person("boss", issuer=p.authority("Elsewhere", extensions=[
        name_constraints(excluded=[mail_name("example.com")])]))), invalid, twin="permitted")
    c.hostile("in-subject", mail_by(Certificate(name("boss", "boss@example.com"), Key(), limited)), invalid,
              twin="permitted")
    c.hostile("anchor-domains", mail_by(p.person("boss", issuer=p.partner)),
              "untrusted:outside-anchor-domains", twin="partner", openssl="good", differs=PURPOSE_ANY)
    c.hostile("anchor-domain-suffix", mail_by(p.person("ann@evilpartner.example", issuer=p.partner),
                                              organizer="mailto:ann@evilpartner.example"),
              "untrusted:outside-anchor-domains", twin="partner", openssl="good", differs=PURPOSE_ANY)
    # names that constraints on mail do not bind
    for word, organizer, entry in (
            ("uri-mailto", "mailto:boss@example.com", uri_name("mailto:boss@example.com")),
            ("uri-sip", "sip:boss@example.com", uri_name("sip:boss@example.com")),
            ("uri-xmpp", "xmpp:boss@example.com", uri_name("xmpp:boss@example.com")),
            ("xmpp-address", "xmpp:boss@example.com",
             other_name("1.3.6.1.5.5.7.8.5", utf8("boss@example.com"))),
            ("uri-http", "https://example.com/boss", uri_name("https://example.com/boss"))):
        who = Certificate("x", Key(), limited, mails=["x@partner.example"], names=[entry])
        c.hostile(word, mail_by(who, organizer), "untrusted:no-correlation", twin="permitted",
                  openssl="good")
        only = Certificate("x", Key(), limited, names=[entry])
        c.hostile(f"{word}-only", mail_by(only, organizer), NOBODY, twin="permitted", openssl="good",
                  differs=PURPOSE_ANY)
    utf8_name = utf8_mailbox("b\u00f6ss@example.com")
    utf8_boss = "mailto:b%C3%B6ss@example.com"
    c.hostile("utf8-mailbox", mail_by(Certificate("x", Key(), limited, names=[utf8_name]), utf8_boss),
              invalid, twin="permitted")
    c.honest("utf8-mailbox-permitted", mail_by(Certificate("x", Key(), home, names=[utf8_name]), utf8_boss))
    partner_only = p.authority("For a partner's UTF-8", extensions=[
        name_constraints(permitted=[utf8_mailbox("partner.example")])])
    c.hostile("utf8-mailbox-by-its-own-kind",
              mail_by(Certificate("x", Key(), partner_only, names=[utf8_name]), utf8_boss), invalid,
              twin="utf8-mailbox-permitted", openssl="good", differs="openssl passes over such a subtree")


def policed(c):
    """Certificate policies: RFC 5280 section 6.1."""
    p = c.people
    c.group = "policy"

    def boss(*above, own=(), below=()):
        issuer = p.authority("With policies", extensions=above)
        if below:
            issuer = p.authority("Below", issuer=issuer, extensions=below)
        return mail_by(p.person("boss", issuer=issuer, extensions=own))

    ours, other = policies("1.2.3.4"), policies("1.2.3.5")
    invalid = "untrusted:chain-invalid"
    c.honest("shared", boss(require_policy(), ours, own=[ours]))
    c.honest("any", boss(require_policy(), policies(ANY_POLICY), own=[ours]))
    c.honest("critical", boss(policies("1.2.3.4", critical=True), own=[policies("1.2.3.5", critical=True)]))
    c.honest("nobody-asks", boss(ours, own=[other]))
    c.honest("required-later", boss(require_policy(5)))
    mapped = extension("2.5.29.33", seq(seq(oid("1.2.3.4"), oid("1.2.3.5"))), True)
    c.honest("mapped", boss(require_policy(), ours, mapped, own=[other]))
    c.honest("inhibited-any", boss(inhibit_any_policy(), own=[policies(ANY_POLICY)]))
    c.hostile("none", boss(require_policy()), invalid, twin="shared")
    c.hostile("none-of-its-own", boss(require_policy(), ours), invalid, twin="shared")
    c.hostile("other", boss(require_policy(), ours, own=[other]), invalid, twin="shared")
    c.hostile("other-below", boss(require_policy(), ours, below=[other], own=[ours]), invalid, twin="shared")
    c.hostile("any-inhibited", boss(require_policy(), ours, inhibit_any_policy(), own=[policies(ANY_POLICY)]),
              invalid, twin="any")
    c.hostile("twice", boss(require_policy(), ours, own=[policies("1.2.3.4", "1.2.3.4")]), invalid, twin="shared")
    c.hostile("garbage", boss(require_policy(), ours, own=[extension("2.5.29.32", null(), True)]), invalid,
              twin="critical")
    # two children for each policy of each level: 2^30
    c.hostile("tree", boss_below_tree(p), invalid, twin="mapped")


def boss_below_tree(p):
    pair = policies("1.2.3.4", "1.2.3.5")
    both = extension("2.5.29.33", seq(*(seq(oid(a), oid(b)) for a in ("1.2.3.4", "1.2.3.5")
                                        for b in ("1.2.3.4", "1.2.3.5"))))
    issuer = p.root
    for number in range(20):
        issuer = p.authority(f"Tree {number}", issuer=issuer, extensions=[require_policy(), pair, both])
    return mail_by(p.person("boss", issuer=issuer, extensions=[pair]))


def weak(c):
    """Keys and digests below the floor, anywhere in the chain."""
    p = c.people
    c.group = "weak"
    takes = "openssl has no floor"
    key = "untrusted:weak-key"
    c.honest("rsa-2048", mail_by(p.boss_rsa))
    c.honest("p384", mail_by(p.bad_boss(key=Key("p384")), hashed="sha384"))
    c.honest("p521", mail_by(p.bad_boss(key=Key("p521")), hashed="sha512"))
    c.honest("brainpool", mail_by(p.bad_boss(key=Key("brainpool"))))
    for kind in ("rsa1024", "p192", "k256"):
        c.hostile(kind, mail_by(p.bad_boss(key=Key(kind))), key, twin="rsa-2048", openssl="good",
                  differs=takes)
    small = Certificate("Small", Key("rsa1024"), p.rsa_root, ca=True)
    c.hostile("authority-rsa-1024", mail_by(p.person("boss", issuer=small)), key, twin="rsa-2048",
              openssl="good", differs=takes)
    for digest in ("sha1", "md5"):
        c.hostile(f"certificate-{digest}", mail_by(p.person("boss", issuer=p.rsa_root, digest=digest)),
                  "untrusted:weak-digest", twin="rsa-2048", openssl="good", differs=takes)
    old = p.authority("Old digest", issuer=p.rsa_root, digest="sha1")
    c.hostile("authority-sha1", mail_by(p.person("boss", issuer=old)), "untrusted:weak-digest",
              twin="rsa-2048", openssl="good", differs=takes)
    # an exponent of one: whoever reads the certificate can sign
    numbers = p.boss_rsa.key.private.public_key().public_numbers()
    one = seq(seq(oid("1.2.840.113549.1.1.1"), null()), bits(seq(integer(numbers.n), integer(1))))
    who = p.person("boss", key=ExponentOne(p.boss_rsa.key, one))
    c.hostile("exponent-one", mail_by(who), key, twin="rsa-2048", openssl=None,
              differs="openssl may refuse such a key or not")


class ExponentOne:
    """A public key with e = 1: the padded message is its own signature."""

    is_rsa, is_ec = True, False

    def __init__(self, base, spki):
        self.base, self.spki = base, spki

    def identifier(self):
        return self.base.identifier()

    def algorithm(self, hashed, scheme="default"):
        return self.base.algorithm(hashed, scheme)

    def sign(self, hashed, content, scheme="default"):
        from pki import digest, algorithm, DIGESTS
        info = seq(algorithm(DIGESTS[hashed][0], null()), octets(digest(hashed, content)))
        return b"\x00\x01" + b"\xff" * (256 - 3 - len(info)) + b"\x00" + info


def revoked(c):
    """Certificates that are on a list."""
    c.group = "revoked"
    p = c.people
    c.honest("not-listed", mail_by(p.person("boss", issuer=c.with_list)))
    word = "untrusted:revoked"
    c.hostile("listed", mail_by(c.revoked_boss), word, twin="not-listed", openssl="good",
              differs="openssl is not asked about lists")
    c.hostile("authority-listed", mail_by(p.person("boss", issuer=c.revoked_authority)), word,
              twin="not-listed", openssl="good", differs="openssl is not asked about lists")
    from pki import revocation_list
    who = p.person("boss")
    c.hostile("listed-by-the-message", mail_by(who, crls=[revocation_list(p.root, [who])]), word,
              twin="not-listed", openssl="good", differs="openssl is not asked about lists")
    c.honest("list-of-nobody", mail_by(who, crls=[revocation_list(p.root, [])]))
    c.honest("forged-list", mail_by(who, crls=[revocation_list(p.root, [who], key=p.mallory.key)]))
    c.hostile("empty-list-beside", mail_by(c.revoked_boss, crls=[revocation_list(c.with_list, [])]), word,
              twin="not-listed", openssl="good", differs="openssl is not asked about lists")


def everything(c):
    for part in (only_in_subject, alternative_name_tricks, look_alikes, twins, flaws, constrained,
                 policed, weak, revoked):
        part(c)
