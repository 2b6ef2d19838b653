"""list and grep agree for every trace of a generated corpus: a part of index_answers.py."""

import hashlib
import itertools
import json
import random
from pathlib import Path

import harness

BATCH = 1000  # traces that one grep is asked for


def progress(words):
    print(words, flush=True)


def records_by_trace(arguments, traces, *words):
    """How many records a grep for all `traces` at once gives of each."""
    line = [arguments.ktrace, "grep", "-o", "json", *(f"-e{one}" for one in traces), *words]
    done = harness.run(line)
    counts = dict.fromkeys(traces, 0)
    for record in map(json.loads, done.stdout.splitlines()):
        counts[record["traceId"]] += 1
    return counts


def compare_lists(arguments, tally, ways, logs, known, *keys):
    """All lists are one. Gives how many records it tells of each trace that is known."""
    digests, counts = set(), {}
    for way, threads in itertools.product(ways, (1, 2, 5)):
        line = [arguments.ktrace, "list", "-o", "json", "-j", threads, *keys, *way, *logs]
        listed = harness.run(line).stdout
        digests.add(hashlib.sha256(listed).digest())
        count = listed.count(b"\n")
        progress(f"list {' '.join(keys)} {way[0]} -j {threads}: {count} traces")
        if not counts:
            rows = map(json.loads, listed.splitlines())
            counts = {row["traceId"]: row["records"] for row in rows if row["traceId"] in known}
    tally.check(f"all lists {' '.join(keys)} are one", len(digests) == 1)
    return counts


def compare_corpus(arguments, tally, scratch):
    logs = sorted(Path(arguments.corpus).glob("*.log"))
    indexes = scratch / "index"
    done = harness.run([arguments.ktrace, "index", "--index-dir", indexes, *logs])
    tally.check("the corpus is indexed", done.returncode == 0, harness.shown(done))
    with open(Path(arguments.corpus) / "ids.txt", encoding="ascii") as lines:
        known = [line.split()[0] for line in lines]
    draw = random.Random(arguments.seed)
    if arguments.traces < len(known):
        known = draw.sample(known, arguments.traces)
    ways = [["--no-index"], ["--index-dir", indexes]]
    for keys in ["--key", "traceID"], ["--key", "requestID", "--key", "audit-id"]:
        compare_lists(arguments, tally, ways, logs, set(known), *keys)
    listed = compare_lists(arguments, tally, ways, logs, set(known))
    for begin in range(0, len(known), BATCH):
        batch = known[begin : begin + BATCH]
        for way in ways:
            threads = draw.choice((1, 2, 5))
            found = records_by_trace(arguments, batch, "-j", threads, *way, *logs)
            for one in batch:
                tally.check(
                    f"list and grep {way[0]} -j {threads} agree on {one}",
                    found[one] == listed.get(one) and found[one] > 0,
                    f"list: {listed.get(one)}, grep: {found[one]}",
                )
        progress(f"{begin + len(batch)} of {len(known)} traces compared")
