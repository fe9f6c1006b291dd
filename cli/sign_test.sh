#!/bin/sh
# imip sign, from outside: OpenSSL verifies what we sign, in LF and CRLF form; keys of every kind;
# passphrases; who may sign what.
# shellcheck source-path=SCRIPTDIR source=testing.sh
. "$(dirname "$0")/testing.sh"

# ---- a throwaway CA and its people ----------------------------------------------------------
key()
{
  case $1 in
    ec) openssl ecparam -name prime256v1 -genkey -noout ;;
    *) openssl genrsa 2048 ;;
  esac 2>/dev/null
}
key rsa >ca.key
openssl req -x509 -new -key ca.key -subj '/CN=Test CA' -days 3650 -out ca.pem 2>/dev/null \
  -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign
# person NAME KIND CA
person()
{
  key "$2" >"$1.key"
  printf 'subjectAltName=email:%s@example.com\nextendedKeyUsage=emailProtection\nkeyUsage=digitalSignature\n' \
    "$1" >"$1.ext"
  openssl req -new -key "$1.key" -subj "/CN=$1" -out "$1.csr" 2>/dev/null
  openssl x509 -req -in "$1.csr" -CA "$3.pem" -CAkey "$3.key" -CAcreateserial -days 3650 \
    -extfile "$1.ext" -out "$1.pem" 2>/dev/null
}
person boss rsa ca
person alice ec ca
# pa's certificate comes from a CA below
key rsa >sub.key
openssl req -new -key sub.key -subj '/CN=Sub CA' -out sub.csr 2>/dev/null
printf 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n' >sub.ext
openssl x509 -req -in sub.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 3650 -extfile sub.ext \
  -out sub.pem 2>/dev/null
person pa rsa sub

"$imip" build request --organizer boss@example.com --attendee bob@example.com --summary 'Plän' \
  --start 2027-01-04T10:00 --duration PT1H --timezone Europe/Berlin --uid u1 \
  --message-id m1@example.com >mail.eml || fail "build"

# verified FILE: OpenSSL agrees, LF and CRLF, and says the same octets that we had
verified()
{
  check "openssl verifies $1 (LF)" \
    openssl cms -verify -in "$1" -CAfile ca.pem -purpose smimesign -out content.lf
  sed 's/$/\r/' "$1" >crlf.eml
  check "openssl verifies $1 (CRLF)" \
    openssl cms -verify -in crlf.eml -CAfile ca.pem -purpose smimesign -out content.crlf
  check "both mean the same" cmp content.lf content.crlf
}

# ---- one signature of each kind -------------------------------------------------------------
cat boss.pem boss.key >boss.both
pipe 0 mail.eml sign --identity boss.both
[ -s err ] && fail "a notice without need"
cp out signed.eml
verified signed.eml
tr -d '\r' <content.lf >content
sed '1,/^$/d' mail.eml >body
grep -q 'micalg="*sha-256' signed.eml || fail "micalg"
grep -q '^From: boss@example.com$' signed.eml || fail "From stays outside"
grep -c '^MIME-Version:' signed.eml | grep -qx 1 || fail "MIME-Version once"
awk 'length($0) >= 78 || /^From / || /\r/ { exit 1 }' signed.eml || fail "lines"
awk '/^$/ { exit } /^Content-Type: multipart\/mixed/ { bad = 1 } END { exit bad }' signed.eml ||
  fail "the old Content-Type stayed outside"
check "what is signed is the mail's body" grep -q 'Content-Type: multipart/mixed' content
tail -n 5 body >end
check "to its end" grep -qF -- "$(tail -n 1 end)" content

sed 's/$/\r/' mail.eml >mail-crlf.eml
run 0 sign --identity boss.both mail-crlf.eml
cp out signed.eml
verified signed.eml

run 0 sign --identity alice.pem --key alice.key mail.eml
says 'alice@example.com'
cp out signed.eml
verified signed.eml

run 0 sign --identity boss.both --opaque mail.eml --output opaque.eml
silent
grep -q 'smime-type=signed-data' opaque.eml || fail "--opaque"
verified opaque.eml

sed 's/^From: .*/From: pa@example.com/' mail.eml >pa.eml
run 0 sign --identity pa.pem --key pa.key --intermediate sub.pem pa.eml
cp out signed.eml
verified signed.eml

# the way up is part of the signature if the policy holds it, the root is not; what is missing is told
certificates() { openssl cms -verify -noverify -in "$1" -certsout certs -out /dev/null 2>/dev/null; grep -c BEGIN certs; }
printf 'version = 1\n[me]\naddresses = ["pa@example.com"]\n[smime]\nanchors = ["ca.pem"]\n' >gap.toml
{ cat gap.toml; echo 'intermediates = ["sub.pem"]'; } >up.toml
run 0 sign --policy up.toml --identity pa.pem --key pa.key pa.eml
[ -s err ] && fail "a notice without need"
cp out signed.eml
verified signed.eml
[ "$(certificates signed.eml)" = 2 ] || fail "not the certificate and its issuer"
run 0 sign --policy gap.toml --identity pa.pem --key pa.key pa.eml
says "the issuer 'CN=Sub CA' is not at hand"
cat sub.pem ca.pem >chain.pem
openssl pkcs12 -export -in pa.pem -inkey pa.key -certfile chain.pem -passout pass:secret -out pa.p12
openssl req -x509 -newkey rsa:2048 -nodes -keyout other.key -subj '/CN=Other' -out other.pem -days 9 \
  -addext basicConstraints=critical,CA:TRUE 2>/dev/null
sed 's/ca.pem/other.pem/' gap.toml >other.toml
echo secret >pass
run 0 sign --policy other.toml --identity pa.p12 --passphrase-file pass pa.eml
[ -s err ] && fail "a notice without need: the root is in the file"
[ "$(certificates out)" = 2 ] || fail "the root is in the signature"
run 0 sign --identity pa.pem --key pa.key pa.eml
[ -s err ] && fail "a notice although nothing is known of anchors"

# 8-bit, "From " lines and trailing blanks in somebody else's mail
printf 'From: boss@example.com\nSubject: x\nMIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: 8bit\n\nFrom gr\303\274n  \nend\n' >eight.eml
run 0 sign --identity boss.both eight.eml
cp out signed.eml
verified signed.eml
LC_ALL=C grep -q '[^ -~	]' signed.eml && fail "not 7-bit clean"

# ---- PKCS#12 and passphrases ----------------------------------------------------------------
openssl pkcs12 -export -in boss.pem -inkey boss.key -certfile ca.pem -passout pass:secret -out boss.p12
openssl pkcs12 -export -legacy -in boss.pem -inkey boss.key -passout pass:secret -out legacy.p12
openssl pkcs12 -export -in boss.pem -inkey boss.key -passout pass: -out empty.p12
openssl rsa -aes256 -in boss.key -passout pass:secret -out boss.locked 2>/dev/null
echo secret >pass
printf 'secret\r\n' >pass-crlf
echo wrong >wrong
for p12 in boss.p12 legacy.p12; do
  run 0 sign --identity $p12 --passphrase-file pass mail.eml
  cp out signed.eml
  verified signed.eml
  run 77 sign --identity $p12 --passphrase-file wrong mail.eml
  silent
  says 'passphrase'
done
run 0 sign --identity boss.p12 --passphrase-file pass-crlf mail.eml
run 0 sign --identity boss.pem --key boss.locked --passphrase-file pass mail.eml
run 77 sign --identity boss.pem --key boss.locked --passphrase-file wrong mail.eml
says 'passphrase'
export PASS=secret
run 0 sign --identity boss.p12 --passphrase-env PASS mail.eml
run 77 sign --identity boss.p12 --passphrase-env NO_SUCH_NAME mail.eml
"$imip" sign --identity boss.p12 --passphrase-fd 3 mail.eml 3<pass >out 2>err || fail "--passphrase-fd"
run 77 sign --identity boss.p12 --passphrase-fd 9 mail.eml
says 'descriptor 9'
# no terminal: never from standard input
printf 'secret\n' >answers
code=0
setsid -w "$imip" sign --identity boss.p12 mail.eml <answers >out 2>err || code=$?
[ "$code" = 77 ] || fail "a passphrase from standard input: $code"
silent
says 'terminal'
# a terminal: asked there, not shown
check "asked on the terminal" /usr/bin/python3 - "$imip" <<'END'
import os, pty, sys, time
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], [sys.argv[1], 'sign', '--identity', 'boss.p12', '--output', 'asked.eml', 'mail.eml'])
seen = b''
while b'Passphrase for boss.p12' not in seen:
    seen += os.read(fd, 1000)
time.sleep(0.2)
os.write(fd, b'secret\n')
try:
    while True:
        more = os.read(fd, 1000)
        if not more:
            break
        seen += more
except OSError:
    pass
status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
assert status == 0, (status, seen)
assert b'secret' not in seen, seen
END
[ -s asked.eml ] || fail "nothing was signed after the question"

# ---- who may sign what ----------------------------------------------------------------------
run 1 sign mail.eml
silent
says 'boss@example.com'
mkdir -p "$HOME/.config/imip"
policy="$HOME/.config/imip/policy.toml"
cat >"$policy" <<END
version = 1
[[identity]]
address = "boss@example.com"
pkcs12 = "$dir/boss.p12"
passphrase = { file = "$dir/pass" }
[[identity]]
address = "alice@example.com"
certificate = "$dir/alice.pem"
key = "$dir/alice.key"
[[identity]]
address = "carol@example.com"
certificate = "$dir/alice.pem"
key = "$dir/alice.key"
END
run 0 sign mail.eml
cp out signed.eml
verified signed.eml
sed 's/^From: .*/From: nobody@example.com\nSender: alice@example.com/' mail.eml >sender.eml
run 0 sign sender.eml
cp out signed.eml
verified signed.eml
run 0 sign --as alice@example.com mail.eml
run 1 sign --as bob@example.com mail.eml
says 'bob@example.com'
sed 's/^From: .*/From: carol@example.com/' mail.eml >carol.eml
run 1 sign carol.eml
says 'alice@example.com'
cat alice.pem alice.key >alice.both
run 0 sign --identity alice.both --identity boss.both mail.eml
[ -s err ] && fail "the fitting identity needs no notice"
run 1 sign --identity alice.both --identity alice.both mail.eml
says 'no --identity'
run 78 sign --identity alice.pem --key boss.key mail.eml
says 'does not belong'
run 64 sign --key boss.key mail.eml
run 66 sign --identity nothing.pem mail.eml
says 'nothing.pem'

# No From: nobody to look up, and a key that is named is used with a notice; nor is a certificate refused
# whose address stands in its subject only, which receivers do not read.
sed '/^From: /d' mail.eml >from-nobody.eml
run 1 sign from-nobody.eml
says 'neither From nor Sender'
run 0 sign --identity boss.both from-nobody.eml
says 'the mail is from nobody'
openssl req -x509 -new -key boss.key -subj '/CN=b/emailAddress=boss@example.com' -days 9 -out dn.pem 2>/dev/null
run 0 sign --identity dn.pem --key boss.key mail.eml
says 'the certificate is for nobody'
openssl req -x509 -newkey rsa:1024 -nodes -keyout weak.key -subj '/CN=w' -addext subjectAltName=email:boss@example.com -days 9 -out weak.pem 2>/dev/null
run 78 sign --identity weak.pem --key weak.key mail.eml
silent
says '1024 bits'
# a certificate whose authority signs with SHA-1 is used with a notice
openssl x509 -req -in boss.csr -CA ca.pem -CAkey ca.key -days 9 -extfile boss.ext -sha1 -out sha1.pem 2>/dev/null
run 0 sign --identity sha1.pem --key boss.key mail.eml
says 'signed by its authority with sha1, which most receivers refuse'

# ---- bad input ------------------------------------------------------------------------------
: >empty
pipe 65 empty sign
silent
[ "$(wc -l <err)" = 1 ] || fail "empty: not one line"
run 66 sign nothing.eml
run 66 sign "$HOME"
head -c 5000 /dev/urandom >binary
run 65 sign --identity boss.both binary
silent
printf 'BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n' >bare.ics
run 65 sign --identity boss.both bare.ics
says 'bare.ics: is a calendar and no mail (imip build makes a mail of it)'
silent
head -c 40000000 /dev/zero | tr '\0' '\n' >huge
run 65 sign --identity boss.both huge
rm huge
"$imip" sign mail.eml >/dev/full 2>err
[ $? = 74 ] || fail "/dev/full"
echo 'version = 2' >"$policy"
run 78 sign mail.eml
says 'policy.toml:1:'
run 78 sign --policy nothing.toml mail.eml

# ---- a signal at the passphrase gives the terminal its echo back ---------------------------
openssl pkcs12 -export -in boss.both -inkey boss.both -out asked.p12 -passout pass:x 2>/dev/null
echo 'version = 1' >asked.toml
chmod 600 asked.p12 asked.toml
check "the terminal has its echo back" /usr/bin/python3 - "$imip" <<'PY'
import os, pty, signal, sys, termios, time
for number in (signal.SIGINT, signal.SIGTERM):
    child, tty = pty.fork()
    if child == 0:
        os.execv(sys.argv[1], [sys.argv[1], "sign", "--policy", "asked.toml", "--identity", "asked.p12", "mail.eml"])
    said = b""
    while b"Passphrase" not in said:
        said += os.read(tty, 1000)
    while termios.tcgetattr(tty)[3] & termios.ECHO:
        time.sleep(0.01)
    os.kill(child, number)
    status = os.waitpid(child, 0)[1]
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == number, status
    assert termios.tcgetattr(tty)[3] & termios.ECHO, "no echo"
PY

# ---- reproducible but for the signature -----------------------------------------------------
cat >"$policy" <<END
version = 1
END
run 0 sign --identity boss.both --boundary-seed s --now 2027-01-01T00:00:00Z mail.eml
cp out one.eml
run 0 sign --identity boss.both --boundary-seed s --now 2027-01-01T00:00:00Z mail.eml
check "RSA signatures are deterministic, and so is the mail" cmp out one.eml

done_testing
