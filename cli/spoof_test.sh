#!/bin/sh
# Hundreds of hostile mails and their honest twins (testdata/spoof), in LF and CRLF: each must get its verdict
# for its reason, and openssl, gpgsm and gpg are asked about every signature that they can check.
set -eu
# shellcheck source=cli/test_lib.sh
. "$(dirname "$0")/test_lib.sh"

SPOOF=$HERE/../testdata/spoof
run() { /usr/bin/python3 -B "$SPOOF/$1" "$WORLD/corpus" "$IMIP"; }

quit() {
  [ ! -d "$WORLD/corpus/gpg" ] || gpgconf --homedir "$WORLD/corpus/gpg" --kill all
  rm -rf "$WORLD"
}
trap quit EXIT

run generate.py || fail "the corpus could not be made"
run check.py || fail "see above"

# A wrong expectation must be seen: verdict, reason, exit code, openssl's word, too few messages.
manifest=corpus/manifest.jsonl
mv $manifest good.jsonl
wrong() { # SED WORDS: a few messages, the first of them expected to be something else
  sed -n "/$1/{p;q}" good.jsonl | sed "$2" >$manifest
  grep -q . $manifest || fail "no message $1"
  if run check.py >out 2>err; then fail "a wrong expectation was not seen: $2"; fi
  says "$3"
}
wrong '"beside.none"' 's/untrusted:unsigned/trusted:anchor-admits/' 'beside.none (crlf): expected trusted:anchor-admits, got untrusted:unsigned'
wrong '"beside.none"' 's/untrusted:unsigned/untrusted:no-anchor/' 'beside.none (lf): expected untrusted:no-anchor'
wrong '"beside.none"' 's/untrusted:unsigned/ask:unsigned/' 'exit 1, not 2'
wrong '"beside.plain"' 's/"openssl": "good"/"openssl": "bad"/' 'beside.plain (crlf): openssl says good, expected bad'
wrong '"digest.rsa-sha1"' 's/"differs": "[^"]*"/"differs": ""/' 'openssl says good, imip says the signature is not valid'
wrong '"pgp-beside.plain"' 's/"gpg": "good"/"gpg": "bad"/' 'pgp-beside.plain (crlf): gpg says good, expected bad'
wrong '"pgp-signature.sha1"' 's/"differs": "[^"]*"/"differs": ""/' 'gpg says good, imip says the signature is not valid'
wrong '"beside.plain"' '' 'only 0 hostile messages'
