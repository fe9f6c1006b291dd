"""CMS that hides or packs (RFC 5652, 5083, 3274), made by hand so that it can be made wrong."""

import os
import zlib

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from der import integer, null, octets, oid, seq, set_of, tlv
from pki import algorithm
from smime import AUTH_ENVELOPED, COMPRESSED, DATA, ENVELOPED, content_info, opaque_part

CBC = {16: "2.16.840.1.101.3.4.1.2", 32: "2.16.840.1.101.3.4.1.42"}
GCM = {16: "2.16.840.1.101.3.4.1.6", 32: "2.16.840.1.101.3.4.1.46"}
RSA, OAEP = "1.2.840.113549.1.1.1", "1.2.840.113549.1.1.7"


def recipient(who, key, oaep=False):
    """KeyTransRecipientInfo for an RSA certificate."""
    public = who.key.private.public_key()
    if oaep:
        pad = padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)
        kind = algorithm(OAEP, seq())
    else:
        pad, kind = padding.PKCS1v15(), algorithm(RSA, null())
    return seq(integer(0), seq(who.issuer_name, integer(who.serial)), kind,
               octets(public.encrypt(key, pad)))


def cbc(content, *people, key=None, oaep=False, **options):
    """enveloped-data by AES-CBC."""
    key = key or os.urandom(16)
    return cbc_for(content, [recipient(p, key, oaep) for p in people], key, **options)


def cbc_for(content, recipients, key=b"k" * 16, *, change=None, content_type=DATA, dotted=None):
    """The same for recipientInfos; `change` may bend IV and ciphertext after encryption."""
    iv = os.urandom(16)
    pad = 16 - len(content) % 16
    encryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    hidden = encryptor.update(content + bytes([pad]) * pad) + encryptor.finalize()
    if change:
        iv, hidden = change(iv, hidden)
    kind = algorithm(dotted or CBC[len(key)], octets(iv))
    return content_info(ENVELOPED, seq(integer(0), set_of(*recipients),
                                       seq(oid(content_type), kind, tlv(0x80, hidden))))


def cbc_of_zeros(content, who, size):
    """The content, and after it what so many zeros decrypt to: a ciphertext that can be compressed."""
    key = b"k" * 16
    padding = Cipher(algorithms.AES(key), modes.ECB()).encryptor().update(b"\x10" * 16)  # after a block of zeros
    return cbc(content, who, key=key, change=lambda iv, hidden: (iv, hidden + bytes(size // 16 * 16) + padding))


def gcm(content, *people, size=16, change=None, tag_octets=16, attributes=None, dotted=None):
    """authEnveloped-data by AES-GCM; `change` may bend ciphertext and tag."""
    key, nonce = os.urandom(size), os.urandom(12)
    extra = set_of(*attributes) if attributes else None
    sealed = AESGCM(key).encrypt(nonce, content, extra)
    hidden, tag = sealed[:-16], sealed[-16:][:tag_octets]
    if change:
        hidden, tag = change(hidden, tag)
    kind = algorithm(dotted or GCM[size], seq(octets(nonce), integer(tag_octets)))
    parts = [integer(0), set_of(*(recipient(p, key) for p in people)),
             seq(oid(DATA), kind, tlv(0x80, hidden))]
    if extra:
        parts.append(b"\xa1" + extra[1:])
    return content_info(AUTH_ENVELOPED, seq(*parts, octets(tag)))


def enveloped(content, *people, **options):
    return opaque_part(cbc(content, *people, **options), "enveloped-data")


def sealed(content, *people, **options):
    return opaque_part(gcm(content, *people, **options), "authEnveloped-data")


def packed(content, *, content_type=DATA, stream=None, kind="1.2.840.113549.1.9.16.3.8"):
    """compressed-data; `stream`: these octets instead of what zlib makes of the content."""
    stream = zlib.compress(content, 9) if stream is None else stream
    return content_info(COMPRESSED, seq(integer(0), algorithm(kind), seq(
        oid(content_type), tlv(0xA0, octets(stream)))))


def compressed(content, **options):
    return opaque_part(packed(content, **options), "compressed-data")
