#!/usr/bin/env python3
"""Makes the logs that the benchmarks of `story` read: the days of a small cluster.

    tests/bench/story_corpus.py [--size 1GiB] [--audit 200MiB] DIR

Each day is a run of the real cluster whose logs are in testdata/cluster-a, with the day's date, and
with workloads, UIDs, audit IDs and container IDs of its own. DIR/*.log together have at least the
given size, DIR/audit.log, which holds the last days only, the other; DIR/starts.txt has the start
of an object's story and that of a request's, from the middle of these. The same flags give the same
bytes on every machine. The files' modification time is that of the last day, so that klog's year
can be told from it.
"""

import argparse
import calendar
import datetime
import gzip
import os
import re
from pathlib import Path

CLUSTER = Path(__file__).resolve().parents[2] / "testdata" / "cluster-a"
LOGS = ("kube-apiserver.log", "kube-controller-manager.log", "kube-scheduler.log",
        "kubelet-node1.log", "kubelet-node2-kubemark.log")
AUDIT = "audit.log"
DAY = datetime.date(2026, 11, 22)
NANOSECONDS = 86400 * 10**9

# What is made anew for each day: dates, identifiers, Events' birth in their names, workloads.
TOKEN = re.compile(
    rb"(?P<klog>^[IWEF]1122(?= ))|(?P<date>\b2026-11-22(?=T))"
    rb"|(?P<id>\b(?:[0-9a-f]{64}|[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\b)"
    rb"|(?P<birth>(?<=\.)18[0-9a-f]{14}\b)"
    rb"|(?P<name>(?<![\w.-])(?:nginx2?|web2?|hello|tick|broken|crash)(?![\w]))",
    re.MULTILINE,
)
CREATES_NGINX = (b'"requestURI":"/apis/apps/v1/namespaces/default/deployments?', b'"verb":"create"',
                 b'"stage":"ResponseComplete"', b'"name":"nginx"')


def renamed(kind, token, day):
    """`token` as it is so many days before the last."""
    if kind == "klog":
        return token[:1] + (DAY - datetime.timedelta(day)).strftime("%m%d").encode()
    if kind == "date":
        return (DAY - datetime.timedelta(day)).isoformat().encode()
    if kind == "birth":
        return b"%x" % (int(token, 16) - day * NANOSECONDS)
    if kind == "name":
        return b"%s-d%03d" % (token, day)
    # Digits are exchanged, but for those that tell the version of a UUID.
    shift = day % 15 + 1
    digits = "0123456789abcdef"
    turned = token.translate(bytes.maketrans(digits.encode(), (digits[shift:] + digits[:shift]).encode()))
    turned = bytearray(turned)
    if len(token) == 36:
        turned[14], turned[19] = token[14], token[19]
    turned[:2] = b"%02x" % (day % 256)
    return bytes(turned)


class Log:
    """One file of the cluster, cut at its tokens."""

    def __init__(self, name):
        self.name = name
        self.text = gzip.decompress((CLUSTER / f"{name}.gz").read_bytes())
        self.pieces, self.tokens, end = [], [], 0
        for found in TOKEN.finditer(self.text):
            self.pieces += (self.text[end : found.start()], None)
            self.tokens.append((found.lastgroup, found.group()))
            end = found.end()
        self.rest = self.text[end:]

    def on(self, day):
        known = {token: renamed(*token, day) for token in set(self.tokens)}
        self.pieces[1::2] = [known[token] for token in self.tokens]
        return b"".join(self.pieces) + self.rest


def write(directory, logs, size):
    """Gives how many days there are."""
    days = -(-size // sum(len(log.text) for log in logs))
    last = calendar.timegm((DAY + datetime.timedelta(1)).timetuple())
    for log in logs:
        path = directory / log.name
        with open(path, "wb") as file:
            for day in reversed(range(days)):
                file.write(log.on(day))
        os.utime(path, (last, last))
    return days


def starts(audit, day):
    line = next(line for line in audit.text.splitlines()
                if all(sign in line for sign in CREATES_NGINX))
    request = re.search(rb'"auditID":"([^"]+)"', line).group(1)
    return [renamed("name", b"deployment/nginx", day), renamed("id", request, day)]


def size_of(text):
    found = re.fullmatch(r"(\d+)([KMG]iB)?", text)
    if not found:
        raise argparse.ArgumentTypeError("a size is a number, KiB, MiB or GiB behind it or not")
    return int(found[1]) << {None: 0, "KiB": 10, "MiB": 20, "GiB": 30}[found[2]]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--size", type=size_of, default=size_of("1GiB"), help="of the logs")
    parser.add_argument("--audit", type=size_of, default=size_of("200MiB"), help="of the audit log")
    parser.add_argument("directory", type=Path)
    options = parser.parse_args()
    options.directory.mkdir(parents=True, exist_ok=True)
    write(options.directory, [Log(name) for name in LOGS], options.size)
    audit = Log(AUDIT)
    days = write(options.directory, [audit], options.audit)
    (options.directory / "starts.txt").write_bytes(b"\n".join(starts(audit, days // 2)) + b"\n")


if __name__ == "__main__":
    main()
