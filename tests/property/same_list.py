#!/usr/bin/env python3
"""Nearly all identifiers are read off the bytes around their keys; with a pattern all are parsed.

`list` must find the same both ways, whatever lines look like. With a pattern that is a plain text,
only records with that text are.

    tests/property/same_list.py --ktrace PATH [--testdata DIR] [--seed N] [--rounds N]
"""

import argparse
import difflib
import os
import random
import subprocess
import sys
import tempfile

KEYS = ["traceID", "trace_id", "audit-ID", "auditID", "requestID", "reqID", "traceparent", "uid",
        "pod", "err", "TraceId", "trace-i_d", "dd.trace_id", "v"]
PIECES = ['\\"', "\\\\", '"', " ", "a", "=", "traceID=", "{", "}", ":", "\\n", "\\"]
LONG = 4000  # lines: so much that most is scanned where the kernel has it in memory
LITERALS = ["plain words", "traceID", "continued", "unb", "nowhere"]
MESSAGES = ['"msg"', '"m \\"q\\" x"', "plain words", 'a "b" c', '"unb', 'x \\" y', '"a\\\\"',
            'it\'s 5" wide']


class Lines:
    """Lines of logs, most of them nearly right."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.numbers = [self.random.getrandbits(128) for _ in range(30)]

    def pick(self, *choices):
        return self.random.choice(choices)

    def identifier(self):
        text = f"{self.random.choice(self.numbers):032x}"
        uuid = "-".join([text[:8], text[8:12], text[12:16], text[16:20], text[20:]])
        odd = self.pick("a", "req-1", 'x"y', 'x\\"y', "a b", "")
        return self.pick(text, text, text.upper(), uuid, uuid, odd)

    def value(self):
        inside = "".join(self.random.choices(PIECES, k=self.random.randrange(8)))
        nested = f'{{"a":"{self.pick("", chr(92) + chr(34))}","traceID":"{self.identifier()}"}}'
        quoted = f'"{self.identifier()}"'
        return self.pick(quoted, quoted, quoted, quoted, self.identifier(), f'"{inside}"', nested,
                         f'<\n\ttraceID="{self.identifier()}"\n >', str(self.random.randrange(999)),
                         "two words")

    def text(self, pairs):
        clock = f"{self.random.randrange(24):02}:{self.random.randrange(60):02}:07.000001"
        head = f"{self.pick(*'IWEF')}0610 {clock}       1 a.go:12] {self.random.choice(MESSAGES)}"
        return head + "".join(f" {k}={v}" for k, v in pairs) + self.pick("", "", ":", " tail", '"')

    def json(self, pairs):
        time = f"17180000{self.random.randrange(10000, 99999)}.5"
        head = f'{{"ts":{time},"msg":"m{self.pick("", "{")}"'
        members = "".join(f',"{k}":{v if v[:1] in (chr(34), "{") else 1}' for k, v in pairs)
        inner = f',"o":{{"traceID":"{self.identifier()}"}}}}'
        return head + members + self.pick(',"v":0}', ',"v":0}', "}", inner, '"')

    def line(self, odd=30):
        """`odd`: how many of a hundred begin no record of klog text."""
        pairs = [(self.random.choice(KEYS), self.value()) for _ in range(self.random.randrange(5))]
        other = self.pick(f'  continued traceID="{self.identifier()}"', "garbage",
                          f'AUDIT: id="{self.identifier()}"')
        weights = [100 - odd, odd * 5 / 6, odd / 6]
        return self.random.choices([self.text(pairs), self.json(pairs), other], weights)[0]

    def wrapped(self, text, cuts):
        """As a container runtime writes lines; some are cut in two, some stand bare among them."""
        out = []
        for number, line in enumerate(text.splitlines()):
            if number > 0 and self.random.randrange(30) == 0:
                out.append(line)
                continue
            stream = self.pick("stderr", "stderr", "stderr", "stdout")
            head = f"2024-06-10T{number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}.5Z {stream}"
            at = self.random.randrange(len(line) + 1)
            if cuts and self.random.randrange(10) == 0:
                out += [f"{head} P {line[:at]}", f"{head} F {line[at:]}"]
            else:
                out.append(f"{head} F {line}")
        return "\n".join(out) + "\n"


def compare(ktrace, log, name):
    """The number of traces in a log, when both ways find the same."""
    command = [ktrace, "list", "--no-index", "-o", "json", log]
    fast = subprocess.run(command, capture_output=True, check=True).stdout
    slow = subprocess.run([*command, "--match", "(?s).*"], capture_output=True, check=True).stdout
    if fast != slow:
        both = difflib.unified_diff(slow.decode().split("\n"), fast.decode().split("\n"),
                                    "parsed", "not parsed", n=0, lineterm="")
        sys.exit("\n".join([f"{name}: the lists differ", *list(both)[:10]]))
    return fast.count(b"\n") + compare_literals(command, name)


def compare_literals(command, name):
    """How many traces have records with one of some texts, when what is searched for first, and then
    parsed, is what a pattern of the same meaning finds in all records."""
    found = 0
    for text in LITERALS:
        fast, slow = (subprocess.run([*command, "--match", pattern], capture_output=True).stdout
                      for pattern in (text, f"(?:{text})"))
        if fast != slow:
            sys.exit(f"{name}: other traces with {text!r} than with its pattern")
        found += fast.count(b"\n")
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--ktrace", required=True)
    parser.add_argument("--testdata")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=40)
    options = parser.parse_args()
    seen = {"bare": 0, "wrapped": 0, "cut": 0, "long": 0}
    with tempfile.TemporaryDirectory() as directory:
        log = os.path.join(directory, "some.log")
        for seed in range(options.seed, options.seed + options.rounds):
            lines = Lines(seed)
            text = "".join(lines.line() + "\n" for _ in range(300))
            forms = {"bare": text, "wrapped": lines.wrapped(text, False),
                     "cut": lines.wrapped(text, True)}
            if seed % 5 == 1:
                forms["long"] = "".join(lines.line(seed % 3) + "\n" for _ in range(LONG))
            for form, content in forms.items():
                with open(log, "w", encoding="utf-8") as out:
                    out.write(content)
                seen[form] += compare(options.ktrace, log, f"seed {seed}, {form}")
    print(f"traces in {options.rounds} logs, the same both ways: {seen}")
    return 0 if all(seen.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
