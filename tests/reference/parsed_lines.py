#!/usr/bin/env python3
"""Every line of a real cluster's logs is in a record, and no line with a header is left unparsed.

`ktrace merge -o json` of each log must give back all its lines, each in one record; the records
without a time are those that no format could read. Their lines are counted and must hold no klog
header and no JSON object.
"""

import json
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "cli"))
import harness  # noqa: E402

HEADER = re.compile(r"^[IWEF]\d{4} \d\d:\d\d:\d\d\.\d{6} |^\{\"ts\":|^\{\"level\":")
CLUSTERS = ("cluster-a", "cluster-b-json")


def check(arguments, tally, path):
    name = f"{path.parent.name}/{path.name}"
    done = harness.run([arguments.ktrace, "merge", "-o", "json", "--year", "2026", path])
    records = [json.loads(line) for line in done.stdout.splitlines()]
    expected = path.read_bytes().count(b"\n")
    lines = sum(record["raw"].count("\n") + 1 for record in records)
    unparsed = [record for record in records if "time" not in record]
    text = [line for record in unparsed for line in record["raw"].split("\n")]
    print(f"{name}: {lines} lines, {len(records)} records, {len(text)} unparsed lines")
    tally.check(f"{name}: all lines are in records", lines == expected, f"{lines} of {expected}")
    headers = [line for line in text if HEADER.match(line)]
    tally.check(f"{name}: no header is left unparsed", not headers, "\n".join(headers[:3]))


def main():
    arguments = harness.parse(harness.options(__doc__.splitlines()[0]))
    tally = harness.Tally()
    with harness.scratch() as scratch:
        for cluster in CLUSTERS:
            directory = Path(scratch) / cluster
            harness.unpack(arguments.testdata / cluster, directory)
            for path in sorted(directory.glob("*.log")):
                if path.name.startswith(("kube-", "kubelet", "etcd")):
                    check(arguments, tally, path)
    tally.finish()


if __name__ == "__main__":
    main()
