#!/usr/bin/env python3
"""The same answer however a log is stored: compressed, in archives, in a tree, through a pipe.

The logs of a real cluster are packed by the tools that people use. Whole outputs of grep, list and
merge must be those of the plain files, but for the names of the sources.
"""

import gzip
import re
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "cli"))
import harness  # noqa: E402

LOGS = ("audit.log", "etcd.log", "kube-apiserver.log", "kube-scheduler.log")
SOURCE = re.compile(rb'"source":"[^"]*",?')

# Suffix and program of each encoding; all of them pack standard input to standard output.
PACKERS = {
    "gz": "gzip -nc",
    "zst": "zstd -qc",
    "xz": "xz -1c",
    "bz2": "bzip2 -c",
    "lz4": "lz4 -qc",
}


def pack(suffix, data):
    return subprocess.run(
        PACKERS[suffix].split(), input=data, stdout=subprocess.PIPE, check=True
    ).stdout


def in_parts(suffix, data):
    """Packed in three parts, which are joined: members, frames, streams."""
    third = len(data) // 3
    parts = (data[:third], data[third : 2 * third], data[2 * third :])
    return b"".join(pack(suffix, part) for part in parts)


class Store:
    """The logs in one form each: a folder, and the paths to give to ktrace."""

    def __init__(self, plain, scratch):
        self.plain, self.scratch = plain, scratch
        self.logs = {name: (plain / name).read_bytes() for name in LOGS}

    def folder(self, name, files):
        path = self.scratch / name
        path.mkdir()
        for file, data in files.items():
            (path / file).write_bytes(data)
        harness.set_mtime(path)
        return path

    def packed(self, suffix, how=pack):
        name = f"{how.__name__}-{suffix}"
        return self.folder(
            name, {f"{log}.{suffix}": how(suffix, data) for log, data in self.logs.items()}
        )

    def tar(self, source, name, *options):
        """The files of a folder in an archive, in their order."""
        files = sorted(path.name for path in source.iterdir())
        command = ["tar", *options, "-cf", self.scratch / name, "-C", source, *files]
        subprocess.run([str(word) for word in command], check=True)
        return self.scratch / name

    def zip(self, source, name):
        files = sorted(path.name for path in source.iterdir())
        subprocess.run(["zip", "-q", str(self.scratch / name), *files], cwd=source, check=True)
        return self.scratch / name

    def forms(self):
        """Every form's name and paths."""
        for suffix in PACKERS:
            folder = self.packed(suffix)
            yield f"files.{suffix}", sorted(folder.iterdir())
            yield f"files.{suffix} in parts", sorted(self.packed(suffix, in_parts).iterdir())
            yield f"tar of files.{suffix}", [self.tar(folder, f"of-{suffix}.tar")]
            yield f"tree of files.{suffix}", [folder]
            tar = self.tar(self.plain, f"packed-{suffix}.tar")
            (self.scratch / f"all.tar.{suffix}").write_bytes(pack(suffix, tar.read_bytes()))
            yield f"tar.{suffix}", [self.scratch / f"all.tar.{suffix}"]
        yield "tree", [self.plain]
        yield "tar", [self.tar(self.plain, "plain.tar")]
        for form in ("ustar", "gnu", "posix"):
            yield f"{form} tar", [self.tar(self.plain, f"{form}.tar", f"--format={form}")]
        yield "zip", [self.zip(self.plain, "plain.zip")]
        yield "zip of files.zst", [self.zip(self.scratch / "pack-zst", "of-zst.zip")]
        inner = self.folder("inner", {"logs.tar.gz": (self.scratch / "all.tar.gz").read_bytes()})
        yield "tar.gz in a tar", [self.tar(inner, "outer.tar")]


class Check:
    def __init__(self, arguments, tally, plain):
        self.ktrace, self.tally = arguments.ktrace, tally
        log = (plain / "kube-apiserver.log").read_text()
        ids = sorted(set(re.findall(r'audit-ID="([^"]+)"', log)))
        self.commands = [
            ("grep", "-o", "json", *(word for i in ids[:: len(ids) // 20] for word in ("-e", i))),
            ("list", "-o", "json"),
            ("merge", "-o", "json", "--severity", "warning"),
        ]
        self.expected = [self.run(command, [plain / log for log in LOGS]) for command in self.commands]
        for command, (status, output, errors) in zip(self.commands, self.expected):
            tally.check(f"{command[0]}: finds", status == 0 and output and not errors, errors[:300])

    def run(self, command, paths, **how):
        done = harness.run([self.ktrace, *command, *paths], **how)
        return done.returncode, SOURCE.sub(b"", done.stdout), done.stderr

    def same(self, name, paths, **how):
        for command, expected in zip(self.commands, self.expected):
            got = self.run(command, paths, **how)
            self.tally.check(
                f"{command[0]}: {name}",
                got == expected,
                f"status {got[0]}, {len(got[1])} bytes of {len(expected[1])}\n{got[2][:500]!r}",
            )


def main():
    arguments = harness.parse(harness.options(__doc__.splitlines()[0]))
    tally = harness.Tally()
    with harness.scratch() as scratch:
        store_path = Path(scratch)
        plain = store_path / "plain"
        plain.mkdir()
        for log in LOGS:
            packed = arguments.testdata / "cluster-a" / f"{log}.gz"
            (plain / log).write_bytes(gzip.decompress(packed.read_bytes()))
        harness.set_mtime(plain)
        check = Check(arguments, tally, plain)
        for name, paths in Store(plain, store_path).forms():
            check.same(name, paths)
            if len(paths) == 1 and paths[0].is_file():
                check.same(f"{name} as a pipe", [], data=paths[0].read_bytes())
            # A disk is not needed for all of them at once.
            for path in paths:
                if path.is_file() and path.parent == store_path and path.name != "all.tar.gz":
                    path.unlink()
    tally.finish()


if __name__ == "__main__":
    main()
