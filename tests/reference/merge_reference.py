#!/usr/bin/env python3
"""merge_reference.py [--year YYYY] FILE...: all records in one timeline, the slow and plain way.

Prints the bytes of every record of every file in the order (time, file on the command line,
position in it), each ended by a line feed. It is written from the contract alone: all records are
held, each is given a time, and a stable sort does the rest. Records are those of grep_reference.

A klog stamp lies in the year given (logs that go over New Year are not for this reference) and in
UTC; a JSON record's time is its first member ts, time, timestamp or @timestamp that is one. A
record without a stamp has the time of the record before it; those before the first stamp have its
time. The records of a file without any stamp come last.
"""

import argparse
import datetime
import json
import re
import sys
from typing import NamedTuple

import grep_reference

TIME_KEYS = {"ts", "time", "timestamp", "@timestamp"}
LEVEL_KEYS = {"level", "severity", "lvl"}
# By the count of digits before the point: seconds, milliseconds, microseconds, nanoseconds.
NANOSECONDS = ((11, 10**9), (14, 10**6), (17, 10**3), (19, 1))
NUMBER = re.compile(r"(\d+)(?:\.(\d+))?")
RFC3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?"
    r"(?:[Zz]|([+-])(\d\d)(?::?(\d\d))?)"
)
KLOG_JSON = re.compile(r'\{"ts": ?\d')
BEHIND_ALL = 2**63
EPOCH = datetime.datetime(1970, 1, 1)
LETTERS = {"I": "INFO", "W": "WARNING", "E": "ERROR", "F": "FATAL"}


class Record(NamedTuple):
    line: int  # at which it begins
    is_json: bool
    text: str
    raw: bytes
    time: int  # nanoseconds since 1970
    severity: str  # empty when it states none
    place: int  # in the timeline: the time, or behind all of them


# ---- Times


def nanoseconds(year, month, day, hour, minute, second):
    """Nanoseconds from 1970 to a civil time; the second is an int."""
    past = datetime.datetime(year, month, day, hour, minute) - EPOCH
    return (past.days * 86400 + past.seconds + second) * 10**9


def klog_time(text, year):
    """The time in a klog header."""
    fields = re.match(r".(\d\d)(\d\d) (\d\d):(\d\d):(\d\d)\.(\d{6})", text).groups()
    month, day, hour, minute, second, fraction = map(int, fields)
    return nanoseconds(year, month, day, hour, minute, second) + fraction * 1000


def rfc3339(text):
    found = RFC3339.fullmatch(text)
    if not found:
        return None
    fields = [int(field) for field in found.groups()[:6]]
    fraction = int((found.group(7) or "").ljust(9, "0"))
    offset = (int(found.group(9) or 0) * 60 + int(found.group(10) or 0)) * 60 * 10**9
    return nanoseconds(*fields) + fraction - (-offset if found.group(8) == "-" else offset)


def unix_time(text):
    """The time that a JSON number states, in the unit that its size tells."""
    found = NUMBER.fullmatch(text)
    if not found:
        return None
    whole = found.group(1).lstrip("0")
    for digits, unit in NANOSECONDS:
        if len(whole) <= digits:
            decimals = len(str(unit)) - 1
            fraction = (found.group(2) or "")[:decimals].ljust(decimals, "0")
            return int(whole or 0) * unit + int(fraction or 0)
    return None


def json_head(text):
    """(time or None, severity) of a JSON line; None when it is no JSON object."""
    try:
        pairs = json.JSONDecoder(
            object_pairs_hook=list,
            parse_int=grep_reference.Literal,
            parse_float=grep_reference.Literal,
            parse_constant=grep_reference.no_constant,
        ).decode(text)
    except (ValueError, RecursionError):
        return None
    is_klog = KLOG_JSON.match(text) is not None
    time, severity = None, ""
    for key, value in pairs:
        if time is None and key in TIME_KEYS and isinstance(value, str):
            if not is_klog or key == "ts":
                read = unix_time if isinstance(value, grep_reference.Literal) else rfc3339
                time = read(value)
        elif not is_klog and key in LEVEL_KEYS and type(value) is str:
            severity = level(value) or severity
    if is_klog:
        # Component-base states none; its errors are the lines without verbosity.
        severity = "INFO" if "v" in (key for key, _ in pairs) else "ERROR"
    return time, severity


def level(text):
    """The severity that a logger's level names."""
    names = {"warn": "WARNING", "debug": "INFO", "trace": "INFO", "panic": "FATAL"}
    folded = text.lower()
    short = {letter.lower(): name for letter, name in LETTERS.items()}
    full = {name.lower(): name for name in LETTERS.values()}
    return names.get(folded) or short.get(folded) or full.get(folded) or ""


# ---- Records


def heads(data, year):
    """(line, whether JSON, text, raw bytes, own time or None, severity) of each record."""
    lines = data.split(b"\n")
    lines = [line + b"\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])
    text = data.decode("utf-8", "surrogateescape")
    split = [part for part in grep_reference.split_records(text) if part[0] <= len(lines)]
    ends = [part[0] - 1 for part in split[1:]] + [len(lines)]
    for (line, is_json, body), end in zip(split, ends):
        time, severity = None, ""
        if is_json:
            time, severity = json_head(body) or (None, "")
        elif grep_reference.KLOG_HEADER.match(body):
            time, severity = klog_time(body, year), LETTERS[body[0]]
        yield line, is_json, body, b"".join(lines[line - 1 : end]), time, severity


def records(data, year):
    """All records of one source, each with its time."""
    found = list(heads(data, year))
    first = next((head[4] for head in found if head[4] is not None), None)
    time = first or 0
    for line, is_json, body, raw, own, severity in found:
        time = time if own is None else own
        yield Record(
            line, is_json, body, raw, time, severity, BEHIND_ALL if first is None else time
        )


def merged(sources, year):
    """The bytes of all records of `sources` (each its bytes) in the order of time."""
    timeline = [record for data in sources for record in records(data, year)]
    timeline.sort(key=lambda record: record.place)  # stable: sources and positions keep their order
    return b"".join(
        record.raw if record.raw.endswith(b"\n") else record.raw + b"\n" for record in timeline
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--year", type=int, required=True)
    parser.add_argument("files", nargs="+")
    arguments = parser.parse_args()
    sources = []
    for path in arguments.files:
        with open(path, "rb") as file:
            sources.append(file.read())
    sys.stdout.buffer.write(merged(sources, arguments.year))


if __name__ == "__main__":
    main()
