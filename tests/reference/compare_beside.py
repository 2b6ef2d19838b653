#!/usr/bin/env python3
"""What a cluster tells beside its logs, read again by other means.

Audit events, Events, objects and spans of the test data are read with Python's own JSON parser.
`ktrace merge -o json` must give one record for each, with the time, severity, duration and
attributes that the reference finds, and `ktrace grep` the same records for an audit ID.
"""

import collections
import datetime
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "cli"))
import harness  # noqa: E402

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
SECOND = 10**9


def nanoseconds(text):
    """RFC 3339 in UTC as nanoseconds since 1970."""
    whole, _, fraction = text.removesuffix("Z").partition(".")
    time = datetime.datetime.fromisoformat(whole + "+00:00") - EPOCH
    return (time.days * 86400 + time.seconds) * SECOND + int(fraction.ljust(9, "0") or 0)


def of_audit(event):
    time = nanoseconds(event["stageTimestamp"])
    code = event.get("responseStatus", {}).get("code", 0)
    record = {
        "time": time,
        "severity": "ERROR" if code >= 500 else "WARNING" if code >= 400 else "INFO",
        "attributes": {key: event[key] for key in event if key != "stageTimestamp"},
    }
    if event["stage"] == "ResponseComplete" and event["verb"] != "watch":
        record["duration"] = time - nanoseconds(event["requestReceivedTimestamp"])
    return record


def of_event(event):
    known = [event.get("eventTime"), event.get("firstTimestamp"), event.get("lastTimestamp")]
    known.append((event.get("series") or {}).get("lastObservedTime"))
    time = max(nanoseconds(text) for text in known if text)
    named = int(event["metadata"]["name"].rpartition(".")[2], 16)
    if time % SECOND == 0 and named // SECOND == time // SECOND:
        time = named
    severity = "WARNING" if event["type"] == "Warning" else "INFO"
    return {"time": time, "severity": severity, "attributes": event}


def of_object(item):
    time = nanoseconds(item["metadata"]["creationTimestamp"])
    return {"time": time, "attributes": item}


def plain_value(value):
    """An AnyValue as JSON."""
    ((kind, content),) = value.items()
    return int(content) if kind == "intValue" else content


def of_span(span, resource, scope):
    attributes = {
        "resource." + pair["key"]: plain_value(pair["value"]) for pair in resource["attributes"]
    }
    attributes.update(
        {pair["key"]: plain_value(pair["value"]) for pair in span.get("attributes", [])}
    )
    attributes.update(
        (key, span[key])
        for key in ("traceId", "spanId", "parentSpanId", "links", "events", "flags")
        if key in span
    )
    kinds = ["", "internal", "server", "client", "producer", "consumer"]
    attributes["kind"] = kinds[span["kind"]]
    attributes.update({"otel.scope." + key: text for key, text in scope.items()})
    failed = span["status"].get("code") == 2
    if failed:
        attributes["otel.status_code"] = "ERROR"
    if "message" in span["status"]:
        attributes["otel.status_description"] = span["status"]["message"]
    time = int(span["endTimeUnixNano"])
    return {
        "time": time,
        "severity": "ERROR" if failed else "INFO",
        "duration": time - int(span["startTimeUnixNano"]),
        "attributes": attributes,
    }


def audit_log(path):
    return [of_audit(json.loads(line)) for line in path.read_text().splitlines()]


def list_of(describe):
    return lambda path: [describe(item) for item in json.loads(path.read_text())["items"]]


def spans(path):
    return [
        of_span(span, resource["resource"], scope["scope"])
        for line in path.read_text().splitlines()
        for resource in json.loads(line)["resourceSpans"]
        for scope in resource["scopeSpans"]
        for span in scope["spans"]
    ]


REFERENCES = {
    "audit.log": audit_log,
    "events.json": list_of(of_event),
    "objects.json": list_of(of_object),
    "otlp-traces.jsonl": spans,
}


def of_ktrace(record):
    """The same of a record of `ktrace -o json`."""
    found = {"time": nanoseconds(record["time"]), "attributes": record["attributes"]}
    if "severity" in record:
        found["severity"] = record["severity"]
    if "durationMs" in record:
        found["duration"] = round(record["durationMs"] * 1_000_000)
    return found


def run(arguments, *command):
    done = harness.run([arguments.ktrace, *command, "-o", "json"])
    return [json.loads(line) for line in done.stdout.splitlines()]


def counted(records):
    return collections.Counter(json.dumps(record, sort_keys=True) for record in records)


def compare(arguments, tally, path):
    expected = counted(REFERENCES[path.name](path))
    records = run(arguments, "merge", path)
    timed = [record for record in records if "time" in record]
    found = counted(of_ktrace(record) for record in timed)
    missing, wrong = list((expected - found).elements()), list((found - expected).elements())
    print(f"{path.name}: {len(timed)} records, {len(records) - len(timed)} without a time")
    tally.check(
        f"{path.name}: the same records",
        not missing and not wrong,
        f"{len(missing)} missing, {len(wrong)} wrong, first:\n{missing[:1]}\n{wrong[:1]}",
    )
    times = [nanoseconds(record["time"]) for record in timed]
    tally.check(f"{path.name}: in order", times == sorted(times))


def compare_grep(arguments, tally, directory):
    """All records of the audit IDs that the spans have."""
    found = collections.Counter()
    for file in ("audit.log", "otlp-traces.jsonl"):
        for record in REFERENCES[file](directory / file):
            attributes = record["attributes"]
            found[attributes.get("auditID", attributes.get("audit-id"))] += 1
    ids = [id for id in sorted(filter(None, found)) if found[id] > 4][: arguments.ids]
    tally.check("there are audit IDs on spans", len(ids) > 20, len(ids))
    for id in ids:
        records = run(arguments, "grep", id, directory / "audit.log", directory / "otlp-traces.jsonl")
        tally.check(f"grep {id}", len(records) == found[id], f"{len(records)} of {found[id]}")


def main():
    parser = harness.options(__doc__.splitlines()[0])
    parser.add_argument("--ids", type=int, default=40, help="audit IDs to follow")
    arguments = harness.parse(parser)
    tally = harness.Tally()
    with harness.scratch() as scratch:
        directory = Path(scratch) / "beside"
        harness.unpack(arguments.testdata / "cluster-a-beside", directory)
        harness.unpack(arguments.testdata / "cluster-a", Path(scratch) / "cluster-a")
        (Path(scratch) / "cluster-a/audit.log").rename(directory / "audit.log")
        for name in REFERENCES:
            compare(arguments, tally, directory / name)
        compare_grep(arguments, tally, directory)
    tally.finish()


if __name__ == "__main__":
    main()
