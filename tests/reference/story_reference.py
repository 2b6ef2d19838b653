"""Which records belong to the story of a request or an object: slow, and by other means than ktrace.

The truth comes from the audit log, the object dumps and, for links between traces, the spans. The
component logs are only looked up in: a line belongs when it names, as a whole word, a thing that
the audit log says belongs. What a story is:

  An object's story is its life and that of all it owns, from its creation on; after an object of
  the same kind, namespace and name was created anew, the name means that one.

  A request's story is the request, and what it changed. A change of an object holds from the request
  to the next change of that object's spec (its generation, or its resourceVersion when it has none;
  changes of status are none). What an object makes while a change holds belongs, and holds itself
  until its own first change of spec after that. Of what was there before, those whose spec is
  changed by their owner while the change holds belong from then on, but what is only deleted does
  not. A deletion holds for ever, and takes along what was there. A namespace owns what is in it.

  A line about an object outside, named together with an owner that is inside, is about the object
  outside. A line that names things of one topmost owner, some in a request's story and some not,
  is about none of them. A line that names more than MOST objects is about none. Lists and watches are about none.
"""

import collections
import datetime
import glob
import json
import os
import re

MOST = 8
UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
WORD = re.compile(r"(?:(?<=([a-z0-9])/)|(?<![a-z0-9.-]))[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?")
CONTAINER = re.compile(r"\b[0-9a-f]{64}\b")
HEADER = re.compile(r"^[IWEF]\d{4} (\d\d:\d\d:\d\d\.\d{6}) +\d+ [^ \]]+:\d+\] ")
LATENCY = re.compile(r' latency="([0-9.]+)(µs|ms|s)"')
URI = re.compile(
    r"/(?:api/v1|apis/[^/\s\"]+/[^/\s\"]+)/namespaces/([^/\s\"?,]+)"
    r"(?:/([a-z]+)/([^/\s\"?,]+)|(?=[\s\"?,]))"
)
EVENT_NAME = re.compile(r"^(.+)\.[0-9a-f]{16}$")
FOREVER = "9999"

# The kind that a controller's key="namespace/name" speaks of.
KEYS_OF = {
    "endpointslice-controller": "services",
    "endpointslice-mirroring-controller": "endpoints",
    "endpoints-controller": "services",
    "daemonset-controller": "daemonsets",
    "statefulset-controller": "statefulsets",
    "job-controller": "jobs",
    "cronjob-controller": "cronjobs",
    "deployment-controller": "deployments",
    "replicaset-controller": "replicasets",
}


class Thing:
    """One object: what the audit log and the dumps say of it."""

    def __init__(self, resource, namespace, name, uid, created):
        self.resource, self.namespace, self.name = resource, namespace, name
        self.uid, self.created = uid, created
        self.owner = None
        self.changes = []  # (time, is a deletion, audit ID)
        self.seen = None  # generation, or resourceVersion

    @property
    def reference(self):
        return (self.resource, self.namespace, self.name)


def plural(kind):
    word = kind.lower()
    return word if word.endswith("s") else word + "s"


class Cluster:
    def __init__(self, folder):
        self.folder = folder
        self.things = {}  # by UID
        self.by_reference = collections.defaultdict(list)
        self.by_name = collections.defaultdict(list)
        self.requests = {}  # audit ID -> its fullest event
        self.audit_lines = collections.defaultdict(list)
        self.containers = {}  # container ID -> UID of its pod
        self.event_objects = {}  # (namespace, Event's name) -> UID of its object
        self.event_words = {}  # the same -> its message
        self.spans = {}
        self.parsed = {}  # by path: what each record of a log names
        self.read_audit()
        self.read_dumps()
        self.read_spans()
        self.read_requests()

    # ---- The truth ---------------------------------------------------------------------------

    def read_audit(self):
        with open(os.path.join(self.folder, "audit.log")) as file:
            for number, line in enumerate(file, 1):
                event = json.loads(line)
                self.audit_lines[event["auditID"]].append(number)
                known = self.requests.get(event["auditID"])
                if known is None or event["stage"] != "RequestReceived":
                    self.requests[event["auditID"]] = event

    def thing(self, resource, meta, created):
        uid = meta["uid"]
        if uid not in self.things:
            # Several dumps and answers: the earliest word on the beginning is the exact one.
            thing = Thing(resource, meta.get("namespace", ""), meta["name"], uid, created)
            self.things[uid] = thing
            self.by_reference[thing.reference].append(thing)
            self.by_name[thing.name].append(thing)
        thing = self.things[uid]
        for owner in meta.get("ownerReferences", []):
            if owner.get("controller"):
                thing.owner = owner["uid"]
        return thing

    def read_dumps(self):
        for path in sorted(glob.glob(os.path.join(self.folder, "objects*.json"))):
            with open(path) as file:
                for item in json.load(file)["items"]:
                    meta = item["metadata"]
                    self.thing(plural(item["kind"]), meta, meta["creationTimestamp"])
                    self.note_containers(item)
        for path in sorted(glob.glob(os.path.join(self.folder, "events*.json"))):
            with open(path) as file:
                for item in json.load(file)["items"]:
                    involved = item["involvedObject"].get("uid")
                    meta = item["metadata"]
                    self.event_objects[meta["namespace"], meta["name"]] = involved
                    self.event_words[meta["namespace"], meta["name"]] = item.get("message", "")

    def note_containers(self, item):
        status = item.get("status") or {}
        for container in status.get("containerStatuses") or []:
            for text in CONTAINER.findall(json.dumps(container)):
                if "containerID" in container or "lastState" in container:
                    self.containers[text] = item["metadata"]["uid"]
            image = CONTAINER.findall(container.get("imageID", ""))
            for text in image:
                self.containers.pop(text, None)

    def read_requests(self):
        for audit_id, event in sorted(
            self.requests.items(), key=lambda item: item[1]["requestReceivedTimestamp"]
        ):
            code = (event.get("responseStatus") or {}).get("code", 0)
            reference = event.get("objectRef") or {}
            verb, sub = event["verb"], reference.get("subresource", "")
            answer = event.get("responseObject") or {}
            meta = answer.get("metadata") or {}
            if not 200 <= code < 300 or verb not in ("create", "update", "patch", "delete"):
                continue
            if "uid" in meta and "name" in meta:
                thing = self.thing(reference["resource"], meta, event["requestReceivedTimestamp"])
                if verb == "create" and not sub:
                    thing.created = event["requestReceivedTimestamp"]
                self.note_containers(answer)
            elif verb == "create" and not sub and "name" in reference:
                if reference["resource"] not in ("events", "leases"):
                    # The answer is not in the log, and so no UID.
                    uid = "/".join(self.key_of(reference))
                    self.thing(reference["resource"], {**reference, "uid": uid},
                               event["requestReceivedTimestamp"])
            self.note_change(audit_id, event, verb, sub, reference, meta)
        for thing in self.things.values():
            if thing.resource == "endpoints" and thing.owner is None:
                for service in self.by_reference["services", thing.namespace, thing.name]:
                    thing.owner = service.uid
        for things in self.by_reference.values():
            things.sort(key=lambda thing: thing.created)

    def key_of(self, reference):
        """What an objectRef names. The audit log puts a namespace into itself."""
        resource = reference.get("resource", "")
        space = "" if resource == "namespaces" else reference.get("namespace", "")
        return resource, space, reference.get("name", "")

    def note_change(self, audit_id, event, verb, sub, reference, meta):
        time = event["requestReceivedTimestamp"]
        things = [self.things[meta["uid"]]] if meta.get("uid") in self.things else []
        if not things:
            named = self.by_reference[self.key_of(reference)]
            things = [t for t in named if t.created <= time][-1:]
        for thing in things:
            version = meta.get("generation") or meta.get("resourceVersion")
            if verb == "delete":
                thing.changes.append((time, True, audit_id))
            elif sub == "scale" or (not sub and (verb == "create" or version != thing.seen)):
                thing.changes.append((time, False, audit_id))
            if not sub or sub == "status":
                thing.seen = version or thing.seen

    def read_spans(self):
        self.trace_of = {}  # audit ID -> trace
        self.audit_of = collections.defaultdict(set)  # trace -> audit IDs
        self.linked = collections.defaultdict(set)  # trace <-> trace
        self.pod_traces = collections.defaultdict(list)  # UID -> (time, trace)
        path = os.path.join(self.folder, "otlp-traces.jsonl")
        if not os.path.exists(path):
            return
        for line in open(path):
            for resource in json.loads(line)["resourceSpans"]:
                for scope in resource["scopeSpans"]:
                    for span in scope["spans"]:
                        self.read_span(span)

    def read_span(self, span):
        values = {a["key"]: a["value"].get("stringValue") for a in span.get("attributes", [])}
        trace = span["traceId"]
        self.spans.setdefault(trace, []).append(span["spanId"])
        if "audit-id" in values:
            self.trace_of[values["audit-id"]] = trace
            self.audit_of[trace].add(values["audit-id"])
        if "k8s.pod.uid" in values:
            begin = int(span["startTimeUnixNano"]) / 1e9
            self.pod_traces[values["k8s.pod.uid"]].append((stamp(begin), trace))
        for link in span.get("links", []):
            self.linked[trace].add(link["traceId"])
            self.linked[link["traceId"]].add(trace)

    # ---- Stories -----------------------------------------------------------------------------

    def owned(self, uid):
        return [thing for thing in self.things.values() if thing.owner == uid]

    def life(self, thing):
        """{UID: (from, to)} of an object and all it owns."""
        intervals = {}
        todo = [thing]
        while todo:
            one = todo.pop()
            if one.uid in intervals:
                continue
            intervals[one.uid] = ("", FOREVER)
            todo += self.owned(one.uid)
        return intervals

    def caused(self, audit_id):
        """{UID: (from, to)} of what a request changed."""
        intervals = {}
        for thing in list(self.things.values()):
            for time, deletion, by in thing.changes:
                if by != audit_id:
                    continue
                if deletion:
                    self.take_along(thing, time, intervals)
                else:
                    self.hold(thing, time, time, intervals)
        return intervals

    def hold(self, thing, begin, settled, intervals):
        """`thing` is changed at `begin`; what changes it before `settled` is of the same story."""
        later = [time for time, _, _ in thing.changes if time > begin and time >= settled]
        end = min(later, default=FOREVER)
        intervals[thing.uid] = (begin, end)
        for child in self.owned(thing.uid):
            if child.uid in intervals:
                continue
            if begin <= child.created < end:
                self.hold(child, child.created, end, intervals)
                continue
            changed = [t for t, deletion, _ in child.changes if begin <= t < end and not deletion]
            if changed and child.created < begin:
                self.hold(child, min(changed), end, intervals)

    def take_along(self, thing, time, intervals):
        gone = any(deletion and when < time for when, deletion, _ in thing.changes)
        if thing.uid in intervals or thing.created > time or gone:
            return
        intervals[thing.uid] = (time, FOREVER)
        below = self.owned(thing.uid)
        if thing.resource == "namespaces":
            below = [t for t in self.things.values() if t.namespace == thing.name]
        for child in below:
            self.take_along(child, time, intervals)

    def story(self, start):
        """{file: set of line numbers}, span IDs under "spans", UIDs of Event objects under "events".

        `start`: an audit ID, or a Thing.
        """
        if isinstance(start, Thing):
            intervals, requests = self.life(start), set()
        else:
            intervals, requests = self.caused(start), {start}
        traces = set()
        for audit_id, event in self.requests.items():
            if self.touches(event, intervals):
                requests.add(audit_id)
        for uid, (begin, end) in intervals.items():
            traces |= {trace for time, trace in self.pod_traces[uid] if begin <= time < end}
        while True:
            more = {self.trace_of[r] for r in requests if r in self.trace_of} - traces
            for trace in traces | more:
                more |= self.linked[trace]
            more -= traces
            traces |= more
            also = {a for trace in traces for a in self.audit_of[trace]} - requests
            requests |= also
            if not more and not also:
                break
        found = {"audit.log": {n for r in requests for n in self.audit_lines[r]}}
        found["spans"] = {span for trace in traces for span in self.spans.get(trace, [])}
        found["events"] = {
            name
            for name, uid in self.event_objects.items()
            if self.event_in(name, uid, intervals, not isinstance(start, Thing))
        }
        for path in sorted(glob.glob(os.path.join(self.folder, "ku*.log"))):
            found[os.path.basename(path)] = self.lines_of(
                path, requests, intervals, not isinstance(start, Thing)
            )
        return found

    def event_in(self, name, uid, intervals, caused):
        # An owner's Event may tell of what it made because of another change.
        told = [t for word in WORD.finditer(self.event_words.get(name, ""))
                for t in self.by_name.get(word.group(0), []) if t.owner]
        mine = self.things.get(uid)
        for thing in told if caused and mine else []:
            if thing.uid not in intervals and self.top(thing) == self.top(mine):
                return False
        # The name ends with the nanoseconds at which the Event was made.
        made = stamp(int(name[1].rsplit(".", 1)[1], 16) / 1e9) if "." in name[1] else ""
        return uid in intervals and intervals[uid][0] <= made < intervals[uid][1]

    def touches(self, event, intervals):
        reference = event.get("objectRef") or {}
        time = event["requestReceivedTimestamp"]
        if event["verb"] in ("list", "watch", "deletecollection"):
            return False
        meta = (event.get("responseObject") or {}).get("metadata") or {}
        things = [self.things[meta["uid"]]] if meta.get("uid") in self.things else []
        if not things:
            things = self.named(*self.key_of(reference), time)
        return any(inside(intervals, thing, time) for thing in things)

    def named(self, resource, namespace, name, time):
        """The objects that are meant by a kind (None: not told), a namespace and a name."""
        if resource == "events":
            uid = self.event_objects.get((namespace, name))
            if uid is not None:
                return [self.things[uid]] if uid in self.things else []
            match = EVENT_NAME.match(name)
            return self.named(None, namespace, match.group(1), time) if match else []
        if resource:
            found = self.by_reference[resource, namespace, name]
        else:
            found = [t for t in self.by_name[name] if namespace in (t.namespace, None)]
            if len({t.reference for t in found}) > 1:
                return []
        if len(found) > 1:
            before = [t for t in found if t.created <= time]
            found = before[-1:]
        return found

    # ---- Lines -------------------------------------------------------------------------------

    def lines_of(self, path, requests, intervals, caused):
        if path not in self.parsed:
            self.parsed[path] = [
                (number, time, set(UUID.findall(text)), self.all_named(text, time))
                for number, time, text in records_of(path)
            ]
        return {
            number
            for number, time, ids, named in self.parsed[path]
            if ids & requests or self.about(named, time, intervals, caused)
        }

    def all_named(self, text, time):
        """The objects that a record of a log names."""
        request = re.search(r' audit-ID="([^"]*)"', text)
        if request and request.group(1) in self.requests:
            return set()  # what a request is about is for the audit log to say
        named = {self.things[i] for i in UUID.findall(text) if i in self.things}
        named |= {
            self.things[self.containers[c]]
            for c in CONTAINER.findall(text)
            if self.containers.get(c) in self.things
        }
        return named | self.named_in(text, time)

    def about(self, named, time, intervals, caused):
        if len(named) > MOST:
            return False
        mine = {thing for thing in named if inside(intervals, thing, time)}
        others = named - mine
        tops = {self.top(thing) for thing in mine}
        strangers = {self.top(thing) for thing in others if thing.uid not in intervals}
        if caused and tops & strangers:
            return False
        for other in others:
            mine -= set(self.owners(other))
        return bool(mine)

    def top(self, thing):
        return [thing, *self.owners(thing)][-1]

    def owners(self, thing):
        while thing is not None and thing.owner in self.things:
            thing = self.things[thing.owner]
            yield thing

    def named_in(self, text, time):
        named = set()
        for namespace, resource, name in URI.findall(text):
            if not resource:
                named |= set(self.named("namespaces", "", namespace, time))
            elif "watch=true" not in text:
                named |= set(self.named(resource, namespace, name, time))
        logger = re.search(r' logger="([^"]+)"', text)
        kind = re.search(r' kind="([A-Za-z]+)"', text)
        for key, namespace, name in re.findall(r' ([A-Za-z]+)="([a-z0-9-]+)/([a-z0-9.-]+)"', text):
            resource = plural(key)
            if key in ("key", "object", "controller") and kind:
                resource = plural(kind.group(1))
            elif key == "key" and logger and logger.group(1) in KEYS_OF:
                resource = KEYS_OF[logger.group(1)]
            named |= set(self.named(resource, namespace, name, time))
        for resource, name in re.findall(r' ([a-z]+)\.[a-z.0-9]* \\"([a-z0-9.-]+)\\"', text):
            for namespace in {t.namespace for t in self.by_name[name]}:
                if ('="%s/' % namespace) in text:
                    named |= set(self.named(resource, namespace, name, time))
        # Words: only what cannot mean anything else. A made-up suffix makes sure of that.
        for match in WORD.finditer(text):
            name = match.group(0)
            if name not in self.by_name:
                continue
            before = re.search(r"([a-z0-9.-]+)/$", text[max(0, match.start() - 64):match.start()])
            namespace = before.group(1) if before else ""
            for thing in self.by_name[name]:
                made_up = re.search(r"-[a-z0-9]{5}$|-[a-z0-9]{8,10}$", name) or thing.owner
                if made_up and "-" in name and (not namespace or namespace == thing.namespace
                                                or namespace not in self.namespaces()):
                    named |= set(self.named(None, thing.namespace, name, time))
        return named

    def namespaces(self):
        return {thing.namespace for thing in self.things.values()}


def inside(intervals, thing, time):
    begin, end = intervals.get(thing.uid, (FOREVER, ""))
    return begin <= time < end


def stamp(seconds):
    time = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    return time.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def records_of(path, day="2026-11-22T"):
    """(number of the first line, when it began, text) of each klog record of one day."""
    number = time = None
    lines = []
    with open(path, errors="replace") as file:
        for at, line in enumerate(file, 1):
            match = HEADER.match(line)
            if match or line.startswith("{"):
                if lines:
                    yield number, time, "".join(lines)
                number, lines = at, []
                time = began(day + match.group(1) + "Z", line) if match else time or ""
            elif number is None:
                number, time = at, ""
            lines.append(line)
    if lines:
        yield number, time, "".join(lines)


def began(time, line):
    latency = LATENCY.search(line)
    if not latency:
        return time
    scale = {"µs": 1e-6, "ms": 1e-3, "s": 1}[latency.group(2)]
    end = datetime.datetime.fromisoformat(time[:-1] + "+00:00")
    begin = end - datetime.timedelta(seconds=float(latency.group(1)) * scale)
    return begin.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def workload(folder, cluster):
    """(command, audit IDs of its writes, or of its last read) for each line of workload.txt."""
    found = []
    before = ""
    for line in open(os.path.join(folder, "workload.txt")):
        time, _, command = line.rstrip("\n").split(" ", 2)
        mine = sorted(
            (event["requestReceivedTimestamp"], audit_id)
            for audit_id, event in cluster.requests.items()
            if event["userAgent"].startswith("kubectl/")
            and before < event["requestReceivedTimestamp"] <= time
        )
        writes = [
            audit_id for _, audit_id in mine
            if cluster.requests[audit_id]["verb"] in ("create", "update", "patch", "delete")
        ]
        found.append((command, writes or [audit_id for _, audit_id in mine[-1:]]))
        before = time
    return found
