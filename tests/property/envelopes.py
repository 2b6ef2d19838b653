#!/usr/bin/env python3
"""A record is the same whatever it is wrapped in and however that is stored.

Real lines of testdata and made ones, in every envelope, as a file, a pipe, a gzip file and a member
of an archive: `ktrace merge -o json` must give the time, severity, caller, message, attributes and
raw text that it gives for the bare lines, and component and node as well where the envelope tells
them; `ktrace grep` must find the same records for an identifier. A line that is of no format is in
each envelope a record of its own, whose time is the envelope's.
"""

import gzip
import io
import json
import re
import sys
import tarfile
from pathlib import Path

for room in ("cli", "reference"):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / room))
import harness  # noqa: E402
import wrappers  # noqa: E402

FIELDS = ("time", "severity", "caller", "message", "attributes", "raw")
KLOG = b'I1122 16:50:45.041587   30287 file.go:12] '
LINES = 400
TIMELESS = ("kubectl_prefix", "stern", "stern_color", "stern_json")

JSON_LINES = [
    b'{"ts":1795366245041.587,"caller":"a/b.go:1","msg":"one","v":2,"traceID":"111"}',
    b'{"level":"info","ts":"2026-11-22T16:50:45.041Z","logger":"c","msg":"two","traceID":"111"}',
    b'{"level":"warn","ts":"2026-11-22T16:50:45.041587+0000","caller":"x.go:3","msg":"three"}',
    b'{"ts":1795366245042.5,"caller":"a/b.go:1","msg":"four \\"quoted\\"","err":"e","traceID":"222"}',
]
LOGRUS_LINES = [
    b'time="2026-11-22T16:50:45.041587123Z" level=info msg="start" traceID=111',
    b'time="2026-11-22 16:50:46.041587123+00:00" level=error msg="a \\"b\\"" id=7 traceID=222',
]


PLAIN_LINES = [b"listening on [::]:8080", b"Starting 2 workers", b"ready, 17 ms after that"]


class Check:
    def __init__(self, arguments, scratch, tally):
        self.ktrace, self.scratch, self.tally = arguments.ktrace, scratch, tally

    def run(self, command, *words, data=None):
        done = harness.run([self.ktrace, command, *words], cwd=self.scratch, data=data)
        return done.stdout if done.returncode in (0, 1) else done.stderr

    def records(self, *words, data=None):
        out = self.run("merge", "-o", "json", "--year", "2026", *words, data=data)
        return [json.loads(line) for line in out.splitlines()]

    def found(self, identifier, *words):
        """How many records an identifier has."""
        return self.run("grep", "-c", "-e", identifier, *words)

    @staticmethod
    def told(records, fields):
        return [{field: record.get(field) for field in fields} for record in records]

    def same(self, name, expected, got):
        fields = FIELDS
        if got and "node" in got[0] and "gz" not in name:
            self.tally.check(
                f"{name}: component and node",
                {(r.get("component"), r.get("node")) for r in got}
                == {("kube-apiserver", "node1")},
                str(got[0]),
            )
        expected, got = self.told(expected, fields), self.told(got, fields)
        first = next((pair for pair in zip(expected, got) if pair[0] != pair[1]), None)
        self.tally.check(
            name, expected == got, f"{len(expected)} and {len(got)} records, differing in {first}"
        )

    def payload(self, name, lines, identifiers):
        bare = b"".join(line + b"\n" for line in lines)
        (self.scratch / "bare.txt").write_bytes(bare)
        expected = self.records("bare.txt")
        counts = [self.found(identifier, "bare.txt") for identifier in identifiers]
        for wrap in wrappers.ALL:
            self.envelope(f"{name} in {wrap.__name__}", wrap, lines, expected)
            for identifier, count in zip(identifiers, counts):
                got = self.found(identifier, "w.txt")
                self.tally.check(f"{name} in {wrap.__name__}: {identifier}", count == got, got)

    def plain(self, lines):
        """What envelopes tell of their times differs: it is that of the first record in all forms."""
        for wrap in wrappers.ALL:
            (self.scratch / "w.txt").write_bytes(b"".join(map(wrap, lines)))
            told = self.records("w.txt")
            expected = [
                dict.fromkeys(FIELDS)
                | {"message": text, "raw": text, "time": told[0].get("time")}
                for text in (line.decode() for line in lines)
            ]
            self.envelope(f"plain in {wrap.__name__}", wrap, lines, expected)
            timed = wrap.__name__ not in TIMELESS
            self.tally.check(
                f"plain in {wrap.__name__}: time", (expected[0]["time"] is not None) == timed, told
            )

    def envelope(self, name, wrap, lines, expected):
        data = b"".join(map(wrap, lines))
        (self.scratch / "w.txt").write_bytes(data)
        (self.scratch / "w.gz").write_bytes(gzip.compress(data))
        with tarfile.open(self.scratch / "w.tar", "w") as archive:
            member = tarfile.TarInfo("w.txt")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
        self.same(f"{name}, file", expected, self.records("w.txt"))
        self.same(f"{name}, pipe", expected, self.records("-", data=data))
        self.same(f"{name}, gz", expected, self.records("w.gz"))
        self.same(f"{name}, tar", expected, self.records("w.tar"))


def klog_lines(testdata, scratch):
    """Real lines; bare blanks at their ends and tabs inside do not survive every envelope."""
    harness.unpack(testdata / "cluster-a", scratch / "cluster")
    lines = (scratch / "cluster/kube-apiserver.log").read_bytes().split(b"\n")
    start = next(i for i, line in enumerate(lines) if line.startswith(b"I"))
    lines = [line for line in lines[start : start + LINES] if b"\r" not in line]
    return lines + [KLOG + b'Trace[1]: "Get" traceID:1 (total time: 2ms):', b"Trace[1]: [1ms] END"]


def main():
    arguments = harness.parse(harness.options(__doc__.splitlines()[0]))
    tally = harness.Tally()
    with harness.scratch() as scratch:
        check = Check(arguments, Path(scratch), tally)
        klog = klog_lines(arguments.testdata, Path(scratch))
        audit_ids = re.findall(rb'audit-ID="([^"]+)"', b"\n".join(klog))
        check.payload("klog", klog, [i.decode() for i in audit_ids[:2]])
        check.payload("JSON", JSON_LINES, ["111", "222"])
        check.payload("logrus", LOGRUS_LINES, ["111", "222"])
        check.plain(PLAIN_LINES)
    tally.finish()


if __name__ == "__main__":
    main()
