#!/usr/bin/env python3
"""Runs the golden cases: whole commands whose outputs are known to the byte.

A case is a directory testdata/cases/NAME/ with
  cmd      a line for /bin/sh, run in a scratch copy of the directory
  stdout, stderr, status
           what the command must print, and its exit status
  setup    optional: a script for /bin/sh, run in the scratch copy before cmd
  others   its inputs

The command finds `ktrace` and the helpers below on PATH and the test data in $TESTDATA. The
environment is fixed (LC_ALL=C.UTF-8, TZ=UTC, no NO_COLOR, no COLUMNS), standard input is empty, and
every input was modified at 2026-11-22T18:00:00Z unless setup touches or makes it.
  fields NAMES COMMAND...    JSON Lines of COMMAND as a table (fields.py)
  in_terminal COMMAND...     what COMMAND writes to a terminal, controls visible (in_terminal.py)
The helpers end with COMMAND's exit status.

--update rewrites the expectations of what was run; the difference is for a person to review.
"""

import difflib
import os
import shlex
import shutil
import sys
from pathlib import Path

import harness

EXPECTED = ("stdout", "stderr", "status")
HELPERS = ("fields", "in_terminal")


def make_path(directory, ktrace):
    """A directory for PATH that holds the program and the helpers."""
    directory.mkdir()
    (directory / "ktrace").symlink_to(ktrace)
    here = Path(__file__).resolve().parent
    for name in HELPERS:
        script = directory / name
        words = [sys.executable, str(here / f"{name}.py")]
        script.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n')
        script.chmod(0o755)


def run_case(case, arguments, scratch):
    """Runs one case; its outputs by the name of the file that expects them."""
    directory = scratch / "case"
    shutil.copytree(
        case,
        directory,
        ignore=lambda folder, names: EXPECTED + ("cmd", "setup") if Path(folder) == case else (),
    )
    harness.set_mtime(directory)
    make_path(scratch / "bin", arguments.ktrace)
    env = {"PATH": f"{scratch / 'bin'}:{os.environ['PATH']}", "TESTDATA": str(arguments.testdata)}
    if (case / "setup").exists():
        setup = harness.run(["/bin/sh", "-e", case / "setup"], cwd=directory, env=env)
        if setup.returncode != 0:
            raise RuntimeError("setup failed: " + harness.shown(setup))
    done = harness.run(["/bin/sh", "-c", (case / "cmd").read_text()], cwd=directory, env=env)
    return {"stdout": done.stdout, "stderr": done.stderr, "status": b"%d\n" % done.returncode}


def difference(case, name, got):
    """A unified diff from what is expected to what came; empty when they are equal."""
    expected = (case / name).read_bytes()
    if expected == got:
        return ""
    lines = [
        data.decode("utf-8", "backslashreplace").splitlines(keepends=True)
        for data in (expected, got)
    ]
    diff = difflib.unified_diff(
        *lines, f"{case.name}/{name} (expected)", f"{case.name}/{name} (got)"
    )
    return "".join(line if line.endswith("\n") else line + "\n\\ no line end\n" for line in diff)


def try_case(case, arguments, tally):
    """Runs one case and counts it."""
    needed = ("cmd",) if arguments.update else ("cmd",) + EXPECTED
    missing = [name for name in needed if not (case / name).is_file()]
    if missing:
        tally.check(case.name, False, "lacks " + ", ".join(missing))
        return
    with harness.scratch() as scratch:
        try:
            got = run_case(case, arguments, Path(scratch))
        except (RuntimeError, OSError, harness.subprocess.TimeoutExpired) as error:
            tally.check(case.name, False, error)
            return
    if arguments.update:
        for name in EXPECTED:
            (case / name).write_bytes(got[name])
    diffs = "".join(difference(case, name, got[name]) for name in EXPECTED)
    tally.check(case.name, not diffs, diffs or "the bytes differ")


def main():
    parser = harness.options(__doc__.splitlines()[0])
    parser.add_argument("--update", action="store_true", help="rewrite what is expected")
    parser.add_argument("--list", action="store_true", help="only name the cases")
    parser.add_argument("cases", nargs="*", metavar="CASE", help="names; all cases by default")
    arguments = harness.parse(parser)
    root = arguments.testdata / "cases"
    names = arguments.cases or sorted(path.name for path in root.iterdir() if path.is_dir())
    if arguments.list:
        print("\n".join(names))
        return
    tally = harness.Tally()
    for name in names:
        try_case(root / name, arguments, tally)
    tally.finish()


if __name__ == "__main__":
    main()
