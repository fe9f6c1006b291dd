"""Makes the seeds of the fuzz targets anew: make-seeds.py. What it writes is committed (small files, all
by the generator in ../spoof); the private keys are thrown away when it ends, so that nobody but the boss
can ever be a valid signer below world/anchor.pem, which the targets rely on."""

import os
import shutil
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
os.environ["SPOOF_NOW"] = "1798761600"  # 2027-01-01, before the time that the targets judge at
sys.path.insert(0, os.path.join(HERE, "..", "spoof"))

# pylint: disable=wrong-import-position
import calendars
import enveloped
import signers
import smime
import structure
import transport
import wrapped
from mail import calendar
from pki import DAY, NOW, Certificate, Key, People, other_name, uri_name, utf8, utf8_mailbox

LARGEST = 2900
PER_GROUP = 3  # honest ones, and as many hostile ones


class World(People):
    """Only the boss is below the anchor."""

    def person(self, who, issuer=None, key=None, **spec):
        if issuer is None and who != "boss":
            issuer = self.foreign
        spec.setdefault("end", NOW + 20000 * DAY)
        return super().person(who, issuer, key, **spec)


class Collector:
    """Takes messages as corpus.Corpus does, and keeps the small ones."""

    def __init__(self, people):
        self.people, self.group, self.mails, self.taken = people, "", {}, {}

    def add(self, kind, name, mail):
        taken = self.taken.setdefault((self.group, kind), [])
        if len(mail) <= LARGEST and len(taken) < PER_GROUP:
            taken.append(name)
            self.mails[f"{self.group}.{name}"] = mail

    def honest(self, name, mail, *_, **__):
        self.add("honest", name, mail)

    def hostile(self, name, mail, *_, **__):
        self.add("hostile", name, mail)


def write(folder, seeds):
    path = os.path.join(HERE, folder)
    shutil.rmtree(path, ignore_errors=True)
    os.makedirs(path)
    for name, content in seeds.items():
        with open(os.path.join(path, name), "wb") as out:
            out.write(content)


def cms_seeds(people, part):
    boss, info = people.boss, smime.signer_info
    one = info(boss, part)
    carried = smime.carried(boss)
    ess = info(boss, part, attributes=smime.signed_attributes(
        part, more=[smime.names_certificate(boss)]))
    both = [one, info(people.mallory, part)]
    reader = Certificate("reader", Key("rsa2048"), people.foreign)
    return {
        "detached": smime.signed_data([one], carried),
        "opaque": smime.signed_data([one], carried, inside=part),
        "ess": smime.signed_data([ess], carried),
        "without-attributes": smime.signed_data([info(boss, part, attributes=None)], carried),
        "by-key": smime.signed_data([info(boss, part, by_key=True)], carried, version=3),
        "two-signers": smime.signed_data(both, smime.carried(boss, people.mallory)),
        "no-signer": smime.signed_data([], carried),
        "spoilt": smime.signed_data([info(boss, part, spoil=True)], carried),
        "trailing": smime.signed_data([one], carried) + b"\0",
        "packed": enveloped.packed(part),
        "enveloped": enveloped.cbc(part, reader),
        "sealed": enveloped.gcm(part, reader),
    }


def certificate_seeds(people):
    make = lambda **spec: Certificate("x", people.boss.key, people.foreign, **spec).der
    return {
        "plain": people.boss.der,
        "none": make(),
        "three": make(mails=["a@example.com", "B@EXAMPLE.com", "c+d@xn--bcher-kva.example"]),
        "bad": make(mails=[b"a@example.com\0.b", "a b@example.com", "<a@example.com>"]),
        "utf8": make(names=[utf8_mailbox("b\u00f6ss@b\u00fccher.example")]),
        "other": make(names=[uri_name("sip:a@example.com"),
                             other_name("1.3.6.1.5.5.7.8.5", utf8("a@example.com"))]),
    }


ADDRESSES = {
    "plain": "mailto:boss@example.com\nBOSS@EXAMPLE.COM", "percent": "mailto:b%6Fss%40example.com\nboss@example.com",
    "idn": "mailto:a@b\u00fccher.example\nmailto:a@xn--bcher-kva.example",
    "plus": "a+b@example.com\na@example.com", "sip": "sip:a@example.com\nSIP:a@example.com",
    "bad": "mailto:a@b.c,d@e.f\n<a@b.c>", "query": "mailto:a@b.c?x=y\nmailto:",
    "unicode": "mailto:b\u00f6ss@example.com\nmailto:b%C3%B6ss@example.com", "number": "a@1.2.3.4\na@[1.2.3.4]",
}


def main():
    people = World()
    people.root = Certificate("Fuzz Anchor", Key(), ca=True, end=NOW + 20000 * DAY)
    people.boss = people.person("boss")
    people.boss_rsa = people.boss
    part = calendar()
    write("world", {"anchor.pem": people.root.pem(), "content": part})
    mails = Collector(people)
    for module in (structure, calendars, transport):
        module.everything(mails)
    for group in (signers.contents, signers.several, signers.attributes, signers.bent, wrapped.compression):
        group(mails)
    write("judge/seed", mails.mails)
    shapes = ("header", "boundary", "encoding", "shape", "hidden")
    write("message/seed", {n: m for n, m in mails.mails.items() if n.split(".")[0] in shapes})
    write("cms/seed", cms_seeds(people, part))
    write("certificate/seed", certificate_seeds(people))
    write("mail_address/seed", {n: a.encode() for n, a in ADDRESSES.items()})


if __name__ == "__main__":
    main()
