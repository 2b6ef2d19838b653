#!/usr/bin/env python3
"""Prints how the cost of commands grows with the size of what they read, on one thread and on two.

    tests/bench/scale.py BUILD_DIR [--corpus DIR] [--times 1,2,4,8] [--only SUBSTRING]

The text corpus of compare.py is copied as often as needed; all copies should fit into the page
cache. The number of traces does not grow, therefore, but that of records does. Every command runs
once; processor time is what to compare.
"""

import argparse
import os
import shlex
import shutil
import tempfile

import compare

COMMANDS = {
    "grep": "{ktrace} grep --no-index -j{threads} {id} {files}",
    "list --key traceID": "{ktrace} list --no-index -j{threads} --key traceID {files}",
    "list": "{ktrace} list --no-index -j{threads} {files}",
    "index": "{ktrace} index -j{threads} --index-dir {indexes} {files}",
    "merge -o raw": "{ktrace} merge -o raw -j{threads} {files}",
}


def copies(lab, times, directory):
    """The corpus's files, so many times, each under a name of its own."""
    paths = []
    for i in range(times):
        for path in lab.files(compare.Case("", "", "text", "")):
            paths.append(os.path.join(directory, f"{i}-{os.path.basename(path)}"))
            if not os.path.exists(paths[-1]):
                shutil.copy2(path, paths[-1])
    return paths


def measure(lab, name, times, threads, directory):
    paths = copies(lab, times, directory)
    with tempfile.TemporaryDirectory(prefix="ktrace-index-") as indexes:
        words = {"files": " ".join(map(shlex.quote, paths)), "indexes": indexes,
                 "threads": threads, **lab.programs, **lab.wanted("text")}
        case = compare.Case(name, "", "text", COMMANDS[name].format(**words),
                            big_output=name.startswith("merge"))
        seconds, usage, status = lab.run(case, shlex.split(case.command))
    gib = sum(map(os.path.getsize, paths)) / 2**30
    cpu = usage.ru_utime + usage.ru_stime
    print(f"{name:<20}{gib:>6.1f}{threads:>9}{seconds:>9.2f}{usage.ru_utime:>9.2f}"
          f"{usage.ru_stime:>9.2f}{cpu / gib:>11.3f}{usage.ru_maxrss / 1024:>10.1f}"
          + ("" if status == 0 else f"  exit status {status}"), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("build", help="directory with ktrace")
    parser.add_argument("--corpus", default=os.path.join(tempfile.gettempdir(), "corpus"))
    parser.add_argument("--size", default="1GiB", help="of the corpus to be made (%(default)s)")
    parser.add_argument("--times", default="1,2,4,8")
    parser.add_argument("--only", help="only commands that contain this")
    options = parser.parse_args()
    options.id = None
    lab = compare.Lab(options)
    lab.prepare(compare.Case("", "", "text", ""))
    compare.machine()
    print(f"{'command':<20}{'GiB':>6}{'threads':>9}{'wall s':>9}{'user s':>9}{'sys s':>9}"
          f"{'cpu s/GiB':>11}{'peak MiB':>10}")
    with tempfile.TemporaryDirectory(prefix="ktrace-scale-",
                                     dir=os.path.dirname(options.corpus)) as directory:
        for name in COMMANDS:
            if options.only and options.only not in name:
                continue
            for times in map(int, options.times.split(",")):
                for threads in (1, 2):
                    measure(lab, name, times, threads, directory)


if __name__ == "__main__":
    main()
