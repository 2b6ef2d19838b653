#!/usr/bin/env python3
"""Compares `ktrace grep` with the plain reference, record by record.

For many identifiers the set of (source, line) that `ktrace grep ID -o json` prints must be that of
grep_reference.py, and the exit status must say whether it is empty: on the talk's example, on a
real cluster's logs with identifiers drawn from its audit log, and on random nasty logs.
"""

import json
import random
import sys
from pathlib import Path

import grep_reference
import nasty_logs

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "cli"))
import harness  # noqa: E402

TALK_IDENTIFIERS = ["000", "111", "11", "1111", "23035", "nginx", "717"]
LEAST_REQUEST_LINES = 20  # drawn audit IDs whose request line must be found


class Comparison(harness.Logs):
    """A directory of logs, and what the reference makes of it."""

    def __init__(self, arguments, tally, name, directory):
        super().__init__(arguments, tally, name, directory)
        self.index = {file: grep_reference.index(directory / file) for file in self.files}

    def expected(self, identifier):
        wanted = grep_reference.wanted(identifier)
        return {(file, line) for file in self.files for line in self.index[file].get(wanted, [])}

    def check(self, identifier):
        """Compares for one identifier; the records that ktrace found."""
        done = self.run("grep", "-o", "json", "-e", identifier)
        name = f"{self.name}: {identifier}"
        try:
            records = [json.loads(line) for line in done.stdout.decode().splitlines()]
            found = [(record["source"], record["line"]) for record in records]
        except (ValueError, KeyError) as error:
            self.tally.check(name, False, f"{error!r}\n{harness.shown(done)}")
            return []
        expected = self.expected(identifier)
        problems = [f"not found: {self.quote(place)}" for place in sorted(expected - set(found))]
        problems += [
            f"wrongly found: {self.quote(place)}" for place in sorted(set(found) - expected)
        ]
        problems += ["a record was found twice"] if len(found) != len(set(found)) else []
        problems += [harness.shown(done)] if done.returncode != (0 if expected else 1) else []
        self.tally.check(name, not problems, "\n".join(problems[:20]))
        return records

    def quote(self, place):
        """The record's first line, for a message."""
        file, line = place
        text = (self.directory / file).read_bytes().split(b"\n")[line - 1]
        return f"{file}:{line}: {text[:300].decode('utf-8', 'replace')}"


def compare_talk(arguments, tally, scratch):
    harness.unpack_talk(arguments.testdata, scratch)
    comparison = Comparison(arguments, tally, "talk", scratch)
    for identifier in TALK_IDENTIFIERS:
        comparison.check(identifier)


def drawn_audit_ids(path, count, seed):
    ids = set()
    for line in path.read_text().splitlines():
        ids.add(json.loads(line)["auditID"])
    return random.Random(seed).sample(sorted(ids), count)


def compare_cluster(arguments, tally, scratch):
    harness.unpack(arguments.testdata / "cluster-a", scratch)
    drawn = drawn_audit_ids(scratch / "audit.log", arguments.ids, arguments.seed)
    # Audit events are no payload of the table yet: to ktrace that file would be one plain record.
    (scratch / "audit.log").unlink()
    comparison = Comparison(arguments, tally, "cluster-a", scratch)
    request_lines = 0
    for identifier in drawn:
        records = comparison.check(identifier)
        request_lines += any(
            record.get("message") == "HTTP" and record["source"] == "kube-apiserver.log"
            for record in records
        )
    tally.check(
        f"cluster-a: request lines for at least {LEAST_REQUEST_LINES} audit IDs",
        request_lines >= LEAST_REQUEST_LINES,
        f"found {request_lines}",
    )


def compare_json_cluster(arguments, tally, scratch):
    harness.unpack(arguments.testdata / "cluster-b-json", scratch)
    comparison = Comparison(arguments, tally, "cluster-b-json", scratch)
    known = sorted({identifier for index in comparison.index.values() for identifier in index})
    for identifier in random.Random(arguments.seed).sample(
        known, min(len(known), arguments.ids // 2)
    ):
        comparison.check(identifier)


def compare_nasty(arguments, tally, scratch):
    for number in range(arguments.logs):
        directory = scratch / str(number)
        log = nasty_logs.Generator(f"{arguments.seed}/{number}").log
        harness.write_logs(directory, {"a.log": log(lines=60), "b.log": log(lines=10)})
        comparison = Comparison(arguments, tally, f"nasty log {arguments.seed}/{number}", directory)
        for identifier in nasty_logs.IDENTIFIERS + [nasty_logs.HEX.upper()]:
            comparison.check(identifier)


def main():
    parser = harness.options(__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1, help="of everything that is drawn")
    parser.add_argument("--ids", type=int, default=60, help="audit IDs to draw")
    parser.add_argument("--logs", type=int, default=60, help="random logs to make")
    parts = (compare_talk, compare_cluster, compare_json_cluster, compare_nasty)
    harness.run_parts(harness.parse(parser), *parts)


if __name__ == "__main__":
    main()
