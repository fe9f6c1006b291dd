"""Mails of ten megabytes that are deep, wide, inflating, or quadratic for somebody: MIME, CMS, OpenPGP. Each function
yields (name, mail). The calendars: large_calendars.py."""

import base64
import zlib

import bombs
import enveloped
import smime
from der import null, tlv
from mail import calendar, entity, forwarded, ics, message, multipart, text
from openpgp import PGP, pgp_hidden, pgp_part
from packets import packet
from pki import Certificate, Key, revocation_list
from smime import around

SIZE = 10_000_000


def lines(line, size=SIZE):
    line = line if isinstance(line, bytes) else line.encode()
    return line * (size // len(line))


def structure():
    yield "deep multiparts", message(b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (n, n) for n in range(180_000)))
    yield "deep, one boundary", message(lines(
        b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n'))
    yield "deep messages", message(lines(b"Content-Type: message/rfc822\r\n\r\n"))
    yield "a million parts", message(entity(
        ['Content-Type: multipart/mixed; boundary="b"'], lines(b"--b\r\n\r\nx\r\n")))
    yield "empty delimiters", message(entity(['Content-Type: multipart/mixed; boundary="b"'], lines(b"--b\r\n")))
    yield "lines like delimiters", message(entity(
        ['Content-Type: multipart/mixed; boundary="b"'], lines(b"--\r\n")))
    yield "prefixes of delimiters", message(entity(
        ['Content-Type: multipart/mixed; boundary="b"'], b"--b\r\n\r\n" + lines(b"--bX\r\n") + b"--b--\r\n"))
    yield "a boundary of carriage returns", message(entity(
        ['Content-Type: multipart/mixed; boundary="%sZ"' % ("\r--" * 20_000)], lines(b"\r--")))
    yield "closes", message(entity(['Content-Type: multipart/mixed; boundary="b"'], lines(b"--b--\r\n")))
    yield "nested to the limit", nested(30, lines(b"--x\r\n"))
    yield "line ends", message(text("\r\n" * (SIZE // 2)))
    yield "carriage returns", message(text("\r" * SIZE))
    yield "zeros", b"From: a@example.com\r\n\r\n" + b"\0" * SIZE
    yield "no line end", message(calendar()) + b"x" * SIZE


def padded(part, fields=(), size=SIZE):
    """A mail of that size around the part."""
    return message(multipart("mixed", [part, text("x" * (size - len(part)))], "pad"), fields=fields)


def nested(depth, inside):
    begin = end = b""
    for n in range(depth):
        begin += b'Content-Type: multipart/mixed; boundary="n%d"\r\n\r\n--n%d\r\n' % (n, n)
        end = b"--n%d--\r\n" % n + end
    return message(begin + b"Content-Type: text/plain\r\n\r\n" + inside + end)


def headers():
    yield "one field", b"Subject: " + b"x" * SIZE + b"\r\n\r\n"
    yield "one folded field", b"Subject: x\r\n" + lines(b" x\r\n") + b"\r\n"
    yield "many fields", lines(b"X-A: b\r\n") + b"\r\n"
    yield "no fields", lines(b"no field at all\r\n") + b"\r\n"
    yield "address groups", message(calendar(), fields=["Cc: " + "g:" * 5_000_000])
    yield "addresses", padded(calendar(), ["Cc: " + "a@example.com, " * 4300] * 15)
    yield "comments", padded(calendar(), ["Cc: " + "(" * 60_000] * 15)
    yield "encoded words", padded(calendar(), ["Subject: " + "=?utf-8?q?x?= " * 4600] * 15)
    whole = b"".join(b"To: " + lines("a@example.com,", 60_000) + b" b@example.com\r\n" for _ in range(16))
    yield "a message of addresses in each message", message(multipart("mixed", [
        forwarded(whole + b"\r\ntext\r\n") for _ in range(10)]))
    disposition = entity(
        ["Content-Disposition: attachment; filename*0=" + "; ".join(f"a{n}=b" for n in range(4600))], "x")
    yield "dispositions", message(multipart("mixed", [disposition] * 170))
    yield "dispositions to the limit", message(multipart("mixed", [disposition] * 10 + [text("x" * 9_000_000)]))
    for word, parameter in (("parameters", "; a%d=b"), ("continuations", "; a*%d=b"),
                            ("encoded parameters", "; a*%d*=%%41")):
        value = "".join(parameter % n for n in range(4600))
        part = entity(["Content-Type: text/calendar; method=REQUEST" + value], ics("REQUEST"))
        yield word, message(multipart("mixed", [part] * (SIZE // len(part))))
        yield f"{word} to the limit", message(multipart("mixed", [part] * 10 + [text("x" * 9_000_000)]))


def encoded():
    yield "base64 garbage", message(entity(["Content-Type: text/calendar; method=REQUEST",
                                            "Content-Transfer-Encoding: base64"], lines(b"!" * 76 + b"\r\n")))
    yield "base64 zeros", message(entity(["Content-Type: text/calendar; method=REQUEST",
                                          "Content-Transfer-Encoding: base64"], lines(b"A" * 76 + b"\r\n")))
    yield "quoted-printable", message(entity(["Content-Type: text/calendar; method=REQUEST",
                                              "Content-Transfer-Encoding: quoted-printable"], lines(b"=\r\n")))
    yield "many calendars", message(multipart("mixed", [calendar(uid=f"{n}@x") + b"x" * 9000 for n in range(990)]))
    yield "calendars that differ", message(multipart("mixed", [
        calendar(summary=f"Plan {n}", more=["X-PAD:" + "x" * 9000]) for n in range(990)]))
    yield "alternatives that differ", message(multipart("alternative", [
        calendar(uid=f"{n}@x", more=["X-PAD:" + "x" * 9000]) for n in range(990)]))
    yield "alternatives that agree", message(multipart("alternative", [
        calendar(more=["X-PAD:" + "x" * 9000])] * 990))
    crowd = [f"mailto:a{n}@example.com" for n in range(190)]
    yield "calendars with attendees", message(multipart("mixed", [
        calendar(uid=f"{n}@x", attendees=crowd) for n in range(700)]))
    yield "calendars with attendees to the limit", message(multipart("mixed", [
        calendar(uid=f"{n}@x", attendees=crowd) for n in range(205)] + [text("x" * 7_000_000)]))
    yield "calendars with properties", message(multipart("mixed", [
        calendar(uid=f"{n}@x", more=["X-A:b"] * 1400) for n in range(990)]))
    fat = [entity(["Content-Type: text/calendar; method=REQUEST", "X-A: " + "x" * 9000], ics("REQUEST", uid=f"{n}@x"))
           for n in range(980)]
    yield "calendars with long headers", message(multipart("mixed", fat))
    yield "an attached copy of each", message(multipart("mixed", [calendar(uid=f"{n}@x") for n in range(490)] + [
        entity(["Content-Type: application/ics"], b"x" * 19_000)] * 490))
    yield "one calendar often", message(multipart("mixed", [calendar()] * 990) + b"x" * SIZE)


def cms(people):
    part, boss = calendar(), people.boss
    info = smime.signer_info(boss, part)

    def signed(der):
        return message(smime.around(part, smime.signature_part(der)))

    def opaque(der):
        return message(smime.opaque_part(der, None))

    size = SIZE * 3 // 4
    for word, wrap in (("signature", signed), ("opaque", opaque)):
        yield f"{word}: indefinite lengths", wrap(b"\x30\x80" * (size // 2))
        yield f"{word}: zeros", wrap(b"\0" * size)
        yield f"{word}: deep lengths", wrap(deep(size))
        yield f"{word}: certificates", wrap(smime.signed_data([info], [boss.der] * (size // len(boss.der))))
        yield f"{word}: signerInfos", wrap(smime.signed_data([info] * (size // len(info)), [boss.der]))
        yield f"{word}: digests", wrap(smime.signed_data([info], [boss.der], hashed=["sha256"] * (size // 13)))
    names = people.person("boss", mails=[f"x{n}@example.com" for n in range(45_000)])
    yield "certificate of a megabyte", signed(smime.cms(part, names)) + b"x" * (SIZE - 1_500_000)
    listed = revocation_list(people.root, [people.mallory] * 28_000)
    yield "revocation list of a megabyte", signed(
        smime.signed_data([info], [boss.der], crls=[listed])) + b"x" * (SIZE - 1_500_000)
    attributes = smime.signed_attributes(part, more=[smime.attribute(f"1.2.3.{n}", null()) for n in range(60_000)])
    yield "attributes", signed(smime.signed_data([smime.signer_info(boss, part, attributes=attributes)],
                                                 [boss.der])) + b"x" * (SIZE - 1_500_000)
    attributes = smime.signed_attributes(part, more=[smime.attribute(smime.SIGNING_TIME, null())] * 60_000)
    yield "one attribute often", signed(smime.signed_data(
        [smime.signer_info(boss, part, attributes=attributes)], [boss.der])) + b"x" * (SIZE - 1_500_000)
    big = calendar(more=lines("X-A:b\r\n", 7_000_000).decode().splitlines())
    yield "eight signers of all of it", message(smime.opaque_part(smime.signed_data(
        [smime.signer_info(boss, big)] * 8, [boss.der], inside=big)))
    ladder = people.root
    chain = []
    for number in range(30):
        ladder = Certificate(f"step {number}", Key(), ladder, ca=True)
        chain.append(ladder.der)
    leaf = people.person("boss", issuer=ladder)
    yield "a long chain", signed(smime.signed_data([smime.signer_info(leaf, part)], [leaf.der, *chain])) + \
        b"x" * SIZE
    same = [Certificate("same", Key(), ca=True) for _ in range(2)]
    crossed = [Certificate("same", k.key, i, ca=True).der for k in same for i in same for _ in range(7)]
    leaf = people.person("boss", issuer=same[0])
    yield "certificates in circles", signed(smime.signed_data(
        [smime.signer_info(leaf, part)] * 8, [leaf.der, *crossed])) + b"x" * SIZE
    yield "sixteen signatures of all of it", message(many_around(text("x" * 9_500_000), boss, 16))


def many_around(part, who, count):
    for number in range(count):
        part = smime.around(part, smime.signature_part(smime.cms(part, who)), boundary=f"s{number}.")
    return part


def deep(size):
    """Elements of definite length in one another."""
    out, length = bytearray(), 0
    while length < size:
        head = tlv(0x30, b"")[:1] + (bytes([0x84]) + length.to_bytes(4, "big"))
        out += head[::-1]
        length += len(head)
    return bytes(reversed(out))


def wrapped(people, reader):
    part = calendar()
    size = SIZE * 3 // 4
    info = enveloped.recipient(reader, b"k" * 16)
    yield "recipients, all us", message(smime.opaque_part(enveloped.cbc_for(
        part, [info] * (size // len(info))), None))
    other = enveloped.recipient(people.boss_rsa, b"k" * 16)
    yield "recipients, none us", message(smime.opaque_part(enveloped.cbc_for(
        part, [other] * (size // len(other))), None))
    yield "encrypted whole", message(enveloped.enveloped(calendar() + b"x" * size, reader))
    yield "sealed whole", message(enveloped.sealed(calendar() + b"x" * size, reader))
    yield "triple, whole", message(smime.opaque(enveloped.enveloped(
        smime.opaque(calendar() + b"x" * (size * 9 // 16), people.boss), reader), people.boss))
    yield "inflates to gigabytes", message(enveloped.compressed(b"", stream=deflated(size)))
    thirty = enveloped.packed(calendar() + b"x" * 33_000_000)
    yield "inflates to the limit", message(smime.opaque_part(thirty, None)) + b"x" * SIZE
    yield "inflates sixteen times", message(multipart("mixed", [smime.opaque_part(thirty, None)] * 15)) + b"x" * SIZE
    shell = calendar() + b"x" * 30_000_000
    for _ in range(7):
        shell = multipart("mixed", [smime.opaque_part(enveloped.packed(shell), None), text("x" * 3_000_000)])
    pieces = smime.signed_data([smime.signer_info(people.boss, part)], [people.boss.der], inside=part,
                               pieces=bombs.in_pieces(15_000_000, 0))
    inside = smime.opaque_part(pieces, None, encoding="binary")
    yield "empty pieces in what inflates", message(enveloped.compressed(inside))
    whole = multipart("mixed", [part, text("x" * 30_000_000)])
    yield "a large signed text in what inflates", message(enveloped.compressed(
        smime.opaque_part(smime.cms(whole, people.boss, opaque=True), None, encoding="binary")))
    yield "a large encrypted text in what inflates", message(enveloped.compressed(smime.opaque_part(
        enveloped.cbc_of_zeros(multipart("mixed", [part, text("x")]), reader, 30_000_000), None, encoding="binary")))
    whole = multipart("mixed", [part, text("x" * 9_700_000)])
    for _ in range(8):
        whole = smime.opaque_part(smime.cms(whole, people.boss, opaque=True), None, encoding="binary")
    yield "eight large layers", message(whole)
    yield "inflates in layers", message(shell) + b"x" * (SIZE - 3_200_000)


def deflated(size):
    """A zlib stream of that size, without its end: a block of zeros again and again."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = packer.compress(b"\0" * 10_000_000) + packer.flush(zlib.Z_FULL_FLUSH)
    return b"\x78\xda" + block * (size // len(block))


def openpgp():
    """Nobody's signatures: gpg need not look at them for long, but the armour is read and cut up."""
    part = calendar()
    size = SIZE * 3 // 4

    def mail(octets):
        return message(around(part, pgp_part(octets), protocol=PGP, micalg="pgp-sha256"))

    def armoured(content, kind="SIGNATURE"):
        return b"-----BEGIN PGP " + kind.encode() + b"-----\r\n\r\n" + base64.encodebytes(content).replace(
            b"\n", b"\r\n") + b"-----END PGP " + kind.encode() + b"-----\r\n"

    yield "armour of zeros", mail(armoured(b"\0" * size))
    yield "armour of one line", mail(b"-----BEGIN PGP SIGNATURE-----\r\n\r\n" + b"A" * SIZE + b"\r\n")
    yield "armour of fields", mail(b"-----BEGIN PGP SIGNATURE-----\r\n" + lines("Comment: x\r\n"))
    yield "armours", mail(lines(armoured(packet(10, b"PGP"))))
    yield "small packets", mail(armoured(packet(10, b"PGP") * (900_000 // 5)) + lines("x\r\n", 8_000_000))
    yield "a packet of a megabyte", mail(armoured(packet(2, b"\4" + b"\0" * 900_000)) + lines("x\r\n", 8_000_000))
    yield "OpenPGP encrypted zeros", message(pgp_hidden(armoured(b"\0" * size, "MESSAGE")))
    yield "OpenPGP inflates", message(pgp_hidden(armoured(packet(8, b"\2" + deflated(size // 2)), "MESSAGE")))
