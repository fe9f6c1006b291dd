"""Encryption and compression: what stands outside an encryption says nothing about its content."""

import zlib

from corpus import TRUSTED
from enveloped import cbc, compressed, enveloped, gcm, packed, sealed
from der import octets
from mail import calendar, message, multipart, text
from smime import TST_INFO, attribute, opaque, opaque_part, signed

UNSIGNED = "untrusted:unsigned"
NONE = "none:not-imip"
CLOSED = "none:encrypted"
NO_KEY = "openssl is not given the key"


def encrypted(c):
    p = c.people
    boss, me = p.boss, c.reader
    c.group = "encrypted"
    good, part = signed(calendar(), boss), calendar()

    def honest(name, inside, **options):
        c.honest(name, message(inside), openssl=None, differs=NO_KEY, **options)

    def hostile(name, tree, *expected, twin="signed", **options):
        c.hostile(name, message(tree), *expected, twin=twin, openssl=None, **options)

    honest("signed", enveloped(good, me))
    honest("oaep", enveloped(good, me, oaep=True))
    honest("aes-256", enveloped(good, me, key=b"k" * 32))
    honest("sealed", sealed(good, me))
    honest("sealed-256", sealed(good, me, size=32))
    honest("opaque", enveloped(opaque(part, boss), me))
    honest("packed", enveloped(compressed(good), me))
    honest("two-recipients", enveloped(good, p.rsa_bob, me))
    honest("triple", signed(enveloped(good, me), boss))
    honest("triple-opaque", opaque(enveloped(opaque(part, boss), me), boss))
    honest("resealed", signed(sealed(good, me), p.mallory))
    honest("twice", sealed(enveloped(good, me), me))
    honest("x-type", opaque_part(cbc(good, me), "enveloped-data", "application/x-pkcs7-mime"))
    honest("no-word", opaque_part(cbc(good, me), None))
    honest("wrong-word", opaque_part(cbc(good, me), "signed-data"))

    for name, wrap in (("plain", enveloped), ("sealed-plain", sealed)):
        hostile(name, wrap(part, me), UNSIGNED, differs="nobody signed it")
        hostile(name + "-signed-outside", signed(wrap(part, me), boss), UNSIGNED, twin="triple",
                differs="the signature is of the ciphertext")
        hostile(name + "-opaque-outside", opaque(wrap(part, me), boss), UNSIGNED, twin="triple-opaque",
                differs="the signature is of the ciphertext")
    own = calendar(organizer="mailto:mallory@example.com")
    hostile("somebody-elses", signed(enveloped(own, me), p.mallory), UNSIGNED, twin="triple")
    hostile("signed-for-mallory", signed(enveloped(signed(own, boss), me), p.mallory),
            "untrusted:no-correlation", twin="triple")
    hostile("mallory-inside", signed(enveloped(signed(part, p.mallory), me), boss),
            "untrusted:no-correlation", twin="triple")
    hostile("signed-text-inside", enveloped(multipart("mixed", [signed(text(), boss), part]), me),
            UNSIGNED)
    hostile("calendar-outside", multipart("mixed", [
        enveloped(signed(text(), boss), me), part]), UNSIGNED)
    hostile("calendar-beside", multipart("mixed", [enveloped(good, me), calendar(uid="b@example.com")]),
            UNSIGNED, TRUSTED)
    hostile("contradiction-beside", multipart("mixed", [enveloped(good, me), calendar(summary="Plot")]),
            *["untrusted:duplicate-uid"] * 2)
    hostile("alternative-beside", multipart("alternative", [
        enveloped(good, me), calendar(uid="b@example.com")]), *["untrusted:alternatives-differ"] * 2)
    hostile("passed-on", enveloped(signed(calendar(attendees=("mailto:bob@example.com",)), boss), me),
            "ask:not-addressed")
    hostile("for-somebody-else", enveloped(good, p.rsa_bob), CLOSED)
    hostile("for-nobody", enveloped(good), CLOSED)
    hostile("wrong-key", opaque_part(cbc(good, p.rsa_bob).replace(
        p.rsa_bob.serial.to_bytes(8, "big"), me.serial.to_bytes(8, "big"))), CLOSED)
    hostile("type-tst", opaque_part(cbc(good, me, content_type=TST_INFO)), "none:content-type-attribute")
    hostile("gcm-without-tag", opaque_part(cbc(good, me, dotted="2.16.840.1.101.3.4.1.6")), CLOSED)
    hostile("cbc-with-tag", opaque_part(gcm(good, me, dotted="2.16.840.1.101.3.4.1.2")), CLOSED,
            twin="sealed")
    hostile("no-cipher", opaque_part(cbc(good, me, dotted="1.2.3.4")), CLOSED)
    flip = lambda data, at: data[:at] + bytes([data[at] ^ 1]) + data[at + 1:]
    hostile("gcm-text", sealed(good, me, change=lambda h, t: (flip(h, 100), t)), CLOSED, twin="sealed")
    hostile("gcm-tag", sealed(good, me, change=lambda h, t: (h, flip(t, 0))), CLOSED, twin="sealed")
    hostile("gcm-cut", sealed(good, me, change=lambda h, t: (h[:-1], t)), CLOSED, twin="sealed")
    hostile("gcm-no-tag", sealed(good, me, change=lambda h, t: (h, b"")), CLOSED, twin="sealed")
    hostile("gcm-short-tag", sealed(good, me, tag_octets=4), CLOSED, twin="sealed")
    hostile("gcm-attributes", sealed(good, me, attributes=[attribute("1.2.3.4", octets(b"x"))]), CLOSED,
            twin="sealed")
    malleable(c, hostile)
    hostile("trailing", opaque_part(cbc(good, me) + b"\0"), "none:trailing-der")


def malleable(c, hostile):
    """CBC has no integrity: a block can be bent at the cost of the one before it."""
    boss, me = c.people.boss, c.reader
    filler = text("x" * 400)
    good = signed(multipart("mixed", [filler, calendar()], "in"), boss)
    at = good.index(b"x" * 100) // 16 * 16 + 64

    def bend(iv, hidden):
        return iv, hidden[:at] + bytes([hidden[at] ^ 0x20]) + hidden[at + 1:]

    hostile("bent-text", enveloped(good, me, change=bend), "untrusted:signature-invalid",
            differs="the content changed after it was signed")
    # the first block is bent at no cost, by the IV: another boundary parameter, then another type
    head = good[:16]
    assert head == b"Content-Type: mu"

    def other_type(iv, hidden):
        return bytes(a ^ b ^ c_ for a, b, c_ in zip(iv, head, b"Content-Typ_: mu")), hidden

    hostile("bent-first-block", enveloped(good, me, change=other_type), NONE)

    def cut(iv, hidden):
        return iv, hidden[:at]

    # a block that ends in 0x01 reads as padding, so that what is cut off there decrypts
    padded = text("x" * 14 + "\x01" * 400)
    whole = signed(multipart("mixed", [calendar(), padded], "in"), boss)
    at = whole.index(b"\x01" * 100) // 16 * 16 + 48
    hostile("cut-off", enveloped(whole, me, change=cut), "untrusted:not-two-parts",
            differs="the signature was cut off")
    hostile("odd-length", enveloped(good, me, change=lambda iv, h: (iv, h[:-5])), CLOSED)


def compression(c):
    p = c.people
    boss, part = p.boss, calendar()
    good = signed(part, boss)
    c.group = "packed"

    def hostile(name, tree, *expected, twin="signed", **options):
        c.hostile(name, message(tree), *expected, twin=twin, openssl=None, **options)

    c.honest("signed", message(compressed(good)), openssl="good", piece=message(good))
    c.honest("signed-outside", message(signed(compressed(part), boss)))
    c.honest("opaque-outside", message(opaque(compressed(part), boss)))
    c.honest("both", message(signed(compressed(good), boss)))
    c.honest("twice", message(compressed(compressed(good))), openssl="good", piece=message(good))
    c.honest("no-word", message(opaque_part(packed(good), None)), openssl="good", piece=message(good))
    hostile("plain", compressed(part), UNSIGNED)
    hostile("by-mallory", signed(compressed(part), p.mallory), "untrusted:no-correlation",
            twin="signed-outside")
    hostile("beside", multipart("mixed", [signed(compressed(text()), boss), part]), UNSIGNED)
    hostile("damaged", compressed(good, stream=zlib.compress(good)[:-3] + b"xyz"), "none:signature-malformed")
    hostile("cut-off", compressed(good, stream=zlib.compress(good)[:-20]), "none:signature-malformed")
    hostile("trailing", compressed(good, stream=zlib.compress(good) + b"more"), "none:signature-malformed")
    hostile("two-streams", compressed(good, stream=zlib.compress(good) + zlib.compress(good)),
            "none:signature-malformed")
    hostile("not-zlib", compressed(good, kind="1.2.3.4"), "none:signature-unchecked")
    hostile("type-tst", compressed(good, content_type=TST_INFO), "none:content-type-attribute")
    c.group = "bomb"
    hostile("inflates", compressed(good + b"x" * 40_000_000), "error:limit-exceeded", twin="packed.signed")
    nested = compressed(b"x" * 30_000_000)
    hostile("inflates-beside", multipart("mixed", [good, *[nested] * 3]), "error:limit-exceeded", twin="packed.signed")
    tree = part
    for _ in range(8):
        tree = compressed(multipart("mixed", [tree] * 15))
    hostile("branches", tree, "error:limit-exceeded", twin="packed.signed")
    hostile("nine-packed", repeated(part, 9), "error:limit-exceeded", twin="packed.signed")


def repeated(part, count):
    for _ in range(count):
        part = compressed(part)
    return part


def everything(c):
    encrypted(c)
    compression(c)
