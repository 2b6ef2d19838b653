#!/usr/bin/env python3
"""list_reference.py [--year YYYY] [--key NAME] FILE...: all traces, the slow and plain way.

Prints what `ktrace list -o json` must print: a row for each distinct identifier, with the number of
its records and of errors among them, the worst severity, the components in order of appearance, the
times of the first and the last record, and the largest gap between neighbours. A record counts once
for each identifier that it carries, however often. Identifiers and records are those of
grep_reference, times those of merge_reference.
"""

import argparse
import json
import sys
from decimal import Decimal
from pathlib import Path

import grep_reference
import merge_reference

SEVERITIES = ["", "INFO", "WARNING", "ERROR", "FATAL"]
KNOWN_COMPONENTS = [
    "kube-controller-manager",
    "cloud-controller-manager",
    "kube-apiserver-audit",
    "kube-apiserver",
    "kube-scheduler",
    "kube-proxy",
    "kubelet",
    "kubectl",
    "containerd",
    "etcd",
]


def component_of(path):
    """The component that a file's name tells; none for standard input."""
    if path == "-":
        return ""
    stem = Path(path).name.split(".log")[0]
    for component in KNOWN_COMPONENTS:
        if stem == component or stem.startswith(tuple(component + c for c in "-_.@")):
            return component
    return stem.split(".")[0]


def fold(key):
    return key.lower().replace("-", "").replace("_", "")


def identifiers(record, keys):
    """From each identifier of a record, comparable, to (key, value) as first written."""
    found = {}
    for key, value in grep_reference.identifiers_of(record.is_json, record.text):
        if keys and fold(key) not in keys:
            continue
        value = grep_reference.identifier_value(key, value) if not keys else value_of(key, value)
        if value:
            found.setdefault(grep_reference.comparable(value), (key, value))
    return found


def value_of(key, value):
    """The identifier under a key of one's own choice: the default keys keep their meaning."""
    if fold(key) in grep_reference.KEYS:
        return grep_reference.identifier_value(key, value)
    return value


class Trace:
    def __init__(self):
        self.seen = []  # (time, record, key, component), in the order of sources and positions
        self.spellings = set()

    def row(self):
        """The row as ktrace prints it, times as nanoseconds."""
        self.seen.sort(key=lambda one: one[0])  # stable: source and position
        times = [one[0] for one in self.seen]
        severities = [one[1].severity for one in self.seen]
        components = dict.fromkeys(one[3] for one in self.seen if one[3])
        gaps = [(after - before, before) for before, after in zip(times, times[1:])]
        largest = max(gaps, key=lambda gap: gap[0], default=(0, 0))
        row = {
            "key": self.seen[0][2],
            "records": len(times),
            "errors": sum(severity in ("ERROR", "FATAL") for severity in severities),
            "severity": max(severities, key=SEVERITIES.index),
            "components": list(components),
            "start": times[0],
            "end": times[-1],
            "durationMs": milliseconds(times[-1] - times[0]),
            "largestGapMs": milliseconds(largest[0]),
            "gapStart": largest[1] if largest[0] else None,
        }
        return {name: value for name, value in row.items() if value not in ("", None)}


def milliseconds(duration):
    return Decimal(duration) / 10**6


def rfc3339(time):
    """A time in UTC with the digits that it needs, at least six."""
    second, fraction = divmod(time, 10**9)
    moment = merge_reference.EPOCH + merge_reference.datetime.timedelta(seconds=second)
    digits = f"{fraction:09d}"
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{digits[:6]}{digits[6:].rstrip('0')}Z"


def rows(sources, year, keys=()):
    """From each identifier, comparable, to its row; `sources`: (path, bytes) in order."""
    keys = {fold(key) for key in keys}
    traces = {}
    for path, data in sources:
        component = component_of(path)
        for record in merge_reference.records(data, year):
            for identifier, (key, value) in identifiers(record, keys).items():
                trace = traces.setdefault(identifier, Trace())
                trace.seen.append((record.time, record, key, component))
                trace.spellings.add(value)
    found = {}
    for identifier, trace in traces.items():
        several = len(trace.spellings) > 1
        shown = identifier if several else next(iter(trace.spellings))
        found[identifier] = {"traceId": shown} | trace.row()
        for name in ("start", "end", "gapStart"):
            if name in found[identifier]:
                found[identifier][name] = rfc3339(found[identifier][name])
    return found


def in_order(found):
    """The rows as they are listed: by start, then by identifier."""
    return sorted(found.values(), key=lambda row: (row["start"].ljust(30, "0"), row["traceId"]))


def plain_number(value):
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    raise TypeError(value)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--year", type=int, required=True)
    parser.add_argument("--key", action="append", default=[])
    parser.add_argument("files", nargs="+")
    arguments = parser.parse_args()
    sources = []
    for path in arguments.files:
        with open(path, "rb") as file:
            sources.append((path, file.read()))
    found = rows(sources, arguments.year, arguments.key)
    for row in in_order(found):
        print(json.dumps(row, ensure_ascii=False, separators=(",", ":"), default=plain_number))
    sys.exit(0 if found else 1)


if __name__ == "__main__":
    main()
