#!/usr/bin/env python3
"""Compares `ktrace list` with the plain reference, row by row, and with `ktrace grep`.

On the talk's example, on a real cluster's logs in text and in JSON, and on random nasty logs:
- the rows of `ktrace list -o json` are those of list_reference.py, in their order, with the default
  keys and with keys of one's own, and the exit status says whether there are any;
- output is the same for any number of threads, block size and input kind;
- --sort, --slowest and --errors choose and order the rows as promised;
- `ktrace grep ID -c` with the same filters counts the records of ID's row.
"""

import itertools
import json
import random
import sys
from decimal import Decimal
from pathlib import Path

import list_reference
import nasty_logs

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "cli"))
import harness  # noqa: E402

YEAR = 2026  # of all klog stamps; the stamps of JSON lines lie in it, too
KEYS = ([], ["traceID"], ["audit-ID", "podUID"])
BLOCK_SIZES = (64, 1000, 4096, 1 << 20)
SORTS = {
    "duration": lambda row: row["durationMs"],
    "records": lambda row: row["records"],
    "errors": lambda row: row["errors"],
    "gap": lambda row: row["largestGapMs"],
}
FILTERS = (
    [],
    ["--severity", "error"],
    ["--severity", "warning", "--match", "a"],
    ["--match", "Sync|HTTP"],
    ["--component", "a,kubelet,kube-apiserver"],
    ["--since", "2026-11-22T10:00:20Z", "--until", "2026-11-22T16:56:00Z"],
    ["--since", "10:00:30", "--until", "16:54:50"],
    ["--key", "traceID", "--severity", "error"],
)


def words_for(keys):
    return [word for key in keys for word in ("--key", key)]


def difference(expected, got):
    """What differs between two lists of rows, for a message."""
    old = {row["traceId"]: row for row in expected}
    new = {row["traceId"]: row for row in got}
    lines = [f"missing: {old[name]}" for name in old if name not in new]
    lines += [f"too many: {new[name]}" for name in new if name not in old]
    for name, row in old.items():
        for field in sorted(row.keys() | new.get(name, row).keys()):
            was, now = row.get(field), new.get(name, row).get(field)
            if was != now:
                lines.append(f"{name}: {field}: expected {was!r}, got {now!r}")
    if not lines and expected != got:
        lines = ["in another order"]
    return "\n".join(lines[:12])


class Comparison(harness.Logs):
    """A directory of logs and what must be said of it."""

    def __init__(self, arguments, tally, name, directory):
        super().__init__(arguments, tally, name, directory)
        self.sources = [(file, (directory / file).read_bytes()) for file in self.files]

    def run(self, command, *words, **how):
        return super().run(command, "--year", YEAR, *words, **how)

    def rows(self, *words, **how):
        """The rows of a list, and how it ended."""
        done = self.run("list", "-o", "json", *words, **how)
        try:
            lines = done.stdout.decode("utf-8", "strict").splitlines()
            return [json.loads(line, parse_float=Decimal) for line in lines], done
        except ValueError as error:
            self.tally.check(f"{self.name}: list", False, f"{error!r}\n{harness.shown(done)}")
            return [], done

    def check(self, name, expected, got, done):
        """Whether rows and exit status are as expected."""
        good = expected == got and done.returncode == (0 if expected else 1)
        detail = "" if good else f"{difference(expected, got)}\n{harness.shown(done)}"
        self.tally.check(f"{self.name}: list {name}", good, detail)

    def with_reference(self, keys):
        """The rows that are right, and whether they are listed."""
        expected = list_reference.in_order(list_reference.rows(self.sources, YEAR, keys))
        for threads in (1, 4):
            words = words_for(keys) + ["-j", threads]
            got, done = self.rows(*words)
            self.check(" ".join(map(str, words)), expected, got, done)
        return expected

    def same_every_way(self, sizes):
        """Outputs for other block sizes are those for the default, byte for byte."""
        expected = self.run("list", "-o", "json")
        for size, threads in itertools.product(sizes, (1, 4)):
            env = {"KTRACE_BLOCK_SIZE": str(size)}
            got = self.run("list", "-o", "json", "-j", threads, env=env)
            same = (got.returncode, got.stdout) == (expected.returncode, expected.stdout)
            self.tally.check(
                f"{self.name}: list in blocks of {size}, -j {threads}", same, harness.shown(got)
            )

    def as_pipe(self):
        """A source may come through a pipe, or be standard input."""
        for file, data in self.sources:
            words = ("--as", "kubelet@node1")
            expected, _ = self.rows(*words, files=[file])
            got, done = self.rows(*words, files=[], data=data)
            self.check(f"{file} through a pipe", expected, got, done)
            with open(self.directory / file, "rb") as stream:
                got, done = self.rows(*words, files=["-"], stdin=stream)
            self.check(f"{file} as standard input", expected, got, done)

    def choices(self, expected):
        """--sort, --slowest, --errors of rows in the order of starts."""
        for name, rank in SORTS.items():
            wanted = sorted(expected, key=lambda row: -rank(row))
            self.check(f"--sort {name}", wanted, *self.rows("--sort", name))
        self.check("--sort start", expected, *self.rows("--sort", "start"))
        slowest = sorted(expected, key=lambda row: -row["durationMs"])[:3]
        self.check("--slowest 3", slowest, *self.rows("--slowest", 3))
        errors = [row for row in expected if row["errors"]]
        self.check("--errors", errors, *self.rows("--errors"))

    def with_grep(self, filters, most, seed):
        """Each row's records are what grep counts."""
        rows, _ = self.rows(*filters)
        for row in random.Random(seed).sample(rows, min(most, len(rows))):
            done = self.run("grep", "-c", "-e", row["traceId"], *filters)
            self.tally.check(
                f"{self.name}: list and grep agree on {row['traceId']!r} {' '.join(filters)}",
                done.stdout == b"%d\n" % row["records"] and done.returncode == 0,
                f"list: {row['records']}\n{harness.shown(done)}",
            )


def compare_talk(arguments, tally, scratch):
    harness.unpack_talk(arguments.testdata, scratch)
    comparison = Comparison(arguments, tally, "talk", scratch)
    for keys in KEYS + (["pid"],):
        comparison.with_reference(keys)
    comparison.same_every_way(BLOCK_SIZES)
    comparison.as_pipe()
    for filters in FILTERS:
        comparison.with_grep(filters, 10, arguments.seed)


def compare_cluster(arguments, tally, scratch):
    for name in ("cluster-a", "cluster-b-json"):
        harness.unpack(arguments.testdata / name, scratch / name)
        # Audit events are not the reference's to read.
        (scratch / name / "audit.log").unlink(missing_ok=True)
        comparison = Comparison(arguments, tally, name, scratch / name)
        comparison.choices(comparison.with_reference([]))
        comparison.with_reference(["traceID"])
        comparison.same_every_way((4096,))
        for filters in ([], ["--severity", "error"], ["--match", "default"]):
            comparison.with_grep(filters, 15, arguments.seed)


def compare_nasty(arguments, tally, scratch):
    for number in range(arguments.logs):
        directory = scratch / str(number)
        log = nasty_logs.Generator(f"list {arguments.seed}/{number}").log
        harness.write_logs(directory, {"a.log": log(lines=60), "kubelet-n1.log": log(lines=20)})
        comparison = Comparison(arguments, tally, f"nasty log {arguments.seed}/{number}", directory)
        expected = comparison.with_reference([])
        comparison.with_reference(KEYS[1 + number % 2])
        if number % 4 == 0:
            comparison.same_every_way(BLOCK_SIZES)
            comparison.as_pipe()
            comparison.choices(expected)
        comparison.with_grep(FILTERS[number % len(FILTERS)], 20, number)


def main():
    parser = harness.options(__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1, help="of everything that is drawn")
    parser.add_argument("--logs", type=int, default=40, help="random logs to make")
    harness.run_parts(harness.parse(parser), compare_talk, compare_cluster, compare_nasty)


if __name__ == "__main__":
    main()
