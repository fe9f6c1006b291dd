#!/bin/sh
# The corpus of testdata/spoof: hostile mails by the hundred and honest ones, each in LF and CRLF, made anew with
# new keys, against imip, openssl and gpgsm.
# shellcheck source-path=SCRIPTDIR source=test_lib.sh
. "$(dirname "$0")/test_lib.sh"

# The system's own: another one on PATH need not have asn1crypto.
/usr/bin/python3 "$HERE/../testdata/spoof/generate.py" "$WORLD/corpus" "$IMIP" || fail "the corpus was not made"
/usr/bin/python3 "$HERE/../testdata/spoof/check.py" "$WORLD/corpus" "$IMIP" || fail "see above"
