#!/bin/sh
# More than a hundred bad mails of ten megabytes (testdata/spoof/large.py): deep, wide, inflating, full of what
# calendars can hold many of. verify, show, lint and apply --dry-run must end as they document, and in a build
# without sanitizers in no more memory than a mail may cost (with them: each eighth mail). How long they take: ./dev bench.
set -eu
# shellcheck source=cli/test_lib.sh
. "$(dirname "$0")/test_lib.sh"

large() { /usr/bin/python3 -B "$HERE/../testdata/spoof/large.py" "$@"; }

large "$IMIP" --quiet >out 2>err || { cat out err >&2; fail "see above"; }
mails=$(sed -n 's/ mails, 0 failed$//p' out)
least=100
! grep -q __asan_init "$IMIP" || least=15
[ "${mails:-0}" -ge $least ] || { cat out err >&2; fail "only ${mails:-no} mails were tried"; }

# A crash, and what a command does not document, must be seen.
printf '#!/bin/sh\nkill -SEGV $$\n' >crashes
printf '#!/bin/sh\nexit 70\n' >gives-up
chmod +x crashes gives-up
for program in crashes gives-up; do
  if large "$PWD/$program" --quiet 'closes' >out 2>err; then fail "nobody saw that $program"; fi
  says '1 mails, 1 failed'
done
echo "$mails mails"
