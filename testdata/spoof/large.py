"""Bad input of ten megabytes: large.py IMIP [NAME...]. Runs `imip verify` on each and prints how long it
took beside a benign mail of that size, and its peak memory. Fails if imip ends otherwise than by a verdict
or an error, or takes more memory than a mail may cost it (not looked at in a sanitized build)."""

import base64
import os
import statistics
import subprocess
import sys
import tempfile
import zlib

import enveloped
import smime
from der import context, null, octets, seq, set_of, tlv
from mail import calendar, entity, event, ics, message, multipart, text
from pki import Certificate, Key, People, key_usage, mail_name, revocation_list

SIZE = 10_000_000
CALENDAR = 8_000_000  # limits.hpp: calendar_bytes is 8 MiB
MOST_MB = 150
ROUNDS = 3


def lines(line, size=SIZE):
    line = line if isinstance(line, bytes) else line.encode()
    return line * (size // len(line))


def structure():
    yield "deep multiparts", message(b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (n, n) for n in range(180_000)))
    yield "deep, one boundary", message(lines(
        b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n'))
    yield "deep messages", message(lines(b"Content-Type: message/rfc822\r\n\r\n"))
    yield "a million parts", message(entity(
        ['Content-Type: multipart/mixed; boundary="b"'], lines(b"--b\r\n\r\nx\r\n")))
    yield "empty delimiters", message(entity(['Content-Type: multipart/mixed; boundary="b"'], lines(b"--b\r\n")))
    yield "lines like delimiters", message(entity(
        ['Content-Type: multipart/mixed; boundary="b"'], lines(b"--\r\n")))
    yield "prefixes of delimiters", message(entity(
        ['Content-Type: multipart/mixed; boundary="b"'], b"--b\r\n\r\n" + lines(b"--bX\r\n") + b"--b--\r\n"))
    yield "closes", message(entity(['Content-Type: multipart/mixed; boundary="b"'], lines(b"--b--\r\n")))
    yield "nested to the limit", nested(30, lines(b"--x\r\n"))
    yield "line ends", message(text("\r\n" * (SIZE // 2)))
    yield "carriage returns", message(text("\r" * SIZE))
    yield "zeros", b"From: a@example.com\r\n\r\n" + b"\0" * SIZE
    yield "no line end", message(calendar()) + b"x" * SIZE


def padded(part, fields=(), size=SIZE):
    """A mail of that size around the part."""
    return message(multipart("mixed", [part, text("x" * (size - len(part)))], "pad"), fields=fields)


def nested(depth, inside):
    part = entity(["Content-Type: text/plain"], inside)
    for number in range(depth):
        part = multipart("mixed", [part], f"n{number}")
    return message(part)


def headers():
    yield "one field", b"Subject: " + b"x" * SIZE + b"\r\n\r\n"
    yield "one folded field", b"Subject: x\r\n" + lines(b" x\r\n") + b"\r\n"
    yield "many fields", lines(b"X-A: b\r\n") + b"\r\n"
    yield "no fields", lines(b"no field at all\r\n") + b"\r\n"
    yield "address groups", message(calendar(), fields=["Cc: " + "g:" * 5_000_000])
    yield "addresses", padded(calendar(), ["Cc: " + "a@example.com, " * 4300] * 15)
    yield "comments", padded(calendar(), ["Cc: " + "(" * 60_000] * 15)
    yield "encoded words", padded(calendar(), ["Subject: " + "=?utf-8?q?x?= " * 4600] * 15)
    for word, parameter in (("parameters", "; a%d=b"), ("continuations", "; a*%d=b"),
                            ("encoded parameters", "; a*%d*=%%41")):
        value = "".join(parameter % n for n in range(4600))
        part = entity(["Content-Type: text/calendar; method=REQUEST" + value], ics("REQUEST"))
        yield word, message(multipart("mixed", [part] * (SIZE // len(part))))


def encoded():
    yield "base64 garbage", message(entity(["Content-Type: text/calendar; method=REQUEST",
                                            "Content-Transfer-Encoding: base64"], lines(b"!" * 76 + b"\r\n")))
    yield "base64 zeros", message(entity(["Content-Type: text/calendar; method=REQUEST",
                                          "Content-Transfer-Encoding: base64"], lines(b"A" * 76 + b"\r\n")))
    yield "quoted-printable", message(entity(["Content-Type: text/calendar; method=REQUEST",
                                              "Content-Transfer-Encoding: quoted-printable"], lines(b"=\r\n")))
    yield "many calendars", message(multipart("mixed", [calendar(uid=f"{n}@x") + b"x" * 9000 for n in range(990)]))
    yield "one calendar often", message(multipart("mixed", [calendar()] * 990) + b"x" * SIZE)


def cms(people):
    part, boss = calendar(), people.boss
    info = smime.signer_info(boss, part)

    def signed(der):
        return message(smime.around(part, smime.signature_part(der)))

    def opaque(der):
        return message(smime.opaque_part(der, None))

    size = SIZE * 3 // 4
    for word, wrap in (("signature", signed), ("opaque", opaque)):
        yield f"{word}: indefinite lengths", wrap(b"\x30\x80" * (size // 2))
        yield f"{word}: zeros", wrap(b"\0" * size)
        yield f"{word}: deep lengths", wrap(deep(size))
        yield f"{word}: certificates", wrap(smime.signed_data([info], [boss.der] * (size // len(boss.der))))
        yield f"{word}: signerInfos", wrap(smime.signed_data([info] * (size // len(info)), [boss.der]))
        yield f"{word}: digests", wrap(smime.signed_data([info], [boss.der], hashed=["sha256"] * (size // 13)))
    names = people.person("boss", mails=[f"x{n}@example.com" for n in range(45_000)])
    yield "certificate of a megabyte", signed(smime.cms(part, names)) + b"x" * (SIZE - 1_500_000)
    listed = revocation_list(people.root, [people.mallory] * 28_000)
    yield "revocation list of a megabyte", signed(
        smime.signed_data([info], [boss.der], crls=[listed])) + b"x" * (SIZE - 1_500_000)
    attributes = smime.signed_attributes(part, more=[smime.attribute(f"1.2.3.{n}", null()) for n in range(60_000)])
    yield "attributes", signed(smime.signed_data([smime.signer_info(boss, part, attributes=attributes)],
                                                 [boss.der])) + b"x" * (SIZE - 1_500_000)
    attributes = smime.signed_attributes(part, more=[smime.attribute(smime.SIGNING_TIME, null())] * 60_000)
    yield "one attribute often", signed(smime.signed_data(
        [smime.signer_info(boss, part, attributes=attributes)], [boss.der])) + b"x" * (SIZE - 1_500_000)
    big = calendar(more=lines("X-A:b\r\n", 7_000_000).decode().splitlines())
    yield "eight signers of all of it", message(smime.opaque_part(smime.signed_data(
        [smime.signer_info(boss, big)] * 8, [boss.der], inside=big)))
    ladder = people.root
    chain = []
    for number in range(30):
        ladder = Certificate(f"step {number}", Key(), ladder, ca=True)
        chain.append(ladder.der)
    leaf = people.person("boss", issuer=ladder)
    yield "a long chain", signed(smime.signed_data([smime.signer_info(leaf, part)], [leaf.der, *chain])) + \
        b"x" * SIZE
    same = [Certificate("same", Key(), ca=True) for _ in range(2)]
    crossed = [Certificate("same", k.key, i, ca=True).der for k in same for i in same for _ in range(7)]
    leaf = people.person("boss", issuer=same[0])
    yield "certificates in circles", signed(smime.signed_data(
        [smime.signer_info(leaf, part)] * 8, [leaf.der, *crossed])) + b"x" * SIZE
    yield "sixteen signatures of all of it", message(many_around(text("x" * 9_500_000), boss, 16))


def many_around(part, who, count):
    for number in range(count):
        part = smime.around(part, smime.signature_part(smime.cms(part, who)), boundary=f"s{number}.")
    return part


def deep(size):
    """Elements of definite length in one another."""
    out, length = bytearray(), 0
    while length < size:
        head = tlv(0x30, b"")[:1] + (bytes([0x84]) + length.to_bytes(4, "big"))
        out += head[::-1]
        length += len(head)
    return bytes(reversed(out))


def wrapped(people, reader):
    part = calendar()
    size = SIZE * 3 // 4
    info = enveloped.recipient(reader, b"k" * 16)
    yield "recipients, all us", message(smime.opaque_part(enveloped.cbc_for(
        part, [info] * (size // len(info))), None))
    other = enveloped.recipient(people.boss_rsa, b"k" * 16)
    yield "recipients, none us", message(smime.opaque_part(enveloped.cbc_for(
        part, [other] * (size // len(other))), None))
    yield "encrypted whole", message(enveloped.enveloped(calendar() + b"x" * size, reader))
    yield "sealed whole", message(enveloped.sealed(calendar() + b"x" * size, reader))
    yield "triple, whole", message(smime.opaque(enveloped.enveloped(
        smime.opaque(calendar() + b"x" * (size * 9 // 16), people.boss), reader), people.boss))
    yield "inflates to gigabytes", message(enveloped.compressed(b"", stream=deflated(size)))
    thirty = enveloped.packed(calendar() + b"x" * 33_000_000)
    yield "inflates to the limit", message(smime.opaque_part(thirty, None)) + b"x" * SIZE
    yield "inflates sixteen times", message(multipart("mixed", [smime.opaque_part(thirty, None)] * 15)) + b"x" * SIZE
    shell = calendar() + b"x" * 30_000_000
    for _ in range(7):
        shell = multipart("mixed", [smime.opaque_part(enveloped.packed(shell), None), text("x" * 3_000_000)])
    yield "inflates in layers", message(shell) + b"x" * (SIZE - 3_200_000)


def deflated(size):
    packer = zlib.compressobj(9)
    out = bytearray()
    while len(out) < size:
        out += packer.compress(b"\0" * 10_000_000)
    return bytes(out)


def calendars():
    def ical(more=(), size_lines=b""):
        content = ics("REQUEST", more=[*more, "@@"]).replace(b"@@\r\n", size_lines)
        return padded(calendar(content))

    yield "one line", ical(size_lines=b"X-A:" + b"x" * CALENDAR + b"\r\n")
    yield "one folded line", ical(size_lines=b"X-A:\r\n" + lines(b" x\r\n", CALENDAR))
    yield "bad lines", ical(size_lines=lines(b"bad line\r\n", CALENDAR))
    yield "properties", ical(size_lines=lines(b"X-A:b\r\n", CALENDAR))
    yield "190,000 properties", ical(size_lines=b"X-A:b\r\n" * 190_000)
    yield "attendees", ical(size_lines=b"".join(
        b"ATTENDEE;PARTSTAT=ACCEPTED:mailto:a%d@example.com\r\n" % n for n in range(150_000)))
    yield "attendees with proxies", ical(size_lines=b"".join(
        b'ATTENDEE;SENT-BY="mailto:b@example.com":mailto:a%d@example.com\r\n' % n for n in range(100_000)))
    yield "exceptions", ical(size_lines=b"RRULE:FREQ=DAILY\r\nEXDATE:" + b",".join(
        b"2031%02d%02dT100000Z" % (n % 12 + 1, n % 28 + 1) for n in range(60_000)) + b"\r\n")
    yield "exceptions, many lines", ical(["RRULE:FREQ=DAILY"], size_lines=lines(b"EXDATE:20310101T100000Z\r\n", 4_000_000))
    yield "nested components", ical(size_lines=lines(b"BEGIN:X\r\n", CALENDAR))
    yield "components", padded(calendar(ics("REQUEST", *[
        event(uid=f"{n}", attendees=()) for n in range(9_999)])))
    series = [event(more=["RRULE:FREQ=DAILY"])] + [
        event(more=[f"RECURRENCE-ID:2031{n % 12 + 1:02}{n % 28 + 1:02}T{n // 336 % 24:02}0000Z"]) for n in range(9_000)]
    yield "exceptions of a series", padded(calendar(ics("REQUEST", *series)))
    yield "parameters", ical(size_lines=lines(b"X-A" + b";X-B=c" * 90 + b":d\r\n", CALENDAR))
    yield "long parameters", ical(size_lines=b"X-A;X-B=" + lines(b"a,", 900_000) + b":d\r\n")
    zone = [b"BEGIN:VTIMEZONE", b"TZID:Z", *[
        line for n in range(40_000) for line in (b"BEGIN:STANDARD", b"DTSTART:19700101T000000",
                                                  b"TZOFFSETFROM:+0100", b"TZOFFSETTO:+0200", b"END:STANDARD")],
            b"END:VTIMEZONE"]
    content = ics("REQUEST").replace(b"BEGIN:VEVENT\r\n", b"\r\n".join(zone[:5 * 9_000 + 2] + zone[-1:])
                                     + b"\r\nBEGIN:VEVENT\r\n").replace(b"DTSTART:2031", b"DTSTART;TZID=Z:2031")
    yield "time zone", padded(calendar(content.replace(b"T100000Z", b"T100000")))
    for rule in ("FREQ=SECONDLY", "FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
                 "FREQ=DAILY;BYDAY=MO;BYMONTHDAY=13;BYMONTH=2;BYSETPOS=7", "FREQ=MINUTELY;BYHOUR=25",
                 "FREQ=YEARLY;INTERVAL=99999;BYWEEKNO=53;BYDAY=SU", "FREQ=SECONDLY;INTERVAL=7;BYYEARDAY=366"):
        yield f"rule {rule}", ical([f"RRULE:{rule}"])


def benign(people):
    part = calendar()
    return message(multipart("mixed", [smime.signed(part, people.boss), entity(
        ["Content-Type: application/pdf", "Content-Transfer-Encoding: base64"],
        lines(b"QUJD" * 19 + b"\r\n"))]))


class Runner:
    def __init__(self, imip, folder):
        self.imip, self.folder = imip, folder
        with open(imip, "rb") as program:
            self.sanitized = b"__asan_init" in program.read()

    def __call__(self, mail):
        """(seconds of CPU, peak MB, exit code, words): by time(1), what Python forks has Python's peak."""
        path = os.path.join(self.folder, "mail")
        with open(path, "wb") as out:
            out.write(mail)
        command = (self.imip, "verify", "--state", "none", "--policy",
                   os.path.join(self.folder, "policy.toml"), path)
        done = subprocess.run(("time", "-q", "-f", "%M %U %S", *command), stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=600, check=False)
        words, last = done.stderr.decode(errors="replace").rstrip().rpartition("\n")[::2]
        peak, user, system = last.split()
        said = (done.stdout.decode(errors="replace") + words).replace("\n", " ")
        return float(user) + float(system), int(peak) / 1024, done.returncode, said.replace(path, "MAIL")


def prepare(folder, people, reader):
    for name, content in (("root.pem", people.root.pem()), ("reader.pem", reader.key.pem() + reader.pem()),
                          ("policy.toml", b'version = 1\n[me]\naddresses = ["alice@example.com"]\n[smime]\n'
                           b'anchors = ["root.pem"]\n[[identity]]\naddress = "alice@example.com"\n'
                           b'certificate = "reader.pem"\n')):
        with open(os.path.join(folder, name), "wb") as out:
            out.write(content)
        os.chmod(os.path.join(folder, name), 0o600)


def main():
    imip, wanted = os.path.abspath(sys.argv[1]), sys.argv[2:]
    people = People()
    reader = people.person("alice", key=Key("rsa2048"), usage=key_usage(0, 2))
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        prepare(folder, people, reader)
        run = Runner(imip, folder)
        fine = benign(people)
        base = statistics.median(run(fine)[0] for _ in range(ROUNDS))
        base_peak = run(fine)[1]
        print(f"{'benign':<44} {base:7.3f} s    1.0x  {base_peak:6.1f} MB  {len(fine) / 1e6:.1f} MB")
        for make in (structure, headers, encoded, lambda: cms(people), lambda: wrapped(people, reader), calendars):
            for name, mail in make():
                if wanted and not any(word in name for word in wanted):
                    continue
                took, peak, code, said = run(mail)
                bad = code not in (0, 1, 2, 3, 65) or (peak > MOST_MB and not run.sanitized)
                failed += bad
                print(f"{name:<44} {took:7.3f} s {took / base:6.1f}x  {peak:6.1f} MB  {len(mail) / 1e6:5.1f} MB  "
                      f"{'FAIL ' if bad else ''}exit {code}: {said[:90]}", flush=True)
    print(f"{failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
