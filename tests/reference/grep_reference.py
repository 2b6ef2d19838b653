#!/usr/bin/env python3
"""grep_reference.py ID FILE...: which records carry the identifier ID, the slow and plain way.

Prints FILE:LINE (the record's first line) for each record, file by file, in the order of the file;
time plays no part. It is written from the contract alone and by other means than the program: lines
are split first, every record is parsed, and each part of the grammar is a regular expression.

Records: a line starts one when it begins with a klog header or with `{"`. To a klog header belong
the lines that follow up to the next start. A JSON object ends with its line, what follows up to the
next start is one plain record, and so is what precedes the first start.

Identifiers of a record:
 - an attribute whose key is an identifier key (of equal keys the last);
 - a member, at any depth, of an attribute that is a JSON object or array;
 - a line `Key: value` of an attribute of several lines;
 - in messages and plain text key=value, key="value", key:value or "key":"value" where a token
   begins. The inside of any other quoted value is opaque.
"""

import json
import re
import sys

KEYS = {
    "traceid",
    "reqid",
    "requestid",
    "auditid",
    "traceparent",
    "logging.googleapis.com/trace",
    "dd.traceid",
}

KLOG_HEADER = re.compile(r"[IWEF]\d{4} \d\d:\d\d:\d\d\.\d{6} +(?:\d{1,10} )?[^\s\]]+:\d+\] ?")
QUOTED = r'"(?:[^"\\\n]|\\.)*"'
MESSAGE = re.compile(QUOTED + r"(?= |\n|$)")
PAIR_KEY = re.compile(r' ([^\s="]+)=')
BLOCK = re.compile(r"<\n((?:\t[^\n]*\n)*) >")
BARE_VALUE = re.compile(r"[^\s]*")
HEADER_LINE = re.compile(r"\s*([A-Za-z0-9_.\-/]+):[ \t]+(.*?)[ \t]*$")
TOKEN = re.compile(
    rf'(?:(?<![^\s,;(\[{{])"(?P<json_key>[^"\\\s=:]+)":(?P<json_value>{QUOTED}))'
    rf'|(?:(?<![^\s,;(\[{{])(?P<key>[A-Za-z0-9_.\-/]+)[=:](?P<value>{QUOTED}|[^\s,"]*))'
)
# W3C wants lower case; here 32 hex digits are one identifier in any case.
TRACEPARENT = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?", re.IGNORECASE
)
HEX32 = re.compile(r"[0-9A-Fa-f]{32}")
ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)", re.DOTALL)
ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}


class Literal(str):
    """The text of a JSON number, true, false or null."""


# ---- Records


def split_records(text):
    """(line number, whether it is JSON, text) of each record."""
    record = None
    for number, line in enumerate(text.split("\n"), 1):
        line = line[:-1] if line.endswith("\r") else line
        is_json = line.startswith('{"')
        if is_json or KLOG_HEADER.match(line):
            if record:
                yield record[0], False, "\n".join(record[1])
            record = (number, [line])
            if is_json:
                yield number, True, line
                record = None
        elif record:
            record[1].append(line)
        else:
            record = (number, [line])
    if record:
        yield record[0], False, "\n".join(record[1])


def identifiers_of(is_json, text):
    """(key, value) of each identifier of a record, as written."""
    if is_json:
        found = json_record(text)
        return found if found is not None else list(text_identifiers(text))
    header = KLOG_HEADER.match(text)
    if not header:
        return list(text_identifiers(text))
    body = text[header.end() :]
    found = structured_record(body)
    return found if found is not None else list(text_identifiers(body))


# ---- JSON


def decode_json(text):
    """The value of JSON text; ValueError when it is none. Numbers keep their spelling."""
    decoder = json.JSONDecoder(parse_int=Literal, parse_float=Literal, parse_constant=no_constant)
    try:
        return decoder.decode(text)
    except RecursionError:
        raise ValueError("too deep") from None


def no_constant(name):
    raise ValueError(name)


def json_record(text):
    try:
        record = decode_json(text)
    except ValueError:
        return None
    found = []
    for key, value in record.items():
        if key in ("msg", "message") and isinstance(value, str):
            found += text_identifiers(value)
        else:
            found += attribute_identifiers(key, value)
    return found


def members(value):
    """(key, value) of all members of objects inside a JSON value."""
    inner = []
    if isinstance(value, dict):
        inner = list(value.values())
        yield from ((key, item) for key, item in value.items() if isinstance(item, str))
    elif isinstance(value, list):
        inner = value
    for item in inner:
        yield from members(item)


def attribute_identifiers(key, value):
    """The identifiers in one attribute: its own, its members', its lines'."""
    if isinstance(value, str):
        yield key, value
        if "\n" in value:
            for line in value.split("\n"):
                header = HEADER_LINE.match(line.rstrip("\r"))
                if header:
                    yield header.group(1), header.group(2)
    else:
        yield from members(value)


# ---- klog text


def unquote(text):
    """The value of a string quoted by Go."""

    def replace(match):
        body = match.group(1)
        if body[0] in "xuU" and len(body) > 1:
            return chr(int(body[1:], 16))
        return ESCAPED.get(body, body)

    return ESCAPE.sub(replace, text[1:-1])


def pair_value(body, at):
    """(value, end) of the value that begins at `at`; None when there is none."""
    quoted = re.compile(QUOTED).match(body, at)
    if quoted:
        return unquote(quoted.group()), quoted.end()
    block = BLOCK.match(body, at)
    if block:
        lines = [line[1:] for line in block.group(1).split("\n")]
        return "\n".join(lines), block.end()
    if body[at : at + 1] in ("{", "["):
        line_end = body.find("\n", at)
        try:
            decoder = json.JSONDecoder(parse_int=Literal, parse_float=Literal)
            value, end = decoder.raw_decode(body[: line_end if line_end >= 0 else len(body)], at)
            return value, end
        except ValueError:
            pass
    if body[at : at + 1] == '"':
        return None
    bare = BARE_VALUE.match(body, at)
    return Literal(bare.group()), bare.end()


def structured_record(body):
    """The identifiers of `"message" key=value …`; None when it is not of that form."""
    message = MESSAGE.match(body)
    if not message:
        return None
    at = message.end()
    attributes = {}
    while at < len(body) and body[at] != "\n":
        key = PAIR_KEY.match(body, at)
        value = pair_value(body, key.end()) if key else None
        if value is None:
            return None
        attributes[key.group(1)], at = value
        if at < len(body) and body[at] not in " \n":
            return None
    found = list(text_identifiers(unquote(message.group())))
    for key, value in attributes.items():
        found += attribute_identifiers(key, value)
    return found + list(text_identifiers(body[at:]))


# ---- Text


def text_identifiers(text):
    """The pairs in running text. What TOKEN has matched is not looked into again, so that the
    inside of a quoted value is never searched."""
    for token in TOKEN.finditer(text):
        key = token.group("json_key") or token.group("key")
        value = token.group("json_value") or token.group("value") or ""
        yield key, unquote(value) if value.startswith('"') else value.rstrip(":;)]}>")


# ---- The rule


def identifier_value(key, value):
    """The identifier that a key with this value names; None when it names none."""
    folded = key.lower().replace("-", "").replace("_", "")
    if folded not in KEYS or not value:
        return None
    if folded == "traceparent":
        parts = TRACEPARENT.fullmatch(value)
        return parts.group(1) if parts else None
    if folded == "logging.googleapis.com/trace":
        return value.rpartition("/")[2] or None
    return value


def comparable(identifier):
    """Equal for identifiers that are one."""
    return identifier.lower() if HEX32.fullmatch(identifier) else identifier


def wanted(identifier):
    parts = TRACEPARENT.fullmatch(identifier)
    return comparable(parts.group(1) if parts else identifier)


def index(path):
    """From each identifier in a file to the lines at which its records begin."""
    with open(path, "rb") as file:
        text = file.read().decode("utf-8", "surrogateescape")
    lines = {}
    for line, is_json, record in split_records(text):
        for key, value in identifiers_of(is_json, record):
            identifier = identifier_value(key, value)
            if identifier:
                lines.setdefault(comparable(identifier), {})[line] = None
    return {identifier: list(found) for identifier, found in lines.items()}


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__.split("\n", maxsplit=1)[0])
    identifier = wanted(sys.argv[1])
    status = 1
    for path in sys.argv[2:]:
        for line in index(path).get(identifier, []):
            print(f"{path}:{line}")
            status = 0
    sys.exit(status)


if __name__ == "__main__":
    main()
