"""CMS (RFC 5652) and S/MIME entities (RFC 8551) around it, written part by part."""

import base64

from der import context, integer, octets, oid, seq, set_of, tlv
from der import time as der_time
from pki import NOW, digest, digest_algorithm
from mail import entity, multipart

DATA, SIGNED, TST_INFO = (
    "1.2.840.113549.1.7.1", "1.2.840.113549.1.7.2", "1.2.840.113549.1.9.16.1.4")
ENVELOPED, AUTH_ENVELOPED, COMPRESSED = (
    "1.2.840.113549.1.7.3", "1.2.840.113549.1.9.16.1.23", "1.2.840.113549.1.9.16.1.9")
CONTENT_TYPE, MESSAGE_DIGEST, SIGNING_TIME, SIGNING_CERTIFICATE = (
    "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4", "1.2.840.113549.1.9.5",
    "1.2.840.113549.1.9.16.2.47")
ALGORITHM_PROTECTION = "1.2.840.113549.1.9.52"


def attribute(dotted, *values):
    return seq(oid(dotted), set_of(*values))


def names_certificate(certificate):
    """ESS signingCertificateV2 (RFC 5035) with the SHA-256 that is the default."""
    return attribute(SIGNING_CERTIFICATE, seq(seq(seq(octets(digest("sha256", certificate.der))))))


def protects(hashed, signature, *more):
    """CMSAlgorithmProtection (RFC 6211): AlgorithmIdentifiers; `signature` in its [1]."""
    return attribute(ALGORITHM_PROTECTION, seq(hashed, b"\xa1" + signature[1:], *more))


def signed_attributes(content, hashed="sha256", *, content_type=DATA, at=NOW, more=()):
    """The attributes of a good signature, as a list. None leaves one out."""
    out = []
    if content_type:
        out.append(attribute(CONTENT_TYPE, oid(content_type)))
    if at:
        out.append(attribute(SIGNING_TIME, der_time(at)))
    out.append(attribute(MESSAGE_DIGEST, octets(digest(hashed, content))))
    return [*out, *more]


def signer_info(who, content, hashed="sha256", *, attributes=True, by_key=False, key=None,
                scheme="default", signature_algorithm=None, spoil=False, unsigned=(),
                digest_word=None):
    """One SignerInfo. `attributes`: True for good ones, a list, or None for none at all. `key`
    signs instead of the certificate's own. `spoil` flips a bit of the signature."""
    key = key or who.key
    if attributes is True:
        attributes = signed_attributes(content, hashed)
    over = content if attributes is None else set_of(*attributes)
    value = key.sign(hashed, over, scheme)
    if spoil:
        value = value[:-1] + bytes([value[-1] ^ 1])
    identifier = seq(who.issuer_name, integer(who.serial))
    if by_key:
        identifier = tlv(0x80, who.key.identifier())
    parts = [integer(3 if by_key else 1), identifier, digest_algorithm(digest_word or hashed)]
    if attributes is not None:
        parts.append(b"\xa0" + set_of(*attributes)[1:])
    parts += [signature_algorithm or key.algorithm(hashed, scheme), octets(value)]
    if unsigned:
        parts.append(b"\xa1" + set_of(*unsigned)[1:])
    return seq(*parts)


def content_info(dotted, body):
    return seq(oid(dotted), context(0, body))


def signed_data(infos, certificates=(), *, inside=None, content_type=DATA, crls=(), version=1,
                hashed=("sha256",), pieces=octets):
    """SignedData in its ContentInfo; `inside` is the eContent of an opaque signature, which `pieces` makes an
    element of."""
    parts = [integer(version), set_of(*(digest_algorithm(h) for h in hashed))]
    parts.append(seq(oid(content_type), *([context(0, pieces(inside))] if inside is not None else [])))
    if certificates:
        parts.append(context(0, *certificates))
    if crls:
        parts.append(context(1, *crls))
    parts.append(set_of(*infos))
    return content_info(SIGNED, seq(*parts))


def carried(*people):
    """What a well-meaning signer encloses: certificates up to the root, which stays out."""
    out = []
    for who in people:
        out += [c for c in (who.der, *who.chain) if c not in out]
    return out


def cms(content, who, *, opaque=False, hashed="sha256", certificates=None, crls=(), **options):
    """A signature by one person over `content`; options are those of signer_info."""
    certificates = carried(who) if certificates is None else certificates
    return signed_data([signer_info(who, content, hashed, **options)], certificates, crls=crls,
                       inside=content if opaque else None, hashed=(hashed,),
                       version=3 if options.get("by_key") else 1)


def signature_part(der, kind="application/pkcs7-signature"):
    text = base64.encodebytes(der).replace(b"\n", b"\r\n")
    return entity([f'Content-Type: {kind}; name="smime.p7s"', "Content-Transfer-Encoding: base64",
                   'Content-Disposition: attachment; filename="smime.p7s"'], text)


def around(content, second, *, protocol="application/pkcs7-signature", boundary="sig",
           micalg="sha-256", third=None):
    """multipart/signed of `content` and a signature part."""
    parameters = f"; micalg={micalg}"
    if protocol:
        parameters = f'; protocol="{protocol}"' + parameters
    parts = [content, second] + ([third] if third else [])
    return multipart("signed", parts, boundary, parameters)


def signed(content, who, boundary="sig", **options):
    """A good multipart/signed by `who`; options as of cms()."""
    return around(content, signature_part(cms(content, who, **options)), boundary=boundary)


def opaque_part(der, word="signed-data", kind="application/pkcs7-mime", encoding="base64"):
    """application/pkcs7-mime around any CMS. `word`: smime-type, None leaves it out."""
    smime_type = f"; smime-type={word}" if word else ""
    text = der if encoding == "binary" else base64.encodebytes(der).replace(b"\n", b"\r\n")
    return entity([f'Content-Type: {kind}{smime_type}; name="smime.p7m"',
                   f"Content-Transfer-Encoding: {encoding}"], text)


def opaque(content, who, **options):
    return opaque_part(cms(content, who, opaque=True, **options))
