#!/usr/bin/env python3
"""Times ktrace beside the tools that it is measured against.

    tests/bench/compare.py BUILD_DIR [--corpus DIR] [--size 1GiB] [--rounds 7] [--group grep,list]
                           [--only SUBSTRING] [--id ID] [--verify] [--json FILE]

BUILD_DIR holds ktrace, ktrace-corpus and ktrace-rawloop. The corpora are DIR-text, DIR-json,
DIR-audit, DIR-otlp and DIR-story; they are made when they are missing. All cases run in turn, round
after round, so that whatever disturbs the machine disturbs all of them; what is compared is medians
of one run, never numbers of two runs. Every program writes to one and the same scratch file: GNU
grep stops at the first match when its output is /dev/null, and a pipe would time its reader too.

A case is one row of CASES, a promise one row of TARGETS. Programs that are not installed or fail
are left out, and said so.
"""

import argparse
import json
import os
import re
import resource
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field, replace

import request_corpus

LOGS = ["kube-apiserver.log", "kube-controller-manager.log", "kube-scheduler.log",
        "kubelet-node1.log"]
STORY_LOGS = ["audit.log", "kube-apiserver.log", "kube-controller-manager.log", "kube-scheduler.log",
              "kubelet-node1.log", "kubelet-node2-kubemark.log"]

OTHER_LOGS = {"story": STORY_LOGS, **{kind: [name] for kind, name in request_corpus.FILES.items()}}


@dataclass
class Case:
    """One command. {placeholders} are filled in; `shell` commands are run by sh."""
    name: str
    group: str
    corpus: str
    command: str
    needs: tuple = ()
    shell: bool = False
    packed: str = ""        # the corpus's files compressed by gzip or zstd, or wrapped: cri
    big_output: bool = False  # its output is as large as its input: it goes to a pipe
    seconds: list = field(default_factory=list)
    cpu: list = field(default_factory=list)
    rss: int = 0
    failure: str = ""


@dataclass
class Target:
    """What is promised of a case: at most so many times a reference case's time, or its processor
    time per byte of input; at least so many GB/s, at most so many MiB of memory, at most so many
    seconds, indexes of at most such a part of the logs' size."""
    case: str
    kind: str               # ratio, per byte, rate, memory, seconds, part
    limit: float
    reference: str = ""


def cases():
    rows = []
    for kind in ("text", "json"):
        rows += [
            Case(f"ktrace {kind}", "grep", kind, "{ktrace} grep --no-index {id} {files}",
                 ("ktrace",)),
            Case(f"rawloop {kind}", "grep", kind, "{rawloop} {id} {files}", ("rawloop",)),
            Case(f"rg {kind}", "grep", kind, "rg -F -N -I {id} {files}", ("rg",)),
            Case(f"grep {kind}", "grep", kind, "grep -h -F {id} {files}", ("grep",)),
            Case(f"wc {kind}", "grep", kind, "wc -l {files}", ("wc",)),
        ]
    rows += [
        Case("list traceID text", "list", "text", "{ktrace} list --key traceID {files}",
             ("ktrace",)),
        Case("list text", "list", "text", "{ktrace} list --no-index {files}", ("ktrace",)),
        Case("wc list", "list", "text", "wc -l {files}", ("wc",)),
        Case("list traceID json", "list", "json", "{ktrace} list --key traceID {files}",
             ("ktrace",)),
        Case("wc list json", "list", "json", "wc -l {files}", ("wc",)),
        Case("index text", "list", "text",
             "rm -rf {indexes}; {ktrace} index --index-dir {indexes} {files}", ("ktrace",),
             shell=True),
        Case("grep indexed", "list", "text", "{ktrace} grep --index-dir {indexes} {id} {files}",
             ("ktrace",)),
        Case("rg sort uniq", "list", "text",
             "rg -o -N -I 'traceID=\"([^\"]+)\"' -r '$1' {files} | LC_ALL=C sort | uniq -c",
             ("rg",), shell=True),
        Case("list json", "list", "json", "{ktrace} list --no-index {files}", ("ktrace",)),
        Case("merge text", "merge", "text", "{ktrace} merge -o raw {files}", ("ktrace",),
             big_output=True),
        Case("cat text", "merge", "text", "cat {files}", ("cat",), big_output=True),
        Case("merge json", "merge", "json", "{ktrace} merge -o raw {files}", ("ktrace",),
             big_output=True),
        Case("story object", "story", "story", "{ktrace} story --no-index -c {object} {files}",
             ("ktrace",)),
        Case("story request", "story", "story", "{ktrace} story --no-index -c {request} {files}",
             ("ktrace",)),
        Case("index story", "story", "story",
             "rm -rf {indexes}/story; {ktrace} index --index-dir {indexes}/story {files}",
             ("ktrace",), shell=True),
        Case("story indexed", "story", "story",
             "{ktrace} story --index-dir {indexes}/story -c {object} {files}", ("ktrace",)),
        Case("wc story", "story", "story", "wc -l {files}", ("wc",)),
        Case("ktrace plain", "wrapped", "text", "{ktrace} grep --no-index {id} {files}",
             ("ktrace",)),
        Case("ktrace cri", "wrapped", "text", "{ktrace} grep --no-index {id} {files}",
             ("ktrace",), packed="cri"),
        Case("list plain", "wrapped", "text", "{ktrace} list --no-index {files}", ("ktrace",)),
        Case("list cri", "wrapped", "text", "{ktrace} list --no-index {files}", ("ktrace",),
             packed="cri"),
        Case("ktrace gz", "gz", "text", "{ktrace} grep --no-index {id} {files}", ("ktrace",),
             packed="gzip"),
        Case("igzip rg", "gz", "text", "igzip -dc {files} | rg -F -N -I {id}", ("igzip", "rg"),
             shell=True, packed="gzip"),
        Case("ktrace zst", "zst", "text", "{ktrace} grep --no-index {id} {files}", ("ktrace",),
             packed="zstd"),
        Case("zstd rg", "zst", "text", "zstd -dcq {files} | rg -F -N -I {id}", ("zstd", "rg"),
             shell=True, packed="zstd"),
    ]
    # One file is unpacked by one thread, and the pipe's two programs have two.
    rows += [replace(case, name=f"{case.name} one", seconds=[], cpu=[])
             for case in rows if case.group in ("gz", "zst")]
    for kind in request_corpus.FILES:
        rows += [
            Case(f"list {kind}", kind, kind, "{ktrace} list --no-index {files}", ("ktrace",)),
            Case(f"grep {kind}", kind, kind, "{ktrace} grep --no-index {id} {files}", ("ktrace",)),
            Case(f"merge {kind}", kind, kind, "{ktrace} merge -o raw {files}", ("ktrace",),
                 big_output=True),
            Case(f"wc {kind}", kind, kind, "wc -l {files}", ("wc",)),
        ]
    return rows


TARGETS = [
    Target("ktrace text", "ratio", 0.8, "rg text"),
    Target("ktrace json", "ratio", 0.8, "rg json"),
    Target("ktrace text", "ratio", 1.3, "rawloop text"),
    Target("ktrace json", "ratio", 1.3, "rawloop json"),
    Target("ktrace text", "memory", 64),
    Target("ktrace json", "memory", 64),
    Target("list traceID text", "ratio", 1.2, "wc list"),
    Target("list traceID text", "ratio", 1 / 15, "rg sort uniq"),
    Target("list text", "ratio", 4, "wc list"),
    Target("list traceID json", "ratio", 2.5, "wc list json"),
    Target("index text", "ratio", 1.5, "list text"),
    Target("index text", "part", 0.03),
    Target("grep indexed", "seconds", 0.02),
    Target("merge text", "rate", 1.0),
    Target("merge text", "memory", 512),
    Target("story object", "ratio", 5, "wc story"),
    Target("story request", "ratio", 5, "wc story"),
    Target("story indexed", "seconds", 0.3),
    Target("index story", "part", 0.03),
    Target("ktrace cri", "per byte", 1.2, "ktrace plain"),
    Target("list cri", "per byte", 1.2, "list plain"),
    Target("ktrace gz", "ratio", 1.0, "igzip rg"),
    Target("ktrace zst", "ratio", 1.0, "zstd rg"),
    Target("ktrace gz one", "ratio", 1.0, "igzip rg one"),
    Target("ktrace zst one", "ratio", 1.0, "zstd rg one"),
]

SUFFIXES = {"": "", "gzip": ".gz", "zstd": ".zst", "cri": ".cri"}


def wrap(source, target):
    """Writes the lines of a file as a container runtime does. In large writes: how a file was
    written shows in how fast the page cache gives it out."""
    with open(source, "rb") as lines, open(target, "wb", buffering=4 << 20) as out:
        for i, line in enumerate(lines):
            out.write(b"2024-06-10T%02d:%02d:%02d.%09dZ stderr F %b" % (
                i // 3600000 % 24, i // 60000 % 60, i // 1000 % 60, i % 1000 * 1000000, line))


class Lab:
    """The programs, the corpora and the scratch file of one run."""

    def __init__(self, options):
        self.options = options
        self.programs = {"ktrace": self.built("ktrace"), "rawloop": self.built("ktrace-rawloop"),
                         "corpus": self.built("ktrace-corpus")}
        self.scratch = tempfile.TemporaryFile()
        self.indexes = tempfile.TemporaryDirectory(prefix="ktrace-index-")
        self.chosen = options.id

    def built(self, name):
        for place in ("", "tests", "tests/bench", "bench", "src"):
            path = os.path.join(self.options.build, place, name)
            if os.access(path, os.X_OK) and os.path.isfile(path):
                return path
        return None

    def missing(self, case):
        """The first program that a case needs and that is not there."""
        for name in case.needs:
            if not (self.programs[name] if name in self.programs else shutil.which(name)):
                return name
        return None

    def directory(self, corpus):
        return f"{self.options.corpus}-{corpus}"

    def files(self, case):
        names = OTHER_LOGS.get(case.corpus, LOGS)
        suffix = SUFFIXES[case.packed]
        names = names[:1] if case.name.endswith(" one") else names
        return [os.path.join(self.directory(case.corpus), name + suffix) for name in names]

    def size(self, case):
        """Of what the tools search, in bytes."""
        files = self.files(case)
        if case.packed != "cri":
            files = [path[:len(path) - len(SUFFIXES[case.packed])] for path in files]
        return sum(map(os.path.getsize, files))

    def prepare(self, case):
        """Makes what the case reads, and reads it once, so that it is in the page cache."""
        directory = self.directory(case.corpus)
        told = "starts.txt" if case.corpus == "story" else "ids.txt"
        if not os.path.exists(os.path.join(directory, told)):
            self.generate(case.corpus, directory)
        for path in self.files(case):
            if not os.path.exists(path):
                source = path[:-len(SUFFIXES[case.packed])]
                if case.packed == "cri":
                    wrap(source, path)
                else:
                    subprocess.run([case.packed, "-k", "-q", source], check=True)
            with open(path, "rb", buffering=0) as log:
                while log.read(1 << 20):
                    pass

    def generate(self, corpus, directory):
        here = os.path.dirname(os.path.abspath(__file__))
        if corpus == "story":
            maker = os.path.join(here, "story_corpus.py")
            print(f"making {directory} of {self.options.size}", file=sys.stderr)
            subprocess.run([sys.executable, maker, "--size", self.options.size, directory],
                           check=True)
            return
        if corpus in request_corpus.FILES:
            text = self.directory("text")
            if not os.path.exists(os.path.join(text, "ids.txt")):
                self.generate("text", text)
            print(f"making {directory} of {text}", file=sys.stderr)
            subprocess.run([sys.executable, os.path.join(here, "request_corpus.py"), corpus, text,
                            directory], check=True)
            return
        if not self.programs["corpus"]:
            sys.exit(f"{directory} is missing, and ktrace-corpus is not in {self.options.build}")
        print(f"making {directory} of {self.options.size}", file=sys.stderr)
        subprocess.run([self.programs["corpus"], "--size", self.options.size, "--format", corpus,
                        directory], check=True)

    def id(self, corpus):
        """The ID asked for, or the first with 20 to 50 records from the middle of the corpus."""
        if not self.chosen:
            ids = self.ids(corpus)
            self.chosen = next((i for i, count in ids[len(ids) // 2:] + ids if 20 <= count <= 50),
                               ids[0][0])
        return self.chosen

    def ids(self, corpus):
        with open(os.path.join(self.directory(corpus), "ids.txt"), encoding="ascii") as lines:
            return [(i, int(count)) for i, count in map(str.split, lines)]

    def audit_id(self):
        """That of the first event."""
        with open(os.path.join(self.directory("audit"), "audit.log"), encoding="utf-8") as events:
            return json.loads(events.readline())["auditID"]

    def wanted(self, corpus):
        """What is looked for in a corpus."""
        if corpus == "audit":
            return {"id": self.audit_id()}
        if corpus != "story":
            return {"id": self.id(corpus)}
        with open(os.path.join(self.directory(corpus), "starts.txt"), encoding="ascii") as lines:
            return dict(zip(("object", "request"), map(str.strip, lines)))

    def command(self, case):
        quote = shlex.quote if case.shell else str
        words = {"files": " ".join(map(quote, self.files(case))), "indexes": self.indexes.name,
                 **self.programs, **self.wanted(case.corpus)}
        line = case.command.format(**words)
        return ["sh", "-c", line] if case.shell else shlex.split(line)

    def run(self, case, words=None):
        """Runs a case, or the command `words`: seconds, the system's account of it, exit status."""
        self.scratch.seek(0)
        self.scratch.truncate()
        drain = None
        sink = self.scratch.fileno()
        if case.big_output:
            drain = subprocess.Popen(["sh", "-c", "cat > /dev/null"], stdin=subprocess.PIPE)
            sink = drain.stdin.fileno()
        start = time.perf_counter()
        actions = [(os.POSIX_SPAWN_DUP2, sink, 1), (os.POSIX_SPAWN_OPEN, 0, "/dev/null", 0, 0)]
        words = words or self.command(case)
        pid = os.posix_spawnp(words[0], words, os.environ, file_actions=actions)
        _, status, usage = os.wait4(pid, 0)
        seconds = time.perf_counter() - start
        if drain:
            drain.stdin.close()
            drain.wait()
        return seconds, usage, os.waitstatus_to_exitcode(status)

    def index_size(self, case):
        place = "story" if case.corpus == "story" else ""
        with os.scandir(os.path.join(self.indexes.name, place)) as entries:
            return sum(entry.stat().st_size for entry in entries if entry.is_file())

    def output(self):
        self.scratch.seek(0)
        return self.scratch.read()


def choose(lab, options):
    """The cases to run, prepared; what is left out is reported."""
    chosen = []
    for case in cases():
        if case.group not in options.group.split(",") and options.group != "all":
            continue
        if options.only and options.only not in case.name:
            continue
        missing = lab.missing(case)
        if missing:
            print(f"left out: {case.name} ({missing} is not there)")
            continue
        lab.prepare(case)
        chosen.append(case)
    return chosen


def measure(lab, chosen, rounds):
    for number in range(rounds + 1):
        for case in chosen:
            if case.failure:
                continue
            seconds, usage, status = lab.run(case)
            if status != 0:
                case.failure = f"exit status {status}"
            case.rss = max(case.rss, usage.ru_maxrss)
            if number > 0:  # the first round warms up
                case.seconds.append(seconds)
                case.cpu.append(usage.ru_utime + usage.ru_stime)


def median(case):
    return statistics.median(case.seconds)


def show(lab, done):
    timed = {case.name: case for case in done if not case.failure}
    print(f"\n{'case':<20}{'median s':>10}{'min s':>9}{'cpu s':>9}{'spread':>8}{'GB/s':>8}{'/ rg':>8}"
          f"{'/ rawloop':>11}{'peak MiB':>10}")
    for case in done:
        if case.failure:
            print(f"{case.name:<20}  {case.failure}")
            continue
        middle, least = median(case), min(case.seconds)
        row = (f"{case.name:<20}{middle:>10.3f}{least:>9.3f}"
               f"{statistics.median(case.cpu):>9.3f}{max(case.seconds) / least:>8.2f}"
               f"{lab.size(case) / middle / 1e9:>8.2f}")
        for reference, width in (("rg", 8), ("rawloop", 11)):
            other = timed.get(f"{reference} {case.corpus}") if case.group == "grep" else None
            row += f"{middle / median(other):>{width}.2f}" if other else " " * (width - 1) + "-"
        print(row + resident(case))
    return timed


def resident(case):
    """Peak memory in MiB. A process begins as a copy of this one, and the system counts that too:
    less than that cannot be seen."""
    floor = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if case.rss <= floor:
        return f"{'<' + str(floor // 1024 + 1):>10}"
    return f"{case.rss / 1024:>10.1f}"


def judge(lab, timed):
    """Prints each target that this run can tell about; the number of those missed."""
    missed = 0
    print()
    for target in TARGETS:
        case = timed.get(target.case)
        reference = timed.get(target.reference)
        if not case or (target.reference and not reference):
            continue
        if target.kind == "ratio":
            value, good = median(case) / median(reference), "at most"
            what = f"x {target.reference}"
        elif target.kind == "per byte":
            value = (statistics.median(case.cpu) / lab.size(case)
                     / (statistics.median(reference.cpu) / lab.size(reference)))
            good, what = "at most", f"x {target.reference}, processor time per byte"
        elif target.kind == "rate":
            value, good, what = lab.size(case) / median(case) / 1e9, "at least", "GB/s"
        elif target.kind == "part":
            value, good, what = lab.index_size(case) / lab.size(case), "at most", "of the logs' size"
        elif target.kind == "memory":
            value, good, what = case.rss / 1024, "at most", "MiB"
        else:
            value, good, what = median(case), "at most", "s"
        met = value >= target.limit if good == "at least" else value <= target.limit
        missed += not met
        print(f"{'met   ' if met else 'MISSED'} {target.case}: {value:.3f} {what}, "
              f"{good} {target.limit:.3g}")
    return missed


def verify(lab, chosen):
    """Whether all tools of the grep group see the same number of records; false if they do not."""
    agreed = True
    for case in chosen:
        searches = case.group in ("grep", "wrapped", "gz", "zst") and " list " not in case.command
        if not searches or case.command.startswith("wc") or case.name.endswith(" one"):
            continue
        _, _, status = lab.run(case)
        output = lab.output()
        if case.command.startswith("{rawloop}"):
            seen = int(output)
        else:
            seen = len(re.findall(lab.id(case.corpus).encode(), output))
        want = dict(lab.ids(case.corpus)).get(lab.id(case.corpus), 0)
        if seen != want:
            agreed = False
            print(f"DIFFERS {case.name}: {seen} records, ids.txt says {want} (status {status})")
    if agreed:
        print("all tools see the same records")
    return agreed


def machine():
    cores = os.cpu_count() or 1
    load = os.getloadavg()[0]
    model = "unknown processor"
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as info:
            model = re.search(r"model name\s*: (.*)", info.read()).group(1)
    except (OSError, AttributeError):
        pass
    noisy = "  NOISY: other programs are running" if load > 0.5 else ""
    print(f"{model}, {cores} processors, load {load:.2f}{noisy}")


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("build", help="directory with ktrace, ktrace-corpus, ktrace-rawloop")
    parser.add_argument("--corpus", default=os.path.join(tempfile.gettempdir(), "corpus"),
                        help="where the corpora are: DIR-text and DIR-json (%(default)s)")
    parser.add_argument("--size", default="1GiB", help="of corpora to be made (%(default)s)")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--group", default="grep",
                        help="grep, list, merge, wrapped, gz, zst, audit, otlp, story, several "
                             "with commas, or all (%(default)s)")
    parser.add_argument("--only", help="only cases whose name contains this")
    parser.add_argument("--id", help="the trace ID to look for")
    parser.add_argument("--verify", action="store_true",
                        help="first check that all tools see the same records")
    parser.add_argument("--json", help="append the medians to this file, a run a line")
    return parser.parse_args()


def main():
    options = parse_options()
    lab = Lab(options)
    machine()
    chosen = choose(lab, options)
    if not chosen:
        sys.exit("nothing to measure")
    print(f"ID {', '.join(lab.wanted(chosen[0].corpus).values())}, {options.rounds} rounds")
    agreed = verify(lab, chosen) if options.verify else True
    measure(lab, chosen, options.rounds)
    timed = show(lab, chosen)
    missed = judge(lab, timed)
    if options.json:
        with open(options.json, "a", encoding="utf-8") as out:
            out.write(json.dumps({"time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                                  "load": os.getloadavg()[0],
                                  "medians": {n: median(c) for n, c in timed.items()}}) + "\n")
    return 1 if missed or not agreed else 0


if __name__ == "__main__":
    sys.exit(main())
