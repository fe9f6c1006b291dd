"""The people of a scenario: keys, signed mail, and the program run as each of them."""

import base64
import calendar
import email
import email.policy
import json
import os
import re
import subprocess
import sys
import time

import icalendar

os.environ["SPOOF_NOW"] = str(calendar.timegm((2027, 1, 1, 0, 0, 0)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "spoof"))
import smime  # noqa: E402
from pki import Certificate, Key, revocation_list  # noqa: E402

SPAN = {"begin": calendar.timegm((2020, 1, 1, 0, 0, 0)), "end": calendar.timegm((2080, 1, 1, 0, 0, 0))}
WRITES = {"added", "updated", "cancelled", "uninvited", "answered", "own"}
CODES = {"ask": 2, "refused": 1}


class Failed(Exception):
    """A scenario that does not hold."""


class Person:
    """WHO is NAME or NAME/2, the second calendar of the same user."""

    def __init__(self, world, who):
        self.who, self.name = who, who.split("/")[0]
        self.home = os.path.join(world.folder, who.replace("/", "-"))
        self.calendar, self.state = os.path.join(self.home, "calendar"), os.path.join(self.home, "state")
        self.policy = os.path.join(self.home, "policy.toml")
        os.makedirs(self.calendar, mode=0o700)
        self.set_policy("")

    def set_policy(self, more):
        text = "version = 1\n"
        usual = {"me": f'addresses = ["{self.name}@example.com"]', "store": f'path = "{self.calendar}"',
                 "smime": 'anchors = ["../ca.pem"]\nrevocation = "off"'}
        for table, lines in usual.items():
            found = re.search(rf"^\[{table}\]\n((?:[^\[\n].*\n)*)", more, re.M)
            own = found.group(1) if found else ""
            keys = set(re.findall(r"^([\w-]+) *=", own, re.M))
            kept = [l for l in lines.split("\n") if l.split(" ")[0] not in keys]
            text += f"[{table}]\n" + "".join(l + "\n" for l in kept) + own
            more = more.replace(found.group(0), "") if found else more
        with open(self.policy, "w", encoding="utf-8") as out:
            out.write(text + more)

    def files(self):
        """name -> (octets, time of change), of all that lies in the calendar"""
        out = {}
        for name in sorted(os.listdir(self.calendar)):
            path = os.path.join(self.calendar, name)
            with open(path, "rb") as file:
                out[name] = (file.read(), os.stat(path).st_mtime_ns)
        return out

    def flags(self):
        return ["--policy", self.policy, "--state", self.state]


class World:
    def __init__(self, imip, folder):
        self.imip, self.folder, self.now = imip, folder, "2027-01-02T09:00:00Z"
        self.people, self.certificates, self.mails, self.runs = {}, {}, 0, 0
        self.root = Certificate("Scenario Root", Key(), ca=True, **SPAN)
        self.save("ca.pem", self.root.pem())
        os.mkdir(os.path.join(folder, "home"))

    def save(self, name, octets):
        path = os.path.join(self.folder, name)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
            out.write(octets)
        return path

    def person(self, who):
        if who not in self.people:
            self.people[who] = Person(self, who)
        return self.people[who]

    def certificate(self, name):
        if name not in self.certificates:
            self.certify(name, SPAN["end"])
        return self.certificates[name]

    def certify(self, name, end):
        """A new key and certificate of that person."""
        made = Certificate(name, Key(), self.root, mails=[f"{name}@example.com"], begin=SPAN["begin"], end=end)
        self.certificates[name] = made
        self.save(f"{name}.pem", made.key.pem() + made.pem())

    def revoke(self, name):
        """ca.crl lists that person's certificate, and no other."""
        der = revocation_list(self.root, [self.certificate(name)], **SPAN)
        self.save("ca.crl", b"-----BEGIN X509 CRL-----\n" + base64.encodebytes(der) + b"-----END X509 CRL-----\n")

    def signed(self, entity, sender, signer):
        """A mail around the entity; `signer` None: unsigned. Entity and mail have CRLF line ends."""
        if signer:
            content = entity
            attributes = smime.signed_attributes(
                content, at=calendar.timegm(time.strptime(self.now, "%Y-%m-%dT%H:%M:%SZ")))
            entity = smime.around(content, smime.signature_part(
                smime.cms(content, self.certificate(signer), attributes=attributes)))
        self.mails += 1
        head = (f"From: {sender}@example.com\r\nTo: all@example.com\r\nSubject: calendar\r\n"
                f"Message-ID: <{self.mails}@example.com>\r\nMIME-Version: 1.0\r\n")
        return head.encode() + entity

    def run(self, command, *arguments, on_input=b""):
        self.runs += 1
        environment = {"HOME": os.path.join(self.folder, "home"), "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8",
                       "TZ": "UTC", **{k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")}}
        return subprocess.run([self.imip, command, *arguments], input=on_input, capture_output=True,
                              check=False, env=environment, cwd=self.folder, timeout=120)

    def judged(self, command, person, mail, arguments):
        """verify or apply of one mail: the finished process and its JSON lines"""
        done = self.run(command, *person.flags(), "--now", self.now, "--json", *arguments, self.save("in.eml", mail))
        lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith(b"{")]
        return done, lines


def calendar_part(mail):
    """The text/calendar of a mail: its parameters and its text."""
    for part in email.message_from_bytes(mail, policy=email.policy.default).walk():
        if part.get_content_type() == "text/calendar":
            return part, part.get_payload(decode=True).decode("utf-8")
    raise Failed("no text/calendar in the mail")


def others_read_it(octets, what):
    """python3-icalendar, which shares nothing with imip, finds no error in it."""
    try:
        read = icalendar.Calendar.from_ical(octets)
    except ValueError as error:
        raise Failed(f"python3-icalendar does not read {what}: {error}") from error
    errors = [e for part in read.walk() for e in part.errors]
    if errors:
        raise Failed(f"python3-icalendar finds in {what}: {errors}")

