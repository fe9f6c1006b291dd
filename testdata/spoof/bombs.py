"""More of something than anybody needs: refused by name, before it costs anything."""

from der import octets
from mail import calendar, forwarded, ics, message, multipart, text
from smime import (around, carried, cms, opaque, opaque_part, signature_part, signed, signed_data,
                   signer_info)


def layers(part, who, count):
    for number in range(count):
        part = opaque(part, who)
    return part


def nested(part, who, count):
    for number in range(count):
        part = around(part, signature_part(cms(part, who)), boundary=f"b{number}.")
    return part


def in_pieces(count, size):
    """An OCTET STRING of that many segments of that size before the rest, as BER has it (X.690 section 8.7.3)."""
    def element(content):
        segments = b"".join(octets(content[n * size:(n + 1) * size]) for n in range(count))
        return b"\x24\x80" + segments + octets(content[count * size:]) + b"\0\0"
    return element


def everything(c):
    p = c.people
    boss, part = p.boss, calendar()
    c.group = "bomb"
    c.honest("plain", message(signed(part, boss)))
    c.honest("eight-layers", message(layers(part, boss, 8)), openssl="good")
    c.hostile("nine-layers", message(layers(part, boss, 9)), "error:limit-exceeded", twin="eight-layers",
              openssl="good", differs="openssl looks at the outermost only")
    c.hostile("thirty-layers", message(layers(part, boss, 30)), "error:limit-exceeded", twin="eight-layers",
              openssl="good", differs="openssl looks at the outermost only")
    c.honest("four-around", message(nested(part, boss, 4)))
    c.hostile("seventeen-signatures", message(multipart("mixed", [
        around(part, signature_part(cms(part, boss)), boundary=f"s{n}.") for n in range(17)])), "error:limit-exceeded",
              twin="plain", openssl="good", piece=message(signed(part, boss)),
              differs="openssl is given one of them")
    infos = [signer_info(boss, part) for _ in range(9)]
    c.honest("eight-signers", message(around(part, signature_part(signed_data(infos[:8], carried(boss))))))
    c.hostile("nine-signers", message(around(part, signature_part(signed_data(infos, carried(boss))))),
              "untrusted:limit-exceeded", twin="eight-signers", openssl="good", differs="no limit there")
    many = [p.person(f"x{n}").der for n in range(32)]
    c.honest("thirty-two-certificates", message(around(part, signature_part(
        signed_data(infos[:1], [boss.der, *many[:31]])))))
    c.hostile("thirty-three-certificates", message(around(part, signature_part(
        signed_data(infos[:1], [boss.der, *many])))), "untrusted:limit-exceeded",
              twin="thirty-two-certificates", openssl="good", differs="no limit there")
    big = p.person("big", mails=[f"x{n}@example.com" for n in range(60000)])
    c.hostile("huge-certificate", message(around(part, signature_part(
        signed_data(infos[:1], [boss.der, big.der])))), "untrusted:limit-exceeded", twin="plain",
              openssl="good", differs="no limit there")
    names = p.person("boss", mails=[*(f"x{n}@example.com" for n in range(3000)), "boss@example.com"])
    c.hostile("many-names", message(signed(part, names)), "untrusted:no-correlation", twin="plain",
              openssl="good")
    algorithms = ["sha256"] * 1
    crowd = signed_data(infos[:1], carried(boss), hashed=algorithms * 40)
    c.hostile("digest-algorithms", message(around(part, signature_part(crowd))),
              "untrusted:limit-exceeded", twin="plain", openssl="good", differs="no limit there")
    for word, kind, count, size in (("bytes", "honest", 100_000, 1), ("kilobytes", "honest", 1000, 1000),
                                    ("empty", "honest", 250_000, 0), ("empty-many", "hostile", 263_000, 0)):
        whole = multipart("mixed", [part, text("x" * (count * size))])
        mail = message(opaque_part(signed_data([signer_info(boss, whole)], carried(boss), inside=whole,
                                               pieces=in_pieces(count, size))))
        if kind == "honest":
            c.honest(f"pieces-{word}", mail)
        else:
            c.hostile(f"pieces-{word}", mail, "error:limit-exceeded", twin="pieces-empty", openssl="good",
                      differs="no limit there")
    c.hostile("thousand-parts", message(multipart("mixed", [signed(part, boss), *[b"\r\nx"] * 1000])),
              "error:limit-exceeded", twin="plain", openssl="good", piece=message(signed(part, boss)),
              differs="openssl is given the signed part")
    deep = signed(part, boss)
    for number in range(40):
        deep = multipart("mixed", [deep], f"d{number}.")
    c.hostile("deep", message(deep), "error:limit-exceeded", twin="plain", openssl="good",
              piece=message(signed(part, boss)), differs="openssl is given the signed part")
    turtles = signed(part, boss)
    for number in range(40):
        turtles = forwarded(message(turtles))
    c.hostile("deep-messages", message(turtles), "error:limit-exceeded", twin="plain", openssl="good",
              piece=message(signed(part, boss)), differs="openssl is given the signed part")
    many_events = ics("REQUEST", *([["BEGIN:VEVENT", "UID:x", "END:VEVENT"]] * 10001))
    c.hostile("components", message(signed(calendar(many_events), boss)), "untrusted:bad-calendar",
              twin="plain", openssl="good")
    c.hostile("nested-components", message(signed(calendar(ics("REQUEST", more=[
        "BEGIN:X-A"] * 5000 + ["END:X-A"] * 5000)), boss)), "untrusted:bad-calendar", twin="plain",
              openssl="good")
