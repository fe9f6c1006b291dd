"""Writes the corpus: generate.py FOLDER [IMIP]. Keys, certificates and messages are made anew each
time; nothing is read but this folder's own scripts. Prints how many messages there are."""

import os
import shutil
import sys

import bombs
import calendars
import certificates
import openpgp
import openpgp_keys
import programs
import rules
import signers
import structure
import transport
import wrapped
from corpus import Corpus
from pki import DAY, NOW, Certificate, Key, People, key_usage, lists_by, revocation_list

POLICY = """version = 1
[me]
addresses = ["alice@example.com"]
[smime]
anchors = ["ca/anchor.pem", "ca/rsa.pem"]
intermediates = ["ca/intermediate.pem"]
crls = ["ca/*.crl"]
[[anchor]]
file = "ca/partner.pem"
domains = ["partner.example"]
[[anchor]]
file = "ca/newcomers.pem"
admits = false
[[identity]]
address = "alice@example.com"
certificate = "keys/reader.pem"
[[identity]]
address = "alice@example.com"
certificate = "keys/ec-reader.pem"
[[delegate]]
principal = "boss@example.com"
sent-by = "pa@example.com"
[[delegate]]
principal = "boss@example.com"
sent-by = "temp@example.com"
until = 2020-12-31
[[delegate]]
principal = "pa@example.com"
sent-by = "bob@example.com"
[[delegate]]
principal = "boss@example.com"
sent-by = "clerk@example.com"
methods = ["CANCEL"]
[[delegate]]
principal = "boss@example.com"
sent-by = "writer@example.com"
methods = ["REQUEST"]
"""


def save(folder, name, content):
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    with open(path, "wb") as out:
        out.write(content if isinstance(content, bytes) else content.encode())
    os.chmod(path, 0o600)


def crl_pem(der):
    import base64
    return (b"-----BEGIN X509 CRL-----\n" + base64.encodebytes(der) + b"-----END X509 CRL-----\n")


def authorities(corpus, folder):
    """What the policy names, in files."""
    p = corpus.people
    corpus.known_intermediate = p.authority("Known to the policy")
    corpus.with_list = p.authority("With a list")
    corpus.revoked_boss = p.person("boss", issuer=corpus.with_list)
    corpus.revoked_authority = p.authority("Revoked")
    corpus.with_stale_list = p.authority("With a stale list")
    corpus.revoked_stale = p.person("boss", issuer=corpus.with_stale_list)
    corpus.with_open_list = p.authority("With a list without end")
    corpus.revoked_open = p.person("boss", issuer=corpus.with_open_list)
    corpus.crl_issuer = Certificate("CRL Issuer", Key(), p.root, usage=key_usage(6), purposes=())
    corpus.revoked_by_issuer = p.person("boss", extensions=[lists_by(corpus.crl_issuer)])
    corpus.listed_above = p.authority("Listed from above")
    corpus.revoked_above = p.person("boss", issuer=corpus.listed_above)
    corpus.sip_root, corpus.xmpp_root = (Certificate(f"{w} Root", Key(), ca=True) for w in ("SIP", "XMPP"))
    corpus.sha384_root = Certificate("SHA-384 Root", Key("p384"), ca=True, digest="sha384")
    roots = {"anchor": p.root, "rsa": p.rsa_root, "partner": p.partner, "newcomers": p.newcomers,
             "sip": corpus.sip_root, "xmpp": corpus.xmpp_root, "sha384": corpus.sha384_root}
    for name, who in (*roots.items(), ("intermediate", corpus.known_intermediate)):
        save(folder, f"ca/{name}.pem", who.pem())
    save(folder, "ca/all.pem", b"".join(w.pem() for w in roots.values()))
    save(folder, "ca/stale.crl", crl_pem(revocation_list(
        corpus.with_stale_list, [corpus.revoked_stale], begin=NOW - 40 * DAY, end=NOW - 10 * DAY)))
    save(folder, "ca/open.crl", crl_pem(revocation_list(
        corpus.with_open_list, [corpus.revoked_open], begin=NOW - 900 * DAY, end=None)))
    save(folder, "ca/issuer.crl", crl_pem(revocation_list(
        corpus.crl_issuer, [corpus.revoked_by_issuer], indirect=True)))
    save(folder, "ca/above.crl", crl_pem(revocation_list(p.root, [corpus.revoked_above], indirect=True)))
    save(folder, "ca/list.crl", crl_pem(revocation_list(corpus.with_list, [corpus.revoked_boss])))
    save(folder, "ca/revoked.crl", crl_pem(revocation_list(p.root, [corpus.revoked_authority])))
    corpus.reader = p.person("alice", key=Key("rsa2048"), usage=key_usage(0, 2))
    save(folder, "keys/reader.pem", corpus.reader.key.pem() + corpus.reader.pem())
    corpus.ec_reader = p.person("alice", usage=key_usage(0, 4))
    save(folder, "keys/ec-reader.pem", corpus.ec_reader.key.pem() + corpus.ec_reader.pem())
    p.rsa_bob = p.person("bob", key=Key("rsa2048"))


def policies(corpus, folder):
    """policy.toml, and others that differ from it in one thing."""
    usual = POLICY + openpgp_keys.policy(corpus, corpus.ring) + rules.policy(corpus)
    for name, old, new in (
            ("policy", "", ""), ("exact", "[me]\n", '[me]\nlocal-part = "exact"\n'),
            ("ultimate", '[openpgp]\n', '[openpgp]\nvalidity = "ultimate"\n'),
            ("required", "[smime]\n", '[smime]\nrevocation = "required"\n'),
            ("off", "[smime]\n", '[smime]\nrevocation = "off"\n'),
            ("sha384", "[smime]\n", "[smime]\nfloor = { digests = [\"sha384\", \"sha512\"] }\n"),
            ("rsa-4096", "[smime]\n", "[smime]\nfloor = { rsa-bits = 4096 }\n"),
            ("lenient", "[smime]\n", '[defaults]\nunsigned = "ask"\nunknown-signer = "ask"\n[smime]\n')):
        assert old in usual
        save(folder, f"{name}.toml", usual.replace(old, new, 1))


def main():
    folder = os.path.abspath(sys.argv[1])
    for old in ("mail", "gpg"):
        shutil.rmtree(os.path.join(folder, old), ignore_errors=True)
    os.makedirs(folder, mode=0o700, exist_ok=True)
    corpus = Corpus(folder, People())
    authorities(corpus, folder)
    try:
        corpus.ring = openpgp.Ring(folder)
        for module in (structure, signers, certificates, calendars, transport, bombs, wrapped, openpgp, openpgp_keys, rules):
            module.everything(corpus)
        policies(corpus, folder)
        programs.everything(corpus, sys.argv[2] if len(sys.argv) > 2 else "")
        corpus.ring.gpg("--check-trustdb")
    finally:
        corpus.ring.gpg.end()
    corpus.finish()
    kinds = [e["kind"] for e in corpus.entries.values()]
    print(f"{kinds.count('hostile')} hostile, {kinds.count('honest')} honest messages")


if __name__ == "__main__":
    main()
