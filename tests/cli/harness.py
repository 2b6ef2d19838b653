"""What the test scripts share: the program under test in a fixed environment, and a tally.

Every script takes --ktrace PATH and --testdata DIR, prints `N passed, N failed` as its last line
and exits with 0 only when something passed and nothing failed. Only the standard library is used.
"""

import argparse
import gzip
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

# All inputs seem to have been written at this moment (2026-11-22T18:00:00Z): ktrace takes the year
# of klog's stamps from it when nothing better is known.
INPUT_MTIME = 1795370400

TIME_LIMIT = 300  # seconds; a guard against a program that hangs, not a measure of its speed

ROOT = Path(__file__).resolve().parents[2]


def options(description):
    """A parser with the options that all scripts have."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--ktrace", required=True, type=Path, help="the program under test")
    parser.add_argument("--testdata", type=Path, default=ROOT / "testdata", help="the test data")
    return parser


def parse(parser):
    arguments = parser.parse_args()
    arguments.ktrace = arguments.ktrace.absolute()
    arguments.testdata = arguments.testdata.absolute()
    if not os.access(arguments.ktrace, os.X_OK):
        parser.error(f"{arguments.ktrace} cannot be executed")
    return arguments


def environment(extra=None):
    """The caller's environment less what would change ktrace's output."""
    env = {
        name: value
        for name, value in os.environ.items()
        if name not in ("NO_COLOR", "COLUMNS", "PAGER", "TERM") and not name.startswith("KTRACE_")
    }
    # What the user has indexed is no part of a test.
    env.update(LC_ALL="C.UTF-8", TZ="UTC", TERM="dumb", XDG_CACHE_HOME="/dev/null")
    # A sanitizer's report must not look like "nothing found" (1).
    for sanitizer in ("ASAN", "UBSAN", "TSAN"):
        env.setdefault(f"{sanitizer}_OPTIONS", "exitcode=99")
    env.update(extra or {})
    return env


def restore_signals():
    """Python ignores SIGPIPE; the program under test shall see what a shell would give it."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)


def run(command, *, cwd=None, env=None, stdin=subprocess.DEVNULL, data=None):
    """Runs a command to its end; `data` comes to it through a pipe."""
    source = {"input": data} if data is not None else {"stdin": stdin}
    return subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=environment(env),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        timeout=TIME_LIMIT,
        preexec_fn=restore_signals,
        check=False,
        **source,
    )


def set_mtime(directory, moment=INPUT_MTIME):
    for path in sorted(Path(directory).rglob("*")):
        os.utime(path, (moment, moment))


def unpack(source, target):
    """Copies the files of a directory of test data, those with .gz unpacked."""
    target.mkdir(parents=True, exist_ok=True)
    for path in sorted(source.iterdir()):
        if path.suffix == ".gz":
            (target / path.stem).write_bytes(gzip.decompress(path.read_bytes()))
        elif path.is_file():
            shutil.copyfile(path, target / path.name)
    set_mtime(target)


def unpack_talk(testdata, target):
    """The logs of the talk's example, without the answer that stands beside them."""
    unpack(testdata / "slides", target)
    (target / "expected-111.tsv").unlink()


def write_logs(directory, logs):
    """Makes a directory of logs: {name: bytes}."""
    directory.mkdir()
    for name, log in logs.items():
        (directory / name).write_bytes(log)
    set_mtime(directory)


class Tally:
    """Counts what passed and what did not."""

    def __init__(self):
        self.passed = 0
        self.failed = 0

    def check(self, name, good, detail=""):
        if good:
            self.passed += 1
            return True
        self.failed += 1
        print(f"FAILED: {name}")
        if detail:
            print("    " + str(detail).rstrip().replace("\n", "\n    "))
        sys.stdout.flush()
        return False

    def finish(self):
        """Prints the sum and leaves with the exit status."""
        print(f"{self.passed} passed, {self.failed} failed")
        sys.exit(0 if self.passed and not self.failed else 1)


def shown(result):
    """A finished command for a message: its exit status and the beginning of its outputs."""
    out = result.stdout[:600].decode("utf-8", "replace")
    err = result.stderr[:600].decode("utf-8", "replace")
    return f"status {result.returncode}\nstdout: {out}\nstderr: {err}"


class Logs:
    """A directory of logs, and what is said of it: what comparisons begin with."""

    def __init__(self, arguments, tally, name, directory):
        self.ktrace, self.tally = arguments.ktrace, tally
        self.name, self.directory = name, directory
        self.files = sorted(path.name for path in directory.iterdir())

    def run(self, command, *words, files=None, **how):
        """Runs a command on the logs, or on `files`."""
        files = self.files if files is None else files
        return run([self.ktrace, command, *words, *files], cwd=self.directory, **how)


def scratch():
    return tempfile.TemporaryDirectory(prefix="ktrace-test-")


def run_parts(arguments, *parts):
    """Runs part(arguments, tally, directory) for each, in a directory of its own, and finishes."""
    tally = Tally()
    with scratch() as place:
        for part in parts:
            directory = Path(place) / part.__name__
            directory.mkdir()
            part(arguments, tally, directory)
    tally.finish()
