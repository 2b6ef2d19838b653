"""The same answers with an index of compressed logs: a part of index_answers.py."""

import gzip
import lzma
import os
import random
import subprocess

import harness
import nasty_logs
from indexed_logs import Indexed, times


def zstd(log):
    return subprocess.run(["zstd", "-q", "-c"], input=log, stdout=subprocess.PIPE, check=True).stdout


PACKERS = {"gz": gzip.compress, "zst": zstd, "xz": lzma.compress}


def packed_changes(path, pack, log):
    """Each change to a compressed log of two pieces: its name and what is done."""
    first = pack(log[: len(log) // 2])

    def append():
        with open(path, "ab") as stream:
            stream.write(first)

    def replace():
        other = path.with_suffix(".new")
        other.write_bytes(first)
        os.replace(other, path)

    def other_packing():
        path.write_bytes(pack(log))

    yield "appended to", append
    yield "cut short", lambda: os.truncate(path, len(first))
    yield "replaced", replace
    yield "touched", lambda: os.utime(path)
    yield "packed in another way", other_packing


def change_packed_logs(arguments, tally, scratch):
    log = nasty_logs.Generator(f"packed {arguments.seed}").log(lines=60)
    for suffix, pack in PACKERS.items():
        directory = scratch / suffix
        directory.mkdir()
        path = directory / f"kubelet.log.{suffix}"
        indexed = Indexed(arguments, tally, suffix, directory, nasty_logs.IDENTIFIERS)
        indexed.files = [path.name]
        for name, change in packed_changes(path, pack, log):
            path.write_bytes(pack(log[: len(log) // 2]) + pack(log[len(log) // 2 :]))
            harness.set_mtime(directory)
            indexed.index()
            indexed.answers(f"before it is {name}")
            change()
            indexed.answers(name)
            indexed.index()
            indexed.answers(f"{name} and indexed again")
        damage_restarts(arguments, tally, indexed)


def damage_restarts(arguments, tally, indexed):
    """They stand at the end of the index."""
    (index,) = indexed.indexes.iterdir()
    good = index.read_bytes()
    draw = random.Random(arguments.seed)
    for number in range(8):
        bad = bytearray(good)
        bad[-1 - draw.randrange(24)] ^= 1 << draw.randrange(8)
        index.write_bytes(bytes(bad))
        indexed.answers(f"restarts damaged {number}", quiet=False)
        done = indexed.run("list", "--index-dir", indexed.indexes)
        tally.check("damaged restarts are told", b"index" in done.stderr, harness.shown(done))


def unpack_in_pieces(arguments, tally, scratch):
    """Logs with several restarts; what no answer stands in is not unpacked."""
    piece = nasty_logs.Generator(f"pieces {arguments.seed}").log(lines=2000)
    line = 'I1122 10:00:{:02d}.000000       1 a.go:1] "x" traceID="id{:06d}"\n'
    lines = "".join(line.format(i % 60, i) for i in range(6000)).encode()
    log = lines + piece * (1 + (20 << 20) // len(piece)) + lines.replace(b"id00", b"id77")
    third = len(log) // 3
    for suffix, pack in PACKERS.items():
        packed = b"".join(pack(log[at : at + third]) for at in range(0, len(log), third))
        if suffix == "gz":
            packed = pack(log)
        directory = scratch / suffix
        directory.mkdir()
        path = directory / f"kubelet.log.{suffix}"
        path.write_bytes(packed)
        harness.set_mtime(directory)
        indexed = Indexed(arguments, tally, suffix, directory, ["id000500", "id770500"])
        indexed.index()
        indexed.answers("in pieces")
        for threads, size in ((1, 4096), (5, 65536)):
            env = {"KTRACE_BLOCK_SIZE": str(size)}
            words = ["-o", "json", "-j", threads, *(f"-e{one}" for one in indexed.identifiers)]
            indexed.compare("in pieces", "grep", *words, env=env)
            indexed.compare("in pieces", "list", "-o", "json", "-j", threads, env=env)
        # An index that was not used, or a file that was unpacked as a whole, would show here.
        before = times(path)
        middle = len(packed) // 2
        path.write_bytes(packed[: middle - 50] + b"\xff" * 100 + packed[middle + 50 :])
        os.utime(path, ns=before)
        whole = indexed.run("grep", "-c", "--no-index", "-e", "id770500")
        tally.check(f"{suffix}: is damaged", whole.returncode == 2, harness.shown(whole))
        with_index = ["--index-dir", indexed.indexes, "--year", "2026"]
        for one in indexed.identifiers:
            done = indexed.run("grep", "-c", *with_index, "-e", one)
            good = (done.returncode, done.stdout) == (0, b"1\n")
            tally.check(f"{suffix}: only pieces are unpacked", good, harness.shown(done))


def rotate_packed_logs(arguments, tally, scratch):
    """A rotated log whose older pieces are compressed, while the newest grows."""
    directory = scratch / "logs"
    directory.mkdir()
    log = nasty_logs.Generator(f"rotated packed {arguments.seed}").log(lines=200)
    cut = log.index(b"\n", len(log) // 2) + 1
    (directory / "kubelet.log.2.gz").write_bytes(gzip.compress(log[:cut]))
    (directory / "kubelet.log.1").write_bytes(log[cut:])
    newest = directory / "kubelet.log"
    newest.write_bytes(log[: cut // 2])
    harness.set_mtime(directory)
    indexed = Indexed(arguments, tally, "rotated packed", directory, nasty_logs.IDENTIFIERS)
    indexed.index()
    indexed.answers("indexed")
    with open(newest, "ab") as stream:
        stream.write(log[cut // 2 :])
    indexed.answers("grown")
    indexed.index()
    indexed.answers("grown and indexed again")
    (directory / "kubelet.log.2.gz").write_bytes(gzip.compress(log[: cut // 2]))
    indexed.answers("an old piece replaced")
