"""Whose OpenPGP key it is: validity of user IDs, look-alikes, subkeys, times, several signatures, pins."""

from mail import calendar, message
from openpgp import ANY_ID, INVALID, OTHER, RING, UNCHECKED, by, pgp_around
from packets import CERTIFY, SIGN, Person, lasting, packet, packets_in, subpacket
from pki import DAY, HOUR, NOW
from smime import signed

NOT_VALID = "untrusted:key-not-valid"


def keys(c, ring):
    """Whose key is it, and is it any good?"""
    c.group = "pgp-key"
    c.honest("full", by(ring.boss), RING, gpg="good")
    c.honest("subkey", by(ring.known("Boss <boss@example.com>", subkey=True)), RING, gpg="good")
    c.honest("expires-later", by(ring.known("Boss <boss@example.com>", lasts=500 * DAY)), RING, gpg="good")
    alices = Person("Introducer <introducer@example.net>")
    ring.take(alices.packets)
    ring.vouch(alices)
    half = ring.known("Half <half@example.net>")
    ring.gpg("--import-ownertrust", given=f"{alices.fingerprint}:5:\n{half.fingerprint}:4:\n".encode())

    def introduced(introducer, **spec):
        who = ring.known("Boss <boss@example.com>", vouched=False, **spec)
        ring.take(who.certified(introducer))
        return who

    c.honest("introduced", by(introduced(alices)), RING, gpg="good")
    stranger = Person("Boss <boss@example.com>")
    c.hostile("not-in-ring", by(stranger), UNCHECKED, twin="full", gpg="bad")
    c.hostile("carries-its-key", by(stranger, more=subpacket(38, b"\x00" + stranger.packets)), UNCHECKED,
              twin="full", gpg="bad")
    c.hostile("unknown", by(ring.known("Boss <boss@example.com>", vouched=False)), NOT_VALID, twin="full",
              gpg="bad")
    c.hostile("marginal", by(introduced(half)), NOT_VALID, twin="introduced", gpg="bad")
    c.hostile("introduced-by-mallory", by(introduced(ring.mallory)), NOT_VALID, twin="introduced", gpg="bad")
    c.hostile("revoked", by(ring.known("Boss <boss@example.com>", vouched=False, revoked=["key"])),
              "untrusted:revoked", twin="full", gpg="bad")
    late = Person("Boss <boss@example.com>")
    ring.take(late.packets)
    ring.vouch(late)
    ring.take(packet(6, late.primary.body) + late.primary.sign(
        late.primary.hashed, 0x20, more=subpacket(29, b"\x02stolen")))
    c.hostile("revoked-when-vouched-for", by(late), "untrusted:revoked", twin="full", gpg="bad")
    c.hostile("revoked-signed-before", by(late, at=NOW - 100 * DAY), "untrusted:revoked", twin="full", gpg="bad")
    short = ring.known("Boss <boss@example.com>", at=NOW - 90 * DAY, lasts=30 * DAY, vouched=False)
    c.hostile("expired", by(short), "untrusted:expired", twin="expires-later", gpg="bad")
    c.hostile("expired-since", by(short, at=NOW - 80 * DAY), "untrusted:expired-since", twin="expires-later",
              gpg="bad")
    disabled = ring.known("Boss <boss@example.com>")
    ring.disable(disabled)
    c.hostile("disabled", by(disabled), NOT_VALID, twin="full", gpg="good",
              differs="gpg verifies with a disabled key")
    withdrawn = ring.known("Mallory <mallory@example.com>", "Boss <boss@example.com>", revoked=["user-id"],
                           vouched=["Mallory <mallory@example.com>"])
    c.hostile("user-id-revoked", by(withdrawn), OTHER, twin="full", gpg="good")
    two = ring.known("Mallory <mallory@example.com>", "Boss <boss@example.com>",
                     vouched=["Mallory <mallory@example.com>"])
    c.hostile("not-the-valid-user-id", by(two), OTHER, twin="full", gpg="good")
    first = ring.known("Boss <boss@example.com>", "Mallory <mallory@example.com>",
                       vouched=["Mallory <mallory@example.com>"])
    c.hostile("not-the-valid-user-id-first", by(first), OTHER, twin="full", gpg="good")
    c.honest("the-valid-user-id", by(two, "mailto:mallory@example.com"), RING, gpg="good")
    subkeys(c, ring)


def subkeys(c, ring):
    """Signing subkeys, and keys that may not sign."""
    person = "Boss <boss@example.com>"
    lone = ring.known(person, subkey=True, back_signed=False)
    c.hostile("subkey-not-back-signed", by(lone), UNCHECKED, twin="subkey", gpg="bad")
    c.hostile("subkey-revoked", by(ring.known(person, subkey=True, revoked=["subkey"])), "untrusted:revoked",
              twin="subkey", gpg="bad")
    c.hostile("subkey-expired", by(ring.known(person, subkey=True, subkey_lasts=DAY)), "untrusted:expired",
              twin="subkey", gpg="bad")
    mine = ring.known("Mallory <mallory@example.com>", subkey=True)
    stolen = Person(person)
    stolen.signer = mine.signer  # mallory's subkey, claimed by a key of the boss's name
    ring.take(packet(6, stolen.primary.body) + b"".join(
        packet(tag, body) for tag, body in packets_in(stolen.packets) if tag in (13, 2)) + packet(
        14, mine.signer.body) + stolen.primary.sign(stolen.primary.hashed + mine.signer.hashed, 0x18, more=subpacket(
            27, bytes([SIGN]))))
    ring.vouch(stolen)
    c.hostile("subkey-adopted", by(mine), OTHER, twin="subkey", gpg="good")
    certifier = ring.known(person, flags=CERTIFY)
    c.hostile("may-not-sign", by(certifier), UNCHECKED, twin="full", gpg="bad")


def signatures(c, ring):
    """What a signature says of itself: time, digest, kind; and several of them."""
    boss, mallory, part = ring.boss, ring.mallory, calendar()
    c.group = "pgp-signature"
    good = boss.sign(part)

    def mail(*packets):
        return message(pgp_around(part, *packets))

    c.honest("plain", mail(good), RING, gpg="good")
    for digest in ("sha384", "sha512"):
        c.honest(digest, mail(boss.sign(part, hashed=digest)), RING, gpg="good")
    for digest, differs in (("sha1", "gpg has no floor for SHA-1"), ("sha224", "gpg has no floor for SHA-224"),
                            ("md5", "")):
        c.hostile(digest, mail(boss.sign(part, hashed=digest)), "untrusted:weak-digest", twin="plain",
                  gpg="good" if differs else "bad", differs=differs)
    c.honest("expires-later", mail(boss.sign(part, more=lasting(30 * DAY, 3))), RING, gpg="good")
    c.hostile("expired", mail(boss.sign(part, at=NOW - 9 * DAY, more=lasting(DAY, 3))), "untrusted:expired",
              twin="expires-later", gpg="bad")
    c.honest("minutes-ahead", mail(boss.sign(part, at=NOW + 300)), RING, gpg="good")
    for name, ahead in (("future-hour", HOUR), ("future-years", 3000 * DAY)):
        c.hostile(name, mail(boss.sign(part, at=NOW + ahead)), "untrusted:signed-in-future", twin="plain", gpg="good",
                  differs="gpg does not look at the signing time")
    c.hostile("before-the-key", mail(boss.sign(part, at=NOW - 500 * DAY)), UNCHECKED, twin="plain", gpg="bad")
    c.hostile("spoilt", mail(boss.sign(part, spoil=True)), INVALID, twin="plain", gpg="bad")
    critical = bytes([2, 0x80 | 99, 1])
    c.hostile("critical-unknown", mail(boss.sign(part, more=critical)), INVALID, twin="plain", gpg="bad")
    for name, kind in (("standalone", 2), ("of-a-key", 0x10), ("of-nothing", 0x40), ("timestamp", 0x50)):
        c.hostile(name, mail(boss.sign(part, kind)), UNCHECKED, twin="plain", gpg="bad")
    both = "gpg wants every signature to hold, imip wants one whose signer fits"
    c.honest("both", mail(good, mallory.sign(part)), RING, gpg="good")
    c.honest("two-keys", mail(good, ring.known("Boss <boss@example.com>").sign(part)), RING, gpg="good")
    c.honest("good-beside-bad", mail(good, mallory.sign(part, spoil=True)), RING, gpg="bad", differs=both)
    c.honest("good-after-bad", mail(mallory.sign(part, spoil=True), good), RING, gpg="bad", differs=both)
    c.honest("good-beside-stranger", mail(good, Person("x <x@example.com>").sign(part)), RING, gpg="bad",
             differs=both)
    c.hostile("bad-beside-mallory", mail(boss.sign(part, spoil=True), mallory.sign(part)), OTHER, twin="both",
              gpg="bad", differs=both, also=["signature-invalid"])
    c.hostile("mallory-beside-bad", mail(mallory.sign(part), boss.sign(part, spoil=True)), OTHER, twin="both",
              gpg="bad", differs=both, also=["signature-invalid"])
    elsewhere = boss.sign(calendar(summary="Plot"))
    c.hostile("copied-beside-mallory", mail(elsewhere, mallory.sign(part)), OTHER, twin="both", gpg="bad",
              differs=both, also=["signature-invalid"])
    c.hostile("all-bad", mail(elsewhere, boss.sign(part, spoil=True)), INVALID, twin="two-keys", gpg="bad")
    claims = subpacket(28, b"boss@example.com") + subpacket(20, bytes(4) + b"\x00\x04\x00\x10fromboss@example.com")
    c.hostile("signers-user-id", mail(mallory.sign(part, more=claims)), OTHER, twin="plain", gpg="good")
    renamed = mallory.sign(part).replace(mallory.signer.digest, boss.signer.digest).replace(
        mallory.signer.digest[-8:], boss.signer.digest[-8:])
    c.hostile("names-the-boss", mail(renamed), INVALID, twin="plain", gpg="bad")
    c.honest("eight", mail(*[good] * 8), RING, gpg="good")
    c.hostile("nine", mail(*[good] * 9), "untrusted:limit-exceeded", twin="eight", gpg="good",
              differs="no limit there")


def user_ids(c, ring):
    """Vouched-for user IDs that look like another's."""
    c.group = "pgp-id"
    c.honest("plain", by(ring.boss), RING, gpg="good")
    honest = (("bare", "boss@example.com", None), ("brackets", "<boss@example.com>", None),
              ("comment", "Boss (of all) <boss@example.com>", None), ("utf8", "B\u00f6ss <boss@example.com>", None),
              ("upper-case", "Boss <BOSS@EXAMPLE.COM>", None), ("same-twice", "boss@example.com <boss@example.com>",
                                                                None),
              ("idn", "Boss <boss@xn--bcher-kva.example>", "mailto:boss@b%C3%BCcher.example"))
    for name, user_id, organizer in honest:
        c.honest(name, by(ring.known(user_id), organizer or "mailto:boss@example.com"), RING, gpg="good")
    for name, user_id in (
            ("name-only", "boss at example.com"), ("no-address", "The Boss"), ("empty-brackets", "boss@example.com <>"),
            ("display-name", "boss@example.com <mallory@example.com>"),
            ("display-name-quoted", '"boss@example.com" <mallory@example.com>'),
            ("name-in-comment", "Mallory (boss@example.com) <mallory@example.com>"),
            ("two-brackets", "Mallory <boss@example.com> <mallory@example.com>"),
            ("two-brackets-turned", "Mallory <mallory@example.com> <boss@example.com>"),
            ("second-after", "Mallory <mallory@example.com> boss@example.com"),
            ("list", "Mallory <mallory@example.com, boss@example.com>"),
            ("list-semicolon", "Mallory <mallory@example.com;boss@example.com>"),
            ("unclosed", "Mallory <boss@example.com"), ("unopened", "boss@example.com>"),
            ("nested", "Mallory <<boss@example.com>>"), ("space", "Boss <boss@example.com >"),
            ("mailto", "Boss <mailto:boss@example.com>"), ("literal", "Boss <boss@[192.0.2.1]>"),
            ("dot-last", "Boss <boss@example.com.>"), ("quoted-local", 'Boss <"boss"@example.com>'),
            ("nul", b"Boss <boss@example.com\0.evil.example>"), ("newline", "Boss <boss@example.com\nx>"),
            ("newline-before", "Mallory\n<boss@example.com>"), ("escape", "\x1b[2KBoss <boss@example.com>"),
            ("not-utf8", b"B\xf6ss <boss@example.com>"), ("group", "Boss: boss@example.com;")):
        who = ring.known(user_id)
        c.hostile(name, by(who), "untrusted:no-identity", twin="plain", gpg="good", differs=ANY_ID)
    for name, user_id in (
            ("local-like", "Boss <b0ss@example.com>"), ("domain-like", "Boss <boss@examp1e.com>"),
            ("domain-cyrillic", "Boss <boss@\u0435xample.com>"), ("local-cyrillic", "Boss <b\u043ess@example.com>"),
            ("subdomain", "Boss <boss@mail.example.com>"), ("superdomain", "Boss <boss@example.com.evil.example>"),
            ("plus", "Boss <boss+x@example.com>"), ("percent", "Boss <bo%73s@example.com>"),
            ("cn-of-boss", "The Boss <mallory@example.com>")):
        options = dict(twin="plain", gpg="good")
        c.hostile(name, by(ring.known(user_id)), OTHER, **options)
    two = ring.known("Boss <boss@examp1e.com>", "Boss <boss@example.com>", vouched=["Boss <boss@examp1e.com>"])
    c.hostile("look-alike-vouched-for", by(two), OTHER, twin="plain", gpg="good")


def pins(c, ring):
    """[[pin]] by primary fingerprint: it grants, and it forbids every other key."""
    c.group = "pgp-pin"
    known = lambda who, vouched, **spec: ring.known(f"{who} <{who}@example.com>", vouched=vouched, **spec)
    c.pinned = known("pinned", False)
    c.sub_pinned = known("subpin", True, subkey=True)
    c.exact_pinned = ring.known("Exact <exact@example.com>", vouched=False)
    other = known("pinned", True)
    pinned = "mailto:pinned@example.com"
    mismatch = "untrusted:pin-mismatch"
    c.honest("grants", by(c.pinned, pinned), "trusted:pinned", gpg="bad", differs="gpg knows no pins")
    c.hostile("grants-no-other-address", by(c.pinned), OTHER,
              twin="grants", gpg="bad", differs="gpg knows no pins")
    c.hostile("another-key", by(other, pinned), mismatch, twin="grants", gpg="good")
    c.hostile("another-key-beside", message(pgp_around(part := calendar(organizer=pinned), other.sign(part),
                                                       c.pinned.sign(part, spoil=True))), mismatch, twin="grants",
              gpg="bad", differs="the other key's signature holds")
    plus = ring.known("Pinned <pinned+x@example.com>")
    c.hostile("plus", by(plus, "mailto:pinned+x@example.com"), mismatch, twin="grants", gpg="good")
    upper = ring.known("Pinned <PINNED@example.com>")
    c.hostile("case", by(upper, pinned), mismatch, twin="grants", gpg="good")
    c.hostile("by-smime", message(signed(calendar(organizer=pinned), c.people.person("pinned"))), mismatch,
              twin="grants", openssl="good")
    c.hostile("by-subkey", by(c.sub_pinned, "mailto:subpin@example.com"), mismatch, twin="grants", gpg="good")
    claims = ring.known("Pinned <pinned@example.com>", vouched=False)
    c.hostile("another-unknown-key", by(claims, pinned), NOT_VALID, twin="grants", gpg="bad")
    c.hostile("stolen-fingerprint", by(Person("Pinned <pinned@example.com>"), pinned, more=subpacket(
        33, b"\x04" + c.pinned.primary.digest)), UNCHECKED, twin="grants", gpg="bad")
    c.pinned_gone = known("gone", False, revoked=["key"])
    c.hostile("revoked", by(c.pinned_gone, "mailto:gone@example.com"), "untrusted:revoked", twin="grants", gpg="bad")
    c.pinned_plus = known("twice", True), ring.known("Twice <twice+x@example.com>", "Twice <twice@example.com>")
    c.honest("pin-of-both", by(c.pinned_plus[0], "mailto:twice@example.com"), "trusted:pinned", gpg="good")
    c.hostile("pin-of-a-plus-address", by(c.pinned_plus[1], "mailto:twice@example.com"), mismatch,
              twin="pin-of-both", gpg="good")
    c.hostile("full-not-ultimate", by(ring.boss), NOT_VALID, twin="grants", gpg="good", policy="ultimate.toml",
              differs="gpg does not know what the policy wants")
    c.hostile("exact-case", by(c.exact_pinned, "mailto:exact@example.com"), NOT_VALID, twin="grants", gpg="bad",
              policy="exact.toml")


def policy(c, ring):
    """The entries of policy.toml that speak of OpenPGP."""
    pinned = [("pinned", [c.pinned.fingerprint]), ("subpin", [c.sub_pinned.signer.fingerprint]),
              ("gone", [c.pinned_gone.fingerprint]), ("twice", [c.pinned_plus[0].fingerprint]),
              ("twice+x", [c.pinned_plus[1].fingerprint]), ("EXACT", [c.exact_pinned.fingerprint])]
    entries = "".join(f'[[pin]]\naddress = "{who}@example.com"\nopenpgp = {list(keys_)!r}\n'.replace("'", '"')
                      for who, keys_ in pinned)
    return '[openpgp]\nhome = "gpg"\n' + entries




def everything(c):
    ring = c.ring
    for part in (keys, signatures, user_ids, pins):
        part(c, ring)
