"""Bad input of ten megabytes: large.py IMIP [--summary | --quiet] [WORD...]. Runs verify, show, lint and
apply --dry-run on each mail whose name has one of the WORDs, or on all, and prints of the slowest how long it took
(of the processor) beside a benign mail of that size, and of the largest its peak memory. --summary prints only the
worst of all; --quiet only what fails, and runs verify and one other command on each mail, in a sanitized build one
command on each eighth, by turns. Fails if imip ends otherwise than it documents, or takes more memory than a
mail may cost it (not looked at in a sanitized build)."""

import os
import statistics
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from threading import BoundedSemaphore

import large_calendars
import large_mails
import smime
from mail import ALICE, BOSS, calendar, entity, event, ics, message, multipart
from pki import Key, People, key_usage

MOST_MB = 150
ROUNDS = 3
COMMANDS = {  # and how they may end: imip-verify(1), imip-show(1), imip-lint(1), imip-apply(1)
    "verify": (("verify", "--state", "none"), (0, 1, 2, 3, 65)),
    "show": (("show", "--state", "none"), (0, 1)),
    "lint": (("lint",), (0, 1, 3, 65)),
    "apply": (("apply", "--dry-run", "--json", "--state", "state"), (0, 1, 2, 3, 65)),
}
POLICY = """version = 1
[me]
addresses = ["alice@example.com"]
[store]
path = "calendar"
[smime]
anchors = ["root.pem"]
[openpgp]
home = "gpg"
[defaults]
unsigned = "ask"
[[identity]]
address = "alice@example.com"
certificate = "reader.pem"
"""


def benign(people):
    part = calendar()
    return message(multipart("mixed", [smime.signed(part, people.boss), entity(
        ["Content-Type: application/pdf", "Content-Transfer-Encoding: base64"],
        large_mails.lines(b"QUJD" * 19 + b"\r\n"))]))


def everything(people, reader):
    yield from large_mails.structure()
    yield from large_mails.headers()
    yield from large_mails.encoded()
    yield from large_mails.cms(people)
    yield from large_mails.wrapped(people, reader)
    yield from large_mails.openpgp()
    yield from large_calendars.calendars(people)


class Run:
    """One command on one mail: seconds of the processor, peak MB, exit code, words."""

    def __init__(self, imip, folder, command, path):
        arguments, self.may = COMMANDS[command]
        self.command = command
        # by time(1): what Python forks has Python's own peak
        done = subprocess.run(
            ("time", "-q", "-f", "%M %U %S", imip, *arguments, "--policy", "policy.toml", path), cwd=folder,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=900, check=False)
        words, last = done.stderr.decode(errors="replace").rstrip().rpartition("\n")[::2]
        peak, user, system = last.split()
        self.took, self.peak, self.code = float(user) + float(system), int(peak) / 1024, done.returncode
        self.said = (words or done.stdout[:2000].decode(errors="replace")).replace("\n", " ").replace(path, "MAIL")

    def fails(self, sanitized):
        if self.code not in self.may:
            return f"exit {self.code}"
        if self.peak > MOST_MB and not sanitized:
            return f"more than {MOST_MB} MB"
        return ""


class Bench:
    def __init__(self, imip, folder):
        self.imip, self.folder = imip, folder
        with open(imip, "rb") as program:
            self.sanitized = b"__asan_init" in program.read()
        self.count = 0
        self.by_turns = False

    def commands(self):
        if not self.by_turns:
            return list(COMMANDS)
        first, *others = COMMANDS
        return [list(COMMANDS)[self.count % len(COMMANDS)]] if self.sanitized else [first, others[self.count % len(others)]]

    def __call__(self, mail):
        """The runs of all commands, or of some."""
        self.count += 1
        path = os.path.join(self.folder, f"{self.count}.eml")
        with open(path, "wb") as out:
            out.write(mail)
        runs = [Run(self.imip, self.folder, command, path) for command in self.commands()]
        os.remove(path)
        return runs


def prepare(folder, people, reader):
    mine = event(uid="mine", organizer=ALICE, attendees=(BOSS,))
    for name in ("calendar", "state", "gpg"):
        os.mkdir(os.path.join(folder, name), 0o700)
    for name, content in (("root.pem", people.root.pem()), ("reader.pem", reader.key.pem() + reader.pem()),
                          ("policy.toml", POLICY.encode()), ("calendar/mine.ics", ics("", mine))):
        with open(os.path.join(folder, name), "wb") as out:
            out.write(content)
        os.chmod(os.path.join(folder, name), 0o600)


class Table:
    def __init__(self, bench, base, base_peak, how):
        self.bench, self.base, self.base_peak, self.how = bench, base, base_peak, how
        self.failed = self.runs = 0
        self.slowest = self.largest = None

    def add(self, name, mail, runs):
        self.runs += 1
        slow = max(runs, key=lambda r: r.took / self.base[r.command])
        large = max(runs, key=lambda r: r.peak)
        failing = [(r, r.fails(self.bench.sanitized)) for r in runs]
        failing = [(r, why) for r, why in failing if why]
        faults = [f"{r.command} {why}" for r, why in failing]
        self.failed += bool(faults)
        self.slowest = max(self.slowest or (slow.took, name, slow), (slow.took, name, slow), key=lambda w: w[0])
        self.largest = max(self.largest or (large.peak, name, large), (large.peak, name, large), key=lambda w: w[0])
        if faults or not self.how:
            said = (failing[0][0] if failing else runs[0]).said
            print(f"{name:<44} {slow.took:6.2f} s {slow.took / self.base[slow.command]:6.1f}x {slow.command:<6} "
                  f"{large.peak:6.1f} MB {large.command:<6} {len(mail) / 1e6:4.1f} MB  "
                  f"{'FAIL ' + ', '.join(faults) + ' ' if faults else ''}"
                  f"{'/'.join(str(r.code) for r in runs)}: {said[:100]}", flush=True)

    def end(self):
        (took, slow_name, slow), (peak, large_name, large) = self.slowest, self.largest
        print(f"slowest {took:.2f} s, {took / self.base[slow.command]:.1f}x a benign mail: {slow.command}, {slow_name}")
        print(f"largest {peak:.0f} MB, {peak / self.base_peak:.1f}x a benign mail: {large.command}, {large_name}")
        print(f"{self.runs} mails, {self.failed} failed")


def run_all(bench, mails, table):
    """Two at a time; no more mails are made than are wanted soon."""
    room = BoundedSemaphore(4)

    def one(name, mail):
        try:
            return name, mail, bench(mail)
        finally:
            room.release()

    with ThreadPoolExecutor(2) as pool:
        waiting = []
        for name, mail in mails:
            room.acquire()
            waiting.append(pool.submit(one, name, mail))
            while waiting and waiting[0].done():
                table.add(*waiting.pop(0).result())
        for future in waiting:
            table.add(*future.result())


def main():
    imip = os.path.abspath(sys.argv[1])
    how = next((word for word in sys.argv[2:] if word in ("--summary", "--quiet")), "")
    wanted = [word for word in sys.argv[2:] if word != how]
    people = People()
    reader = people.person("alice", key=Key("rsa2048"), usage=key_usage(0, 2))
    with tempfile.TemporaryDirectory() as folder:
        prepare(folder, people, reader)
        bench = Bench(imip, folder)
        fine = [bench(benign(people)) for _ in range(ROUNDS)]
        base = {command: max(0.01, statistics.median(run.took for runs in fine for run in runs if run.command == command))
                for command in COMMANDS}  # the clock has hundredths
        bench.by_turns = how == "--quiet"
        table = Table(bench, base, max(run.peak for run in fine[0]), how)
        step = 8 if bench.by_turns and bench.sanitized and not wanted else 1
        run_all(bench, ((name, mail) for number, (name, mail) in enumerate(everything(people, reader))
                        if number % step == 0 and (not wanted or any(word in name for word in wanted))), table)
        subprocess.run(("gpgconf", "--homedir", os.path.join(folder, "gpg"), "--kill", "all"), check=False)
        if table.runs == 0:
            sys.exit(f"large: no mail is called {' or '.join(wanted)}")
        table.end()
    return 1 if table.failed else 0


if __name__ == "__main__":
    sys.exit(main())
