"""Writes cli/hot_text.ld: which functions and objects one verification executes, so that the linker lays them
together. Usage: hot_text.py BUILD, the folder of `./dev build`.

The program is 12 MB of text, of which a run touches 2 MB: laid out as the archives come, these are spread over
more than a hundred runs of pages, each a fault. What the list no longer names rightly does no harm; make it anew
when `./dev bench` shows goal 1 drifting. Functions of imip are named one by one, other libraries by object, as
their archives have one section an object. valgrind does not know the names in what is laid so: for a profile,
empty the list and link again, as this does.
"""

import bisect
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TARGET = os.path.join(HERE, "..", "..", "cli", "hot_text.ld")
sys.path.insert(0, HERE)
import bench  # noqa: E402  (its world of keys and messages)

PLACE = re.compile(r"^\s*(0x[0-9a-f]+)\s+(0x[0-9a-f]+)\s+(\S.*)$")


def text_sections(map_file):
    """(address, size, file, section) of everything that lies in the program's text, in order of address."""
    with open(map_file) as text:
        lines = text.read().split("Linker script and memory map")[1].splitlines()
    found, inside, name = [], False, None
    for line in lines:
        if line[:1] == ".":
            inside = line.split()[0].startswith(".text")
        if not inside:
            continue
        start = re.match(r"^ (\.text\S*)(.*)$", line)
        name = start[1] if start else name
        place = PLACE.match(start[2] if start else line)
        if place and name:
            found.append((int(place[1], 16), int(place[2], 16), place[3], name))
            name = None
    return sorted(section for section in found if section[1] > 0)


def executed(imip, *arguments):
    """The addresses of the program's instructions that a run executes."""
    with tempfile.NamedTemporaryFile() as out:
        subprocess.run(("valgrind", "--tool=callgrind", "--dump-instr=yes", "--compress-pos=no",
                        "--compress-strings=no", f"--callgrind-out-file={out.name}", imip, *arguments),
                       capture_output=True, check=True, env=bench.ENVIRONMENT)
        ours = False
        for line in open(out.name):
            if line.startswith("ob="):
                ours = os.path.basename(line.strip()) == "imip"
            elif ours and line.startswith("0x"):
                yield int(line.split()[0], 16)


def write(patterns):
    with open(TARGET, "w") as out:
        out.write("/* What one `imip verify` executes; made by lib/testing/hot_text.py. */\n"
                  "SECTIONS\n{\n  .text.hot_objects :\n  {\n")
        out.writelines(pattern + "\n" for pattern in patterns)
        out.write("  }\n}\nINSERT BEFORE .text;\n")


def link(build):
    subprocess.run(("cmake", "--build", build, "--target", "imip"), stdout=subprocess.DEVNULL, check=True)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    build = os.path.abspath(sys.argv[1])
    write([])
    link(build)
    sections = text_sections(os.path.join(build, "imip.map"))
    starts = [section[0] for section in sections]
    imip = os.path.join(build, "imip")
    with tempfile.TemporaryDirectory() as folder:
        bench.World(folder, imip)
        addresses = set(executed(imip, "verify", "--state", "none", "--policy", "policy.toml", "invite.eml"))
        os.chdir("/")
    hot = {}
    for address in sorted(addresses):
        at = bisect.bisect_right(starts, address) - 1
        begin, size, file, name = sections[at]
        member = re.match(r".*?([^/]+\.a)\((.*)\)$", file)
        if at < 0 or address >= begin + size or not member:
            continue
        whole = "" if member[1].startswith("libimip_") else " .text.*"
        hot[f"    *{member[1]}:{member[2]}({name}{whole})"] = None
    write(sorted(hot))
    link(build)
    print(f"{len(hot)} of {len(sections)} sections")


if __name__ == "__main__":
    main()
