"""Keys and certificates, good and bad. `People` is everybody whom the corpus knows."""

import hashlib
import os
import time

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils

from der import bits, boolean, context, integer, null, octets, oid, seq, set_of, tlv, utf8
from der import time as der_time

NOW = int(os.environ.get("SPOOF_NOW", time.time()))
HOUR, DAY = 3600, 86400

DIGESTS = {
    "md5": ("1.2.840.113549.2.5", "1.2.840.113549.1.1.4", None, hashes.MD5),
    "sha1": ("1.3.14.3.2.26", "1.2.840.113549.1.1.5", "1.2.840.10045.4.1", hashes.SHA1),
    "sha224": ("2.16.840.1.101.3.4.2.4", "1.2.840.113549.1.1.14", "1.2.840.10045.4.3.1",
               hashes.SHA224),
    "sha256": ("2.16.840.1.101.3.4.2.1", "1.2.840.113549.1.1.11", "1.2.840.10045.4.3.2",
               hashes.SHA256),
    "sha384": ("2.16.840.1.101.3.4.2.2", "1.2.840.113549.1.1.12", "1.2.840.10045.4.3.3",
               hashes.SHA384),
    "sha512": ("2.16.840.1.101.3.4.2.3", "1.2.840.113549.1.1.13", "1.2.840.10045.4.3.4",
               hashes.SHA512),
}
RSASSA_PSS, MGF1, ED25519 = "1.2.840.113549.1.1.10", "1.2.840.113549.1.1.8", "1.3.101.112"


def algorithm(dotted, *parameters):
    return seq(oid(dotted), *parameters)


def digest_algorithm(name):
    return algorithm(DIGESTS[name][0])


def digest(name, content):
    return hashlib.new(name, content).digest()


class Key:
    """A private key that signs the way a scheme says: "default", "pkcs1", "pss"."""

    def __init__(self, kind="p256"):
        curves = {"p256": ec.SECP256R1, "p384": ec.SECP384R1, "p521": ec.SECP521R1,
                  "p192": ec.SECP192R1, "k256": ec.SECP256K1, "brainpool": ec.BrainpoolP256R1}
        if kind in curves:
            self.private = ec.generate_private_key(curves[kind]())
        elif kind == "ed25519":
            self.private = ed25519.Ed25519PrivateKey.generate()
        else:
            self.private = rsa.generate_private_key(65537, int(kind.removeprefix("rsa")))
        self.is_rsa = isinstance(self.private, rsa.RSAPrivateKey)
        self.is_ec = isinstance(self.private, ec.EllipticCurvePrivateKey)
        self.spki = self.private.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)

    def pem(self):
        return self.private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption())

    def identifier(self):
        return hashlib.sha1(self.spki).digest()

    def algorithm(self, name, scheme="default"):
        """The AlgorithmIdentifier of a signature with this digest."""
        if self.is_ec:
            return algorithm(DIGESTS[name][2])
        if not self.is_rsa:
            return algorithm(ED25519)
        if scheme != "pss":
            return algorithm(DIGESTS[name][1], null())
        size = DIGESTS[name][3].digest_size
        hashed = algorithm(DIGESTS[name][0], null())
        return algorithm(RSASSA_PSS, seq(context(0, hashed), context(1, algorithm(MGF1, hashed)),
                                         context(2, integer(size))))

    def sign(self, name, octets_, scheme="default"):
        kind = DIGESTS[name][3]
        if self.is_ec:
            hashed = utils.Prehashed(kind())
            return self.private.sign(digest(name, octets_), ec.ECDSA(hashed))
        if not self.is_rsa:
            return self.private.sign(octets_)
        pad = padding.PKCS1v15()
        if scheme == "pss":
            pad = padding.PSS(padding.MGF1(kind()), kind.digest_size)
        return self.private.sign(octets_, pad, kind())


def name(common_name, mail=None):
    parts = [set_of(seq(oid("2.5.4.3"), utf8(common_name)))]
    if mail:
        parts.append(set_of(seq(oid("1.2.840.113549.1.9.1"), tlv(0x16, mail.encode()))))
    return seq(*parts)


def mail_name(address):
    """rfc822Name; bytes stay as they are, NUL and all."""
    return tlv(0x81, address if isinstance(address, bytes) else address.encode())


def uri_name(uri):
    return tlv(0x86, uri.encode())


def other_name(dotted, value):
    return context(0, oid(dotted), context(0, value))


def utf8_mailbox(address):
    return other_name("1.3.6.1.5.5.7.8.9", utf8(address))


def extension(dotted, content, critical=False):
    return seq(oid(dotted), *([boolean(True)] if critical else []), octets(content))


def alternative_names(*names):
    return extension("2.5.29.17", seq(*names))


def key_usage(*positions):
    """0 digitalSignature, 2 keyEncipherment, 4 keyAgreement, 5 keyCertSign, 6 cRLSign."""
    octet = sum(0x80 >> p for p in positions)
    unused = 7 - max(positions)
    return extension("2.5.29.15", bits(bytes([octet]), unused), True)


def extended_key_usage(*dotted):
    return extension("2.5.29.37", seq(*(oid(d) for d in dotted)))


def name_constraints(permitted=(), excluded=()):
    trees = [context(number, *(seq(base) for base in bases))
             for number, bases in ((0, permitted), (1, excluded)) if bases]
    return extension("2.5.29.30", seq(*trees), True)


ANY_POLICY = "2.5.29.32.0"


def policies(*dotted, critical=False):
    """certificatePolicies"""
    return extension("2.5.29.32", seq(*(seq(oid(d)) for d in dotted)), critical)


def require_policy(skip=0):
    """policyConstraints that want a policy, after that many certificates more."""
    return extension("2.5.29.36", seq(tlv(0x80, bytes([skip]))), True)


def inhibit_any_policy(skip=0):
    return extension("2.5.29.54", integer(skip), True)


EMAIL_PROTECTION, SERVER_AUTH, ANY_USAGE = (
    "1.3.6.1.5.5.7.3.4", "1.3.6.1.5.5.7.3.1", "2.5.29.37.0")


class Certificate:
    """A certificate with its key. `chain`: DER of those above it that are not roots."""

    def __init__(self, subject, key, issuer=None, *, ca=False, path_length=None, mails=(), names=(),
                 usage=None, purposes=(EMAIL_PROTECTION,), extensions=(), digest="sha256",
                 begin=None, end=NOW + 20 * DAY, serial=None, spki=None, scheme="default",
                 constraints=True, signed_by=None):
        self.subject = name(subject) if isinstance(subject, str) else subject
        self.key = key
        if begin is None:
            begin = NOW - (400 * DAY if ca else HOUR)
        issuer = issuer or self
        signer = signed_by or issuer.key
        self.serial = serial or int.from_bytes(os.urandom(8), "big") >> 1 | 1 << 62
        parts = []
        if constraints:
            basic = [boolean(True)] if ca else []
            basic += [integer(path_length)] if path_length is not None else []
            parts.append(extension("2.5.29.19", seq(*basic), True))
        parts.append(usage if usage is not None else key_usage(*((5, 6) if ca else (0,))))
        if purposes and not ca:
            parts.append(extended_key_usage(*purposes))
        alternative = [*map(mail_name, mails), *names]
        if alternative:
            parts.append(alternative_names(*alternative))
        parts.append(extension("2.5.29.14", octets(key.identifier())))
        parts.append(extension("2.5.29.35", seq(tlv(0x80, issuer.key.identifier()))))
        parts += extensions
        kind = signer.algorithm(digest, scheme)
        tbs = seq(context(0, integer(2)), integer(self.serial), kind, issuer.subject,
                  seq(der_time(begin), der_time(end)), self.subject, spki or key.spki,
                  context(3, seq(*(p for p in parts if p))))
        self.issuer_name = issuer.subject
        self.der = seq(tbs, kind, bits(signer.sign(digest, tbs, scheme)))
        root = issuer is self
        self.is_root = root
        self.chain = [] if root or issuer.is_root else [issuer.der, *issuer.chain]

    def pem(self):
        import base64
        text = base64.encodebytes(self.der).decode()
        return f"-----BEGIN CERTIFICATE-----\n{text}-----END CERTIFICATE-----\n".encode()


def lists_by(issuer):
    """The extension by which a certificate names somebody else as the issuer of its CRLs."""
    return extension("2.5.29.31", seq(seq(context(2, context(4, issuer.subject)))))


def revocation_list(issuer, revoked, key=None, begin=NOW - DAY, end=NOW + 10 * DAY, indirect=False):
    """DER of a CRL of `issuer` that lists these certificates; `end` None: no nextUpdate. `indirect`: each
    entry names who issued the certificate."""
    key = key or issuer.key
    kind = key.algorithm("sha256")
    entries = [seq(integer(c.serial), der_time(NOW - HOUR), *([seq(
        extension("2.5.29.29", seq(context(4, c.issuer_name)), True))] if indirect else [])) for c in revoked]
    identifier = extension("2.5.29.35", seq(tlv(0x80, issuer.key.identifier())))
    number = extension("2.5.29.20", integer(1))
    point = [extension("2.5.29.28", seq(tlv(0x84, b"\xff")), True)] if indirect else []
    tbs = seq(integer(1), kind, issuer.subject, der_time(begin), *([der_time(end)] if end else []),
              *([seq(*entries)] if entries else []), context(0, seq(identifier, number, *point)))
    return seq(tbs, kind, bits(key.sign("sha256", tbs)))


class People:
    """The authorities that the policy names, and everybody with a certificate; made once."""

    def __init__(self):
        self.root = Certificate("Spoof Test Root", Key(), ca=True)
        self.rsa_root = Certificate("Spoof RSA Root", Key("rsa2048"), ca=True)
        self.partner = Certificate("Partner Root", Key(), ca=True)
        self.newcomers = Certificate("Newcomers Root", Key(), ca=True)
        self.foreign = Certificate("Foreign Root", Key(), ca=True)  # the policy does not name it
        self.boss = self.person("boss")
        self.pa = self.person("pa")
        self.temp = self.person("temp")
        self.bob = self.person("bob")
        self.alice = self.person("alice")
        self.mallory = self.person("mallory")
        self.boss_rsa = self.person("boss", key=Key("rsa2048"), issuer=self.rsa_root)

    def person(self, who, issuer=None, key=None, **spec):
        """`who`: a name at example.com, or a whole address, who gets it as the only rfc822Name."""
        address = who if "@" in who else f"{who}@example.com"
        spec.setdefault("mails", (address,))
        return Certificate(who, key or Key(), issuer or self.root, **spec)

    def authority(self, subject, issuer=None, key=None, **spec):
        return Certificate(subject, key or Key(), issuer or self.root, ca=True, **spec)

    def bad_boss(self, **spec):
        """The boss's address in a certificate of the good root that has one thing wrong."""
        return self.person("boss", **spec)
