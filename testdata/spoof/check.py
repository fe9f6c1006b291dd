"""Holds the corpus against imip, openssl, gpg and gpgsm: check.py FOLDER IMIP. Prints every message that is not
judged as expected; fails if there is one, or if there are too few."""

import base64
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

from gpg import Gpg, opinion
from programs import Gpgsm

AT_LEAST = {"hostile": 150, "honest": 40}
EXIT = {"trusted": 0, "untrusted": 1, "ask": 2, "none": 3, "error": 65}
SEVERITY = [3, 0, 2, 1, 65]  # the worst last
BATCH = 16
NOW = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())  # one for all runs, so that they can be compared


def read_manifest(folder):
    with open(os.path.join(folder, "manifest.jsonl")) as lines:
        return [json.loads(line) for line in lines]


def wanted_exit(entry):
    return max((EXIT[e.split(":")[0]] for e in entry["expected"]), key=SEVERITY.index)


def sanitized(imip):
    """Is that program slow to start? Then what the release build's run of this file shows is left to that."""
    with open(imip, "rb") as program:
        return b"__asan_init" in program.read()


def judge(imip, folder, paths, policy="policy.toml", arguments=()):
    """One process over many files: its exit code, and the lines of each."""
    done = subprocess.run([imip, "verify", "--json", "--policy", os.path.join(folder, policy),
                           "--state", "none", "--now", NOW, *arguments, *paths], capture_output=True)
    if done.returncode not in SEVERITY:
        print(f"FAIL: exit {done.returncode} over {paths}\n{done.stderr.decode(errors='replace')}")
    found = {path: [] for path in paths if os.sep in path}
    for line in done.stdout.splitlines():
        part = json.loads(line)
        found[part["input"]].append(part)
    return done.returncode, found


def judge_all(imip, folder, entries):
    """Batches of files whose exit code should be the same, so that it says something of each."""
    groups = {}
    for entry in entries:
        alike = wanted_exit(entry), entry["policy"], tuple(entry["arguments"])
        groups.setdefault(alike, []).extend(entry["files"].values())
    jobs = [(alike, paths[at:at + BATCH]) for alike, paths in groups.items()
            for at in range(0, len(paths), BATCH)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(lambda job: judge(imip, folder, job[1], *job[0][1:]), jobs))
    problems = [f"exit {got}, not {want}, over {' '.join(map(os.path.basename, paths))}"
                for ((want, *_), paths), (got, _) in zip(jobs, results) if got != want]
    found = {}
    for _, part in results:
        found.update(part)
    return found, problems


def described(part):
    reasons = part.get("reasons") or [{"code": ""}]
    return f"{part['verdict']}:{reasons[0]['code']}"


def compare(entry, form, parts):
    got = [described(part) for part in parts]
    if got != entry["expected"]:
        why = "; ".join(r["text"] for part in parts for r in part.get("reasons", [])[:1])
        why = why or "; ".join(part.get("error", "") for part in parts)
        return [f"{entry['name']} ({form}): expected {' '.join(entry['expected'])}, "
                f"got {' '.join(got)} ({why})"]
    codes = {r["code"] for part in parts for r in part.get("reasons", []) + part.get("notices", [])}
    return [f"{entry['name']} ({form}): the reasons do not name {code}, only {' '.join(sorted(codes))}"
            for code in entry["also"] if code not in codes]


def pem(folder, name):
    """The DER of the certificate in a PEM file."""
    with open(os.path.join(folder, name)) as text:
        return base64.b64decode("".join(text.read().split("-----")[2].split()))


def openssl(folder, entry, path):
    lists = ["-crl_check", "-extended_crl"] if entry["lists"] else []
    done = subprocess.run(["openssl", "cms", "-verify", "-in", path, "-CAfile",
                           os.path.join(folder, "ca/all.pem"), "-certfile",
                           os.path.join(folder, "ca/intermediate.pem"), "-purpose", "any", *lists,
                           "-policy_check", "-policy", "2.5.29.32.0",
                           "-out", os.devnull], capture_output=True)
    return "good" if done.returncode == 0 else "bad"


def second_opinions(program, entries, found, ask):
    """What openssl says of every S/MIME entity, or gpg of every OpenPGP one, beside what imip and the manifest say."""
    asked = [(entry, form, entry.get("piece", path)) for entry in entries
             for form, path in entry["files"].items()
             if entry[program] and (form == "crlf" or program == "openssl" and entry["kind"] == "honest")]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        answers = list(pool.map(lambda a: ask(a[0], a[2]), asked))
    problems = []
    for (entry, form, _), answer in zip(asked, answers):
        if answer != entry[program]:
            problems.append(f"{entry['name']} ({form}): {program} says {answer}, "
                            f"expected {entry[program]}")
        ours = any(s["status"] == "valid" for part in found[entry["files"][form]]
                   for s in part.get("signatures", []))
        if ours != (answer == "good") and not entry["differs"]:
            problems.append(f"{entry['name']} ({form}): {program} says {answer}, imip says the "
                            f"signature is {'valid' if ours else 'not valid'}, and nobody says why")
        if ours == (answer == "good") and entry["differs"]:
            problems.append(f"{entry['name']} ({form}): {program} and imip agree ({answer}), although "
                            f"the manifest says why not: {entry['differs']}")
    return len(asked), problems


def without_memory(imip, folder, entries, found):
    """What the program remembers of certificates and chains changes no word: each file in a process
    of its own, and all of them in one, in another order and on two threads, give the same JSON."""
    usual = {e["files"]["crlf"] for e in entries if e["policy"] == "policy.toml" and not e["arguments"]}
    paths = sorted(usual)  # those with line feeds carry the same certificates
    shuffled = random.Random(1).sample(paths, len(paths))
    apart = paths[::8] if sanitized(imip) else paths  # a process each
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        alone = list(pool.map(lambda path: judge(imip, folder, [path])[1], apart))
    single = {path: parts for result in alone for path, parts in result.items()}
    together = judge(imip, folder, ["-j", "2", *shuffled])[1]
    return [f"{os.path.basename(path)}: {name} the verdict differs"
            for name, result, asked in (("alone", single, apart), ("in another order", together, paths))
            for path in asked if result[path] != found[path]]


# What gpgsm 2.2 does otherwise, and why.
GPGSM_DIFFERS = {
    "several.good-beside-bad": "it wants every signerInfo to hold",
    "attributes.by-key": "libksba does not read a signer named by his key",
    "attributes.by-key-renewed": "libksba does not read a signer named by his key",
    "attributes.by-key-renewed-turned": "libksba does not read a signer named by his key",
    "attributes.by-key-another-key": "libksba does not read a signer named by his key",
    "attributes.by-key-another-key-turned": "libksba does not read a signer named by his key",
    "openssl.key-identifier": "libksba does not read a signer named by his key",
    "constraint.permitted": "it knows no name constraints",
    "constraint.utf8-mailbox-permitted": "it knows no name constraints",
    "certificate.netscape-mail": "it knows no critical nsCertType",
    "certificate.netscape-mail-ca": "it knows no critical nsCertType",
    "policy.shared": "it knows no policyConstraints",
    "policy.any": "it knows no policyConstraints",
    "policy.critical": "it wants a policy of its own list",
    "policy.required-later": "it knows no policyConstraints",
    "policy.mapped": "it knows no policyMappings",
    "policy.inhibited-any": "it knows no inhibitAnyPolicy",
    "weak.p521": "it hashes for P-521 in its own way",
    "openssl.p521": "it hashes for P-521 in its own way",
    "openssl.p384": "it wants SHA-384 with P-384",
    "openssl.pss": "it refuses a long salt",
    "openssl.pss-only-key": "it refuses a long salt",
    "ed25519.beside-ec": "it wants every signerInfo to hold",
    "ed25519.issuer": "it knows no Ed25519 in certificates",
}


def detached(path):
    """The signed octets and the signature of a mail whose only structure is one S/MIME multipart/signed,
    found by looking for its delimiters; None for any other."""
    with open(path, "rb") as mail:
        octets = mail.read()
    found = re.search(rb'^Content-Type: multipart/signed; boundary="([^"]+)"; protocol="application/(?:x-)?pkcs7', octets, re.M)
    if not found or octets.index(b"\r\n\r\n") < found.start():
        return None
    pieces = octets.split(b"\r\n--" + found[1] + b"\r\n")
    if len(pieces) != 3:
        return None
    signature = pieces[2].split(b"\r\n--" + found[1] + b"--")[0].split(b"\r\n\r\n", 1)[1]
    return pieces[1], base64.b64decode(signature)


def third_opinions(folder, entries, found):
    """What gpgsm says of the plain multipart/signed of honest people, and of those bent later."""
    problems, asked = [], []
    for entry in entries:
        if entry["kind"] == "honest" or entry["group"] == "bent":
            if parts := detached(entry["files"]["crlf"]):
                asked.append((entry, *parts))
    if not asked:
        return 0, []
    roots = [pem(folder, f"ca/{name}.pem") for name in ("anchor", "rsa", "partner", "newcomers", "sip", "xmpp", "sha384")]
    with Gpgsm(roots) as gpgsm, tempfile.TemporaryDirectory() as scratch:
        gpgsm("--import", given=pem(folder, "ca/intermediate.pem"))
        for entry, content, der in asked:
            for name, octets in (("m", content), ("s", der)):
                with open(os.path.join(scratch, name), "wb") as out:
                    out.write(octets)
            done = gpgsm.call("--verify", os.path.join(scratch, "s"), os.path.join(scratch, "m"),
                              check=False)
            good = b"Good signature" in done.stderr and done.returncode == 0
            ours = any(s["status"] == "valid" for part in found[entry["files"]["crlf"]]
                       for s in part.get("signatures", []))
            if good != ours and entry["name"] not in GPGSM_DIFFERS:
                problems.append(f"{entry['name']}: gpgsm says {'good' if good else 'bad'}, imip "
                                f"{'valid' if ours else 'not valid'}: {done.stderr.decode()}")
            if good == ours and entry["name"] in GPGSM_DIFFERS:
                problems.append(f"{entry['name']}: gpgsm and imip agree now")
    return len(asked), problems


def main():
    folder, imip = os.path.abspath(sys.argv[1]), sys.argv[2]
    entries = read_manifest(folder)
    problems = [f"only {n} {kind} messages" for kind, least in AT_LEAST.items()
                if (n := sum(e["kind"] == kind for e in entries)) < least]
    found, more = judge_all(imip, folder, entries)
    problems += more
    for entry in entries:
        for form, path in entry["files"].items():
            problems += compare(entry, form, found[path])
    problems += without_memory(imip, folder, entries, found)
    # the answers of openssl, gpg and gpgsm do not depend on the build
    entries_asked = [] if sanitized(imip) and len(entries) > 100 else entries
    gpg = Gpg(os.path.join(folder, "gpg"))
    counts = {}
    for program, ask in (("openssl", lambda entry, path: openssl(folder, entry, path)),
                         ("gpg", lambda entry, path: opinion(gpg, path))):
        counts[program], more = second_opinions(program, entries_asked, found, ask)
        problems += more
    counts["gpgsm"], more = third_opinions(folder, entries_asked, found)
    gpg.end()
    problems += more
    for problem in problems:
        print(f"FAIL: {problem}")
    questions = ", ".join(f"{n} to {program}" for program, n in counts.items())
    print(f"{len(entries)} messages, {len(found)} files, questions: {questions}; {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
