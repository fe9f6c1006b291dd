"""OpenPGP packets (RFC 4880; Ed25519 as gpg writes it), octet by octet: keys that no program would
make, signatures of any time and kind, and encryptions whose inside is wrong."""

import base64
import hashlib
import os

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from pki import DAY, NOW

HASHES = {"md5": 1, "sha1": 2, "sha256": 8, "sha384": 9, "sha512": 10, "sha224": 11}
CERTIFY, SIGN, ENCRYPT = 1, 2, 0x0C  # key flags


def octets_of(number, size):
    return number.to_bytes(size, "big")


def packet(tag, body):
    size = len(body)
    if size < 192:
        head = bytes([size])
    elif size < 8384:
        head = octets_of((size - 192) + (192 << 8), 2)
    else:
        head = b"\xff" + octets_of(size, 4)
    return bytes([0xC0 | tag]) + head + body


def mpi(value):
    number = int.from_bytes(value, "big") if isinstance(value, bytes) else value
    return octets_of(number.bit_length(), 2) + octets_of(number, (number.bit_length() + 7) // 8)


def subpacket(kind, body):
    size = len(body) + 1
    return (bytes([size]) if size < 192 else octets_of((size - 192) + (192 << 8), 2)) + bytes([kind]) + body


def checksum(content):
    """CRC-24 (RFC 4880 section 6.1)."""
    crc = 0xB704CE
    for octet in content:
        crc ^= octet << 16
        for _ in range(8):
            crc <<= 1
            if crc & 0x1000000:
                crc ^= 0x1864CFB
    return octets_of(crc, 3)


def armour(content, kind="SIGNATURE", fields=()):
    text = base64.encodebytes(content) + b"=" + base64.b64encode(checksum(content))
    head = "".join(f"{f}\n" for f in fields)
    whole = f"-----BEGIN PGP {kind}-----\n{head}\n".encode() + text + f"\n-----END PGP {kind}-----\n".encode()
    return whole.replace(b"\n", b"\r\n")


class Key:
    """One Ed25519 key."""

    def __init__(self, at=NOW - 400 * DAY):
        self.private = ed25519.Ed25519PrivateKey.generate()
        public = self.private.public_key().public_bytes(
            serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        curve = bytes.fromhex("2b06010401da470f01")
        self.at = at
        self.body = b"\x04" + octets_of(at, 4) + b"\x16" + bytes([len(curve)]) + curve + mpi(b"\x40" + public)
        self.hashed = b"\x99" + octets_of(len(self.body), 2) + self.body
        self.digest = hashlib.sha1(self.hashed).digest()
        self.fingerprint = self.digest.hex().upper()

    def sign(self, over, kind=0, *, at=NOW - 60, hashed="sha256", more=b"", spoil=False):
        """A signature packet over octets. `more`: further hashed subpackets."""
        inside = subpacket(2, octets_of(at, 4)) + subpacket(33, b"\x04" + self.digest) + more
        head = bytes([4, kind, 22, HASHES[hashed]]) + octets_of(len(inside), 2) + inside
        whole = hashlib.new(hashed, over + head + b"\x04\xff" + octets_of(len(head), 4)).digest()
        value = self.private.sign(whole)
        if spoil:
            value = value[:40] + bytes([value[40] ^ 1]) + value[41:]
        hint = subpacket(16, self.digest[-8:])
        return packet(2, head + octets_of(len(hint), 2) + hint + whole[:2] + mpi(value[:32]) + mpi(value[32:]))

    def one_pass(self, kind=0, hashed="sha256", last=True):
        return packet(4, bytes([3, kind, HASHES[hashed], 22]) + self.digest[-8:] + bytes([last]))


def lasting(seconds, kind=9):
    """Expires so long after it was made: 9 the key, 3 the signature."""
    return subpacket(kind, octets_of(seconds, 4)) if seconds else b""


def named(user_id):
    return b"\xb4" + octets_of(len(user_id), 4) + user_id


class Person:
    """A key with user IDs and perhaps a signing subkey. `revoked`: "key", "user-id", "subkey"."""

    def __init__(self, *user_ids, at=NOW - 400 * DAY, lasts=None, flags=CERTIFY | SIGN, subkey=False,
                 subkey_lasts=None, back_signed=True, revoked=()):
        self.primary = Key(at)
        self.fingerprint = self.primary.fingerprint
        self.user_ids = [u if isinstance(u, bytes) else u.encode() for u in user_ids]
        self.signer = self.primary
        self.own_words = []  # of each user ID
        gone = subpacket(29, b"\x02gone")
        parts = [packet(6, self.primary.body)]
        if "key" in revoked:
            parts.append(self.primary.sign(self.primary.hashed, 0x20, more=gone))
        for number, user_id in enumerate(self.user_ids):
            over = self.primary.hashed + named(user_id)
            parts.append(packet(13, user_id))
            self.own_words.append(self.primary.sign(over, 0x13, at=at, more=subpacket(
                27, bytes([flags])) + lasting(lasts)))
            parts.append(self.own_words[-1])
            if "user-id" in revoked and number + 1 == len(self.user_ids):
                parts.append(self.primary.sign(over, 0x30, more=subpacket(29, b"\x20gone")))
        if subkey:
            parts += self.add_subkey(at, subkey_lasts, back_signed, gone if "subkey" in revoked else None)
        self.packets = b"".join(parts)

    def add_subkey(self, at, lasts, back_signed, gone):
        self.signer = sub = Key(at + 1)
        over = self.primary.hashed + sub.hashed
        back = sub.sign(over, 0x19, at=at + 1)
        inner = subpacket(32, back[2 if len(back) < 194 else 3:]) if back_signed else b""
        parts = [packet(14, sub.body), self.primary.sign(over, 0x18, at=at + 1, more=subpacket(
            27, bytes([SIGN])) + inner + lasting(lasts))]
        return parts + ([self.primary.sign(over, 0x28, more=gone)] if gone else [])

    def certified(self, by, number=0, at=NOW - 300 * DAY):
        """The public key with somebody's word on one user ID: what `by` sends around."""
        user_id = self.user_ids[number]
        signature = by.primary.sign(self.primary.hashed + named(user_id), 0x10, at=at)
        return packet(6, self.primary.body) + packet(13, user_id) + self.own_words[number] + signature

    def sign(self, over, kind=0, by=None, **options):
        return (by or self.signer).sign(over, kind, **options)


def literal(content, mode=b"b"):
    return packet(11, mode + b"\x00" + octets_of(0, 4) + content)


def inline_signed(content, *people, **options):
    """One-pass packets, a literal, signatures: what sits inside an encryption."""
    heads = [p.signer.one_pass(last=n + 1 == len(people)) for n, p in enumerate(people)]
    return b"".join(heads) + literal(content) + b"".join(p.sign(content, **options) for p in reversed(people))


class Reader:
    """The RSA key that messages are encrypted to, from what `gpg --export` gives."""

    def __init__(self, exported):
        body = [b for tag, b in packets_in(exported) if tag == 14][-1]
        assert body[5] == 1, "an RSA subkey is wanted"
        n, rest = read_mpi(body[6:])
        e, _ = read_mpi(rest)
        self.public = rsa.RSAPublicNumbers(e, n).public_key()
        self.identifier = hashlib.sha1(b"\x99" + octets_of(len(body), 2) + body).digest()[-8:]

    def encrypted(self, content, *, integrity=True, change=None, identifier=None, after=b""):
        """Octets of packets, encrypted with AES-128. `change` bends what is hidden."""
        session = os.urandom(16)
        inside = b"\x07" + session + octets_of(sum(session) & 0xFFFF, 2)
        to = packet(1, b"\x03" + (identifier or self.identifier) + b"\x01"
                    + mpi(self.public.encrypt(inside, padding.PKCS1v15())))
        prefix = os.urandom(16)
        prefix += prefix[-2:]
        plain = prefix + content
        if integrity:
            plain += b"\xd3\x14"
            plain += hashlib.sha1(plain).digest()
        hidden = cfb(session, plain) if integrity else cfb(session, prefix) + cfb(
            session, content, cfb(session, prefix)[2:18])
        hidden = change(hidden) if change else hidden
        return to + (packet(18, b"\x01" + hidden) if integrity else packet(9, hidden)) + after


def cfb(key, content, start=bytes(16)):
    encryptor = Cipher(algorithms.AES(key), modes.CFB(start)).encryptor()
    return encryptor.update(content) + encryptor.finalize()


def read_mpi(octets):
    size = (int.from_bytes(octets[:2], "big") + 7) // 8
    return int.from_bytes(octets[2:2 + size], "big"), octets[2 + size:]


def packets_in(octets):
    """(tag, body) of each; lengths as gpg writes them."""
    while octets:
        head = octets[0]
        if head & 0x40:
            tag, first = head & 0x3F, octets[1]
            if first < 192:
                size, at = first, 2
            elif first < 224:
                size, at = ((first - 192) << 8) + octets[2] + 192, 3
            else:
                size, at = int.from_bytes(octets[2:6], "big"), 6
        else:
            tag, wide = head >> 2 & 0xF, 1 << (head & 3)
            size, at = int.from_bytes(octets[1:1 + wide], "big"), 1 + wide
        yield tag, octets[at:at + size]
        octets = octets[at + size:]
