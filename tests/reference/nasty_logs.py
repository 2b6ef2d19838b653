"""Random logs made of what a parser may stumble over, the same for the same seed.

Kept to what the contract decides: nothing here has two readings (no identifier inside quotes that
belong to no key, no value that ends in punctuation, no escaped quote in the value of an identifier
key in running text, where nobody says who quoted it).
"""

import json
import random

HEX = "4bf92f3577b34da6a3ce929d0e0e4736"
IDENTIFIERS = ["111", HEX, "01234567-89ab-4cde-8f01-23456789abcd", 'a"b', "req/7"]
KEYS = [
    "traceID",
    "trace_id",
    "trace-id",
    "TraceId",
    "traceid",
    "reqID",
    "requestID",
    "Request-ID",
    "audit-ID",
    "auditID",
    "AUDIT_ID",
    "dd.trace_id",
]
LOOK_ALIKE_KEYS = [
    "xtraceID",
    "traceIDs",
    "podUID",
    "spanID",
    "id",
    "trace",
    "my.traceID",
    "requid",
    "trace.id",
    "parentID",
]

OPAQUE_KEYS = ["err", "body", "note"]


class Generator:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.clock = 0

    def pick(self, items):
        return self.random.choice(items)

    # ---- Keys and values

    def identifier(self):
        """Mostly one that is asked for, or one that is nearly so."""
        identifier = self.pick(IDENTIFIERS)
        twist = self.random.randrange(8)
        if twist == 0:
            return identifier + self.pick("10ax")
        if twist == 1:
            return identifier[:-1]
        if twist == 2:
            return identifier.upper()
        if twist == 3:
            return "x" + identifier
        return identifier

    def pair(self):
        """A key with the value for it."""
        kind = self.random.randrange(10)
        identifier = self.identifier()
        if kind < 4:
            return self.pick(KEYS), identifier
        if kind < 6:
            return self.pick(LOOK_ALIKE_KEYS), identifier
        if kind == 6:
            trace = self.pick([HEX, HEX[::-1], "0" * 32, HEX[:-1], HEX.upper()])
            version = self.pick(["00", "00", "ff", "01"])
            return "traceparent", f"{version}-{trace}-00f067aa0ba902b7-0{self.pick('013')}"
        if kind == 7:
            return (
                "logging.googleapis.com/trace",
                self.pick(["", "projects/p/traces/"]) + identifier,
            )
        return self.pick(OPAQUE_KEYS), self.opaque(identifier)

    def opaque(self, identifier):
        """A value that talks of an identifier and is none."""
        return self.pick(
            [
                f"upstream said traceID={identifier} and left",
                f'log line "x" traceID="{identifier}" ends',
                f'{{"traceID":"{identifier}"}}',
                f"traceID={identifier}",
                f"I0610 11:35:38.104033       1 a.go:1] traceID={identifier}",
            ]
        )

    # ---- Lines

    def header(self):
        self.clock += self.random.randrange(2000)
        millis = self.clock % 1000
        second = self.clock // 1000
        time = (
            f"{10 + second // 3600 % 10}:{second // 60 % 60:02d}:{second % 60:02d}.{millis:03d}000"
        )
        caller = self.pick(["a.go:1", "dir/httplog.go:134", "???:1", "reflector.go:1234567"])
        pid = self.pick(["      1", "  23035", "1", "1952452992", "       "])
        return f"{self.pick('IWEF')}1122 {time} {pid} {caller}] "

    def go_quote(self, text):
        return json.dumps(text, ensure_ascii=False)

    def text_pair(self, running=False):
        key, value = self.pair()
        if running and key not in OPAQUE_KEYS:
            value = value.replace('"', "")
        if " " not in value and '"' not in value and self.random.randrange(3) == 0:
            return f"{key}={value}"
        return f"{key}={self.go_quote(value)}"

    def json_pair(self):
        """A pair whose value is JSON."""
        key, value = self.pair()
        inner = self.pick(
            [
                {key: value},
                [{"n": 1}, {"x": {key: value}}],
                {"list": [key, value]},
                {"a": {"b": {key: value}, "c": None}},
            ]
        )
        name = self.pick(["obj", "event", "podUIDs"])
        return name, inner

    def structured(self):
        message = self.pick(
            ["Synced", 'Say "hi"', "tab\\there", "Syncing 111", "zwölf „Wörter“", ""]
        )
        line = self.header() + self.go_quote(message)
        for _ in range(self.random.randrange(5)):
            kind = self.random.randrange(8)
            if kind == 0:
                name, value = self.json_pair()
                line += f" {name}={json.dumps(value, separators=(',', ':'))}"
            elif kind == 1:
                line += self.block()
            elif kind == 2:
                line += self.pick([" n=1", " ok=true", " x=null", " list=[1,2]", ' s=""'])
            else:
                line += " " + self.text_pair()
        return line

    def block(self):
        """A value of several lines, with what may follow it."""
        key, value = self.pair()
        lines = [
            self.pick(
                [
                    f"{key}: {value}",
                    "Content-Length: 929",
                    self.opaque(self.identifier()),
                    "{",
                    "}",
                    "",
                    self.header() + "inner",
                ]
            )
            for _ in range(self.random.randrange(4))
        ]
        return (
            f" {self.pick(['headers', 'body'])}=<\n"
            + "".join(f"\t{line}\n" for line in lines)
            + " >"
        )

    def printed(self):
        """A message of printf, with continuation lines at times."""
        identifier = self.identifier().replace('"', "")
        words = self.pick(
            [
                "Synced default/nginx",
                "traceID is " + identifier,
                "wait for “nginx“",
                'pod "nginx“',
                f"({identifier})",
                "no traceID: none",
                "50% done",
                "a=b",
            ]
        )
        line = self.header() + words
        pairs = [self.text_pair(running=True) for _ in range(self.random.randrange(3))]
        # A key once: whether the last one counts also in running text is nobody's promise.
        once = {pair.partition("=")[0]: pair for pair in pairs}
        line += "".join(f" {pair}" for pair in once.values())
        line += self.pick(["", "", " at last", ":", " "]) if line.endswith('"') else ""
        if self.random.randrange(4) == 0:
            more = self.text_pair(running=True)
            line += "\n" + self.pick(
                [
                    "goroutine 1 [running]:",
                    "\tmain.go:12 +0x1d",
                    "",
                    more if more.partition("=")[0] not in once else "",
                ]
            )
        return line

    def utiltrace(self):
        identifier = self.pick(IDENTIFIERS[:3])
        key = self.pick(["audit-id", "audit-id", "client-id"])
        return (
            f'{self.header()}Trace[111]: "Get" accept:*/*, x/y,{key}:{identifier},url:/a?traceID=111,'
            "verb:GET (22-Nov-2026 16:51:38.352) (total time: 1551ms):\n"
            f'Trace[111]: ["List" {key}:{identifier},limit:500 20ms (16:51:38.352)\n'
            "Trace[111]: [1.5s] [1.5s] END"
        )

    def json_line(self):
        self.clock += self.random.randrange(2000)
        members = {
            "ts": 1795366480000 + self.clock,
            "caller": "a/b.go:1",
            "msg": self.pick(["Synced", 'Say "hi"\n', "111", "traceID of 111"]),
            "v": 1,
        }
        for _ in range(self.random.randrange(4)):
            key, value = self.pair() if self.random.randrange(3) else self.json_pair()
            members[key] = value
        if self.random.randrange(12) == 0:
            members["headers"] = "{}: {}\nContent-Length: 9".format(*self.pair())
        separators = self.pick([(",", ":"), (", ", ": ")])
        # The first member stays tight: `{"` is what starts a JSON record.
        return json.dumps(members, ensure_ascii=False, separators=separators)

    def junk(self):
        return self.pick(
            [
                "",
                "Error: unknown flag",
                "Flag --x has been deprecated",
                "\t\t",
                "{",
                "}",
                "I0610 is no header",
                "E1122 16:51 neither",
                "[-]etcd failed: reason withheld",
                "plain " + self.text_pair(running=True),
                self.text_pair(running=True) + " plain",
            ]
        )

    def log(self, lines):
        """A whole log as bytes."""
        makers = (
            [self.structured] * 5
            + [self.printed] * 4
            + [self.json_line] * 4
            + [self.utiltrace, self.junk]
        )
        text = "".join(self.pick(makers)() + "\n" for _ in range(lines))
        if self.random.randrange(4) == 0:
            text = text.replace("\n", "\r\n")
        if self.random.randrange(4) == 0:
            text = text.removesuffix("\n").removesuffix("\r")
        return text.encode()
