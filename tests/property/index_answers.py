#!/usr/bin/env python3
"""The same answer with an index as without: whole outputs of grep, list and story must not differ by a
byte

- for any number of threads and block size, any filter and output format;
- when an indexed file has grown, also within its last record, has been cut short, written over,
  replaced or touched since, and when it is then indexed again;
- when the index is damaged in any place, cut short, empty or something else;
- when its writer was killed at any moment;
- all this of compressed logs, too.

That an index is used at all shows when a log is changed behind its back: within the file, with size
and modification time as they were.

With --corpus DIR (of ktrace-corpus) instead: list and grep agree for every trace of it, with and
without index, for any number of threads.
"""

import gzip
import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

for room in ("cli", "reference"):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / room))
import harness  # noqa: E402
import index_corpus  # noqa: E402
import index_packed  # noqa: E402
import nasty_logs  # noqa: E402
import wrappers  # noqa: E402
from indexed_logs import STARTS, Indexed, odd_keys, times  # noqa: E402

INPUTS = ["talk", "cluster-a", "cluster-b", "nasty", "mixed", "wrapped", "keys"]

# ---- Logs that change

TRACE_LINE = 'I1122 10:00:{:02d}.000000       1 a.go:1] "x" traceID="{}"\n'


def grow(path, log, cut):
    """As a writer does that is seen in the middle of a line."""
    path.write_bytes(log[:cut])
    os.utime(path, (harness.INPUT_MTIME, harness.INPUT_MTIME))

    def later():
        with open(path, "ab") as stream:
            stream.write(log[cut:])

    return later


def changes(path, log):
    """Each change to a log: its name, the log before, what is done."""

    def write_over():
        with open(path, "r+b") as stream:
            stream.seek(len(log) // 2)
            stream.write(log[len(log) // 2 :][::-1])

    def replace():
        other = path.with_suffix(".new")
        other.write_bytes(log[len(log) // 3 :])
        os.replace(other, path)

    def copy_back():
        other = path.with_suffix(".new")
        shutil.copyfile(path, other)
        shutil.copystat(path, other)
        os.replace(other, path)

    yield "cut short", log, lambda: os.truncate(path, len(log) // 2)
    yield "emptied", log, lambda: os.truncate(path, 0)
    yield "written over", log, write_over
    yield "replaced", log, replace
    yield "replaced by a copy", log, copy_back
    yield "touched", log, lambda: os.utime(path)
    yield "cut and grown", log, lambda: path.write_bytes(log[len(log) // 2 :] * 3)


def change_logs(arguments, tally, scratch):
    for number in range(arguments.logs):
        generator = nasty_logs.Generator(f"index {arguments.seed}/{number}")
        log = generator.log(lines=60)
        if number % 2:
            log = log.removesuffix(b"\n")
        directory = scratch / str(number)
        directory.mkdir()
        path = directory / "kubelet.log"
        path.write_bytes(log)
        indexed = Indexed(arguments, tally, f"log {number}", directory, nasty_logs.IDENTIFIERS)
        for name, before, change in changes(path, log):
            path.write_bytes(before)
            os.utime(path, (harness.INPUT_MTIME, harness.INPUT_MTIME))
            indexed.index()
            indexed.answers(f"before it is {name}")
            change()
            indexed.answers(name)
            if path.stat().st_size:
                indexed.index()
                indexed.answers(f"{name} and indexed again")
        draw = random.Random(number)
        for cut in sorted(draw.sample(range(1, len(log)), arguments.cuts)):
            later = grow(path, log, cut)
            indexed.index()
            later()
            indexed.answers(f"grown from byte {cut}")
            indexed.index()
            indexed.answers(f"grown from byte {cut} and indexed again")


def log_to_change(arguments, tally, directory, *keys):
    """A log of one identifier a line, with an index of `keys`, that has then changed behind it."""
    directory.mkdir()
    path = directory / "a.log"
    log = "".join(TRACE_LINE.format(i % 60, f"id{i:06d}") for i in range(1000)).encode()
    path.write_bytes(log)
    indexed = Indexed(arguments, tally, "behind", directory, ["id000500"])
    indexed.index(*keys)
    before = times(path)
    path.write_bytes(log.replace(b"id000500", b"ID999999"))
    os.utime(path, ns=before)
    return indexed, path


def change_behind_the_index(arguments, tally, scratch):
    """An index that was not used would show here."""
    indexed, path = log_to_change(arguments, tally, scratch / "logs")
    with_index = ["--index-dir", indexed.indexes, "--year", "2026"]
    done = indexed.run("list", "-o", "json", "--key", "trace-ID", "--key", "other", *with_index)
    tally.check("list reads for other keys", b"ID999999" in done.stdout, harness.shown(done))
    for keys in [], ["--key", "trace-ID"]:
        done = indexed.run("list", "-o", "json", *keys, *with_index)
        tally.check(f"list {keys} answers from the index", b"id000500" in done.stdout,
                    harness.shown(done))
        done = indexed.run("grep", "-c", "-e", "ID999999", *keys, *with_index)
        tally.check(f"grep {keys} reads only what the index names", done.stdout == b"0\n",
                    harness.shown(done))
    with open(path, "ab") as stream:
        stream.write(TRACE_LINE.format(59, "ID999999").encode())
    done = indexed.run("grep", "-c", "-e", "ID999999", *with_index)
    tally.check("grep reads what has grown", done.stdout == b"1\n", harness.shown(done))
    done = indexed.run("grep", "-c", "--no-index", "-e", "ID999999")
    tally.check("grep reads everything when told", done.stdout == b"2\n", harness.shown(done))


def change_behind_an_index_of_keys(arguments, tally, scratch):
    some, more = ["--key", "trace_id"], ["--key", "traceID", "--key", "other"]
    indexed, path = log_to_change(arguments, tally, scratch / "logs", *more)
    with_index = ["--index-dir", indexed.indexes, "--year", "2026"]
    for keys in more, some:
        done = indexed.run("list", "-o", "json", *keys, *with_index)
        tally.check(f"list {keys} answers from an index of these keys", b"id000500" in done.stdout,
                    harness.shown(done))
    done = indexed.run("list", "-o", "json", *with_index)
    tally.check("list reads for keys of which only some are known", b"ID999999" in done.stdout)
    indexed.index(*some)
    done = indexed.run("list", "-o", "json", *some, *with_index)
    tally.check("one of fewer keys is made beside it, and used", b"ID999999" in done.stdout,
                harness.shown(done))


def tell_story_behind_the_index(arguments, tally, scratch):
    """A story reads only where the index says that a word of it stands."""
    directory = scratch / "logs"
    directory.mkdir()
    path = directory / "kubelet.log"
    line = (
        'I1122 10:{:02d}:{:02d}.000000       1 kubelet.go:1] "SyncLoop ADD" pod="default/web-{:05d}"'
        ' source="api" pods=["default/web-{:05d}"] {}\n'
    )
    event = 'event={{"ID":"0ff01618-796b-4107-a7ec-{:012d}","Type":"ContainerStarted","Data":"{:064x}"}}'
    told = (0, 999, 19_999)
    log = "".join(
        line.format(i // 600, i // 10 % 60, i, i, event.format(i, i) if i in told else "x=1")
        for i in range(20_000)
    ).encode()
    path.write_bytes(log)
    indexed = Indexed(arguments, tally, "words", directory, nasty_logs.IDENTIFIERS)
    indexed.index()
    before = times(path)
    for number in told:
        start = f"pod/default/web-{number:05d}"
        words = ["-o", "json", "--year", "2026", start]
        indexed.compare("as it is", "story", *words)
        # Now it is named elsewhere, too.
        path.write_bytes(log.replace(b"web-07777", b"web-%05d" % number))
        os.utime(path, ns=before)
        done = indexed.run("story", "--index-dir", indexed.indexes, *words)
        tally.check(f"{start}: is read where it stood", done.stdout.count(b"\n") == 1,
                    harness.shown(done))
        done = indexed.run("story", "--no-index", *words)
        tally.check(f"{start}: stands in two places", done.stdout.count(b"\n") == 2,
                    harness.shown(done))
        path.write_bytes(log)
        os.utime(path, ns=before)
    with open(path, "ab") as stream:
        stream.write(line.format(59, 59, 999, 999, "x=1").encode())
    indexed.compare("grown", "story", "-o", "json", "--year", "2026", "pod/default/web-00999")
    indexed.index()
    indexed.compare("indexed again", "story", "-o", "json", "--year", "2026", "pod/default/web-00999")


def rotate_logs(arguments, tally, scratch):
    """The files of a rotated log have one index, as long as only the last of them grows."""
    directory = scratch / "logs"
    directory.mkdir()
    old, new = directory / "kubelet.log.1", directory / "kubelet.log"
    log = nasty_logs.Generator(f"rotated {arguments.seed}").log(lines=200)
    cut = log.index(b"\n", len(log) // 2) + 1
    before = [log[:cut], log[cut:]]

    def write():
        for path, text in zip((old, new), before):
            path.write_bytes(text)
            os.utime(path, (harness.INPUT_MTIME, harness.INPUT_MTIME))

    def grow():
        with open(new, "ab") as stream:
            stream.write(log[:cut])

    def rotate():
        os.replace(new, old)
        new.write_bytes(log[:cut])

    write()
    indexed = Indexed(arguments, tally, "rotated", directory, nasty_logs.IDENTIFIERS)
    for name, change in (
        ("nothing done", lambda: None),
        ("grown", grow),
        ("rotated", rotate),
        ("the old file touched", lambda: os.utime(old)),
        ("the old file grown", lambda: old.write_bytes(before[0] + before[1])),
        ("the old file gone", lambda: os.unlink(old)),
    ):
        write()
        indexed.index()
        change()
        indexed.files = sorted(path.name for path in directory.iterdir())
        indexed.answers(name)
        indexed.index()
        indexed.answers(f"{name} and indexed again")
    # An index that was not used would show here: a line changes behind its back.
    line = b'I1122 10:00:00.000000       1 a.go:1] "x" traceID="id000500"\n'
    before = [line * 200, line]
    write()
    indexed.index()
    old.write_bytes(before[0].replace(b"id000500", b"ID999999"))
    os.utime(old, (harness.INPUT_MTIME, harness.INPUT_MTIME))
    done = indexed.run("list", "-o", "json", "--index-dir", indexed.indexes)
    tally.check("list answers from the index of both", b"ID999999" not in done.stdout,
                harness.shown(done))


def leave_links_out(arguments, tally, scratch):
    """Of a log that tells more of links than an index should hold, stories are the same."""
    directory = scratch / "logs"
    directory.mkdir()
    path = directory / "kube-controller-manager.log"
    line = (
        'I1122 10:00:{:02d}.000000       1 event.go:389] "Event occurred" object="default/web-{}" '
        'kind="ReplicaSet" reason="SuccessfulCreate" message="Created pod: web-{}-x7gkj"\n'
    )
    # Names that nothing makes shorter, in a log of more than one part.
    draw = random.Random(arguments.seed)
    names = ["".join(draw.choices("bcdfghjklmnpqrstvwxz", k=12)) for _ in range(40000)]
    log = "".join(line.format(i // 800, name, name) for i, name in enumerate(names)).encode()
    path.write_bytes(log)
    start = f"replicaset/web-{names[17]}"
    indexed = Indexed(arguments, tally, "many links", directory, nasty_logs.IDENTIFIERS)
    indexed.index()
    (index,) = indexed.indexes.iterdir()
    tally.check("many links are left out", index.stat().st_size < len(log) // 20)
    indexed.compare("many links", "story", "-o", "json", start)
    with open(path, "ab") as stream:
        stream.write(line.format(59, names[17], names[17]).encode())
    indexed.compare("many links, grown", "story", "-o", "json", start)
    indexed.index()
    indexed.compare("many links, indexed again", "story", "-o", "json", start)


# ---- Indexes that are no longer what they were


def damage_index(arguments, tally, scratch):
    directory = scratch / "logs"
    directory.mkdir()
    generator = nasty_logs.Generator(f"damage {arguments.seed}")
    (directory / "kubelet.log").write_bytes(generator.log(lines=300))
    indexed = Indexed(arguments, tally, "damage", directory, nasty_logs.IDENTIFIERS)
    indexed.index()
    (index,) = indexed.indexes.iterdir()
    good = index.read_bytes()
    draw = random.Random(arguments.seed)
    for number in range(arguments.damages):
        bad = bytearray(good)
        for _ in range(draw.choice((1, 1, 4))):
            bad[draw.randrange(len(bad))] ^= 1 << draw.randrange(8)
        index.write_bytes(bytes(bad))
        indexed.answers(f"damage {number}", quiet=False)
    for name, bad in (("empty", b""), ("half", good[: len(good) // 2]), ("text", b"no index\n")):
        index.write_bytes(bad)
        indexed.answers(name, quiet=False)
        done = indexed.run("list", "--index-dir", indexed.indexes)
        tally.check(f"{name}: is told", b"index" in done.stderr, harness.shown(done))
        indexed.run("index", "--index-dir", indexed.indexes)
        tally.check(f"{name}: is made anew", index.read_bytes() == good)
    os.unlink(index)
    os.mkdir(index)
    indexed.answers("a directory", quiet=False)


def kill_writer(arguments, tally, scratch):
    """Whatever moment it is killed at, there is no index, the old one or the new one."""
    kill_writer_of(arguments, tally, scratch / "logs", "kubelet.log", lambda log: log)
    kill_writer_of(arguments, tally, scratch / "packed", "kubelet.log.gz", gzip.compress)


def kill_writer_of(arguments, tally, directory, name, pack):
    directory.mkdir()
    generator = nasty_logs.Generator(f"kill {arguments.seed}")
    piece = generator.log(lines=2000)
    log = piece * (1 + (8 << 20) // len(piece))
    path = directory / name
    path.write_bytes(pack(log))
    indexed = Indexed(arguments, tally, "killed", directory, nasty_logs.IDENTIFIERS)
    command = [arguments.ktrace, "index", "--index-dir", indexed.indexes, path.name]
    expected = indexed.run("list", "--no-index", "-o", "json")
    draw = random.Random(arguments.seed)
    longest = 0.02
    for number in range(arguments.kills):
        if number % 3 == 0:
            shutil.rmtree(indexed.indexes, ignore_errors=True)
        os.utime(path, (harness.INPUT_MTIME - number, harness.INPUT_MTIME - number))
        with subprocess.Popen(
            list(map(str, command)), cwd=directory, env=harness.environment()
        ) as child:
            try:
                child.wait(draw.uniform(0, longest))
                longest *= 0.9
            except subprocess.TimeoutExpired:
                longest *= 1.05
            child.kill()
        got = indexed.run("list", "--index-dir", indexed.indexes, "-o", "json")
        tally.check(
            f"killed {number}: same list, nothing said",
            (got.returncode, got.stdout, got.stderr) == (0, expected.stdout, b""),
            harness.shown(got),
        )
    os.utime(path)
    indexed.index()
    left = sorted(entry.name for entry in indexed.indexes.iterdir())
    tally.check("killed: nothing is left behind", len(left) == 1, left)


# ---- All of it


def mixed_log(cluster):
    """Records that tell their components, and some that do not, in a file that tells none."""
    audit = (cluster / "audit.log").read_bytes().splitlines(keepends=True)[:200]
    klog = (cluster / "kube-apiserver.log").read_bytes().splitlines(keepends=True)
    requests = [line for line in klog if b"audit-ID" in line][:200]
    journal = [b"Nov 22 16:50:45 node1 kubelet[1]: " + line for line in requests[::3]]
    return b"".join(audit + requests[1::3] + journal)


def wrap(cluster, directory):
    """What a cluster logs as containerd writes it, long lines cut in pieces, and as docker does."""
    logs = {}
    for name, size, wrapper in (
        ("kube-apiserver.log", 90, wrappers.cri),
        ("kubelet-node1.log", 300, wrappers.cri),
        ("kube-controller-manager.log", 150, wrappers.docker),
        ("audit.log", 1000, wrappers.cri),
    ):
        lines = (cluster / name).read_bytes().splitlines()[:4000]
        wrapped = (wrapper(*piece) for piece in wrappers.pieces(lines, size))
        logs[name] = b"".join(wrapped)
    harness.write_logs(directory, logs)


def every_way(arguments, tally, scratch):
    harness.unpack_talk(arguments.testdata, scratch / "talk")
    harness.unpack(arguments.testdata / "cluster-a", scratch / "cluster-a")
    harness.unpack(arguments.testdata / "cluster-b-json", scratch / "cluster-b")
    nasty = {name: nasty_logs.Generator(f"index {name}").log(lines=800)
             for name in ("a.log", "kubelet.log")}
    harness.write_logs(scratch / "nasty", nasty)
    harness.write_logs(scratch / "mixed", {"all.log": mixed_log(scratch / "cluster-a")})
    wrap(scratch / "cluster-a", scratch / "wrapped")
    identifiers = {
        "a.log": ["id1", "id-2", nasty_logs.HEX],
        "b.log": ["id1", nasty_logs.HEX, nasty_logs.HEX.upper()],
    }
    odd = {name: odd_keys(f"{arguments.seed} {name}", ids) for name, ids in identifiers.items()}
    harness.write_logs(scratch / "keys", odd)
    for name in arguments.inputs:
        done = harness.run([arguments.ktrace, "list", "-o", "json", scratch / name])
        known = [json.loads(line)["traceId"] for line in done.stdout.splitlines()]
        identifiers = random.Random(arguments.seed).sample(known, min(3, len(known)))
        if name == "keys":
            identifiers = ["id1", nasty_logs.HEX]
        indexed = Indexed(arguments, tally, name, scratch / name, identifiers)
        indexed.index()
        indexed.every_way()
        indexed.some_keys()
        indexed.other_keys()
        indexed.tell_stories(indexed.long_identifiers()[:1] + STARTS)


PARTS = (
    every_way,
    change_logs,
    change_behind_the_index,
    change_behind_an_index_of_keys,
    tell_story_behind_the_index,
    rotate_logs,
    index_packed.change_packed_logs,
    index_packed.unpack_in_pieces,
    index_packed.rotate_packed_logs,
    leave_links_out,
    damage_index,
    kill_writer,
)


def main():
    parser = harness.options(__doc__.splitlines()[0])
    names = [part.__name__ for part in PARTS]
    parser.add_argument("--parts", nargs="+", choices=names, default=names, help="of the test")
    parser.add_argument("--inputs", nargs="+", choices=INPUTS, default=INPUTS, help="of every_way")
    parser.add_argument("--seed", type=int, default=1, help="of everything that is drawn")
    parser.add_argument("--logs", type=int, default=3, help="random logs to change")
    parser.add_argument("--cuts", type=int, default=12, help="places from which each log grows")
    parser.add_argument("--damages", type=int, default=60, help="damaged indexes to try")
    parser.add_argument("--kills", type=int, default=25, help="writers to kill")
    parser.add_argument("--corpus", type=Path, help="a corpus with its ids.txt")
    parser.add_argument("--traces", type=int, default=1000, help="of the corpus to compare")
    arguments = harness.parse(parser)
    parts = [part for part in PARTS if part.__name__ in arguments.parts]
    harness.run_parts(arguments, *([index_corpus.compare_corpus] if arguments.corpus else parts))


if __name__ == "__main__":
    main()
