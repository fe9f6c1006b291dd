"""What is written: each message in LF and CRLF, and the manifest that says what is expected of it."""

import json
import os

TRUSTED = "trusted:anchor-admits"


class Corpus:
    """Collects messages; names are unique. Expectations are "verdict:reason", one for each calendar
    part in order; "none" and "error" stand for a message without any, and for one that is refused
    as a whole. `openssl` is what `openssl cms -verify` is expected to say of `piece`, which is the
    message itself if nothing else is given: "good", "bad", or None where there is nothing to ask.
    `gpg` is the same of gpg for OpenPGP. Where that is not also whether imip calls a signature valid,
    `differs` says why. `policy`: another file than policy.toml; `arguments`: more for imip. `lists`: openssl is asked about the revocation
    lists in the message too."""

    def __init__(self, folder, people):
        self.folder, self.people = folder, people
        self.group = ""
        self.entries = {}
        os.makedirs(os.path.join(folder, "mail"), exist_ok=True)

    def write(self, name, content):
        path = os.path.join(self.folder, "mail", name)
        with open(path, "xb") as out:
            out.write(content)
        return path

    def add(self, kind, name, mail, expected, *, openssl, gpg=None, differs="", piece=None, lf=None,
            twin="", also=(), text=True, policy="policy.toml", arguments=(), lists=False):
        """`lf`: the LF form where it is not the CRLF form with its line ends changed (`text` False:
        there is none, the octets are binary)."""
        name = f"{self.group}.{name}"
        if name in self.entries:
            raise SystemExit(f"corpus: two messages are called {name}")
        entry = {"name": name, "kind": kind, "group": self.group, "expected": list(expected),
                 "also": list(also), "openssl": openssl, "gpg": gpg, "differs": differs, "twin": twin,
                 "lists": lists, "policy": policy, "arguments": list(arguments),
                 "files": {"crlf": self.write(f"{name}.crlf.eml", mail)}}
        if text:
            mail_lf = lf if lf is not None else mail.replace(b"\r\n", b"\n")
            entry["files"]["lf"] = self.write(f"{name}.lf.eml", mail_lf)
        if piece is not None:
            entry["piece"] = self.write(f"{name}.piece", piece)
        self.entries[name] = entry

    def honest(self, name, mail, *expected, **options):
        options.setdefault("openssl", None if "gpg" in options else "good")
        self.add("honest", name, mail, expected or (TRUSTED,), **options)

    def hostile(self, name, mail, *expected, twin, **options):
        """`twin`: the honest message that differs from this one only in the fraud."""
        options.setdefault("openssl", None if "gpg" in options else "bad")
        self.add("hostile", name, mail, expected, **options,
                 twin=twin if "." in twin else f"{self.group}.{twin}")

    def finish(self):
        for entry in self.entries.values():
            twin = entry["twin"]
            if twin and self.entries.get(twin, {}).get("kind") != "honest":
                raise SystemExit(f"corpus: {entry['name']}: {twin} is no honest message")
        with open(os.path.join(self.folder, "manifest.jsonl"), "w") as out:
            for entry in self.entries.values():
                out.write(json.dumps(entry) + "\n")
