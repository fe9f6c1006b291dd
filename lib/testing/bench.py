"""The measurements that have goals, beside their peers. Usage: bench.py IMIP [--quick] [--only GOAL,GOAL...]

Wall times are medians of interleaved runs on this machine now, so only the ratios mean anything;
instructions are user-mode ones, by perf where the machine counts them, else by callgrind (which
repeats better still). Prints the truth and exits 0: a slow machine is no failed test.
"""

import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUNDLE = 151
ENVIRONMENT = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def run(*command, expect=0, **options):
    """Runs a command for its output; stops the benchmark if it exits otherwise than expected."""
    done = subprocess.run(command, capture_output=True, env=ENVIRONMENT, **options)
    if done.returncode != expect:
        sys.exit(f"bench: exit {done.returncode}: {' '.join(command)}\n{done.stderr.decode()}")
    return done.stdout


def seconds(command):
    """Wall time of one run. posix_spawn: a fork of this process would be measured too."""
    null = os.open(os.devnull, os.O_RDWR)
    actions = [(os.POSIX_SPAWN_DUP2, null, fd) for fd in (0, 1, 2)]
    begin = time.perf_counter()
    pid = os.posix_spawnp(command[0], command, ENVIRONMENT, file_actions=actions)
    status = os.waitpid(pid, 0)[1]
    took = time.perf_counter() - begin
    os.close(null)
    if os.waitstatus_to_exitcode(status) != 0:
        run(*command)
    return took


def ratio(ours, peer, rounds):
    """(median of ours / peer, ours in ms, peer in ms), interleaved so that drift hits both."""
    for command in (ours, peer):
        seconds(command)
    pairs = [(seconds(ours), seconds(peer)) for _ in range(rounds)]
    middle = statistics.median(a / b for a, b in pairs)
    return middle, *(1000 * statistics.median(column) for column in zip(*pairs))


class Counter:
    """User-mode instructions of a command, in millions."""

    def __init__(self):
        probe = self.perf("true")
        self.name = "callgrind" if probe is None else "perf"

    @staticmethod
    def perf(*command):
        done = subprocess.run(
            ("perf", "stat", "-x,", "-e", "instructions:u", *command),
            capture_output=True, text=True, env=ENVIRONMENT)
        found = re.search(r"^(\d+),.*instructions", done.stderr, re.M)
        return int(found[1]) / 1e6 if found else None

    @staticmethod
    def callgrind(*command):
        done = subprocess.run(
            ("valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", *command),
            capture_output=True, text=True, env=ENVIRONMENT)
        found = re.search(r"Collected : (\d+)", done.stderr)
        if not found:
            sys.exit(f"bench: callgrind failed: {' '.join(command)}\n{done.stderr}")
        return int(found[1]) / 1e6

    def __call__(self, *command):
        return getattr(self, self.name)(*command)


def peak_mb(*command):
    """Peak resident memory. By time(1): what Python forks starts with Python's own peak."""
    done = subprocess.run(("time", "-f", "peak %M", *command), capture_output=True, text=True,
                          env=ENVIRONMENT)
    return int(re.search(r"peak (\d+)", done.stderr)[1]) / 1024


class World:
    """A CA, a bundle with it in the middle, people, and signed messages."""

    def __init__(self, folder, imip):
        self.folder, self.imip = folder, imip
        os.chdir(folder)
        ENVIRONMENT["HOME"] = folder
        run("sh", os.path.join(ROOT, "testdata", "make-keys"), ".", "boss", "alice")
        self.bundle()
        self.policy("policy.toml", "ca.pem")
        self.policy("bundle.toml", "bundle.pem")
        self.message("invite", "bench-1")
        self.small("small", "bench-small")

    @staticmethod
    def join(target, *sources):
        with open(target, "w") as out:
            for source in sources:
                with open(source) as text:
                    out.write(text.read())

    def bundle(self):
        keys = []
        for bits in (2048, 4096):
            keys.append(f"root-{bits}.key")
            run("openssl", "genrsa", "-out", keys[-1], str(bits))
        names = []
        for number in range(BUNDLE - 1):
            names.append(f"root-{number}.pem")
            run("openssl", "req", "-x509", "-new", "-key", keys[number % 2], "-days", "3650",
                "-subj", f"/C=XX/O=Authority {number}/CN=Root CA {number}", "-out", names[-1])
        self.join("bundle.pem", *names[:75], "ca.pem", *names[75:])

    def policy(self, name, anchors):
        with open(name, "w") as out:
            out.write(f'version = 1\n[me]\naddresses = ["alice@example.com"]\n[smime]\n'
                      f'anchors = ["{anchors}"]\n[[allow]]\naddress = "boss@example.com"\n')
        os.chmod(name, 0o600)

    def invitation(self, uid, *extra, organizer="boss"):
        return run(self.imip, "build", "request", "--organizer", f"{organizer}@example.com;CN=The Boss",
                   "--attendee", "alice@example.com;RSVP=TRUE", "--summary", "Weekly planning",
                   "--location", "Room 7", "--start", "2031-01-06T10:00", "--duration", "PT1H",
                   "--timezone", "Europe/Berlin", "--rrule", "FREQ=WEEKLY;COUNT=10",
                   "--uid", uid, *extra)

    def message(self, name, uid, sequence=0, extra=(), signer="boss"):
        chain = f"{signer}.chain"
        if not os.path.exists(chain):
            self.join(chain, f"{signer}.key", f"{signer}.crt", "ca.pem")
            os.chmod(chain, 0o600)
        mail = self.invitation(uid, "--sequence", str(sequence), *extra, organizer=signer)
        with open(f"{name}.eml", "wb") as out:
            out.write(run(self.imip, "sign", "--identity", chain, input=mail))
        return f"{name}.eml"

    def small(self, name, uid, signer="boss"):
        """The message of goals 1, 2 and 5 to 7: nothing but a text/calendar part with a VTIMEZONE, signed by
        openssl with two certificates. (imip's own adds the event in words and as an attachment.)"""
        calendar = self.invitation(uid, "--format", "ics", organizer=signer)
        entity = b"Content-Type: text/calendar; method=REQUEST; charset=UTF-8; component=VEVENT\r\n\r\n" + calendar
        signed = run("openssl", "cms", "-sign", "-binary", "-md", "sha256", "-signer", f"{signer}.crt",
                     "-inkey", f"{signer}.key", "-certfile", "ca.pem", "-outform", "SMIME", input=entity)
        header = f"From: {signer}@example.com\nTo: alice@example.com\nSubject: Weekly planning\n"
        with open(f"{name}.eml", "wb") as out:
            out.write(header.encode() + signed)
        return f"{name}.eml"

    def calendar(self, events):
        """A vdir that somebody else filled: half of the names do not follow from the UIDs."""
        folder = f"vdir-{events}"
        os.mkdir(folder)
        for number in range(events):
            uid = f"event-{number}@example.org"
            name = f"event-{number}" if number % 2 else f"{number:032x}"
            with open(f"{folder}/{name}.ics", "w", newline="") as out:
                out.write("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//bench//EN\r\nBEGIN:VEVENT\r\n"
                          f"UID:{uid}\r\nDTSTAMP:20300101T000000Z\r\nDTSTART:20310101T090000Z\r\n"
                          f"SUMMARY:Event {number}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n")
        return folder


def line(goal, what, value, must="", record="", note=""):
    print(f"{goal:>4}  {what:<50} {value:>10}  {must:>9}  {record:>9}  {note}", flush=True)


def verdict(value, must):
    return "holds" if value <= must else "DOES NOT HOLD"


def verification(world, rounds):
    imip = world.imip
    own = f"of imip's own, {os.path.getsize('invite.eml')} octets"
    for goal, mail, anchors, policy, must, record, kind in (
            (1, "small.eml", "ca.pem", "policy.toml", 1.0, 0.4, ""),
            (1, "invite.eml", "ca.pem", "policy.toml", 1.0, 0.4, f" {own}"),
            (2, "small.eml", "bundle.pem", "bundle.toml", 0.2, 0.1, f", {BUNDLE} CAs")):
        ours = (imip, "verify", "--state", "none", "--policy", policy, mail)
        peer = ("openssl", "cms", "-verify", "-in", mail, "-CAfile", anchors)
        middle, mine, other = ratio(ours, peer, rounds)
        what = f"verify, one message{kind}, wall"
        line(goal, what, f"{middle:.2f}x", f"<= {must}x", f"<= {record}x",
             f"{verdict(middle, must)}; {mine:.1f} ms, openssl cms {other:.1f} ms")


def large(world, rounds):
    with open("agenda.bin", "wb") as out:
        out.write(os.urandom(730_000))
    world.message("large", "bench-large", extra=("--attach", "agenda.bin"))
    size = os.path.getsize("large.eml")
    ours = (world.imip, "verify", "--state", "none", "--policy", "policy.toml", "large.eml")
    peer = ("openssl", "cms", "-verify", "-in", "large.eml", "-CAfile", "ca.pem")
    middle, mine, other = ratio(ours, peer, rounds)
    line(3, f"verify, one message of {size / 1e6:.1f} MB, wall", f"{middle:.2f}x", "<= 0.30x",
         "<= 0.15x", f"{verdict(middle, 0.3)}; {mine:.1f} ms, openssl cms {other:.1f} ms")


def raw_rsa(*options):
    """RSA-2048 verifications a second."""
    said = run("openssl", "speed", "-seconds", "2", *options, "rsa2048").decode()
    return float(re.search(r"^rsa 2048 bits.*?(\d+\.\d+)\s*$", said, re.M)[1])


def batch(world, messages):
    """Every message is there many times over: ten signers, ten messages each."""
    signers = [f"signer{n}" for n in range(10)]
    run("sh", os.path.join(ROOT, "testdata", "make-keys"), ".", *signers)
    names = []
    for signer in signers:
        for number in range(10):
            names.append(world.small(f"{signer}-{number}", f"batch-{signer}-{number}", signer))
    mails = [open(name, "rb").read() for name in names]
    with open("batch.mbox", "wb") as out:
        for number in range(messages):
            out.write(b"From boss@example.com Mon Jan  4 09:00:00 2027\n" +
                      mails[number % len(mails)] + b"\n")
    ours = (world.imip, "verify", "--brief", "--state", "none", "--policy", "policy.toml",
            "--input-kind", "mbox", "batch.mbox")
    one, two, peer, raw, raw_two = [], [], [], [], []
    for _ in range(3):
        one.append(seconds(ours) / messages)
        two.append(seconds((*ours, "-j", "2")) / messages)
        peer.append(statistics.median(
            seconds(("openssl", "cms", "-verify", "-in", name, "-CAfile", "ca.pem"))
            for name in names[:25]))
        raw.append(raw_rsa())
        raw_two.append(raw_rsa("-multi", "2"))
    middle = statistics.median
    speed = middle(p / o for p, o in zip(peer, one))
    line(5, f"verify, mbox of {messages}, one thread, rate", f"{speed:.1f}x", ">= 12x", ">= 40x",
         f"{verdict(-speed, -12)}; {1 / middle(one):.0f}/s, openssl cms {1 / middle(peer):.0f}/s")
    share = middle(1 / o / r for o, r in zip(one, raw))
    line(6, "the same against raw RSA-2048 verification", f"{share:.2f}x", ">= 0.10x", ">= 0.40x",
         f"{verdict(-share, -0.1)}; openssl speed {middle(raw):.0f}/s")
    scale = middle((o / t) / (r2 / r) for o, t, r, r2 in zip(one, two, raw, raw_two))
    line(7, "-j 2, scaling against that of openssl speed", f"{scale:.2f}x", ">= 0.85x", ">= 0.95x",
         f"{verdict(-scale, -0.85)}; {1 / middle(two):.0f}/s")


def openpgp(world, rounds):
    home = tempfile.mkdtemp(prefix="imip-gpg.", dir="/tmp")  # short: the agent's socket is in it
    try:
        gpg = ("gpg", "--homedir", home, "--batch", "--quiet")
        run(*gpg, "--passphrase", "", "--quick-gen-key", "Boss <boss@example.com>", "rsa2048", "sign")
        mail = world.invitation("bench-openpgp")
        with open("openpgp.eml", "wb") as out:
            out.write(run(world.imip, "sign", "--gpg-home", home,
                          "--identity", "openpgp:boss@example.com", input=mail))
        entity, armour = parts_of_signed(open("openpgp.eml", "rb").read())
        for name, octets in (("entity", entity), ("entity.asc", armour)):
            with open(name, "wb") as out:
                out.write(octets)
        ours = (world.imip, "verify", "--state", "none", "--policy", "policy.toml", "--gpg-home", home,
                "openpgp.eml")
        peer = (*gpg, "--verify", "entity.asc", "entity")
        middle, mine, other = ratio(ours, peer, rounds)
        line(8, "verify, one OpenPGP message, wall", f"{middle:.2f}x", "<= 4x", "<= 1.2x",
             f"{verdict(middle, 4)}; {mine:.1f} ms, gpg --verify {other:.1f} ms")
    finally:
        subprocess.run(("gpgconf", "--homedir", home, "--kill", "all"), capture_output=True)
        shutil.rmtree(home, ignore_errors=True)


def parts_of_signed(mail):
    """The first part of a multipart/signed with CRLF line ends, and the text of the second."""
    boundary = b"--" + re.search(rb'boundary="([^"]+)"', mail)[1]
    first, second = mail.split(b"\n" + boundary)[1:3]
    return (first.lstrip(b"\n").replace(b"\n", b"\r\n"),
            second.split(b"\n\n", 1)[1])


def import_beside_khal(world, events, rounds):
    """One new event into the same folder, by turns."""
    folder = os.path.abspath(world.calendar(events))
    with open("khal.conf", "w") as out:
        out.write(f"[calendars]\n[[work]]\npath = {folder}\n[sqlite]\npath = {os.getcwd()}/khal.db\n"
                  "[locale]\ntimeformat = %H:%M\ndateformat = %Y-%m-%d\nlongdateformat = %Y-%m-%d\n"
                  "datetimeformat = %Y-%m-%d %H:%M\nlongdatetimeformat = %Y-%m-%d %H:%M\n")
    apply = (world.imip, "apply", "--policy", "policy.toml", "--state", "state-khal", "--store", folder)
    khal = ("khal", "-c", "khal.conf", "import", "--batch", "-a", "work")
    ratios = []
    for number in range(rounds + 1):
        signed = world.message("khal", f"bench-imip-{number}")
        with open("khal.ics", "wb") as out:
            out.write(world.invitation(f"bench-khal-{number}", "--format", "ics"))
        mine, other = seconds((*apply, signed)), seconds((*khal, "khal.ics"))
        if number > 0:  # the first makes both indexes
            ratios.append((mine / other, mine, other))
    shutil.rmtree(folder)
    middle, mine, other = (statistics.median(column) for column in zip(*ratios))
    line(10, f"apply into {events} events, wall", f"{middle:.3f}x", "<= 0.05x", "<= 0.02x",
         f"{verdict(middle, 0.05)}; {1000 * mine:.1f} ms, khal import {1000 * other:.0f} ms")


def start_up(world, count):
    value = count(world.imip, "--version")
    line(4, "--version, instructions", f"{value:.2f} M", "<= 8 M", "<= 1 M", verdict(value, 8))


def application(world, count, sizes):
    """A new event and a change of it, each in a folder whose index is warm."""
    added = {}
    for events in sizes:
        folder = world.calendar(events)
        common = ("--policy", "policy.toml", "--state", f"state-{events}", "--store", folder)
        run(world.imip, "apply", *common, world.message("warm", "bench-warm"))
        for word, sequence in (("new", 0), ("update", 1)):
            mail = world.message("apply", "bench-apply", sequence)
            verify = count(world.imip, "verify", *common, mail)
            apply = count(world.imip, "apply", *common, mail)
            files = len(os.listdir(folder))
            if files != events + 2:
                sys.exit(f"bench: {files} files after apply, not {events + 2}")
            added[word, events] = apply - verify
            line(9, f"apply, {word}, {events} events, beyond verify", f"{apply - verify:.2f} M",
                 "<= 4 M", "<= 1 M",
                 f"{verdict(apply - verify, 4)}; verify {verify:.2f} M, apply {apply:.2f} M")
        shutil.rmtree(folder)
    for word in ("new", "update"):
        first, last = added[word, sizes[0]], added[word, sizes[-1]]
        change = 100 * (last - first) / first
        line(9, f"apply, {word}: {sizes[0]} to {sizes[-1]} events", f"{change:+.1f} %", "+-3 %", "",
             verdict(abs(change), 3))


def memory(world, batch):
    verify = (world.imip, "verify", "--state", "none", "--policy", "policy.toml")
    one = peak_mb(*verify, "invite.eml")
    many = peak_mb(*verify, *["invite.eml"] * batch)
    peer = peak_mb("openssl", "cms", "-verify", "-in", "invite.eml", "-CAfile", "ca.pem")
    line(11, "peak memory, one message", f"{one:.1f} MB", "<= 18 MB", "<= 8 MB",
         f"{verdict(one, 18)}; openssl cms {peer:.1f} MB")
    line(11, f"peak memory, {batch} messages", f"{many:.1f} MB", "flat", "",
         f"{100 * (many - one) / one:+.1f} % on one message")


def hostile(world, quick):
    """testdata/spoof/large.py, by the Python that has cryptography. Seconds of the processor, so that two at a time do
    not matter; on a slow machine they are slow too, and the ratio tells."""
    said = subprocess.run(
        ("/usr/bin/python3", "-B", os.path.join(ROOT, "testdata", "spoof", "large.py"), world.imip, "--summary",
         *(("calendars", "attendees") if quick else ())), capture_output=True, text=True, check=False).stdout
    slowest = re.search(r"^slowest ([\d.]+) s, ([\d.]+)x a benign mail: (.*)$", said, re.M)
    largest = re.search(r"^largest (\d+) MB, ([\d.]+)x a benign mail: (.*)$", said, re.M)
    if not slowest or not largest:
        sys.exit(f"bench: large.py failed\n{said}")
    line(12, "hostile mail of 10 MB, the slowest", f"{slowest[1]} s", "<= 1 s", "<= 2x",
         f"{verdict(float(slowest[1]), 1)}; {slowest[2]}x a benign mail; {slowest[3]}")
    line(12, "hostile mail of 10 MB, the largest", f"{largest[1]} MB", "<= 150 MB", "<= 2x",
         f"{verdict(int(largest[1]), 150)}; {largest[2]}x a benign mail; {largest[3]}")


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    quick = "--quick" in sys.argv
    only = set()
    if "--only" in sys.argv[:-1]:
        only = set(sys.argv[sys.argv.index("--only") + 1].split(","))
    count = Counter()
    folder = tempfile.mkdtemp(prefix="imip-bench.")
    try:
        # Copied, as an installation does it: a file as the linker wrote it lies in small pieces in the page
        # cache, and starting from it takes a sixth longer.
        imip = shutil.copy(sys.argv[1], os.path.join(folder, "imip"))
        world = World(folder, imip)
        size = os.path.getsize("small.eml")
        print(f"message: {size} octets, RSA-2048, 2 certificates; instructions by {count.name}")
        line("goal", "what", "measured", "must", "record")
        for goals, measure in (
                ("1 2", lambda: verification(world, 15 if quick else 101)),
                ("3", lambda: large(world, 9 if quick else 51)),
                ("4", lambda: start_up(world, count)),
                ("5 6 7", lambda: batch(world, 1_000 if quick else 10_000)),
                ("8", lambda: openpgp(world, 9 if quick else 31)),
                ("9", lambda: application(world, count, (10, 1_000) if quick else (10, 1_000, 100_000))),
                ("10", lambda: import_beside_khal(world, 1_000 if quick else 10_000, 3 if quick else 9)),
                ("11", lambda: memory(world, 200 if quick else 2_000)),
                ("12", lambda: hostile(world, quick))):
            if not only or only & set(goals.split()):
                measure()
    finally:
        os.chdir("/")
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
