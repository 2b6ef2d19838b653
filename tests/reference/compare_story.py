#!/usr/bin/env python3
"""Compares `ktrace story` with the plain reference on a real cluster, record by record.

For every command of the cluster's workload: the story of each of its requests, and of each object
that it made. Prints precision and recall for each component, and with --misses what is missing and
what is too much. Beside that, what must hold of stories whatever the reference says:
- creating, scaling and updating one deployment are three stories that share no pod;
- nothing of nginx2 is in a story of nginx, nothing of team-a in one of default;
- a trace ID that a client sent leads to the records of its request, and back.

Neither the audit log nor the dumps know the IDs of sandboxes, but the kubelet says whose they are. So
its lines about sandboxes are too many for the reference; they are counted apart, and there must be no
others.
"""

import collections
import json
import re
import sys
from pathlib import Path

import story_reference

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "cli"))
import harness  # noqa: E402

OVERALL, EACH = 0.97, 0.9
FOLDERS = ("cluster-a", "cluster-a-beside", "cluster-a-story")


def key_of(row):
    """(file, what stands for the record in the reference)."""
    source = Path(row["source"]).name
    attributes = row.get("attributes", {})
    if source.startswith("otlp"):
        return "spans", attributes.get("spanId")
    if source.startswith("events"):
        meta = attributes["metadata"]
        return "events", (meta["namespace"], meta["name"])
    return source, row["line"]


class Comparison:
    def __init__(self, arguments, tally, folder):
        self.arguments, self.tally, self.folder = arguments, tally, folder
        self.cluster = story_reference.Cluster(folder)
        self.files = sorted(
            path for path in folder.iterdir() if path.suffix in (".log", ".json", ".jsonl")
        )
        self.counts = collections.defaultdict(lambda: [0, 0, 0])  # right, too many, missing
        self.misses = collections.defaultdict(list)
        self.sandboxes = self.read_sandboxes()
        self.unexplained = []

    def read_sandboxes(self):
        """{ID: "namespace/pod"}, as kubelets tell it."""
        told = re.compile(r'"Created PodSandbox for pod" podSandboxID="(\w{64})" pod="([^"]+)"')
        found = {}
        for path in self.folder.glob("kubelet*.log"):
            found.update(told.findall(path.read_text(errors="replace")))
        return found

    def about_sandbox(self, row):
        """Whether a line names the sandbox of the pod that is said to have brought it in."""
        pods = {self.sandboxes.get(name) for name in story_reference.CONTAINER.findall(row["raw"])}
        return row["via"][-1]["to"].removeprefix("pod ") in pods

    def tell(self, start):
        result = harness.run(
            [self.arguments.ktrace, "story", start, "-o", "json", *self.files], cwd=self.folder
        )
        self.tally.check(f"story {start} succeeds", result.returncode == 0, harness.shown(result))
        return [json.loads(line) for line in result.stdout.splitlines()]

    def compare(self, name, start, expected):
        rows = self.tell(start)
        got = collections.defaultdict(set)
        for row in rows:
            file, key = key_of(row)
            got[file].add(key)
            if not row.get("via"):
                self.tally.check(f"{name}: a record says why", False, row)
        for file in expected.keys() | got.keys():
            if not any(path.name.startswith(file.split(".")[0]) for path in self.files):
                if file not in ("spans", "events"):
                    continue
            if file == "spans" and not any(p.suffix == ".jsonl" for p in self.files):
                continue
            if file == "events" and not any(p.name.startswith("events") for p in self.files):
                continue
            if file.startswith("objects"):
                continue
            right = expected.get(file, set()) & got[file]
            for row in rows:
                key = key_of(row)
                if key[0] == file and key[1] not in right and not self.about_sandbox(row):
                    self.unexplained.append((name, file, key[1]))
            component = "kubectl" if file.startswith("kubectl") else file.removesuffix(".log")
            for place, keys in enumerate(
                (right, got[file] - right, expected.get(file, set()) - right)
            ):
                self.counts[component][place] += len(keys)
                if place and keys:
                    self.misses[name].append((file, "too many" if place == 1 else "missing", keys))
        return rows

    def run(self):
        stories = {}
        made = []
        for command, requests in story_reference.workload(self.folder, self.cluster):
            for request in requests:
                rows = self.compare(f"{command} [{request[:8]}]", request,
                                    self.cluster.story(request))
                stories.setdefault(command, rows)
                for thing in self.cluster.things.values():
                    if any(by == request for _, _, by in thing.changes) and thing not in made:
                        made.append(thing)
        for thing in made:
            self.compare(f"{thing.resource} {thing.namespace}/{thing.name}", thing.uid,
                         self.cluster.story(thing))
        self.check_disjoint(stories)
        self.check_cross_talk(stories)
        self.check_traces()
        self.tally.check("what is too much is about sandboxes", not self.unexplained,
                         self.unexplained[:12])

    def check_disjoint(self, stories):
        def pods(command):
            rows = next(rows for name, rows in stories.items() if name.startswith(command))
            return set(re.findall(r"nginx-[0-9a-f]{8,10}-[a-z0-9]{5}\b", json.dumps(rows)))

        create = pods("kubectl create deployment nginx ")
        scale = pods("kubectl scale deployment nginx ")
        image = pods("kubectl set image deployment/nginx ")
        self.tally.check("creation has three pods", len(create) == 3, create)
        self.tally.check("scaling has two pods", len(scale) == 2, scale)
        self.tally.check("a new image has five pods", len(image) == 5, image)
        shared = create & scale | create & image | scale & image
        self.tally.check("they share none", not shared, shared)

    def check_cross_talk(self, stories):
        for name, rows in stories.items():
            if " nginx " in name or "deployment/nginx" in name:
                others = re.findall(r"nginx2[a-z0-9-]*|team-a/[a-z0-9-]*", json.dumps(rows))
                self.tally.check(f"{name}: no cross-talk", not others, set(others))

    def check_traces(self):
        """From the trace of a client, which the server keeps as a link, to its request and back."""
        links = [(trace, linked, audit_id)
                 for trace, others in sorted(self.cluster.linked.items())
                 for audit_id in sorted(self.cluster.audit_of[trace])
                 for linked in sorted(others) if not self.cluster.audit_of[linked]]
        self.tally.check("there are traces of clients", bool(links))
        for trace, client, audit_id in links[:: max(1, len(links) // 5)]:
            self.check_trace(client, audit_id)

    def check_trace(self, client, audit_id):
        rows = self.tell(client)
        requests = [row for row in rows if "HTTP" == row["message"] and audit_id in row["raw"]]
        self.tally.check(f"trace {client} leads to {audit_id}", len(requests) == 1, len(rows))
        spans = [row for row in self.tell(audit_id)
                 if row.get("attributes", {}).get("traceId") == client]
        known = len(self.cluster.spans.get(client, []))
        self.tally.check(f"request {audit_id} leads to {client}", len(spans) >= known, len(spans))

    def report(self):
        print(f"{'component':26} {'right':>7} {'too many':>9} {'missing':>8} "
              f"{'precision':>9} {'recall':>7}")
        total = [0, 0, 0]
        for component, counts in sorted(self.counts.items()):
            total = [a + b for a, b in zip(total, counts)]
            self.row(component, counts, EACH)
        self.row("all", total, OVERALL)

    def row(self, name, counts, least):
        right, too_many, missing = counts
        precision = right / (right + too_many) if right + too_many else 1.0
        recall = right / (right + missing) if right + missing else 1.0
        print(f"{name:26} {right:7} {too_many:9} {missing:8} {precision:9.4f} {recall:7.4f}")
        self.tally.check(f"{name}: precision and recall of {least}",
                         precision >= least and recall >= least)


def main():
    parser = harness.options(__doc__)
    parser.add_argument("--misses", action="store_true", help="print what differs")
    parser.add_argument("--folder", type=Path, help="a cluster's files, unpacked")
    arguments = harness.parse(parser)
    tally = harness.Tally()
    with harness.scratch() as scratch:
        folder = arguments.folder or Path(scratch)
        if not arguments.folder:
            for name in FOLDERS:
                if (arguments.testdata / name).is_dir():
                    harness.unpack(arguments.testdata / name, folder)
        comparison = Comparison(arguments, tally, folder)
        comparison.run()
        comparison.report()
        if arguments.misses:
            for name, misses in comparison.misses.items():
                for file, what, keys in misses:
                    print(f"{name}: {file}: {len(keys)} {what}: {sorted(keys, key=str)[:12]}")
    tally.finish()


if __name__ == "__main__":
    main()
