#!/usr/bin/env python3
"""Live logs: what is written while ktrace runs comes out once, in order, and soon.

Times limit how long a test waits for what must come; they never decide what is right.
"""

import os
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path

import harness

LINES = 200_000
ROTATIONS = 20
STEP = 0.1  # seconds of log time between two lines of one writer
# Longer than this test runs, so that only the logs' own times put lines in order.
WINDOW = "1000s"


def stamp(seconds):
    """klog's stamp for so many seconds after midnight of 22 November."""
    micros = round(seconds * 1e6)
    minutes, micros = divmod(micros, 60_000_000)
    hours, minutes = divmod(minutes, 60)
    return f"1122 {hours:02}:{minutes:02}:{micros // 1_000_000:02}.{micros % 1_000_000:06}"


def klog(seconds, message, identifier="111"):
    return f'I{stamp(seconds)}       1 a.go:1] "{message}" traceID="{identifier}"\n'.encode()


# ---- Rotations: each leaves an empty log, and what was in it under another name


def shift(path, number):
    """logrotate: LOG.1 becomes LOG.2, LOG becomes LOG.1."""
    for old in range(number, 0, -1):
        if Path(f"{path}.{old}").exists():
            os.rename(f"{path}.{old}", f"{path}.{old + 1}")
    os.rename(path, f"{path}.1")
    path.touch()


def copy_and_truncate(path, number):
    """logrotate with copytruncate."""
    for old in range(number, 0, -1):
        if Path(f"{path}.{old}").exists():
            os.rename(f"{path}.{old}", f"{path}.{old + 1}")
    shutil.copyfile(path, f"{path}.1")
    os.truncate(path, 0)


def date(path, number):
    """The kubelet: a date behind the name."""
    os.rename(path, f"{path}.20261122-{number:06}")
    path.touch()


def replace(path, number):
    """Some other program, which makes the new file only when it has something to write."""
    os.rename(path, f"{path}-20261122-{1795300000 + number}")


class Writer(threading.Thread):
    """Writes its share of the lines, in step with the others."""

    def __init__(self, number, path, rotate, barrier):
        super().__init__(daemon=True)
        self.number, self.path, self.rotate, self.barrier = number, path, rotate, barrier

    def run(self):
        share, turns = LINES // 4, ROTATIONS // 4 + 1
        for turn in range(turns):
            first, last = turn * share // turns, (turn + 1) * share // turns
            for begin in range(first, last, 1000):
                # The others are never further than this in their times.
                self.barrier.wait()
                self.write(range(begin, min(begin + 1000, last)))
            if turn + 1 < turns:
                self.rotate(self.path, turn + 1)
        # What makes everybody come further than the window behind the last line.
        self.append(klog(share * STEP + 5000 + self.number, "end", "end"))

    def write(self, numbers):
        for begin in range(numbers.start, numbers.stop, 100):
            part = range(begin, min(begin + 100, numbers.stop))
            self.append(b"".join(self.line(i) for i in part))

    def line(self, i):
        return klog(i * STEP + self.number / 1000, f"w{self.number} {i}", i % 10)

    def append(self, data):
        with open(self.path, "ab") as log:
            log.write(data)


class Running:
    """ktrace at work, its outputs in files."""

    def __init__(self, arguments, scratch, *words, stdin=subprocess.DEVNULL):
        self.out, self.err = scratch / "out", scratch / "err"
        self.out.write_bytes(b"")
        with open(self.out, "ab") as out, open(self.err, "wb") as err:
            self.child = subprocess.Popen(
                [str(word) for word in (arguments.ktrace, *words)],
                cwd=scratch,
                stdin=stdin,
                stdout=out,
                stderr=err,
                env=harness.environment(),
                preexec_fn=harness.restore_signals,
            )

    def output(self):
        return self.out.read_bytes()

    def errors(self):
        return self.err.read_text()

    def wait_for(self, condition):
        """Until the output fulfils the condition; False when it does not for very long."""
        limit = time.monotonic() + harness.TIME_LIMIT
        while not condition(self.output()):
            if self.child.poll() is not None or time.monotonic() > limit:
                return condition(self.output())
            time.sleep(0.02)
        return True

    def interrupt(self):
        self.child.send_signal(signal.SIGINT)
        return self.child.wait(harness.TIME_LIMIT)

    def kill(self):
        if self.child.poll() is None:
            self.child.kill()
            self.child.wait()


class Check:
    def __init__(self, arguments, tally, scratch):
        self.arguments, self.tally, self.scratch = arguments, tally, scratch

    def folder(self, name):
        path = self.scratch / name
        path.mkdir()
        return path

    def rotations(self, command, wanted):
        """Four logs, written and rotated while they are followed; nothing lost, nothing twice."""
        folder = self.folder(command[0])
        barrier = threading.Barrier(4)
        writers = []
        for number, rotate in enumerate((shift, copy_and_truncate, date, replace)):
            path = folder / f"w{number}.log"
            path.touch()
            writers.append(Writer(number, path, rotate, barrier))
        names = [writer.path.name for writer in writers]
        running = Running(
            self.arguments, folder, *command, "-f", "--reorder-window", WINDOW, "-o", "raw",
            "--year", "2026", *names,
        )  # fmt: skip
        for writer in writers:
            writer.start()
        expected = b"".join(
            writer.line(i) for i in range(LINES // 4) if wanted(i) for writer in writers
        )
        name = f"{command[0]}: {LINES} lines in {ROTATIONS} rotations"
        for writer in writers:
            writer.join()
        # What was lost does not come later.
        running.wait_for(lambda output: output.endswith(expected[-60:]))
        status = running.interrupt()
        got = running.output()
        ends = b"".join(klog(LINES // 4 * STEP + 5000 + i, "end", "end") for i in range(4))
        if command[0] == "merge":
            expected += ends
        self.tally.check(
            name, got == expected and status == 0, self.difference(expected, got, running)
        )
        note = f"{len(expected.splitlines())} records of {LINES + 4} lines from 4 sources"
        self.tally.check(f"{name}: counts", note in running.errors(), running.errors())

    @staticmethod
    def difference(expected, got, running):
        want, have = expected.splitlines(), got.splitlines()
        lost, twice = set(want) - set(have), len(have) - len(set(have))
        at = next((i for i, (a, b) in enumerate(zip(want, have)) if a != b), None)
        return (
            f"{len(lost)} lost, {twice} doubled, the first difference at line {at} of {len(have)}:"
            f" {want[at] if at is not None else ''} {have[at] if at is not None else ''}"
            f"\n{sorted(lost)[:3]}\n{running.errors()}"
        )

    def live_pipe(self, *options):
        """Records of a pipe that does not end are printed when they are complete."""
        name = " ".join(("pipe", *options))
        folder = self.folder("pipe" + "".join(options))
        running = Running(
            self.arguments, folder, "grep", "111", "-o", "raw", *options, "-", stdin=subprocess.PIPE
        )
        pipe = running.child.stdin
        lines = [
            klog(1, "last for now, may grow"),
            klog(3, "not in order of time") + b"\tand long\n",
            klog(2, "but near in arrival"),
            b'{"ts":1795370400123.4,"caller":"a.go:1","msg":"cannot grow","v":3,"traceID":"111"}\n',
        ]
        expected = b""
        for line in lines:
            pipe.write(klog(0, "another", "222") + line)
            pipe.flush()
            expected += line
            self.tally.check(
                f"{name}: {line[:60]}",
                running.wait_for(lambda output, want=expected: output == want),
                running.output(),
            )
        pipe.write(klog(5, "without a line end").rstrip(b"\n"))
        pipe.close()
        status = running.child.wait(harness.TIME_LIMIT)
        self.tally.check(f"{name}: ends", status == 0, status)
        expected += klog(5, "without a line end")
        self.tally.check(f"{name}: whole", running.output() == expected, running.output())
        self.tally.check(f"{name}: no word", running.errors() == "", running.errors())

    def busy_pipe(self):
        """A live pipe that is never silent: its records are of now."""
        folder = self.folder("busy")
        running = Running(self.arguments, folder, "grep", "111", "-", stdin=subprocess.PIPE)
        limit = time.monotonic() + harness.TIME_LIMIT
        while not running.output() and time.monotonic() < limit:
            now = time.time()
            clock = time.strftime("%m%d %H:%M:%S", time.gmtime(now))
            line = f'I{clock}.{int(now % 1 * 1e6):06}       1 a.go:1] "now" traceID="111"\n'
            running.child.stdin.write(line.encode())
            running.child.stdin.flush()
            time.sleep(0.02)
        self.tally.check("a busy pipe is shown before it ends", b"now" in running.output())
        running.child.stdin.close()
        running.child.wait(harness.TIME_LIMIT)

    def interrupted(self):
        """Ctrl-C shows what still waits for its turn, and counts."""
        folder = self.folder("interrupted")
        (folder / "a.log").write_bytes(klog(1, "one") + klog(2, "two", "222") + klog(3000, "last"))
        running = Running(
            self.arguments, folder, "grep", "-f", "-o", "raw", "--reorder-window", "30m", "111",
            "a.log",
        )  # fmt: skip
        waits = running.wait_for(lambda output: output == klog(1, "one"))
        self.tally.check("the last record waits", waits, running.output())
        status = running.interrupt()
        expected = klog(1, "one") + klog(3000, "last")
        self.tally.check("interrupted: status", status == 0, status)
        self.tally.check("interrupted: whole", running.output() == expected, running.output())
        counts = "ktrace: note: 2 records of 3 lines from 1 source\n"
        self.tally.check("interrupted: counts", running.errors() == counts, running.errors())

    def reader_gone(self):
        """Nobody reads: the end, though nothing more is written."""
        folder = self.folder("gone")
        (folder / "a.log").write_bytes(klog(1, "one"))
        child = subprocess.Popen(
            [str(self.arguments.ktrace), "merge", "-f", "a.log"],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=harness.environment(),
            preexec_fn=harness.restore_signals,
        )
        child.stdout.readline()
        child.stdout.close()
        status = child.wait(harness.TIME_LIMIT)
        errors = child.stderr.read()
        child.stderr.close()
        self.tally.check("the reader goes away", status == 0 and errors == b"", (status, errors))

    def arrivals(self):
        """Logs that come to be in a folder are followed, pieces and files moved away are no logs."""
        folder = self.folder("arrivals")
        logs = folder / "logs"
        logs.mkdir()
        running = Running(self.arguments, folder, "merge", "-f", "-o", "raw", "logs")
        expected = b""

        def write(name, line):
            nonlocal expected
            path = logs / name
            path.parent.mkdir(exist_ok=True)
            with open(path, "ab") as log:
                log.write(line)
            expected += line
            good = running.wait_for(lambda output: output == expected)
            self.tally.check(f"arrivals: {line}", good, (running.output(), running.errors()))

        write("a.log", klog(1, "in an empty folder"))
        write("pods/b.log", klog(2, "in a new folder"))
        write("a.log", klog(3, "goes on"))
        shift(logs / "a.log", 1)
        write("a.log", klog(4, "behind a rotation"))
        os.rename(logs / "pods/b.log", logs / "pods/moved away")
        write("pods/b.log", klog(5, "in place of what was moved"))
        (logs / "picture").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0")
        (logs / "pods/b.log").unlink()
        write("c.log", klog(6, "perhaps the same inode"))
        (logs / "c.log").unlink()
        write("d.log", klog(7, "perhaps the same inode, and more bytes than were there"))
        log = "ktrace.node1.root.log."
        graver = klog(8, "a copy of its line comes first")
        (logs / f"{log}WARNING.20261122-165041.1").write_bytes(graver)
        write(f"{log}INFO.20261122-165041.1", graver)
        status = running.interrupt()
        self.tally.check("arrivals: status", status == 0, (status, running.errors()))
        self.tally.check("arrivals: nothing twice", running.output() == expected, running.output())
        counts = "8 records of 8 lines from 5 sources"
        self.tally.check("arrivals: counts", counts in running.errors(), running.errors())

    def truncated(self):
        """A file that is cut is read again from its beginning, with a word."""
        folder = self.folder("truncated")
        log = folder / "a.log"
        log.write_bytes(klog(1, "one") + klog(2, "two"))
        running = Running(self.arguments, folder, "merge", "-f", "-o", "raw", "a.log")
        expected = klog(1, "one") + klog(2, "two")
        running.wait_for(lambda output: output == expected)
        log.write_bytes(klog(3, "new"))
        expected += klog(3, "new")
        good = running.wait_for(lambda output: output == expected)
        self.tally.check("truncated", good, running.output())
        running.interrupt()
        self.tally.check(
            "truncated: a word", "a.log: warning: was cut short" in running.errors(), running.errors()
        )


def main():
    arguments = harness.parse(harness.options(__doc__.splitlines()[0]))
    tally = harness.Tally()
    with harness.scratch() as scratch:
        check = Check(arguments, tally, Path(scratch))
        check.rotations(["merge"], lambda i: True)
        check.rotations(["grep", "-e", "7"], lambda i: i % 10 == 7)
        check.live_pipe()
        check.live_pipe("-f")
        check.busy_pipe()
        check.interrupted()
        check.reader_gone()
        check.truncated()
        check.arrivals()
    tally.finish()


if __name__ == "__main__":
    main()
