"""Honest messages by other programs: openssl, gpgsm, gpg, and imip itself."""

import hashlib
import os
import subprocess
import tempfile

from enveloped import compressed
from gpg import Gpg
from mail import calendar, forwarded, message, multipart, text
from openpgp import RING, pgp_hidden, pgp_part
from pki import Certificate, Key, key_usage
from smime import around, opaque_part, signature_part


class Workshop:
    """Files of people's keys in a folder, and programs that run there."""

    def __init__(self, folder):
        self.folder = folder

    def path(self, name):
        return os.path.join(self.folder, name)

    def put(self, name, content):
        with open(self.path(name), "wb") as out:
            out.write(content)
        os.chmod(self.path(name), 0o600)
        return self.path(name)

    def identity(self, name, who, chain=b""):
        self.put(f"{name}.key", who.key.pem())
        self.put(f"{name}.crt", who.pem())
        self.put(f"{name}.pem", who.key.pem() + who.pem() + chain)
        return name

    def run(self, *command, given=b"", environment=None):
        done = subprocess.run(command, input=given, capture_output=True, cwd=self.folder,
                              env={"PATH": os.environ["PATH"], "HOME": self.folder,
                                   "LC_ALL": "C.UTF-8", **(environment or {})})
        if done.returncode != 0:
            raise SystemExit(f"corpus: {' '.join(command)}: {done.stderr.decode(errors='replace')}")
        return done.stdout

    def openssl(self, *arguments, given):
        return self.run("openssl", "cms", *arguments, "-binary", "-in", self.put("in", given),
                        "-outform", "DER", "-out", "/dev/stdout")


def by_openssl(c, shop):
    p = c.people
    part = calendar()
    c.group = "openssl"
    people = {"ec": p.boss, "rsa": p.boss_rsa, "p384": p.bad_boss(key=Key("p384")),
              "p521": p.bad_boss(key=Key("p521"))}
    for name, who in people.items():
        shop.identity(name, who)
    signer = lambda name: ("-signer", f"{name}.crt", "-inkey", f"{name}.key")

    def detached(name, *arguments):
        der = shop.openssl("-sign", *arguments, given=part)
        c.honest(name, message(around(part, signature_part(der))))

    def opaque(name, *arguments):
        der = shop.openssl("-sign", "-nodetach", *arguments, given=part)
        c.honest(name, message(opaque_part(der)))

    for name in people:
        detached(name, *signer(name))
    for digest in ("sha384", "sha512"):
        detached(f"rsa-{digest}", *signer("rsa"), "-md", digest)
    detached("pss", *signer("rsa"), "-keyopt", "rsa_padding_mode:pss")
    detached("pss-sha512", *signer("rsa"), "-md", "sha512", "-keyopt", "rsa_padding_mode:pss",
             "-keyopt", "rsa_pss_saltlen:-1")
    detached("key-identifier", *signer("ec"), "-keyid")
    detached("no-attributes", *signer("ec"), "-noattr")
    detached("ess", *signer("ec"), "-cades")
    detached("two-signers", *signer("ec"), *signer("rsa"))
    opaque("opaque", *signer("rsa"))
    opaque("opaque-no-attributes", *signer("ec"), "-noattr")
    opaque("opaque-indefinite", *signer("rsa"), "-stream")
    whole = shop.run("openssl", "cms", "-sign", "-in", shop.put("in", part), "-binary", *signer("rsa"),
                     "-crlfeol", "-outform", "SMIME")
    c.honest("own-mime", b"From: boss@example.com\r\nTo: alice@example.com\r\n" + whole)
    inner = shop.openssl("-sign", *signer("rsa"), given=part)
    good = around(part, signature_part(inner))
    shop.identity("reader", c.reader)
    shop.identity("ec-reader", c.ec_reader)
    for name, arguments in (
            ("encrypted", ("-aes128", "-recip", "reader.crt")),
            ("encrypted-256", ("-aes256", "-recip", "reader.crt")),
            ("encrypted-key-identifier", ("-aes128", "-keyid", "-recip", "reader.crt")),
            ("encrypted-gcm", ("-aes-256-gcm", "-recip", "reader.crt")),
            ("encrypted-oaep", ("-aes128", "-recip", "reader.crt", "-keyopt", "rsa_padding_mode:oaep")),
            ("encrypted-oaep-sha256", ("-aes128", "-recip", "reader.crt", "-keyopt",
                                       "rsa_padding_mode:oaep", "-keyopt", "rsa_oaep_md:sha256")),
            ("encrypted-ecdh", ("-aes128", "-recip", "ec-reader.crt")),
            ("encrypted-ecdh-gcm", ("-aes-128-gcm", "-recip", "ec-reader.crt")),
            ("encrypted-to-both", ("-aes128", "-recip", "ec-reader.crt", "-recip", "reader.crt")),
            ("encrypted-indefinite", ("-aes128", "-stream", "-recip", "reader.crt"))):
        der = shop.openssl("-encrypt", *arguments, given=good)
        kind = "authEnveloped-data" if "gcm" in name else "enveloped-data"
        c.honest(name, message(opaque_part(der, kind)), openssl=None)
    triple = shop.openssl("-sign", "-nodetach", *signer("rsa"), given=opaque_part(
        shop.openssl("-encrypt", "-aes128", "-recip", "reader.crt", given=good), "enveloped-data"))
    c.honest("triple", message(opaque_part(triple)), openssl="good")
    packed = compressed(part)  # Debian's openssl has no zlib
    c.honest("signed-compressed", message(around(packed, signature_part(shop.openssl(
        "-sign", *signer("rsa"), given=packed)))))
    c.honest("compressed", message(compressed(good)), piece=message(good))
    sealed = shop.openssl("-encrypt", "-aes-256-gcm", "-recip", "reader.crt", given=good)
    c.honest("triple-gcm", message(opaque_part(shop.openssl("-sign", "-nodetach", *signer("rsa"), given=opaque_part(
        sealed, "authEnveloped-data")))), openssl="good")
    places(c, good, opaque_part(shop.openssl("-sign", "-nodetach", *signer("rsa"), given=part)))
    spellings(c, shop.openssl("-sign", "-nodetach", *signer("rsa"), given=part))
    limited_to_pss(c, shop, part)


def places(c, good, opaque):
    """Where a signed entity may be put without losing its signature."""
    for name, entity in (("", good), ("-opaque", opaque)):
        c.honest(f"list{name}", message(multipart("mixed", [entity, text("-- \r\nfooter")])), piece=message(entity))
        c.honest(f"forwarded{name}", message(multipart("mixed", [text(), forwarded(message(entity))])),
                 piece=message(entity))
        c.honest(f"forwarded-alone{name}", message(forwarded(message(entity))), piece=message(entity))
        c.honest(f"cut-out{name}", entity, piece=message(entity))
        c.honest(f"digest{name}", message(multipart("digest", [b"\r\n" + message(entity)])), piece=message(entity))


def spellings(c, der):
    """application/pkcs7-mime in all its spellings; the CMS itself says what it is."""
    for name, options in (("x-type", dict(kind="application/x-pkcs7-mime")), ("no-smime-type", dict(word=None)),
                          ("wrong-smime-type", dict(word="enveloped-data")),
                          ("certs-only-smime-type", dict(word="certs-only")),
                          ("upper-case", dict(kind="APPLICATION/PKCS7-MIME", word="SIGNED-DATA"))):
        c.honest(f"opaque-{name}", message(opaque_part(der, **options)))
    binary = dict(text=False, openssl="bad", differs="openssl reads mail as text")
    c.honest("opaque-binary", message(opaque_part(der, encoding="binary")), **binary)
    c.honest("opaque-x-type-binary", message(opaque_part(
        der, kind="application/x-pkcs7-mime", word=None, encoding="binary")), **binary)


def limited_to_pss(c, shop, part):
    """A key that says of itself that it is for RSASSA-PSS only (RFC 4055)."""
    shop.run("openssl", "genpkey", "-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048", "-out", "only.key")
    spki = shop.run("openssl", "pkey", "-in", "only.key", "-pubout", "-outform", "DER")
    who = c.people.person("boss", issuer=c.people.rsa_root, key=c.people.boss_rsa.key, spki=spki)
    shop.put("only.crt", who.pem())
    der = shop.openssl("-sign", "-signer", "only.crt", "-inkey", "only.key", "-keyopt",
                       "rsa_padding_mode:pss", given=part)
    c.honest("pss-only-key", message(around(part, signature_part(der))))


class Gpgsm:
    """A home with a short name (for its sockets), the roots in it trusted."""

    def __init__(self, roots):
        self.folder = tempfile.TemporaryDirectory(dir="/tmp", prefix="i.")
        self.home = self.folder.name
        trusted = "".join(f"{hashlib.sha1(der).hexdigest().upper()} S relax\n" for der in roots)
        for name, content in (("gpgsm.conf", "disable-crl-checks\ndisable-dirmngr\n"),
                              ("gpg-agent.conf", "allow-loopback-pinentry\n"),
                              ("trustlist.txt", trusted)):
            with open(os.path.join(self.home, name), "w") as out:
                out.write(content)
        for der in roots:
            self("--import", given=der)

    def __call__(self, *arguments, given=b""):
        return self.call(*arguments, given=given).stdout

    def call(self, *arguments, given=b"", check=True):
        done = subprocess.run(("gpgsm", "--homedir", self.home, "--batch", "--yes", "--pinentry-mode",
                               "loopback", *arguments), input=given, capture_output=True,
                              env={"PATH": os.environ["PATH"], "LC_ALL": "C"})
        if check and done.returncode != 0:
            raise SystemExit(f"gpgsm {' '.join(arguments)}: {done.stderr.decode(errors='replace')}")
        return done

    def __enter__(self):
        return self

    def __exit__(self, *_):
        subprocess.run(("gpgconf", "--homedir", self.home, "--kill", "all"))
        self.folder.cleanup()


def by_gpgsm(c, shop):
    p = c.people
    part = calendar()
    c.group = "gpgsm"
    boss = p.person("boss", key=Key("rsa2048"), issuer=p.rsa_root, usage=key_usage(0, 1, 2))
    shop.identity("gpgsm", boss)
    with Gpgsm([p.rsa_root.der, p.root.der]) as gpgsm:
        for last in (False, False, True):  # now and then gpgsm 2.2 cannot read one; another salt makes another
            shop.run("openssl", "pkcs12", "-export", "-legacy", "-in", "gpgsm.pem", "-out", "gpgsm.p12",
                     "-passout", "pass:x")
            done = gpgsm.call("--passphrase-fd", "0", "--import", shop.path("gpgsm.p12"), given=b"x\n", check=last)
            if done.returncode == 0:
                break
        gpgsm("--import", given=c.reader.der)
        source = shop.put("in", part)

        def made(*arguments):
            return gpgsm("--passphrase-fd", "0", "-u", "boss@example.com", "--output", "-", *arguments,
                         source, given=b"x\n")

        detached = made("--detach-sign")
        c.honest("detached", message(around(part, signature_part(detached))))
        c.honest("sha512", message(around(part, signature_part(
            made("--digest-algo", "SHA512", "--detach-sign")))))
        c.honest("opaque", message(opaque_part(made("--sign"))))
        c.honest("whole-chain", message(around(part, signature_part(
            made("--include-certs", "-1", "--detach-sign")))))
        good = shop.put("in", around(part, signature_part(detached)))
        hidden = gpgsm("--output", "-", "-r", "alice@example.com", "--encrypt", good)
        c.honest("encrypted", message(opaque_part(hidden, "enveloped-data")), openssl=None)


def by_gpg(c, shop):
    """Keys of several kinds, made and used by gpg."""
    part, ring = calendar(), c.ring
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="i.") as home:
        gpg = Gpg(home)
        c.group = "gpg"
        for kind in ("ed25519", "rsa2048", "nistp256", "nistp384", "nistp521", "rsa1024"):
            key = gpg.make_key(f"Boss by {kind} <boss@example.com>", kind)
            ring.take(gpg("--export", key))
            ring.gpg("--quick-lsign-key", key)
            signed = pgp_around_text(part, gpg("--armor", "-u", key, "--detach-sign", given=part))
            if kind == "rsa1024":
                c.hostile(kind, message(signed), "untrusted:weak-key", twin="rsa2048", gpg="good",
                          differs="gpg has no floor")
            else:
                c.honest(kind, message(signed), RING, gpg="good")
        sub = gpg.make_key("Boss by subkey <boss@example.com>")
        gpg("--quick-add-key", sub, "ed25519", "sign", "never")
        gpg("--import", given=ring.gpg("--export", ring.alice))
        ring.take(gpg("--export", sub))
        ring.gpg("--quick-lsign-key", sub)
        using = ("--armor", "--trust-model", "always", "-u", sub)
        c.honest("subkey", message(pgp_around_text(part, gpg(*using, "--detach-sign", given=part))), RING, gpg="good")
        c.honest("text", message(pgp_around_text(part, gpg(*using, "--textmode", "--detach-sign", given=part))), RING,
                 gpg="good")
        c.honest("sha512", message(pgp_around_text(part, gpg(
            *using, "--digest-algo", "SHA512", "--detach-sign", given=part))), RING, gpg="good")
        c.honest("two-signers", message(pgp_around_text(part, gpg(*using, "-u", key, "--detach-sign", given=part))),
                 RING, gpg="good")
        c.honest("expires", message(pgp_around_text(part, gpg(
            *using, "--default-sig-expire", "30d", "--detach-sign", given=part))), RING, gpg="good")
        hidden = ("--sign", "--encrypt", "-r", ring.alice)
        for name, more in (("encrypted", ()), ("encrypted-uncompressed", ("--compress-algo", "none")),
                           ("encrypted-bzip2", ("--compress-algo", "bzip2")),
                           ("encrypted-aes256", ("--cipher-algo", "AES256")),
                           ("encrypted-hidden-reader", ("--throw-keyids",)), ("encrypted-text", ("--textmode",))):
            armoured = gpg(*using, *more, *hidden, given=part)
            c.honest(name, message(pgp_hidden(armoured.replace(b"\n", b"\r\n"))), RING, gpg="good")
        inside = pgp_around_text(part, gpg(*using, "--detach-sign", given=part))
        armoured = gpg("--armor", "--trust-model", "always", "--encrypt", "-r", ring.alice, given=inside)
        c.honest("signed-then-encrypted", message(pgp_hidden(armoured.replace(b"\n", b"\r\n"))), RING, gpg="bad",
                 differs="gpg does not look into what it decrypts")
        gpg.end()


def pgp_around_text(content, armoured):
    return around(content, pgp_part(armoured.replace(b"\n", b"\r\n")), protocol="application/pgp-signature",
                  micalg="pgp-sha256")


def crlf(octets):
    return octets.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def layouts_by_imip(c, shop, imip):
    """imip sign: both layouts, encrypted to certificates and to keys, by S/MIME and by OpenPGP."""
    plain = message(multipart("alternative", [text("Bitte k\u00e4me er."), calendar()])).replace(b"\r\n", b"\n")
    both = Certificate("boss", Key("rsa2048"), c.people.rsa_root, mails=["boss@example.com"], usage=key_usage(0, 2))
    shop.identity("imip-both", both)
    shop.identity("imip-reader", c.reader)
    for name, who, identity in (("rsa", "rsa", "imip-rsa.pem"), ("ec", "ec", "imip-ec.pem")):
        out = crlf(shop.run(imip, "sign", "--identity", shop.path(identity), "--layout", "inner", given=plain))
        c.honest(f"{name}-inner", out, openssl=None)
    for name, arguments in (("encrypted", ()), ("encrypted-opaque", ("--opaque",))):
        out = shop.run(imip, "sign", "--identity", shop.path("imip-both.pem"), "--encrypt-to",
                       shop.path("imip-reader.crt"), *arguments, given=plain)
        c.honest(name, crlf(out), openssl=None)
    ring = c.ring
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="i.") as home:
        gpg = Gpg(home)
        boss = gpg.make_key("Boss by imip <boss@example.com>")
        gpg("--quick-add-key", boss, "cv25519", "encr", "never")
        gpg("--import", given=ring.gpg("--export", ring.alice))
        ring.take(gpg("--export", boss))
        ring.gpg("--quick-lsign-key", boss)
        for name, arguments in (("outer", ()), ("inner", ("--layout", "inner")),
                                ("encrypted", ("--encrypt-to", ring.alice))):
            out = shop.run(imip, "sign", "--gpg-home", home, "--identity", f"openpgp:{boss}", *arguments, given=plain)
            look = dict(gpg="bad", differs="gpg does not look into what it decrypts") if arguments[:1] == (
                "--encrypt-to",) else dict(gpg="good")
            c.honest(f"openpgp-{name}", crlf(out), RING, **look)
        gpg.end()


def by_imip(c, shop, imip):
    """What imip writes, it must read, and so must openssl."""
    c.group = "imip"
    people = {"ec": c.people.boss, "rsa": c.people.boss_rsa,
              "chain": c.people.person("boss", issuer=(below := c.people.authority("Below imip")))}
    shop.identity("imip-chain", people["chain"], below.pem())
    plain = message(multipart("alternative", [text("Bitte k\u00e4me er."), calendar()])).replace(
        b"\r\n", b"\n")
    for name, who in people.items():
        if name != "chain":
            shop.identity(f"imip-{name}", who)
        for form, arguments in (("detached", ()), ("opaque", ("--opaque",))):
            out = shop.run(imip, "sign", "--identity", shop.path(f"imip-{name}.pem"), *arguments,
                           given=plain)
            c.honest(f"{name}-{form}", out.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))


def everything(c, imip):
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="i.") as folder:
        shop = Workshop(folder)
        by_openssl(c, shop)
        by_gpgsm(c, shop)
        by_gpg(c, shop)
        if imip:
            by_imip(c, shop, imip)
            layouts_by_imip(c, shop, imip)
