#!/usr/bin/env python3
"""The same answer every way: whole outputs of `ktrace grep` and `check` must not differ by a byte

- for any number of threads,
- for any block size (KTRACE_BLOCK_SIZE, in bytes),
- for a file, the file as standard input, and a pipe that delivers it in odd pieces,
- for any order of the files on the command line, when no two records have the same time.
"""

import itertools
import json
import os
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path

for room in ("cli", "reference"):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / room))
import harness  # noqa: E402
import nasty_logs  # noqa: E402
import wrappers  # noqa: E402

FORMATS = ("raw", "json", "text", "chrome")
THREADS = (2, 3, 8)
BLOCK_SIZES = (1, 7, 64, 4096, 65536, 1048576)
MOST_BLOCKS = 16 * 1024  # what is larger than so many blocks of a size is not read in that size
SOURCE = re.compile(rb'"source": ?"[^"]*"')


class Input:
    """Files in a directory, and the identifiers to follow in them."""

    def __init__(self, name, directory, identifiers, files=None):
        self.name, self.directory, self.identifiers = name, directory, identifiers
        self.files = files or sorted(path.name for path in directory.iterdir())
        self.size = sum((directory / file).stat().st_size for file in self.files)

    def block_sizes(self):
        return [size for size in BLOCK_SIZES if self.size <= size * MOST_BLOCKS]


# ---- Inputs


def make_inputs(arguments, scratch):
    harness.unpack(arguments.testdata / "slides", scratch / "talk")
    harness.unpack(arguments.testdata / "cluster-a", scratch / "cluster")
    cluster = ["kube-apiserver.log", "kube-scheduler.log", "etcd.log"]
    audit_ids = sorted(
        set(re.findall(r'audit-ID="([^"]+)"', (scratch / "cluster/kube-apiserver.log").read_text()))
    )
    harness.unpack(arguments.testdata / "cluster-a-beside", scratch / "beside")
    shutil.copy(scratch / "cluster/audit.log", scratch / "beside")
    talk = sorted(path.name for path in (scratch / "talk").glob("*.log"))
    return [
        Input("talk", scratch / "talk", ["111", "000", "222"], talk),
        Input("cluster", scratch / "cluster", random.Random(1).sample(audit_ids, 3), cluster),
        Input("beside", scratch / "beside", random.Random(2).sample(audit_ids, 2)),
        make_nasty(scratch / "small", 80, long_line=0),
        make_nasty(scratch / "nasty", 1500, long_line=300 * 1024),
        make_wrapped(scratch / "wrapped", 60),
    ]


def make_nasty(directory, lines, long_line):
    """Random logs: one plain, one with CRLF and without a final line end."""
    generator = nasty_logs.Generator(f"same answer {lines}")
    first = generator.log(lines)
    if long_line:
        long = b'E1122 11:00:00.000001       1 a.go:1] "Long" body="%s" traceID="111"\n' % (
            b"x" * long_line
        )
        at = first.index(b"\n", len(first) // 2) + 1
        first = first[:at] + long + first[at:]
    second = generator.log(lines // 2).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    harness.write_logs(directory, {"a.log": first, "b.log": second.removesuffix(b"\r\n")})
    return Input(directory.name, directory, nasty_logs.IDENTIFIERS)


def make_wrapped(directory, lines):
    """Random logs in envelopes, one of them with pieces of two streams that interleave."""
    generator = nasty_logs.Generator(f"wrapped {lines}")
    rng = generator.random
    texts = [generator.log(lines).replace(b"\r\n", b"\n").split(b"\n")[:-1] for _ in range(3)]
    streams = [(b"stderr", wrappers.pieces(texts[0], 90)), (b"stdout", wrappers.pieces(texts[1], 70))]
    mixed = []
    while any(pieces for _, pieces in streams):
        name, pieces = rng.choice([stream for stream in streams if stream[1]])
        mixed += [wrappers.cri(*piece, name) for piece in pieces[:3]]
        del pieces[:3]
    docker = [wrappers.docker(*piece) for piece in wrappers.pieces(texts[2], 80)]
    journal = [wrappers.journal_short(line) for line in texts[0]]
    exported = [wrappers.journal_export(line) for line in texts[1]]
    indented = [wrappers.cloud_logging_indented(line) for line in texts[2][:60]]
    harness.write_logs(directory, {
        "a.log": b"".join(mixed),
        "b.log": b"".join(docker),
        "c.log": b"".join(journal).removesuffix(b"\n"),
        "d.export": b"".join(exported),
        "e.json": b"[\n" + b"".join(indented).removesuffix(b",\n") + b"\n]\n",
    })
    return Input(directory.name, directory, nasty_logs.IDENTIFIERS)


# ---- Runs


class Check:
    def __init__(self, arguments, tally):
        self.ktrace, self.tally = arguments.ktrace, tally

    def grep(self, given, identifier, form, *extra, files=None, env=None, **how):
        """Status, output and diagnostics of one run."""
        command = [self.ktrace, "grep", "-e", identifier, "-o", form, *extra]
        command += given.files if files is None else files
        done = harness.run(command, cwd=given.directory, env=env, **how)
        return done.returncode, done.stdout, done.stderr

    def same(self, name, expected, got):
        if expected == got:
            self.tally.check(name, True)
            return
        at = next(
            (i for i, (a, b) in enumerate(zip(expected[1], got[1])) if a != b),
            min(len(expected[1]), len(got[1])),
        )
        around = slice(max(0, at - 60), at + 100)
        self.tally.check(
            name,
            False,
            f"status {expected[0]} and {got[0]}, outputs differ from byte {at}:\n"
            f"{expected[1][around]!r}\n{got[1][around]!r}\n"
            f"stderr {expected[2][:300]!r} and {got[2][:300]!r}",
        )

    def threads(self, given, identifier, form):
        expected = self.grep(given, identifier, form, "-j", "1")
        self.tally.check(
            f"{given.name} {identifier} {form}: ends well", expected[0] in (0, 1), expected
        )
        name = f"{given.name} {identifier} {form}"
        for threads in THREADS:
            self.same(
                f"{name}: -j {threads}", expected, self.grep(given, identifier, form, "-j", threads)
            )

    def blocks(self, given, identifier, form):
        expected = self.grep(given, identifier, form, "-j", "1")
        name = f"{given.name} {identifier} {form}"
        for size in given.block_sizes():
            env = {"KTRACE_BLOCK_SIZE": str(size)}
            self.same(
                f"{name}: blocks of {size}", expected, self.grep(given, identifier, form, env=env)
            )
            self.same(
                f"{name}: blocks of {size}, -j 1",
                expected,
                self.grep(given, identifier, form, "-j", "1", env=env),
            )

    @staticmethod
    def nameless(run):
        """The outcome of a run without the names of sources."""
        return run[0], SOURCE.sub(b'"source":"-"', run[1]), run[2]

    def input_kinds(self, given, file, identifier, form):
        """A file, standard input that is a file, a pipe; the name of the source may differ."""
        extra = ("--year", "2026", "--as", "kube-apiserver@cp1")
        expected = self.nameless(self.grep(given, identifier, form, *extra, files=[file]))
        name = f"{given.name}/{file} {identifier} {form}"
        with open(given.directory / file, "rb") as stream:
            got = self.grep(given, identifier, form, *extra, files=["-"], stdin=stream)
        self.same(f"{name}: standard input", expected, self.nameless(got))
        data = (given.directory / file).read_bytes()
        got = self.grep(given, identifier, form, *extra, files=[], data=data)
        self.same(f"{name}: pipe", expected, self.nameless(got))
        self.same(
            f"{name}: pipe in pieces",
            expected,
            self.nameless(self.piecemeal(given, identifier, form, extra, data)),
        )

    def piecemeal(self, given, identifier, form, extra, data):
        """Like grep, with the input in writes of odd sizes."""
        sizes = random.Random(len(data))
        largest = max(16, len(data) // 500)
        command = [
            str(word) for word in (self.ktrace, "grep", "-e", identifier, "-o", form, *extra, "-")
        ]
        with open(given.directory.parent / "out", "w+b") as out, open(
            given.directory.parent / "err", "w+b"
        ) as err:
            with subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=err,
                bufsize=0,
                env=harness.environment(),
            ) as child:
                at = 0
                while at < len(data):
                    at += os.write(child.stdin.fileno(), data[at : at + sizes.randint(1, largest)])
                child.stdin.close()
                status = child.wait(harness.TIME_LIMIT)
            out.seek(0)
            err.seek(0)
            return status, out.read(), err.read()

    def file_order(self, given, identifier, form):
        expected = self.grep(given, identifier, form)
        for files in itertools.permutations(given.files):
            self.same(
                f"{given.name} {identifier} {form}: {' '.join(files)}",
                expected,
                self.grep(given, identifier, form, files=list(files)),
            )

    def check_of(self, given, *extra, env=None):
        command = [self.ktrace, "check", "-o", "json", "-v", "--year", "2026", *extra]
        command += given.files
        done = harness.run(command, cwd=given.directory, env=env)
        return done.returncode, done.stdout, done.stderr

    def checks(self, given):
        """What check says of sources does not depend on where their parts end."""
        expected = self.check_of(given, "-j", "1")
        self.tally.check(f"{given.name} check: ends well", expected[0] == 0, expected)
        for threads in THREADS:
            self.same(
                f"{given.name} check: -j {threads}", expected, self.check_of(given, "-j", threads)
            )
        for size in given.block_sizes():
            env = {"KTRACE_BLOCK_SIZE": str(size)}
            self.same(
                f"{given.name} check: blocks of {size}", expected, self.check_of(given, env=env)
            )
        self.same(
            f"{given.name} check: pipes",
            (expected[0], self.anonymous(expected[1]), b""),
            self.piped_checks(given),
        )

    @staticmethod
    def anonymous(output):
        """The objects of sources, without what standard input does not tell."""
        objects = [json.loads(line) for line in output.splitlines()[:-1]]
        for one in objects:
            for name in ("source", "component", "components", "node", "nodes"):
                one.pop(name, None)
        return json.dumps(objects, indent=1).encode()

    def piped_checks(self, given):
        status, objects = 0, []
        for file in given.files:
            command = [self.ktrace, "check", "-o", "json", "-v", "--year", "2026", "-"]
            data = (given.directory / file).read_bytes()
            done = harness.run(command, cwd=given.directory, data=data)
            status = max(status, done.returncode)
            objects += json.loads(self.anonymous(done.stdout))
        return status, json.dumps(objects, indent=1).encode(), b""


def main():
    parser = harness.options(__doc__.splitlines()[0])
    parser.add_argument("--identifiers", type=int, default=3, help="to follow in each input")
    arguments = harness.parse(parser)
    tally = harness.Tally()
    check = Check(arguments, tally)
    with harness.scratch() as scratch:
        inputs = make_inputs(arguments, Path(scratch))
        for given in inputs:
            del given.identifiers[arguments.identifiers :]
        for given, form in itertools.product(inputs, FORMATS):
            for identifier in given.identifiers:
                check.threads(given, identifier, form)
        # JSON shows all of a record: what is the same there is the same in the other forms.
        for given in inputs:
            for identifier in given.identifiers:
                check.blocks(given, identifier, "json")
        for given, form in itertools.product(inputs, ("raw", "json")):
            for file in given.files[:2]:
                check.input_kinds(given, file, given.identifiers[0], form)
        for given in inputs:
            check.checks(given)
        for form in ("raw", "json", "text"):
            check.file_order(inputs[0], "111", form)
    tally.finish()


if __name__ == "__main__":
    main()
