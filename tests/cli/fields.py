#!/usr/bin/env python3
"""fields NAMES COMMAND...: the JSON Lines that COMMAND prints, as a table.

NAMES are members, separated by commas; a.b is the member b of a. A row of values stands for each
line, separated by tabs: strings as they are (controls escaped), `-` where the member is missing,
everything else as compact JSON. Output that is no JSON in UTF-8, one object a line, is an error
(status 99), so that a case which uses this also holds the format. Otherwise the exit status is
COMMAND's.
"""

import json
import subprocess
import sys


def member(record, path):
    """The value at a path of names; None when there is none."""
    if path in record:
        return record[path]
    first, dot, rest = path.partition(".")
    inner = record.get(first)
    return member(inner, rest) if dot and isinstance(inner, dict) else None


def cell(value):
    if value is None:
        return "-"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def main():
    names = sys.argv[1].split(",")
    done = subprocess.run(sys.argv[2:], stdout=subprocess.PIPE, check=False)
    out = sys.stdout.buffer
    if done.stdout and not done.stdout.endswith(b"\n"):
        sys.exit("fields: the last line has no end")
    for line in done.stdout.split(b"\n")[:-1]:
        try:
            record = json.loads(line.decode("utf-8", "strict"))
        except ValueError as error:
            print(f"fields: {error}: {line!r}", file=sys.stderr)
            sys.exit(99)
        out.write("\t".join(cell(member(record, name)) for name in names).encode() + b"\n")
    out.flush()
    sys.exit(done.returncode if done.returncode >= 0 else 128 - done.returncode)


if __name__ == "__main__":
    main()
