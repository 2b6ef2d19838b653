"""Logs with indexes, and the same questions asked with them and without."""

import itertools
import random

import harness

LISTS = (
    [],
    ["--severity", "error"],
    ["--errors", "--sort", "gap"],
    ["--key", "traceID"],
    ["--match", "a"],
    ["--component", "kube-apiserver"],
    ["--node", "node1"],
    ["--since", "10:00:20", "--until", "16:54:00"],
)
# Of the keys that an index is made for.
SOME_KEYS = (["traceID"], ["reqID", "requestID"], ["audit-ID", "trace_id"], ["dd.trace_id"])
STARTS = ["deployment/nginx", "pod/default/web-1"]


class Indexed(harness.Logs):
    """A directory of logs with a directory of indexes beside it."""

    def __init__(self, arguments, tally, name, directory, identifiers):
        super().__init__(arguments, tally, name, directory)
        self.identifiers = identifiers
        self.indexes = directory.parent / f"{directory.name}.index"

    def index(self, *keys):
        done = self.run("index", "--index-dir", self.indexes, *keys)
        good = done.returncode == 0 and not done.stderr
        self.tally.check(f"{self.name}: is indexed", good, harness.shown(done))

    def compare(self, what, command, *words, env=None, quiet=True):
        """The answer with the index is the one without; `quiet`: nothing is said about it."""
        expected = self.run(command, "--no-index", *words, env=env)
        got = self.run(command, "--index-dir", self.indexes, *words, env=env)
        same = (expected.returncode, expected.stdout) == (got.returncode, got.stdout)
        if quiet:
            same = same and expected.stderr == got.stderr
        self.tally.check(
            f"{self.name}, {what}: {command} {' '.join(map(str, words))} {env or ''}",
            same and expected.returncode in (0, 1),
            f"without: {harness.shown(expected)}\nwith: {harness.shown(got)}",
        )

    def answers(self, what, quiet=True):
        """A few questions of each kind."""
        for identifier in self.identifiers[:2]:
            self.compare(what, "grep", "-o", "json", "-e", identifier, quiet=quiet)
        self.compare(what, "list", "-o", "json", quiet=quiet)
        self.compare(what, "list", "-o", "json", "--key", "traceID", quiet=quiet)
        for start in [*self.long_identifiers()[:1], STARTS[1]]:
            self.compare(what, "story", "-o", "json", start, quiet=quiet)

    def long_identifiers(self):
        """Those that a story can begin at."""
        return [one for one in self.identifiers if len(one) >= 6]

    def tell_stories(self, starts):
        for start in starts:
            self.compare("indexed", "story", "-o", "json", start)
            self.compare("indexed", "story", "--summary", "--year", "2024", start)
        for threads, size in ((1, 4096), (4, 65536)):
            env = {"KTRACE_BLOCK_SIZE": str(size)}
            self.compare("indexed", "story", "-o", "json", "-j", threads, starts[0], env=env)

    def some_keys(self):
        """An index answers for each of its keys."""
        for names in SOME_KEYS:
            keys = [word for name in names for word in ("--key", name)]
            self.compare("some keys", "list", "-o", "json", *keys)
            self.compare("some keys", "list", "-o", "json", "--severity", "error", *keys)
            for identifier in self.identifiers[:2]:
                self.compare("some keys", "grep", "-o", "json", "-e", identifier, *keys)

    def other_keys(self):
        """An index is made for the keys that are asked for."""
        keys = ["--key", "traceID", "--key", "reqID"]
        other = ["--index-dir", self.indexes, *keys]
        self.tally.check(f"{self.name}: is indexed", self.run("index", *other).returncode == 0)
        for words in ([], ["--key", "trace-id"]):
            self.compare("other keys", "list", "-o", "json", *keys, *words)
            self.compare("other keys", "grep", "-o", "raw", "-e", self.identifiers[0], *keys, *words)

    def every_way(self):
        for identifier, form in itertools.product(self.identifiers, ("raw", "json", "text")):
            self.compare("indexed", "grep", "-o", form, "-e", identifier)
        first = self.identifiers[0]
        self.compare("indexed", "grep", "-c", *(f"-e{one}" for one in self.identifiers))
        self.compare("indexed", "grep", "-o", "json", "--prefix", "-e", first[:8].ljust(6, "0"))
        self.compare("indexed", "grep", "-e", "there is none")
        self.compare("indexed", "grep", "--severity", "error", "-e", first)
        for words in LISTS:
            self.compare("indexed", "list", "-o", "json", *words)
        for threads, size in itertools.product((1, 4), (64, 4096)):
            env = {"KTRACE_BLOCK_SIZE": str(size)}
            self.compare("indexed", "grep", "-o", "json", "-j", threads, "-e", first, env=env)
            self.compare("indexed", "list", "-o", "json", "-j", threads, env=env)


def odd_keys(seed, identifiers, lines=400):
    """A log whose records have an identifier under several keys, and pairs in the values of keys."""
    draw = random.Random(seed)
    forms = ('{0}="{1}"', "{0}={1}", "{0}='{1} {2}'", "{0}={1}({2})", '{0}="{1} {2}"', "{0}=[{2}]",
             '{0}="{1}"', '{0}="{1}\\" {2}"')

    def pair(depth):
        key = draw.choice(("traceID", "trace_id", "reqID", "requestID", "audit-ID", "podUID", "n"))
        inner = pair(depth - 1) if depth else "x"
        return draw.choice(forms).format(key, draw.choice(identifiers), inner)

    def line(number):
        pairs = " ".join(pair(2) for _ in range(draw.randrange(1, 5)))
        message = draw.choice(('"done" ', "", "", "requestID: "))
        level = draw.choice("IIIWE")
        log = f"{level}1122 10:{number // 60:02d}:{number % 60:02d}.000000       1 a.go:1] {message}"
        return log + pairs + draw.choice(("", "", f"\ntraceID: {pair(1)}")) + "\n"

    return "".join(map(line, range(lines))).encode()


def times(path):
    state = path.stat()
    return state.st_atime_ns, state.st_mtime_ns
