#!/usr/bin/python3
"""run.py IMIP FILE...: plays scenario scripts (README.md) with the real program, and says which line does not hold."""

import calendar
import email
import email.policy
import json
import os
import re
import shlex
import shutil
import sys
import tempfile
import time

sys.dont_write_bytecode = True
import calendars  # noqa: E402
from world import CODES, WRITES, Failed, World, calendar_part, others_read_it  # noqa: E402

WHO = r"([a-z]+(?:/\d)?)"
STEPS = []


def step(pattern):
    """The function plays the sentences of that form: (scenario, block, *groups)."""
    def put(function):
        STEPS.append((re.compile(pattern.replace("WHO", WHO).replace("NAME", r"([\w.-]+)")), function))
        return function
    return put


def check(holds, text):
    if not holds:
        raise Failed(text)


class Scenario:
    def __init__(self, imip, folder):
        self.world = World(imip, folder)
        self.messages = {}   # name -> mail
        self.entities = {}   # name -> the calendar's text
        self.offers = []     # of the last apply

    def keep(self, name, mail, text=None):
        check(name not in self.messages, f"there is a {name} already")
        self.messages[name] = mail
        self.entities[name] = calendar_part(mail)[1] if text is None else text

    def file(self, name):
        return self.world.save(f"{name}.ics", self.entities[name].encode())

    def calendar_file(self, who, uid=None):
        """The one file in a calendar (or the one with that UID): its name, octets and content."""
        files = self.world.person(who).files()
        found = {n: o for n, (o, _) in files.items()
                 if not uid or any(c.value("UID") == uid for c in calendars.components(calendars.parsed(o.decode())))}
        check(len(found) == 1, f"{who}'s calendar has {len(found)} such files")
        name, octets = next(iter(found.items()))
        return name, octets, calendars.parsed(octets.decode())


# ---- messages --------------------------------------------------------------------------------------------------------

def sent(s, name, who, text, how):
    """Signs and keeps a text/calendar part with that text. `how`: ", unsigned", ", signed by pa", method=, component="""
    unsigned, signer = ", unsigned" in how, re.search(r"signed by (\w+)", how)
    method = re.search(r"^METHOD:(.*?)\r?$", text, re.M)
    said = re.search(r"method=(\S+?)(?:,|$)", how)
    component = re.search(r"component=(\w+)", how)
    word = said.group(1) if said else method.group(1) if method else ""
    head = "Content-Type: text/calendar; charset=utf-8"
    head += f"; method={word}" if word and word != "none" else ""
    head += f"; component={component.group(1)}" if component else ""
    entity = f"{head}\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{text}".encode()
    sender = signer.group(1) if signer else who
    s.keep(name, s.world.signed(entity, sender, None if unsigned else sender), text)


@step(r"WHO writes NAME((?:, (?:unsigned|signed by \w+|method=\S+?|component=\w+))*)")
def writes(s, block, who, name, how):
    sent(s, name, who, calendars.written(block), how)


@step(r"WHO writes NAME, like NAME but((?:, (?:unsigned|signed by \w+|method=\S+?|component=\w+))*)")
def writes_like(s, block, who, name, other, how):
    sent(s, name, who, calendars.edited(s.entities[other], block), how)


@step(r"WHO writes NAME as a mail((?:, (?:unsigned|signed by \w+))*)")
def writes_mail(s, block, who, name, how):
    signer = re.search(r"signed by (\w+)", how)
    lines = [calendars.people(line) for line in block]
    entity = "".join(line + "\r\n" for line in lines).encode()
    sender = signer.group(1) if signer else who
    s.keep(name, s.world.signed(entity, sender, None if "unsigned" in how else sender), "")


@step(r"file NAME")
def plain_file(s, block, name):
    s.entities[name] = calendars.written(block)


@step(r"file NAME, like NAME but")
def file_like(s, block, name, other):
    s.entities[name] = calendars.edited(s.entities[other], block)


def built_flags(s, who, arguments):
    """The arguments of a scenario as those of the program: a bare --store means that person's."""
    person, out = s.world.person(who), []
    for word in shlex.split(calendars.people(arguments, "")):
        out += ["--store", person.calendar, *person.flags()] if word == "--store" else [word]
    return out


def split(block):
    """The lines of a block that continue the command, and those that say what comes of it."""
    return " ".join(l for l in block if l.startswith("--")), [l for l in block if not l.startswith("--")]


def check_mail(s, mail, expected):
    """`to a, b`, `from a`, `subject TEXT`, `text TEXT`; the rest is about the calendar."""
    part, text = calendar_part(mail)
    message = calendars.parsed(text)
    rest = []
    for line in expected:
        word, _, value = line.partition(" ")
        if word in ("to", "from"):
            got = sorted(a.username for a in mail_header(mail, word).addresses)
            check(got == sorted(value.split(", ")), f"{line}, but it is {', '.join(got)}")
        elif word == "text":
            check(value in plain_text(mail), f"the text does not say: {value}\n{plain_text(mail)}")
        else:
            rest.append(line)
    check(part.get_param("method") == message.value("METHOD"), "method parameter")
    missing = calendars.difference(message, rest)
    check(missing is None, f"does not hold: {missing}\n{text}")


def mail_header(mail, name):
    return email.message_from_bytes(mail, policy=email.policy.default)[name]


def plain_text(mail):
    parts = email.message_from_bytes(mail, policy=email.policy.default).walk()
    return "".join(p.get_content() for p in parts if p.get_content_type() == "text/plain")


def lint_clean(s, mail, what):
    done = s.world.run("lint", "--now", s.world.now, s.world.save("lint.eml", mail))
    check(done.returncode == 0, f"imip lint about {what}: {done.stdout.decode()}{done.stderr.decode()}")


def expect_failure(done, expected):
    """`fails CODE` and `says TEXT`; true if the block expects that."""
    code = next((int(l.split()[1]) for l in expected if l.startswith("fails ")), 0)
    check(done.returncode == code, f"exit {done.returncode}, not {code}: {done.stderr.decode()}{done.stdout.decode()}")
    for line in expected:
        if code and line.startswith("says "):
            check(line[5:] in (done.stderr + done.stdout).decode(), f"does not say {line[5:]}: {done.stderr.decode()}")
    return code != 0


@step(r"WHO builds NAME(?: from ([\w.-]+|the calendar))?: (.*)")
def builds(s, block, who, name, source, arguments):
    more, expected = split(block)
    words = built_flags(s, who, f"{arguments} {more}")
    given = []
    if source == "the calendar":
        given = [os.path.join(s.world.person(who).calendar, s.calendar_file(who)[0])]
    elif source:
        given = [s.file(source)]
    done = s.world.run("build", words[0], *given, *words[1:], "--now", s.world.now)
    if expect_failure(done, expected):
        check(not done.stdout, "something is on standard output")
        return
    lint_clean(s, done.stdout, name)
    others_read_it(calendar_part(done.stdout)[1], name)
    check_mail(s, done.stdout, [l for l in expected if not l.startswith("says ")])
    entity = re.sub(rb"\r?\n", b"\r\n", done.stdout)
    head, _, body = entity.partition(b"\r\n\r\n")
    inner = b"\r\n".join(l for l in re.sub(rb"\r\n[ \t]", b" ", head).split(b"\r\n") if l.lower().startswith(b"content-"))
    sender = re.search(rb"^From:.*?([a-z]+)@example", head, re.M | re.I).group(1).decode()
    s.keep(name, s.world.signed(inner + b"\r\n\r\n" + body, sender, sender), calendar_part(done.stdout)[1])


def mails_in(folder):
    mails = []
    for file in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
        with open(os.path.join(folder, file), "rb") as opened:
            mails.append(opened.read())
    return mails


@step(r"WHO tells the changes from NAME to NAME as NAME(?:: (.*))?")
def tells(s, block, who, old, new, name, arguments):
    """The block: `METHOD to a, b` for each mail, in order; they are called NAME.1, NAME.2, ..."""
    more, expected = split(block)
    folder = os.path.join(s.world.folder, f"{name}.d")
    done = s.world.run("build", "--previous", s.file(old), s.file(new), *built_flags(s, who, f"{arguments or ''} {more}"),
                       "--output", folder + "/", "--now", s.world.now)
    if expect_failure(done, expected):
        return
    told = []
    for number, mail in enumerate(mails_in(folder), 1):
        lint_clean(s, mail, f"{name}.{number}")
        part, text = calendar_part(mail)
        others_read_it(text, name)
        to = ", ".join(sorted(a.username for a in mail_header(mail, "to").addresses))
        told.append(f"{part.get_param('method')} to {to}")
        sent(s, f"{name}.{number}", who, text, "")
    check(told == expected, f"told is: {'; '.join(told)}")


@step(r"WHO replies NAME to NAME: (.*)")
def replies(s, block, who, name, other, arguments):
    more, expected = split(block)
    person = s.world.person(who)
    s.world.certificate(person.name)
    signs = [] if any(l.startswith("fails") for l in expected) else ["--sign", "--identity", f"{person.name}.pem"]
    words = built_flags(s, who, f"{arguments} {more}")
    folder = os.path.join(s.world.folder, f"{name}.d")
    where = ["--output", folder + "/"] if words[0] == "delegate" else []
    done = s.world.run("reply", words[0], *person.flags(), "--now", s.world.now, *words[1:], *signs, *where,
                       s.world.save("in.eml", s.messages[other]))
    if expect_failure(done, expected):
        check(not done.stdout, "something is on standard output")
        return
    mails = mails_in(folder) if where else [done.stdout]
    for number, mail in enumerate(mails, 1):
        lint_clean(s, mail, name)
        others_read_it(calendar_part(mail)[1], name)
        s.keep(name if number == 1 else f"{name}.{number}", mail)
    check_mail(s, mails[0], expected)
    check_calendar_files(person)


@step(r"WHO (?:takes up|sends) the offered (\w+) as NAME")
def takes_up(s, block, who, kind, name):
    found = [o for o in s.offers if o["kind"] == kind]
    check(len(found) == 1, f"{len(found)} such offers")
    to = [a.removeprefix("mailto:").split("@")[0] for a in found[0]["to"]]
    for line in [l for l in block if l.startswith("to ")]:
        check(sorted(line[3:].split(", ")) == sorted(to), f"{line}, but it is {to}")
    text = found[0]["calendar"].replace("\r\n", "\n").replace("\n", "\r\n")
    others_read_it(text, name)
    sent(s, name, s.world.person(who).name, text, "")
    lint_clean(s, s.messages[name], name)
    missing = calendars.difference(calendars.parsed(text), [l for l in block if not l.startswith("to ")])
    check(missing is None, f"does not hold: {missing}\n{text}")


# ---- what comes of them ----------------------------------------------------------------------------------------------

def check_calendar_files(person):
    for name, (octets, _) in person.files().items():
        others_read_it(octets, f"{person.who}'s {name}")


def brief(lines):
    """What imip said, in so far as scenarios ask for it."""
    out = "\n".join(f"{l.get('outcome')} ({l['verdict']}): {', '.join(sorted(codes_of([l])))}; offers "
                    f"{[(o['kind'], o['to']) for o in l.get('offers', [])]}; changes "
                    f"{[(c['property'], c['instance'], c['after']) for c in l.get('changes', []) + l.get('proposal', [])]}; "
                    f"{[r['text'] for k in ('reasons', 'outcome_reasons') for r in l.get(k) or []]}" for l in lines)
    return "\n  " + out + "\n"


def codes_of(lines):
    said = {r["code"] for l in lines for k in ("reasons", "outcome_reasons", "notices") for r in l.get(k) or []}
    return said | {o["reason"] for l in lines for o in l.get("offers", [])}


@step(r"WHO applies NAME((?: --\S+)*): ([a-z, ]+)")
def applies(s, block, who, name, flags, outcomes):
    person = s.world.person(who)
    before = person.files()
    done, lines = s.world.judged("apply", person, s.messages[name], flags.split())
    wanted = outcomes.split(", ")
    got = [l.get("outcome") for l in lines]
    told = brief(lines) + done.stderr.decode()
    check(got == wanted, f"outcome {', '.join(map(str, got))}, not {outcomes}: {told}")
    code = max((CODES.get(o, 0) for o in wanted), key=(0, 2, 1).index)  # the worst of 0 < 2 < 1
    check(done.returncode == code, f"exit {done.returncode}, not {code}: {told}")
    if not WRITES & set(wanted) or "--dry-run" in flags:
        check(person.files() == before, "the calendar's octets or times changed")
    check_calendar_files(person)
    s.offers = [o for l in lines for o in l["offers"]]
    for line in block:
        check(outcome_holds(line, lines, s.offers), f"does not hold: {line}: {told}")
    if "unchanged" in block:
        check(person.files() == before, "the calendar's octets or times changed")


@step(r"WHO applies NAME and mails as NAME: ([a-z]+)")
def applies_and_mails(s, block, who, other, name, outcome):
    """The block: `METHOD to a, b` for each mail, in order; they are called NAME.1, NAME.2, ..."""
    person, folder = s.world.person(who), os.path.join(s.world.folder, f"{name}.d")
    done, lines = s.world.judged("apply", person, s.messages[other], ["--replies", folder])
    check([l["outcome"] for l in lines] == [outcome], brief(lines) + done.stderr.decode())
    check_calendar_files(person)
    told = []
    for number, mail in enumerate(mails_in(folder), 1):
        lint_clean(s, mail, f"{name}.{number}")
        part, text = calendar_part(mail)
        to = ", ".join(sorted(a.username for a in mail_header(mail, "to").addresses))
        told.append(f"{part.get_param('method')} to {to}")
        sent(s, f"{name}.{number}", person.name, text, "")
    check(told == block, f"mailed is: {'; '.join(told)}")


@step(r"WHO retracts NAME: ([a-z ]+)")
def retracts(s, block, who, name, word):
    """The first words of what is said; the block: `says WORDS`."""
    person = s.world.person(who)
    before = person.files()
    identifier = mail_header(s.messages[name], "message-id")
    done = s.world.run("retract", *person.flags(), "--now", s.world.now, identifier)
    told = (done.stdout + done.stderr).decode()
    check(told.startswith(word), told)
    check(done.returncode == (1 if word == "not undone" else 0), f"exit {done.returncode}: {told}")
    for line in block:
        check(line.startswith("says ") and line[5:] in told, f"does not hold: {line}: {told}")
    check(word == "undone" or person.files() == before, "the calendar's octets or times changed")
    check_calendar_files(person)


def outcome_holds(line, lines, offers):
    word, _, rest = line.partition(" ")
    if word == "says":
        return rest in codes_of(lines)
    if line.startswith("no word of "):
        return line[11:] not in codes_of(lines)
    if line == "offers nothing":
        return not offers
    if word == "offers":
        kind, _, to = rest.partition(" to ")
        told = [sorted(a.removeprefix("mailto:").split("@")[0] for a in o["to"]) for o in offers if o["kind"] == kind]
        return sorted(to.split(", ")) in told
    if word in ("changes", "proposes"):
        name, _, instance = rest.partition(" at ")
        told = [c for l in lines for c in l["changes" if word == "changes" else "proposal"]]
        return any(c["property"] == name and (not instance or c["instance"] == instance) for c in told)
    if line.startswith("verdict "):
        return all(l["verdict"] == rest for l in lines)
    return line == "unchanged"


@step(r"WHO verifies NAME((?: --\S+)*): (trusted|ask|untrusted)((?: [a-z-]+)*)")
def verifies(s, block, who, name, flags, verdict, codes):
    done, lines = s.world.judged("verify", s.world.person(who), s.messages[name], flags.split())
    check([l["verdict"] for l in lines] == [verdict], f"{done.stdout.decode()}{done.stderr.decode()}")
    check(set(codes.split()) <= codes_of(lines), f"reasons are {codes_of(lines)}")
    check(not block, "nothing goes with that")


@step(r"WHO cannot apply NAME: (\d+) (.*)")
def cannot_apply(s, block, who, name, code, text):
    person = s.world.person(who)
    before = person.files()
    done, _ = s.world.judged("apply", person, s.messages[name], [])
    check(done.returncode == int(code) and text in (done.stdout + done.stderr).decode(),
          f"exit {done.returncode}: {done.stdout.decode()}{done.stderr.decode()}")
    check(person.files() == before and not block, "the calendar's octets or times changed")


@step(r"WHO shows NAME")
def shows(s, block, who, name):
    done = s.world.run("show", *s.world.person(who).flags(), "--now", s.world.now, s.world.save("in.eml", s.messages[name]))
    for line in block:
        check(line in done.stdout.decode(), f"does not show {line}: {done.stdout.decode()}{done.stderr.decode()}")


@step(r"lint finds in NAME: (.*)")
def lints(s, block, name, wanted):
    """In the calendar, not the mail around it: `nothing`, or `RULE, RULE`, which must be among the findings."""
    done = s.world.run("lint", "--json", "--now", s.world.now, s.file(name))
    found = [d["rule"] for line in done.stdout.splitlines() for d in json.loads(line).get("departures", [])]
    told = f"lint finds {', '.join(found) or 'nothing'}: {done.stderr.decode()}"
    check(not found if wanted == "nothing" else set(wanted.split(", ")) <= set(found), told)
    check(not block, "nothing goes with that")


# ---- calendars -------------------------------------------------------------------------------------------------------

@step(r"WHO's calendar(?: of (\S+))?")
def calendar_shows(s, block, who, uid):
    _, octets, content = s.calendar_file(who, uid)
    if uid:  # of one file with several
        content.parts = [c for c in content.parts if c.value("UID") in (None, uid)]
    missing = calendars.difference(content, block)
    check(missing is None, f"does not hold: {missing}\n{octets.decode()}")


@step(r"WHO's calendar is empty")
def calendar_empty(s, block, who):
    check(not s.world.person(who).files() and not block, "there is something")


@step(r"WHO's calendar is the same as WHO's")
def calendar_same(s, block, who, other):
    first, second = (sorted(o for o, _ in s.world.person(w).files().values()) for w in (who, other))
    check(first == second and not block, "\n".join(o.decode() for o in first + second))


@step(r"WHO edits the calendar")
def edits(s, block, who):
    name, octets, _ = s.calendar_file(who)
    with open(os.path.join(s.world.person(who).calendar, name), "w", encoding="utf-8", newline="") as out:
        out.write(calendars.edited(octets.decode(), block))


@step(r"WHO has in the calendar")
def has(s, block, who):
    with open(os.path.join(s.world.person(who).calendar, "own.ics"), "w", encoding="utf-8", newline="") as out:
        out.write(calendars.written(block))


@step(r"WHO deletes the event")
def deletes(s, block, who):
    os.remove(os.path.join(s.world.person(who).calendar, s.calendar_file(who)[0]))
    check(not block, "nothing goes with that")


@step(r"WHO's policy says")
def policy(s, block, who):
    s.world.person(who).set_policy("".join(calendars.people(line, "") + "\n" for line in block))


@step(r"WHO's certificate ends (\d{4}-\d\d-\d\d)")
def certificate_ends(s, block, who, day):
    s.world.certify(who, calendar.timegm(time.strptime(day, "%Y-%m-%d")))
    check(not block, "nothing goes with that")


@step(r"WHO's certificate is revoked")
def certificate_revoked(s, block, who):
    s.world.revoke(who)
    check(not block, "nothing goes with that")


@step(r"it is (\d{4}-\d\d-\d\d \d\d:\d\d)")
def present(s, block, now):
    s.world.now = now.replace(" ", "T") + ":00Z"
    check(not block, "nothing goes with that")


# ---- files -----------------------------------------------------------------------------------------------------------

def sentences(path):
    """(line number, sentence, block) of a script"""
    with open(path, encoding="utf-8") as file:
        lines = file.read().split("\n")
    out = []
    for number, line in enumerate(lines, 1):
        text = line.rstrip()
        if text.lstrip().startswith("#"):
            continue
        if text and text[0] != " ":
            out.append((number, text, []))
        elif out:
            out[-1][2].append(text.strip())
    return [(number, sentence, block_of(sentence, block)) for number, sentence, block in out]


def block_of(sentence, block):
    """Empty lines mean something only within a mail."""
    if not re.search(r" as a mail\b", sentence):
        return [line for line in block if line]
    while block and not block[-1]:
        block.pop()
    return block


def play(imip, path):
    """The number of sentences that held; raises Failed with the line of the first that did not."""
    folder = tempfile.mkdtemp(prefix="imip-scene.")
    try:
        scenario = Scenario(imip, folder)
        steps = sentences(path)
        for number, sentence, block in steps:
            found = next(((p.fullmatch(sentence), f) for p, f in STEPS if p.fullmatch(sentence)), None)
            try:
                check(found is not None, "no sentence of that form (testdata/itip/README.md)")
                found[1](scenario, block, *found[0].groups())
            except (Failed, ValueError, KeyError, StopIteration) as error:
                raise Failed(f"{path}:{number}: {sentence}\n  {type(error).__name__}: {error}") from error
        return len(steps), scenario.world.runs
    finally:
        shutil.rmtree(folder)


def main():
    imip, bad = os.path.abspath(sys.argv[1]), 0
    os.umask(0o077)
    for path in sys.argv[2:]:
        try:
            held, runs = play(imip, path)
            print(f"{path}: {held} sentences hold, imip ran {runs} times")
        except Failed as error:
            print(error, file=sys.stderr)
            bad += 1
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
