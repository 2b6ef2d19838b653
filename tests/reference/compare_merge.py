#!/usr/bin/env python3
"""Compares `ktrace merge` with the plain reference, byte by byte, and watches what it takes.

- `ktrace merge -o raw` of the talk's example, a real cluster's logs in text and JSON and random
  nasty logs is what merge_reference.py makes of them, for any number of threads, block size and
  input kind; filters leave out what they shall; `-o json` has the same records in the same order.
- A source in order comes out as it is; a reversed and a shuffled one come out sorted.
- Input far larger than what may be held passes in bounded memory, from a file and through a pipe;
  nothing stays behind in TMPDIR, whether the program ends, is interrupted or is terminated.
"""

import datetime
import itertools
import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import merge_reference
import nasty_logs
from list_reference import component_of

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "cli"))
import harness  # noqa: E402

YEAR = 2026
MEMORY_LIMIT = 512 * 1024  # KiB of resident memory
MIB = 1024 * 1024
WEIGHTS = ["", "INFO", "WARNING", "ERROR", "FATAL"]


def moment(text):
    """Nanoseconds since 1970."""
    return merge_reference.rfc3339(text)


def time_of_day(record):
    second = datetime.timedelta(seconds=record.time // 10**9)
    return f"{merge_reference.EPOCH + second:%H:%M:%S}"


# Options, and which records (of which file) they leave.
FILTERS = (
    (["--severity", "warning"], lambda record, file: WEIGHTS.index(record.severity) >= 2),
    (["--severity", "error"], lambda record, file: WEIGHTS.index(record.severity) >= 3),
    (["--match", "Sync|HTTP"], lambda record, file: b"Sync" in record.raw or b"HTTP" in record.raw),
    (["--component", "a,kubelet"], lambda record, file: component_of(file) in ("a", "kubelet")),
    (
        ["--since", "2026-11-22T10:00:20Z", "--until", "2026-11-22T16:54:50Z"],
        lambda record, file: moment("2026-11-22T10:00:20Z")
        <= record.time
        <= moment("2026-11-22T16:54:50Z"),
    ),
    (["--since", "10:00:30"], lambda record, file: time_of_day(record) >= "10:00:30"),
)


class Comparison(harness.Logs):
    """A directory of logs and the timeline of all their records."""

    def __init__(self, arguments, tally, name, directory):
        super().__init__(arguments, tally, name, directory)
        self.timeline = [
            (record, file)
            for file in self.files
            for record in merge_reference.records((directory / file).read_bytes(), YEAR)
        ]
        self.timeline.sort(key=lambda placed: placed[0].place)  # stable

    def merge(self, output, *words, **how):
        return self.run("merge", "--year", YEAR, "-o", output, *words, **how)

    def same(self, name, expected, done):
        """Whether the output is `expected` and the exit status goes with it."""
        status = 0 if expected else 1
        at = next(
            (i for i, (a, b) in enumerate(zip(expected, done.stdout)) if a != b),
            min(len(expected), len(done.stdout)),
        )
        begin = expected.rfind(b"\n", 0, at) + 1
        self.tally.check(
            f"{self.name}: merge {name}",
            expected == done.stdout and done.returncode == status,
            f"status {done.returncode}, {len(done.stdout)} bytes for {len(expected)}, "
            f"different from byte {at}:\nexpected {expected[begin:at + 200]!r}\n"
            f"got      {done.stdout[begin:at + 200]!r}\n{done.stderr[:300]!r}",
        )

    def whole(self, sizes):
        """Everything, for any number of threads and block size (0: the usual one)."""
        expected = joined(record for record, _ in self.timeline)
        for size, threads in itertools.product(sizes, (1, 4)):
            env = {"KTRACE_BLOCK_SIZE": str(size)} if size else {}
            done = self.merge("raw", "-j", threads, env=env)
            self.same(f"in blocks of {size or 'the usual size'}, -j {threads}", expected, done)

    def as_pipe(self):
        """Each file alone: as a file, as standard input, through a pipe."""
        for file in self.files:
            expected = joined(record for record, origin in self.timeline if origin == file)
            data = (self.directory / file).read_bytes()
            self.same(file, expected, self.merge("raw", files=[file]))
            done = self.merge("raw", files=[], data=data)
            self.same(f"{file} through a pipe", expected, done)
            with open(self.directory / file, "rb") as stream:
                done = self.merge("raw", files=["-"], stdin=stream)
            self.same(f"{file} as standard input", expected, done)

    def filters(self):
        for words, wanted in FILTERS:
            expected = joined(record for record, file in self.timeline if wanted(record, file))
            self.same(" ".join(words), expected, self.merge("raw", *words))

    def places(self):
        """-o json has the same records in the same order."""
        expected = [(file, record.line) for record, file in self.timeline]
        done = self.merge("json")
        try:
            lines = [json.loads(line) for line in done.stdout.decode().splitlines()]
            got = [(line["source"], line["line"]) for line in lines]
        except (ValueError, KeyError) as error:
            got = repr(error)
        self.tally.check(f"{self.name}: merge -o json", got == expected, harness.shown(done))


def joined(records):
    """The bytes of records, each ended by a line feed."""
    return b"".join(
        record.raw if record.raw.endswith(b"\n") else record.raw + b"\n" for record in records
    )


def compare_talk(arguments, tally, scratch):
    harness.unpack_talk(arguments.testdata, scratch)
    comparison = Comparison(arguments, tally, "talk", scratch)
    comparison.whole((0, 1, 7, 64, 4096))
    comparison.as_pipe()
    comparison.filters()
    comparison.places()


def compare_cluster(arguments, tally, scratch):
    for name in ("cluster-a", "cluster-b-json"):
        harness.unpack(arguments.testdata / name, scratch / name)
        # Audit events are not the reference's to read.
        (scratch / name / "audit.log").unlink(missing_ok=True)
        comparison = Comparison(arguments, tally, name, scratch / name)
        comparison.whole((0, 4096))
        comparison.as_pipe()
        comparison.filters()
        comparison.places()


def compare_nasty(arguments, tally, scratch):
    for number in range(arguments.logs):
        directory = scratch / str(number)
        log = nasty_logs.Generator(f"merge {arguments.seed}/{number}").log
        sizes = {"a.log": 60, "b.log": number % 7, "kubelet.log": 20}
        harness.write_logs(directory, {name: log(lines) for name, lines in sizes.items()})
        comparison = Comparison(arguments, tally, f"nasty log {arguments.seed}/{number}", directory)
        comparison.whole((0, 64, 4096))
        if number % 3 == 0:
            comparison.as_pipe()
            comparison.filters()
            comparison.places()


# ---- Large and disordered logs


def line(number, words):
    """A klog line `number` microseconds after midnight."""
    second = number // 10**6
    clock = f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"
    return f"I1122 {clock}.{number % 10**6:06d}       1 sync.go:10] {words}\n".encode()


def restore_signals():
    """What is to be interrupted must not have inherited that it ignores it."""
    harness.restore_signals()
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Large:
    """Runs on logs that are made here, with an empty directory for temporary files."""

    def __init__(self, arguments, tally, scratch):
        self.arguments, self.tally, self.scratch = arguments, tally, scratch
        self.temporary = scratch / "tmp"
        self.temporary.mkdir()

    def environment(self):
        return harness.environment({"TMPDIR": str(self.temporary)})

    def nothing_left(self, name):
        left = sorted(path.name for path in self.temporary.rglob("*"))
        self.tally.check(f"{name}: nothing is left in TMPDIR", not left, left)

    def start(self, words, stdin=subprocess.DEVNULL):
        """Starts a merge whose output goes to the file `out`."""
        with open(self.scratch / "out", "wb") as out, open(self.scratch / "err", "wb") as err:
            return subprocess.Popen(
                [str(self.arguments.ktrace), "merge", "-o", "raw", "--year", str(YEAR), *words],
                cwd=self.scratch,
                stdin=stdin,
                stdout=out,
                stderr=err,
                env=self.environment(),
                preexec_fn=restore_signals,
            )

    def measure(self, name, words, stdin=subprocess.DEVNULL):
        """Runs a merge to its end: exit status 0, in bounded memory, leaving nothing."""
        child = self.start(words, stdin)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        errors = (self.scratch / "err").read_bytes()
        self.tally.check(f"{name}: ends well", child.returncode == 0, errors[:500])
        if not self.arguments.no_memory_limit:
            self.tally.check(
                f"{name}: memory",
                usage.ru_maxrss <= MEMORY_LIMIT,
                f"{usage.ru_maxrss} KiB of {MEMORY_LIMIT}",
            )
        self.nothing_left(name)
        print(f"{name}: peak {usage.ru_maxrss} KiB")

    def through_pipe(self, name, file):
        with open(self.scratch / file, "rb") as stream:
            cat = subprocess.Popen(["cat"], stdin=stream, stdout=subprocess.PIPE)
            self.measure(name, ["-"], cat.stdout)
            cat.stdout.close()
            cat.wait()

    def is_output(self, name, expected):
        """Whether the output is the file `expected`; compared in pieces, to stay small."""
        with open(self.scratch / "out", "rb") as a, open(self.scratch / expected, "rb") as b:
            at = 0
            while True:
                got, wanted = a.read(MIB), b.read(MIB)
                if got != wanted or not got:
                    break
                at += len(got)
        self.tally.check(f"{name}: output", got == wanted, f"different in the MiB at byte {at}")

    def in_order(self):
        """Logs larger than what may be held come out as they are."""
        with open(self.scratch / "ordered.log", "wb") as file:
            for number in range(self.arguments.large * MIB // 100):
                file.write(line(number * 10, f'"Synced" n={number:08d} pad="{"x" * 26}"'))
        self.measure("a large file", ["ordered.log"])
        self.is_output("a large file", "ordered.log")
        self.measure("a large file, one thread", ["-j", "1", "ordered.log"])
        self.is_output("a large file, one thread", "ordered.log")
        self.through_pipe("a large pipe", "ordered.log")
        self.is_output("a large pipe", "ordered.log")

    def disordered(self):
        """A log in the reverse order, and one in none, with three records for each moment."""
        count = 200_000
        numbers = list(range(count))
        shuffled = random.Random(self.arguments.seed).sample(numbers, count)
        for name, order in (("reversed", numbers[::-1]), ("shuffled", shuffled)):
            lines = [line(number // 3, f'"Synced" n={number}') for number in order]
            (self.scratch / f"{name}.log").write_bytes(b"".join(lines))
            lines.sort(key=lambda text: text[:21])
            (self.scratch / "sorted").write_bytes(b"".join(lines))
            self.measure(f"a {name} log", [f"{name}.log"])
            self.is_output(f"a {name} log", "sorted")
            self.through_pipe(f"a {name} log through a pipe", f"{name}.log")
            self.is_output(f"a {name} log through a pipe", "sorted")

    def late(self):
        """A large pipe whose last record is the first in time."""
        with open(self.scratch / "late.log", "wb") as late:
            with open(self.scratch / "ordered.log", "rb") as ordered:
                first = ordered.readline()
                for piece in iter(lambda: ordered.read(MIB), b""):
                    late.write(piece)
            late.write(first)
        self.measure("a large file with a late line", ["late.log"])
        self.is_output("a large file with a late line", "ordered.log")
        self.through_pipe("a large pipe with a late line", "late.log")
        self.is_output("a large pipe with a late line", "ordered.log")

    def interrupted(self):
        """Ended by a signal amid its work."""
        for number in (signal.SIGTERM, signal.SIGINT):
            name = f"ended by {number.name}"
            with self.start(["-"], subprocess.PIPE) as child:
                try:
                    for _ in range(10):
                        self.feed(child.stdin)
                    child.send_signal(number)
                    status = child.wait(harness.TIME_LIMIT)
                finally:
                    child.kill()
            self.tally.check(name, status in (-number, 128 + number), f"status {status}")
            self.nothing_left(name)

    def feed(self, pipe):
        with open(self.scratch / "shuffled.log", "rb") as file:
            for piece in iter(lambda: file.read(MIB), b""):
                pipe.write(piece)
        pipe.flush()


def compare_large(arguments, tally, scratch):
    large = Large(arguments, tally, scratch)
    large.in_order()
    large.late()
    large.disordered()
    large.interrupted()


def main():
    parser = harness.options(__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1, help="of everything that is drawn")
    parser.add_argument("--logs", type=int, default=40, help="random logs to make")
    parser.add_argument("--large", type=int, default=120, help="MiB of a large log")
    parser.add_argument("--no-memory-limit", action="store_true", help="for builds with sanitizers")
    # Memory first: a child's peak includes what this process held when it was started.
    parts = (compare_large, compare_talk, compare_cluster, compare_nasty)
    harness.run_parts(harness.parse(parser), *parts)


if __name__ == "__main__":
    main()
