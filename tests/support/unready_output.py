"""Runs a program whose standard output or error is a non-blocking pipe or terminal, or is not read.

Arguments: what ("stdout", "stderr"), how ("pipe", "late", "terminal", "unread"), and the program. Prints
what came through. With "late" the reader of the pipe is fast up to 140 MB. With "unread" the pipe is full from the beginning and stays so; SIGTERM is passed on.
"""

import fcntl
import os
import pty
import signal
import subprocess
import sys
import termios
import time

what, how, *program = sys.argv[1:]


def set_blocking(fd, blocking):
    flags = fcntl.fcntl(fd, fcntl.F_GETFL)
    flags = flags & ~os.O_NONBLOCK if blocking else flags | os.O_NONBLOCK
    fcntl.fcntl(fd, fcntl.F_SETFL, flags)


read_end, write_end = pty.openpty() if how == "terminal" else os.pipe()
if how == "terminal":
    settings = termios.tcgetattr(write_end)
    settings[1] &= ~termios.OPOST  # newlines stay what they are
    termios.tcsetattr(write_end, termios.TCSANOW, settings)
set_blocking(write_end, False)
if how == "unread":
    try:
        while True:
            os.write(write_end, b"x" * 4096)
    except BlockingIOError:
        set_blocking(write_end, True)

child = subprocess.Popen(program, **{what: write_end})
os.close(write_end)
signal.signal(signal.SIGTERM, lambda *_: child.send_signal(signal.SIGTERM))
if how != "unread":
    fast = 140_000_000 if how == "late" else 0
    while True:
        try:
            data = os.read(read_end, 10_000)
        except OSError:  # a terminal that nobody has open any more
            data = b""
        if not data:
            break
        sys.stdout.buffer.write(data)
        fast -= len(data)
        if fast < 0:
            time.sleep(0.001)  # slower than the program
    sys.stdout.flush()
sys.exit(child.wait())
