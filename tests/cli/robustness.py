#!/usr/bin/env python3
"""Bad input and bad outputs: nothing crashes ktrace, nothing gets lost, memory stays bounded.

Inputs are made here, in pieces, so that this script's own memory stays below what it measures.
"""

import json
import os
import random
import signal
import subprocess
import time
from pathlib import Path

import harness

MEMORY_LIMIT = 64 * 1024  # KiB of resident memory, whatever the size of the input
MERGE_LIMIT = 192 * 1024  # the same of merge, which reads ahead
LIST_LIMIT = 192 * 1024  # the same of list, whatever the number of records
MIB = 1024 * 1024


def record(second, body, fraction=0):
    clock = f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}.{fraction:06d}"
    return f"I1122 {clock}       1 sync.go:10] {body}\n".encode()


HIT = '"Synced" traceID="111"'


class Robustness:
    def __init__(self, arguments, tally, scratch):
        self.arguments, self.tally, self.scratch = arguments, tally, scratch
        # Sanitizers take ten times as long for what is large, and see no more in it.
        self.share = 10 if arguments.no_memory_limit else 1

    def grep(self, *words, **how):
        return harness.run([self.arguments.ktrace, "grep", "111", *words], cwd=self.scratch, **how)

    def write(self, name, *pieces):
        """A file of pieces: bytes, or (bytes, times)."""
        with open(self.scratch / name, "wb") as file:
            for piece in pieces:
                data, times = piece if isinstance(piece, tuple) else (piece, 1)
                for _ in range(times):
                    file.write(data)
        os.utime(self.scratch / name, (harness.INPUT_MTIME, harness.INPUT_MTIME))

    def lines_found(self, name, file, expected):
        """The records that begin at the lines `expected` are found, and nothing else."""
        done = self.grep(file, "-o", "json")
        lines = [
            int(line.split(b'"line":')[1].split(b",")[0].strip(b" }"))
            for line in done.stdout.splitlines()
            if b'"line":' in line
        ]
        # A stated limit may be told, as an error or not; found is found.
        good = lines == expected and (
            done.returncode == (0 if expected else 1) or done.returncode == 2 and done.stderr
        )
        self.tally.check(
            name, good, f"lines {lines}\nstatus {done.returncode}\n{done.stderr[:500]!r}"
        )

    def measure(self, command, name, standard_input=subprocess.DEVNULL, limit=MEMORY_LIMIT):
        """Runs a command, whose peak of resident memory is at most `limit` KiB; its exit status."""
        with open(self.scratch / "out", "wb") as out:
            child = subprocess.Popen(
                [str(word) for word in command],
                cwd=self.scratch,
                stdout=out,
                stdin=standard_input,
                env=harness.environment(),
            )
            _, status, usage = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
        if not self.arguments.no_memory_limit:
            self.tally.check(
                name, usage.ru_maxrss <= limit, f"{usage.ru_maxrss} KiB of {limit}"
            )
        print(f"{name}: peak {usage.ru_maxrss} KiB")
        return child.returncode

    # ---- Memory

    def large_log(self):
        """256 MiB of log with a hit in each MiB."""
        megabytes = 256 // self.share
        filler = b"".join(record(s, f'"Other" traceID="222" n={s}') for s in range(MIB // 75))
        blocks = []
        for number in range(megabytes):
            blocks += [filler, record(60000, HIT, number)]
        self.write("large.log", *blocks)
        ktrace = self.arguments.ktrace
        for form in ("raw", "json"):
            status = self.measure(
                [ktrace, "grep", "111", "large.log", "-o", form], f"memory for a large log, {form}"
            )
            found = (self.scratch / "out").read_bytes().count(b"\n")
            self.tally.check(
                f"all hits in a large log, {form}",
                (status, found) == (0, megabytes),
                f"status {status}, {found} found",
            )
        with open(self.scratch / "large.log", "rb") as file:
            cat = subprocess.Popen(["cat"], stdin=file, stdout=subprocess.PIPE)
            status = self.measure(
                [ktrace, "grep", "111", "-c"], "memory for a large pipe", cat.stdout
            )
            cat.stdout.close()
            cat.wait()
        self.tally.check(
            "all hits in a large pipe",
            status == 0 and int((self.scratch / "out").read_bytes()) == megabytes,
        )
        (self.scratch / "large.log").unlink()

    def counted(self):
        """A log of nothing but hits, of which only the count is wanted."""
        hits = 1_200_000 // self.share
        self.write("hits.log", (record(60000, HIT, 1), hits))
        command = [self.arguments.ktrace, "grep", "111", "-c", "hits.log"]
        status = self.measure(command, "memory for a count")
        found = int((self.scratch / "out").read_bytes())
        self.tally.check("a count", (status, found) == (0, hits), (status, found))
        (self.scratch / "hits.log").unlink()

    def listed(self):
        """A pipe of nothing but hits, of few traces and in no order: their records are not held."""
        hits = b"".join(
            record(i * 7 % 50_000, f'"Synced" traceID="{i * i % 7}"', i) for i in range(20_000)
        )
        times = 120 // self.share
        self.write("hits.log", (hits, times))
        command = [self.arguments.ktrace, "list", "--no-index", "--year=2026", "-o", "json"]
        rows = []
        with open(self.scratch / "hits.log", "rb") as file:
            cat = subprocess.Popen(["cat"], stdin=file, stdout=subprocess.PIPE)
            runs = ((["hits.log"], subprocess.DEVNULL), (["-"], cat.stdout))
            for paths, standard_input in runs:
                status = self.measure(
                    command + paths, f"memory for a list of {paths[0]}", standard_input, LIST_LIMIT
                )
                listed = map(json.loads, (self.scratch / "out").read_text().splitlines())
                rows.append([{**row, "components": None} for row in listed])
                self.tally.check(
                    f"a list of {paths[0]}",
                    status == 0 and sum(row["records"] for row in rows[-1]) == 20_000 * times,
                    (status, rows[-1]),
                )
            cat.stdout.close()
            cat.wait()
        self.tally.check("a list of a pipe as of a file", rows[0] == rows[1], rows)
        (self.scratch / "hits.log").unlink()

    def long_line(self):
        """96 MiB without a line end, between two records."""
        begin, end = record(1, HIT), record(3, HIT)
        self.write(
            "long.log", begin, record(2, '"Long" body="')[:-1], (b"x" * MIB, 96), b'"\n', end
        )
        self.measure([self.arguments.ktrace, "grep", "111", "long.log"], "memory for a long line")
        self.lines_found("records around a long line", "long.log", [1, 3])
        self.write(
            "long.json", begin, b'{"ts":1795366480000,"msg":"', (b"x" * MIB, 96), b'"}\n', end
        )
        self.lines_found("records around a long JSON line", "long.json", [1, 3])
        self.write("long.txt", (b"x" * MIB, 96), b"\n", end)
        self.lines_found("a record after a long plain line", "long.txt", [2])
        self.write("blank.txt", begin, (b"\n" * MIB, 16), end)
        self.lines_found("a record after millions of empty lines", "blank.txt", [1, 16 * MIB + 2])

    def bombs(self):
        """A gigabyte of nothing, or of one line, in a few kilobytes: bounded, and it can be stopped."""
        hit = record(1, HIT)
        line = record(2, '"Other" traceID="222"')
        contents = {"zeros": bytes(4 * MIB), "lines": line * (4 * MIB // len(line))}
        for name, content in contents.items():
            for pack in ("zstd -qc", "gzip -c"):
                packed = [
                    subprocess.run(pack.split(), input=data, stdout=subprocess.PIPE, check=True).stdout
                    for data in (hit, content)
                ]
                form = f"{name}, {pack.split()[0]}"
                self.write("bomb", packed[0], (packed[1], 256 // self.share))
                status = self.measure(
                    [self.arguments.ktrace, "grep", "111", "-c", "bomb"], f"memory for a bomb of {form}"
                )
                found = (self.scratch / "out").read_bytes()
                self.tally.check(
                    f"what stands before a bomb of {form}", (status, found) == (0, b"1\n"), found
                )
                if pack.startswith("zstd"):
                    self.write("bomb", packed[0], (packed[1], 64 // self.share))
                    self.read_all_of_bomb(form)
        # Hours of work: nothing but the signal ends it.
        with open(self.scratch / "bomb", "wb") as file:
            file.write(packed[0])
            for _ in range(64):
                file.write(packed[1])
            file.truncate(1 << 40)
        for words in ("grep 111", "list", "check", "merge"):
            child = subprocess.Popen(
                [str(self.arguments.ktrace), *words.split(), "bomb"],
                cwd=self.scratch,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            time.sleep(0.5)  # so that it is at work as a rule; the outcome is the same if it is not
            child.send_signal(signal.SIGINT)
            status = child.wait(harness.TIME_LIMIT)
            self.tally.check(f"{words} of a bomb can be interrupted", status == -signal.SIGINT, status)

    def read_all_of_bomb(self, form):
        """Commands that look at every record, or twice, of records without times or of equal ones."""
        for words, limit in (("check -q", MEMORY_LIMIT), ("merge -c", MERGE_LIMIT)):
            status = self.measure(
                [self.arguments.ktrace, *words.split(), "bomb"],
                f"memory of {words} for a bomb of {form}",
                limit=limit,
            )
            self.tally.check(f"{words} of a bomb of {form}", status == 0, status)

    def hit_in_long_line(self):
        """An identifier behind 96 MiB in its own record is found, or its loss is told."""
        self.write(
            "long.log", record(2, '"Long" body="')[:-1], (b"x" * MIB, 96), b'" traceID="111"\n'
        )
        done = self.grep("long.log", "-c")
        self.tally.check(
            "an identifier at the end of a long line",
            done.stdout == b"1\n" or done.returncode == 2 and done.stderr,
            harness.shown(done),
        )
        (self.scratch / "long.log").unlink()

    def hit_in_long_json(self):
        """An identifier inside one JSON value of 2 MiB is found, in text and in JSON."""
        value = b'{"a":"' + b"x" * 2 * MIB + b'","b":[{"traceID":"111"}]}'
        self.write(
            "value.log",
            record(1, '"Updated" obj=')[:-1] + value + b" n=1\n",
            b'{"ts":1795366480000,"msg":"Updated","obj":' + value + b"}\n",
        )
        self.lines_found("an identifier in a long JSON value", "value.log", [1, 2])
        (self.scratch / "value.log").unlink()

    # ---- Hostile bytes

    def truncated_json(self):
        """A JSON record cut at every byte, and what follows it."""
        line = (
            b'{"ts":1795366480000.5,"caller":"a/b.go:1","msg":"a \\"b\\" \\u00e9","v":1,'
            b'"obj":{"a":[1,2.5e3,true,null]},"traceID":"222"}'
        )
        good = True
        for cut in range(1, len(line)):
            for tail in (b"", b"\n"):
                self.write("cut.log", record(1, HIT), line[:cut] + tail)
                done = self.grep("cut.log", "-c")
                good = good and done.stdout == b"1\n" and done.returncode == 0
        self.tally.check("JSON cut at any byte", good, "the record before it must be found")

    def deep_json(self):
        depth = 200_000
        for name, opener, closer in (("arrays", b"[", b"]"), ("objects", b'{"a":', b"}")):
            for closed in (True, False):
                deep = opener * depth + b"1" + closer * (depth if closed else 0)
                what = f"{name} of depth {depth}, {'closed' if closed else 'open'}"
                self.write(
                    "deep.log",
                    record(1, HIT),
                    b'{"ts":1,"msg":"x","a":' + deep + b"}\n",
                    record(3, HIT),
                )
                self.lines_found(f"JSON {what}", "deep.log", [1, 3])
                # Those that hold a hit are parsed for certain; whether they match is left open.
                self.write(
                    "deep.log",
                    b'{"ts":1,"msg":"x","traceID":"111","a":' + deep + b"}\n",
                    record(3, '"Deep" traceID="111" a=')[:-1] + deep + b"\n",
                )
                done = self.grep("deep.log", "-o", "json")
                self.tally.check(
                    f"a hit in JSON {what}", done.returncode in (0, 1, 2), harness.shown(done)
                )

    def noise(self):
        """Random bytes, and a log with random bytes changed."""
        draw = random.Random(1)
        for number in range(20):
            self.write("noise.log", draw.randbytes(100_000), b"\n", record(1, HIT))
            done = self.grep("noise.log", "-c")
            self.tally.check(f"noise {number}", done.stdout == b"1\n", harness.shown(done))
        log = b"".join(
            record(s, '"Synced" traceID="111" obj={"a":"b"} s="x\\"y"') for s in range(300)
        )
        for number in range(100):
            damaged = bytearray(log)
            for _ in range(200):
                damaged[draw.randrange(len(log))] = draw.choice(b'\n\r\0\x1b"\\{}[]<>=: \xff\xc3I1')
            self.write("noise.log", bytes(damaged))
            form = ("json", "text", "raw", "chrome")[number % 4]
            done = self.grep("noise.log", "-o", form)
            self.tally.check(
                f"damaged log {number}, {form}", done.returncode in (0, 1), harness.shown(done)
            )

    def unclosed_blocks(self):
        """Beginnings without end must not make the work grow with the square of the input."""
        self.write(
            "open.log",
            record(1, HIT),
            (b'traceID="111 key=< "', 200_000),
            b"\n",
            (b"\ttraceID: 1111\n", 200_000),
            record(2, '"Last" s=<'),
            (b"\t111\n", 400_000),
        )
        done = self.grep("open.log", "-c")
        self.tally.check("unclosed quotes and blocks", done.returncode == 0, harness.shown(done))

    # ---- Input and output that fail

    def many_records(self):
        """A million records through a pipe."""
        count = 1_000_000
        lines = b"".join(
            record(n // 100, f"x traceID={111 if n % 1000 == 0 else 222}") for n in range(count)
        )
        done = self.grep("-c", data=lines)
        self.tally.check(
            "a million records through a pipe", done.stdout == b"1000\n", harness.shown(done)
        )

    def full_disk(self):
        """/dev/full refuses every write."""
        for name, records in (("short", 1), ("long", 20_000)):
            self.write("full.log", *(record(n, HIT) for n in range(records)))
            for form in ("text", "raw", "json", "chrome"):
                self.write_in_vain(f"{name} output, {form}", "grep", "111", "full.log", "-o", form)
        self.write_in_vain("help", "--help")

    def write_in_vain(self, name, *words):
        with open("/dev/full", "wb") as full:
            done = subprocess.run(
                [str(self.arguments.ktrace), *words],
                cwd=self.scratch,
                stdin=subprocess.DEVNULL,
                stdout=full,
                stderr=subprocess.PIPE,
                env=harness.environment(),
                timeout=harness.TIME_LIMIT,
                check=False,
            )
        good = (
            done.returncode == 2
            and done.stderr.startswith(b"ktrace: ")
            and done.stderr.count(b"\n") == 1
        )
        self.tally.check(
            f"full disk, {name}", good, f"status {done.returncode}\n{done.stderr!r}"
        )

    def closed_pipe(self):
        """A reader that leaves after the first line: a quiet end."""
        self.write("pipe.log", *(record(n % 80000, HIT) for n in range(200_000)))
        for form in ("text", "raw", "json", "chrome"):
            with subprocess.Popen(
                [str(self.arguments.ktrace), "grep", "111", "pipe.log", "-o", form],
                cwd=self.scratch,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=harness.environment(),
                preexec_fn=harness.restore_signals,
            ) as child:
                first = child.stdout.readline()
                child.stdout.close()
                errors = child.stderr.read()
                status = child.wait(harness.TIME_LIMIT)
            good = first and not errors and status in (0, 2, -signal.SIGPIPE, 128 + signal.SIGPIPE)
            self.tally.check(f"closed pipe, {form}", good, f"status {status}\n{errors!r}")


def main():
    parser = harness.options(__doc__.splitlines()[0])
    parser.add_argument("--no-memory-limit", action="store_true", help="for builds with sanitizers")
    arguments = harness.parse(parser)
    tally = harness.Tally()
    with harness.scratch() as scratch:
        robustness = Robustness(arguments, tally, Path(scratch))
        # Memory first: a child's peak includes what this process held when it was started.
        for check in (
            robustness.large_log,
            robustness.counted,
            robustness.listed,
            robustness.bombs,
            robustness.long_line,
            robustness.hit_in_long_line,
            robustness.hit_in_long_json,
            robustness.truncated_json,
            robustness.deep_json,
            robustness.noise,
            robustness.unclosed_blocks,
            robustness.full_disk,
            robustness.closed_pipe,
            robustness.many_records,
        ):
            check()
    tally.finish()


if __name__ == "__main__":
    main()
