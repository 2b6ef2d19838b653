#!/usr/bin/env python3
"""Makes audit events or spans of the requests in a text corpus.

    tests/bench/request_corpus.py audit|otlp [--size 256MiB] TEXT_DIR DIR

writes DIR/audit.log, an event a line, or DIR/spans.jsonl, 16 spans a line as OpenTelemetry's
collector exports them, and DIR/ids.txt as ktrace-corpus does.
"""

import argparse
import collections
import datetime
import json
import os
import re

FILES = {"audit": "audit.log", "otlp": "spans.jsonl"}
SPANS_PER_LINE = 16
REQUEST = re.compile(
    r'I(\d\d)(\d\d) (\S+) .*"HTTP" verb="([A-Z]+)" URI="([^"]*)" .*userAgent="([^"]*)" '
    r'audit-ID="([^"]*)" .*resp=(\d+)(?: traceID="([^"]*)")?')


def requests(directory):
    """(time, verb, URI, user agent, audit ID, code, trace ID) of each request of a text corpus."""
    path = os.path.join(directory, "kube-apiserver.log")
    with open(path, encoding="utf-8", errors="replace") as lines:
        for match in filter(None, map(REQUEST.match, lines)):
            month, day, clock, *rest = match.groups()
            yield f"2024-{month}-{day}T{clock}Z", *rest


def event(request):
    time, verb, uri, agent, audit, code, _ = request
    return {"kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "Metadata",
            "auditID": audit, "stage": "ResponseComplete", "requestURI": uri,
            "verb": verb.lower(),
            "user": {"username": "system:apiserver", "groups": ["system:masters"]},
            "sourceIPs": ["10.0.0.1"], "userAgent": agent,
            "responseStatus": {"metadata": {}, "code": int(code)},
            "requestReceivedTimestamp": time, "stageTimestamp": time,
            "annotations": {"authorization.k8s.io/decision": "allow",
                            "authorization.k8s.io/reason": ""}}


def span(request):
    time, verb, uri, agent, audit, code, trace = request
    moment = datetime.datetime.fromisoformat(time.replace("Z", "+00:00"))
    begin = round(moment.timestamp() * 1e6) * 1000
    texts = {"audit-id": audit, "http.method": verb, "http.target": uri, "http.user_agent": agent,
             "http.status_code": code}
    return {"traceId": trace, "spanId": trace[:16], "name": f"KubernetesAPI {verb}", "kind": 2,
            "startTimeUnixNano": str(begin), "endTimeUnixNano": str(begin + 1500000),
            "attributes": [{"key": k, "value": {"stringValue": v}} for k, v in texts.items()],
            "status": {}}


def export(spans):
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "apiserver"}}]}
    scope = {"scope": {"name": "apiserver"}, "spans": spans}
    return {"resourceSpans": [{"resource": resource, "scopeSpans": [scope]}]}


def objects(kind, text, counts):
    """The objects of all lines. `counts`: by trace ID, of the spans that were given."""
    spans = []
    for request in requests(text):
        if kind == "audit":
            yield event(request)
        elif request[-1]:
            spans.append(span(request))
            counts[request[-1]] += 1
            if len(spans) == SPANS_PER_LINE:
                yield export(spans)
                spans = []


def bytes_of(text):
    units = {"KiB": 10, "MiB": 20, "GiB": 30}
    return int(text[:-3]) << units[text[-3:]] if text[-3:] in units else int(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("kind", choices=FILES)
    parser.add_argument("--size", default="256MiB", help="of the file (%(default)s)")
    parser.add_argument("text", help="directory of a text corpus")
    parser.add_argument("directory", help="where to write")
    options = parser.parse_args()
    os.makedirs(options.directory, exist_ok=True)
    counts, left = collections.Counter(), bytes_of(options.size)
    path = os.path.join(options.directory, FILES[options.kind])
    with open(path, "w", encoding="utf-8", buffering=4 << 20) as out:
        for one in objects(options.kind, options.text, counts):
            left -= out.write(json.dumps(one, separators=(",", ":")) + "\n")
            if left <= 0:
                break
    with open(os.path.join(options.directory, "ids.txt"), "w", encoding="ascii") as ids:
        ids.writelines(f"{trace} {count}\n" for trace, count in counts.items())


if __name__ == "__main__":
    main()
