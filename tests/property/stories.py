#!/usr/bin/env python3
"""What stories promise, whichever is told.

- `diff` gives the same bytes for any number of threads and block size, with and without an index,
  for a file, a pipe, and a START with a path of its own, whatever that is called.
- The trace events that `story -o chrome` writes are those that viewers accept: every flow begins
  once, ends once and later, both within a slice of their thread; slices of a thread nest and come in
  the order of time; processes and threads are named (the document "Trace Event Format").
"""

import json
import os
import re
import shutil
import sys
from decimal import Decimal
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "cli"))
import harness  # noqa: E402

YEAR = ["--year", "2026"]
CREATED, SCALED = "14d01e58-51e3-4eac-8ffa-04a313409ab0", "955d0351-f23a-4820-b066-6854c28a7bbe"
STARTS = [CREATED, SCALED, "deployment/nginx"]
SOURCE = re.compile(rb'"source":"[^"]*",?')


def prepare(arguments, scratch):
    """Two runs; in the second the kubelet is late, and a pod has another name."""
    for name in ("good", "flaky", "at@noon"):
        shutil.copytree(arguments.testdata / "scale-up", scratch / name)
    for path in (scratch / "flaky").glob("*.log"):
        text = path.read_bytes().replace(b"nginx-85f7d4dd78-5292t", b"nginx-85f7d4dd78-zz9x8")
        if path.name == "kubelet-node1.log":
            text = text.replace(b"I1122 16:51:44", b"I1122 16:52:14")
        path.chmod(0o644)
        path.write_bytes(text)
    for name in ("good", "flaky", "at@noon"):
        harness.set_mtime(scratch / name)


# ---- diff


def diffs(arguments, tally, scratch):
    prepare(arguments, scratch)
    indexes = scratch / "index"

    def diff(*words, env=None, **how):
        line = [arguments.ktrace, "diff", *YEAR, *words]
        done = harness.run(line, cwd=scratch, env=env, **how)
        return done.returncode, done.stdout, done.stderr

    def same(name, expected, got):
        tally.check(name, expected == got, f"expected {expected}\ngot {got}")

    for form in ("text", "json"):
        pairs = ([CREATED, SCALED, "good"], [f"{STARTS[2]}@good", f"{STARTS[2]}@flaky"])
        for words in ([*pair, "-o", form] for pair in pairs):
            expected = diff("--no-index", "-j", 1, *words)
            name = " ".join(words)
            tally.check(f"{name}: differ", expected[0] == 0 and expected[1], expected)
            for threads in (2, 3, 8):
                same(f"{name}: -j {threads}", expected, diff("--no-index", "-j", threads, *words))
            for size in (64, 4096):
                env = {"KTRACE_BLOCK_SIZE": str(size)}
                same(f"{name}: blocks of {size}", expected, diff("--no-index", *words, env=env))
            same(f"{name}: indexed", expected, diff("--index-dir", indexes, *words))
            harness.run([arguments.ktrace, "index", "--index-dir", indexes, "good", "flaky"],
                        cwd=scratch)
            same(f"{name}: indexed", expected, diff("--index-dir", indexes, *words))
        shutil.rmtree(indexes)

    def nameless(run):
        return run[0], SOURCE.sub(b"", run[1]), run[2]

    audit = (scratch / "good/audit.log").read_bytes()
    asked = [CREATED, SCALED, "-o", "json"]
    expected = nameless(diff(*asked, "good/audit.log"))
    tally.check("audit log: differ", expected[0] == 0 and expected[1], expected)
    same("audit log: pipe", expected, nameless(diff(*asked, "-", data=audit)))
    with open(scratch / "good/audit.log", "rb") as stream:
        same("audit log: standard input", expected, nameless(diff(*asked, "-", stdin=stream)))


def own_paths(arguments, tally, scratch):
    """The first @ ends a START: what is behind it is the path, with whatever it holds."""
    prepare(arguments, scratch)

    def diff(*words):
        return harness.run([arguments.ktrace, "diff", *YEAR, "-c", *words], cwd=scratch)

    plain = diff("deployment/nginx@good", "deployment/nginx@flaky")
    for words in (
        ["deployment/nginx@at@noon", "deployment/nginx@flaky"],
        [f"deployment/nginx@{scratch}/at@noon", "deployment/nginx@./flaky"],
    ):
        done = diff(*words)
        tally.check(" ".join(words), (done.returncode, done.stdout) == (0, plain.stdout),
                    harness.shown(done))
    done = diff("deployment/nginx@", "deployment/nginx@flaky")
    tally.check("no path behind the @", done.returncode == 2 and b"no path behind" in done.stderr,
                harness.shown(done))
    done = diff("deployment/nginx@noon", "deployment/nginx@flaky")
    tally.check("no such path", done.returncode == 2, harness.shown(done))


# ---- Trace events


def end(event):
    return event["ts"] + event.get("dur", 0)


def faults(events):
    """What is wrong with trace events, in words."""
    named, slices, flows = set(), {}, {}
    for event in events:
        track = (event["pid"], event.get("tid"))
        if event["ph"] == "M":
            if event["name"] == "process_name" and event["args"]["name"]:
                named.add(event["pid"])
            elif event["name"] == "thread_name" and event["args"]["name"]:
                named.add(track)
        elif event["ph"] == "X":
            slices.setdefault(track, []).append(event)
        elif event["ph"] in "stf":
            flows.setdefault((event["id"], event["cat"], event["name"]), []).append(event)
        elif event["ph"] != "i":
            yield f"an event of a kind that is not expected: {event}"
        if event["ph"] in "Xi" and not event["name"]:
            yield f"an event without name: {event}"
    for event in events:
        for name in (event["pid"], (event["pid"], event["tid"])) if "tid" in event else ():
            if name not in named:
                yield f"process or thread {name} has no name"
    for track, ones in slices.items():
        open_ones = []
        for one in ones:
            if one["dur"] < 0 or (one is not ones[0] and one["ts"] < before["ts"]):
                yield f"a slice of {track} goes back in time: {one}"
            before = one
            while open_ones and end(open_ones[-1]) <= one["ts"]:
                open_ones.pop()
            if open_ones and end(open_ones[-1]) < end(one):
                yield f"slices of {track} overlap: {open_ones[-1]} and {one}"
            open_ones.append(one)
    for key, steps in flows.items():
        if [step["ph"] for step in steps] != ["s", *"t" * (len(steps) - 2), "f"]:
            yield f"flow {key} does not begin once and end once: {steps}"
        if any(a["ts"] > b["ts"] for a, b in zip(steps, steps[1:])):
            yield f"flow {key} goes back in time: {steps}"
        for step in steps:
            around = slices.get((step["pid"], step["tid"]), ())
            if not any(one["ts"] <= step["ts"] <= end(one) for one in around):
                yield f"flow {key} touches no slice: {step}"


def chrome(arguments, tally, scratch):
    harness.unpack(arguments.testdata / "cluster-a", scratch / "cluster")
    for path in (arguments.testdata / "cluster-a-beside").iterdir():
        shutil.copy(path, scratch / "cluster")
    logs = sorted(os.listdir(scratch / "cluster"))
    for start in (*STARTS, "job/hello", "deployment/team-a/web"):
        line = [arguments.ktrace, "story", *YEAR, "-o", "chrome", start, *logs]
        done = harness.run(line, cwd=scratch / "cluster")
        tally.check(f"{start}: is told", done.returncode == 0, done.stderr[:500])
        events = json.loads(done.stdout, parse_float=Decimal)["traceEvents"]
        kinds = {event["ph"] for event in events}
        tally.check(f"{start}: has slices, instants and flows", {*"MXisf"} <= kinds, kinds)
        wrong = list(faults(events))
        tally.check(f"{start}: {len(events)} trace events", not wrong, "\n".join(wrong[:5]))


def main():
    arguments = harness.parse(harness.options(__doc__.splitlines()[0]))
    harness.run_parts(arguments, diffs, own_paths, chrome)


if __name__ == "__main__":
    main()
