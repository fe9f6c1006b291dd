"""DER, written octet by octet: hostile messages need shapes that no library would make."""

import datetime


def tlv(tag, *parts):
    """One element. A tag is its identifier octet."""
    body = b"".join(parts)
    if len(body) < 0x80:
        return bytes([tag, len(body)]) + body
    size = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(size)]) + size + body


def seq(*parts):
    return tlv(0x30, *parts)


def set_of(*parts):
    """Sorted, as DER wants a SET OF."""
    return tlv(0x31, *sorted(parts))


def oid(dotted):
    first, second, *rest = (int(word) for word in dotted.split("."))
    out = bytearray()
    for arc in (first * 40 + second, *rest):
        digits = [arc & 0x7F]
        while arc := arc >> 7:
            digits.append(0x80 | arc & 0x7F)
        out += bytes(reversed(digits))
    return tlv(0x06, bytes(out))


def integer(value):
    return tlv(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def boolean(value):
    return tlv(0x01, b"\xff" if value else b"\x00")


def null():
    return tlv(0x05)


def octets(content):
    return tlv(0x04, content)


def bits(content, unused=0):
    return tlv(0x03, bytes([unused]) + content)


def utf8(text):
    return tlv(0x0C, text.encode() if isinstance(text, str) else text)


def time(at):
    """UTCTime up to 2049, as RFC 5280 wants. `at`: seconds since 1970."""
    moment = datetime.datetime.fromtimestamp(at, datetime.timezone.utc)
    if 1950 <= moment.year < 2050:
        return tlv(0x17, moment.strftime("%y%m%d%H%M%SZ").encode())
    return tlv(0x18, moment.strftime("%Y%m%d%H%M%SZ").encode())


def context(number, *parts):
    """[number] EXPLICIT, or IMPLICIT of something constructed."""
    return tlv(0xA0 | number, *parts)
