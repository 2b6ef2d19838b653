#!/usr/bin/env python3
"""in_terminal COMMAND...: what COMMAND writes to a terminal, with its controls made visible.

The command's standard output is a pseudo-terminal of 80 columns; standard error is untouched.
Controls and bytes beyond ASCII are shown as <1b>. The exit status is COMMAND's.
"""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios


def read_all(descriptor):
    """All bytes up to the hang-up, which Linux reports as an error."""
    pieces = []
    while True:
        try:
            piece = os.read(descriptor, 65536)
        except OSError:
            piece = b""
        if not piece:
            return b"".join(pieces)
        pieces.append(piece)


def main():
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    env = dict(os.environ, TERM="xterm-256color")
    with subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=theirs, env=env) as child:
        os.close(theirs)
        written = read_all(ours)
    for line in written.replace(b"\r\n", b"\n").removesuffix(b"\n").split(b"\n"):
        print("".join(chr(byte) if 0x20 <= byte < 0x7F else f"<{byte:02x}>" for byte in line))
    sys.exit(child.returncode if child.returncode >= 0 else 128 - child.returncode)


if __name__ == "__main__":
    main()
