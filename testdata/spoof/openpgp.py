"""OpenPGP (RFC 3156): signatures over other parts, shapes and armours that say two things, encryptions with
something else inside. Whose key it is: openpgp_keys.py."""

import os
import zlib

import smime
from enveloped import enveloped
from gpg import Gpg
from mail import calendar, entity, forwarded, ics, message, multipart, reply, text
from packets import Person, Reader, armour, inline_signed, literal, packet
from smime import around, signature_part, signed

RING = "trusted:key-ring-admits"
UNSIGNED = "untrusted:unsigned"
OTHER = "untrusted:no-correlation"
INVALID = "untrusted:signature-invalid"
MALFORMED = "untrusted:signature-malformed"
UNCHECKED = "untrusted:signature-unchecked"
PGP = "application/pgp-signature"
ANY_ID = "gpg calls a key valid by any of its user IDs"
NOT_SEEN = "gpg is given the signature alone"


def pgp_part(text_, kind=PGP):
    return entity([f'Content-Type: {kind}; name="signature.asc"'], text_)


def pgp_around(content, *signatures, **options):
    """multipart/signed of `content` and signature packets."""
    options = {"protocol": PGP, "micalg": "pgp-sha256", **options}
    return around(content, pgp_part(armour(b"".join(signatures)), options.pop("kind", PGP)), **options)


def pgp_signed(content, who, boundary="sig", **options):
    return pgp_around(content, who.sign(content, **options), boundary=boundary)


def pgp_hidden(armoured, *, protocol="application/pgp-encrypted", first="application/pgp-encrypted",
               version="Version: 1", kind="application/octet-stream", more=()):
    """multipart/encrypted around an armoured message."""
    parts = [entity([f"Content-Type: {first}"], version + "\r\n"), entity([f"Content-Type: {kind}"], armoured), *more]
    return multipart("encrypted", parts, "enc", f'; protocol="{protocol}"')


class Ring:
    """The owner's key ring, which the policy names: alice's own key, and those whom she vouches for."""

    def __init__(self, folder):
        self.gpg = Gpg(os.path.join(folder, "gpg"))
        self.alice = self.gpg.make_key("Alice <alice@example.com>")
        self.gpg("--quick-add-key", self.alice, "rsa2048", "encr", "never")
        self.reader = Reader(self.gpg("--export", self.alice))
        self.boss = self.known("The Boss <boss@example.com>")
        self.mallory = self.known("Mallory <mallory@example.com>")
        self.bob = self.known("Bob <bob@example.com>")

    def take(self, packets):
        self.gpg("--import", given=packets)

    def known(self, *user_ids, vouched=True, **spec):
        """Somebody whose key is in the ring. `vouched`: for all user IDs, for those named, or for none."""
        who = Person(*user_ids, **spec)
        self.take(who.packets)
        if vouched:
            self.vouch(who, *(() if vouched is True else vouched))
        return who

    def vouch(self, who, *user_ids):
        self.gpg("--quick-lsign-key", who.fingerprint, *user_ids)

    def disable(self, who):
        self.gpg("--command-fd", "0", "--edit-key", who.fingerprint, given=b"disable\nquit\n")

    def hidden(self, packets, **options):
        return pgp_hidden(armour(self.reader.encrypted(packets, **options), "MESSAGE"))


def by(who, organizer="mailto:boss@example.com", **options):
    return message(pgp_signed(calendar(organizer=organizer), who, **options))


def beside(c, ring):
    """A signature that covers another part than the calendar."""
    boss, mallory = ring.boss, ring.mallory
    good, words = pgp_signed(calendar(), boss), pgp_signed(text(), boss)
    c.group = "pgp-beside"
    c.honest("plain", message(good), RING, gpg="good")
    c.honest("list", message(multipart("mixed", [good, text("-- \r\nfooter")])), RING, gpg="good", piece=message(good))
    c.honest("cut-out", good, RING, gpg="good")
    c.honest("forwarded", message(multipart("mixed", [text(), forwarded(message(good))])), RING, gpg="good",
             piece=message(good))
    c.honest("not-sender", message(good, sender="list@example.net"), RING, gpg="good", also=["signer-is-not-sender"])
    c.honest("alternative", message(pgp_signed(multipart("alternative", [text(), calendar()], "alt"), boss)), RING,
             gpg="good")
    elsewhere = dict(twin="list", gpg="good", differs="the signature covers another part", piece=message(words))
    for name, tree in (
            ("after", multipart("mixed", [words, calendar()])), ("before", multipart("mixed", [calendar(), words])),
            ("in-alternative", multipart("alternative", [words, calendar()])),
            ("related", multipart("related", [words, calendar()])),
            ("in-message", multipart("mixed", [words, forwarded(message(calendar()))])),
            ("attached-signature", multipart("mixed", [calendar(), pgp_part(armour(boss.sign(calendar())))]))):
        options = dict(elsewhere, gpg="good") if name != "attached-signature" else dict(twin="plain")
        c.hostile(name, message(tree), UNSIGNED, **options)
    c.hostile("swapped", message(pgp_around(calendar(summary="Plot"), boss.sign(calendar()))), INVALID, twin="plain",
              gpg="bad")
    c.hostile("text-signature", message(pgp_around(calendar(), boss.sign(text()))), INVALID, twin="plain", gpg="bad")
    body = calendar().split(b"\r\n\r\n", 1)[1]
    c.hostile("body-only", message(pgp_around(calendar(), boss.sign(body))), INVALID, twin="plain", gpg="bad")
    c.hostile("with-line-end", message(pgp_around(calendar(), boss.sign(calendar() + b"\r\n"))), INVALID,
              twin="plain", gpg="bad")
    c.hostile("line-feeds", message(pgp_around(calendar(), boss.sign(calendar().replace(b"\r\n", b"\n")))), INVALID,
              twin="plain", gpg="bad")
    c.hostile("two-calendars", message(multipart("mixed", [good, calendar(uid="b@example.com")])), RING, UNSIGNED,
              twin="list", gpg="good", piece=message(good))
    c.hostile("contradiction", message(multipart("mixed", [good, calendar(summary="Plot")])),
              *["untrusted:duplicate-uid"] * 2, twin="list", gpg="good", piece=message(good))
    c.hostile("alternatives", message(pgp_signed(multipart("alternative", [
        calendar(), calendar(summary="Plot")], "alt"), boss)), *["untrusted:alternatives-differ"] * 2,
              twin="alternative", gpg="good")
    for name, who, sender, fields in (
            ("sender-boss", mallory, "boss@example.com", []),
            ("sender-field", mallory, "mallory@example.com", ["Sender: boss@example.com"]),
            ("reply-to-field", mallory, "mallory@example.com", ["Reply-To: boss@example.com"])):
        c.hostile(name, message(pgp_signed(calendar(), who), sender=sender, fields=fields), OTHER, twin="plain",
                  gpg="good")
    c.hostile("reply-of-another", message(pgp_signed(reply("mailto:bob@example.com", "mailto:alice@example.com"),
                                                     mallory)), OTHER, twin="plain", gpg="good")
    c.hostile("for-somebody-else", message(pgp_signed(calendar(attendees=("mailto:bob@example.com",)), boss)),
              "ask:not-addressed", twin="plain", gpg="good")


def bent(c, ring):
    """Octets changed after signing; text signatures (type 1) forgive line ends only."""
    boss, part = ring.boss, calendar()
    c.group = "pgp-bent"
    good = {0: message(pgp_signed(part, boss)), 1: message(pgp_signed(part, boss, kind=1))}
    c.honest("binary", good[0], RING, gpg="good")
    c.honest("text", good[1], RING, gpg="good")
    for kind, twin in ((0, "binary"), (1, "text")):
        for name, old, new in (
                ("summary", b"SUMMARY:Plan", b"SUMMARY:Plot"),
                ("trailing-blank", b"SUMMARY:Plan\r\n", b"SUMMARY:Plan \r\n"),
                ("trailing-tab", b"SUMMARY:Plan\r\n", b"SUMMARY:Plan\t\r\n"),
                ("bare-cr", b"SUMMARY:Plan\r\n", b"SUMMARY:Plan\rX-A:b\r\n"),
                ("two-crs", b"SUMMARY:Plan\r\n", b"SUMMARY:Plan\r\r\n"),
                ("blank-line", b"\r\n\r\nBEGIN:VCALENDAR", b"\r\n\r\n\r\nBEGIN:VCALENDAR"),
                ("header-case", b"Content-Transfer-Encoding: 7bit", b"content-transfer-encoding: 7bit"),
                ("line-end-less", b"END:VCALENDAR\r\n\r\n--sig", b"END:VCALENDAR\r\n--sig"),
                ("line-end-more", b"END:VCALENDAR\r\n\r\n--sig", b"END:VCALENDAR\r\n\r\n\r\n--sig")):
            assert good[kind].count(old) == 1
            options = dict(gpg="bad", text=name != "two-crs")  # with line feeds one CR would be left: a line end
            if kind == 1 and name == "two-crs":
                options.update(gpg="good", differs="to gpg a CR more or less is a line end")
            c.hostile(f"{twin}-{name}", good[kind].replace(old, new), INVALID, twin=twin, **options)
    c.hostile("junk-line", good[0].replace(b"Content-Transfer", b"no field\r\nContent-Transfer"),
              "untrusted:ambiguous-header", twin="binary", gpg="bad")
    dashed = calendar(summary="x", more=["- DESCRIPTION:y"])
    c.hostile("dash-escaped", message(pgp_around(dashed, boss.sign(dashed.replace(b"\r\n- ", b"\r\n")))), INVALID,
              twin="binary", gpg="bad")


def armours(c, ring):
    """What lies in the signature part."""
    boss, part = ring.boss, calendar()
    good = boss.sign(part)
    c.group = "pgp-armour"

    def mail(octets, **options):
        return message(around(part, pgp_part(octets, **options), protocol=PGP, micalg="pgp-sha256"))

    c.honest("plain", mail(armour(good)), RING, gpg="good")
    c.honest("with-fields", mail(armour(good, fields=["Version: 9", "Comment: not from gpg"])), RING, gpg="good")
    c.honest("base64", message(around(part, entity([f"Content-Type: {PGP}", "Content-Transfer-Encoding: base64"],
                                                   smime.base64.encodebytes(armour(good)).replace(b"\n", b"\r\n")),
                                      protocol=PGP, micalg="pgp-sha256")), RING, gpg="good")
    export = boss.packets
    for name, octets, gpg in (
            ("empty", b"", "bad"), ("words", b"Believe me, I am the boss.\r\n", "bad"),
            ("binary", good, "good"), ("two-armours", armour(good) * 2, "good"),
            ("text-before", b"see below\r\n" + armour(good), "good"),
            ("text-after", armour(good) + b"-- \r\nfooter\r\n", "good"),
            ("key-beside", armour(good + export), "bad"), ("key-first", armour(export + good), "bad"),
            ("key-alone", armour(export, "PUBLIC KEY BLOCK"), "bad"),
            ("literal-beside", armour(good + literal(part)), "bad"),
            ("literal-first", armour(literal(part) + good), "bad"),
            ("whole-message", armour(inline_signed(part, boss), "MESSAGE"), "bad"),
            ("whole-as-signature", armour(inline_signed(part, boss)), "bad"),
            ("compressed", armour(packet(8, b"\x02" + zlib.compress(good))), "good"),
            ("marker", armour(packet(10, b"PGP") + good), "good"), ("private", armour(good + packet(60, b"x")), "good"),
            ("cut-off", armour(good[:-5]), "bad"), ("checksum", armour(good).replace(b"\r\n=", b"\r\n=AAAA", 1)[:-1],
                                                     "bad"),
            ("message-word", armour(good, "MESSAGE"), "good")):
        differs = "gpg takes more forms than RFC 3156 has" if gpg == "good" else ""
        c.hostile(name, mail(octets), MALFORMED, twin="plain", gpg=gpg, differs=differs, text=name != "binary")
    clear = b"-----BEGIN PGP SIGNED MESSAGE-----\r\nHash: SHA256\r\n\r\n" + part + b"\r\n" + armour(
        boss.sign(part, kind=1))
    c.hostile("clear-text", mail(clear), MALFORMED, twin="plain", gpg="bad")


def shapes(c, ring):
    """multipart/signed and its protocol; inline PGP; S/MIME in OpenPGP, and the reverse."""
    boss, part, p = ring.boss, calendar(), c.people
    good = boss.sign(part)
    c.group = "pgp-shape"
    c.honest("plain", message(pgp_around(part, good)), RING, gpg="good")
    c.honest("micalg", message(pgp_around(part, good, micalg="pgp-md5")), RING, gpg="good")
    c.honest("upper-case", message(pgp_around(part, good, protocol=PGP.upper(), kind=PGP.upper())), RING, openssl=None)
    wrong = dict(twin="plain", gpg="bad", differs="")
    for name, protocol in (("protocol-missing", None), ("protocol-smime", "application/pkcs7-signature"),
                           ("protocol-encrypted", "application/pgp-encrypted"), ("protocol-x", "application/x-pgp"),
                           ("protocol-prefix", PGP + "s")):
        c.hostile(name, message(pgp_around(part, good, protocol=protocol)), "untrusted:protocol-mismatch", **wrong)
    for name, kind in (("type-smime", "application/pkcs7-signature"), ("type-text", "text/plain"),
                       ("type-keys", "application/pgp-keys"), ("type-octets", "application/octet-stream")):
        c.hostile(name, message(pgp_around(part, good, kind=kind)), "untrusted:protocol-mismatch",
                  twin="plain", gpg="good", differs="gpg does not look at the type")
    c.hostile("protocol-twice", message(pgp_around(part, good, micalg='x; protocol="application/pkcs7-signature"')),
              "untrusted:ambiguous-header", twin="plain", gpg="good", differs="it is read in one of the ways")
    outer = pgp_around(part, good)
    head = b"Content-Type: multipart/signed"
    for name, old, new, expected in (
            ("type-twice", head, b"Content-Type: text/plain\r\n" + head, "none:not-imip"),
            ("type-twice-after", b"\r\n\r\n", b"\r\nContent-Type: text/plain\r\n\r\n",
             "untrusted:ambiguous-header"),
            ("boundary-twice", b"; micalg", b"; boundary=other; micalg", "untrusted:ambiguous-header"),
            ("protocol-continued", b"; micalg", b"; protocol*0=application/; protocol*1=x-pgp; micalg",
             "untrusted:ambiguous-header"),
            ("junk-line", head, b"no field\r\n" + head, "untrusted:ambiguous-header"),
            ("nul", head, b"X-A: \0\r\n" + head, "untrusted:ambiguous-header"),
            ("encoded", b"\r\n\r\n", b"\r\nContent-Transfer-Encoding: base64\r\n\r\n",
             "untrusted:bad-transfer-encoding")):
        c.hostile(f"header-{name}", message(outer.replace(old, new, 1)), expected, twin="plain")
    c.hostile("second-close", message(outer + b"--sig--\r\n"), "untrusted:span-disagrees", twin="plain")
    c.hostile("three-parts", message(pgp_around(part, good, third=text())), "untrusted:not-two-parts", twin="plain",
              gpg="bad")
    c.hostile("one-part", message(multipart("signed", [part], "sig", f'; protocol="{PGP}"')),
              "untrusted:not-two-parts", twin="plain", gpg="bad")
    c.hostile("signature-first", message(multipart("signed", [pgp_part(armour(good)), part], "sig",
                                                   f'; protocol="{PGP}"')),
              "untrusted:protocol-mismatch", twin="plain", gpg="bad")
    c.hostile("cms-inside", message(around(part, pgp_part(smime.cms(part, p.boss)), protocol=PGP)), MALFORMED,
              twin="plain", gpg="bad")
    c.hostile("armour-as-cms", message(around(part, signature_part(armour(good)))), MALFORMED, twin="plain")
    c.hostile("both-as-parts", message(multipart("signed", [
        part, signature_part(smime.cms(text(), p.boss)), pgp_part(armour(good))], "sig",
        '; protocol="application/pkcs7-signature"')), "untrusted:not-two-parts", twin="plain")
    # inline PGP is text, not a MIME entity
    content = ics("REQUEST")
    clear = b"-----BEGIN PGP SIGNED MESSAGE-----\r\nHash: SHA256\r\n\r\n" + content + armour(
        boss.sign(content.rstrip(b"\r\n"), kind=1))
    c.hostile("inline-signed", message(calendar(clear)), "untrusted:bad-calendar", twin="plain")
    c.hostile("inline-text", message(multipart("mixed", [entity(["Content-Type: text/plain"], clear), calendar()])),
              UNSIGNED, twin="plain")
    c.hostile("inline-x-action", message(entity(
        ["Content-Type: text/calendar; method=REQUEST; x-action=pgp-signed"], clear)), "untrusted:bad-calendar",
              twin="plain")
    c.hostile("inline-application", message(entity(["Content-Type: application/pgp; format=mime"], armour(
        inline_signed(part, boss), "MESSAGE"))), "none:not-imip", twin="plain")
    c.hostile("inline-encrypted", message(calendar(armour(ring.reader.encrypted(inline_signed(
        content, boss)), "MESSAGE"))), "untrusted:bad-calendar", twin="plain")
    # one protocol inside the other: each covers what it covers
    inner_smime, inner_pgp = signed(part, p.boss, boundary="in"), pgp_signed(part, boss, boundary="in")
    c.honest("smime-inside", message(pgp_signed(inner_smime, boss, boundary="out")), RING, gpg="good")
    c.honest("smime-inside-list", message(pgp_signed(inner_smime, ring.mallory, boundary="out")), gpg="good")
    c.honest("inside-smime", message(signed(inner_pgp, p.boss, boundary="out")), "trusted:anchor-admits",
             openssl="good")
    c.honest("inside-smime-list", message(signed(inner_pgp, p.mallory, boundary="out")), RING, openssl="good")
    c.hostile("smime-mallory-inside", message(pgp_around(signed(part, p.mallory, boundary="in"), good,
                                                         boundary="out")), OTHER, twin="smime-inside",
              gpg="bad", differs="the inner signature, by somebody else, holds", also=["signature-invalid"])
    c.hostile("mallory-inside-smime", message(around(pgp_signed(part, ring.mallory, boundary="in"), signature_part(
        smime.cms(part, p.boss)), boundary="out")), OTHER, twin="inside-smime", openssl="bad",
              differs="the inner signature, by somebody else, holds", also=["signature-invalid"])
    c.honest("in-smime-encryption", message(enveloped(inner_pgp, c.reader)), RING, openssl=None)
    c.hostile("outside-smime-encryption", message(pgp_signed(enveloped(part, c.reader), boss)), UNSIGNED,
              twin="in-smime-encryption", gpg="good", differs="the signature is of the ciphertext")
    c.hostile("triple-mallory", message(pgp_signed(enveloped(pgp_signed(part, ring.mallory, boundary="in"),
                                                             c.reader), boss, boundary="out")), OTHER,
              twin="in-smime-encryption", gpg="good")


def encrypted(c, ring):
    """multipart/encrypted: what counts is who signed inside, and that nothing was bent."""
    boss, mallory, part = ring.boss, ring.mallory, calendar()
    hide = ring.hidden
    c.group = "pgp-encrypted"
    good = pgp_signed(part, boss)
    c.honest("signed-inside", message(hide(inline_signed(part, boss))), RING, gpg="good")
    c.honest("signed-before", message(hide(literal(good))), RING, gpg="bad", differs=NOT_SEEN)
    c.honest("compressed", message(hide(packet(8, b"\x02" + zlib.compress(inline_signed(part, boss))))), RING,
             gpg="good")
    c.honest("smime-inside", message(hide(literal(signed(part, c.people.boss)))), "trusted:anchor-admits",
             gpg="bad", differs=NOT_SEEN)
    c.honest("signed-outside-too", message(pgp_signed(hide(inline_signed(part, boss)), mallory)), RING, gpg="good")
    c.honest("smime-outside-too", message(signed(hide(inline_signed(part, boss)), c.people.mallory)), RING,
             openssl="good")
    c.honest("two-signers", message(hide(inline_signed(part, boss, mallory))), RING, gpg="good")
    c.honest("signature-first", message(hide(boss.sign(part) + literal(part))), RING, gpg="good")
    c.honest("in-list", message(multipart("mixed", [hide(inline_signed(part, boss)), text()])), RING, gpg="good")
    c.honest("forwarded", message(forwarded(message(hide(inline_signed(part, boss))))), RING, gpg="good")

    def hostile(name, tree, *expected, twin="signed-inside", **options):
        c.hostile(name, message(tree), *expected, twin=twin, **options)

    closed, malformed = "none:encrypted", "none:signature-malformed"
    plain = hide(literal(part))
    hostile("nobody-inside", plain, UNSIGNED, gpg="bad")
    ciphertext = "the signature is of the ciphertext"
    hostile("signed-outside", pgp_signed(plain, boss), UNSIGNED, gpg="good", differs=ciphertext)
    hostile("smime-outside", signed(plain, c.people.boss), UNSIGNED, openssl="good", differs=ciphertext)
    hostile("mallory-inside", pgp_signed(hide(inline_signed(part, mallory)), boss), OTHER, gpg="good")
    hostile("signed-text-inside", hide(literal(multipart("mixed", [pgp_signed(text(), boss), part]))), UNSIGNED,
            gpg="bad")
    hostile("calendar-outside", multipart("mixed", [hide(inline_signed(text(), boss)), part]), UNSIGNED, gpg="good",
            differs="the signature covers another part")
    hostile("calendar-in-first-part", multipart("encrypted", [part, entity([
        "Content-Type: application/octet-stream"], armour(ring.reader.encrypted(inline_signed(text(), boss)),
                                                          "MESSAGE"))], "enc",
        '; protocol="application/pgp-encrypted"'), "untrusted:protocol-mismatch")
    hostile("contradiction-beside", multipart("mixed", [hide(inline_signed(part, boss)), calendar(summary="Plot")]),
            *["untrusted:duplicate-uid"] * 2, gpg="good")
    hostile("passed-on", hide(inline_signed(calendar(attendees=("mailto:bob@example.com",)), boss)),
            "ask:not-addressed", gpg="good")
    hostile("spoilt-inside", hide(inline_signed(part, boss, spoil=True)), closed, gpg="bad")
    swapped = inline_signed(part, boss).replace(literal(part), literal(calendar(summary="Plot")))
    hostile("swapped-inside", hide(swapped), closed, gpg="bad")
    stranger = Person("Boss <boss@example.com>")
    hostile("stranger-inside", hide(inline_signed(part, stranger)), UNCHECKED, gpg="bad")
    signature = boss.sign(part)
    hostile("two-plaintexts", hide(inline_signed(part, boss) + literal(calendar(summary="Plot"))), closed, gpg="bad")
    hostile("plaintext-first", hide(literal(calendar(summary="Plot")) + inline_signed(part, boss)), closed, gpg="bad")
    hostile("signature-after", hide(literal(part) + signature), UNSIGNED, gpg="bad")
    hostile("nothing-inside", hide(b""), closed, gpg="bad")
    hostile("only-signature", hide(signature), closed, gpg="bad")
    hostile("encrypted-twice", hide(ring.reader.encrypted(inline_signed(part, boss))), malformed, gpg="good",
            differs="gpg opens one encryption in another")
    hostile("two-encryptions", pgp_hidden(armour(ring.reader.encrypted(inline_signed(part, boss)) * 2, "MESSAGE")),
            closed, gpg="bad")
    hostile("literal-after", hide(inline_signed(part, boss), after=literal(calendar(summary="Plot"))), closed,
            gpg="bad")
    hostile("no-integrity", hide(inline_signed(part, boss), integrity=False), closed, gpg="bad")
    flip = lambda data, at: data[:at] + bytes([data[at] ^ 1]) + data[at + 1:]
    hostile("bent", hide(inline_signed(part, boss), change=lambda h: flip(h, 200)), closed, gpg="bad")
    hostile("bent-unsigned", hide(literal(part), change=lambda h: flip(h, 200)), closed, gpg="bad")
    hostile("bent-digest", hide(inline_signed(part, boss), change=lambda h: flip(h, len(h) - 1)), closed, gpg="bad")
    hostile("cut-off", hide(inline_signed(part, boss), change=lambda h: h[:-30]), closed, gpg="bad")
    hostile("for-somebody-else", hide(inline_signed(part, boss), identifier=b"somebody"), closed, gpg="bad")
    hostile("not-encrypted", pgp_hidden(armour(inline_signed(part, boss), "MESSAGE")), malformed, gpg="good",
            differs="gpg opens what is not encrypted")
    hostile("only-literal", pgp_hidden(armour(literal(good), "MESSAGE")), malformed, gpg="bad")
    hostile("clear-text", pgp_hidden(b"-----BEGIN PGP SIGNED MESSAGE-----\r\nHash: SHA256\r\n\r\n" + part + armour(
        boss.sign(part, kind=1))), malformed)
    hidden = armour(ring.reader.encrypted(inline_signed(part, boss)), "MESSAGE")
    hostile("two-armours", pgp_hidden(hidden * 2), malformed)
    hostile("text-before", pgp_hidden(b"Dear Alice,\r\n" + hidden), malformed)
    wrong = "none:protocol-mismatch"
    hostile("protocol-signature", pgp_hidden(hidden, protocol=PGP), wrong)
    hostile("protocol-unknown", pgp_hidden(hidden, protocol="application/x-pgp"), wrong)
    hostile("type-text", pgp_hidden(hidden, kind="text/plain"), wrong)
    hostile("first-is-text", pgp_hidden(hidden, first="text/plain"), wrong)
    hostile("three-parts", pgp_hidden(hidden, more=[text()]), "none:not-two-parts")
    big = packet(8, b"\x02" + zlib.compress(literal(good + b"x" * 40_000_000), 9))
    hostile("inflates", hide(big), "error:limit-exceeded")
    tree = part
    for _ in range(9):
        tree = hide(literal(tree))
    hostile("nine-layers", tree, "error:limit-exceeded")


def everything(c):
    ring = c.ring
    for part in (beside, bent, armours, shapes, encrypted):
        part(c, ring)
