"""Lines in envelopes, by the rules of those who write them."""

import json

TIME = "2026-11-22T16:50:45.041587123Z"


def text(line):
    return line.decode("utf-8", "replace")


def compact(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


def pieces(lines, size):
    """(bytes, whether more follows) of all lines, cut to `size` bytes."""
    cut = []
    for line in lines:
        parts = [line[i : i + size] for i in range(0, len(line), size)] or [b""]
        cut += [(part, False) for part in parts[:-1]] + [(parts[-1], True)]
    return cut


def cri(line, last=True, stream=b"stderr", time=TIME):
    return b"%s %s %s %s\n" % (time.encode(), stream, b"F" if last else b"P", line)


def docker(line, last=True, time=TIME):
    return compact({"log": text(line) + ("\n" if last else ""), "stream": "stderr", "time": time})


def journal_short(line):
    return b"Nov 22 17:01:33 node1 kube-apiserver[288]: %s\n" % line


def journal_precise(line):
    return b"Nov 22 17:01:33.349642 node1 kube-apiserver[288]: %s\n" % line


def journal_iso(line):
    return b"2026-11-22T17:01:33+0000 node1 kube-apiserver[288]: %s\n" % line


def journal_iso_precise(line):
    return b"2026-11-22T17:01:33.349642+00:00 node1 kube-apiserver[288]: %s\n" % line


def journal_full(line):
    return b"Sun 2026-11-22 17:01:33 UTC node1 kube-apiserver[288]: %s\n" % line


def journal_json(line):
    return compact(
        {
            "_PID": "288",
            "MESSAGE": text(line),
            "__REALTIME_TIMESTAMP": "1795366893364782",
            "SYSLOG_IDENTIFIER": "kube-apiserver",
            "_HOSTNAME": "node1",
        }
    )


def journal_json_pretty(line):
    fields = json.loads(journal_json(line)).items()
    members = (f"\t{json.dumps(key)} : {json.dumps(value)}" for key, value in fields)
    return ("{\n" + ",\n".join(members) + "\n}\n").encode()


def journal_json_bytes(line):
    """As journalctl writes what is no printable text."""
    return compact(
        {
            "MESSAGE": list(line),
            "__REALTIME_TIMESTAMP": "1795366893364782",
            "SYSLOG_IDENTIFIER": "kube-apiserver",
            "_PID": "288",
            "_HOSTNAME": "node1",
        }
    )


def journal_export(line, binary=False):
    fields = [
        (b"__CURSOR", b"s=1;i=2"),
        (b"__REALTIME_TIMESTAMP", b"1795366893364782"),
        (b"_HOSTNAME", b"node1"),
        (b"PRIORITY", b"6"),
        (b"MESSAGE", line),
        (b"_PID", b"288"),
        (b"SYSLOG_IDENTIFIER", b"kube-apiserver"),
    ]
    text = b""
    for name, value in fields:
        if name == b"MESSAGE" and (binary or any(byte < 32 and byte != 9 for byte in value)):
            text += name + b"\n" + len(value).to_bytes(8, "little") + value + b"\n"
        else:
            text += name + b"=" + value + b"\n"
    return text + b"\n"


def journal_export_binary(line):
    return journal_export(line, binary=True)


def kubectl_timestamps(line):
    return TIME.encode() + b" " + line + b"\n"


def kubectl_prefix(line):
    return b"[pod/kube-apiserver-node1/kube-apiserver] " + line + b"\n"


def kubectl_both(line):
    return b"[pod/kube-apiserver-node1/kube-apiserver] " + kubectl_timestamps(line)


def stern(line):
    return b"kube-apiserver-node1 kube-apiserver " + line + b"\n"


def stern_color(line):
    return b"\x1b[36mkube-apiserver-node1\x1b[0m \x1b[36mkube-apiserver\x1b[0m " + line + b"\n"


def stern_json(line):
    return compact(
        {
            "message": text(line),
            "nodeName": "node1",
            "namespace": "kube-system",
            "podName": "kube-apiserver-node1",
            "containerName": "kube-apiserver",
        }
    )


def cloud_logging(line, form=compact):
    return form(
        {
            "insertId": "1",
            "textPayload": text(line),
            "timestamp": TIME,
            "resource": {
                "type": "k8s_container",
                "labels": {
                    "container_name": "kube-apiserver",
                    "pod_name": "p",
                    "node_name": "node1",
                },
            },
        }
    )


def cloud_logging_indented(line):
    """An element of what gcloud prints."""

    def indented(value):
        text = json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False)
        return "".join(f"  {one}\n" for one in (text + ",").splitlines()).encode()

    return cloud_logging(line, indented)


def logcli(line):
    labels = {"container": "kube-apiserver", "node_name": "node1"}
    return compact({"labels": labels, "line": text(line), "timestamp": TIME})


def fluent_bit(line):
    return compact(
        {
            "time": TIME,
            "stream": "stderr",
            "_p": "F",
            "log": text(line),
            "kubernetes": {
                "pod_name": "p",
                "container_name": "kube-apiserver",
                "host": "node1",
            },
        }
    )


def elasticsearch(line):
    return compact(
        {
            "_index": "logs",
            "_id": "1",
            "_source": {
                "@timestamp": TIME,
                "message": text(line),
                "kubernetes": {
                    "container": {"name": "kube-apiserver"},
                    "node": {"name": "node1"},
                },
            },
        }
    )


# Each makes what is written for one line.
ALL = (
    cri,
    docker,
    journal_short,
    journal_precise,
    journal_iso,
    journal_iso_precise,
    journal_full,
    journal_json,
    journal_json_pretty,
    journal_json_bytes,
    journal_export,
    journal_export_binary,
    kubectl_timestamps,
    kubectl_prefix,
    kubectl_both,
    stern,
    stern_color,
    stern_json,
    cloud_logging,
    cloud_logging_indented,
    logcli,
    fluent_bit,
    elasticsearch,
)
