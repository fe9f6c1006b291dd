"""gpg: a key ring in a folder, people in it, and what gpg says of a mail."""

import base64
import os
import re
import subprocess
import tempfile

SIGNED = (rb'^Content-Type: multipart/signed;(?=[^\n]*(?:\n[ \t][^\n]*)*protocol="application/pgp-signature")'
          rb'[^\n]*(?:\n[ \t][^\n]*)*boundary="([^"]+)"')


class Gpg:
    def __init__(self, home):
        self.home = home
        os.makedirs(home, mode=0o700, exist_ok=True)

    def call(self, *arguments, given=b""):
        return subprocess.run(("gpg", "--homedir", self.home, "--batch", "--yes", "--no-tty", "--no-options",
                               "--no-auto-key-retrieve", "--pinentry-mode", "loopback", "--passphrase", "",
                               *arguments), input=given, capture_output=True,
                              env={"PATH": os.environ["PATH"], "LC_ALL": "C"})

    def __call__(self, *arguments, given=b""):
        done = self.call(*arguments, given=given)
        if done.returncode != 0:
            raise SystemExit(f"gpg {' '.join(arguments)}: {done.stderr.decode(errors='replace')}")
        return done.stdout

    def make_key(self, user_id, kind="ed25519", usage="sign", expire="never"):
        """The fingerprint of the new key."""
        self("--quick-gen-key", user_id, kind, usage, expire)
        listed = self("--with-colons", "--list-keys", f"={user_id}").decode()
        return re.search(r"^fpr:+([0-9A-F]{40}):", listed, re.M)[1]

    def end(self):
        subprocess.run(("gpgconf", "--homedir", self.home, "--kill", "all"))


def decoded(part):
    head, body = part.split(b"\r\n\r\n", 1)
    return base64.b64decode(body) if b"base64" in head.lower() else body


def pieces_of(octets):
    """(content, signature) of the one multipart/signed of a mail, or (None, armour) of what is encrypted,
    found by looking for delimiters; None for any other."""
    found = re.search(SIGNED, octets, re.M)
    if found:
        parts = octets.split(b"\r\n--" + found[1] + b"\r\n")
        if len(parts) != 3:
            return None
        return parts[1], decoded(parts[2].split(b"\r\n--" + found[1] + b"--")[0])
    found = re.search(rb"-----BEGIN PGP MESSAGE-----.*-----END PGP MESSAGE-----\r?\n", octets, re.S)
    return (None, found[0]) if found else None


def opinion(gpg, path):
    """"good": every signature in the mail holds, and its key is valid in the key ring by some user ID."""
    with open(path, "rb") as mail:
        pieces = pieces_of(mail.read())
    if pieces is None:
        return "bad"
    with tempfile.TemporaryDirectory() as folder:
        for name, content in zip("ms", pieces):
            with open(os.path.join(folder, name), "wb") as out:
                out.write(content or b"")
        work = ("--verify", os.path.join(folder, "s"), os.path.join(folder, "m")) if pieces[0] is not None else (
            "--output", os.path.join(folder, "out"), "--decrypt", os.path.join(folder, "s"))
        done = gpg.call("--status-fd", "1", *work)
    words = {line.split()[1] for line in done.stdout.decode(errors="replace").splitlines()
             if line.startswith("[GNUPG:] ")}
    good = done.returncode == 0 and {"GOODSIG", "VALIDSIG"} <= words and words & {
        "TRUST_FULLY", "TRUST_ULTIMATE"} and not words & {
        "BADSIG", "ERRSIG", "EXPSIG", "EXPKEYSIG", "REVKEYSIG", "TRUST_UNDEFINED", "TRUST_NEVER", "TRUST_MARGINAL",
        "DECRYPTION_FAILED"}
    return "good" if good else "bad"
